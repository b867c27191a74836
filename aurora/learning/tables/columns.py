"""Finds the roles of a table's columns by their names and first fields: time, value, name of the series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aurora.learning.tables.notation import MISSING_VALUES, is_number
from aurora.learning.tables.time_forms import looks_like_time

ID, TIME, VALUE, OBSERVED = "unique_id", "ds", "y", "observed"
"""Columns of the long form that have a meaning of their own."""
TIME_NAMES = frozenset(
    {"ds", "time", "times", "timestamp", "timestamps", "time_stamp", "date", "datetime", "date_time", "ts", "_time"}
    | {"@timestamp", "timegenerated", "time_generated", "epoch", "epoch_time"}
    | {"unix_time", "unixtime", "unix_timestamp"}
)
"""Names of a column of times, without brackets and in lower case."""
VALUE_NAMES = frozenset(("y", "value", "values", "_value", "val", "metric_value", "average", "avg", "mean"))
ID_NAMES = frozenset(("unique_id", "uniqueid", "series", "series_id", "series_name"))
LABEL_NAMES = frozenset(("unit", "kind", "metric", "tier", "site", "observed"))
"""Names of labels that are recognised in upper and lower case: `Unit` is `unit`."""
_SUFFIX = re.compile(r"[ _]*[\[(](?:utc|gmt|z|ms|s|us|ns|sec|seconds|milliseconds|unix|iso|iso ?8601|local)[\])]$")
_TAIL = re.compile(r"_(?:utc|gmt|ms|us|ns|s|sec|seconds|milliseconds|unix|iso)$")


class Roles(NamedTuple):
    """Roles of a table's columns.

    Attributes:
        names: Column → its name in the long form; columns not named keep theirs.
        wide: Columns that are a series each, with the times of one column; empty where there is one column of values.
        notes: Remarks on columns that were recognised by other names than the long form's, for people.
    """

    names: dict[str, str]
    wide: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def is_long_form(header: Sequence[str]) -> bool:
    """Return whether a header has the columns of the long form, in upper or lower case."""
    return {TIME, VALUE} <= {_plain(name) for name in header}


def is_time_name(name: str) -> bool:
    """Return whether a column of this name has times."""
    return _plain(name) in TIME_NAMES


def roles(header: Sequence[str], first: Sequence[str]) -> Roles | None:
    """Find the role of each column; return None if a role is uncertain.

    Args:
        header: Names of the columns.
        first: Fields of the first row.

    The column of times has one of `TIME_NAMES`, or is the only one whose first field is a date. If several columns of
    numbers have unknown names, each is a series.
    """
    plain = {name: _plain(name) for name in header}
    time = _only(header, plain, {TIME}) or _only(header, plain, TIME_NAMES)
    if time is None and not any(p in TIME_NAMES for p in plain.values()):
        dated = [name for name, field in zip(header, first, strict=False) if looks_like_time(field)]
        time = dated[0] if len(dated) == 1 else None
    if time is None:
        return None
    named = {time: TIME}
    series = _only(header, plain, {ID}) or _only(header, plain, ID_NAMES)
    if series is not None and series != time:
        named[series] = ID
    named |= {name: p for name, p in plain.items() if p in LABEL_NAMES and name not in named}
    others = [name for name in header if name not in named]
    value = _only(others, plain, {VALUE}) or _only(others, plain, VALUE_NAMES)
    fields = dict(zip(header, first, strict=False))
    if value is None:
        candidates = [name for name in others if _is_value(fields.get(name, ""))]
        if len(candidates) != 1:
            return _wide(named, others, candidates, time)
        value = candidates[0]
    named[value] = VALUE
    notes = [
        f"{name!r} is {meaning}" for name, meaning in named.items() if name != meaning and meaning not in LABEL_NAMES
    ]
    return Roles(named, (), (f"columns are told by their names: {', '.join(notes)}",) if notes else ())


def _wide(named: dict[str, str], others: Sequence[str], candidates: Sequence[str], time: str) -> Roles | None:
    """Find a column of times with a series in each other column, if no other reading is possible."""
    if ID in named.values() or not candidates or len(candidates) < len(others):
        return None
    note = f"column {time!r} has the times, and each of the other {len(candidates)} is a series"
    return Roles({time: TIME}, tuple(candidates), (note,))


def _is_value(field: str) -> bool:
    """Return whether a field of the first row can be a number in any notation, or is empty."""
    return is_number(field) or field[:1].isdigit() or field.lower() in (*MISSING_VALUES, "undefined")


def _only(header: Sequence[str], plain: dict[str, str], wanted: set[str] | frozenset[str]) -> str | None:
    """Return the only column with one of the names; an exact match precedes one in another case."""
    if len(wanted) == 1 and wanted & set(header):
        return next(iter(wanted))
    matching = [name for name in header if plain[name] in wanted]
    return matching[0] if len(matching) == 1 else None


def _plain(name: str) -> str:
    """Return a name in lower case, without a unit or zone in brackets, and with underscores for blanks."""
    text = _SUFFIX.sub("", name.strip().casefold())
    text = re.sub(r"[\s\-]+", "_", text)
    short = _TAIL.sub("", text)
    return short if short in TIME_NAMES else text
