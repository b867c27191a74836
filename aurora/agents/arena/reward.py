"""The reward as the value of a policy, and the references for scenarios of any domain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import rewards_of, score, undone, undone_of
from aurora.sim.scenarios.scenario import Scenario

REWARD_UNDONE = 2.0
"""Reward that leaving all tasks undone costs.

Cost, slowdown and the like are measured on tasks that completed, so a policy could do better by leaving out the
expensive ones, or all of them; search finds that. With this weight no task is worth leaving out.
"""

GENERAL_REFERENCES: Mapping[str, Policy] = {
    name: REFERENCES[name]
    for name in (
        "random",
        "round_robin",
        "first_fit",
        "best_fit",
        "worst_fit",
        "fgd",
        "least_allocated",
        "most_allocated",
        "balanced_allocation",
        "cheapest",
        "fastest",
        "nearest",
        "greenest",
        "sjf+easy",
        "priority+easy",
        "earliest_deadline+easy",
    )
}
"""References for scenarios with several nodes."""

REWARD_MEASURE = (
    "The value is the reward: the sum over objectives of weight times score, where latency, cost and "
    "energy score 1 / (1 + value / target) and qos the share of tasks within their SLA, less "
    f"{REWARD_UNDONE:g} times the share of tasks left undone."
)


def reward_less_undone(scenario: Scenario, outcome: Outcome) -> float:
    """Return the reward less what leaving tasks undone costs."""
    return score(outcome.summary, scenario).reward - REWARD_UNDONE * undone(outcome.summary)


def rewards_less_undone(scenario: Scenario, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `reward_less_undone` of many outcomes from the kernel's rows of sums."""
    rewards: NDArray[np.float64] = rewards_of(sums, scenario) - REWARD_UNDONE * undone_of(sums)
    return rewards
