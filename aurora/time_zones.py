"""Time zones by their IANA names."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aurora.errors import InputError


def time_zone(name: str, parameter: str = "zone") -> ZoneInfo:
    """Return a time zone.

    Args:
        name: IANA name, such as `Europe/Berlin`.
        parameter: Name of the caller's parameter, for the error.

    Raises:
        InputError: The time zone is not known.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "this time zone is not known; write one such as Europe/Berlin"
        raise InputError(message, parameter=parameter, value=name) from None
