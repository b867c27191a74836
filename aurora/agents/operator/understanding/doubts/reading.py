"""A question and how it is about to be answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding.mentions import Mention

CHANGES: frozenset[Kind] = frozenset({
    "what_if_load", "what_if_node_fails", "what_if_zone_fails", "what_if_price", "what_if_add_nodes",
    "what_if_remove_node", "make_plan", "drain", "apply_plan", "rollback_plan",
})  # fmt: skip
"""Kinds about a change, real or supposed."""


class Reading(NamedTuple):
    """A question, and how it is about to be answered.

    Attributes:
        kind: Kind of the question.
        text: The masked question.
        plain: The plain text, names replaced, amounts kept.
        mentions: The names in it.
        slots: The slots of the kind.
        likeness: Probability of the kind.
    """

    kind: Kind
    text: str
    plain: str
    mentions: tuple[Mention, ...]
    slots: Mapping[str, Any]
    likeness: float
