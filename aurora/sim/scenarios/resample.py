"""Variants of one scenario: its tasks drawn anew in blocks, at another pace.

Blocks of consecutive tasks, with the gaps between their arrivals, are drawn with replacement from a stretch of the
scenario (the moving-block bootstrap; Kuensch 1989), as for logs of jobs. Tasks that depend on each other are drawn
together. Nodes, links, conditions and objectives stay as they are. The stretch for validation follows the one for
training; they have no task in common.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from aurora.sim.scenarios.scenario import Scenario, Task
from aurora.types import Frozen, Identifier

TRAINING_SHARE = 2 / 3
"""Share of the groups of tasks, earliest first, that training draws from."""
LEAST_GROUPS = 6
"""Least number of groups of tasks from which some can be held out."""
_LONGEST_ID = 128

Part = Literal["training", "validation"]


class ResampleSpec(Frozen):
    """A variant of a scenario that is kept in a file."""

    spec_id: Identifier = Field(description="name of the variant")
    family: Identifier = Field(description="name of the file without its ending, with a mark where it is held out")
    scenario: Identifier = Field(description="name of the file without its ending")
    part: Part = Field(description="stretch that the tasks are drawn from")
    block: int = Field(default=8, ge=1, le=4096, description="groups of tasks that are drawn together")
    gap_factor: float = Field(default=1.0, gt=0.05, le=5, description="times the gaps between arrivals")
    duration_spread: float = Field(
        default=0.0, ge=0, le=2, description="standard deviation of the logarithm of a factor on durations"
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of what is drawn")


class Group(NamedTuple):
    """Tasks that depend on each other, or one that depends on none.

    Attributes:
        tasks: The tasks, in the scenario's order.
        gap: Seconds between the first arrivals of the previous group and of this one.
    """

    tasks: tuple[Task, ...]
    gap: float

    @property
    def arrival(self) -> float:
        """First arrival, seconds."""
        return min(t.arrival_time for t in self.tasks)


def groups_of(scenario: Scenario) -> tuple[Group, ...]:
    """Return the groups of tasks that depend on each other, by their first arrival."""
    root = {t.task_id: t.task_id for t in scenario.tasks}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for task in scenario.tasks:
        for other in task.dependencies:
            root[find(task.task_id)] = find(other)
    members: dict[str, list[Task]] = {}
    for task in scenario.tasks:
        members.setdefault(find(task.task_id), []).append(task)
    ordered = sorted((Group(tuple(tasks), 0.0) for tasks in members.values()), key=lambda g: g.arrival)
    gaps = [0.0, *(b.arrival - a.arrival for a, b in pairwise(ordered))]
    return tuple(g._replace(gap=gap) for g, gap in zip(ordered, gaps, strict=True))


def stretch(groups: tuple[Group, ...], part: Part) -> tuple[Group, ...]:
    """Return the groups that a part draws from; the two parts have none in common."""
    cut = min(len(groups) - 1, max(1, round(TRAINING_SHARE * len(groups))))
    return groups[:cut] if part == "training" else groups[cut:]


def resampled(spec: ResampleSpec, scenario: Scenario) -> Scenario:
    """Return the variant that a spec describes: about as many tasks as the scenario has; deterministic."""
    groups = groups_of(scenario)
    source = stretch(groups, spec.part)
    block = min(spec.block, len(source))
    rng = np.random.default_rng([spec.seed, 5])
    tasks: list[Task] = []
    now = groups[0].arrival
    copies = 0
    while len(tasks) < len(scenario.tasks):
        first = int(rng.integers(len(source) - block + 1))
        for group in source[first : first + block]:
            now += group.gap * spec.gap_factor if copies else 0.0
            tasks += _copied(group, copies, now, spec.duration_spread, rng)
            copies += 1
            if len(tasks) >= len(scenario.tasks):
                break
    workload = scenario.workload_definition
    end = max(workload.time_horizon, *(t.arrival_time for t in tasks))
    return scenario.model_copy(
        update={
            "scenario_id": spec.spec_id,
            "seed": spec.seed,
            "workload_definition": workload.model_copy(update={"tasks": tuple(tasks), "time_horizon": end}),
        }
    )


def _copied(group: Group, number: int, start: float, spread: float, rng: np.random.Generator) -> list[Task]:
    """Return the tasks of a group with names of their own, the first of them arriving at `start`."""
    names = {t.task_id: _name(number, place, t.task_id) for place, t in enumerate(group.tasks)}
    copies = []
    for task in group.tasks:
        # Log-normal with mean 1, so that the work stays the same on average.
        longer = float(np.exp(rng.normal(-(spread**2) / 2, spread))) if spread else 1.0
        asked = task.requested_duration
        copies.append(
            task.model_copy(
                update={
                    "task_id": names[task.task_id],
                    "arrival_time": round(start + task.arrival_time - group.arrival, 6),
                    "duration": round(task.duration * longer, 6),
                    "requested_duration": None if asked is None else round(asked * longer, 6),
                    "dependencies": tuple(names[d] for d in task.dependencies),
                }
            )
        )
    return copies


def _name(copy: int, place: int, task_id: str) -> str:
    name = f"{copy}-{task_id}"
    return name if len(name) <= _LONGEST_ID else f"{copy}-task-{place}"
