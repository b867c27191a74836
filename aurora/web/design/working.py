"""Computes beside the event loop, for as long as the visitor is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from nicegui import ui

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
