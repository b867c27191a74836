"""Reads times as Unix seconds: ISO 8601 and RFC 3339, forms of spreadsheets and tools, epochs in any unit.

Only unambiguous forms are read. A text with two readings, such as 1/2/2026, is refused unless another row of the column
decides. A number that can be a date or can have another unit is not read as a time in 1970.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aurora.errors import DataError
from aurora.learning.series.frames import note, refusal
from aurora.learning.tables.time_forms import HAS_ZONE, IS_SHIFTED, ISO, day_order, parsed
from aurora.types import FloatArray

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

NOT_A_TIME = "is not a time; write ISO 8601 (2026-01-31T23:55:00Z) or Unix seconds"
MIXED = "is a number where other rows have dates; write all times in one form"
UNITS = (("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9))
_BOUNDS = (1e11, 1e14, 1e17)
"""Bounds from which numbers are Unix times in the next finer unit; 1e11 seconds would be the year 5138."""
EARLIEST_EPOCH = 1e8
"""Unix seconds of March 1973; smaller numbers count from an unknown beginning."""
EARLIEST, LATEST = -2_208_988_800.0, 7_258_118_400.0
"""Unix times of the years 1900 and 2200; a date outside is a placeholder or a mistake."""
_COMPACT = (
    (8, "%Y%m%d", "YYYYMMDD", 1900, 2100),
    (10, "%Y%m%d%H", "YYYYMMDDHH", 2000, 2099),  # as Unix seconds they lie after 2033
    (12, "%Y%m%d%H%M", "YYYYMMDDHHMM", 1990, 2099),  # as milliseconds, in 1976
    (14, "%Y%m%d%H%M%S", "YYYYMMDDHHMMSS", 1990, 2099),  # as milliseconds, in the year 2612
)
"""Dates in ISO 8601's basic form: digits, format, name, and the range of years in which a number is read as a date."""


_COUNTS = (
    (1900, 2100, 10_000, 2100, "a year, and times need a day"),
    (190_001, 210_012, 100, 12, "a year and a month (YYYYMM), whose steps are not equal"),
    (1_900_001, 2_100_366, 1000, 366, "a year and a day of it (YYYYDDD)"),
)
"""Ranges of numbers that count years, months or days: bounds, a modulus, its largest remainder, and a description."""


def unix_times(path: Path, frame: pd.DataFrame, column: Any) -> FloatArray:
    """Return a column of times as Unix seconds; a time without a zone is UTC.

    Args:
        path: Path of the file, for messages.
        frame: Table with the column; it receives notes on inferred forms, and `clock` if the times have no date.
        column: Name of the column. It holds texts, date-times, dates such as 20260131, or Unix times in seconds,
            milli-, micro- or nanoseconds, which are distinguished by their size.

    Raises:
        DataError: A field is in no known form, or is ambiguous; the message has its line.
    """
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    values = frame[column]
    called = frame.attrs.get("called", {}).get(column, column)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        if values.isna().any():
            raise refusal(path, frame, column, values.isna(), NOT_A_TIME)
        return _in_range(_seconds_of(values), partial(refusal, path, frame, column))
    codes, unique = pd.factorize(values)
    if (codes < 0).any():
        raise refusal(path, frame, column, codes < 0, NOT_A_TIME)

    def bad(wrong: Any, why: str) -> DataError:
        """Return the error of the first row with a wrong value."""
        return refusal(path, frame, column, np.asarray(wrong)[codes], why)

    if pd.api.types.is_bool_dtype(values.dtype):
        raise bad(np.ones(len(unique), dtype=bool), NOT_A_TIME)
    if pd.api.types.is_numeric_dtype(values.dtype):
        seconds = _of_numbers(np.asarray(unique, dtype=np.float64), frame, called, bad)
    else:
        texts = pd.Series(unique).astype("str").str.strip()
        has_iso = bool(texts.str.fullmatch(ISO).all())
        plain = (
            np.full(len(texts), np.nan) if has_iso else np.asarray(pd.to_numeric(texts, errors="coerce"), np.float64)
        )
        is_plain = ~np.isnan(plain)
        if is_plain.all():
            seconds = _of_numbers(plain, frame, called, bad)
        elif is_plain.any():
            most = is_plain.mean() > 0.5  # noqa: PLR2004  # the minority is wrong
            raise bad(~is_plain if most else is_plain, NOT_A_TIME if most else MIXED)
        else:
            seconds = _of_texts(texts, has_iso, frame, called, bad)
    return np.asarray(seconds[codes], dtype=np.float64)


_Bad = Callable[[Any, str], DataError]


def _seconds_of(values: pd.Series) -> FloatArray:
    aware = values if values.dt.tz is not None else values.dt.tz_localize("UTC")
    micros = aware.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
    return np.asarray(micros / 1e6, dtype=np.float64)


