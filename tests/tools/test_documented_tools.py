"""The page on models lists the tools that there are, and those of the defender."""

import re
from pathlib import Path

from aurora.agents.roles.defender import TOOLS
from aurora.tools.registry import TOOLS as REGISTERED

PAGE = (Path(__file__).parents[2] / "docs/guides/models.md").read_text(encoding="utf-8").partition("## Tools")[2]


def test_the_documented_table_lists_every_tool() -> None:
    cells = re.findall(r"^\| (`.*?`) \|", PAGE, flags=re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(cells))) == sorted(REGISTERED)


def test_the_defenders_tools_are_the_documented_ones() -> None:
    sentence = PAGE.partition("The defender has ")[2].partition(".")[0]
    assert sorted(re.findall(r"`(\w+)`", sentence)) == sorted(TOOLS)


def test_only_the_documented_tool_changes_something() -> None:
    assert [name for name, tool in REGISTERED.items() if tool.effect == "changes"] == ["train"]
