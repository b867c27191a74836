"""Facts: what is known, in every way in which it can be put."""

from __future__ import annotations

from typing import Literal, NamedTuple

from aurora.agents.explain.telling.grammar import Slots

Role = Literal["reason", "shortfall", "counterfactual", "setting"]
"""What a fact is to an explanation: "because" may lead to reasons only, "but" to shortfalls and counterfactuals."""


class Reading(NamedTuple):
    """A way in which a fact can be put.

    Attributes:
        kind: A key of `PHRASINGS`.
        slots: What its phrasings may say.
    """

    kind: str
    slots: Slots


class Fact(NamedTuple):
    """Something that is known.

    Attributes:
        readings: All ways to put it, the plainest first.
        role: What it is to an explanation.
    """

    readings: tuple[Reading, ...]
    role: Role
