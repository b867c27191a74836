"""The scenarios on which shipped champions are ahead, as texts for a search by similarity."""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

from aurora.champions.shipped import shipped_champions
from aurora.memory.texts import archived_scenario_text


class ChampionExample(NamedTuple):
    """A scenario that a shipped champion is good at.

    Attributes:
        champion: Name of the policy, such as `champion:gpu`.
        scenario_id: Id of the scenario.
        text: Description of the scenario, as of an archived one.
    """

    champion: str
    scenario_id: str
    text: str


@cache
def champion_examples() -> tuple[ChampionExample, ...]:
    """Return the examples of all shipped champions, by name; those of a front are good where others are.

    Raises:
        DataError: The file of a champion is damaged.
        StoreError: An example is no spec that has a text.
    """
    return tuple(
        ChampionExample(c.policy_name, example.spec["spec_id"], archived_scenario_text(json.dumps(example.spec)))
        for c in shipped_champions()
        if not c.weights
        for example in c.examples
    )
