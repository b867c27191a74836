"""The server keeps its limits whatever clients do, and ends in order."""

import http.client
import json
import resource
import socket
import threading
import time
from typing import Any

import pytest

from aurora.cluster.scheduler import server as server_module
from aurora.cluster.scheduler.extender import Answer, Extender
from aurora.cluster.scheduler.server import ExtenderServer, ServerSettings
from aurora.http import connection as connection_module
from aurora.http.requests import MAX_HEAD_BYTES
from tests.cluster.scheduler.serving import cluster, sent, served
from tests.cluster.scheduler.wire_format import node, pod, with_names, with_nodes

BODY = json.dumps(with_names(pod(), "big")).encode()


def opened(server: Any, timeout: float = 120) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def post(path: str, body: bytes = BODY, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def rest(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def test_the_server_answers_probes_verbs_and_what_it_does_not_know() -> None:
    body = json.dumps(with_names(pod(), "big")).encode()
    with served() as server:
        assert sent(server, "POST", "/filter", body)[0] == 200
        assert json.loads(sent(server, "POST", "/prioritize", body)[1]) == [{"Host": "big", "Score": 10}]
        assert sent(server, "GET", "/healthz") == (200, b"ok\n")
        assert sent(server, "GET", "/readyz") == (200, b"ok\n")
        metrics = sent(server, "GET", "/metrics")[1].decode()
        assert 'aurora_extender_requests_total{verb="filter",code="200"} 1' in metrics
        assert "aurora_extender_nodes 3" in metrics
        assert sent(server, "POST", "/preempt", b"{}")[0] == 404
        assert sent(server, "GET", "/filter")[0] == 405
        assert sent(server, "PUT", "/filter", b"{}")[0] == 501
        assert sent(server, "POST", "/filter", b"{")[0] == 400


def test_one_connection_serves_many_requests() -> None:
    body = json.dumps(with_names(pod(), "big")).encode()
    with served() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        for verb in ("filter", "prioritize", "bad", "filter"):
            connection.request("POST", f"/{verb}", body)
            response = connection.getresponse()
            response.read()
            assert response.status == (404 if verb == "bad" else 200)


def test_requests_that_come_at_once_are_answered_in_turn() -> None:
    with served() as server, opened(server) as connection:
        connection.sendall(post("/filter") + post("/bad") + post("/prioritize", BODY, "Connection: close"))
        answers = rest(connection).split(b"HTTP/1.1 ")[1:]
    assert [a[:3] for a in answers] == [b"200", b"404", b"200"]
    assert json.loads(answers[2].partition(b"\r\n\r\n")[2]) == [{"Host": "big", "Score": 10}]


def test_a_client_that_sends_no_more_gets_its_answers() -> None:
    with served() as server, opened(server) as connection:
        connection.sendall(post("/filter") * 3)
        connection.shutdown(socket.SHUT_WR)
        assert rest(connection).count(b"HTTP/1.1 200") == 3


def test_a_body_is_asked_for_where_the_client_waits() -> None:
    with served() as server, opened(server) as connection:
        head, _, body = post("/filter", BODY, "Expect: 100-continue", "Connection: close").partition(b"\r\n\r\n")
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert b" 200 OK" in rest(connection)


def test_head_has_no_body_and_http_1_0_ends_the_connection() -> None:
    with served() as server, opened(server) as connection:
        connection.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.0\r\n\r\n")
        answers = rest(connection)
    assert answers.count(b"Content-Length: 3") == 2
    assert answers.count(b"ok\n") == 1


BROKEN = {
    "no HTTP": (b"\x16\x03\x01 hello\r\n\r\n", 400),
    "two lengths": (b"POST /filter HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
    "length of letters": (b"POST /filter HTTP/1.1\r\nContent-Length: ten\r\n\r\n", 400),
    "huge length": (b"POST /filter HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
    "no length": (b"POST /filter HTTP/1.1\r\nHost: x\r\n\r\n", 411),
    "length and chunks": (
        b"POST /filter HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "upgrade": (b"GET /healthz HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_request_is_refused_and_ends_the_connection(case: str) -> None:
    raw, status = BROKEN[case]
    with served() as server:
        with opened(server) as connection:
            connection.sendall(raw)
            last = rest(connection).split(b"HTTP/1.1 ")[-1]
        assert int(last[:3]) == status
        assert b"Connection: close" in last
        assert sent(server, "POST", "/filter", BODY)[0] == 200


def test_sizes_and_times_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_SECONDS", 0.3)
    with served(ServerSettings(port=0, max_body=1000)) as server:
        assert sent(server, "POST", "/filter", b"x" * 1001)[0] == 413
        with opened(server) as slow:
            slow.sendall(b"POST /filter HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            assert b" 408 " in rest(slow)
        with opened(server) as vague:
            vague.sendall(b"POST /filter HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            assert b" 411 " in rest(vague)
        with opened(server) as silent:
            assert rest(silent) == b""
        with opened(server) as long:
            long.sendall(b"GET /healthz HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES)
            assert b" 431 " in rest(long)


def test_a_head_that_drips_ends_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_SECONDS", 0.4)
    with served() as server:
        drips = [opened(server) for _ in range(20)]
        until, open_still = time.monotonic() + 120, set(drips)
        for connection in drips:
            connection.sendall(b"POST /filter HTTP/1.1\r\n")
            connection.settimeout(0.01)
        while open_still and time.monotonic() < until:
            for connection in list(open_still):
                try:
                    connection.sendall(b"X: y\r\n")
                    if connection.recv(1000):
                        open_still.discard(connection)
                except TimeoutError:
                    pass
                except OSError:
                    open_still.discard(connection)
            assert sent(server, "POST", "/filter", BODY)[0] == 200
        assert not open_still
        for connection in drips:
            connection.close()


def test_a_client_that_reads_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_SECONDS", 0.3)
    extender = Extender(cluster())
    monkeypatch.setattr(extender, "filter", lambda _: Answer(200, b" " * (16 << 20)))
    with served(extender=extender) as server, opened(server) as lazy:
        lazy.sendall(post("/filter") * 50)
        until = time.monotonic() + 120
        while server.traffic.connections:
            assert time.monotonic() < until
            time.sleep(0.02)
        with pytest.raises(OSError):
            while lazy.recv(1 << 20):
                pass
            raise OSError("closed")
        assert sent(server, "GET", "/healthz")[0] == 200


def test_unfinished_requests_have_a_limit_together() -> None:
    with served(ServerSettings(port=0, max_body=100_000)) as server:
        head = b"POST /filter HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"
        connections = [opened(server) for _ in range(server_module.HELD_BODIES + 1)]
        for connection in connections:
            connection.sendall(head + b"x" * 99_000)
        connections[-1].settimeout(120)
        answers = []
        for connection in connections:
            connection.settimeout(0.5)
            try:
                answers.append(connection.recv(100))
            except TimeoutError:
                answers.append(b"")
        assert sum(b" 503 " in a for a in answers) == 1
        for connection in connections:
            connection.close()
        assert sent(server, "POST", "/filter", BODY)[0] == 200
        assert server.traffic.held == 0


def test_a_thousand_connections_are_served() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("too few files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    with served() as server:
        connections = [opened(server, 60) for _ in range(1000)]
        for connection in connections:
            connection.sendall(post("/filter"))
        for connection in connections:
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        for connection in connections:
            connection.close()


def test_more_connections_than_that_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 2)
    with served() as server:
        first, second, third = (opened(server) for _ in range(3))
        with pytest.raises(OSError):
            assert third.recv(10) == b""
            raise OSError("closed")
        first.sendall(post("/filter"))
        assert b" 200 " in first.recv(1000)
        for connection in (first, second, third):
            connection.close()


def test_whole_nodes_of_fifty_megabytes_are_answered() -> None:
    body = with_nodes(pod(), node("big", "16"))
    body["Nodes"]["items"][0]["status"]["images"] = [{"names": ["x" * 1000], "sizeBytes": k} for k in range(48_000)]
    raw = json.dumps(body).encode()
    assert len(raw) > 49_000_000
    with served() as server:
        status, answer = sent(server, "POST", "/filter", raw)
        assert status == 200
        assert json.loads(answer)["Nodes"]["items"] == body["Nodes"]["items"]
        assert server.traffic.held == 0


def test_a_fault_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    extender = Extender(cluster())
    monkeypatch.setattr(extender, "filter", lambda _: 1 / 0)
    with served(extender=extender) as server:
        assert sent(server, "POST", "/filter", BODY)[0] == 500
        assert sent(server, "POST", "/prioritize", BODY)[0] == 200


def test_the_end_waits_for_what_has_begun() -> None:
    server = ExtenderServer(Extender(cluster()), ServerSettings(port=0))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    whole = post("/filter")
    with opened(server) as begun, opened(server) as idle:
        idle.sendall(post("/filter"))
        assert b" 200 " in idle.recv(1000)
        begun.sendall(whole[:-5])
        until = time.monotonic() + 120
        while server.traffic.held == 0:
            assert time.monotonic() < until
            time.sleep(0.01)
        port = server.port
        server.shutdown()
        assert idle.recv(10) == b""
        thread.join(0.3)
        assert thread.is_alive()
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
        begun.sendall(whole[-5:])
        answer = rest(begun)
        assert b" 200 OK" in answer
        assert b"Connection: close" in answer
    thread.join(5)
    assert not thread.is_alive()


def test_a_server_that_was_shut_down_before_it_began_ends_at_once() -> None:
    with ExtenderServer(Extender(cluster()), ServerSettings(port=0)) as server:
        server.shutdown()
        server.serve_forever()
