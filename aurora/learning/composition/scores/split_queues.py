"""Response times where each branch has workers of its own: a request forks to all branches of a stage, then joins.

The branches of a stage are queues of their own. A request leaves a stage when the last of its branches has answered,
and arrives at the next stage then, if it goes on. So requests overtake each other between stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.learning.composition.scores.queueing import Batching, batched_response_times, response_times
from aurora.types import BoolArray, FloatArray


class SplitStage(NamedTuple):
    """A stage whose branches have workers of their own.

    Attributes:
        reaches: Whether each request reaches the stage, of shape (requests,).
        seconds: Time of each request in each branch, in seconds, of shape (branches, requests).
        factors: Time of a batch in that of a single request, of shape (branches, largest batch + 1).
    """

    reaches: BoolArray
    seconds: FloatArray
    factors: FloatArray


def split_response_times(
    arrivals: FloatArray, stages: Sequence[SplitStage], workers: int, batching: Batching
) -> FloatArray:
    """Return the response time of each request, in seconds, of shape (requests,).

    A branch that stands in two stages is taken to have workers in each.

    Args:
        arrivals: Times of arrival, in seconds, rising, of shape (requests,).
        stages: The stages.
        workers: Workers of each branch.
        batching: How each branch joins requests to batches.
    """
    now = arrivals.copy()
    for stage in stages:
        here = np.flatnonzero(stage.reaches)
        here = here[np.argsort(now[here], kind="stable")]
        arrived = now[here]
        took = [
            _branch_times(arrived, np.ascontiguousarray(seconds[here]), factors, workers, batching)
            for seconds, factors in zip(stage.seconds, stage.factors, strict=True)
        ]
        now[here] = arrived + np.max(took, axis=0)
    return np.asarray(now - arrivals)


def split_utilisation(rate: float, stages: Sequence[SplitStage], workers: int) -> float:
    """Return the share of time for which the workers of the busiest branch are busy; with batches, if all were full."""
    busiest = 0.0
    for stage in stages:
        work = (stage.seconds * stage.reaches).mean(axis=1)
        full = stage.factors[:, -1] / (stage.factors.shape[1] - 1)
        busiest = max(busiest, float((rate * work * full).max()) / workers)
    return busiest


def _branch_times(
    arrivals: FloatArray, seconds: FloatArray, factors: FloatArray, workers: int, batching: Batching
) -> FloatArray:
    if not len(arrivals):
        return np.zeros(0)
    if batching.is_none:
        return response_times(arrivals, seconds, workers)
    return batched_response_times(arrivals, seconds[None], factors[None], workers, batching.deadline)
