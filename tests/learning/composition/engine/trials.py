"""Deployments of trial components, for tests."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.metrics import Metrics
from aurora.learning.composition.engine.trial import LOAD
from aurora.learning.composition.engine.version import Version
from aurora.learning.composition.pipelines.value_types import Array


def described(pipeline: str, **fields: Any) -> Deployment:
    return Deployment(**{"name": "trial", "pipeline": pipeline, "load": LOAD, "port": 0, **fields})


def rows(*first: float, is_bad: bool = False) -> Array:
    """Return items whose "yes" has these probabilities; components that fail do so where `is_bad`."""
    return np.array([[value, -float(is_bad)] for value in first], np.float32)


@asynccontextmanager
async def running(deployment: Deployment, metrics: Metrics | None = None) -> AsyncIterator[Version]:
    stages = (metrics or Metrics()).of_stages(len(deployment.graph().stages))
    version = Version(1, deployment, stages)
    try:
        assert await version.warm() == ""
        yield version
    finally:
        version.stop()


def own_workers() -> list[int]:
    """Return the process ids of all workers that this process has started and that live."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return sorted(pid for pid, line in lines.items() if b"composition.engine.worker" in line)
