"""`aurora mcp --http` as a process."""

import os
import signal
import subprocess

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.mcp_server.processes import ENVIRONMENT, command, ended

TOKEN = "a token of more than sixteen letters"


async def test_it_serves_clients_with_the_token_and_ends_in_order(tmp_path) -> None:
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    words = command("--http", "--port", "0", "--token-file", str(secret), "--allow-plans", "--plans", str(tmp_path))
    with (
        subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | ENVIRONMENT
        ) as process,
        ended(process),
    ):
        assert process.stderr is not None
        told = process.stderr.readline().decode()
        url = next(word for word in told.split() if word.startswith("http://127.0.0.1:"))
        assert httpx2.post(url, json={}, timeout=60).status_code == 401
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            assert "make_plan" in {t.name for t in (await client.list_tools()).tools}
            assert not (await client.call_tool("cluster_overview", {})).is_error
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert process.stdout.read() == b""


def test_an_address_that_others_reach_needs_a_token() -> None:
    words = command("--http", "--host", "0.0.0.0", "--port", "0")
    done = subprocess.run(words, capture_output=True, env=os.environ | ENVIRONMENT, check=False)
    assert done.returncode == 2
    assert b"token" in done.stderr


def test_a_token_without_http_is_a_usage_error(tmp_path) -> None:
    words = command("--token-file", str(tmp_path / "none"))
    done = subprocess.run(words, capture_output=True, env=os.environ | ENVIRONMENT, check=False)
    assert done.returncode == 2
    assert b"--http" in done.stderr
