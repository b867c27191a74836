"""The modes of a conversation, and who answers, in words that a newcomer understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aurora.agents.operator.answer import Mode
from aurora.web.views.chat.turns import RULES


class ModeShown(NamedTuple):
    """A mode.

    Attributes:
        title: Its word.
        meaning: What the conversation may do.
    """

    title: str
    meaning: str


MODES: Mapping[Mode, ModeShown] = {
    "read": ModeShown("Read", "Looks things up. Changes nothing and writes no plans."),
    "plan": ModeShown("Plan", "Also writes plans. A plan changes nothing until you approve it."),
    "apply": ModeShown("Apply", "Also asks you to approve plans, and carries out those that you approve."),
}


class Answerer(NamedTuple):
    """Who answers a conversation.

    Attributes:
        title: Short words.
        meaning: What that means, and how to change it.
    """

    title: str
    meaning: str


def answerer(model: str) -> Answerer:
    """Return who answers.

    Args:
        model: `PROVIDER:MODEL`; "" or `rules`: rules.
    """
    if model in ("", RULES):
        return Answerer(
            "Rules answer, without a language model",
            "They understand the common questions and ask back otherwise. To connect a model: "
            "aurora serve --model PROVIDER:MODEL.",
        )
    return Answerer(
        f"{model} answers",
        "Each sentence is checked against what was looked up. What does not hold is struck, with the reason.",
    )
