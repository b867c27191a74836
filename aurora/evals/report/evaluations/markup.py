"""Renders a report as one self-contained page: no network, no script, dark and light, for screen and paper."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from importlib import resources

from aurora.evals.report.evaluations import svg
from aurora.evals.report.evaluations.document import (
    TOP,
    Block,
    Document,
    Figure,
    Fold,
    Grid,
    HeatMap,
    Listing,
    Paragraph,
    Radar,
    Scatter,
    Section,
    Whisker,
    Whiskers,
    parts,
)
from aurora.evals.report.evaluations.drawing_tables import numbers_of
from aurora.evals.report.evaluations.scales import Scale, whisker_scale
from aurora.evals.report.evaluations.svg import escaped
from aurora.evals.report.evaluations.texts import NOT_MEASURED, cell_text, interval_text, several
from aurora.evals.results.result import Cell

STYLE = "evaluation.css"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Content security policy of the page: it loads nothing and runs nothing, whatever its texts are."""
LONGEST_WORD = 28
"""Characters up to which a word of a table is not broken."""
FREE_OF_WORDS = 16
"""Characters of several words above which a column is not squeezed to the longest of them."""
_INTERVAL = re.compile(r"\S+ \[\S+ \S+\]")
SHADES = 9
"""Shades of a heat map in the style sheet."""


def page_of(document: Document) -> str:
    """Return a report as a page."""
    style = resources.files(__package__).joinpath(STYLE).read_text(encoding="utf-8")
    opening = "".join(map(_block, document.opening))
    body = "".join(_section(s, k) for k, s in enumerate(document.sections))
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        "<meta name='color-scheme' content='light dark'>"
        f"<title>{escaped(document.title)}</title><style>{style}</style></head><body><main>"
        f"<h1>{escaped(document.title)}</h1>{opening}{_contents(document)}{body}</main></body></html>\n"
    )


def _contents(document: Document) -> str:
    if len(document.sections) == 1:
        return ""
    links = "".join(f"<li><a href='#s{k}'>{escaped(s.title)}</a></li>" for k, s in enumerate(document.sections))
    return f"<nav aria-label='Contents'><ol>{links}</ol></nav>"


def _section(section: Section, place: int) -> str:
    return f"<section id='s{place}'><h2>{escaped(section.title)}</h2>{''.join(map(_block, section.blocks))}</section>"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p{' class=small' * block.is_small}>{escaped(block.text)}</p>"
    if isinstance(block, Listing):
        first, rest = (
            "".join(f"<li>{escaped(item)}</li>" for item in items) for items in (block.items[:TOP], block.items[TOP:])
        )
        more = f"<details><summary>{len(block.items) - TOP:,} more</summary><ul>{rest}</ul></details>" if rest else ""
        return f"<h3>Notes</h3><ul class='notes'>{first}</ul>{more}"
    if isinstance(block, Fold):
        content = "".join(map(_block, block.blocks))
        return f"<details class='fold'><summary>{escaped(block.title)}</summary>{content}</details>"
    if isinstance(block, Grid):
        return _grid(block)
    return _figure(block)


def _grid(grid: Grid) -> str:
    """Render a table; of a long one the first and the last rows, and all of them folded."""
    title = f"<h3>{escaped(grid.title)}</h3>" if grid.title else ""
    note = f"<p class='small'>{escaped(grid.note)}</p>" if grid.note else ""
    if not grid.rows:
        return f"{title}<p>{NOT_MEASURED.capitalize()}.</p>{note}"
    first, hidden, last = parts(grid.rows)
    if not hidden:
        return title + _table(grid, grid.rows) + note
    gap = f"<tr class='gap'><td colspan='{len(grid.columns)}'>{len(hidden):,} rows between, see below</td></tr>"
    whole = f"<details><summary>All {several(len(grid.rows), 'row')}</summary>{_table(grid, grid.rows)}</details>"
    return title + _table(grid, first, gap, last) + whole + note


