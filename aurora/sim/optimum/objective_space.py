"""The highest reward among points of objective space that keep lower bounds on weighted sums of objectives.

The reward is convex and falls in every amount, so its maximum lies at a corner of the set, and replacing the set of all
plans by its convex hull costs nothing. The maximum is found by dividing boxes: in a box each score is over-estimated by
its secant, and a linear program combines the secants with the bounds (Falk & Soland, Management Science 15, 1969). What
counts as proof is computed from the program's multipliers by weak duality, so its tolerances do not matter.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from aurora.sim.objectives import BY_NAME, OBJECTIVES, ObjectiveName
from aurora.sim.outcome import Summary
from aurora.sim.rewards import hyperbolic
from aurora.sim.scenarios.scenario import Scenario
from aurora.types import FloatArray

PRECISION = 1e-4
"""Reward by which the maximum may be over-estimated."""
MOST_BOXES = 400
"""Number of boxes after which the search for the maximum ends with what is proved."""
MISSED = 1e3
"""Reward that missing a bound by one costs in the program, so that an empty box has multipliers that prove it."""
NARROW = 1e-3
"""Share of a box within which a division is too near its edge, and the middle is taken."""


class Axes(NamedTuple):
    """The objectives that count, in units of their targets; an objective without target is a share of tasks.

    Attributes:
        names: Names of the objectives with a positive weight.
        weights: [axes] weights in the reward.
        units: [axes] amount of one unit.
        linear: [axes] whether the score is 1 - x rather than 1 / (1 + x).
    """

    names: tuple[ObjectiveName, ...]
    weights: FloatArray
    units: FloatArray
    linear: tuple[bool, ...]

    def point(self, amounts: Mapping[ObjectiveName, float]) -> FloatArray:
        """Return the point of amounts."""
        return np.array([amounts[n] for n in self.names]) / self.units

    def of(self, summary: Summary) -> FloatArray:
        """Return the point of an outcome that completes every task."""
        return self.point({n: BY_NAME[n].amount(summary) for n in self.names})

    def score(self, axis: int, x: float) -> float:
        """Return the weighted score of an amount."""
        worth = 1.0 - x if self.linear[axis] else hyperbolic(x, 1.0)
        return float(self.weights[axis]) * worth

    def slope(self, axis: int, x: float) -> float:
        """Return by how much the weighted score falls with the amount."""
        return float(self.weights[axis]) * (1.0 if self.linear[axis] else hyperbolic(x, 1.0) ** 2)

    def reward(self, point: Sequence[float] | FloatArray) -> float:
        """Return the reward of a point."""
        return sum(self.score(i, float(x)) for i, x in enumerate(point))

    def reach(self, axis: int, score: float) -> float:
        """Return the amount at which the weighted score is `score`; infinite for 0 or less."""
        weight = float(self.weights[axis])
        if self.linear[axis]:
            return 1.0 - max(score, 0.0) / weight
        return weight / score - 1.0 if score > 0 else math.inf


def axes_of(scenario: Scenario) -> Axes:
    """Return the axes of a scenario."""
    weights = scenario.weights()
    chosen = [o for o in OBJECTIVES if weights.get(o.name, 0.0) > 0]
    units = [getattr(scenario.objective_targets, o.name) if o.target else len(scenario.tasks) for o in chosen]
    return Axes(
        tuple(o.name for o in chosen),
        np.array([weights[o.name] for o in chosen]),
        np.array(units, dtype=float),
        tuple(not o.target for o in chosen),
    )


class Cut(NamedTuple):
    """A bound: no plan has a weighted sum of its point below `value`.

    Attributes:
        weights: [axes] weights, none negative.
        value: The bound.
    """

    weights: FloatArray
    value: float


class Highest(NamedTuple):
    """The highest reward that bounds allow.

    Attributes:
        bound: Proven bound.
        point: A point that keeps the bounds and is near it.
    """

    bound: float
    point: FloatArray


class _Box(NamedTuple):
    low: FloatArray
    high: FloatArray


def highest(axes: Axes, low: FloatArray, high: FloatArray, cuts: Sequence[Cut], known: float) -> Highest:
    """Return the highest reward of points that keep all bounds.

    Args:
        axes: The axes.
        low: [axes] lower bound of each amount.
        high: [axes] upper bound of each amount; may be infinite.
        cuts: Bounds on weighted sums.
        known: Reward of a known plan; only higher ones are searched for, and the bound is no lower.
    """
    root = _narrowed(axes, _Box(low, np.maximum(low, high)), known)
    if root is None:
        return Highest(known, low)
    order = itertools.count()
    bound, point = _over_estimate(axes, root, cuts)
    heap = [(-bound, next(order), root, point)]
    best, best_point = -math.inf, point
    for _ in range(MOST_BOXES):
        if not heap or -heap[0][0] <= max(known, best) + PRECISION:
            break
        _, _, box, point = heapq.heappop(heap)
        for part in _divided(axes, box, point):
            half = _narrowed(axes, part, known)
            if half is None:
                continue
            bound, inner = _over_estimate(axes, half, cuts)
            reached = axes.reward(inner)
            if reached > best:
                best, best_point = reached, inner
            if bound > known:
                heapq.heappush(heap, (-bound, next(order), half, inner))
    return Highest(max(known, -heap[0][0] if heap else known), best_point)


def _narrowed(axes: Axes, box: _Box, known: float) -> _Box | None:
    """Return the box without points whose reward can't exceed `known`; None if nothing is left."""
    most = [axes.score(i, float(x)) for i, x in enumerate(box.low)]
    spare = sum(most) - known
    if spare <= 0:
        return None
    reach = np.array([axes.reach(i, worth - spare) for i, worth in enumerate(most)])
    high = np.maximum(box.low, np.minimum(box.high, reach * (1 + 1e-12) + 1e-12))
    return _Box(box.low, high)


