"""Serves the web desk until it is stopped; what is under way is finished or saved first."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from aurora.errors import InputError
from aurora.web.app import create_app
from aurora.web.context import WebContext
from aurora.web.settings import WebSettings

GRACE_SECONDS = 10
"""Longest time for requests that are under way when the server is to end."""
BACKLOG = 256


def serve(settings: WebSettings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve pages, API, MCP and probes until SIGINT or SIGTERM.

    Args:
        settings: What is served, and where.
        ready: Called with the address once connections are taken.

    Raises:
        InputError: The address can't be listened on, or others reach it and there is no token.
        FileError: A file can't be read or made.
        DataError: A file is none of a snapshot, or of series.
        StoreError: The file of conversations can't be used.
    """
    if not settings.is_local and not settings.token:
        raise InputError("an address that others reach needs a token", parameter="host", value=settings.host)
    with _listening(settings) as listener:
        context = WebContext(settings)
        try:
            app = create_app(context)
            server = uvicorn.Server(
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
                )
            )
            if ready is not None:
                ready(_address(settings, listener))
            server.run(sockets=[listener])
        finally:
            context.close()


def _listening(settings: WebSettings) -> socket.socket:
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
    return f"http://{host}:{port}/"