def _table(grid: Grid, first: Sequence[Sequence[Cell]], gap: str = "", last: Sequence[Sequence[Cell]] = ()) -> str:
    is_number = [_is_numeric([row[k] for row in grid.rows]) for k in range(len(grid.columns))]
    head = "".join(
        f"<th scope='col'{' class=n' * n}>{escaped(c)}</th>" for c, n in zip(grid.columns, is_number, strict=True)
    )
    body = "".join(_row(row, is_number) for row in first) + gap + "".join(_row(row, is_number) for row in last)
    label = escaped(grid.title or "numbers")
    return (
        f"<div class='wide' tabindex='0' role='region' aria-label='{label}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _is_numeric(cells: Sequence[Cell]) -> bool:
    known = [c for c in cells if c is not None]
    return bool(known) and all(isinstance(c, int | float) and not isinstance(c, bool) for c in known)


def _row(row: Sequence[Cell], is_number: Sequence[bool]) -> str:
    cells = []
    for cell, numeric in zip(row, is_number, strict=True):
        text = cell_text(cell)
        is_long = max(map(len, text.split()), default=0) > LONGEST_WORD
        kinds = ["n"] * numeric + ["na"] * (cell is None) + ["long"] * is_long
        kinds += ["words"] * (" " in text and len(text) > FREE_OF_WORDS)
        kinds += ["interval"] * (_INTERVAL.fullmatch(text) is not None)
        mark = f" class='{' '.join(kinds)}'" if kinds else ""
        cells.append(f"<td{mark}>{escaped(text)}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _figure(figure: Figure) -> str:
    command = f"<code>{escaped(figure.command)}</code>" if figure.command else "the command is not recorded"
    note = f"<p class='small'>{escaped(figure.note)}</p>" if figure.note else ""
    return (
        f"<figure><figcaption>{escaped(figure.title)}</figcaption>{_drawing(figure)}{note}"
        f"<p class='repeat'>Repeat: {command}</p></figure>"
    )


def _drawing(figure: Figure) -> str:
    drawing = figure.drawing
    if isinstance(drawing, Whiskers):
        return _whiskers(drawing)
    if isinstance(drawing, HeatMap):
        return _heat_map(drawing, figure.title)
    if isinstance(drawing, Radar):
        return svg.radar_svg(drawing, figure.title) + _legend([name for name, _ in drawing.series])
    if isinstance(drawing, Scatter):
        plot = _labelled(svg.scatter_svg(drawing, figure.title), drawing.x, drawing.y)
        return plot + _grid(numbers_of(drawing))
    shown = svg.shown_curves(drawing)
    left_out = len(drawing.curves) - len(shown)
    legend = _legend([c.name for c in shown]) + (
        f"<p class='small'>{left_out:,} more in the numbers.</p>" * bool(left_out)
    )
    numbers = f"<details><summary>Numbers</summary>{_grid(numbers_of(drawing))}</details>"
    return _labelled(svg.curves_svg(drawing, figure.title), drawing.x, drawing.y) + legend + numbers


def _labelled(plot: str, x: str, y: str) -> str:
    return f"<p class='axis-y'>{escaped(y)}</p>{plot}<p class='axis-x'>{escaped(x)}</p>"


def _legend(names: Sequence[str]) -> str:
    items = "".join(f"<li>{svg.swatch(k)}{escaped(name)}</li>" for k, name in enumerate(names))
    return f"<ul class='legend'>{items}</ul>"


def _whiskers(drawing: Whiskers) -> str:
    scale = whisker_scale(drawing)
    first, hidden, last = ("".join(_whisker(r, scale) for r in rows) for rows in parts(drawing.rows))
    count = len(parts(drawing.rows)[1])
    fold = f"<details><summary>{several(count, 'row')} between</summary>{hidden}</details>" if hidden else ""
    label = f"<span class='value'>{escaped(drawing.axis)}</span>"
    axis = f"<div class='row axis'><span></span>{svg.axis_row(scale)}{label}</div>"
    return f"<div class='whiskers'>{first}{fold}{last}{axis}</div>"


def _whisker(row: Whisker, scale: Scale) -> str:
    value = html.escape(interval_text(row.value, row.low, row.high))
    return (
        f"<div class='row'><span class='label'>{escaped(row.label)}</span>{svg.whisker_row(row, scale)}"
        f"<span class='value'>{value}</span></div>"
    )


def _heat_map(drawing: HeatMap, title: str) -> str:
    known = [v for row in drawing.values for v in row if v is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    head = "".join(f"<th scope='col'>{escaped(c)}</th>" for c in drawing.columns)
    rows = ""
    for name, values, texts in zip(drawing.rows, drawing.values, drawing.texts, strict=True):
        cells = "".join(
            f"<td class='{'na' if v is None else f'h{_shade(v, low, high)}'}'>{_in_two_lines(text)}</td>"
            for v, text in zip(values, texts, strict=True)
        )
        rows += f"<tr><th scope='row'>{escaped(name)}</th>{cells}</tr>"
    return (
        f"<div class='wide' tabindex='0' role='region' aria-label='matrix of {escaped(title)}'><table class='heat'>"
        f"<thead><tr><th>{escaped(drawing.corner)}</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _in_two_lines(text: str) -> str:
    """Return a value with its interval below it."""
    return escaped(text).replace(" [", "&#10;[", 1)


def _shade(value: float, low: float, high: float) -> int:
    """Return the shade of a value: the darkest is the largest."""
    return SHADES // 2 if high == low else min(SHADES - 1, int(SHADES * (value - low) / (high - low)))
