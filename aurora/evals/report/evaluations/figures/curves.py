"""Builds learning curves, from tables of a result and from the runs of self-play in the folder of an evaluation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from aurora import journal
from aurora.errors import DataError, FileError
from aurora.evals.report.evaluations.document import Curve, Curves
from aurora.evals.results.result import Table
from aurora.statistics.intervals import mean_interval

PLACES = ("iteration", "generation", "evaluations", "simulations", "decisions", "steps", "seconds")
"""Headings of a table of curves for the horizontal axis, alone or with a unit after a comma."""
EVENTS_FILE = "events.jsonl"
MOST_RUNS = 500
_COLUMNS = 5
_SEED = re.compile(r"[-/]\d+$")


def is_curve_table(table: Table) -> bool:
    """Test whether a table holds curves: name, a place from `PLACES`, value, low, high."""
    columns = table.columns
    return len(columns) == _COLUMNS and columns[1].partition(",")[0] in PLACES and columns[3:] == ("low", "high")


def curves_of_table(table: Table) -> Curves:
    """Return the curves of a table; rows without a place or a value are left out."""
    names = dict.fromkeys(str(row[0]) for row in table.rows)
    curves = []
    for name in names:
        rows = [r for r in table.rows if str(r[0]) == name and _is_number(r[1]) and _is_number(r[2])]
        rows.sort(key=lambda r: float(r[1] or 0))
        if rows:
            x, y, low, high = (tuple(float(r[k]) if _is_number(r[k]) else None for r in rows) for k in range(1, 5))  # type: ignore[arg-type]  # numbers, see above
            curves.append(Curve(name, x, y, low, high))  # type: ignore[arg-type]  # likewise
    return Curves(table.columns[1], table.columns[2], tuple(curves))


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def curves_of_runs(folder: Path) -> Curves | None:
    """Return the champion's lead on the validation scenarios over the iterations of the runs in a folder.

    Runs whose folders differ only in the number at the end, the seed, give one curve: their mean with its 95 %
    interval, as far as all of them have come.

    Args:
        folder: Folder of an evaluation.

    Returns:
        The curves; None where no run has finished two iterations.
    """
    groups: dict[str, list[list[float]]] = {}
    for name, values in _runs(folder):
        groups.setdefault(name, []).append(values)
    curves = []
    for name, runs in groups.items():
        length = min(map(len, runs))
        if length > 1:
            means = [mean_interval([np.array([run[k] for run in runs])]) for k in range(length)]
            low, high = (
                [b if np.isfinite(b) else None for b in bounds] for bounds in list(zip(*means, strict=True))[1:]
            )
            label = f"{name}, {len(runs)} seed{'s' * (len(runs) > 1)}"
            x = tuple(float(k + 1) for k in range(length))
            curves.append(Curve(label, x, tuple(m.mean for m in means), tuple(low), tuple(high)))
    return Curves("iteration", "champion's lead on validation scenarios", tuple(curves)) if curves else None


def _runs(folder: Path) -> Iterator[tuple[str, list[float]]]:
    """Yield the name and the validation advantages of every run of self-play below a folder; damaged ones are none."""
    for file in sorted(folder.rglob(EVENTS_FILE))[:MOST_RUNS]:
        try:
            events = journal.read(file)
        except (DataError, FileError):  # a run that is being written or damaged; the report of a run says so
            continue
        steps = [e for e in events if e.get("event") == "iteration" and _is_number(e.get("validation_advantage"))]
        if steps:
            parts = file.parent.relative_to(folder).parts
            name = "/".join(p for p in parts if p not in ("trained", "run", "runs"))
            yield _SEED.sub("", name) or name, [float(e["validation_advantage"]) for e in steps]
