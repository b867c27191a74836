"""Reports what a snapshot holds: how full each node is, what waits and why, what it costs, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from aurora.cluster.feasibility import Room, summary
from aurora.cluster.overview import Filled, NodeState, Overview, node_states, overview
from aurora.cluster.resources import GPU, PODS, amount_text
from aurora.cluster.snapshot import Note, Snapshot, Source, Task

MAX_JUDGED = 25
"""Most kinds of waiting tasks without a reason of their own system for which one is computed; 0.15 s each at 1,000
nodes with 30,000 tasks."""


class Waiting(NamedTuple):
    """Tasks that wait for the same reason: of one workload and of one size, or one that stands alone.

    Attributes:
        task_ids: The tasks.
        workload_id: Their workload; None: each stands alone.
        requests: What each asks for.
        seconds: How long the first has waited; None where it is not known.
        priority: Their priority.
        reason: The words of their own system, or which nodes lack what.
        is_of_system: Whether the reason is in the words of their system.
    """

    task_ids: tuple[str, ...]
    workload_id: str | None
    requests: dict[str, float]
    seconds: float | None
    priority: int
    reason: str
    is_of_system: bool

    @property
    def name(self) -> str:
        """The task, or the workload with the number of its tasks."""
        if len(self.task_ids) == 1:
            return self.task_ids[0]
        return f"{self.workload_id or self.task_ids[0]} ({len(self.task_ids)} tasks)"


class SnapshotReport(NamedTuple):
    """What a snapshot holds.

    Attributes:
        snapshot: The snapshot.
        totals: All nodes in sum.
        nodes: How full each node is.
        waiting: Tasks that wait, those of the highest priority first.
    """

    snapshot: Snapshot
    totals: Overview
    nodes: tuple[NodeState, ...]
    waiting: tuple[Waiting, ...]

    @property
    def notes(self) -> tuple[Note, ...]:
        """Repairs, assumptions, and what is not represented."""
        return self.snapshot.notes

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where the facts came from."""
        return self.snapshot.sources

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values; the keys are those of `aurora snapshot show --json`."""
        return {
            "snapshot_id": self.snapshot.snapshot_id,
            "system": self.snapshot.system,
            "taken_at": self.snapshot.taken_at.isoformat(),
            "nodes_usable": self.totals.usable,
            "tasks": self.totals.tasks,
            "price_per_hour": None if self.totals.price_per_hour is None else round(self.totals.price_per_hour, 9),
            "nodes_without_price": self.totals.unpriced,
            "resources": _resources_json(self.totals.resources),
            "nodes": [node_json(state) for state in self.nodes],
            "waiting": [
                {
                    "task_ids": list(w.task_ids),
                    "workload_id": w.workload_id,
                    "requests": w.requests,
                    "seconds": w.seconds,
                    "priority": w.priority,
                    "reason": w.reason,
                    "is_of_system": w.is_of_system,
                }
                for w in self.waiting
            ],
            "sources": [s.model_dump(mode="json") for s in self.sources],
            "notes": [n.model_dump(mode="json") for n in self.notes],
        }


def report(snapshot: Snapshot) -> SnapshotReport:
    """Return what a snapshot holds."""
    return SnapshotReport(snapshot, overview(snapshot), node_states(snapshot), _waiting(snapshot))


def asks_for(requests: dict[str, float]) -> str:
    """Return requests in words; the place of a pod goes without saying.

    >>> asks_for({"cpu": 12.0, "memory": 48.0, "pods": 1.0})
    '12 cores, 48 GiB'
    """
    return ", ".join(amount_text(r, a) for r, a in requests.items() if a and r != PODS) or "nothing"


def state_of(state: NodeState) -> str:
    """Return what is special about a node now: down, cordoned, tainted, or maintained soon."""
    node = state.node
    words = [] if node.is_ready else ["not ready"]
    words += ["cordoned"] if node.is_cordoned else []
    words += [f"maintenance {start:%d %b %H:%M}" for start, _, _ in node.maintenance]
    words += [f"{t.key}={t.value}" if t.value else t.key for t in node.taints if t.key not in (GPU, *node.allocatable)]
    words += [c for c in node.conditions if c.partition(":")[0] not in ("NotReady",)]
    return ", ".join(words) or "ready"


def _waiting(snapshot: Snapshot) -> tuple[Waiting, ...]:
    groups: dict[tuple[object, ...], list[Task]] = {}
    for task in snapshot.tasks:
        if task.state == "pending" and task.node_id is None:
            owner = task.workload_id or task.task_id
            key = (owner, tuple(task.requests.items()), task.pending_reason, task.priority)
            groups.setdefault(key, []).append(task)
    room: Room | None = None
    judged = 0
    waiting = []
    for tasks in sorted(groups.values(), key=lambda tasks: -tasks[0].priority):
        first = tasks[0]
        reason = first.pending_reason
        if not reason and judged < MAX_JUDGED:
            room = room or Room(snapshot)
            reason = summary(room.all_reasons(first))
            judged += 1
        waiting.append(
            Waiting(
                tuple(t.task_id for t in tasks),
                first.workload_id,
                dict(first.requests),
                _longest_wait(snapshot, tasks),
                first.priority,
                reason or "not looked into: too many tasks wait",
                bool(first.pending_reason),
            )
        )
    return tuple(sorted(waiting, key=lambda w: (-w.priority, -(w.seconds or 0.0))))


def _longest_wait(snapshot: Snapshot, tasks: Sequence[Task]) -> float | None:
    created = [t.created_at for t in tasks if t.created_at is not None]
    return max(0.0, (snapshot.taken_at - min(created)).total_seconds()) if created else None


def node_json(state: NodeState) -> dict[str, Any]:
    """Return a node of `aurora snapshot show --json`."""
    node = state.node
    return {
        "node_id": node.node_id,
        "zone": node.zone,
        "instance_type": node.instance_type,
        "accelerator_model": node.accelerator_model,
        "is_ready": node.is_ready,
        "is_cordoned": node.is_cordoned,
        "maintenance": [[start.isoformat(), end.isoformat(), reason] for start, end, reason in node.maintenance],
        "price_per_hour": node.price_per_hour,
        "tasks": state.tasks,
        "resources": _resources_json(state.resources),
    }


def _resources_json(resources: dict[str, Filled]) -> dict[str, Any]:
    return {
        name: {"allocatable": f.allocatable, "requested": round(f.requested, 9), "used": f.used}
        for name, f in resources.items()
    }
