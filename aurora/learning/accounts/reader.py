"""Reads and writes histories of accounts, as JSON lines or Parquet: one row for each account and period.

A row has `account_id`, `time` (start of the period: Unix seconds, or ISO 8601 with a zone), the configuration
(`instance`, `storage`, `network`, `minimum`, `maximum`, `target`, `cooldown`), the metrics of `METRICS` by name,
`limit` (promised response time, seconds) and `data` (GiB stored); and may have `tier`, `site`, `tags` (a list) and
`ratings` (a list of `{"rater", "stars"}`). Times in milliseconds, as JavaScript writes them, are recognised by
their size.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.errors import DataError, InputError
from aurora.files import replaced
from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import Configuration
from aurora.learning.accounts.history import COLUMN, METRICS, Account, Rating, check_account
from aurora.learning.series.pseudonyms import pseudonym
from aurora.learning.series.series import Finding
from aurora.learning.tables.parquet import parquet_rows
from aurora.reading import TABLE_BYTES, parse_json, read_lines

SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")
OPTIONAL = ("memory", "io", "bandwidth", "latency", "throughput", "misses", "cost")
"""Metrics that may be absent; a resource that was not measured is left as it is."""
_DIGITS = re.compile(r"\d{9,20}(\.\d{1,9})?")
"""Unix time as a text."""
_NO_NUMBER = re.compile(r'"(\w+)"\s*:\s*(NaN|-?Infinity)\b')
SECONDS = (1e17, 1e14, 1e11)
"""Least times that are nanoseconds, microseconds, milliseconds: as seconds they would lie after the year 5000."""
FAR_TIME, FEW_TIMES = 10, 6
"""A time is wrong that lies further from all others than ten times their span, if there are more than six."""
DAY = 86_400
LEAST_PERCENTAGE = 2.0
"""Memory demand that is exceeded at all times by percentages only, not by shares."""
LAST_TIME = 253_402_300_799
"""Unix time of the end of the year 9999."""
MAX_ROWS = 2_000_000
"""Most rows of a file."""


class Histories(NamedTuple):
    """Accounts that were read together, with the defects that were repaired."""

    accounts: tuple[Account, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    fields: Mapping[str, Any]
    where: str

    def text(self, name: str, default: str | None = None) -> str:
        value = self.fields.get(name, default)
        value = default if value is None else value
        if not isinstance(value, str):
            raise DataError(f"{self.where}: field {name!r} must be a text, it is {_shown(value)}")
        return value

    def name(self) -> str:
        """Return the account's name; a whole number counts as its text."""
        value = self.fields.get("account_id")
        if value is None and ("ds" in self.fields or "y" in self.fields):
            raise InputError(f"{self.where} has no account_id; give the configurations of series with inventory=FILE")
        return str(value) if type(value) is int else self.text("account_id")

    def number(self, name: str) -> float:
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            remedy = "; leave a period out in which it was not measured" if value is None else ""
            raise DataError(f"{self.where}: field {name!r} must be a finite number, it is {_shown(value)}{remedy}")
        return float(value)

    def metric(self, name: str, optional: Collection[str]) -> float:
        """Return a metric; NaN where it may be absent and is."""
        value = self.fields.get(name)
        is_absent = value is None or (isinstance(value, float) and math.isnan(value))
        return math.nan if name in optional and is_absent else self.number(name)

    def whole(self, name: str) -> int:
        value = self.number(name)
        if value != int(value):
            raise DataError(f"{self.where}: field {name!r} must be a whole number, it is {value}")
        return int(value)

    def time(self) -> int:
        value = self.fields.get("time")
        if isinstance(value, str) and not _DIGITS.fullmatch(value):
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                raise DataError(f"{self.where}: field 'time' is no ISO 8601 time: {_shown(value)}") from None
            if moment.tzinfo is None:
                raise DataError(f"{self.where}: field 'time' has no zone: {value!r}; write it with Z or +00:00")
            return round(moment.timestamp())
        number = float(value) if isinstance(value, str) else self.number("time")
        power = next((k for k, least in zip((9, 6, 3), SECONDS, strict=True) if abs(number) >= least), 0)
        seconds = round(number / 10.0**power)
        if not 0 <= seconds <= LAST_TIME:
            raise DataError(f"{self.where}: field 'time' is {_shown(value)}, no Unix time since 1970")
        return seconds

    def has_milliseconds(self) -> bool:
        value = self.fields.get("time")
        number = float(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        return isinstance(number, int | float) and abs(number) >= SECONDS[-1]

    def entries(self, name: str) -> list[Any]:
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise DataError(f"{self.where}: field {name!r} must be a list, it is {_shown(value)}")
        return value

    def configuration(self) -> Configuration:
        return Configuration(
            self.text("instance"),
            self.text("storage"),
            self.text("network"),
            self.whole("minimum"),
            self.whole("maximum"),
            self.number("target"),
            self.whole("cooldown"),
        )

    def ratings(self, period: int) -> list[Rating]:
        found = []
        for k, entry in enumerate(self.entries("ratings")):
            if not isinstance(entry, dict):
                raise DataError(f"{self.where}: field 'ratings' must hold objects, not {_shown(entry)}")
            inner = _Row(entry, f"{self.where}, ratings[{k}]")
            found.append(Rating(period, inner.text("rater"), inner.whole("stars")))
        return found

    def tags(self) -> tuple[str, ...]:
        found = self.entries("tags")
        if not all(isinstance(t, str) for t in found):
            raise DataError(f"{self.where}: field 'tags' must hold texts")
        return tuple(found)


def _shown(value: object) -> str:
    return "absent" if value is None else repr(value)[:60]


def read_accounts(
    paths: Sequence[Path],
    catalogue: Catalogue,
    *,
    hash_accounts_with: str | None = None,
    optional: Collection[str] = (),
) -> Histories:
    """Read the accounts of some files, in order of their names.

    Rows may come in any order; identical ones count once. Where periods are missing, the longest run without a gap is
    kept; limit, data, tags and the present configuration are those of the last row. Each is reported.

    Args:
        paths: Files ending in .jsonl, .jsonl.gz or .parquet; an account may be spread over several.
        catalogue: Catalogue that configurations name things from.
        hash_accounts_with: Secret key, with which names of accounts are replaced by keyed hashes.
        optional: Metrics that may be absent, of `OPTIONAL`.

    Raises:
        FileError: A file can't be read.
        InputError: A file is of another kind.
        DataError: A file is malformed; a field is absent or out of its range (the message
            names the row and the field); two rows of one account and time differ; an account has fewer than two rows.
    """
    rows = [row for path in paths for row in _rows(path)]
    if not rows:
        raise DataError(f"{', '.join(map(str, paths)) or 'no file'}: no row of any account")
    return _histories(rows, catalogue, hash_accounts_with, optional)


def accounts_in(rows: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> Histories:
    """Return the accounts of rows that were read already, such as those of a request; see `read_accounts`.

    Args:
        rows: Rows with the fields that a file has; those of `OPTIONAL` may be absent.
        catalogue: Catalogue that configurations name things from.

    Raises:
        DataError: A field is absent or out of its range; two rows of one account and time differ; an account has
            fewer than two rows.
        InputError: A row is one of a series.
    """
    return _histories([_Row(fields, f"row {k}") for k, fields in enumerate(rows, 1)], catalogue, None, OPTIONAL)


def _histories(
    rows: Sequence[_Row], catalogue: Catalogue, hash_accounts_with: str | None, optional: Collection[str]
) -> Histories:
    keyed = sorted(((r.name(), r.time(), k, r) for k, r in enumerate(rows)), key=lambda e: e[:3])
    accounts: list[Account] = []
    findings: list[Finding] = []
    for name, group in groupby(keyed, key=lambda e: e[0]):
        shown = name if hash_accounts_with is None else pseudonym(name, hash_accounts_with)
        entries = list(group)
        order = [k for _, _, k, _ in entries]
        if order != sorted(order):
            findings.append(Finding(shown, "unsorted", len(order), entries[0][1], "rows out of order: sorted by time"))
        single, repeated = _without_repeats(shown, [(time, row) for _, time, _, row in entries])
        run, missing = _longest_run(shown, single)
        accounts.append(_account(shown, run, single[-1][1], optional))
        if any(row.has_milliseconds() for _, row in single):
            message = "times are milliseconds (or finer), by their size: read as such"
            findings.append(Finding(shown, "notation", len(single), single[0][0], message))
        findings += repeated + missing
        check_account(accounts[-1], catalogue)
    return Histories(tuple(accounts), tuple(findings))


def _without_repeats(name: str, rows: list[tuple[int, _Row]]) -> tuple[list[tuple[int, _Row]], list[Finding]]:
    kept = rows[:1]
    for time, row in rows[1:]:
        if time != kept[-1][0]:
            kept.append((time, row))
        elif row.fields != kept[-1][1].fields:
            raise DataError(f"{row.where}: differs from {kept[-1][1].where}, of the same account and time; keep one")
    repeats = len(rows) - len(kept)
    message = "identical rows: counted once"
    return kept, [Finding(name, "duplicate", repeats, rows[0][0], message)] if repeats else []


def _longest_run(name: str, rows: list[tuple[int, _Row]]) -> tuple[list[tuple[int, _Row]], list[Finding]]:
    if len(rows) < 2:  # noqa: PLR2004  # the length of a period is told by two
        raise DataError(f"account {name!r}: {len(rows)} period; at least 2 are needed to tell how long a period is")
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(rows)]
    step = sorted(steps)[len(steps) // 2]  # the least one could be an error of one second
    odd = next((s for s in steps if s % step), None)
    if odd is not None:
        raise DataError(
            f"account {name!r}: periods of {step} s and of {odd} s; all must be equal (or missing), so resample them"
        )
    for gap, rest, row in ((steps[-1], steps[:-1], rows[-1]), (steps[0], steps[1:], rows[0])):
        if len(rest) > FEW_TIMES and gap > FAR_TIME * sum(rest):
            raise DataError(
                f"{row[1].where}: field 'time' lies {gap / DAY:.0f} days from all others of account {name!r}, which "
                f"span {sum(rest) / DAY:.0f}; a time must be wrong: correct it, or leave the row out"
            )
    runs: list[list[tuple[int, _Row]]] = [rows[:1]]
    for gap, entry in zip(steps, rows[1:], strict=True):
        if gap == step:
            runs[-1].append(entry)
        else:
            runs.append([entry])
    best = max(runs, key=len)
    missing = sum(s // step - 1 for s in steps)
    if len(best) < 2:  # noqa: PLR2004  # as above
        raise DataError(f"account {name!r}: no two periods follow each other; {missing} are missing")
    message = f"{missing} periods are missing: the longest run without a gap, {len(best)} of {len(rows)}, is kept"
    return best, [Finding(name, "gap", missing, rows[0][0], message)] if missing else []


def _account(name: str, rows: list[tuple[int, _Row]], last: _Row, optional: Collection[str]) -> Account:
    """Return an account from the rows of a run without gaps, and the last row of all."""
    values = np.array([[row.metric(m.name, optional) for m in METRICS] for _, row in rows])
    incomplete = frozenset(m.name for k, m in enumerate(METRICS) if np.isnan(values[:, k]).any())
    share = values[:, COLUMN["memory"]]
    if len(share) and np.nanmin(share, initial=np.inf) > LEAST_PERCENTAGE and np.isfinite(share).any():
        raise DataError(
            f"account {name!r}: metric 'memory' is {np.nanmin(share):g} and more at all times; a share of the capacity "
            "is expected, 0.43 for 43 %"
        )
    return Account(
        name,
        rows[0][0],
        rows[1][0] - rows[0][0],
        last.number("limit"),
        last.number("data"),
        tuple(row.configuration() for _, row in rows),
        values,
        last.text("tier", ""),
        last.text("site", ""),
        last.tags(),
        tuple(rating for t, (_, row) in enumerate(rows) for rating in row.ratings(t)),
        incomplete,
        None if last is rows[-1][1] else last.configuration(),
    )


def _rows(path: Path) -> list[_Row]:
    if not path.name.endswith(SUFFIXES):
        raise InputError(
            f"{path}: histories are read from {', '.join(SUFFIXES)}; for series of utilisation (CSV, Parquet) give "
            "their configurations with inventory=FILE"
        )
    if path.suffix == ".parquet":
        rows = parquet_rows(path, MAX_ROWS)
        return [_Row(_plain(fields), f"{path}, row {k}") for k, fields in enumerate(rows, 1)]
    found: list[_Row] = []
    for number, line in read_lines(path, limit=TABLE_BYTES):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        odd = _NO_NUMBER.search(line)
        if odd is not None:
            raise DataError(f"{where}: field {odd[1]!r} is {odd[2]}; leave it out, or give a finite number")
        fields = parse_json(line, where)
        if not isinstance(fields, dict):
            raise DataError(f"{where}: an object is expected, with a field for each column")
        row = _Row(fields, where)
        row.name()  # a file of something else ends here, and not when all of it is in memory
        if len(found) == MAX_ROWS:
            raise DataError(f"{path} has more than {MAX_ROWS:,} rows; give it in parts")
        found.append(row)
    return found


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with times as JSON has them."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in fields.items()}


def write_accounts(accounts: Iterable[Account], path: Path) -> None:
    """Write histories as JSON lines or, by the ending, as Parquet, for `read_accounts`.

    Raises:
        InputError: The name has another ending.
        FileError: The file can't be written.
    """
    if not path.name.endswith(SUFFIXES):
        raise InputError(f"{path}: histories are written to {', '.join(SUFFIXES)}", parameter="path")
    rows = [row for account in accounts for row in _written(account)]
    with replaced(path) as partial:
        if path.suffix == ".parquet":
            import pyarrow as pa  # noqa: PLC0415  # heavy, used here only
            import pyarrow.parquet as pq  # noqa: PLC0415

            pq.write_table(pa.Table.from_pylist(rows), partial)
        else:
            text = "".join(json.dumps(row) + "\n" for row in rows).encode()
            partial.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def _written(account: Account) -> Iterable[dict[str, Any]]:
    for t, (c, values) in enumerate(zip(account.configurations, account.values, strict=True)):
        yield {
            "account_id": account.account_id,
            "time": account.start + t * account.period,
            "instance": c.instance,
            "storage": c.storage,
            "network": c.network,
            "minimum": c.minimum,
            "maximum": c.maximum,
            "target": c.target,
            "cooldown": c.cooldown,
            **{m.name: float(v) for m, v in zip(METRICS, values, strict=True) if not np.isnan(v)},
            "limit": account.limit,
            "data": account.data,
            "tier": account.tier,
            "site": account.site,
            "tags": list(account.tags),
            "ratings": [{"rater": r.rater, "stars": r.stars} for r in account.ratings if r.period == t],
        }
