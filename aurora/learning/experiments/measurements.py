"""Daily measurements of accounts: files of them, and the journal of the days that an experiment has closed."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aurora import journal
from aurora.errors import DataError, InputError
from aurora.files import write_atomically
from aurora.learning.tables.parquet import parquet_rows
from aurora.reading import TABLE_BYTES, parse_json, read_lines, read_text

MAX_NAMES_LISTED = 5
"""Most names that a message lists."""
MAX_ROWS = 1_000_000
"""Most rows of a file."""
MAX_DAYS = 3660
"""Most days of an experiment, and of measurements before it."""
LARGEST = 1e15
"""Largest absolute value of a measurement; sums of squares of more would not be finite."""
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
TRUE, FALSE = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})


@dataclass(frozen=True, slots=True)
class Row:
    """Measurements of an account on a day.

    Attributes:
        account: Name of the account.
        day: Calendar day.
        values: Metric -> value; NaN where nothing was measured.
        received: Whether the account ran with the change on that day; None where it is not known.
        labels: Other columns that were asked for.
    """

    account: str
    day: date
    values: Mapping[str, float]
    received: bool | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def read_rows(path: Path, metrics: Sequence[str], labels: Sequence[str] = ()) -> list[Row]:
    """Read rows of a file with the columns `account`, `day`, the metrics and perhaps `received`.

    Args:
        path: File ending in .csv, .csv.gz, .jsonl or .parquet.
        metrics: Columns with numbers; an empty cell is a missing value.
        labels: Columns with texts.

    Raises:
        FileError: The file can't be read.
        InputError: Its name has another ending.
        DataError: It lacks a column, has no rows, names an account and day twice, or a cell is not what it should be;
            the message names the row.
    """
    rows: list[Row] = []
    known: set[tuple[str, date]] = set()
    for number, cells in enumerate(_cells(path), 1):
        where = f"{path}, row {number}"
        if number > MAX_ROWS:
            raise DataError(f"{path} has more than {MAX_ROWS:,} rows; leave out accounts or days")
        lacking = [c for c in ("account", "day", *metrics, *labels) if c not in cells]
        if lacking:
            raise DataError(f"{where} has no {', '.join(lacking)}; its columns are {', '.join(map(str, cells))}")
        account, day = str(cells["account"] or "").strip(), parse_day(cells["day"], where)
        if not account:
            raise DataError(f"{where}: account is empty")
        if (account, day) in known:
            raise DataError(f"{where}: account {account} has a second row for {day}; keep one row an account and day")
        known.add((account, day))
        values = {m: _number(cells[m], m, where) for m in metrics}
        texts = {name: str(cells[name]) for name in labels}
        rows.append(Row(account, day, values, _received(cells.get("received"), where), texts))
    if not rows:
        raise DataError(f"{path} has no rows")
    return rows


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write rows as CSV that `read_rows` reads, whole or not at all.

    Args:
        rows: At least one row, all with the same metrics.
        path: File ending in .csv.

    Raises:
        InputError: The name has another ending.
        FileError: The file can't be written.
    """
    if not path.name.endswith(".csv"):
        raise InputError(f"{path}: the name must end in .csv", parameter="out")
    tells = any(r.received is not None for r in rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["account", "day", *rows[0].values, *(["received"] if tells else [])])
    for r in rows:
        writer.writerow([r.account, r.day.isoformat(), *r.values.values(), *([int(bool(r.received))] if tells else [])])
    write_atomically(path, text.getvalue())


