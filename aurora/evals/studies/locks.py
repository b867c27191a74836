"""Looks whether another process holds a lock, and waits for one that is about to end."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path

POLL_SECONDS = 0.1


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock on a file."""
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def await_unlocked(path: Path, seconds: float) -> None:
    """Wait until no process holds the lock on a file, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while is_locked(path) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
