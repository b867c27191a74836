"""Nothing is sent anywhere unless the environment says so: OpenTelemetry and LangSmith, in processes of their own."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import socket, sys
from pathlib import Path
tried = []
connect = socket.socket.connect
def watched(self, address):
    if isinstance(address, tuple):
        tried.append(address[1])
    return connect(self, address)
socket.socket.connect = watched
from starlette.testclient import TestClient
from aurora.web.app import create_api
from aurora.web.context import WebContext
from aurora.web.settings import WebSettings
folder = Path(sys.argv[1])
context = WebContext(WebSettings(plans=folder / "plans", sessions=folder / "s.sqlite", runs=folder / "runs"))
with TestClient(create_api(context), base_url="http://localhost:8760") as api:
    api.get("/api/chat/sessions")
    turns = context.turns
    row = turns.new()
    turns.start(row.session_id, "how full is node-a1? secret-4711")
    events = list(turns.events(row.session_id))
    assert events[-1][1].type == "done", events[-1]
from langchain_core.tracers.langchain import wait_for_all_tracers
wait_for_all_tracers()
print("exporter", "opentelemetry.sdk.trace.export" in sys.modules)
print("tried", sorted(set(tried)))
"""
QUIET = ("OTEL_", "LANGSMITH_", "LANGCHAIN_")


class _Collector(http.server.BaseHTTPRequestHandler):
    got: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.got.append((self.path, body))
        self._answer()

    do_GET = do_PATCH = do_POST  # noqa: N815  # names of the standard library

    def _answer(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    got: list[tuple[str, bytes]] = []
    handler = type("Handler", (_Collector,), {"got": got})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()


def run(folder: Path, **variables: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(QUIET)} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_without_variables_nothing_connects_anywhere(tmp_path) -> None:
    told = run(tmp_path)
    assert "tried []" in told
    assert "exporter False" in told


def test_traces_go_to_the_collector_without_questions(tmp_path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    with collector() as (url, got):
        run(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=url)
    sent = b"".join(body for path, body in got if path == "/v1/traces")
    for name in (b"GET /api/chat/sessions", b"turn", b"tool ", b"aurora"):
        assert name in sent, name
    assert b"4711" not in sent


def test_langsmith_is_asked_only_by_its_own_variables(tmp_path) -> None:
    with collector() as (url, got):
        run(tmp_path / "off", LANGSMITH_ENDPOINT=url, LANGSMITH_API_KEY="no-key")
        assert got == []
        run(tmp_path / "on", LANGSMITH_TRACING="true", LANGSMITH_ENDPOINT=url, LANGSMITH_API_KEY="no-key")
        assert any("runs" in path for path, _ in got), json.dumps([path for path, _ in got])
