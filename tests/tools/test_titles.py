"""Every tool has a title, and none has one too many."""

from aurora.tools.harness import MORE
from aurora.tools.registry import ROWS
from aurora.tools.titles import TITLES, title_of


def test_every_tool_has_a_title() -> None:
    assert set(TITLES) == {*ROWS, MORE}
    assert len(set(TITLES.values())) == len(TITLES)


def test_an_unknown_tool_keeps_its_name() -> None:
    assert title_of("reboot") == "reboot"
