"""Requests to stop: Ctrl-C and SIGTERM while a run works."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Handle Ctrl-C and SIGTERM while the block runs: the first requests a stop, the second ends the process at once.

    Nothing committed is lost either way, because the archive stores an iteration as a whole or not at all.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread can handle signals
        yield asked.is_set
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in STOP_SIGNALS}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
