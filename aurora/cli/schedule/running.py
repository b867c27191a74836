"""Runs a service until it is stopped: by Ctrl-C, by SIGTERM, or when its time is over."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType


def until_stopped(work: Callable[[], None] | None, stop: Callable[[], None] | None, *, seconds: float = 0.0) -> None:
    """Work in a thread until the process is asked to end; both signals end it in order, with exit code 0.

    Args:
        work: What runs until `stop` is called, or ends by itself; None where other threads work already.
        stop: Ends it.
        seconds: Seconds after which it ends by itself; 0: never.
    """
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    def run() -> None:
        try:
            if work is not None:
                work()
        finally:
            asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    thread = threading.Thread(target=run, daemon=True) if work is not None else None
    try:
        if thread is not None:
            thread.start()
        asked.wait(seconds or None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if stop is not None:
            stop()
        if thread is not None:
            thread.join()
