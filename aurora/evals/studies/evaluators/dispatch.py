"""Feeds workers with batches of items, and evaluates the items of a dead worker again."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from aurora.evals.studies.evaluators.protocol import Answer, Evaluated, Stopped, Work

BATCH_SECONDS = 0.1
"""Least duration of a batch, once the duration of an item is known; sending one costs a millisecond or two."""
MAX_DEATHS = 3
"""Number of workers that may die of an item."""
POLL_SECONDS = 0.2
"""Seconds between two looks at whether the work must stop."""


class Died(NamedTuple):
    """A worker ended before its batch did.

    Attributes:
        reason: Reason in words.
    """

    reason: str


class Workers(Protocol):
    """Workers of one kind, numbered from 0; one that died is replaced under its number."""

    @property
    def count(self) -> int:
        """Number of workers."""

    def begin(self, worker: int, work: Work, items: Sequence[Any]) -> None:
        """Have an idle worker evaluate a batch."""

    def ended(self, seconds: float) -> list[tuple[int, list[Answer] | Died]]:
        """Wait at most `seconds`, and return the workers whose batches have ended."""

    def stop(self) -> None:
        """Stop all workers; what they have not finished is lost."""


class Dispatcher:
    """An evaluator over workers of one kind; see `Evaluator`.

    Args:
        workers: The workers.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def submit(self, work: Work, items: Sequence[Any], *, interrupted: Stopped = lambda: False) -> Iterator[Evaluated]:
        """Evaluate items, and yield each result when it is there, in any order."""
        waiting = deque(range(len(items)))
        busy: dict[int, list[int]] = {}
        deaths: Counter[int] = Counter()
        took, known = 0.0, 0
        while waiting or busy:
            for worker in (k for k in range(self._workers.count) if k not in busy):
                if not waiting:
                    break
                size = _size(took / known if known else math.inf, len(waiting), self._workers.count)
                busy[worker] = _take(waiting, size, deaths)
                self._workers.begin(worker, work, [items[k] for k in busy[worker]])
            for worker, answers in self._workers.ended(POLL_SECONDS):
                places = busy.pop(worker)
                if isinstance(answers, Died):
                    yield from _after_death(places, answers, deaths, waiting)
                    continue
                for place, answer in zip(places, answers, strict=True):
                    took, known = took + answer.seconds, known + 1
                    yield Evaluated(place, answer.value, answer.failure)
            if interrupted():
                self._workers.stop()
                return


def _size(seconds: float, left: int, workers: int) -> int:
    """Return the number of items of a batch: at least `BATCH_SECONDS` of work, and something for every worker."""
    wanted = 1 if math.isinf(seconds) else math.ceil(BATCH_SECONDS / max(seconds, 1e-6))
    return max(1, min(wanted, left // (2 * workers)))


def _take(waiting: deque[int], size: int, deaths: Counter[int]) -> list[int]:
    """Take the next batch; an item of which a worker died is taken by itself."""
    places = [waiting.popleft()]
    while waiting and len(places) < size and not deaths[places[0]] and not deaths[waiting[0]]:
        places.append(waiting.popleft())
    return places


def _after_death(places: list[int], died: Died, deaths: Counter[int], waiting: deque[int]) -> Iterator[Evaluated]:
    """Return the items of a dead worker to the queue; yield a failure for each that has cost too many workers."""
    for place in reversed(places):
        deaths[place] += 1
        if deaths[place] < MAX_DEATHS or len(places) > 1:
            waiting.appendleft(place)
        else:
            yield Evaluated(place, None, f"its worker ended {MAX_DEATHS} times ({died.reason})")
