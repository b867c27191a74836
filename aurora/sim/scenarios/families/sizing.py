"""Arithmetic of sizes that builders share: how large tasks are, and how fast they arrive."""

from __future__ import annotations

import numpy as np

from aurora.sim.scenarios.curriculum import Level
from aurora.sim.scenarios.spec import NodeClass, Range

ARRIVAL_SPEEDUP = 2.5
"""Speed-up of arrivals in families without deadlines, relative to `level.load`: their jobs may queue."""


def around(value: float, spread: float) -> Range:
    """Return the range from `value / spread` to `value * spread`."""
    return Range(low=max(value / spread, 1e-6), high=max(value * spread, 1e-6))


def horizon_for(level: Level, work: float, capacity: float) -> float:
    """Return the seconds over which `work` (core-seconds) must arrive to keep `level.load` of capacity busy."""
    return max(1.0, work / (capacity * level.load))


def counts(total: int, parts: int) -> list[int]:
    """Split `total` into `parts` sizes, each at least 1 where that is possible."""
    return [c for c in (total // parts + (i < total % parts) for i in range(parts)) if c]


def capacity(nodes: tuple[NodeClass, ...]) -> float:
    """Return the cores of all nodes, each times its speed."""
    return sum(n.count * n.cpu * n.speed for n in nodes)


def task_cpu(level: Level, nodes: tuple[NodeClass, ...]) -> Range:
    """Return the cores of a task, so that all tasks together ask for `level.demand` of the cores there are."""
    mean = level.demand * sum(n.count * n.cpu for n in nodes) / level.tasks
    return Range(low=mean / 4, high=min(2.2 * mean, max(n.cpu for n in nodes)))


def task_memory(cpu: Range) -> Range:
    """Return the memory of a task, GiB: one to three for each core; nodes have three to six."""
    return Range(low=cpu.low, high=3 * cpu.high)


def mean(bounds: Range) -> float:
    """Return the mean of values that are drawn log-uniformly from a range."""
    if bounds.high == bounds.low:
        return bounds.low
    return (bounds.high - bounds.low) / float(np.log(bounds.high / bounds.low))
