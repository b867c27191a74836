"""Lessons for a model: results of the policies that it wrote, and where they lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from aurora.agents.roles.defender import LUCKY_REFERENCE
from aurora.memory.records import NewOutcome
from aurora.sim.objectives import WITH_TARGET
from aurora.types import Frozen

MAX_LESSONS = 6
"""Number of latest lessons that a run keeps."""
MAX_IDEA_SHOWN = 100
"""Maximum length of a policy's description in a lesson, in characters."""
MAX_TEXT_SHOWN = 100
"""Maximum length of a scenario's text in a lesson, in characters."""


class Lesson(Frozen):
    """The result of a policy that a model wrote.

    Attributes:
        policy_id: Id of the policy.
        iteration: Iteration in which it was written, from 0.
        training, validation: Its mean value over the best reference of each scenario, in training and on validation.
        champion: The same mean of the chosen champion on validation.
        became_champion: True if the policy was chosen as champion.
        on_attack: Its results on the attacker's scenarios, in words.
        weakest: Training family on which it was weakest, with its mean there; "" if there is only one family.
        idea: Description by its author; "" if it was not kept.
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

    def to_text(self) -> str:
        """Return the lesson as one line of text."""
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


def describe_losses(
    policy_id: str,
    achieved: Mapping[str, Mapping[str, float]],
    outcomes: Sequence[NewOutcome],
    references: Sequence[str],
    *,
    in_units: bool,
    texts: Mapping[str, str] | None = None,
) -> str:
    """Return a text on the attacker's scenarios where a policy lost to the best reference, with the largest loss.

    Args:
        policy_id: Id of the policy.
        achieved: Values of the policies on each scenario, by scenario and policy.
        outcomes: Outcomes of the same policies, with sums over tasks.
        references: Names of the references.
        in_units: True if the value combines latency, cost, energy and violations, which are then compared.
        texts: Texts of scenarios, by id.
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
    losses = (
        f"On the attacker's scenarios it was behind the best reference on {len(behind)} of {len(achieved)}, most on "
        f"{scenario_id} ({lead:+.4f} against {best}"
    )
    about = (texts or {}).get(scenario_id, "")
    if in_units:
        sums = {o.policy_id: o.summary for o in outcomes if o.scenario_id == scenario_id}
        losses += f": {differences(sums[policy_id], sums[best])}"
    return losses + ")." + (f" That scenario: {json.dumps(about[:MAX_TEXT_SHOWN])}." if about else "")


def differences(own: Mapping[str, float], other: Mapping[str, float]) -> str:
    """Return the differences of two outcomes on a scenario in words, from their sums over tasks."""
    parts = [
        f"{word} {100 * (own[key] / other[key] - 1):+.0f} %"
        for word, key in ((o.meaning, o.field) for o in WITH_TARGET)
        if other.get(key, 0) > 0
    ]
    late = f"{own['sla_violations']:.0f} SLA violations against {other['sla_violations']:.0f}"
    undone = own["tasks"] - own["completed"]
    return ", ".join([*parts, late, *([f"{undone:.0f} tasks left undone"] if undone else [])])
