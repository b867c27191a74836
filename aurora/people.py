"""Names the person behind a process, for journals and approvals."""

from __future__ import annotations

import getpass
import os


def user() -> str:
    """Return the name of the user of this process; its number where it has none, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
