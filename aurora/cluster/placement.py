"""Chooses nodes for waiting tasks by a policy, so that every constraint of the cluster holds.

The kernel places by the policy and knows labels, taints, models and room. What it does not know (affinities and
spreads between tasks, pods and disks) is checked after a run, in the order of placement. A task whose node breaks one
is limited to the nodes that fit at that point, and the kernel runs again. Rules between tasks can take many runs to
settle; after a few, the tasks concerned take the emptiest node that fits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from aurora.cluster.clearances import CLEAR_NOW, HORIZON, Clearance
from aurora.cluster.feasibility import Room, summary
from aurora.cluster.resources import CPU
from aurora.cluster.scenario import PENDING_ARRIVAL, SnapshotScenario, to_scenario
from aurora.cluster.snapshot import Snapshot, Task
from aurora.errors import DataError, InputError
from aurora.sim.kernel import simulate
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES

DEFAULT_POLICY = REFERENCES["least_allocated"]
"""Most free after placement, as kube-scheduler scores by default."""
MAX_ROUNDS = 12
"""Most runs of the kernel, after which tasks that it places against a constraint take the emptiest node that fits."""
NOW = PENDING_ARRIVAL + 1e-6
"""Latest start, in seconds of the scenario, of a task that is placed at once."""


class Choice(NamedTuple):
    """The node chosen for a waiting task.

    Attributes:
        task_id: The task.
        node_id: Its node; None if none fits now.
        reason: Why none fits now; empty where one does.
    """

    task_id: str
    node_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Nodes for waiting tasks.

    Attributes:
        policy_id: The policy that chose.
        choices: One for each waiting task that was asked for, in the order in which they were placed.
        converted: The scenario that was simulated.
        outcome: Its outcome.
        room: The room of the cluster after the choices.
    """

    policy_id: str
    choices: tuple[Choice, ...]
    converted: SnapshotScenario
    outcome: Outcome
    room: Room

    @property
    def placed(self) -> tuple[Choice, ...]:
        """Choices of the tasks for which a node was found."""
        return tuple(c for c in self.choices if c.node_id is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the choices as JSON values."""
        return {"policy_id": self.policy_id, "choices": [c._asdict() for c in self.choices]}


def place(
    snapshot: Snapshot,
    policy: Policy = DEFAULT_POLICY,
    *,
    tasks: Collection[str] | None = None,
    horizon: float = HORIZON,
    clearance: Clearance = CLEAR_NOW,
) -> Choices:
    """Choose nodes for waiting tasks.

    Args:
        snapshot: The system.
        policy: Policy that orders the tasks and scores the nodes.
        tasks: Ids of the waiting tasks to place; None: all.
        horizon: Seconds that a task of unknown length runs.
        clearance: How long nodes must be clear of maintenance.

    Raises:
        InputError: A task is not in the snapshot, or does not wait.
        DataError: There is nothing to place.
        PolicyError: An expression of the policy is not valid.
    """
    waiting = _waiting(snapshot, tasks)
    names = {t.task_id for t in waiting}
    reduced = snapshot.model_copy(
        update={"tasks": tuple(t for t in snapshot.tasks if t.holds_resources or t.task_id in names)}
    )
    base = Room(reduced, clearance=clearance)
    allowed: dict[str, set[str]] = {
        t.task_id: {n for n, why in base.static_reasons(t).items() if not why} for t in waiting
    }
    found: tuple[SnapshotScenario, Outcome, Room, dict[str, str]] | None = None
    for _ in range(MAX_ROUNDS):
        candidates = {t: nodes for t, nodes in allowed.items() if nodes}
        if not candidates:
            found = None
            break
        part = reduced.model_copy(
            update={"tasks": tuple(t for t in reduced.tasks if t.holds_resources or t.task_id in candidates)}
        )
        converted = to_scenario(part, horizon=horizon, allowed=candidates, room=base)
        outcome = simulate(converted.scenario, policy)
        room = Room(part, clearance=clearance)
        nodes, limited = _checked(room, converted, outcome)
        found = converted, outcome, room, nodes
        torn = _torn_gangs(waiting, nodes)
        if not limited and not torn:
            break
        allowed |= limited
        for task_id in torn if not limited else ():
            allowed[task_id] = set()
    if found is None:
        converted = to_scenario(reduced, horizon=horizon, room=base)
        found = converted, simulate(converted.scenario, policy), base, {}
    converted, outcome, room, nodes = found
    for task_id in _torn_gangs(waiting, nodes):
        if nodes.pop(task_id, None) is not None:
            room.give_back(reduced.tasks_by_id[task_id])
    return Choices(policy.policy_id, _choices(waiting, nodes, room), converted, outcome, room)


def _torn_gangs(waiting: Sequence[Task], nodes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tasks of gangs of which some have a node and some have none: a gang starts whole or not at all."""
    without = {t.gang for t in waiting if t.gang is not None and t.task_id not in nodes}
    torn = {t.gang for t in waiting if t.gang in without and t.task_id in nodes}
    return tuple(t.task_id for t in waiting if t.gang in torn)


def _choices(waiting: Sequence[Task], nodes: Mapping[str, str], room: Room) -> tuple[Choice, ...]:
    """Return the choices in the order of placement, then the tasks without a node with the reason."""
    names = {t.task_id for t in waiting}
    placed = [Choice(task_id, node_id, "") for task_id, node_id in nodes.items()]
    rest = [t for t in waiting if t.task_id not in nodes]
    return (*placed, *(Choice(t.task_id, None, _why_none(t, names, room)) for t in rest))


def _why_none(task: Task, waiting: Collection[str], room: Room) -> str:
    first = [d for d in task.dependencies if d in waiting or room.node_of(d) is not None]
    if first:
        return f"waits for {', '.join(first[:3])}{' and others' if len(first) > 3 else ''} to finish"  # noqa: PLR2004
    text = summary(room.all_reasons(task))
    if task.gang is not None and not text.startswith("0 of"):
        return f"its gang {task.gang} does not fit as a whole; for this task alone, {text}"
    return text


def _waiting(snapshot: Snapshot, tasks: Collection[str] | None) -> list[Task]:
    waiting = [t for t in snapshot.tasks if t.state == "pending" and t.node_id is None]
    if tasks is not None:
        strange = sorted(set(tasks) - {t.task_id for t in waiting})
        if strange:
            raise InputError(f"{strange[0]!r} is no waiting task of the snapshot", parameter="tasks")
        waiting = [t for t in waiting if t.task_id in set(tasks)]
    if not waiting:
        raise DataError(f"no task of snapshot {snapshot.snapshot_id} waits for a node")
    return waiting


def _checked(room: Room, converted: SnapshotScenario, outcome: Outcome) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Let the chosen tasks take their room one after the other.

    Returns:
        Nodes by task, in the order of placement, all constraints kept; and, for each task whose choice broke one, the
        nodes that fitted it then. It has the emptiest of them, so that those after it find the room as it will be.
    """
    snapshot = room.snapshot
    starts = outcome.tasks.start
    nodes: dict[str, str] = {}
    limited: dict[str, set[str]] = {}
    for k in np.argsort(np.where(np.isnan(starts), np.inf, starts), kind="stable"):
        task = snapshot.tasks_by_id[converted.task_ids[converted.scenario.tasks[k].task_id]]
        if task.holds_resources or np.isnan(starts[k]) or starts[k] > NOW:
            continue
        node_id = converted.node_ids[converted.scenario.nodes[int(outcome.tasks.node[k])].node_id]
        if room.reasons(task, node_id):
            fitting = room.fitting(task)
            limited[task.task_id] = set(fitting)
            if not fitting:
                continue
            node_id = max(fitting, key=lambda n: room.free(n).get(CPU, 0.0))
        room.take(task, node_id)
        nodes[task.task_id] = node_id
    return nodes, limited
