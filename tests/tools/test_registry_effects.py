"""Side effects of tools."""

from aurora.tools.registry import TOOLS


def test_only_training_has_side_effects() -> None:
    assert [name for name, tool in TOOLS.items() if tool.effect == "changes"] == ["train"]
