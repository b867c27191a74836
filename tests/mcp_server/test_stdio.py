"""`aurora mcp` as a process: both eras of the protocol, its two outputs, and clients that leave."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.mcp_server.clients import POINTER, text_of
from tests.mcp_server.processes import ENVIRONMENT, ROOT, command, ended
from tests.mcp_server.questions import calls_of_reading


async def test_a_client_lists_and_calls_every_tool_of_a_process(planned) -> None:
    (plan_id,) = [p.stem for p in planned.glob("*.json")]
    program, *words = command("--plans", str(planned))
    async with Client(StdioServerParameters(command=program, args=words, env=ENVIRONMENT, cwd=ROOT)) as client:
        assert client.session.protocol_version == "2026-07-28"
        cut = POINTER.search(text_of(await client.call_tool("find_tasks", {})))
        assert cut is not None
        calls = calls_of_reading(plan_id, cut[1])
        assert {tool.name for tool in (await client.list_tools()).tools} == set(calls)
        for name, arguments in calls.items():
            answer = await client.call_tool(name, arguments)
            assert not answer.is_error, (name, text_of(answer))


def request(number: int, method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


HELLO = request(
    0, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "test", "version": "1"}
)


def test_only_the_protocol_is_on_standard_output_and_bad_input_does_not_end_it(tmp_path) -> None:
    words = [
        HELLO,
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n',
        b"this is no JSON\n",
        b"\xff\xfe\n",
        b"[" * 5000 + b"\n",
        request(1, "tools/call", name="cluster_overview", arguments=[]),
        request(2, "tools/call", name=7),
        request(3, "no/method"),
        request(4, "tools/call", name="node_details", arguments={"node_id": "x" * 3_000_000}),
        request(5, "tools/call", name="cluster_overview", arguments={}),
    ]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(), env=os.environ | ENVIRONMENT, **pipes) as process, ended(process):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"".join(words))
        process.stdin.flush()
        answers = {}
        while 5 not in answers:
            line = json.loads(process.stdout.readline())
            assert line["jsonrpc"] == "2.0"
            answers[line.get("id")] = line
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stdout.read() == b""
        assert process.stderr is not None
        assert b"web-shop" in process.stderr.read()
    assert "error" in answers[1]
    assert "error" in answers[2]
    assert "error" in answers[3]
    assert answers[4]["result"]["isError"]
    assert not answers[5]["result"].get("isError")


@pytest.mark.parametrize("way", ["closed", "killed"])
def test_the_server_ends_when_its_client_leaves_in_the_middle_of_a_call(way, tmp_path) -> None:
    """The client is a process of its own, whose death closes the server's input."""
    slow = request(1, "tools/call", name="rank_cluster_policies", arguments={})
    code = (
        "import subprocess, sys, time\n"
        f"server = subprocess.Popen({command()!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "print(server.pid, flush=True)\n"
        f"server.stdin.write({HELLO!r}); server.stdin.flush(); server.stdout.readline()\n"
        f"server.stdin.write({slow!r}); server.stdin.flush()\n"
        "print('asked', flush=True)\n"
        + ("sys.stdin.read()\n" if way == "killed" else "server.stdin.close(); server.stdout.close()\n")
    )
    with (
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | ENVIRONMENT
        ) as client,
        ended(client),
    ):
        assert client.stdout is not None
        server = int(client.stdout.readline())
        assert client.stdout.readline() == b"asked\n"
        if way == "killed":
            client.send_signal(signal.SIGKILL)
        until = time.monotonic() + 60
        while Path(f"/proc/{server}").exists() and _state(server) != "Z":
            assert time.monotonic() < until, "the server goes on without a client"
            time.sleep(0.05)


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def test_a_snapshot_that_is_not_there_is_an_error_before_anything_is_served() -> None:
    done = subprocess.run(
        command("--snapshot", "sample:nothing"),
        input=HELLO,
        capture_output=True,
        env=os.environ | ENVIRONMENT,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == b""
    assert b"sample" in done.stderr
