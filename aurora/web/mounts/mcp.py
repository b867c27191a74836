"""The MCP server at `/mcp`, over streamable HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from aurora.mcp_server import McpSettings, create_server
from aurora.mcp_server.calls import CallDone
from aurora.mcp_server.desks import Desks
from aurora.mcp_server.http import METHODS, PATH, HttpServer
from aurora.web.context import WebContext
from aurora.web.lifespan import run_with
from aurora.web.observability.adding import count_call


def add_mcp(app: FastAPI, context: WebContext) -> None:
    """Add the MCP server of what the web desk has open.

    Args:
        app: The application.
        context: What its parts share.
    """
    settings = McpSettings(may_plan=context.settings.mcp_plans)
    mount_mcp(app, Desks(context.desk, context.refresh), settings, watch=partial(count_call, app))


def mount_mcp(
    app: FastAPI, desks: Desks, settings: McpSettings, *, watch: Callable[[CallDone], None] | None = None
) -> None:
    """Add an MCP server to an application, which checks who may call.

    Args:
        app: The application.
        desks: Lends the data.
        settings: What clients may do.
        watch: Receives each call that was answered.
    """
    http = HttpServer()

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        server, calls = create_server(desks, settings, watch=watch)  # anew, so that an application can start again
        async with http.running(server):
            yield
        calls.close()

    app.router.add_route(PATH, http, methods=list(METHODS), include_in_schema=False)  # type: ignore[arg-type]
    run_with(app, running)
