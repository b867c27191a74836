"""Describes how a question differs from the nearest one in a recording: the part and the first differing lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aurora.tools.recording import Recording

AROUND = 60
"""Characters shown of a text around the first difference."""
ROLES = {
    "ScenariosAnswer": "attacker",
    "PolicyAnswer": "defender",
    "AdaptedPolicyAnswer": "transfer",
    "ExplanationAnswer": "explainer",
    "JudgeAnswer": "judge",
}
"""Role that asks for each schema of an answer."""


def told_difference(recording: Recording, request: Mapping[str, Any]) -> str:
    """Describe the first difference of an unanswered question from the nearest recorded one.

    Args:
        recording: Recording of another session.
        request: Request to a model, as it would be recorded.
    """
    role = role_of(request)
    recorded = [e.request for e in recording if e.kind == "model" and isinstance(e.request, dict)]
    if not recorded:
        return "it holds no question to a model at all; is it the calls.jsonl of a run with a model?"
    alike = [r for r in recorded if role_of(r) == role]
    if not alike:
        return f"it holds no question of the {role}"
    parts = _parts(request)
    nearest = max(alike, key=lambda r: _shared(_parts(r), parts))
    for (name, here), (_, there) in zip(_padded(parts, _parts(nearest)), _padded(_parts(nearest), parts), strict=True):
        if here != there:
            return f"the {role}'s {name} differs. {first_difference(there, here)}"
    return f"the {role} asked this elsewhere or less often in that session; it was made with other settings or code"


def first_difference(recorded: str, now: str) -> str:
    """Show the first difference of two texts."""
    before, after = recorded.splitlines() or [""], now.splitlines() or [""]
    line = _agreeing(before, after)
    a = before[line] if line < len(before) else ""
    b = after[line] if line < len(after) else ""
    at = _agreeing(a, b)
    start = max(0, at - AROUND // 2)
    return f"Line {line + 1}: recorded {_cut(a, start)}, now {_cut(b, start)}"


def role_of(request: Mapping[str, Any]) -> str:
    """Return the role that asks, by the schema of the answer."""
    settings = request.get("settings") or {}
    form = ((settings.get("response_format") or {}).get("json_schema") or {}).get("name")
    tools = [t.get("function", t).get("name") for t in settings.get("tools") or [] if isinstance(t, dict)]
    named = next((ROLES[n] for n in (form, *tools) if n in ROLES), None)
    return named or "model"


def _parts(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the parts of a question as text, most telling first."""
    messages: Sequence[Mapping[str, Any]] = request.get("messages") or []
    return [
        ("model's name", str(request.get("model"))),
        *((f"{_kind(m)} message (number {i})", _content(m)) for i, m in enumerate(messages, 1)),
        ("settings and tools", json.dumps(request.get("settings"), sort_keys=True, indent=0)),
    ]


def _padded(parts: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the parts, with empty ones where the other question has more messages."""
    missing = [(name, "") for name, _ in others[len(parts) - 1 : -1]]
    return iter([*parts[:-1], *missing, parts[-1]])


def _kind(message: Mapping[str, Any]) -> str:
    return {"human": "user", "ai": "model's"}.get(str(message.get("type")), str(message.get("type")))


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    rest = {k: v for k, v in message.items() if k not in ("type", "content")}
    text = content if isinstance(content, str) else json.dumps(content, sort_keys=True)
    return f"{text}\n{json.dumps(rest, sort_keys=True)}" if rest else text


def _shared(a: Sequence[tuple[str, str]], b: Sequence[tuple[str, str]]) -> float:
    """Return the length of the common beginning of two questions: whole parts, and the share of the next."""
    total = 0.0
    for (_, x), (_, y) in zip(a, b, strict=False):
        if x != y:
            return total + _agreeing(x, y) / (1 + max(len(x), len(y)))
        total += 1
    return total


def _agreeing(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the common prefix of two sequences."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _cut(text: str, start: int) -> str:
    return repr(("..." if start else "") + text[start : start + AROUND] + ("..." if len(text) > start + AROUND else ""))
