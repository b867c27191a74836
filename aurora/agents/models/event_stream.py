"""Reads answers that servers send as a stream of events, asked for or not.

OpenAI's servers send chunks of a completion, Anthropic's the events of a message. Both are joined into the body that
the server would have sent at once. A stream is over when it says why the answer ended, not when the connection closes.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_FIELD = "data:"
_DONE = "[DONE]"
_LINE_END = re.compile(r"\r\n|\n|\r")
"""Ends of lines; others, such as U+2028, may stand in an event's text."""
MOST_EVENT_CHARACTERS = 8 << 20
"""Most characters of an event's line; a longer one is not read before the stream has ended."""


class EventReader:
    """Reads the events of a stream while it arrives.

    Args:
        take: Receives each part of the answer's text.

    Attributes:
        text: Text of the answer so far.
        has_events: True once an event came.
        has_answered: True once the stream said why the answer ended, or that it is an error.
        is_over: True once the stream said that nothing follows.
        usage: Counts of tokens that the server sent so far, in its own form.
    """

    def __init__(self, take: Callable[[str], None]) -> None:
        self.text = ""
        self.has_events = False
        self.has_answered = False
        self.is_over = False
        self.usage: dict[str, Any] = {}
        self._take = take
        self._line = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, data: bytes) -> None:
        """Read the next bytes of the stream."""
        *lines, self._line = _LINE_END.split(self._line + self._decoder.decode(data))
        if len(self._line) > MOST_EVENT_CHARACTERS:
            self._line = ""
        for line in lines:
            if line.startswith(_FIELD):
                self._event(line[len(_FIELD) :].strip())

    def _event(self, written: str) -> None:
        if written == _DONE:
            self.has_answered = self.is_over = True
            return
        event = _object(written)
        if event is None:
            return
        self.has_events = True
        if event.get("error") or event.get("type") == "error":
            self.has_answered = True
        kind = event.get("type")
        if kind == "message_stop":
            self.has_answered = self.is_over = True
        delta = _delta_of(event)
        if delta.get("finish_reason") or delta.get("stop_reason"):
            self.has_answered = True
        started = event.get("message")
        usage = started.get("usage") if kind == "message_start" and isinstance(started, dict) else event.get("usage")
        self.usage |= _counted(usage)
        text = _text_of(delta.get("content", delta.get("text")))
        if text:
            self.text += text
            self._take(text)


def body_in(text: str) -> dict[str, Any] | None:
    """Join a stream into the body that the server would have sent at once; None: the text is no such stream."""
    events = [line[len(_FIELD) :].strip() for line in _LINE_END.split(text) if line.startswith(_FIELD)]
    parts = [part for event in events if (part := _object(event)) is not None]
    if any(part.get("type") == "message_start" for part in parts):
        return _message(parts)
    return _completion(parts)


def _delta_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event adds to the answer, with the reason for its end; {} if nothing."""
    if event.get("type") in ("content_block_delta", "message_delta", "content_block_start"):
        delta = event.get("delta", event.get("content_block"))
        is_text = not isinstance(delta, dict) or delta.get("type") in ("text_delta", "text", None)
        return dict(delta) if isinstance(delta, dict) and is_text else {}
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return {}
    delta = choice.get("delta")
    return {**(delta if isinstance(delta, dict) else {}), "finish_reason": choice.get("finish_reason")}


def _text_of(content: Any) -> str:
    if isinstance(content, list):  # blocks, of which reasoning is left out
        return "".join(_text_of(b.get("text")) for b in content if isinstance(b, dict) and b.get("type") == "text")
    return content if isinstance(content, str) else ""


def _completion(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Join the chunks of a chat completion."""
    if not any("choices" in part for part in parts):
        return next((part for part in parts if part.get("error") or part.get("type") == "error"), None)
    message: dict[str, Any] = {"role": "assistant", "content": "", "tool_calls": []}
    whole: dict[str, Any] = {"usage": None}
    finish = None
    for part in parts:
        whole |= {key: part[key] for key in ("usage", "error") if part.get(key)}
        choices = part.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            continue
        finish = choice.get("finish_reason") or finish
        delta = choice.get("delta")
        if isinstance(delta, dict):
            _join(message, delta)
    return {**whole, "choices": [{"message": message, "finish_reason": finish or "length"}]}


def _join(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for key in ("content", "refusal"):
        message[key] = message.get(key, "") + _text_of(delta.get(key))
    calls = delta.get("tool_calls")
    for place, call in enumerate(calls if isinstance(calls, list) else ()):
        if not isinstance(call, dict):
            continue
        index, call_id = call.get("index", place), call.get("id")
        known = next((c for c in reversed(message["tool_calls"]) if c["index"] == index), None)
        if known is None or (call_id and known["id"] and call_id != known["id"]):  # some give each call the index 0
            known = {"index": index, "id": None, "function": {"name": "", "arguments": ""}}
            message["tool_calls"].append(known)
        known["id"] = known["id"] or call_id
        function = call.get("function")
        for key in ("name", "arguments"):
            if isinstance(function, dict) and isinstance(function.get(key), str):
                known["function"][key] += function[key]


def _message(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the events of a message."""
    whole: dict[str, Any] = {"type": "message", "role": "assistant", "stop_reason": "max_tokens", "usage": {}}
    blocks: dict[Any, dict[str, Any]] = {}
    for part in parts:
        match part.get("type"):
            case "error":
                return {**part, "usage": whole["usage"]}
            case "message_start":
                started = part.get("message")
                whole["usage"] |= _counted(started.get("usage") if isinstance(started, dict) else None)
            case "content_block_start" if isinstance(part.get("content_block"), dict):
                blocks[part.get("index")] = dict(part["content_block"])
            case "content_block_delta" if isinstance(part.get("delta"), dict):
                _add(blocks.setdefault(part.get("index"), {}), part["delta"])
            case "message_delta":
                whole |= {k: v for k, v in (part.get("delta") or {}).items() if v is not None}
                whole["usage"] |= _counted(part.get("usage"))  # later counts include earlier ones
    return {**whole, "content": list(blocks.values())}


def _add(block: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """Add the delta of a block."""
    for kind, key, to in (
        ("text_delta", "text", "text"),
        ("thinking_delta", "thinking", "thinking"),
        ("signature_delta", "signature", "signature"),
        ("input_json_delta", "partial_json", "input"),
    ):
        if delta.get("type") == kind and isinstance(delta.get(key), str):
            block.setdefault("type", "text")
            before = block.get(to)
            block[to] = (before if isinstance(before, str) else "") + delta[key]


def _counted(usage: Any) -> dict[str, Any]:
    return {key: value for key, value in usage.items() if value is not None} if isinstance(usage, dict) else {}


def _object(event: str) -> dict[str, Any] | None:
    try:
        value = json.loads(event)
    except (ValueError, RecursionError):  # [DONE], or a line of something else
        return None
    return value if isinstance(value, dict) else None
