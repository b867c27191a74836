"""What a composition is worth: `w1 * accuracy - w2 * latency - w3 * cost`, and the Pareto set of all three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

NameT = TypeVar("NameT")


class Measured(NamedTuple):
    """Measurements of one composition.

    Attributes:
        accuracy: Share of items that are classified correctly, on data that no component was fitted on.
        latency: 95th percentile of the time from a request to its answer, in seconds.
        cost: Cost of a thousand requests, in the currency of the prices; core hours without a price file.
        memory: Resident memory of all components, in bytes.
        size: Size of all components on disk, in bytes.
    """

    accuracy: float
    latency: float
    cost: float
    memory: float = 0.0
    size: float = 0.0


@dataclass(frozen=True)
class Weights:
    """Weights of the reward and the scales that make its terms comparable.

    Attributes:
        accuracy: Weight of accuracy, from 0 to 1 (w1).
        latency: Weight of latency in units of `latency_scale` (w2).
        cost: Weight of cost in units of `cost_scale` (w3).
        latency_scale: Latency that counts as 1, in seconds: the task's limit, or that of its slowest single chain.
        cost_scale: Cost that counts as 1: that of the task's dearest single chain.
    """

    accuracy: float
    latency: float
    cost: float
    latency_scale: float
    cost_scale: float


def reward(measured: Measured, weights: Weights) -> float:
    """Return `w1 * accuracy - w2 * latency / latency_scale - w3 * cost / cost_scale`.

    A term of weight 0 is 0, whatever its value: the latency of an overloaded composition is infinite.
    """
    return (
        weights.accuracy * measured.accuracy
        - (weights.latency and weights.latency * measured.latency / weights.latency_scale)
        - (weights.cost and weights.cost * measured.cost / weights.cost_scale)
    )


def pareto_set(measured: Mapping[NameT, Measured]) -> list[NameT]:
    """Return what no other composition is at least as good as in accuracy, latency and cost, and better in one.

    Returns:
        Names, the fastest first.
    """
    if not measured:
        return []
    names = list(measured)
    losses = np.array([(one.latency, one.cost, -one.accuracy) for one in measured.values()])
    order = np.lexsort(losses.T[::-1])
    kept: list[int] = []
    for index in order:
        if not _is_dominated(losses[index], losses[kept]):
            kept.append(int(index))
    return [names[index] for index in kept]


def _is_dominated(losses: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    below = (others <= losses).all(axis=1)
    return bool((below & (others < losses).any(axis=1)).any())
