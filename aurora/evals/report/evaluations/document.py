"""The parts of a report, as data: texts, tables and figures, independent of how they are rendered.

Texts are as read from files. Renderers escape them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from aurora.evals.results.result import Cell

T = TypeVar("T")

TOP, BOTTOM = 10, 3
"""Rows of a long table or plot that are visible at once: the first and the last ones."""
SLACK = 7
"""Hidden rows up to which all rows are shown instead."""


class Whisker(NamedTuple):
    """A row of a plot of intervals.

    Attributes:
        label: Name of the row.
        value: Measured value.
        low: Lower bound of its 95 % interval; None: not measured.
        high: Upper bound; None: not measured.
    """

    label: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Whiskers:
    """Values with intervals on one axis, a row each.

    Attributes:
        axis: Label of the axis, with its unit.
        rows: Rows from top to bottom.
        limits: Least and largest value that the axis can have, such as 0 and 1 for shares; None: open.
    """

    axis: str
    rows: tuple[Whisker, ...]
    limits: tuple[float | None, float | None] = (None, None)


class Spoke(NamedTuple):
    """An axis of a radar.

    Attributes:
        name: Name of the objective with its unit.
        rim: Value at the circle of 1, such as the best rival's; as text.
    """

    name: str
    rim: str


@dataclass(frozen=True, slots=True)
class Radar:
    """Subjects by objective, each as a share of the best rival; further out is better.

    Attributes:
        spokes: Axes, at least three.
        series: Subject -> share on each axis, at most `RADAR_LIMIT`.
    """

    spokes: tuple[Spoke, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]


RADAR_LIMIT = 1.25
"""Largest share that a radar shows; larger ones are drawn there."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve with the band of its intervals.

    Attributes:
        name: Name of the curve.
        x: Places, ascending.
        y: Values.
        low: Lower bounds; None where there is none.
        high: Upper bounds; None where there is none.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves on common axes."""

    x: str
    y: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A matrix of numbers.

    Attributes:
        corner: Meaning of rows and columns.
        rows: Names of the rows.
        columns: Names of the columns.
        values: Numbers by row; None: not measured.
        texts: Texts of the cells by row.
    """

    corner: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    texts: tuple[tuple[str, ...], ...]


class Point(NamedTuple):
    """A subject of a scatter plot; `is_best` where no other is at least as good in both and better in one."""

    name: str
    x: float
    y: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class Scatter:
    """Subjects by what they cost and what they achieve.

    Attributes:
        x: Label of the cost, less is better.
        y: Label of the quality.
        points: Subjects.
        is_log: True: the axis of cost is logarithmic.
        higher_is_better: Direction of the quality.
    """

    x: str
    y: str
    points: tuple[Point, ...]
    is_log: bool
    higher_is_better: bool


Drawing = Whiskers | Radar | Curves | HeatMap | Scatter


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `is_small` for remarks."""

    text: str
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of remarks; of a long one, only the first `TOP` are visible at once."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; None is shown as not measured."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot with the command that repeats its figures."""

    title: str
    drawing: Drawing
    note: str
    command: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are hidden until asked for; a Markdown shows them below a heading."""

    title: str
    blocks: tuple[Block, ...]


Block = Paragraph | Listing | Grid | Figure | Fold


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its heading."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    opening: tuple[Block, ...]
    sections: tuple[Section, ...]


def parts(rows: Sequence[T]) -> tuple[Sequence[T], Sequence[T], Sequence[T]]:
    """Return the rows that are visible first, those that are folded, and those that are visible last."""
    if len(rows) <= TOP + BOTTOM + SLACK:
        return rows, (), ()
    return rows[:TOP], rows[TOP:-BOTTOM], rows[-BOTTOM:]
