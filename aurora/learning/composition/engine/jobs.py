"""Items that wait for a stage, and how they are joined to batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from aurora.learning.composition.pipelines.value_types import Array, Batch

TOO_LATE, FAILED, UNAVAILABLE = 504, 500, 503


class Failure(NamedTuple):
    """Why a job has no answer.

    Attributes:
        status: HTTP status: 500 the stage failed, 503 it has no worker, 504 it took too long.
        reason: What happened.
    """

    status: int
    reason: str


class Outcome(NamedTuple):
    """What became of a job.

    Attributes:
        probabilities: Answers of shape (items, classes); None if it failed.
        faults: Branches that were left out, with the reason.
        failure: Why there is no answer; None if there is one.
        waited: Seconds in the queue.
        served: Seconds of its batch in the worker's components.
        busy: Seconds for which its batch kept the worker, the hand-over of items and answers included.
        rows: Items of its batch.
    """

    probabilities: Array | None
    faults: tuple[str, ...] = ()
    failure: Failure | None = None
    waited: float = 0.0
    served: float = 0.0
    busy: float = 0.0
    rows: int = 0


@dataclass(slots=True, eq=False)
class Job:
    """Items of one request for one stage.

    Attributes:
        items: The items.
        stage: Number of the stage among those of the pool.
        since: Time of arrival in the queue, by the loop's clock.
        done: Called once with what became of it.
        is_alone: Whether it is run in a batch of its own: it was in a batch that failed.
        is_dropped: Whether nobody waits for it.
        tries: Batches that it was in.
    """

    items: Batch
    stage: int
    since: float
    done: Callable[[Outcome], None]
    is_alone: bool = False
    is_dropped: bool = False
    tries: int = 0


@dataclass(slots=True)
class Queue:
    """Jobs of one stage that wait, oldest first.

    Attributes:
        size: Most items of a batch.
        deadline: Longest wait for others while a worker is free, in seconds.
        items: Items that wait.
    """

    size: int
    deadline: float
    items: int = 0
    _jobs: deque[Job] = field(default_factory=deque)

    def add(self, job: Job, *, first: bool = False) -> None:
        """Let a job wait, before all others if `first`."""
        self.items += len(job.items)
        if first:
            self._jobs.appendleft(job)
        else:
            self._jobs.append(job)

    def due(self) -> float | None:
        """Return the time at which a batch is to be run, by the loop's clock; None if nothing waits."""
        while self._jobs and self._jobs[0].is_dropped:
            self.items -= len(self._jobs.popleft().items)
        if not self._jobs:
            return None
        oldest = self._jobs[0]
        return oldest.since if self.items >= self.size or oldest.is_alone else oldest.since + self.deadline

    def take(self) -> list[Job]:
        """Return the jobs of the next batch; not more items than a batch has."""
        taken: list[Job] = []
        room = self.size
        while self._jobs:
            job = self._jobs[0]
            if not job.is_dropped and taken and (len(job.items) > room or job.is_alone):
                break
            self._jobs.popleft()
            self.items -= len(job.items)
            if job.is_dropped:
                continue
            room -= len(job.items)
            taken.append(job)
            if job.is_alone:
                break
        return taken

    def drain(self) -> list[Job]:
        """Return all jobs, and forget them."""
        jobs, self.items = [job for job in self._jobs if not job.is_dropped], 0
        self._jobs.clear()
        return jobs


def joined(jobs: Sequence[Job]) -> Batch:
    """Return the items of all jobs as one batch."""
    if len(jobs) == 1:
        return jobs[0].items
    texts: list[str] = []
    arrays: list[Array] = []
    for job in jobs:
        if isinstance(job.items, list):
            texts += job.items
        else:
            arrays.append(job.items)
    return np.concatenate(arrays) if arrays else texts
