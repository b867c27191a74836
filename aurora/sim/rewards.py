"""Rewards: formulas over the sums of an outcome, one function each.

The formulas are the design's ("Rewards" in docs/explanation/architecture.md), with one change: averages run over
completed tasks only, so a policy that places little would look good. The scores of latency, cost and
energy are therefore multiplied by the share of tasks that completed.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.sim.objectives import BY_NAME, GENERAL, OBJECTIVES, Objective, ObjectiveName, ObjectiveTargets
from aurora.sim.outcome import PLACE_OF_SUM, Outcome, Summary
from aurora.sim.scenarios.scenario import Scenario

PARETO_BONUS = 1.2
SLA_PENALTY = 10.0
LEARNABLE = (0.3, 0.7)
"""Success rates between which a scenario teaches most."""


class Scores(NamedTuple):
    """The scores of an outcome.

    Attributes:
        objectives: Score of each objective of the scenario, 0 to 1.
        reward: Weighted sum of the scores, 0 to 1.
    """

    objectives: Mapping[ObjectiveName, float]
    reward: float


def hyperbolic(value: float, target: float) -> float:
    """1 / (1 + value / target): 1 at nothing, one half at the target."""
    return 1.0 / (1.0 + value / target)


def score(outcome: Outcome | Summary, scenario: Scenario) -> Scores:
    """Score an outcome, or its summary, by the scenario's own objectives, weights and targets."""
    summary = outcome.summary if isinstance(outcome, Outcome) else outcome
    targets = scenario.objective_targets
    scores = {name: _score(BY_NAME[name], summary, targets) for name in scenario.objectives}
    weights, reward = scenario.weights(), 0.0
    for name, value in scores.items():  # not `sum`, which compensates rounding on newer Pythons and not for arrays
        reward += weights[name] * value
    return Scores(scores, reward)


def rewards_of(sums: NDArray[np.float64], scenario: Scenario) -> NDArray[np.float64]:
    """Return the reward of many outcomes of a scenario, to the bit as `score` does for each.

    Args:
        sums: float64 [outcomes, sums], in the order of `Summary`.
        scenario: The scenario.
    """
    targets, weights = scenario.objective_targets, scenario.weights()
    tasks = sums[:, PLACE_OF_SUM["tasks"]]
    done = sums[:, PLACE_OF_SUM["completed"]] / tasks
    rewards = np.zeros(len(sums))
    for name in scenario.objectives:
        objective = BY_NAME[name]
        amount = sums[:, PLACE_OF_SUM[objective.field]]
        target = getattr(targets, name) if objective.target else 0.0
        scores = done * (1.0 / (1.0 + amount / target)) if target else 1.0 - amount / tasks
        rewards += weights[name] * scores
    return rewards


def undone_of(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of tasks that did not complete in each of many outcomes, 0 to 1; see `rewards_of`."""
    shares: NDArray[np.float64] = 1.0 - sums[:, PLACE_OF_SUM["completed"]] / sums[:, PLACE_OF_SUM["tasks"]]
    return shares


def _score(objective: Objective, summary: Summary, targets: ObjectiveTargets) -> float:
    amount = objective.amount(summary)
    if not objective.target:
        return 1.0 - amount / summary.tasks
    return summary.completed / summary.tasks * hyperbolic(amount, getattr(targets, objective.name))


def with_pareto_bonus(reward: float, *, is_pareto_optimal: bool) -> float:
    """Return the reward, times 1.2 where no archived policy dominates on that scenario, if it is positive."""
    return reward * PARETO_BONUS if is_pareto_optimal and reward > 0 else reward


def with_sla_penalty(reward: float, summary: Summary) -> float:
    """Return the reward less 10 times the share of violated SLAs (the proposal's option; may be negative)."""
    return reward - SLA_PENALTY * summary.sla_violations / summary.tasks


def undone(summary: Summary) -> float:
    """Return the share of tasks that did not complete, 0 to 1."""
    return 1.0 - summary.completed / summary.tasks


def objective_vector(summary: Summary, objectives: Container[ObjectiveName] = GENERAL) -> tuple[float, ...]:
    """Return the amounts of objectives for Pareto fronts, in the order of the table; lower is better.

    Amounts with a target are divided by the completed share, so that refusing work hardly helps; with nothing
    completed they are infinite.

    Args:
        summary: The outcome in sum.
        objectives: Objectives to compare by; `Scenario.counted` has all of a scenario.
    """
    done = summary.completed / summary.tasks
    return tuple(
        (o.amount(summary) / done if done else math.inf) if o.target else float(o.amount(summary))
        for o in OBJECTIVES
        if o.name in objectives
    )


def succeeds(value: float, references: Sequence[float]) -> bool:
    """Return whether a policy's value on a scenario is at least the best reference's.

    The mark is the best of the portfolio on that very scenario, chosen with hindsight, which no single
    reference reaches everywhere: so there are always scenarios on either side of it, and an
    attacker can hold the rate between 0.3 and 0.7. An absolute mark would be passed always or never.
    """
    return value >= max(references) - 1e-12


def learnability(success_rate: float) -> float:
    """1 for a success rate of 0.3 to 0.7, falling linearly to 0 at 0 and at 1."""
    low, high = LEARNABLE
    if success_rate < low:
        return success_rate / low
    if success_rate > high:
        return (1.0 - success_rate) / (1.0 - high)
    return 1.0


def attacker_reward(success_rate: float, diversity: float, complexity: float, target: float) -> float:
    """0.5 learnability + 0.3 diversity + 0.2 (1 - |complexity - target|); all arguments 0 to 1."""
    return 0.5 * learnability(success_rate) + 0.3 * diversity + 0.2 * (1.0 - abs(complexity - target))