def _over_estimate(axes: Axes, box: _Box, cuts: Sequence[Cut]) -> tuple[float, FloatArray]:
    """Return a proven bound of the reward in a box, and the point at which secants are highest."""
    size = len(box.low)
    ends = [(axes.score(i, float(a)), axes.score(i, float(b)) if math.isfinite(b) else 0.0) for i, (a, b) in _ends(box)]
    slopes = np.array(
        [
            (at_low - at_high) / (b - a) if math.isfinite(b) and b > a else 0.0
            for (at_low, at_high), (_, (a, b)) in zip(ends, _ends(box), strict=True)
        ]
    )
    multipliers = np.zeros(len(cuts))
    point = box.low
    if cuts:
        matrix = np.array([c.weights for c in cuts])
        values = np.array([c.value for c in cuts])
        solved = linprog(
            [*slopes, MISSED],
            A_ub=-np.column_stack([matrix, np.ones(len(cuts))]),
            b_ub=-values,
            bounds=[*((a, b if math.isfinite(b) else None) for _, (a, b) in _ends(box)), (0.0, None)],
            method="highs-ds",
        )
        if solved.status == 0:
            point = np.clip(solved.x[:size], box.low, box.high)
            multipliers = np.maximum(-solved.ineqlin.marginals, 0.0)
            open_ended = ~np.isfinite(box.high)
            multipliers[(matrix[:, open_ended] > 0).any(axis=1)] = 0.0
    pull = sum((m * c.weights for m, c in zip(multipliers, cuts, strict=True)), np.zeros(size))
    bound = -sum(m * c.value for m, c in zip(multipliers, cuts, strict=True))
    for i, (a, b) in _ends(box):
        at_low, at_high = ends[i]
        at_end = at_high + pull[i] * b if math.isfinite(b) else -math.inf
        bound += max(at_low + pull[i] * a, at_end)
    return float(bound), point


def _ends(box: _Box) -> list[tuple[int, tuple[float, float]]]:
    return [(i, (float(a), float(b))) for i, (a, b) in enumerate(zip(box.low, box.high, strict=True))]


def _divided(axes: Axes, box: _Box, point: FloatArray) -> tuple[_Box, _Box]:
    """Divide a box where a secant is furthest from its score."""
    errors = []
    for i, (a, b) in _ends(box):
        x = float(point[i])
        low, high = axes.score(i, a), axes.score(i, b) if math.isfinite(b) else 0.0
        over = low - (low - high) / (b - a) * (x - a) if math.isfinite(b) and b > a else low
        errors.append(over - axes.score(i, x))
    axis = int(np.argmax(errors))
    a, b, x = float(box.low[axis]), float(box.high[axis]), float(point[axis])
    if not math.isfinite(b):
        cut = max(2 * x, a + 1.0)
    else:
        cut = x if a + NARROW * (b - a) < x < b - NARROW * (b - a) else (a + b) / 2
    left_high, right_low = box.high.copy(), box.low.copy()
    left_high[axis] = right_low[axis] = cut
    return _Box(box.low, left_high), _Box(right_low, box.high)
