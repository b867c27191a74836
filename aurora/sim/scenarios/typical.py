"""The typical tasks of a workload, for fragmentation features (Weng et al., ATC 2023, section 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

from aurora.sim.scenarios.scenario import Task, TypicalTask

COVERED_SHARE = 0.95
"""Share of all tasks that typical tasks cover."""

MAX_CLASSES = 64
"""Largest number of typical tasks of a scenario that names none."""

Class = TypeVar("Class", bound=Hashable)


def most_frequent(classes: Iterable[Class], limit: int | None = None) -> list[tuple[Class, float]]:
    """Return the most frequent classes that cover 95 % of all, each with its frequency.

    Args:
        classes: The class of each task.
        limit: Largest number of classes; None: no limit.

    Returns:
        Classes by falling frequency, ties by first appearance; frequencies sum to 1.
    """
    counts = Counter(classes)
    kept: list[tuple[Class, int]] = []
    covered = 0
    for group, count in counts.most_common(limit):
        if covered >= COVERED_SHARE * counts.total():
            break
        kept.append((group, count))
        covered += count
    return [(group, count / covered) for group, count in kept]


def typical_tasks(tasks: tuple[Task, ...]) -> tuple[TypicalTask, ...]:
    """Return the most frequent classes of tasks, by cores, devices, share and models; at most 64."""
    classes = (
        (t.cpu_required, t.accelerators, t.accelerator_share, tuple(sorted(t.accelerator_models))) for t in tasks
    )
    return tuple(
        TypicalTask(
            cpu_required=cpu,
            accelerators=devices,
            accelerator_share=share,
            accelerator_models=models,
            frequency=frequency,
        )
        for (cpu, devices, share, models), frequency in most_frequent(classes, MAX_CLASSES)
    )
