"""Workers that are threads: for the simulator, which runs without the interpreter's lock."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from aurora.evals.studies.evaluators.dispatch import Died
from aurora.evals.studies.evaluators.protocol import Answer, Work, evaluate


class Threads:
    """Workers that are threads of this process.

    Args:
        count: Number of threads.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="evaluator")
        self._futures: dict[Future[list[Answer]], int] = {}
        self._stopping = threading.Event()

    def begin(self, worker: int, work: Work, items: Sequence[Any]) -> None:
        """Have a thread evaluate a batch."""
        self._futures[self._pool.submit(evaluate, work, items, self._stopping.is_set)] = worker

    def ended(self, seconds: float) -> list[tuple[int, list[Answer] | Died]]:
        """Wait at most `seconds`, and return the threads whose batches have ended."""
        done = wait(self._futures, seconds, FIRST_COMPLETED).done
        return [(self._futures.pop(future), future.result()) for future in list(self._futures) if future in done]

    def stop(self) -> None:
        """Ask the threads to stop, and wait for them: a thread can't be ended."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
