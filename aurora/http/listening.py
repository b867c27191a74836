"""Listens on an address, and ends connections in order."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

from aurora.errors import InputError
from aurora.http.connection import Connection

if TYPE_CHECKING:
    from aurora.http.connection import Traffic

BACKLOG = 1024
"""Connections that wait to be accepted."""
SWEEP_SECONDS = 0.1
"""Seconds between looks at which connections have run out of time."""
HANDSHAKE_SECONDS = 10.0
"""Most seconds of a TLS handshake."""
DRAIN_SECONDS = 10.0
"""Most seconds for what was asked before the end."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can connect to an address."""
    return host in _LOOPBACK


def listen(host: str, port: int) -> socket.socket:
    """Open a socket that listens.

    Args:
        host: Address.
        port: Port; 0 for any that is free.

    Raises:
        InputError: The address can't be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"can't listen there: {reason}", parameter="host", value=f"{host}:{port}") from None


async def accept(traffic: Traffic, listening: socket.socket, tls: ssl.SSLContext | None = None) -> asyncio.Server:
    """Begin to take up connections."""
    return await asyncio.get_running_loop().create_server(
        lambda: Connection(traffic),
        sock=listening,
        ssl=tls,
        ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None,
        backlog=BACKLOG,
    )


async def sweep(traffic: Traffic) -> None:
    """End connections whose time is over, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        traffic.expire(loop.time())


async def drain(traffic: Traffic, seconds: float = DRAIN_SECONDS) -> None:
    """Answer what was asked, for so many seconds at most, and close all connections."""
    loop = asyncio.get_running_loop()
    traffic.drain()
    until = loop.time() + seconds
    while traffic.connections and loop.time() < until:
        await asyncio.sleep(SWEEP_SECONDS / 10)
    traffic.abort()
