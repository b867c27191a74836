"""Writes values and names of results as text for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from aurora.evals.results.result import Cell, Metric
from aurora.quantities import plain

NOT_MEASURED = "not measured"
NONE = "none"
LEAST_P = 0.001
"""p-values below are shown as such."""
LONGEST_CELL = 400
"""Characters of a text from a file that a cell shows."""


def clean(text: str) -> str:
    """Return a text in one line, with a mark for each character that steers the layout, such as bidirectional ones."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def cell_text(cell: Cell) -> str:
    """Return the text of a cell: never empty."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return NOT_MEASURED
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return plain(cell)
    text = clean(cell).strip()
    return (text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…") or NONE


def interval_text(value: float, low: float | None, high: float | None) -> str:
    """Return a value with its bounds, such as `0.6588 [0.5548, 0.7627]`.

    >>> interval_text(0.5, None, None)
    '0.5 [not measured]'
    """
    if low is None and high is None:
        return f"{plain(value)} [{NOT_MEASURED}]"
    bounds = ("open" if bound is None else plain(bound) for bound in (low, high))
    return f"{plain(value)} [{', '.join(bounds)}]"


def p_text(p_value: float) -> str:
    """Return a p-value.

    >>> p_text(0.00001), p_text(0.04219)
    ('< 0.001', '0.042')
    """
    return f"< {LEAST_P}" if p_value < LEAST_P else f"{p_value:.3f}"


def words(name: str) -> str:
    """Return a name of a metric in words: `latency_p95` is `latency p95`."""
    return clean(name).replace("_", " ")


def axis_label(metric: Metric) -> str:
    """Return the label of the axis of a metric: its name, unit and direction."""
    unit = clean(metric.unit)
    unit = f", {unit}" if unit and unit != metric.name else ""
    better = "" if metric.better == "neither" else f" ({metric.better} is better)"
    return f"{words(metric.name)}{unit}{better}"


def settings_rows(settings: Mapping[str, Any]) -> Iterable[tuple[Cell, ...]]:
    """Yield the settings of an evaluation as rows of a table."""
    for name, value in settings.items():
        if isinstance(value, list | tuple):
            yield name, ", ".join(map(str, value)) or NONE
        else:
            yield name, value if isinstance(value, str | int | float | bool) else str(value)


def several(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> several(1, "sample"), several(1200, "sample")
    ('1 sample', '1,200 samples')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
