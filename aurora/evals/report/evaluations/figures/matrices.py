"""Builds heat maps, from square tables of a result and from metrics of pairs such as cloud → edge."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aurora.evals.report.evaluations.document import HeatMap
from aurora.evals.report.evaluations.texts import cell_text, interval_text, words
from aurora.evals.results.result import Cell, Metric, Table

LEAST_SIDE = 2
ARROW = "→"
_LEADING_NUMBER = re.compile(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")


def is_matrix(table: Table) -> bool:
    """Test whether a table is a matrix: its rows and its columns, but for the first, have the same names."""
    rows, columns = [row[0] for row in table.rows], table.columns[1:]
    enough = min(len(rows), len(columns)) >= LEAST_SIDE and len(set(rows)) == len(rows)
    return enough and (set(rows) <= set(columns) or set(columns) <= set(rows))


def matrix_of_table(table: Table) -> HeatMap:
    """Return the heat map of a table; a cell may be a number, or a text that begins with one."""
    return HeatMap(
        table.columns[0],
        tuple(str(row[0]) for row in table.rows),
        table.columns[1:],
        tuple(tuple(_number(cell) for cell in row[1:]) for row in table.rows),
        tuple(tuple(cell_text(cell) for cell in row[1:]) for row in table.rows),
    )


def _number(cell: Cell) -> float | None:
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return float(cell)
    found = _LEADING_NUMBER.match(cell)
    return float(found[1]) if found else None


def matrices_of_metrics(metrics: Sequence[Metric]) -> list[tuple[str, HeatMap]]:
    """Return a heat map for each metric of pairs, with its title.

    A pair is a subject `cloud → edge`, or a subject and a suite that are both names of domains.
    """
    found: dict[str, dict[tuple[str, str], Metric]] = {}
    domains = {m.subject for m in metrics} & {m.suite for m in metrics} - {""}
    for m in metrics:
        first, arrow, second = (part.strip() for part in m.subject.partition(ARROW))
        if arrow and first and second:
            found.setdefault(m.name, {})[first, second] = m
        elif len(domains) >= LEAST_SIDE and {m.subject, m.suite} <= domains:
            found.setdefault(m.name, {})[m.subject, m.suite] = m
    return [(_title(name, cells), _heat_map(cells)) for name, cells in found.items()]


def _title(name: str, cells: dict[tuple[str, str], Metric]) -> str:
    unit = next(iter(cells.values())).unit
    return words(name) + (f", {unit}" if unit and unit != name else "")


def _heat_map(cells: dict[tuple[str, str], Metric]) -> HeatMap:
    rows, columns = (tuple(dict.fromkeys(key[k] for key in cells)) for k in (0, 1))
    columns = tuple(sorted(columns, key=lambda c: rows.index(c) if c in rows else len(rows)))
    grid = [[cells.get((r, c)) for c in columns] for r in rows]
    return HeatMap(
        "from, down; to, across",
        rows,
        columns,
        tuple(tuple(None if m is None else m.value for m in row) for row in grid),
        tuple(
            tuple(cell_text(None) if m is None else interval_text(m.value, m.low, m.high) for m in row) for row in grid
        ),
    )
