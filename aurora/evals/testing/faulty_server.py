"""A model server with random combinations of all observed faults, which counts them.

It speaks both wire formats on loopback. Its reply to a request depends on the seed in the question and on the number of
earlier requests with that seed, so a run does not depend on the order of threads. For each question it records whether
it gave a valid answer, perhaps in an odd form, whether it counted the answer as billed, and any fault of the request.
"""

from __future__ import annotations

import json
import random
import re
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aurora.evals.testing.faulty_answers import Reply, faulty_reply

HOST = "127.0.0.1"
SILENT_SECONDS = 7.0
"""Seconds without a byte; a client should time out earlier."""
SEED = re.compile(r"\[seed (\d+)\]")
"""Pattern by which a question requests faults."""
DRIP_SECONDS = 0.05
"""Seconds between the bytes of a dripping reply."""
REDIRECT = "/again"
"""Path of redirects."""


class FaultyServer(ThreadingHTTPServer):
    """The server with its counts.

    Attributes:
        sent: Number of requests of each question.
        kinds: Faults sent to each question, by name.
        good: Texts that identify the valid answers sent to each question.
        billed: Requests to which an answer was begun, and that a provider would bill.
        tokens: Tokens in and out of the requests counted in full.
        violations: Faults of requests.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.lock = threading.Lock()
        self.sent: Counter[int] = Counter()
        self.kinds: dict[int, list[str]] = defaultdict(list)
        self.good: dict[int, list[str]] = defaultdict(list)
        self.billed = 0
        self.tokens = [0, 0]
        self.violations: list[str] = []
        self.redirected: dict[int, Reply] = {}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore disconnected clients; note other errors of the server."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.violations.append(f"the server itself failed: {error!r}")

    @property
    def url(self) -> str:
        """Return the server's address."""
        return f"http://{HOST}:{self.server_address[1]}"


@contextmanager
def faulty_server() -> Iterator[FaultyServer]:
    """Run a server for the duration of a block."""
    server = FaultyServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def violation(body: dict[str, Any]) -> str:
    """Return the violations that a strict provider would refuse: duplicate ids, calls without replies."""
    open_ids: list[str] = []
    seen: set[str] = set()
    for message in body.get("messages") or []:
        content = message.get("content")
        blocks = content if isinstance(content, list) else []
        calls = [c["id"] for c in message.get("tool_calls") or []]
        calls += [b["id"] for b in blocks if b.get("type") == "tool_use"]
        replies = [message["tool_call_id"]] if message.get("role") == "tool" else []
        replies += [b["tool_use_id"] for b in blocks if b.get("type") == "tool_result"]
        for reply in replies:
            if reply not in open_ids:
                return f"a reply to {reply!r}, which was not called"
            open_ids.remove(reply)
        if not replies and open_ids:
            return f"no reply to {open_ids}"
        for call in calls:
            if not call or call in seen:
                return f"the id {call!r} is empty or doubled"
            seen.add(call)
            open_ids.append(call)
    return f"no reply to {open_ids}" if open_ids else ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, as in `scripted_server`
    server: FaultyServer

    def log_message(self, format: str, *args: Any) -> None:  # the base class's name
        """Log nothing."""

    def do_POST(self) -> None:
        """Answer as the question's seed determines."""
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            body = json.loads(raw)
        except ValueError:  # the client disconnected while sending
            self.close_connection = True
            return
        seed = int(match.group(1)) if (match := SEED.search(raw.decode())) else 0
        server = self.server
        with server.lock:
            reply = server.redirected.pop(seed, None)
            if reply is None:
                reply = self._drawn(seed, body)
                if reply.is_redirected:
                    server.redirected[seed] = reply._replace(is_redirected=False)
            if not reply.is_redirected:
                self._note_given(seed, reply)
        if reply.is_redirected:
            self._redirect()
            return
        with suppress(OSError):  # the client may have timed out and disconnected
            self._send(reply)

    def _drawn(self, seed: int, body: dict[str, Any]) -> Reply:
        """Draw and count a reply to a request."""
        server = self.server
        attempt = server.sent[seed]
        server.sent[seed] += 1
        key = self.headers.get("x-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        rng = random.Random(f"{seed} {attempt}")
        reply = faulty_reply(body, self.path.endswith("/messages"), rng, f"{seed}.{attempt}", key)
        server.kinds[seed].append(reply.kind)
        wrong = violation(body)
        if wrong:
            server.violations.append(f"question {seed}, request {attempt + 1}: {wrong}")
        return reply

    def _note_given(self, seed: int, reply: Reply) -> None:
        server = self.server
        if reply.good:
            server.good[seed].append(reply.good)
        server.billed += reply.billed
        server.tokens[0] += reply.tokens[0]
        server.tokens[1] += reply.tokens[1]

    def _redirect(self) -> None:
        self.send_response(307)
        self.send_header("Location", REDIRECT + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, reply: Reply) -> None:
        pause = threading.Event()
        if reply.manner == "silence":
            pause.wait(SILENT_SECONDS)
            self.close_connection = True
            return
        if reply.manner == "header drip":
            for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" * 4:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                pause.wait(DRIP_SECONDS)
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.manner == "cut":
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.wfile.flush()
            self.close_connection = True
            return
        if reply.manner == "body drip":
            for at in range(len(reply.body)):
                self.wfile.write(reply.body[at : at + 1])
                self.wfile.flush()
                pause.wait(DRIP_SECONDS)
            return
        self.wfile.write(reply.body)
