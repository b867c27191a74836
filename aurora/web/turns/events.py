"""Events of a turn as readers get them: those of the conversation, after one that says what was asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aurora.graphs.chat.streaming import ChatEvent
from aurora.types import Frozen

Cause = Literal["question", "decision", "resumed"]
"""Why a turn began or went on: a question, a decision about a plan, or that its process was killed."""


class StartedEvent(Frozen):
    """A turn begins or goes on; after `resumed`, what was shown of it before does not count."""

    type: Literal["started"] = "started"
    cause: Cause = Field(description="question; decision about a plan; resumed: the server was killed in this turn")
    question: str = Field(description="the question of the turn")


TurnEvent = StartedEvent | ChatEvent