def _cells(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.suffix == ".parquet":
        yield from parquet_rows(path, MAX_ROWS)
    elif path.name.endswith((".jsonl", ".jsonl.gz")):
        for number, line in read_lines(path, limit=TABLE_BYTES):
            if line.strip():
                record = parse_json(line, f"{path}, line {number}")
                if not isinstance(record, dict):
                    raise DataError(f"{path}, line {number}: an object is expected, with a field for each column")
                yield record
    elif path.name.endswith((".csv", ".csv.gz")):
        try:
            yield from _csv(path)
        except csv.Error as error:
            raise DataError(f"{path} is no CSV: {error}") from None
    else:
        raise InputError(f"{path}: the name must end in .csv, .csv.gz, .jsonl, .jsonl.gz or .parquet")


def _csv(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a CSV; with semicolons between its cells it may have decimal commas."""
    text = read_text(path, limit=TABLE_BYTES)
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    twice = [name for name, count in Counter(table.fieldnames or ()).items() if count > 1 and name.strip()]
    if twice:  # of two, the last would count
        raise DataError(f"{path} has two columns {twice[0][:40]!r}; rename one or leave it out")
    for number, cells in enumerate(table, 1):
        if None in cells:
            raise DataError(f"{path}, row {number} has more cells than the header; quote cells that hold {delimiter!r}")
        if delimiter == ";":
            yield {k: v.replace(",", ".") if v and _DECIMAL_COMMA.fullmatch(v.strip()) else v for k, v in cells.items()}
        else:
            yield cells


def parse_day(cell: Any, where: str) -> date:
    """Read a calendar day from a date or a time in ISO form.

    Raises:
        DataError: It is neither; the message begins with `where`.
    """
    text = str(cell).strip()
    try:
        return date.fromisoformat(text[:10] if text[10:11] in ("", "T", " ") else text)
    except ValueError:
        raise DataError(f"{where}: day is {text[:40]!r}; write it like 2026-03-31") from None


def _number(cell: Any, name: str, where: str) -> float:
    if cell is None or cell == "":
        return math.nan
    try:
        value = float(cell)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"{where}: {name} is {str(cell)[:40]!r}, not a number; leave the cell empty if it is missing"
        ) from None
    if abs(value) > LARGEST:
        raise DataError(
            f"{where}: {name} is {value:g}, infinite or beyond {LARGEST:g}; leave the cell empty if it is missing"
        )
    return value


def _received(cell: Any, where: str) -> bool | None:
    text = "" if cell is None else str(cell).strip().lower()
    if text in TRUE or text in FALSE:
        return text in TRUE
    if text in ("", "none", "nan"):
        return None
    raise DataError(f"{where}: received is {cell!r}; write 1 (the account ran with the change) or 0")


@dataclass(frozen=True, slots=True)
class Ingested:
    """Result of adding the rows of a file to an experiment.

    Attributes:
        days: Number of days that were closed.
        rows: Number of rows that were added.
        left_out: Reason -> number of rows that were not used.
    """

    days: int
    rows: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of an experiment so far.

    Attributes:
        values: Metric -> values, NaN where nothing was measured, float64 [accounts, days so far].
        received: 1 with the change, 0 without, NaN where it is not known, float64 [accounts, days so far].
        missing_days: Positions of days without any value.
    """

    values: Mapping[str, NDArray[np.float64]]
    received: NDArray[np.float64]
    missing_days: tuple[int, ...]


def ingest(path: Path, rows: Sequence[Row], accounts: Sequence[str], start: date, days: int, seal: str) -> Ingested:
    """Close the days that are new, each with one line, so that a kill leaves whole days.

    A closed day stays as it was when it was looked at: a decision must not change after the fact. Rows for such days
    are left out and counted, so a file may hold all days from the start again.

    Args:
        path: Journal of the experiment.
        rows: Rows to add.
        accounts: Accounts of the experiment.
        start: First day of the experiment.
        days: Longest duration.
        seal: Hash of the registration.

    Raises:
        InputError: A row names an account that is not in the experiment.
        DataError: The journal is of another registration.
    """
    known = set(accounts)
    strangers = sorted({r.account for r in rows} - known)
    if strangers:
        listed = ", ".join(strangers[:MAX_NAMES_LISTED]) + (", ..." if len(strangers) > MAX_NAMES_LISTED else "")
        raise InputError(f"{len(strangers)} accounts are not in the experiment ({listed}); leave them out of the file")
    closed = {r["day"]: r["rows"] for r in _sealed(path, seal)}
    last = max(closed, default="")
    left_out: dict[str, int] = {}
    fresh: dict[str, dict[str, Any]] = {}
    for row in rows:
        day = row.day.isoformat()
        record = {
            "values": {m: None if math.isnan(v) else v for m, v in row.values.items()},
            "received": row.received,
        }
        if row.day < start:
            reason = "before the start"
        elif row.day >= start + timedelta(days=days):
            reason = "after the registered end"
        elif day <= last:
            before = closed.get(day, {}).get(row.account)
            reason = (
                "late: the day was closed without it"
                if before is None
                else "already known"
                if before == record
                else "changed after the day was closed; the first value stands"
            )
        else:
            fresh.setdefault(day, {})[row.account] = record
            continue
        left_out[reason] = left_out.get(reason, 0) + 1
    if fresh:
        journal.append(path, [{"registration": seal, "day": d, "rows": fresh[d]} for d in sorted(fresh)])
    return Ingested(len(fresh), sum(map(len, fresh.values())), left_out)


def measured(path: Path, accounts: Sequence[str], metrics: Sequence[str], start: date, seal: str) -> Measured:
    """Return the closed days as arrays.

    Raises:
        DataError: The journal is of another registration or malformed.
    """
    records = _sealed(path, seal)
    known = set(accounts)
    for number, record in enumerate(records, 1):
        day = (date.fromisoformat(record["day"]) - start).days
        lacking = [m for m in metrics if any(m not in row["values"] for row in record["rows"].values())]
        if not 0 <= day < MAX_DAYS or lacking or not known.issuperset(record["rows"]):
            raise DataError(
                f"{path}, line {number} was altered: its day, its accounts or its metrics are not those of the "
                "experiment; restore the file from a copy"
            )
    last = max((date.fromisoformat(r["day"]) for r in records), default=None)
    days = 0 if last is None else (last - start).days + 1
    place = {account: i for i, account in enumerate(accounts)}
    values = {m: np.full((len(accounts), days), np.nan) for m in metrics}
    received = np.full((len(accounts), days), np.nan)
    for record in records:
        day = (date.fromisoformat(record["day"]) - start).days
        for account, row in record["rows"].items():
            for metric in metrics:
                value = row["values"][metric]
                values[metric][place[account], day] = math.nan if value is None else value
            if row.get("received") is not None:
                received[place[account], day] = row["received"]
    seen = [np.isfinite(v).any(axis=0) for v in values.values()]
    missing = np.flatnonzero(~np.logical_and.reduce(seen)) if days else np.zeros(0, dtype=np.intp)
    return Measured(values, received, tuple(int(d) for d in missing))


def _sealed(path: Path, seal: str) -> list[dict[str, Any]]:
    records = journal.read(path)
    for number, record in enumerate(records, 1):
        if record.get("registration") != seal or not _is_day(record):
            raise DataError(
                f"{path}, line {number} belongs to another registration (or is damaged): "
                "an experiment's rules can't be replaced once it has measurements"
            )
    return records


def _is_day(record: Mapping[str, Any]) -> bool:
    """Return whether a line of the journal is as `ingest` writes it."""
    day, rows = record.get("day"), record.get("rows")
    if not isinstance(day, str) or not isinstance(rows, dict):
        return False
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return all(
        isinstance(row, dict)
        and isinstance(row.get("values"), dict)
        and all(v is None or _is_number(v) for v in row["values"].values())
        and row.get("received") in (None, True, False)
        for row in rows.values()
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
