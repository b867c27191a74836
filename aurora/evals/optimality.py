"""Measures the distance of a policy from the bounds of its scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed

from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.objectives import WITH_TARGET, ObjectiveName
from aurora.sim.optimum.bounds import Bounds
from aurora.sim.optimum.reward_bound import RewardBound, reward_bound
from aurora.sim.optimum.solver import tightest_bounds
from aurora.sim.outcome import Summary
from aurora.sim.policies.program import Program
from aurora.sim.rewards import score
from aurora.statistics.intervals import Interval, paired_interval
from aurora.types import Progress, no_progress

CUTS = 2
"""Number of weighted sums that are bounded for each scenario; twelve take four times as long and lower the bound by
0.002 to 0.003 (`benchmarks/reward_bounds.py` takes twelve)."""


class JointDistance(NamedTuple):
    """A policy against bounds of the reward that take all objectives together, and against the best known plans.

    Attributes:
        bound: Mean upper bound of the reward.
        gap: Bound less reward of the policy, with its 95 % interval.
        plan: Mean reward of the best plan that is known, the policy's own included.
        plan_gap: That less the reward of the policy, with its 95 % interval.
    """

    bound: float
    gap: Interval
    plan: float
    plan_gap: Interval

    def to_json(self) -> dict[str, Any]:
        """Return the distance as plain values, with keys that stand beside those of `Distance`."""
        return {
            "joint_bound": self.bound,
            "joint_gap": self.gap._asdict(),
            "best_plan": self.plan,
            "best_plan_gap": self.plan_gap._asdict(),
        }


class Distance(NamedTuple):
    """A policy against bounds that no plan can beat, over the scenarios that it completes.

    Attributes:
        scenarios: Number of scenarios that it completes.
        bound: Mean upper bound of the reward, with each objective at its own bound.
        reward: Mean reward of the policy on the same scenarios.
        gap: Bound less reward, with its 95 % interval.
        ratios: Total of the policy over that of the bounds, for each objective with a target that a scenario counts;
            None where the bounds are 0.
        joint: Distance from the bounds that take all objectives together; None in results of earlier versions.
    """

    scenarios: int
    bound: float
    reward: float
    gap: Interval
    ratios: Mapping[ObjectiveName, float | None]
    joint: JointDistance | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the distance as plain values, each ratio under the name of its objective."""
        data: dict[str, Any] = {**self._asdict(), "gap": self.gap._asdict()}
        data.update(data.pop("ratios"))
        joint = data.pop("joint")
        data.update(joint.to_json() if joint is not None else {})
        return data


def distance_from_json(data: Mapping[str, Any]) -> Distance:
    """Return the distance that `Distance.to_json` wrote."""
    ratios: dict[ObjectiveName, float | None] = {o.name: data[o.name] for o in WITH_TARGET if o.name in data}
    joint = None
    if "joint_bound" in data:
        gap, plan_gap = Interval(**data["joint_gap"]), Interval(**data["best_plan_gap"])
        joint = JointDistance(data["joint_bound"], gap, data["best_plan"], plan_gap)
    return Distance(data["scenarios"], data["bound"], data["reward"], Interval(**data["gap"]), ratios, joint)


def distance(
    scenarios: Sequence[EncodedScenario],
    program: Program,
    *,
    jobs: int,
    progress: Progress = no_progress,
) -> Distance | None:
    """Measure the distance of a policy from the bounds; None if it completes none of the scenarios.

    Args:
        scenarios: Encoded scenarios.
        program: Compiled policy.
        jobs: Number of threads.
        progress: Receives the number of scenarios done.
    """
    pending = Parallel(n_jobs=jobs, backend="threading", return_as="generator")(
        delayed(_judge)(e, program) for e in scenarios
    )
    rows = []
    for done, (encoded, row) in enumerate(zip(scenarios, pending, strict=True), 1):
        if row is not None:
            rows.append((encoded, *row))
        progress("bounds", done, len(scenarios))
    if not rows:
        return None
    most = np.array([joint.apart for _, _, _, joint in rows])
    together = np.array([joint.bound for _, _, _, joint in rows])
    plans = np.array([joint.plan for _, _, _, joint in rows])
    got = np.array([score(summary, e.scenario).reward for e, _, summary, _ in rows])

    def ratio(done: list[float], possible: list[float]) -> float | None:
        return sum(done) / sum(possible) if sum(possible) > 0 else None

    return Distance(
        scenarios=len(rows),
        bound=float(most.mean()),
        reward=float(got.mean()),
        gap=paired_interval(most - got),
        ratios={
            o.name: ratio([o.amount(s) for _, _, s, _ in rows], [o.least(b) for _, b, _, _ in rows])
            for o in WITH_TARGET
            if any(o.name in e.scenario.counted for e, _, _, _ in rows)
        },
        joint=JointDistance(
            bound=float(together.mean()),
            gap=paired_interval(together - got),
            plan=float(plans.mean()),
            plan_gap=paired_interval(plans - got),
        ),
    )


def _judge(encoded: EncodedScenario, program: Program) -> tuple[Bounds, Summary, RewardBound] | None:
    summary = run(encoded, program).summary
    if summary.completed < summary.tasks:
        return None
    least = tightest_bounds(encoded)
    return least, summary, reward_bound(encoded, least, known=[summary], cuts=CUTS)
