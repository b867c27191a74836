"""Parses times in the forms that people and tools write besides ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_ZONE = r"(?P<zone>\s*(?:Z|z|UTC|GMT|(?:UTC|GMT)?\s?[+-]\d{2}:?(?:\d{2})?)(?:\s+UTC|\s*\([\w \u00c0-\u024f]+\))?)?"
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[aApP])\.?[mM]\.?)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_MONTH = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATES = (
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<one>\d{1,2})(?P<mark>[-/.])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4})",
    rf"(?P<day>\d{{1,2}})[\s-]{_MONTH}[\s,-]\s*(?P<year>\d{{4}})",
    rf"{_MONTH}\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})",
)
_FORMS = tuple(
    re.compile(rf"{_WEEKDAY}{date}(?:(?:[Tt]|,?\s+|\s+at\s+){_CLOCK}{_ZONE})?", re.IGNORECASE) for date in _DATES
)
_BASIC = re.compile(
    rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}})[Tt](?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})?"
    rf"(?:[.,](?P<fraction>\d{{1,9}}))?{_ZONE}"
)
_CTIME = re.compile(rf"{_WEEKDAY}{_MONTH}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}{_ZONE}\s+(?P<year>\d{{4}})", re.IGNORECASE)
_ALL = (*_FORMS, _BASIC, _CTIME)
_ISO_CLOCK = r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?: ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
ISO = rf"(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}){_ISO_CLOCK}"
"""A day or a time in ISO 8601's extended form, also with a blank or with slashes."""
_AFTER_CLOCK = r"(?::[0-9]{2}|[Tt][0-9]{4}).*"
HAS_ZONE = _AFTER_CLOCK + r"(?:[Zz]$|UTC|GMT|[+-][0-9]{2})"
"""A time with its zone; a day alone has none."""
IS_SHIFTED = _AFTER_CLOCK + r"[+-](?:0[1-9]|1[0-9]|00:?(?:0[1-9]|[1-5][0-9]))"
"""A time in a zone that is ahead of or behind UTC."""
_SHORT = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2\d{4}(?!\d)")


class DayOrder(NamedTuple):
    """Order of day and month in the dates of a column.

    Attributes:
        is_day_first: True for 31/1/2026, False for 1/31/2026.
        name: Description for people.
        contradiction: Date that no order fits, or that has two readings; "" if one order fits all dates.
        why: Reason for the contradiction.
    """

    is_day_first: bool
    name: str
    contradiction: str = ""
    why: str = ""


def looks_like_time(text: str) -> bool:
    """Return whether a text is a day or a time in one of the forms that are read."""
    return any(form.fullmatch(text) for form in _ALL)


def day_order(texts: Sequence[str]) -> DayOrder | None:
    """Find the order of day and month in a column of dates; return None if they begin with the year or name the month.

    A number above 12 in any row is the day. In dates with dots (31.1.2026), the day comes first. Otherwise the order is
    unknown.
    """
    dates = [(text, match) for text in texts if (match := _SHORT.match(text))]
    if not dates:
        return None
    day_first = [text for text, m in dates if int(m[1]) > 12]  # noqa: PLR2004  # months
    month_first = [text for text, m in dates if int(m[3]) > 12]  # noqa: PLR2004  # months
    if day_first and month_first:
        why = f"has the month first where {day_first[0]!r} has the day first; write dates as 2026-01-31"
        return DayOrder(True, "", month_first[0], why)
    if day_first or (not month_first and all(m[2] == "." for _, m in dates)):
        return DayOrder(True, "read with the day before the month")
    if month_first:
        return DayOrder(False, "read with the month before the day")
    text = dates[0][0]
    return DayOrder(True, "", text, "can be two days, as no row says which number is the month; write it as 2026-01-31")


def parsed(text: str, order: DayOrder | None) -> float | None:
    """Parse a time as Unix seconds; return None for an unknown form or a day that is not in the calendar.

    Example:
        >>> parsed("Jan 2, 2026 3:04 PM", None) == parsed("2026-01-02T15:04:00Z", None) == 1767366240.0
        True
    """
    match = next((match for form in _ALL if (match := form.fullmatch(text))), None)
    if match is None:
        return None
    parts = match.groupdict()
    if parts.get("one"):
        if order is None:
            return None
        day, month = (parts["one"], parts["two"]) if order.is_day_first else (parts["two"], parts["one"])
    else:
        month = parts.get("month") or str(_MONTHS.index(parts["name"].lower()) + 1)
        day = parts["day"]
    hour = int(parts.get("hour") or 0)
    if parts.get("half"):
        if not 1 <= hour <= 12:  # noqa: PLR2004  # hours of a clock face
            return None
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    try:
        moment = datetime(
            int(parts["year"]),
            int(month),
            int(day),
            hour,
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
            tzinfo=UTC,
        )
        offset = _offset(parts.get("zone") or "")
    except ValueError:
        return None
    return (
        (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
        + float(f"0.{parts.get('fraction') or 0}")
        - offset
    )


def _offset(zone: str) -> float:
    """Return the seconds that a zone is ahead of UTC."""
    match = re.search(r"([+-])(\d{2}):?(\d{2})?", zone)
    if not match:
        return 0.0
    hours, minutes = int(match[2]), int(match[3] or 0)
    if hours > 14 or minutes > 59:  # noqa: PLR2004  # the zone farthest from UTC
        raise ValueError(zone)
    return (1 if match[1] == "+" else -1) * (hours * 3600 + minutes * 60)
