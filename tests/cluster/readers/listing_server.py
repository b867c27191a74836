"""A server of lists: pages, and refusals where a test wants them. It has no other verb, as the reader needs none."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml


class ListingServer:
    """A server.

    Attributes:
        lists: Objects by path; other paths are 404.
        refusals: Status by path, for each answer in turn; the last stays.
        raw: Bodies by path, sent as they are.
        requests: Requests so far: method, path, query, user who is impersonated.
    """

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.refusals: dict[str, list[int]] = {}
        self.raw: dict[str, bytes] = {"/version": b'{"gitVersion": "v1.33.2"}'}
        self.requests: list[tuple[str, str, dict[str, str], str]] = []
        self.port = 0

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body."""
        waiting = self.refusals.get(path, [])
        status = (waiting.pop(0) if len(waiting) > 1 else waiting[0]) if waiting else 200
        if status != 200:
            message = {"kind": "Status", "message": f'{path} is forbidden: User "x" cannot list'}
            return status, json.dumps(message).encode()
        if path in self.raw:
            return 200, self.raw[path]
        if path not in self.lists:
            return 404, b"404 page not found"
        first, size = int(query.get("continue", 0)), int(query.get("limit", 0)) or 10**9
        items = self.lists[path]
        more = {"continue": str(first + size)} if first + size < len(items) else {}
        document = {"kind": "SomethingList", "apiVersion": "v1", "metadata": {"resourceVersion": "7", **more}}
        return 200, json.dumps({**document, "items": items[first : first + size] or None}).encode()


@contextmanager
def serving() -> Iterator[ListingServer]:
    """Run a server on a free port of this machine."""
    server = ListingServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(parts.query).items()}
            server.requests.append(("GET", parts.path, query, self.headers.get("Impersonate-User", "")))
            status, body = server.answer(parts.path, query)
            body = gzip.compress(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)


def write_kubeconfig(path: Path, port: int, *, context: str = "test") -> Path:
    """Write a kubeconfig with one context and a token."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(yaml.safe_dump(config))
    return path
