"""A model server on loopback that streams what it is told to, slowly or brokenly, in both wire formats."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

End = Literal["whole", "reset", "half an event", "no reason", "an error", "no usage", "reset after the reason"]


@dataclass
class Streamed:
    """An answer to one request.

    Attributes:
        texts: Parts of its text; an event among them is waited for before the next part is sent.
        calls: Tool calls after the text: name and arguments.
        end: How the stream ends.
    """

    texts: list[str | threading.Event] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    end: End = "whole"


@dataclass
class Served:
    """The server as a test sees it.

    Attributes:
        url: Its address.
        requests: Bodies of the requests.
        sent: Events that it has sent.
        broken: Set once a client has closed the connection in the middle.
        refusals: Messages with which it refuses the next requests that ask for a stream.
    """

    url: str
    requests: list[dict[str, Any]]
    sent: list[str]
    broken: threading.Event
    refusals: list[str] = field(default_factory=list)


USAGE = (100, 40)
"""Tokens of a prompt and of an answer, as the server counts them."""


def streaming(*replies: Streamed) -> Any:
    """Serve these answers in turn, and repeat the last one, for the duration of a block."""
    return _served(list(replies))


@contextmanager
def _served(left: list[Streamed]) -> Iterator[Served]:
    requests: list[dict[str, Any]] = []
    sent: list[str] = []
    broken = threading.Event()
    refusals: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if refusals and requests[-1].get("stream"):
                message = {"type": "error", "error": {"type": "invalid_request_error", "message": refusals.pop()}}
                return self._json(400, message)
            reply = left.pop(0) if len(left) > 1 else left[0]
            events = _anthropic if self.path.endswith("/messages") else _openai
            if not requests[-1].get("stream"):
                return self._json(200, _message(reply) if events is _anthropic else _completion(reply))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            try:
                for event in events(reply, len(requests)):
                    if isinstance(event, threading.Event):
                        event.wait(30)
                        continue
                    self.wfile.write(event.encode())
                    self.wfile.flush()
                    sent.append(event)
            except OSError:  # the client has gone
                broken.set()
                return None
            if reply.end.startswith("reset"):
                linger = struct.pack("ii", 1, 0)
                with suppress(OSError):
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return None

        def _json(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_address[1]}", requests, sent, broken, refusals)
    finally:
        server.shutdown()
        server.server_close()


def _completion(reply: Streamed) -> dict[str, Any]:
    calls = [
        {"id": f"call_{k}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for k, (name, arguments) in enumerate(reply.calls)
    ]
    message = {"role": "assistant", "content": _text(reply), **({"tool_calls": calls} if calls else {})}
    usage = {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}
    return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}


def _message(reply: Streamed) -> dict[str, Any]:
    calls = [{"type": "tool_use", "id": f"toolu_{k}", "name": n, "input": a} for k, (n, a) in enumerate(reply.calls)]
    usage = {"input_tokens": USAGE[0], "output_tokens": USAGE[1]}
    content = [{"type": "text", "text": _text(reply)}, *calls]
    return {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn", "usage": usage}


def _text(reply: Streamed) -> str:
    return "".join(t for t in reply.texts if isinstance(t, str))


def _openai(reply: Streamed, number: int) -> Iterator[str | threading.Event]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': choices})}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    for text in reply.texts:
        yield text if isinstance(text, threading.Event) else chunk({"content": text})
    for index, (name, arguments) in enumerate(reply.calls):
        written = json.dumps(arguments)
        function = {"name": name, "arguments": written[:3]}
        yield chunk({"tool_calls": [{"index": index, "id": f"call_{number}_{index}", "function": function}]})
        yield chunk({"tool_calls": [{"index": index, "function": {"arguments": written[3:]}}]})
    match reply.end:
        case "half an event":
            yield 'data: {"choices": [{"del'
        case "an error":
            yield 'data: {"error": {"message": "out of memory", "code": 500}}\n\n'
        case "whole" | "no usage" | "reset after the reason":
            yield chunk({}, "tool_calls" if reply.calls else "stop")
    if reply.end == "whole":
        usage = {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}
        yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"
    if reply.end in ("whole", "no usage"):
        yield "data: [DONE]\n\n"


def _anthropic(reply: Streamed, number: int) -> Iterator[str | threading.Event]:
    def event(kind: str, **data: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"

    usage = {} if reply.end == "no usage" else {"usage": {"input_tokens": USAGE[0], "output_tokens": 1}}
    yield event("message_start", message={"type": "message", "role": "assistant", "content": [], **usage})
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    yield event("ping")
    for text in reply.texts:
        is_text = isinstance(text, str)
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) if is_text else text
    yield event("content_block_stop", index=0)
    for index, (name, arguments) in enumerate(reply.calls, 1):
        written = json.dumps(arguments)
        block = {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": name, "input": {}}
        yield event("content_block_start", index=index, content_block=block)
        for part in (written[:3], written[3:]):
            yield event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": part})
        yield event("content_block_stop", index=index)
    match reply.end:
        case "half an event":
            yield 'event: content_block_delta\ndata: {"type": "conte'
        case "an error":
            yield event("error", error={"type": "overloaded_error", "message": "Overloaded"})
        case "whole" | "no usage" | "reset after the reason":
            counted = {} if reply.end != "whole" else {"usage": {"output_tokens": USAGE[1]}}
            reason = "tool_use" if reply.calls else "end_turn"
            yield event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, **counted)
    if reply.end in ("whole", "no usage"):
        yield event("message_stop")
