"""Runs a part of an application while the application runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI


def run_with(app: FastAPI, part: Callable[[], AbstractAsyncContextManager[None]]) -> None:
    """Have a part run from the start of an application to its end.

    Args:
        app: The application.
        part: Returns the block in which the part runs.
    """
    outer = app.router.lifespan_context

    @asynccontextmanager
    async def both(started: Any) -> AsyncIterator[Any]:
        async with outer(started) as state, part():
            yield state

    app.router.lifespan_context = both
