"""Renders a report as Markdown with the same content as the page; plots of intervals are drawn with characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aurora.evals.report.evaluations.document import (
    Block,
    Document,
    Figure,
    Fold,
    Grid,
    Listing,
    Paragraph,
    Whisker,
    Whiskers,
)
from aurora.evals.report.evaluations.drawing_tables import numbers_of
from aurora.evals.report.evaluations.scales import Scale, whisker_scale
from aurora.evals.report.evaluations.svg import shortened
from aurora.evals.report.evaluations.texts import NOT_MEASURED, cell_text, clean, interval_text
from aurora.quantities import plain

PLOT_WIDTH = 41
"""Characters of the axis of a plot."""
LABEL_WIDTH = 28
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~&#$!@^])")
_AT_START = re.compile(r"^([-+=:](?!\d)|\d+(?=[.)](?:\s|$)))")


def markdown_of(document: Document) -> str:
    """Return a report as Markdown."""
    lines = [f"# {escaped(document.title)}", ""]
    for block in document.opening:
        lines += _block(block, 2)
    for section in document.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            lines += _block(block, 3)
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    r"""Return a text from a file for Markdown: no markup, HTML, link, table cell or list begins in it.

    >>> escaped("a|b <script> [x](http://y)")
    'a\\|b \\<script\\> \\[x\\](http\\://y)'
    """
    text = _SPECIAL.sub(r"\\\1", clean(text))
    text = text.replace("://", r"\://").replace("www.", r"www\.")  # no address becomes a link
    text = text.strip()
    return _AT_START.sub(lambda m: f"{m[1]}\\" if m[1].isdigit() else f"\\{m[1]}", text)


def _block(block: Block, level: int) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from (escaped(block.text), "")
    elif isinstance(block, Listing):
        yield from (f"{'#' * level} Notes", "", *(f"- {escaped(item)}" for item in block.items), "")
    elif isinstance(block, Fold):
        yield from (f"{'#' * level} {escaped(block.title)}", "")
        for part in block.blocks:
            yield from _block(part, level + 1)
    elif isinstance(block, Grid):
        yield from _grid(block, level)
    else:
        yield from _figure(block, level)


def _grid(grid: Grid, level: int) -> Iterator[str]:
    if grid.title:
        yield from (f"{'#' * level} {escaped(grid.title)}", "")
    if grid.rows:
        yield _row(grid.columns)
        yield "|" + " --- |" * len(grid.columns)
        yield from (_row([cell_text(cell) for cell in row]) for row in grid.rows)
    else:
        yield f"{NOT_MEASURED.capitalize()}."
    yield from ("", *([escaped(grid.note), ""] if grid.note else []))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def _figure(figure: Figure, level: int) -> Iterator[str]:
    yield from (f"{'#' * level} {escaped(figure.title)}", "")
    if isinstance(figure.drawing, Whiskers):
        yield from fenced(_plot(figure.drawing))
    else:
        yield from _grid(numbers_of(figure.drawing), level)
    if figure.note:
        yield from (escaped(figure.note), "")
    if figure.command:
        yield from ("Repeat:", "", *fenced([clean(figure.command)]))
    else:
        yield from ("Repeat: the command is not recorded.", "")


def fenced(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines as a block of code, whose fence is longer than any within."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", *lines, fence, "")


def _plot(drawing: Whiskers) -> list[str]:
    """Draw intervals with characters: ● the value, ├ and ┤ the bounds, ┊ the zero."""
    scale = whisker_scale(drawing)
    width = min(LABEL_WIDTH, max(len(clean(r.label)) for r in drawing.rows))
    rows = [
        f"{shortened(r.label, width):<{width}} {_bar(r, scale)}  {interval_text(r.value, r.low, r.high)}"
        for r in drawing.rows
    ]
    ends = f"{plain(scale.low, 3)}{plain(scale.high, 3):>{PLOT_WIDTH - len(plain(scale.low, 3))}}"
    return [*rows, f"{'':<{width}} {ends}  {clean(drawing.axis)}"]


def _bar(row: Whisker, scale: Scale) -> str:
    def column(value: float) -> int:
        return round(scale.place(value) / 100 * (PLOT_WIDTH - 1))

    bar = [" "] * PLOT_WIDTH
    if scale.low < 0 < scale.high:
        bar[column(0.0)] = "┊"
    if row.low is not None or row.high is not None:
        low = 0 if row.low is None else column(row.low)
        high = PLOT_WIDTH - 1 if row.high is None else column(row.high)
        bar[low : high + 1] = "─" * (high - low + 1)
        bar[low], bar[high] = "─" if row.low is None else "├", "─" if row.high is None else "┤"
    bar[column(row.value)] = "●"
    return "".join(bar)
