"""A model on loopback that counts how often each question is asked, so how often it would have been paid."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class CountingServer(ThreadingHTTPServer):
    """Speaks OpenAI's wire format; an answer depends on the question alone.

    Attributes:
        asked: Question -> number of times that it was asked.
        most: Most questions that were open at once.
        seconds: Time that an answer takes.
    """

    daemon_threads = True

    def __init__(self, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seconds = seconds
        self.lock = threading.Lock()
        self.asked: Counter[str] = Counter()
        self.open = self.most = 0

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which OpenAI's client asks this server."""
        return {"OPENAI_BASE_URL": f"http://127.0.0.1:{self.server_address[1]}/v1", "OPENAI_API_KEY": "x"}


@contextmanager
def counting_server(seconds: float = 0.02) -> Iterator[CountingServer]:
    """Run a server for the duration of a block."""
    server = CountingServer(seconds)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: CountingServer

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def handle(self) -> None:
        """Handle requests until the client goes, which may be killed."""
        with suppress(ConnectionError):
            super().handle()

    def do_POST(self) -> None:
        """Count a question and answer it."""
        text = self.rfile.read(int(self.headers["Content-Length"]))
        server, body = self.server, json.loads(text)
        question = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()
        with server.lock:
            server.asked[question] += 1
            server.open += 1
            server.most = max(server.most, server.open)
        time.sleep(server.seconds)
        content = json.dumps(_arranged(json.dumps(body), int(question[:8], 16)))
        message = {"role": "assistant", "content": content}
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        data = json.dumps(
            {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": choices, "usage": usage}
        ).encode()
        with server.lock:
            server.open -= 1
        with suppress(OSError):  # the client may have been killed
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)


def _arranged(body: str, number: int) -> dict[str, Any]:
    """Return an explanation that tells all that is asked for, or less in one case of three, by the question's hash."""
    roles = re.findall(r"\\n(\d+) \((\w+)", body)
    reasons = [f"{n}a" for n, role in roles if role == "reason"]
    whole = "tell every fact" in body
    others = [f"{n}a" for n, role in roles if role != "reason" and (whole or role in ("counterfactual", "shortfall"))]
    told = [reasons[:4], *([f] for f in [*reasons[4:], *others])]
    sentences = told[: 1 if number % 3 == 0 else 8 if whole else 3]
    return {
        "sentences": [
            {"facts": f, "link": "none" if k else "because", "figures": True} for k, f in enumerate(sentences)
        ]
    }
