"""Opens an evaluator by the kind of its workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from aurora.errors import InputError
from aurora.evals.studies.evaluators.dispatch import Dispatcher, Workers
from aurora.evals.studies.evaluators.processes import Processes
from aurora.evals.studies.evaluators.protocol import Evaluator
from aurora.evals.studies.evaluators.threads import Threads

WorkerKind = Literal["processes", "threads"]
"""Kinds of workers on this machine."""
MAX_WORKERS = 1_024


@contextmanager
def open_evaluator(kind: WorkerKind, jobs: int, *, ray: str | None = None) -> Iterator[Evaluator]:
    """Open an evaluator while the block runs.

    Args:
        kind: Kind of its workers.
        jobs: Number of workers.
        ray: Address of a Ray cluster whose actors are the workers in place of `kind`; None: none.

    Raises:
        InputError: The number of workers is out of range, or there is no cluster at the address.
        MissingExtraError: Ray is not installed.
    """
    if not 1 <= jobs <= MAX_WORKERS:
        raise InputError(f"give 1 to {MAX_WORKERS:,} workers", parameter="jobs", value=jobs)
    workers: Workers
    if ray is not None:
        from aurora.evals.studies.evaluators.ray_actors import RayActors  # noqa: PLC0415  # of an extra

        workers = RayActors(jobs, ray)
    else:
        workers = Threads(jobs) if kind == "threads" else Processes(jobs)
    try:
        yield Dispatcher(workers)
    finally:
        workers.stop()
