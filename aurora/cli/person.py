"""Who gives a command, for journals."""

from __future__ import annotations


def person(who: str | None) -> str:
    """Return whom an option names; without one, the user of this process."""
    import getpass

    if who is not None:
        return who
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return "unknown"
