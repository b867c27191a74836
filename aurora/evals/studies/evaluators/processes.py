"""Workers that are processes: for self-play, most of which holds the interpreter's lock."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from aurora.evals.studies.evaluators.dispatch import Died
from aurora.evals.studies.evaluators.protocol import Answer, Work, evaluate

STOP_SECONDS = 15.0
"""Seconds in which a process may end its generation after it was asked to stop."""
PRELOADED = "aurora.evals.studies.preloaded"
"""Module that is imported once, before processes are forked."""


class _Process(NamedTuple):
    process: Any
    connection: Connection


class Processes:
    """Workers that are processes, forked from a server that has the imports and the simulator's machine code.

    They end with this process, however that ends.

    Args:
        count: Number of processes.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([PRELOADED])
        self._processes: dict[int, _Process] = {}
        self._busy: dict[int, _Process] = {}

    def begin(self, worker: int, work: Work, items: Sequence[Any]) -> None:
        """Have a process evaluate a batch; it is started if it does not run."""
        if worker not in self._processes:
            self._processes[worker] = self._started(worker)
        self._busy[worker] = self._processes[worker]
        with suppress(OSError):  # it died while it was idle; `ended` sees that
            self._busy[worker].connection.send((work, list(items)))

    def _started(self, worker: int) -> _Process:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), name=f"evaluator-{worker}")
        process.start()
        theirs.close()  # so that the end of the process ends the connection
        return _Process(process, ours)

    def ended(self, seconds: float) -> list[tuple[int, list[Answer] | Died]]:
        """Wait at most `seconds`, and return the processes whose batches have ended."""
        workers = {p.connection: worker for worker, p in self._busy.items()}
        results: list[tuple[int, list[Answer] | Died]] = []
        for connection in wait(list(workers), seconds):
            worker = workers[connection]  # type: ignore[index]  # a connection of ours
            process = self._busy.pop(worker)
            try:
                results.append((worker, process.connection.recv()))
            except (EOFError, OSError):
                results.append((worker, self._buried(worker)))
        return results

    def _buried(self, worker: int) -> Died:
        process = self._processes.pop(worker).process
        process.join(STOP_SECONDS)
        code = process.exitcode
        return Died(f"signal {-code}" if code is not None and code < 0 else f"exit code {code}")

    def stop(self) -> None:
        """Ask the processes to stop, and end those that don't."""
        for process, connection in self._processes.values():
            connection.close()
            process.terminate()
        for process, _ in self._processes.values():
            process.join(STOP_SECONDS)
            if process.exitcode is None:
                process.kill()
                process.join()
        self._processes, self._busy = {}, {}


def _serve(connection: Connection) -> None:
    """Evaluate batches until the connection ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which asks this process to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            work, items = connection.recv()
            connection.send(evaluate(work, items, lambda: False))


def _end_with_parent() -> None:
    """End this process when its parent has ended; otherwise it would hold the locks of its run."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
