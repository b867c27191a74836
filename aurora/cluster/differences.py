"""Compares two snapshots: what came, went, moved and changed, and what that means for room and money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aurora.cluster.overview import Filled, overview
from aurora.cluster.resources import amount_text
from aurora.cluster.snapshot import Node, Snapshot, Task, Workload

TOLERANCE = 1e-9


class Change(NamedTuple):
    """A field that differs.

    Attributes:
        subject: Node, task or workload.
        field: Name of the field.
        before, after: Its values as text.
    """

    subject: str
    field: str
    before: str
    after: str


class Moved(NamedTuple):
    """A task that was on one node and is on another; None stands for none."""

    task_id: str
    before: str | None
    after: str | None


class SnapshotDifference(NamedTuple):
    """The difference between two snapshots.

    Attributes:
        before, after: Names and times of the snapshots.
        nodes_gone, nodes_new: Nodes of one of them only.
        nodes: Fields of nodes that differ; measured use is left out.
        tasks_gone, tasks_new: Numbers of tasks of one of them only, by workload.
        moved: Tasks with another node.
        states: Tasks with another state.
        tasks: Requests and limits of tasks that differ.
        workloads: Fields of workloads that differ.
        totals: Resource to its sums before and after.
        price: Dollars an hour before and after; None where no price is known.
    """

    before: str
    after: str
    nodes_gone: tuple[str, ...]
    nodes_new: tuple[str, ...]
    nodes: tuple[Change, ...]
    tasks_gone: dict[str, int]
    tasks_new: dict[str, int]
    moved: tuple[Moved, ...]
    states: tuple[Change, ...]
    tasks: tuple[Change, ...]
    workloads: tuple[Change, ...]
    totals: dict[str, tuple[Filled, Filled]]
    price: tuple[float | None, float | None]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs but measured use and times."""
        return not (
            self.nodes_gone or self.nodes_new or self.nodes or self.tasks_gone or self.tasks_new or self.moved
            or self.states or self.tasks or self.workloads
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return the difference as JSON values; the keys are those of `aurora snapshot diff --json`."""
        data = self._asdict()
        for name in ("nodes", "moved", "states", "tasks", "workloads"):
            data[name] = [change._asdict() for change in data[name]]
        data["totals"] = {
            r: [{"allocatable": f.allocatable, "requested": f.requested, "used": f.used} for f in both]
            for r, both in self.totals.items()
        }
        return {"is_empty": self.is_empty, **data}


def compare_snapshots(before: Snapshot, after: Snapshot) -> SnapshotDifference:
    """Return what differs between two snapshots."""
    old_nodes, new_nodes = before.nodes_by_id, after.nodes_by_id
    old_tasks, new_tasks = before.tasks_by_id, after.tasks_by_id
    both = [(t, new_tasks[name]) for name, t in old_tasks.items() if name in new_tasks]
    totals = overview(before), overview(after)
    nothing = Filled(0.0, 0.0, None)
    return SnapshotDifference(
        before=_title(before),
        after=_title(after),
        nodes_gone=tuple(n for n in old_nodes if n not in new_nodes),
        nodes_new=tuple(n for n in new_nodes if n not in old_nodes),
        nodes=tuple(c for n, node in old_nodes.items() if n in new_nodes for c in _node(node, new_nodes[n])),
        tasks_gone=_by_workload(t for n, t in old_tasks.items() if n not in new_tasks),
        tasks_new=_by_workload(t for n, t in new_tasks.items() if n not in old_tasks),
        moved=tuple(Moved(a.task_id, a.node_id, b.node_id) for a, b in both if a.node_id != b.node_id),
        states=tuple(Change(a.task_id, "state", a.state, b.state) for a, b in both if a.state != b.state),
        tasks=tuple(c for a, b in both for c in _task(a, b)),
        workloads=tuple(_workloads(before.workloads_by_id, after.workloads)),
        totals={
            r: (totals[0].resources.get(r, nothing), totals[1].resources.get(r, nothing))
            for r in dict.fromkeys([*totals[0].resources, *totals[1].resources])
        },
        price=(totals[0].price_per_hour, totals[1].price_per_hour),
    )


def _title(snapshot: Snapshot) -> str:
    return f"{snapshot.snapshot_id}, {snapshot.taken_at:%Y-%m-%d %H:%M} UTC"


def _by_workload(tasks: Iterable[Task]) -> dict[str, int]:
    return dict(Counter(t.workload_id or t.task_id for t in tasks))


def _node(a: Node, b: Node) -> Sequence[Change]:
    found = []
    for field in ("is_ready", "is_cordoned", "instance_type", "zone", "accelerator_model", "price_per_hour"):
        if getattr(a, field) != getattr(b, field):
            found.append(Change(a.node_id, field, _text(getattr(a, field)), _text(getattr(b, field))))
    found += _amounts(a.node_id, "allocatable", a.allocatable, b.allocatable)
    for name in sorted({*a.labels, *b.labels}):
        if a.labels.get(name) != b.labels.get(name):
            found.append(Change(a.node_id, f"label {name}", _text(a.labels.get(name)), _text(b.labels.get(name))))
    for field in ("taints", "conditions", "maintenance"):
        if getattr(a, field) != getattr(b, field):
            found.append(Change(a.node_id, field, _several(getattr(a, field)), _several(getattr(b, field))))
    return found


def _task(a: Task, b: Task) -> Sequence[Change]:
    found = [
        *_amounts(a.task_id, "requests", a.requests, b.requests),
        *_amounts(a.task_id, "limits", a.limits, b.limits),
    ]
    if a.priority != b.priority:
        found.append(Change(a.task_id, "priority", str(a.priority), str(b.priority)))
    if b.out_of_memory_kills > a.out_of_memory_kills:
        found.append(Change(a.task_id, "out_of_memory_kills", str(a.out_of_memory_kills), str(b.out_of_memory_kills)))
    return found


def _workloads(old: dict[str, Workload], new: Iterable[Workload]) -> Iterable[Change]:
    for b in new:
        a = old.get(b.workload_id)
        if a is None:
            continue
        for field in ("replicas", "autoscaler", "min_available", "max_unavailable", "managed_by"):
            if getattr(a, field) != getattr(b, field):
                yield Change(a.workload_id, field, _text(getattr(a, field)), _text(getattr(b, field)))


def _amounts(subject: str, field: str, a: dict[str, float], b: dict[str, float]) -> list[Change]:
    return [
        Change(
            subject,
            f"{field} {r}",
            amount_text(r, a[r]) if r in a else "none",
            amount_text(r, b[r]) if r in b else "none",
        )
        for r in dict.fromkeys([*a, *b])
        if (r in a) != (r in b) or abs(a.get(r, 0.0) - b.get(r, 0.0)) > TOLERANCE
    ]


def _text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " to ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _several(values: Sequence[Any]) -> str:
    texts = [
        f"{v.key}={v.value}:{v.effect}" if hasattr(v, "effect") else f"{v[0]:%Y-%m-%d %H:%M} {v[2]}"
        if isinstance(v, tuple) else str(v)
        for v in values
    ]  # fmt: skip
    return ", ".join(texts) or "none"
