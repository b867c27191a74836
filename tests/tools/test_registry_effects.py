"""Which tools change something."""

from aurora.tools.registry import TOOLS


def test_only_training_changes_something() -> None:
    assert [name for name, tool in TOOLS.items() if tool.effect == "changes"] == ["train"]
