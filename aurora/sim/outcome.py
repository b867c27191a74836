"""The outcome of a policy on a scenario: per task, in sum, and on request every decision."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aurora.sim.objectives import OBJECTIVES, ObjectiveName

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

    from aurora.sim.scenarios.scenario import Scenario


class Status(IntEnum):
    """How a task ended."""

    COMPLETED = 0
    UNPLACED = 1  # never started, or waiting when nothing more could happen
    DROPPED = 2  # left when its patience was used up
    FAILED = 3  # lost to node failures `max_attempts` times
    UNPLACEABLE = 4  # fits no candidate even when everything is free


@dataclass(frozen=True, slots=True)
class TaskOutcomes:
    """One entry per task, in the scenario's order.

    Attributes:
        status: int8 [tasks], a `Status`.
        start: float64 [tasks], seconds, of the last attempt; NaN if it never started.
        finish: float64 [tasks], seconds; NaN unless completed.
        node: int32 [tasks], index of the node of the last attempt; -1 if none.
        path: int32 [tasks], index into `Outcome.paths` of the last attempt; -1 if none.
        attempts: int32 [tasks], number of starts.
        latency: float64 [tasks], seconds: last start - arrival + network latency; NaN if not completed.
        sla_met: bool [tasks]: completed, and latency within the SLA where it has one.
        cost: float64 [tasks], dollars, all attempts.
    """

    status: NDArray[np.int8]
    start: NDArray[np.float64]
    finish: NDArray[np.float64]
    node: NDArray[np.int32]
    path: NDArray[np.int32]
    attempts: NDArray[np.int32]
    latency: NDArray[np.float64]
    sla_met: NDArray[np.bool_]
    cost: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome in sum, with the keys and units of `aurora simulate --json`.

    Attributes:
        tasks: Number of tasks.
        completed: Number of tasks that completed.
        unplaced: Number of tasks that did not complete, for whatever reason.
        sla_violations: Number of tasks that did not complete, or later than their SLA.
        latency_mean: Seconds, over completed tasks; 0 if there are none.
        latency_p95: Seconds, over completed tasks (linear interpolation).
        latency_max: Seconds, over completed tasks.
        bounded_slowdown: Mean of max(1, (wait + execution) / max(execution, 10 s)) over completed
            tasks (Feitelson et al., 1997).
        makespan: Seconds from 0 to the last event that changed an allocation.
        cpu_utilization: Time-weighted used share of all cores over [first arrival, makespan].
        memory_utilization: Likewise.
        accelerator_utilization: Likewise; 0 without accelerators.
        bandwidth_utilization: Likewise, mean over links; 0 without links.
        cost: Dollars.
        energy: Joules.
        decisions: Placements made.
        carbon: Grams of CO2; 0 where no node states a carbon intensity.
    """

    tasks: int
    completed: int
    unplaced: int
    sla_violations: int
    latency_mean: float
    latency_p95: float
    latency_max: float
    bounded_slowdown: float
    makespan: float
    cpu_utilization: float
    memory_utilization: float
    accelerator_utilization: float
    bandwidth_utilization: float
    cost: float
    energy: float
    decisions: int
    carbon: float = 0.0

    def to_json(self, counted: Container[ObjectiveName]) -> dict[str, float]:
        """Return the sums by name, without amounts that a scenario doesn't count.

        Args:
            counted: `Scenario.counted` of the scenario.
        """
        uncounted = {o.field for o in OBJECTIVES if o.name not in counted}
        return {name: getattr(self, name) for name in Summary.__slots__ if name not in uncounted}


PLACE_OF_SUM: Mapping[str, int] = {field.name: place for place, field in enumerate(fields(Summary))}
"""Place of each field of `Summary` in the kernel's rows of sums."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Every placement, with the best candidates it was chosen from.

    Attributes:
        time: float64 [decisions], seconds.
        task: int32 [decisions].
        rule: int32 [decisions], the rule that scored.
        feasible: int32 [decisions], how many candidates could take the task.
        candidates: int32 [decisions, top], indices into the task's candidate list, best first; -1 pads.
        nodes: int32 [decisions, top], their nodes.
        paths: int32 [decisions, top], their paths.
        scores: float64 [decisions, top].
        features: float64 [decisions, top, features], the values of every feature of the table.
    """

    time: NDArray[np.float64]
    task: NDArray[np.int32]
    rule: NDArray[np.int32]
    feasible: NDArray[np.int32]
    candidates: NDArray[np.int32]
    nodes: NDArray[np.int32]
    paths: NDArray[np.int32]
    scores: NDArray[np.float64]
    features: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a policy on a scenario.

    Attributes:
        scenario_id: Name of the scenario.
        policy_id: Name of the policy.
        summary: The outcome in sum.
        tasks: The outcome of each task.
        paths: Link indices of each path that `TaskOutcomes.path` refers to.
        trace: Every decision, if it was asked for.
    """

    scenario_id: str
    policy_id: str
    summary: Summary
    tasks: TaskOutcomes
    paths: tuple[tuple[int, ...], ...] = ()
    trace: Trace | None = None

    def to_pandas(self, scenario: Scenario | None = None) -> pd.DataFrame:
        """Return the tasks as rows of a pandas DataFrame, in the scenario's order.

        Args:
            scenario: The scenario that was simulated, for names. Without it, tasks, nodes and links are numbered.

        Returns:
            Columns `task`, `status` (completed, unplaced, dropped, failed, unplaceable), `start`, `finish`, `latency`
            (seconds; NaN where there is none), `node`, `path` (a tuple of links; both None where there is none),
            `attempts`, `sla_met`, `cost` (dollars).
        """
        import pandas as pd  # noqa: PLC0415  # heavy, used here only

        t = self.tasks
        if scenario is None:
            task: list[Any] = list(range(len(t.status)))
            node: list[Any] = [None if n < 0 else int(n) for n in t.node]
            path: list[Any] = [None if k < 0 else self.paths[k] for k in t.path]
        else:
            task = [each.task_id for each in scenario.tasks]
            node = [None if n < 0 else scenario.nodes[n].node_id for n in t.node]
            path = [None if k < 0 else tuple(scenario.links[l].link_id for l in self.paths[k]) for k in t.path]
        return pd.DataFrame(
            {
                "task": task,
                "status": [Status(s).name.lower() for s in t.status],
                "start": t.start,
                "finish": t.finish,
                "latency": t.latency,
                "node": pd.Series(node, dtype=object),
                "path": pd.Series(path, dtype=object),
                "attempts": t.attempts,
                "sla_met": t.sla_met,
                "cost": t.cost,
            }
        )
