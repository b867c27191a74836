"""One version of a deployment at work: its pools of workers, and requests on their way through its stages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from aurora.errors import RunError
from aurora.learning.composition.engine.answers import Answer, Partial
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.jobs import FAILED, TOO_LATE, Failure, Job, Outcome
from aurora.learning.composition.engine.loading import mean
from aurora.learning.composition.engine.metrics import StageMetrics
from aurora.learning.composition.engine.pool import Pool
from aurora.learning.composition.pipelines.value_types import Array, Batch, ValueType

_KINDS = ("classes", "kind", "width")


class StageError(RunError):
    """A request has no answer.

    Args:
        failure: Why.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.status = failure.status


class Version:
    """A version of a deployment.

    Args:
        number: Its number.
        described: Its description.
        metrics: Takes in what each stage did, one a stage; shared by versions.

    Attributes:
        open: Requests that are on their way.
    """

    def __init__(self, number: int, described: Deployment, metrics: list[StageMetrics]) -> None:
        self.number = number
        self.described = described
        self.pipeline = described.graph()
        self.open = 0
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._empty = asyncio.Event()
        stages = [list(stage.branches) for stage in self.pipeline.stages]
        if described.layout == "whole":
            pool = Pool(stages, described, "the pipeline")
            self.pools = [pool]
            self._routes = [[(pool, number)] for number in range(len(stages))]
        else:
            branches = dict.fromkeys(branch for stage in stages for branch in stage)  # one may be in several stages
            own = {branch: Pool([[branch]], described, str(branch)) for branch in branches}
            self.pools = list(own.values())
            self._routes = [[(own[branch], 0) for branch in stage] for stage in stages]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; known once it is warm."""
        ready = self.pools[0].ready
        return tuple(ready["classes"]) if ready else ()

    @property
    def input(self) -> ValueType:
        """Type of the items; known once it is warm."""
        ready = self.pools[0].ready
        assert ready is not None
        kind: ValueType = ValueType(ready["kind"], ready["width"], tuple(ready["names"]))  # type: ignore[arg-type]
        return kind

    @property
    def queued(self) -> int:
        """Items that wait for a worker, in the fullest of the pools."""
        return max(pool.queued for pool in self.pools)

    @property
    def reasons(self) -> list[str]:
        """Why the version is degraded: pools without workers, or whose workers fail."""
        wanted = self.described.workers
        return [
            f"{pool.name}: {pool.alive} of {wanted} workers are ready" + (f"; {pool.reason}" if pool.reason else "")
            for pool in self.pools
            if pool.alive < wanted or pool.reason
        ]

    @property
    def is_ready(self) -> bool:
        """Whether every stage has a worker that is warm."""
        return all(pool.alive for pool in self.pools)

    async def warm(self) -> str:
        """Wait until all workers are ready; return an empty string, or why the version can't be used."""
        reasons = [reason for reason in await asyncio.gather(*(pool.warm() for pool in self.pools)) if reason]
        if reasons:
            return "; ".join(reasons)
        first = self.pools[0].ready
        assert first is not None
        for pool in self.pools[1:]:
            other = pool.ready
            assert other is not None
            for key in _KINDS:
                if other[key] != first[key]:  # type: ignore[literal-required]
                    return f"{pool.name} and {self.pools[0].name} differ in {key}"
        return ""

    def answer(self, items: Batch) -> asyncio.Future[Answer]:
        """Have the pipeline answer the items of a request.

        Returns:
            The answer; fails with `StageError`.
        """
        return _Request(self, items).answer

    def stop(self) -> None:
        """End all workers."""
        for pool in self.pools:
            pool.stop()

    async def drain(self, seconds: float) -> bool:
        """Wait until all requests are answered, at most so long; return whether they are."""
        until = self._loop.time() + seconds
        while self.open and self._loop.time() < until:
            await asyncio.sleep(0.005)
        return self.open == 0

    def submit(self, stage: int, items: Batch, done: Callable[[Outcome], None]) -> list[Job]:
        """Have a stage answer items; return the jobs, which the caller may drop."""
        routes = self._routes[stage]
        join = done if len(routes) == 1 else _Join(len(routes), done).take
        now = self._loop.time()
        jobs = [Job(items, number, now, join) for _, number in routes]
        for job, (pool, _) in zip(jobs, routes, strict=True):
            pool.submit(job)
        return jobs

    def observe(self, stage: int, outcome: Outcome) -> None:
        """Take note of what a stage did."""
        self._metrics[stage].observe(outcome)


