"""The Pareto front of a scenario, for plots and pages."""

from __future__ import annotations

from typing import NamedTuple

from aurora.memory.names import policy_name
from aurora.memory.store import Store
from aurora.quantities import with_unit
from aurora.sim.objectives import WITH_TARGET

JOULES_PER_KWH = 3.6e6


class FrontPoint(NamedTuple):
    """A policy on a front.

    Attributes:
        policy_id: Id of the policy.
        name: Its name for readers.
        cost: Cost, dollars.
        latency: Mean latency, seconds.
        energy: Energy, kWh.
        amounts: All amounts with their units.
    """

    policy_id: str
    name: str
    cost: float
    latency: float
    energy: float
    amounts: tuple[str, ...]


class Front(NamedTuple):
    """The Pareto front of a scenario.

    Attributes:
        scenario_id: Id of the scenario.
        objectives: Amounts that are compared, in words.
        points: Policies on the front; none where the amounts tell no two of them apart.
    """

    scenario_id: str
    objectives: tuple[str, ...]
    points: tuple[FrontPoint, ...]

    @property
    def meaning(self) -> str:
        """Return in a sentence what the front says, or why there is none."""
        if not self.points:
            return f"{', '.join(self.objectives)} tell no two policies apart, so there is no front."
        return (
            f"For each policy shown, no other policy is better in {', '.join(self.objectives)} and SLA violations at "
            "once."
        )


def front_of(store: Store, scenario_id: str) -> Front:
    """Return the Pareto front of an archived scenario.

    Args:
        store: Archive of the run.
        scenario_id: Id of the scenario.
    """
    summaries = store.fronts([scenario_id]).get(scenario_id, {})
    origins = store.origins(summaries)
    counted = [o for o in WITH_TARGET if all(o.field in s for s in summaries.values())]
    objectives = tuple(o.meaning for o in counted)
    if len({tuple(s[o.field] for o in counted) for s in summaries.values()}) <= 1:
        return Front(scenario_id, objectives, ())
    points = tuple(
        FrontPoint(
            policy_id=policy,
            name=policy_name(policy, origins.get(policy, "")),
            cost=s["cost"],
            latency=s["latency_mean"],
            energy=s["energy"] / JOULES_PER_KWH,
            amounts=tuple(with_unit(s[o.field], o.shown_unit) for o in counted),
        )
        for policy, s in summaries.items()
    )
    return Front(scenario_id, objectives, points)
