"""Serves many clients over streamable HTTP, as a route of an application that checks who may call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

PATH = "/mcp"
METHODS = ("GET", "POST", "DELETE")
MAX_SESSIONS = 256
"""Most sessions of clients that speak a protocol before 2026-07-28, which has none."""
IDLE_SECONDS = 1800.0
"""Seconds without a request after which a session ends."""
MAX_BODY_BYTES = 1 << 20
"""Most bytes of a request."""


class HttpServer:
    """A server over streamable HTTP, an ASGI application for one path.

    It checks neither token nor Host nor Origin: the application that has it as a route does. Ids of sessions have 122
    random bits.
    """

    def __init__(self) -> None:
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def running(self, server: Server[Any]) -> AsyncIterator[None]:
        """Take requests while the block runs.

        Args:
            server: Who answers.
        """
        manager = StreamableHTTPSessionManager(
            server, max_sessions=MAX_SESSIONS, session_idle_timeout=IDLE_SECONDS, max_request_body_size=MAX_BODY_BYTES
        )
        async with manager.run():
            self._manager = manager
            try:
                yield
            finally:
                self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        manager = self._manager
        if manager is None:
            await PlainTextResponse("the server starts or ends; try again", 503)(scope, receive, send)
            return
        await manager.handle_request(scope, receive, send)