class _Join:
    """Waits for the branches of a stage that have pools of their own, and averages them."""

    def __init__(self, count: int, done: Callable[[Outcome], None]) -> None:
        self._missing = count
        self._done = done
        self._outcomes: list[Outcome] = []

    def take(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._missing -= 1
        if self._missing:
            return
        answers = [one.probabilities for one in self._outcomes if one.probabilities is not None]
        failures = [one.failure for one in self._outcomes if one.failure is not None]
        slowest = max(self._outcomes, key=lambda one: one.waited + one.served)
        if not answers:
            self._done(slowest._replace(probabilities=None, failure=failures[0]))
            return
        faults = tuple(fault for one in self._outcomes for fault in one.faults)
        faults += tuple(failure.reason for failure in failures)
        self._done(slowest._replace(probabilities=mean(answers), faults=faults, failure=None))


class _Request:
    """A request on its way through the stages."""

    def __init__(self, version: Version, items: Batch) -> None:
        self._version = version
        self._items = items
        self._may_degrade = version.described.degraded_answers
        self._partial = Partial.empty(len(items), len(version.classes))
        self._jobs: list[Job] = []
        self._missing = 0
        self.answer: asyncio.Future[Answer] = version._loop.create_future()
        version.open += 1
        seconds = version.described.timeouts.request_ms / 1000
        self._timer = version._loop.call_later(seconds, self._expire)
        self._ask(0, np.arange(len(items)))

    def _ask(self, stage: int, rows: NDArray[np.int64]) -> None:
        size = self._version.described.batching.size
        parts = [rows[start : start + size] for start in range(0, len(rows), size)]
        self._missing += len(parts)
        for part in parts:
            if self.answer.done():
                return
            items = _chosen(self._items, part)
            self._jobs += self._version.submit(stage, items, partial(self._take, stage, part))

    def _take(self, stage: int, rows: NDArray[np.int64], outcome: Outcome) -> None:
        self._version.observe(stage, outcome)
        self._missing -= 1
        if self.answer.done():
            return
        failure = outcome.failure
        if failure is None and outcome.faults and not self._may_degrade:
            failure = Failure(FAILED, "; ".join(outcome.faults))
        if failure is not None:
            is_answered = bool((self._partial.stages[rows] >= 0).all())
            if not (self._may_degrade and is_answered):
                self._fail(Failure(failure.status, f"stage {stage + 1}: {failure.reason}"))
                return
            self._partial.degraded[f"stage {stage + 1}: {failure.reason}"] = None
        else:
            assert outcome.probabilities is not None
            self._partial.degraded.update((f"stage {stage + 1}: {fault}", None) for fault in outcome.faults)
            threshold = self._version.pipeline.stages[stage].threshold
            unsure = self._partial.take(stage, rows, outcome.probabilities, threshold)
            if len(unsure):
                self._ask(stage + 1, unsure)
        if not self._missing and not self.answer.done():
            self._end()
            self.answer.set_result(self._partial.final(self._version.number, self._version.classes))

    def _expire(self) -> None:
        """Answer with what is there if that is allowed, else with an error."""
        if self.answer.done():
            return
        reason = f"the request took longer than {self._version.described.timeouts.request_ms:g} ms"
        if self._may_degrade and bool((self._partial.stages >= 0).all()):
            self._partial.degraded[reason] = None
            self._end()
            self.answer.set_result(self._partial.final(self._version.number, self._version.classes))
        else:
            self._fail(Failure(TOO_LATE, reason))

    def _fail(self, failure: Failure) -> None:
        self._end()
        self.answer.set_exception(StageError(failure))

    def _end(self) -> None:
        self._timer.cancel()
        self._version.open -= 1
        for job in self._jobs:
            job.is_dropped = True


def _chosen(items: Batch, rows: NDArray[np.int64]) -> Batch:
    if len(rows) == len(items):
        return items
    if isinstance(items, list):
        return [items[row] for row in rows.tolist()]
    chosen: Array = items[rows]
    return chosen
