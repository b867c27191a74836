"""Calls over a client of the official SDK."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client, types

from aurora.mcp_server import McpSettings, create_server
from aurora.mcp_server.calls import Calls
from aurora.mcp_server.desks import Desks
from aurora.tools.desk import Desk

POINTER = re.compile(r'\n\[\d+ characters more: more\(id="([^"]+)", offset=(\d+)\)\]$')


@asynccontextmanager
async def connected(desk: Desk, *, mode: str = "auto", **settings: Any) -> AsyncIterator[tuple[Client, Calls]]:
    """Connect a client to a server in this process."""
    server, calls = create_server(Desks(desk), McpSettings(**settings))
    async with Client(server, mode=mode) as client:
        yield client, calls
    calls.close()


def text_of(result: types.CallToolResult) -> str:
    (part,) = result.content
    assert isinstance(part, types.TextContent)
    return part.text


async def whole(client: Client, name: str, arguments: dict[str, Any]) -> Any:
    """Return a result as JSON, with all that was cut."""
    text = text_of(await client.call_tool(name, arguments))
    parts = []
    while (pointer := POINTER.search(text)) is not None:
        parts.append(text[: pointer.start()])
        text = text_of(await client.call_tool("more", {"id": pointer[1], "offset": int(pointer[2])}))
    return json.loads("".join([*parts, text]))
