"""Who gives a command, for journals."""

from __future__ import annotations


def person(who: str | None) -> str:
    """Return whom an option names; without one, the user of this process."""
    from aurora.people import user

    return user() if who is None else who
