"""Makes the ids of a conversation's tool calls unique, so that each gets its own reply and number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.tool import tool_call

from aurora.tools.arguments import arguments_in

_GOOD = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""Pattern of ids that every provider accepts."""


def with_own_ids(answer: AIMessage, conversation: Sequence[BaseMessage]) -> AIMessage:
    """Return an answer whose tool calls have unique ids in the conversation.

    A valid id stays. One that is missing, malformed or repeated (some servers give every call the same) is replaced
    by nine letters and digits, which the strictest provider accepts. Calls whose arguments could not be read become
    calls with malformed arguments: they get a reply like all others, and the conversation stays valid.
    """
    if not answer.tool_calls and not answer.invalid_tool_calls:
        return answer
    taken = {c["id"] for m in conversation if isinstance(m, AIMessage) for c in m.tool_calls}
    broken = [(c["name"] or "unnamed", arguments_in(c["args"]), c["id"]) for c in answer.invalid_tool_calls]
    calls = []
    for name, args, own_id in [*((c["name"], c["args"], c["id"]) for c in answer.tool_calls), *broken]:
        call_id = own_id if own_id and own_id not in taken and _GOOD.fullmatch(own_id) else _own(taken)
        taken.add(call_id)
        calls.append(tool_call(name=name, args=args, id=call_id))
    return AIMessage(
        content=_without_calls(answer.content),
        tool_calls=calls,
        response_metadata=answer.response_metadata,
        usage_metadata=answer.usage_metadata,
    )


def _own(taken: set[Any]) -> str:
    number = len(taken) + 1
    while f"aurora{number:03d}" in taken:
        number += 1
    return f"aurora{number:03d}"


def _without_calls(content: Any) -> Any:
    """Return content without blocks of tool calls, which clients write from the calls themselves."""
    if not isinstance(content, list):
        return content
    return [b for b in content if not (isinstance(b, dict) and b.get("type") == "tool_use")]
