"""Compares a new version with the one that serves, on live requests whose answers it does not give."""

from __future__ import annotations

import asyncio
from statistics import median
from typing import NamedTuple

import numpy as np

from aurora.learning.composition.engine.answers import Answer
from aurora.learning.composition.engine.description import ShadowCheck
from aurora.learning.composition.engine.version import Version
from aurora.learning.composition.pipelines.value_types import Batch


class Comparison(NamedTuple):
    """What a shadow check found.

    Attributes:
        requests: Requests that both versions answered, or that one of them failed.
        items: Items of the requests that both answered.
        disagreements: Items to which they gave different classes.
        largest_difference: Largest difference of a probability.
        errors: Requests that the new version failed and the old one not.
        old_seconds: Median time of the old version; None without requests.
        new_seconds: Median time of the new version; None without requests.
        reason: Why the new version must not take over; empty if it may.
    """

    requests: int
    items: int
    disagreements: int
    largest_difference: float
    errors: int
    old_seconds: float | None
    new_seconds: float | None
    reason: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        if not self.requests:
            return "no live request came to compare"
        times = ""
        if self.old_seconds is not None and self.new_seconds is not None:
            times = f"; median {self.old_seconds * 1000:.2f} ms before, {self.new_seconds * 1000:.2f} ms after"
        return (
            f"{self.requests} requests compared, {self.errors} errors, {self.disagreements} of {self.items} items "
            f"with another class, largest difference {self.largest_difference:.4f}{times}"
        )


class Shadow:
    """A shadow check at work.

    Args:
        new: The new version, warm.
        check: What it has to show.
    """

    def __init__(self, new: Version, check: ShadowCheck) -> None:
        self._new = new
        self._check = check
        self._loop = asyncio.get_running_loop()
        self._owed = 0.0
        self._begun = 0
        self._pairs: set[asyncio.Future[None]] = set()
        self._items = self._disagreements = self._errors = self._requests = 0
        self._largest = 0.0
        self._old: list[float] = []
        self._times: list[float] = []
        self._enough = asyncio.Event()

    def offer(self, items: Batch, live: asyncio.Future[Answer]) -> None:
        """Have the new version answer a live request too, if it is of the share and the new version has room."""
        self._owed += self._check.share
        if self._owed < 1 or self._begun >= self._check.requests:
            return
        self._owed -= 1
        if self._new.queued + len(items) > self._new.described.queue_limit:
            return
        self._begun += 1
        pair = asyncio.ensure_future(self._compare(live, self._new.answer(items)))
        self._pairs.add(pair)
        pair.add_done_callback(self._pairs.discard)

    async def result(self) -> Comparison:
        """Wait until enough was compared, or the time is over."""
        try:
            await asyncio.wait_for(self._enough.wait(), self._check.seconds)
        except TimeoutError:
            if self._pairs:  # what has begun ends by its own limit of time
                await asyncio.wait(set(self._pairs))
        found = Comparison(
            self._requests,
            self._items,
            self._disagreements,
            self._largest,
            self._errors,
            median(self._old) if self._old else None,
            median(self._times) if self._times else None,
            "",
        )
        return found._replace(reason=_objection(found, self._check))

    async def _compare(self, live: asyncio.Future[Answer], copy: asyncio.Future[Answer]) -> None:
        began = self._loop.time()
        ends: dict[asyncio.Future[Answer], float] = {}
        for future in (live, copy):
            future.add_done_callback(lambda done: ends.setdefault(done, self._loop.time()))
        old, new = await asyncio.gather(live, copy, return_exceptions=True)
        await asyncio.sleep(0)  # both callbacks have run
        self._requests += 1
        if isinstance(new, BaseException):
            self._errors += not isinstance(old, BaseException)
        elif not isinstance(old, BaseException):
            self._items += len(old.stages)
            self._disagreements += int((old.probabilities.argmax(axis=1) != new.probabilities.argmax(axis=1)).sum())
            self._largest = max(self._largest, float(np.abs(old.probabilities - new.probabilities).max(initial=0)))
            self._old.append(ends[live] - began)
            self._times.append(ends[copy] - began)
        if self._requests >= self._check.requests:
            self._enough.set()


def _objection(found: Comparison, check: ShadowCheck) -> str:
    if found.errors > check.max_errors:
        return f"it failed {found.errors} of {found.requests} live requests that the old version answered"
    if found.items and found.disagreements > check.max_disagreement * found.items:
        return f"it gave another class to {found.disagreements} of {found.items} items"
    if check.max_slowdown is not None and found.old_seconds and found.new_seconds:
        factor = found.new_seconds / found.old_seconds
        if factor > check.max_slowdown:
            return f"its median time is {factor:.2f} times the old version's"
    return ""
