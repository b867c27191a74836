"""The attacker's scenarios as cards: what each is, who solves it, and why it is hard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aurora.errors import StoreError
from aurora.memory.names import REFERENCE, policy_name
from aurora.memory.store import Store
from aurora.memory.texts import archived_scenario_text
from aurora.sim.rewards import LEARNABLE

EASY, IMPOSSIBLE = 1.0, 0.0
"""Success rates at which a scenario teaches nothing."""


class ScenarioCard(NamedTuple):
    """A scenario that the attacker found.

    Attributes:
        scenario_id: Id of the scenario.
        family: Family of generators or of the trace.
        level: Level of the curriculum.
        iteration: Iteration in which it was played, from 0.
        text: Description in words.
        success_rate: Share of the candidates that do as well as the best reference, 0 to 1.
        attacker_reward: Reward of the attacker, 0 to 1.
        best: Name of the policy with the highest value; "" if none is archived.
        best_value: Its value.
        reference: Name of the reference with the highest value; "" if none is archived.
        reference_value: Its value.
        champion_value: Value of the champion; None: it has not played the scenario.
        players: Policies with a value on it.
    """

    scenario_id: str
    family: str
    level: int
    iteration: int
    text: str
    success_rate: float
    attacker_reward: float
    best: str
    best_value: float
    reference: str
    reference_value: float
    champion_value: float | None
    players: int

    @property
    def is_learnable(self) -> bool:
        """Whether its success rate is in the band for which the attacker is paid."""
        return LEARNABLE[0] <= self.success_rate <= LEARNABLE[1]

    @property
    def lead(self) -> float | None:
        """Value of the champion less the best reference's; None: it has not played the scenario."""
        return None if self.champion_value is None or not self.reference else self.champion_value - self.reference_value

    @property
    def why(self) -> str:
        """Return in words why it is hard, or why it is not."""
        rate = f"{self.success_rate:.0%} of the candidates do as well as the best reference"
        if self.success_rate >= EASY:
            kind = "Easy: all candidates do as well as the best reference"
        elif self.success_rate <= IMPOSSIBLE:
            kind = "Out of reach: no candidate does as well as the best reference"
        elif self.is_learnable:
            kind = f"Between easy and hopeless: {rate}"
        else:
            kind = f"Mostly {'solved' if self.success_rate > LEARNABLE[1] else 'lost'}: {rate}"
        lead = self.lead
        if lead is None:
            return f"{kind}."
        relation = "level with" if abs(lead) < 5e-5 else f"{abs(lead):.4f} {'ahead of' if lead > 0 else 'behind'}"  # noqa: PLR2004
        return f"{kind}. The champion is {relation} {self.reference}."


def scenario_cards(store: Store, champion: str, *, most: int) -> list[ScenarioCard]:
    """Return the latest scenarios of a run, latest first.

    Args:
        store: Archive of the run.
        champion: Id of the champion.
        most: Largest number of cards.
    """
    rows = store.scenarios()[::-1][:most]
    values = store.values_on([row["scenario_id"] for row in rows])
    origins = store.origins({policy for here in values.values() for policy in here})
    return [_card(row, values.get(row["scenario_id"], {}), origins, champion) for row in rows]


def leads_by_iteration(cards: Sequence[ScenarioCard]) -> dict[int, list[float]]:
    """Return the champion's leads over the best reference on the scenarios of each iteration that it has played."""
    leads: dict[int, list[float]] = {}
    for card in cards:
        if card.lead is not None:
            leads.setdefault(card.iteration, []).append(card.lead)
    return leads


def _card(
    row: Mapping[str, Any], values: Mapping[str, float], origins: Mapping[str, str], champion: str
) -> ScenarioCard:
    ranked = sorted(values, key=lambda name: (-values[name], name))
    reference = next((name for name in ranked if origins.get(name) == REFERENCE), "")
    best = ranked[0] if ranked else ""
    return ScenarioCard(
        scenario_id=row["scenario_id"],
        family=row["family"],
        level=row["level"],
        iteration=row["iteration"],
        text=_text(row["spec"]),
        success_rate=row["success_rate"],
        attacker_reward=row["attacker_reward"],
        best=policy_name(best, origins.get(best, "")),
        best_value=values.get(best, 0.0),
        reference=reference,
        reference_value=values.get(reference, 0.0),
        champion_value=values.get(champion),
        players=len(values),
    )


def _text(spec: Any) -> str:
    """Return a scenario in words; a spec of an own source has none."""
    try:
        return archived_scenario_text(json.dumps(spec))
    except StoreError:
        return "A scenario of a source that has no words for it."
