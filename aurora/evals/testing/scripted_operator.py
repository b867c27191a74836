"""A model server on loopback that answers at once what a function says; it plays the operator's model.

It speaks OpenAI's wire format, so that the real client, the real tools and the real checks of sentences run.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

HOST = "127.0.0.1"
MODEL = "openai:scripted"
"""Name by which commands ask for it."""


class Reply(NamedTuple):
    """What the model says.

    Attributes:
        text: Its words.
        calls: Tools that it calls first, with their arguments.
    """

    text: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()


Script = Callable[[Sequence[Mapping[str, Any]]], Reply]
"""Returns the reply to the messages of a request."""


Took = Callable[[Sequence[Mapping[str, Any]], float], None]


class ScriptedOperator(ThreadingHTTPServer):
    """The server.

    Args:
        script: Its replies.
        took: Receives the messages of each request, and the seconds from its head to its answer; None: nothing does.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, script: Script, took: Took | None = None) -> None:
        super().__init__((HOST, 0), _Handler)
        self.script = script
        self.took = took

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables with which OpenAI's clients find it."""
        return {"OPENAI_BASE_URL": f"http://{HOST}:{self.server_address[1]}/v1", "OPENAI_API_KEY": "scripted"}


@contextmanager
def scripted_operator(script: Script, took: Took | None = None) -> Iterator[ScriptedOperator]:
    """Run a server for the duration of a block.

    Args:
        script: Its replies.
        took: See `ScriptedOperator`.
    """
    server = ScriptedOperator(script, took)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message of a request."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(block.get("text", "") for block in content)


def asked(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what the last message of the person says: the question, after what is open and what was asked before."""
    return next((text_of(m) for m in reversed(messages) if m["role"] == "user"), "")


def results(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the results of tools since the person's last message."""
    found: list[str] = []
    for message in reversed(messages):
        if message["role"] == "user":
            break
        if message["role"] == "tool":
            found.insert(0, text_of(message))
    return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: in two, the second waits 40 ms for the first to be acknowledged
    server: ScriptedOperator

    def log_message(self, format: str, *args: Any) -> None:  # the base class's name
        """Log nothing."""

    def do_POST(self) -> None:
        """Answer a request."""
        began = time.perf_counter()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.dumps(_completion(self.server.script(body["messages"]))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(OSError):  # the client may have been killed
            self.wfile.write(data)
        if self.server.took is not None:
            self.server.took(body["messages"], time.perf_counter() - began)


def _completion(reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.calls:
        message["tool_calls"] = [
            {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for number, (name, arguments) in enumerate(reply.calls)
        ]
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if reply.calls else "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }
