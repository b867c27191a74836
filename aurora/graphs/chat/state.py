"""State of a conversation: JSON values and LangChain messages, so that every checkpointer can keep it."""

from __future__ import annotations

import operator
from typing import Annotated, Any

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict  # that of `typing` has no schema before Python 3.12

from aurora.agents.operator.answer import Mode, Turn
from aurora.tools.harness import Evidence

DEFAULT_MODE: Mode = "read"
MODES: tuple[Mode, ...] = ("read", "plan", "apply")
"""All modes; each allows what the one before it does, and more."""


class ChatState(TypedDict, total=False):
    """State of a conversation.

    Attributes:
        messages: Questions and told answers, for LangGraph's own tools and pages.
        mode: What the conversation may do; a person sets it, never a model.
        turns: `Turn`s as JSON, oldest first.
        evidence: Tool calls with results, oldest first.
        answer: Answer in progress, as JSON; None between turns.
        approved: Hash of the plan that a person has approved in this turn; "" if none.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    mode: Mode
    turns: Annotated[list[dict[str, Any]], operator.add]
    evidence: list[dict[str, Any]]
    answer: dict[str, Any] | None
    approved: str


class ChatInput(TypedDict, total=False):
    """What a person gives: evidence, turns and approvals come from the graph alone.

    Attributes:
        messages: The question as the last one.
        mode: What the conversation may do from now on; absent: as before.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    mode: Mode


def mode_of(state: ChatState) -> Mode:
    """Return what the conversation may do."""
    return state.get("mode") or DEFAULT_MODE


def least_mode(one: Mode, other: Mode) -> Mode:
    """Return the mode of two that allows less.

    >>> least_mode("apply", "plan"), least_mode("read", "plan")
    ('plan', 'read')
    """
    return min(one, other, key=MODES.index)


def question_of(state: ChatState) -> str:
    """Return the text of the last message of a person; "" if there is none."""
    last = next((m for m in reversed(state.get("messages") or []) if isinstance(m, HumanMessage)), None)
    return "" if last is None else text_of(last).strip()


def text_of(message: BaseMessage) -> str:
    """Return the text of a message, whose content may be a list of blocks."""
    return str(message.text)


def turns_of(state: ChatState) -> tuple[Turn, ...]:
    """Return the turns that were told."""
    return tuple(Turn.model_validate(t) for t in state.get("turns") or [])


def evidence_of(state: ChatState) -> list[Evidence]:
    """Return the tool calls of the conversation."""
    return [Evidence(**e) for e in state.get("evidence") or []]
