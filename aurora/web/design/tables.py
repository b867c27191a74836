"""Shows small tables that need no sorting, paging or search."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from aurora.web.design.components import Tone, badge, element, text


class Cell(str):
    """A cell that is shown as a badge.

    Attributes:
        tone: What its word means for the reader.
    """

    __slots__ = ("tone",)

    tone: Tone

    def __new__(cls, content: str, tone: Tone) -> Cell:
        """Return a cell.

        Args:
            content: The word.
            tone: What it means for the reader.
        """
        made = super().__new__(cls, content)
        made.tone = tone
        return made


def small_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, label: str, numbers: Sequence[int] = ()
) -> ui.element:
    """Show a table; the first cell of a row is its heading. A narrow screen scrolls it sideways.

    Args:
        columns: Headings, with units.
        rows: Cells of each row.
        label: What it lists, for screen readers.
        numbers: Positions of columns of numbers, which are right-aligned.
    """
    with element("div", "table-scroll") as made:
        made.props("tabindex=0 role=region")
        made.props["aria-label"] = label
        with element("table"):
            with element("thead"), element("tr"):
                for k, title in enumerate(columns):
                    text("th", title, "number" if k in numbers else "").props("scope=col")
            with element("tbody"):
                for row in rows:
                    with element("tr"):
                        _cells(row, numbers)
    return made


def _cells(row: Sequence[str], numbers: Sequence[int]) -> None:
    for k, content in enumerate(row):
        classes = "number" if k in numbers else ""
        if isinstance(content, Cell):
            with element("td", classes):
                badge(content, content.tone)
        elif k:
            text("td", content, classes)
        else:
            text("th", content, classes).props("scope=row")


def points(sentences: Sequence[str]) -> ui.element:
    """Show sentences as a list.

    Args:
        sentences: The sentences.
    """
    with element("ul", "points") as made:
        for sentence in sentences:
            text("li", sentence, "break")
    return made
