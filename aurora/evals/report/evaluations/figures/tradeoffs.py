"""Builds scatter plots of what subjects cost, in time or money, and what they achieve."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from aurora.evals.report.evaluations.document import Point, Scatter
from aurora.evals.report.evaluations.texts import axis_label
from aurora.evals.results.result import Metric
from aurora.evals.results.samples import Sample

MANY_TIMES = 30.0
"""Ratio of the largest to the smallest cost from which the axis is logarithmic."""


class Price(NamedTuple):
    """Something that a decision costs.

    Attributes:
        label: Label of the axis.
        of_sample: Function that returns it; None: not measured.
        pooled: Function that summarises it over samples.
    """

    label: str
    of_sample: Callable[[Sample], float | None]
    pooled: Callable[[Sequence[float]], float]


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


PRICES = {
    "time": Price("decision time, µs, median", lambda s: s.values.get("decision_time"), _median),
    "cost": Price("cost, $ a task, mean", lambda s: s.values.get("cost"), _mean),
    "price": Price("price of the model, $ a sample, mean", lambda s: s.dollars if s.model_calls else None, _mean),
}
"""Prices by the figure that shows them."""


def scatter_of(
    price: Price, metrics: Sequence[Metric], samples: Sequence[Sample], apart: Collection[str]
) -> Scatter | None:
    """Plot a metric of each subject over a price; None where fewer than two subjects have both.

    Args:
        price: What a decision costs.
        metrics: One metric of each subject of a suite.
        samples: Samples of the suite.
        apart: Subjects that are left out.
    """
    costs: dict[str, list[float]] = {}
    for s in samples:
        cost = price.of_sample(s)
        if cost is not None and s.subject not in apart:
            costs.setdefault(s.subject, []).append(cost)
    met = [(m.subject, price.pooled(costs[m.subject]), m.value) for m in metrics if m.subject in costs]
    if len(met) < 2:  # noqa: PLR2004  # nothing to compare
        return None
    higher = metrics[0].better != "lower"
    points = tuple(Point(name, x, y, not any(_dominates(o, (x, y), higher) for _, *o in met)) for name, x, y in met)
    smallest = min(x for _, x, _ in met)
    is_log = smallest > 0 and max(x for _, x, _ in met) / smallest >= MANY_TIMES
    return Scatter(price.label, axis_label(metrics[0]), points, is_log, higher)


def _dominates(other: Sequence[float], own: Sequence[float], higher: bool) -> bool:
    """Return whether another point costs no more, achieves no less, and is better in one of both."""
    sign = 1 if higher else -1
    no_worse = other[0] <= own[0] and sign * other[1] >= sign * own[1]
    return no_worse and tuple(other) != tuple(own)
