"""Serves one client over standard input and output."""

from __future__ import annotations

from typing import Any

import anyio
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server


def serve_stdio(server: Server[Any]) -> None:
    """Serve the client at the other end of standard input until it closes that.

    Only messages of the protocol are written to standard output: what else would go there goes to standard error.

    Args:
        server: The server.
    """
    anyio.run(_serve, server)


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
