"""Side effects of tools."""

from aurora.tools.registry import TOOLS


def test_only_training_plans_and_deployments_have_side_effects() -> None:
    assert {name for name, tool in TOOLS.items() if tool.effect == "changes"} == {
        "apply_plan",
        "deploy",
        "roll_back_plan",
        "train",
    }


def test_every_row_names_a_tool_that_is_there() -> None:
    for name, tool in TOOLS.items():
        assert tool.description, name
        assert tool.arguments.model_json_schema(), name
