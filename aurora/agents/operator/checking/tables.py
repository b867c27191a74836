"""The lists of tools' results as tables: rows with names, and columns of numbers, flags and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from aurora.agents.operator.checking.facts import Row, Table, tokens_of

IDS = ("task_id", "node_id", "policy_id", "workload_id", "unique_id", "plan_id")
_TOTALS = ("count", "found", "compared")
_DIMENSIONS = (
    ("share", ("share",)),
    ("$/h", ("price", "cost")),
    ("cores", ("cpu", "cores")),
    ("GiB", ("memory", "gib")),
)


def tables_of(value: Any, key: str = "") -> Iterator[Table]:
    """Yield the lists of rows in a result, outer ones first."""
    if not isinstance(value, Mapping):
        return
    totals = [value[k] for k in _TOTALS if isinstance(value.get(k), int)]
    for name, item in value.items():
        if isinstance(item, Mapping):
            yield from tables_of(item, name)
        elif isinstance(item, list) and item and all(isinstance(r, Mapping) for r in item) and name != "resources":
            rows = tuple(_row(r) for r in item)
            kind = next((k for k in IDS if all(isinstance(r.get(k), str) for r in item)), "")
            more = value.get(f"more_{name}")
            is_whole = not any(t > len(item) for t in totals) and not (isinstance(more, int) and more > 0)
            yield Table(kind, tokens_of(name) | tokens_of(key), rows, is_whole)


def _row(row: Mapping[str, Any]) -> Row:
    values = dict(_flat(row))
    names = frozenset(v for k, v in row.items() if isinstance(v, str) and k in (*IDS, "zone", "container"))
    return Row(next((str(row[k]) for k in IDS if isinstance(row.get(k), str)), ""), names, values)


def _flat(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and all(isinstance(r, Mapping) and "resource" in r for r in value):
            for part in value:
                yield from _flat({k: v for k, v in part.items() if k != "resource"}, f"{part['resource']}.")
        elif isinstance(value, list):
            yield f"{prefix}{key}.number", float(len(value))
        else:
            yield f"{prefix}{key}", value


@lru_cache(maxsize=1024)
def dimension_of_column(column: str) -> str:
    """Return the dimension of a column by its words; "count" if it has none."""
    words = tokens_of(column)
    return next((d for d, marks in _DIMENSIONS if words & set(marks)), "count")


def numbers_of(rows: Sequence[Row]) -> frozenset[str]:
    """Return the columns that have a number in every row."""
    columns = [{c for c, v in r.values.items() if isinstance(v, int | float) and not isinstance(v, bool)} for r in rows]
    return frozenset(set.intersection(*columns)) if columns else frozenset()
