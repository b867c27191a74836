"""Workers that are Ray actors, on this machine or on a cluster; needs the extra [ray]."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from aurora.errors import InputError
from aurora.evals.studies.evaluators.dispatch import Died
from aurora.evals.studies.evaluators.protocol import Answer, Work, evaluate

LOCAL = "local"
"""Address of a cluster that is started on this machine, and ends with this process."""
STORE_BYTES = 200 << 20
"""Memory of a local cluster's object store; items and values are small."""


class RayActors:
    """Workers that are Ray actors, one a core.

    Args:
        count: Number of actors; fewer, if fewer cores are free.
        address: Address of a cluster, `auto`, or `local`.

    Raises:
        InputError: There is no cluster at the address, or none of its cores is free.
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, count: int, address: str) -> None:
        import ray  # noqa: PLC0415  # of an extra

        self._ray = ray
        self._actors: dict[int, Any] = {}
        self._busy: dict[Any, int] = {}
        self._is_ours = not ray.is_initialized()  # a program that has connected already keeps its connection
        if self._is_ours:
            _connect(ray, count, address)
        free = int(ray.available_resources().get("CPU", 0))
        if free < 1:
            self.stop()
            raise InputError("the Ray cluster has no free core; wait for one", parameter="ray", value=address)
        self.count = min(count, free)  # an actor without a core would wait for ever, with its batch
        self._actor = ray.remote(num_cpus=1)(_Actor)

    def begin(self, worker: int, work: Work, items: Sequence[Any]) -> None:
        """Have an actor evaluate a batch; it is started if it does not run."""
        if worker not in self._actors:
            self._actors[worker] = self._actor.remote()
        self._busy[self._actors[worker].evaluate.remote(work, list(items))] = worker

    def ended(self, seconds: float) -> list[tuple[int, list[Answer] | Died]]:
        """Wait at most `seconds`, and return the actors whose batches have ended."""
        ready, _ = self._ray.wait(list(self._busy), num_returns=1, timeout=seconds)
        results: list[tuple[int, list[Answer] | Died]] = []
        for reference in ready:
            worker = self._busy.pop(reference)
            try:
                results.append((worker, self._ray.get(reference)))
            except self._ray.exceptions.RayError as error:
                self._actors.pop(worker)
                results.append((worker, Died(f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}")))
        return results

    def stop(self) -> None:
        """End the actors and the connection; a local cluster ends too."""
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._actors, self._busy = {}, {}
        if self._is_ours:
            self._ray.shutdown()


def _connect(ray: Any, count: int, address: str) -> None:
    """Connect this process to a cluster, or start one on this machine.

    Raises:
        InputError: There is no cluster at the address.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # silences a warning of Ray
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "namespace": "aurora"}
    try:
        if address == LOCAL:
            ray.init("local", num_cpus=count, include_dashboard=False, object_store_memory=STORE_BYTES, **quiet)
        else:
            ray.init(address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).strip().split("\n", 1)[0][:200]
        raise InputError(
            f"no Ray cluster can be reached: {reason}; start one with `ray start --head`, or give local",
            parameter="ray",
            value=address,
        ) from None


class _Actor:
    """An actor on a core."""

    def evaluate(self, work: Work, items: list[Any]) -> list[Answer]:
        """Evaluate a batch."""
        return evaluate(work, items, lambda: False)
