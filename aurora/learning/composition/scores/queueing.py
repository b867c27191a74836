"""Response times of a service under load: exact simulation of its queue with the measured times of its requests.

Requests arrive in an open loop: a Poisson process that does not wait for answers. Workers take them first come, first
served. Without batches this is the recursion of Kiefer and Wolfowitz (1955, On the theory of queues with many servers),
for one worker that of Lindley (1952). With batches, each stage has a queue, and a free worker takes a batch of the last
stage that has one due: `size` requests wait there, or the oldest has waited for `deadline`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.types import FloatArray, IntArray

MAX_WORKERS = 1024
MIN_REQUESTS, MAX_REQUESTS = 10, 10_000_000
_WARM_UP = 0.1


@dataclass(frozen=True)
class Batching:
    """How requests are joined to batches.

    Attributes:
        size: Most requests of a batch; 1 for none.
        deadline: Longest time for which a request waits for others while a worker is free, in seconds.
    """

    size: int = 1
    deadline: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise InputError("give at least 1", parameter="size", value=self.size)
        if not 0 <= self.deadline < math.inf:
            raise InputError("give 0 or more seconds", parameter="deadline", value=self.deadline)

    @property
    def is_none(self) -> bool:
        """Whether each request is served by itself and at once."""
        return self.size == 1 and self.deadline == 0


@dataclass(frozen=True)
class QueueModel:
    """The queue before a pipeline: the load that arrives, and the workers that serve it.

    Attributes:
        rate: Requests that arrive in a second, on average.
        workers: Worker processes, each with the whole pipeline and a core of its own; or of each branch.
        is_split: Whether each branch has workers of its own, as in the layout `branches` of a deployment; those of a
            stage then work on a request at once.
        batching: How requests are joined to batches.
        overhead: Time of a request outside its workers and their queue, such as that of HTTP, in seconds.
        handover: Time for which a worker is kept from other work by a batch beside its components, in seconds: the
            items are handed over to it, and its answers are taken back.
        requests: Requests to simulate; the first tenth is left out.
        seed: Random seed of arrivals and of the order of items.
    """

    rate: float = 1.0
    workers: int = 1
    is_split: bool = False
    batching: Batching = Batching()
    overhead: float = 0.0
    handover: float = 0.0
    requests: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.rate < math.inf:
            raise InputError("give a number above 0", parameter="rate", value=self.rate)
        if not 1 <= self.workers <= MAX_WORKERS:
            raise InputError(f"give a number from 1 to {MAX_WORKERS}", parameter="workers", value=self.workers)
        for name in ("overhead", "handover"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError("give 0 or more seconds", parameter=name, value=getattr(self, name))
        if not MIN_REQUESTS <= self.requests <= MAX_REQUESTS:
            raise InputError(
                f"give a number from {MIN_REQUESTS} to {MAX_REQUESTS}", parameter="requests", value=self.requests
            )

    @property
    def skipped(self) -> int:
        """Number of first requests that are left out, because the queue was empty before them."""
        return int(self.requests * _WARM_UP)


def poisson_arrivals(rate: float, count: int, seed: int) -> FloatArray:
    """Return the arrival times of a Poisson process, in seconds, rising.

    Args:
        rate: Arrivals a second.
        count: Number of arrivals.
        seed: Random seed.
    """
    gaps = np.random.default_rng([seed, 0]).exponential(1.0, count)
    return np.cumsum(gaps) / rate


def item_order(items: int, count: int, seed: int) -> IntArray:
    """Return the item of each request: all items in random order, again and again, so that each is asked equally often.

    Args:
        items: Number of items.
        count: Number of requests.
        seed: Random seed.
    """
    random = np.random.default_rng([seed, 1])
    rounds = [random.permutation(items) for _ in range(-(-count // items))]
    return np.concatenate(rounds)[:count].astype(np.int64)


def response_times(arrivals: FloatArray, service: FloatArray, workers: int) -> FloatArray:
    """Return the time from the arrival of each request to its answer: first come, first served, none in batches.

    Args:
        arrivals: Times of arrival, in seconds, rising, of shape (requests,).
        service: Time that a worker needs for each request, in seconds, of shape (requests,).
        workers: Number of workers.
    """
    from aurora.learning.composition.scores import queue_kernel  # noqa: PLC0415  # heavy, used here only

    return np.asarray(queue_kernel.response_times(arrivals, service, workers))


def response_quantiles(
    queue: QueueModel, seconds: FloatArray, share: float = 0.95, *, skip_overloaded: bool = True
) -> FloatArray:
    """Return a quantile of the response time of many pipelines under one load, none in batches.

    All pipelines see the same arrivals and the same order of items, so their differences are not those of chance.

    Args:
        queue: Load and workers.
        seconds: Time of each item, in seconds, of shape (pipelines, items).
        share: Share of requests that are answered within the quantile.
        skip_overloaded: Whether pipelines that can't keep up with the load are infinite, as in the long run, instead of
            what the simulated requests saw.

    Returns:
        Seconds, of shape (pipelines,).
    """
    from aurora.learning.composition.scores import queue_kernel  # noqa: PLC0415  # heavy, used here only

    arrivals = poisson_arrivals(queue.rate, queue.requests, queue.seed)
    items = item_order(seconds.shape[1], queue.requests, queue.seed)
    found = np.full(len(seconds), np.inf)
    steady = seconds.mean(axis=1) * queue.rate < queue.workers if skip_overloaded else np.ones(len(seconds), bool)
    rank = quantile_rank(queue.requests - queue.skipped, share)
    found[steady] = queue.overhead + queue_kernel.response_quantiles(
        arrivals, items, np.ascontiguousarray(seconds[steady]), queue.workers, queue.skipped, rank
    )
    return found


def batched_response_times(
    arrivals: FloatArray, seconds: FloatArray, factors: FloatArray, workers: int, deadline: float
) -> FloatArray:
    """Return the time from the arrival of each request to its answer, where stages are served in batches.

    A batch of k requests takes `factors[stage, k]` times the mean of their own times in that stage.

    Args:
        arrivals: Times of arrival, in seconds, rising, of shape (requests,).
        seconds: Time of each request in each stage, in seconds, of shape (stages, requests); negative where it does
            not reach the stage.
        factors: Time of a batch in that of a single request, of shape (stages, largest batch + 1).
        workers: Number of workers.
        deadline: Longest time for which a request waits for others while a worker is free, in seconds.
    """
    from aurora.learning.composition.scores import queue_kernel  # noqa: PLC0415  # heavy, used here only

    return np.asarray(queue_kernel.batched_response_times(arrivals, seconds, factors, workers, deadline))


def quantile_rank(count: int, share: float) -> int:
    """Return the place, from 0, of the smallest of `count` sorted values that at least a share does not exceed."""
    return max(0, min(count - 1, math.ceil(share * count - 1e-9) - 1))


def quantile(values: NDArray[np.floating], share: float) -> float:
    """Return the smallest of some values that at least a share of them does not exceed."""
    rank = quantile_rank(len(values), share)
    return float(np.partition(values, rank)[rank])
