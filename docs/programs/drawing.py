"""A few shapes as SVG text: boxes, arrows and labels, in one style."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

FONT = "font-family='Helvetica, Arial, sans-serif'"
LINE = 17
"""Height of a line of text, pixels."""

COLOURS = {
    "data": ("#eef2ff", "#4f5fb8"),
    "work": ("#ffffff", "#5b6472"),
    "kept": ("#fff6e0", "#b07b10"),
    "result": ("#e9f7ee", "#2f8a55"),
}
"""Fill and border by what a box is: given data, a step, something that is kept, a result."""


class Box(NamedTuple):
    """A box by its centre, with its size."""

    x: float
    y: float
    width: float
    height: float

    def edge(self, side: str) -> tuple[float, float]:
        """Return the middle of a side: `left`, `right`, `top` or `bottom`."""
        across = {"left": -0.5, "right": 0.5}.get(side, 0.0) * self.width
        down = {"top": -0.5, "bottom": 0.5}.get(side, 0.0) * self.height
        return self.x + across, self.y + down


class Drawing:
    """Collects shapes; `svg` is the picture."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._size = (width, height)
        self._title = title
        self._shapes: list[str] = []

    def box(self, x: float, y: float, text: str, *, width: float = 150, kind: str = "work") -> Box:
        """Draw a box around `text`, whose first line is bold; return where it is."""
        lines = text.split("\n")
        box = Box(x, y, width, LINE * len(lines) + 18)
        fill, border = COLOURS[kind]
        self._shapes.append(
            f"<rect x='{x - width / 2:g}' y='{y - box.height / 2:g}' width='{width:g}' height='{box.height:g}' rx='6' "
            f"fill='{fill}' stroke='{border}' stroke-width='1.5'/>"
        )
        top = y - LINE * (len(lines) - 1) / 2 + 4.5
        for number, line in enumerate(lines):
            self._text(x, top + LINE * number, line, bold=number == 0, size=13 if number == 0 else 12)
        return box

    def label(self, x: float, y: float, text: str, *, anchor: str = "middle") -> None:
        """Write small grey text."""
        for number, line in enumerate(text.split("\n")):
            self._text(x, y + 14 * number, line, size=11.5, colour="#5b6472", anchor=anchor)

    def arrow(self, *points: tuple[float, float], dashed: bool = False) -> None:
        """Draw a line through `points` that ends in an arrow head."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        dash = " stroke-dasharray='5 4'" if dashed else ""
        self._shapes.append(
            f"<polyline points='{path}' fill='none' stroke='#5b6472' stroke-width='1.5'{dash} marker-end='url(#head)'/>"
        )

    def frame(self, x: float, y: float, width: float, height: float, text: str) -> None:
        """Draw a dashed frame from its upper left corner, with a caption."""
        self._shapes.append(
            f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' rx='8' fill='none' stroke='#9aa3b2' "
            "stroke-dasharray='6 4'/>"
        )
        self._text(x + 10, y + 18, text, size=12, colour="#5b6472", anchor="start")

    def svg(self) -> str:
        """Return the picture."""
        width, height = self._size
        head = (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' role='img'>\n"
            f"<title>{escape(self._title)}</title>\n"
            "<defs><marker id='head' markerWidth='9' markerHeight='9' refX='7' refY='3.5' orient='auto'>"
            "<path d='M0,0 L7,3.5 L0,7 z' fill='#5b6472'/></marker></defs>\n"
            f"<rect width='{width}' height='{height}' fill='#ffffff'/>\n"
        )
        return head + "\n".join(self._shapes) + "\n</svg>\n"

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        bold: bool = False,
        colour: str = "#1d2430",
        anchor: str = "middle",
    ) -> None:
        weight = " font-weight='600'" if bold else ""
        self._shapes.append(
            f"<text x='{x:g}' y='{y:g}' {FONT} font-size='{size:g}'{weight} fill='{colour}' "
            f"text-anchor='{anchor}'>{escape(text)}</text>"
        )


def row(
    drawing: Drawing, y: float, texts: Sequence[str], *, start: float, step: float, width: float, kind: str = "work"
) -> list[Box]:
    """Draw boxes from left to right with arrows between them."""
    boxes = [drawing.box(start + step * i, y, text, width=width, kind=kind) for i, text in enumerate(texts)]
    for left, right in itertools.pairwise(boxes):
        drawing.arrow(left.edge("right"), right.edge("left"))
    return boxes
