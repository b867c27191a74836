"""Price lists of machines as CSV, as providers and spreadsheets give them: type, vCPU, GiB, dollars an hour."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.reading import read_text

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("type", "name", "instance", "instance type", "api name"),
    "cores": ("vcpu", "vcpus", "cores", "cpu", "cpus"),
    "memory": ("gib", "memory", "memory gib", "ram", "memory (gib)", "gb", "memory gb"),
    "price": ("$/h", "price", "usd/h", "$/hour", "usd/hour", "price per hour", "hourly", "on demand", "$ per hour"),
    "family": ("family",),
    "speed": ("speed",),
}
"""Field of an instance type -> names of its column; case, `_` and `-` do not matter."""
NEEDED = ("name", "cores", "memory", "price")
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


def read_price_list(path: Path, *, needed: Sequence[str] = NEEDED) -> list[dict[str, Any]]:
    """Read the instance types of a price list, as entries of a catalogue's `instances`.

    A family that no column gives is what stands before the last dot, dash or underscore of the type. The speed of a
    core is 1 without a column.

    Args:
        path: A CSV file.
        needed: Fields that must have a column.

    Raises:
        FileError: It can't be read.
        DataError: It lacks a column or has it twice, or a cell is no number; the message names the line.
    """
    text = read_text(path)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [(table.line_num, row) for row in table if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"{path} is no CSV: {error}") from None
    line, header = rows[0] if rows else (1, [])
    titles = [re.sub(r"[_\-\s]+", " ", cell).strip().lower() for cell in header]
    places = _places(titles, f"{path}, line {line}", needed)
    found = []
    for line, row in rows[1:]:
        cells = {field: row[k].strip() if k < len(row) else "" for field, k in places.items()}
        entry: dict[str, Any] = {"name": cells["name"], "speed": 1.0}
        entry["family"] = cells.get("family") or re.split(r"[._-](?=[^._-]*$)", cells["name"])[0]
        for field in ("cores", "memory", "price", "speed"):
            if cells.get(field):
                where = f"{path}, line {line}: {titles[places[field]]}"
                entry[field] = _amount(cells[field], where, has_decimal_comma=delimiter == ";")
        found.append(entry)
    return found


def _places(titles: Sequence[str], where: str, needed: Sequence[str]) -> dict[str, int]:
    """Return the position of each field's column."""
    found = {field: [k for k, title in enumerate(titles) if title in names] for field, names in COLUMNS.items()}
    lacking = [COLUMNS[field][0] for field in needed if not found[field]]
    if lacking:
        header = "type,vCPU,GiB,$/h" if tuple(needed) == NEEDED else ",".join(COLUMNS[field][0] for field in needed)
        raise DataError(f"{where} has no column {', '.join(lacking)}; write {header}")
    for field, columns in found.items():
        if len(columns) > 1 and field != "name":  # such as a price for each region; of two names either will do
            told = " and ".join(repr(titles[k][:40]) for k in columns)
            raise DataError(f"{where} has several columns for the {field}, {told}; leave one")
    return {field: columns[0] for field, columns in found.items() if columns}


def _amount(cell: str, where: str, *, has_decimal_comma: bool) -> float:
    """Read a number that may have a unit or a currency: "$0.096", "1,952 GiB"."""
    plain = cell.replace(".", "").replace(",", ".") if has_decimal_comma and "," in cell else cell
    together = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), plain)
    found = _NUMBER.search(together)
    if found is None:
        raise DataError(f"{where} is {cell[:40]!r}, not a number")
    if "," in together:
        raise DataError(f"{where} is {cell[:40]!r}, which can be two numbers; write it with a point, as in 0.096")
    return float(found[0])
