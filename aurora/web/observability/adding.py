"""Adds metrics, logs, traces and probes to an application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aurora.mcp_server.calls import CallDone
from aurora.web.context import WebContext
from aurora.web.lifespan import run_with
from aurora.web.observability.health import Readiness
from aurora.web.observability.metrics import KIND, Meter
from aurora.web.observability.requests import Watched
from aurora.web.observability.tracing import start_tracing
from aurora.web.observability.turns import TurnWatch


def add_observability(app: FastAPI, context: WebContext) -> None:
    """Add the probes, the metrics, and the watching of turns.

    Args:
        app: The application.
        context: What its parts share.

    Raises:
        MissingExtraError: Traces are wanted, and their libraries are not installed.
    """
    meter, tracing, readiness = Meter(), start_tracing(), Readiness(context)
    app.state.meter, app.state.tracing = meter, tracing

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        problem = await anyio.to_thread.run_sync(readiness.problem)
        return PlainTextResponse(f"{problem or 'ok'}\n", 503 if problem else 200)

    async def metrics(_: Request) -> Response:
        return Response(await anyio.to_thread.run_sync(meter.text), media_type=KIND)

    for path, answer in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        app.router.add_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        readiness.begin()
        turns = context.turns
        turns.watch = lambda: TurnWatch(meter, tracing)
        meter.watch_models(turns.spent)
        yield
        if tracing is not None:
            tracing.close()

    run_with(app, running)


def count_call(app: FastAPI, done: CallDone) -> None:
    """Count a call of a client of the MCP server."""
    meter: Meter | None = getattr(app.state, "meter", None)
    if meter is not None:
        meter.tool(done.tool, done.outcome, done.seconds, "mcp")


def watch_requests(app: FastAPI) -> None:
    """Watch all requests; to be called when nothing else is put before the application.

    Args:
        app: The application, after `add_observability`.
    """
    app.add_middleware(Watched, meter=app.state.meter, tracing=app.state.tracing)
