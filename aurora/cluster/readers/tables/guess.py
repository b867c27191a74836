"""Guesses which column of a table holds which field, in which unit."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from aurora.cluster.readers.tables import cells
from aurora.cluster.readers.tables.fields import NAMES, NODES, SHOWN, TASKS, UNITS, Field, field_and_unit, plain
from aurora.errors import DataError, InputError
from aurora.reading import TABLE_BYTES, read_text
from aurora.sim.scenarios.traces.tables import rows

MAX_ROWS_LOOKED_AT = 1_000
"""Most rows from which units are guessed."""
LARGE_MEMORY, MANY_CORES = 4096, 500
"""Median from which a number without a unit is taken for MiB, or for thousandths of a core."""


class Column(NamedTuple):
    """A column, and what it is taken for.

    Attributes:
        heading: Its heading.
        field: Name of the field; empty: it is left out.
        kind: What its cells hold; empty where it is left out.
        unit: Unit of cells without one, a key of `UNITS[kind]`.
        why: Where the unit is from: `heading`, `cells`, `size` (guessed from the numbers), `usual`, or empty.
        example: Its first cell that is not empty.
    """

    heading: str
    field: str
    kind: str
    unit: str
    why: str
    example: str

    @property
    def shown_unit(self) -> str:
        """The unit in words, with its source where it is a guess."""
        if self.kind not in UNITS:
            return ""
        name = SHOWN.get(self.unit, self.unit) or NAMES[self.kind]
        if self.kind == "cores" and self.unit == "m":
            name = "thousandths of a core"
        return {"cells": "as in the cells", "size": f"{name} (guessed from the size)"}.get(self.why, name)


class TableGuess(NamedTuple):
    """What the columns of a table are taken for.

    Attributes:
        path: The file.
        columns: Its columns.
        is_sure: Whether all headings are those of the template.
    """

    path: Path
    columns: tuple[Column, ...]
    is_sure: bool

    def to_json(self) -> dict[str, Any]:
        """Return the guess as JSON values."""
        return {
            "path": str(self.path),
            "is_sure": self.is_sure,
            "columns": [
                {"heading": c.heading, "field": c.field or None, "unit": c.shown_unit or None, "example": c.example}
                for c in self.columns
            ],
        }


def guess_tables(
    nodes: Path, tasks: Path | None = None, *, mapping: Mapping[str, str] | None = None
) -> tuple[TableGuess, ...]:
    """Guess which columns of the tables of nodes and tasks hold which fields.

    Args:
        nodes: CSV file with a row for each node.
        tasks: CSV file with a row for each task; None: no tasks.
        mapping: Heading to the name of a field, which goes before any guess; an empty name leaves the column out.

    Raises:
        InputError: A name in `mapping` is no heading or no field.
        FileError: A file can't be read.
        DataError: A file has no header, or nothing in it names the nodes, the tasks or their cores.
    """
    wanted = dict(mapping or {})
    headings = {heading for path in (nodes, tasks) if path is not None for heading in _header(path)}
    for heading, name in wanted.items():
        if heading not in headings:
            near = difflib.get_close_matches(heading, headings, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(headings))}"
            raise InputError(f"no table has the column {heading!r}; {hint}", parameter="mapping")
        _check_field(name)
    guesses = [_guess(nodes, NODES, wanted)]
    if tasks is not None:
        guesses.append(_guess(tasks, TASKS, wanted))
    return tuple(guesses)


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the cells of each row.

    Raises:
        DataError: A heading occurs twice, or a row has another number of cells than the header.
    """
    return rows(path, tuple(_header(path)))


def _header(path: Path) -> list[str]:
    text = read_text(path, limit=TABLE_BYTES)
    first = text[: text.find("\n")] if "\n" in text else text
    try:
        cells_ = next(csv.reader(io.StringIO(first), delimiter=max(",;\t", key=first.count)), [])
    except csv.Error as fault:
        raise DataError(f"{path}, line 1: {fault}") from None
    header = [c.strip() for c in cells_]
    if not any(header):
        raise DataError(f"{path} is empty; a header with the names of columns is expected")
    return [h for h in header if h]


def _guess(path: Path, fields: tuple[Field, ...], mapping: Mapping[str, str]) -> TableGuess:
    header = _header(path)
    samples = [row for _, row in islice(rows_of(path), MAX_ROWS_LOOKED_AT)]
    by_name = {f.name: f for f in fields}
    by_hand = {mapping[heading] for heading in header if heading in mapping}
    taken: dict[str, Column] = {}
    columns = []
    for heading in header:
        found = [row.get(heading, "") for row in samples if row.get(heading, "").strip()]
        field, unit = field_and_unit(heading, fields)
        if heading in mapping:
            field = by_name.get(mapping[heading])
            unit = field_and_unit(f"{field.name}_{_unit_after(heading)}", fields)[1] if field else ""
        elif field is not None and (field.name in by_hand or _is_better_elsewhere(field, heading, header)):
            field = None
        if field is None:
            columns.append(Column(heading, "", "", "", "", found[0] if found else ""))
            continue
        if field.name in taken:
            first = taken[field.name].heading
            raise DataError(
                f"{path}: the columns {first!r} and {heading!r} both look like {field.name}; "
                f"leave one out (mapping={heading!r} to nothing)"
            )
        chosen, why = _unit(field, unit, found)
        column = Column(heading, field.name, field.kind, chosen, why, found[0] if found else "")
        taken[field.name] = column
        columns.append(column)
    for needed in (fields[0].name, "cpu"):
        if needed not in taken:
            raise DataError(
                f"{path}: no column looks like {needed}; map one to it, such as "
                f"{columns[0].heading}={needed} (columns: {', '.join(header)[:200]})"
            )
    return TableGuess(path, tuple(columns), all(c.heading == c.field for c in columns))


def _check_field(name: str) -> None:
    names = list(dict.fromkeys(f.name for f in (*NODES, *TASKS)))
    if name and name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        raise InputError(f"{name!r} is no field of a table; {hint}", parameter="mapping")


def _is_better_elsewhere(field: Field, heading: str, header: Sequence[str]) -> bool:
    """Return whether another column is called by the field's own name, or by a synonym that stands before."""
    names = [plain(n) for n in (field.name, *field.synonyms)]

    def rank(text: str) -> int:
        for name in (plain(text), *(plain(text.partition(s)[0]) for s in ("(", "["))):
            if name in names:
                return names.index(name)
        return len(names)

    own = rank(heading)
    return any(rank(other) < own for other in header if other != heading)


def _unit_after(heading: str) -> str:
    words = plain(heading.replace("_", " ").replace("(", " ").split()[-1]) if heading.split() else ""
    return words


def _unit(field: Field, in_heading: str, found: Sequence[str]) -> tuple[str, str]:
    """Return the unit of cells without one, and where it is from."""
    if field.kind not in UNITS:
        return "", ""
    if in_heading:
        return in_heading, "heading"
    if any(cells.unit_in(cell, field.kind) for cell in found):
        return _usual(field), "cells"
    numbers = [float(c) for c in found if c.strip().replace(".", "", 1).isdigit() and c.strip().isascii()]
    if field.kind == "memory" and numbers and median(numbers) >= LARGE_MEMORY:
        return ("mib" if median(numbers) < LARGE_MEMORY * 1024 else "b"), "size"
    if field.kind == "cores" and numbers and median(numbers) >= MANY_CORES:
        return "m", "size"
    return _usual(field), "usual"


def _usual(field: Field) -> str:
    return {"memory": "gib", "seconds": "s"}.get(field.kind, "")
