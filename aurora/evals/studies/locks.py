"""Waits for a lock that is about to be released."""

from __future__ import annotations

import time
from pathlib import Path

from aurora.files import is_locked

POLL_SECONDS = 0.1


def await_unlocked(path: Path, seconds: float) -> None:
    """Wait until no process holds the lock on a file, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while is_locked(path) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
