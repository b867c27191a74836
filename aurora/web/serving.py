"""Serves the web desk until it is stopped; what is under way is finished or saved first."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from aurora.errors import InputError
from aurora.mcp_server import McpSettings
from aurora.mcp_server.desks import Desks
from aurora.tools.desk import Desk
from aurora.web.app import create_app
from aurora.web.context import WebContext
from aurora.web.mounts.mcp import mount_mcp
from aurora.web.security.tls import check_tls
from aurora.web.security.wall import secure
from aurora.web.settings import WebSettings

GRACE_SECONDS = 10
"""Longest time for requests that are under way when the server is to end."""
BACKLOG = 256
MAX_CONNECTIONS = 4096
"""Most connections at a time; others get status 503."""


def serve(settings: WebSettings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve pages, API, MCP and probes until SIGINT or SIGTERM.

    Turns that are at work then have some seconds to end; the others are saved, and go on with the next server.

    Args:
        settings: What is served, and where.
        ready: Called with the address once connections are taken.

    Raises:
        InputError: The address can't be listened on, others reach it and there is no token, or certificate and key
            don't fit.
        FileError: A file can't be read or made.
        DataError: A file is none of a snapshot, or of series.
        StoreError: The file of conversations can't be used.
    """
    check_tls(settings)
    with _listening(settings) as listener:
        context = WebContext(settings)
        try:
            _run(create_app(context), settings, listener, ready, context.close)
        finally:
            context.close()


def serve_mcp(
    desk: Desk, mcp: McpSettings, settings: WebSettings, *, ready: Callable[[str], None] | None = None
) -> None:
    """Serve the MCP server alone, behind the same checks, until SIGINT or SIGTERM.

    Args:
        desk: Open data.
        mcp: What clients may do.
        settings: Where it is served, and who may call.
        ready: Called with the address once connections are taken.

    Raises:
        InputError: The address can't be listened on, others reach it and there is no token, or certificate and key
            don't fit.
        FileError: A file can't be read.
    """
    check_tls(settings)
    with _listening(settings) as listener:
        app = FastAPI(openapi_url=None)
        mount_mcp(app, Desks(desk), mcp)
        secure(app, settings)
        _run(app, settings, listener, ready, lambda: None)


def _run(
    app: FastAPI,
    settings: WebSettings,
    listener: socket.socket,
    ready: Callable[[str], None] | None,
    end: Callable[[], None],
) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            timeout_graceful_shutdown=GRACE_SECONDS,
            h11_max_incomplete_event_size=32 << 10,
            ws_max_size=1 << 20,
            limit_concurrency=MAX_CONNECTIONS,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        ),
        lambda: ready(_address(settings, listener)) if ready is not None else None,
        end,
    )
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that ends in order, with exit code 0, on SIGINT and SIGTERM; a second SIGINT ends it at once."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], ended: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started
        self._end = ended

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals while it runs; unlike uvicorn's own, they aren't raised again after it."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections, and tell so."""
        await super().startup(sockets)
        self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests end, then the rest; threads of pages wait for it, and the loop waits for these threads."""
        await super().shutdown(sockets)
        await asyncio.to_thread(self._end)


def _listening(settings: WebSettings) -> socket.socket:
    if not settings.is_local and not settings.token:
        raise InputError("an address that others reach needs a token", parameter="host", value=settings.host)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise InputError(
            f"can't listen on {settings.host}:{settings.port}: {error}; choose another --port",
            parameter="port",
            value=settings.port,
        ) from None
    return listener


def _address(settings: WebSettings, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{settings.scheme}://{host}:{port}/"
