"""An upper bound of the reward that takes all objectives together.

The set of what plans reach, a point of objective space for each, is closed in from outside (Benson, Journal of Global
Optimization 13, 1998): where `highest` finds the highest reward that the bounds so far allow, another bound is computed
on the weighted sum that separates this point from the best plan known. A bound on a weighted sum comes from prices
(`aurora.sim.optimum.prices`) and, where the scenario is small, from CP-SAT.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.extras import is_installed
from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.objectives import BY_NAME, OBJECTIVES, ObjectiveName
from aurora.sim.optimum.bounds import Bounds, best_reward
from aurora.sim.optimum.objective_space import Axes, Cut, axes_of, highest
from aurora.sim.optimum.options import TaskOptions, most_amounts, task_options
from aurora.sim.optimum.prices import Market
from aurora.sim.optimum.relaxation import relaxation
from aurora.sim.optimum.weighted_goal import can_be_weighed, least_weighted
from aurora.sim.outcome import Outcome, Summary
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.types import FloatArray

EFFORT = 0.05
"""CP-SAT's deterministic time for a weighted sum, roughly in seconds, if no other is given."""
TASKS_SOLVED = 20
"""Number of tasks up to which CP-SAT is asked, if no other is given (levels 1 and 2)."""
ROUNDING = 1e-9
"""Share of a weighted sum by which CP-SAT's bound is lowered; it exceeds the error of adding floats."""
STEPS = 200
"""Steps in which the prices of a weighted sum are improved, if no other number is given."""
MOST_CUTS = 12
"""Largest number of weighted sums that are bounded."""
ENOUGH = 2e-4
"""Gap of reward between bound and best known plan at which no further weighted sum is bounded."""
USUAL_GAP = 0.3
"""Distance of plans from bounds, in units of the targets, where no plan is known."""
LEAST_GAIN = 1e-6
"""Share by which one of the fresh bounds must exceed the weighted sum of the point that it is to exclude."""
LEAST_APART = 1e-6
"""Difference of two amounts, in units of the target, below which a chord is replaced by the slope."""
GUIDES = ("fastest", "cheapest", "nearest", "greenest", "first_fit", "best_fit", "sjf+easy")
"""References whose outcomes are known plans."""


class RewardBound(NamedTuple):
    """An upper bound of the reward of plans that complete every task.

    Attributes:
        bound: The bound; no higher than `apart`.
        apart: The bound with each objective at its own least amount, as if the others did not count.
        plan: Reward of the best plan that is known; None without one.
        cuts: Number of weighted sums that were bounded.
    """

    bound: float
    apart: float
    plan: float | None
    cuts: int


