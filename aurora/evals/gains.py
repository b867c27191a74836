"""Savings of a policy over another by objective, in units that people pay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.sim.objectives import WITH_TARGET, Objective
from aurora.sim.outcome import Summary
from aurora.statistics.intervals import Interval

BOOTSTRAP_RESAMPLES = 2_000
SMALLEST_TOTAL = 1e-12
"""Smallest total of which a percentage is given."""


class Gain(NamedTuple):
    """One objective of a policy and of its rival on the same scenarios.

    Attributes:
        objective: Name of an objective with a target, or `sla`.
        unit: Unit of both values: an amount per completed task; per cent of the tasks for `sla`.
        before: Value of the rival.
        after: Value of the policy.
        change: After less before, with its 95 % bootstrap interval over scenarios: per cent of `before`;
            percentage points for `sla`. None where `before` is zero.
    """

    objective: str
    unit: str
    before: float
    after: float
    change: Interval | None


def _total(objective: Objective, summary: Summary) -> float:
    """Return an objective's amount over the completed tasks of a scenario."""
    amount = objective.amount(summary)
    return amount if objective.adds_up else amount * summary.completed


def gains(before: Sequence[Summary], after: Sequence[Summary], *, seed: int = 0) -> tuple[Gain, ...]:
    """Compare two policies on the same scenarios, objective by objective.

    Args:
        before: Summaries of the rival, one per scenario.
        after: Summaries of the policy, in the same order.
        seed: Random seed of the bootstrap.

    Returns:
        Latency, cost, energy and the share of tasks within their SLA. Latency, cost and energy are sums over all
        scenarios, divided by the tasks that completed, so that long scenarios count by their tasks.
    """
    rng = np.random.default_rng(seed)
    count = len(before)
    draws = rng.multinomial(count, np.full(count, 1 / count), BOOTSTRAP_RESAMPLES).astype(float)
    done = [_column(side, lambda s: s.completed) for side in (before, after)]
    rows = []
    for objective in WITH_TARGET:
        sums = [_column(side, partial(_total, objective)) for side in (before, after)]
        if objective.needs and not any(s.any() for s in sums):
            continue  # no scenario states what it needs
        old, new = (float(s.sum() / max(1.0, d.sum())) for s, d in zip(sums, done, strict=True))
        resampled = [(draws @ s) / np.maximum(1.0, draws @ d) for s, d in zip(sums, done, strict=True)]
        change = None
        if old > SMALLEST_TOTAL:
            ratios = resampled[1] / np.maximum(SMALLEST_TOTAL, resampled[0])
            change = _interval(100 * (new / old - 1), 100 * (ratios - 1))
        rows.append(Gain(objective.name, f"{objective.unit} a task", old, new, change))
    tasks = _column(before, lambda s: s.tasks)
    met = [tasks - _column(side, lambda s: s.sla_violations) for side in (before, after)]
    old, new = (float(100 * m.sum() / tasks.sum()) for m in met)
    points = 100 * (draws @ (met[1] - met[0])) / (draws @ tasks)
    rows.append(Gain("sla", "% of tasks", old, new, _interval(new - old, points)))
    return tuple(rows)


def _column(side: Sequence[Summary], value: Callable[[Summary], float]) -> NDArray[np.float64]:
    return np.array([value(s) for s in side], dtype=np.float64)


def _interval(value: float, resampled: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(value, float(low), float(high))
