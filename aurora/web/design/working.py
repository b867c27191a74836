"""Computes beside the event loop, for as long as the visitor is there and wants it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from nicegui import ui

from aurora.types import Cancelled, Progress

CANCELLED = "It was ended at your wish. Nothing is kept of it."
"""What is shown where a person has cancelled work."""
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


async def compute(function: Callable[Parameters, Result], *args: Parameters.args, **named: Parameters.kwargs) -> Result:
    """Run a function in a thread, and return what it returns.

    NiceGUI's `run.io_bound` returns None where a visitor leaves meanwhile, which callers take for a result.

    Args:
        function: The function; it touches no element of the page.
        args: Its arguments.
        named: Its arguments by name.

    Raises:
        asyncio.CancelledError: The visitor has left; nobody is there to be shown anything.
    """
    client = ui.context.client
    made = await asyncio.to_thread(function, *args, **named)
    if client.is_deleted:
        raise asyncio.CancelledError
    return made


class Stop:
    """Ends work of a page at its next step, when a button is pressed or the visitor leaves.

    It is made in the page whose work it ends.
    """

    def __init__(self) -> None:
        self._client = ui.context.client
        self._is_asked = threading.Event()

    def ask(self) -> None:
        """Have the work end."""
        self._is_asked.set()

    def among(self, progress: Progress) -> Progress:
        """Return what receives the steps of the work, passes them on, and ends it where nobody wants it.

        Args:
            progress: Receives the steps.
        """

        def step(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
            if self._is_asked.is_set() or self._client.is_deleted:
                raise Cancelled
            progress(stage, done, total, detail)

        return step
