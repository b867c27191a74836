"""Reads a chat completion that a server sent as an unrequested stream of events.

Some proxies always stream. The answer is complete when it is read here, and it was paid for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_FIELD = "data:"


def completion_in(text: str) -> dict[str, Any] | None:
    """Join the chunks of a streamed chat completion; None: the text is no such stream.

    Args:
        text: Lines `data: {...}` with `choices[0].delta`, as OpenAI's servers stream them.
    """
    events = [line[len(_FIELD) :].strip() for line in text.splitlines() if line.startswith(_FIELD)]
    parts = [part for event in events if (part := _object(event)) is not None]
    if not any("choices" in part for part in parts):
        return next((part for part in parts if part.get("error")), None)
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
        if isinstance(delta.get(key), str):
            message[key] = message.get(key, "") + delta[key]
    calls = delta.get("tool_calls")
    for place, call in enumerate(calls if isinstance(calls, list) else ()):
        if not isinstance(call, dict):
            continue
        index = call.get("index", place)
        known = next((c for c in message["tool_calls"] if c["index"] == index), None)
        if known is None:
            known = {"index": index, "id": None, "function": {"name": "", "arguments": ""}}
            message["tool_calls"].append(known)
        known["id"] = known["id"] or call.get("id")
        function = call.get("function")
        for key in ("name", "arguments"):
            if isinstance(function, dict) and isinstance(function.get(key), str):
                known["function"][key] += function[key]


def _object(event: str) -> dict[str, Any] | None:
    try:
        value = json.loads(event)
    except (ValueError, RecursionError):  # [DONE], or a line of something else
        return None
    return value if isinstance(value, dict) else None
