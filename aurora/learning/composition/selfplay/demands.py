"""Demands that an application may have to serve: a load, and the classes of what is asked; and how far they may go."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.types import FloatArray, IntArray

SIMULATED = 2000
"""Requests of a simulated queue: many compositions are compared under many demands."""


@dataclass(frozen=True)
class Demand:
    """What an application may have to serve.

    Attributes:
        rate: Requests a second.
        shares: Share of each class in the requests, in the order of the classes; they sum to 1.
    """

    rate: float
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Bounds:
    """How far demands may be from the usual one.

    Attributes:
        usual: The usual demand.
        peak: Largest rate, and the inverse of the smallest one, in that of the usual demand.
        shift: Largest share of the requests that may be of another class than usual: the total variation distance.
    """

    usual: Demand
    peak: float = 4.0
    shift: float = 0.3

    def __post_init__(self) -> None:
        if not 1 <= self.peak < np.inf:
            raise InputError("give a number of at least 1", parameter="peak", value=self.peak)
        if not 0 <= self.shift <= 1:
            raise InputError("give a share from 0 to 1", parameter="shift", value=self.shift)

    def within(self, rate: float, shares: FloatArray) -> Demand:
        """Return the demand nearest to a wish that the bounds allow.

        Args:
            rate: Requests a second.
            shares: Share of each class, at least 0, of shape (classes,); they are made to sum to 1.
        """
        usual = np.array(self.usual.shares)
        wished = shares / shares.sum()
        distance = float(np.abs(wished - usual).sum()) / 2
        if distance > self.shift:
            wished = usual + (wished - usual) * self.shift / distance
        low, high = self.usual.rate / self.peak, self.usual.rate * self.peak
        return Demand(float(np.clip(rate, low, high)), tuple(wished.tolist()))


def usual_demand(evaluator: TableEvaluator, classes: int) -> Demand:
    """Return the load of an evaluator, and the classes of its items.

    Args:
        evaluator: Measurements with labels and load.
        classes: Number of classes.
    """
    counts = np.bincount(evaluator.labels, minlength=classes)
    return Demand(evaluator.queue.rate, tuple((counts / counts.sum()).tolist()))


def under(evaluator: TableEvaluator, demand: Demand, requests: int) -> TableEvaluator:
    """Return what scores pipelines under a demand: the same measured items, those of each class as often as asked for.

    Args:
        evaluator: Measurements with labels and load.
        demand: The demand; classes without an item have no share.
        requests: Requests of the simulated queue.
    """
    rows = _rows(evaluator.labels, np.array(demand.shares))
    chosen = {
        chain: replace(one, probabilities=one.probabilities[rows], seconds=one.seconds[rows])
        for chain, one in evaluator.measurements.items()
    }
    queue = replace(evaluator.queue, rate=demand.rate, requests=requests)
    return TableEvaluator(chosen, evaluator.labels[rows], queue, evaluator.prices)


def _rows(labels: IntArray, shares: FloatArray) -> IntArray:
    """Return as many rows as there are items, with each class as often as its share says, its items in turn."""
    exact = shares * len(labels)
    counts = np.floor(exact).astype(np.int64)
    for number in np.argsort(counts - exact, kind="stable")[: len(labels) - int(counts.sum())]:
        counts[number] += 1  # largest remainders
    return np.concatenate([np.resize(np.flatnonzero(labels == k), count) for k, count in enumerate(counts) if count])