def reward_bound(
    encoded: EncodedScenario,
    least: Bounds,
    *,
    known: Sequence[Summary] = (),
    cuts: int = MOST_CUTS,
    steps: int = STEPS,
    effort: float = EFFORT,
    tasks_solved: int = TASKS_SOLVED,
) -> RewardBound:
    """Return an upper bound of the reward of plans that complete every task; equal arguments give equal bounds.

    Without the extra `solver` the bound holds as well, and may be looser.

    Args:
        encoded: The scenario.
        least: Lower bounds of its objectives.
        known: Outcomes of plans or policies on it; those of some references are added.
        cuts: Number of weighted sums after which no more are bounded.
        steps: Steps in which the prices of each are improved.
        effort: CP-SAT's deterministic time for each of them, roughly in seconds.
        tasks_solved: Number of tasks up to which CP-SAT is asked.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    scenario = encoded.scenario
    axes = axes_of(scenario)
    low = axes.point({o.name: o.least(least) for o in OBJECTIVES})
    apart = best_reward(least, scenario)
    every = task_options(encoded)
    high = axes.point(most_amounts(encoded, every))
    outcomes = [run(encoded, compile_policy(REFERENCES[name])) for name in GUIDES]
    points = [axes.of(s) for s in (*known, *(o.summary for o in outcomes)) if s.completed == s.tasks]
    guides = [o for o in outcomes if o.summary.completed == o.summary.tasks]
    weighted = weighted_bounds(encoded, every, axes)
    is_solved = effort > 0 and is_installed("solver") and can_be_weighed(encoded, tasks_solved)
    found: list[Cut] = []
    bound = apart  # every step proves one; a later one may stop at a looser one, as there are more bounds to combine
    while True:
        best = max(points, key=axes.reward, default=None)
        reached = -np.inf if best is None else axes.reward(best)
        top = highest(axes, low, high, found, reached)
        bound = min(bound, top.bound)
        fresh: list[Cut] = []
        for weights in _directions(axes, top.point, best):
            if len(found) + len(fresh) >= cuts or top.bound - reached <= ENOUGH:
                break
            aim = min(float(weights @ p) for p in points or [top.point + USUAL_GAP])
            value = weighted.bound(weights, aim, steps)
            if is_solved:
                hint = _nearest(guides, axes, weights)
                rates = weighted.rates(weights)
                solved = least_weighted(encoded, every, rates, aim=aim, hint=hint, effort=effort)
                if math.isfinite(solved.bound):  # else no plan completes every task, and any bound holds
                    value = max(value, solved.bound - ROUNDING * abs(aim))
                if solved.outcome is not None and solved.outcome.summary.completed == len(every):
                    points.append(axes.of(solved.outcome.summary))
            fresh.append(Cut(weights, value))
        excludes = any(c.value > float(c.weights @ top.point) * (1 + LEAST_GAIN) for c in fresh)
        found += fresh
        if not excludes:
            break
    best_known = max((axes.reward(p) for p in points), default=None)
    last = highest(axes, low, high, found, -np.inf if best_known is None else best_known).bound
    return RewardBound(min(bound, last), apart, best_known, len(found))


def _nearest(outcomes: Sequence[Outcome], axes: Axes, weights: FloatArray) -> Outcome | None:
    """Return the outcome with the least weighted sum; None without one."""
    return min(outcomes, key=lambda outcome: float(weights @ axes.of(outcome.summary)), default=None)


def _directions(axes: Axes, point: FloatArray, best: FloatArray | None) -> list[FloatArray]:
    """Return weights whose sums may tell a point from the plans: along the chord to the best plan, and its slope."""
    slope = np.array([axes.slope(i, float(x)) for i, x in enumerate(point)])
    directions = [slope]
    if best is not None:
        apart = np.abs(best - point) > LEAST_APART
        scores = [
            axes.score(i, float(a)) - axes.score(i, float(b)) for i, (a, b) in enumerate(zip(point, best, strict=True))
        ]
        chord = np.where(apart, np.array(scores) / np.where(apart, best - point, 1.0), slope)
        directions.insert(0, chord)
    return [d / d.sum() for d in directions]


class WeightedBounds:
    """Lower bounds on weighted sums of the objectives of one scenario, in the units of its axes."""

    def __init__(self, axes: Axes, market: Market, tasks: int) -> None:
        self._market = market
        self._places = [[o.name for o in OBJECTIVES].index(n) for n in axes.names]
        self._names = axes.names
        # Columns have the amounts of one task; a mean is their sum divided by the number of tasks.
        self._units = np.array(
            [u * (1 if BY_NAME[n].adds_up else tasks) for n, u in zip(axes.names, axes.units, strict=True)]
        )

    def rates(self, weights: FloatArray) -> dict[ObjectiveName, float]:
        """Return the weight of a unit of each amount, summed over tasks."""
        return {name: float(rate) for name, rate in zip(self._names, weights / self._units, strict=True)}

    def bound(self, weights: FloatArray, aim: float, steps: int = STEPS) -> float:
        """Return a lower bound of a weighted sum.

        Args:
            weights: [axes] weights, none negative.
            aim: Weighted sum of a known plan, or a guess.
            steps: Number of steps in which prices are improved.
        """
        by_objective = np.zeros(len(OBJECTIVES))
        by_objective[self._places] = weights / self._units
        return self._market.best(by_objective, self._market.first_prices(by_objective), aim, steps).value


def weighted_bounds(encoded: EncodedScenario, every: Sequence[TaskOptions], axes: Axes) -> WeightedBounds:
    """Return what bounds weighted sums of a scenario's objectives.

    Args:
        encoded: The scenario.
        every: Options of each task.
        axes: Axes of the scenario.
    """
    return WeightedBounds(axes, Market(relaxation(encoded, every)), len(every))
