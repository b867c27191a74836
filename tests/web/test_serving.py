"""The server as a process: it starts, answers, and ends in order."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from aurora.errors import InputError
from aurora.web.serving import serve
from aurora.web.settings import WebSettings


class Visitor:
    """A browser without a window: it keeps its cookies, and shows its CSRF token.

    Args:
        url: Address of the server.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, body: object = None):
        headers = {"Content-Type": "application/json"}
        if body is not None:
            headers["X-CSRF-Token"] = self.get("api/csrf")["csrf_token"]
        data = None if body is None else json.dumps(body).encode()
        return self._opener.open(urllib.request.Request(self.url + path, data, headers))

    def get(self, path: str):
        with self.open(path) as answer:
            return json.load(answer)

    def post(self, path: str, body: object):
        with self.open(path, body) as answer:
            return json.load(answer)


def start(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[str], str]:
    """Start `aurora serve` in a folder, and return it with its address."""
    command = [sys.executable, "-m", "aurora", "serve", "--port", "0", *options]
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        command,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root, **(environment or {})},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"http://\S+/", line):
            return process, found[0]
    raise AssertionError(f"it ended with {process.wait()}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_ends_in_order(tmp_path, number):
    process, url = start(tmp_path, "--snapshot", "sample:web-shop")
    try:
        with urllib.request.urlopen(url) as answer:
            page = answer.read().decode()
        assert "<title>Cluster · AURORA</title>" in page
        assert 'lang="en-US"' in page
        assert "nonce=" in page
        with urllib.request.urlopen(f"{url}api/openapi.json") as answer:
            assert json.load(answer)["info"]["title"] == "AURORA"
        port = int(url.rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as slow:  # a client that never ends its request
            slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            begun = time.monotonic()
            process.send_signal(number)
            assert process.wait(timeout=30) == 0
            assert time.monotonic() - begun < 20
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.wait()


def test_a_page_that_is_not_there_says_so(tmp_path):
    process, url = start(tmp_path)
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}no-such-page")
        assert refused.value.code == 404
        assert "There is no such page" in refused.value.read().decode()
    finally:
        process.kill()
        process.wait()


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match="another --port"):
            serve(WebSettings(port=port, sessions=tmp_path / "s.sqlite"))


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (["--host", "0.0.0.0"], 2, "--token-file"),
        (["--token-file", "short"], 2, "no printable secret"),
        (["--snapshot", "sample:none"], 6, "no such sample"),
        (["--port", "70000"], 2, "--port"),
        (["--target", "kubernetes"], 6, "live cluster"),
    ],
)
def test_options_that_do_not_fit_are_named(tmp_path, options, code, problem):
    (tmp_path / "short").write_text("abc\n")
    command = [sys.executable, "-m", "aurora", "serve", "--port", "0", *options]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.returncode == code, done.stderr
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_turn_that_waits_for_a_model_is_saved_and_goes_on_with_the_next_server(tmp_path):
    """A model that never answers must not keep the server; the question is answered after the next start."""
    with socket.create_server(("127.0.0.1", 0)) as model:
        address = f"http://127.0.0.1:{model.getsockname()[1]}/v1"
        silent = {"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "none"}
        process, url = start(tmp_path, "--model", "openai:silent", environment=silent)
        try:
            visitor = Visitor(url)
            session = visitor.post("api/chat/sessions", {})["session_id"]
            answer = visitor.open(f"api/chat/sessions/{session}/turns", {"question": "how full is the cluster?"})
            connection, _ = model.accept()
            with connection:
                assert visitor.get(f"api/chat/sessions/{session}")["session"]["is_busy"]
                begun = time.monotonic()
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=60) == 0
                assert time.monotonic() - begun < 45
            answer.close()
        finally:
            process.kill()
            process.wait()
        process, url = start(tmp_path, environment=silent)
        try:
            visitor.url = url
            found = visitor.get(f"api/chat/sessions/{session}")
            assert found["session"]["is_busy"] or found["unfinished"] == "how full is the cluster?"
            assert [s["session_id"] for s in visitor.get("api/chat/sessions")["items"]] == [session]
        finally:
            process.kill()
            process.wait()