def _in_range(seconds: FloatArray, bad: _Bad) -> FloatArray:
    far = ~((seconds >= EARLIEST) & (seconds < LATEST))
    if far.any():
        raise bad(far, "is far from any date; correct it, or leave the row out")
    return seconds


def _of_texts(texts: pd.Series[str], has_iso: bool, frame: pd.DataFrame, column: Any, bad: _Bad) -> FloatArray:
    """Return texts as Unix seconds; the usual form is parsed all at once, others one by one."""
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    seconds = None
    if has_iso:
        times = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
        seconds = _seconds_of(times) if not times.isna().any() else None
    if seconds is None:
        seconds = _one_by_one(texts.tolist(), frame, column, bad)
    has_zone = texts.str.contains(HAS_ZONE)
    if has_zone.any() and not has_zone.all() and texts.str.contains(IS_SHIFTED).any():
        raise bad(~has_zone, "has no zone where other rows have one; write the zone in all rows")
    return _in_range(seconds, bad)


def _one_by_one(texts: list[str], frame: pd.DataFrame, column: Any, bad: _Bad) -> FloatArray:
    order = day_order(texts)
    if order is not None and order.contradiction:
        raise bad([text == order.contradiction for text in texts], order.why)
    times = [parsed(text, order) for text in texts]
    if any(time is None for time in times):
        raise bad([time is None for time in times], NOT_A_TIME)
    note(frame, f"times such as {texts[0]!r} in column {column!r} are {order.name if order else 'read as dates'}")
    return np.array(times, dtype=np.float64)


def _of_numbers(values: FloatArray, frame: pd.DataFrame, column: Any, bad: _Bad) -> FloatArray:
    infinite = ~np.isfinite(values)
    if infinite.any():
        raise bad(infinite, NOT_A_TIME)
    dates = _compact(values, frame, column, bad)
    if dates is not None:
        return dates
    _refuse_other_counts(values, bad)
    kinds = np.searchsorted(_BOUNDS, np.abs(values), side="right")
    usual = int(np.bincount(kinds).argmax())
    odd = kinds != usual
    if odd.any():
        other = UNITS[int(kinds[odd][0])][0]
        raise bad(
            odd,
            f"looks like Unix {other} where other rows have {UNITS[usual][0]}, and is far from them in time: "
            "a time must be wrong, or files were joined that count differently",
        )
    if usual == 0 and np.abs(values).max() < EARLIEST_EPOCH:
        frame.attrs["clock"] = "relative"
        note(
            frame,
            f"the numbers in column {column!r} are seconds since a beginning that is not known, without a date",
        )
    return values / UNITS[usual][1]


def _compact(values: FloatArray, frame: pd.DataFrame, column: Any, bad: _Bad) -> FloatArray | None:
    """Return the Unix seconds of dates written as whole numbers; None if the numbers are no dates."""
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    if not (values == np.rint(values)).all():
        return None
    for digits, form, name, first, last in _COMPACT:
        rest = 10.0 ** (digits - 4)
        if values.min() < first * rest or values.max() >= (last + 1) * rest:
            continue
        times = pd.Series(pd.to_datetime([f"{value:.0f}" for value in values], format=form, errors="coerce", utc=True))
        lost = times.isna()
        if not lost.any():
            note(frame, f"whole numbers in column {column!r} are dates, {name}")
            return _seconds_of(times)
        if digits == len("YYYYMMDD"):
            raise bad(lost, "is no day of the calendar where other rows look like YYYYMMDD; correct it")
    return None


def _refuse_other_counts(values: FloatArray, bad: _Bad) -> None:
    """Refuse numbers that would be Unix times in January 1970, but count years, months or days."""
    every = np.ones(len(values), dtype=bool)
    is_whole = bool((values == np.rint(values)).all())
    low, high = float(values.min()), float(values.max())
    remedy = "write dates as 2026-01-31, or Unix seconds"
    for first, last, size, most, form in _COUNTS:
        if is_whole and first <= low and high <= last and (values % size >= 1).all() and (values % size <= most).all():
            raise bad(every, f"looks like {form}; {remedy}")
    is_day_first = (values % 10_000 >= 1990) & (values % 10_000 < 2100) & (values >= 1_010_000) & (values < 32_000_000)  # noqa: PLR2004
    if is_whole and len(values) > 1 and is_day_first.all():
        raise bad(every, f"looks like a day, month and year without a separator (DDMMYYYY or MMDDYYYY); {remedy}")
    if low >= 20_000 and high <= 80_000:  # noqa: PLR2004  # days since 1900 of the years 1954 to 2119
        steps = np.diff(np.unique(values))
        if not is_whole or (len(steps) and steps.min() <= 1):
            form = "a spreadsheet's number of days since 1900; give the column a date format and save again"
            raise bad(every, f"looks like {form}: {remedy}")
