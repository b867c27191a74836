"""The MCP server of the web desk, over streamable HTTP: tools, sessions, and who may call."""

import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from aurora.web.app import create_api
from aurora.web.context import WebContext
from tests.mcp_server.clients import POINTER, text_of
from tests.mcp_server.conftest import planned  # noqa: F401  # a fixture
from tests.mcp_server.questions import calls_of_reading
from tests.web.mounts.served import served

TOKEN = "a token of more than sixteen letters"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def address(settings, planned) -> Iterator[str]:  # noqa: F811
    shutil.copytree(planned, settings.plans)
    context = WebContext(settings)
    with served(create_api(context)) as url:
        yield url
    context.close()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_lists_and_calls_every_tool(address, planned, mode) -> None:  # noqa: F811
    (plan_id,) = [p.stem for p in planned.glob("*.json")]
    async with Client(f"{address}/mcp", mode=mode) as client:
        assert client.session.protocol_version == ("2026-07-28" if mode == "auto" else "2025-11-25")
        cut = POINTER.search(text_of(await client.call_tool("find_tasks", {})))
        assert cut is not None
        calls = calls_of_reading(plan_id, cut[1])
        assert {tool.name for tool in (await client.list_tools()).tools} == set(calls)
        for name, arguments in calls.items():
            answer = await client.call_tool(name, arguments)
            assert not answer.is_error, (name, text_of(answer))


async def test_two_clients_at_once_and_one_that_is_cut_off_in_the_middle_of_a_call(address) -> None:
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "rank_cluster_policies"}}
    async with Client(f"{address}/mcp", mode="legacy") as one, Client(f"{address}/mcp") as two:
        place = urlsplit(address)
        async with httpx2.AsyncClient() as plain:
            opened = await plain.post(f"{address}/mcp", json=HELLO, headers=ACCEPT)
        body = json.dumps(call).encode()
        head = (
            f"POST /mcp HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
            f"Accept: {ACCEPT['Accept']}\r\nMcp-Session-Id: {opened.headers['mcp-session-id']}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((place.hostname, place.port)) as cut:
            cut.sendall(head.encode() + body)
        with anyio.fail_after(60):
            for client in (one, two):
                assert not (await client.call_tool("cluster_overview", {})).is_error


async def test_a_client_with_the_token_is_let_in(settings) -> None:
    context = WebContext(replace(settings, token=TOKEN))
    with served(create_api(context)) as url:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
        ):
            assert (await client.list_tools()).tools
    context.close()


def test_requests_that_are_no_client_s_are_refused(open_api) -> None:
    with open_api(token=TOKEN) as api:
        right = {**ACCEPT, "Authorization": f"Bearer {TOKEN}"}
        assert api.post("/mcp", json=HELLO, headers=ACCEPT).status_code == 401
        assert api.post("/mcp", json=HELLO, headers={**ACCEPT, "Authorization": "Bearer x"}).status_code == 401
        assert api.post("/mcp", json=HELLO, headers={**right, "Origin": "http://evil.example"}).status_code == 403
        assert api.post("/mcp", json=HELLO, headers={**right, "Host": "evil.example"}).status_code == 403
        assert api.post("/mcp", content=b"x" * (5 << 20), headers=right).status_code == 413
        assert api.post("/mcp", content=b"x" * (2 << 20), headers=right).status_code == 413
        assert api.post("/mcp", content=b"{", headers={**right, "Content-Type": "application/json"}).status_code == 400
        assert api.post("/mcp", content=b"{}", headers={**right, "Content-Type": "text/plain"}).status_code == 400
        assert api.put("/mcp", headers=right).status_code == 405
        assert api.post("/mcp", json=HELLO, headers=right).status_code == 200


def test_sessions_have_ids_that_nobody_guesses_and_end_when_their_client_says_so(open_api) -> None:
    with open_api() as api:
        ids = [api.post("/mcp", json=HELLO, headers=ACCEPT).headers["mcp-session-id"] for _ in range(3)]
        assert len({*ids}) == 3
        assert all(len(i) >= 32 for i in ids)
        ask = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
        guessed = {**ACCEPT, "Mcp-Session-Id": "0" * 32}
        assert api.post("/mcp", json=ask, headers=guessed).status_code == 404
        own = {**ACCEPT, "Mcp-Session-Id": ids[0]}
        assert api.post("/mcp", json=ask, headers=own).status_code == 200
        assert api.delete("/mcp", headers=own).status_code == 200
        assert api.post("/mcp", json=ask, headers=own).status_code == 404


def test_before_the_start_a_client_is_told_to_try_again(api) -> None:
    assert api.post("/mcp", json=HELLO, headers=ACCEPT).status_code == 503
