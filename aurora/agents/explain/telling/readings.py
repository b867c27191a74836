"""Facts, each with every reading in which it can be stated."""

from __future__ import annotations

from typing import Literal, NamedTuple

from aurora.agents.explain.telling.grammar import Slots

Role = Literal["reason", "shortfall", "counterfactual", "setting"]
"""Role of a fact: "because" may lead to reasons only, "but" to shortfalls and counterfactuals."""


class Reading(NamedTuple):
    """A way to state a fact.

    Attributes:
        kind: Key of `PHRASINGS`.
        slots: Values for its phrasings.
    """

    kind: str
    slots: Slots


class Fact(NamedTuple):
    """A known fact.

    Attributes:
        readings: Ways to state it, plainest first.
        role: Role in an explanation.
    """

    readings: tuple[Reading, ...]
    role: Role
