"""Lessons for a model: how the policies that it wrote did, and why they lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from aurora.agents.roles.defender import LUCKY_REFERENCE
from aurora.memory.records import NewOutcome
from aurora.sim.objectives import WITH_TARGET
from aurora.types import Frozen

MAX_LESSONS = 6
"""Latest lessons that a run keeps."""
MAX_IDEA_SHOWN = 100
"""Characters of a policy's description that a lesson repeats."""
MAX_TEXT_SHOWN = 100
"""Characters of a scenario's text that a lesson repeats."""


class Lesson(Frozen):
    """The fate of a policy that a model wrote.

    Attributes:
        policy_id: The policy.
        iteration: In which it was written, from 0.
        training, validation: Its mean value over the best reference of each scenario.
        champion: That of the champion which was chosen, on validation.
        became_champion: Whether it took its place.
        on_attack: How it did on the attacker's scenarios, in words.
        weakest: The family of training scenarios on which it was weakest, with its mean there; "" if there is none.
        idea: What its author said of it; "" where that was not kept.
    """

    policy_id: str
    iteration: int
    training: float
    validation: float
    champion: float
    became_champion: bool
    on_attack: str
    weakest: str = ""
    idea: str = ""

    def told(self) -> str:
        """Return the lesson in a line."""
        fate = (
            "became the champion"
            if self.became_champion
            else f"not chosen: the best so far has {self.champion:+.4f} there"
        )
        idea = f" {json.dumps(self.idea[:MAX_IDEA_SHOWN])}" if self.idea else ""
        weakest = f" (weakest on {self.weakest})" if self.weakest else ""
        return (
            f"{self.policy_id}{idea} (iteration {self.iteration + 1}): {self.training:+.4f} over the best reference in "
            f"training{weakest}, {self.validation:+.4f} on validation; {fate}. {self.on_attack}"
        )


def on_attack(
    policy_id: str,
    achieved: Mapping[str, Mapping[str, float]],
    outcomes: Sequence[NewOutcome],
    references: Sequence[str],
    *,
    in_units: bool,
    texts: Mapping[str, str] | None = None,
) -> str:
    """Return how a policy did on the attacker's scenarios: how often it lost, and where and by what most.

    Args:
        policy_id: The policy.
        achieved: For each scenario, the value of each policy that met it.
        outcomes: Their sums.
        references: Names of the references.
        in_units: Whether latency, cost, energy and violations make up the value.
        texts: Text of each scenario.
    """
    behind: list[tuple[float, str, str]] = []
    for scenario_id, values in sorted(achieved.items()):
        best = max(
            (name for name in references if name in values and name != LUCKY_REFERENCE),
            key=lambda name: (values[name], name),
        )
        lead = values[policy_id] - values[best]
        if lead < 0:
            behind.append((lead, scenario_id, best))
    if not behind:
        return f"On the attacker's {len(achieved)} scenarios it was never behind the best reference."
    lead, scenario_id, best = min(behind)
    told = (
        f"On the attacker's scenarios it was behind the best reference on {len(behind)} of {len(achieved)}, most on "
        f"{scenario_id} ({lead:+.4f} against {best}"
    )
    about = (texts or {}).get(scenario_id, "")
    if in_units:
        sums = {o.policy_id: o.summary for o in outcomes if o.scenario_id == scenario_id}
        told += f": {_differences(sums[policy_id], sums[best])}"
    return told + ")." + (f" That scenario: {json.dumps(about[:MAX_TEXT_SHOWN])}." if about else "")


def _differences(own: Mapping[str, float], other: Mapping[str, float]) -> str:
    parts = [
        f"{word} {100 * (own[key] / other[key] - 1):+.0f} %"
        for word, key in ((o.meaning, o.field) for o in WITH_TARGET)
        if other.get(key, 0) > 0
    ]
    late = f"{own['sla_violations']:.0f} SLA violations against {other['sla_violations']:.0f}"
    undone = own["tasks"] - own["completed"]
    return ", ".join([*parts, late, *([f"{undone:.0f} tasks left undone"] if undone else [])])
