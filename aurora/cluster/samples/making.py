"""Parts of which the sample snapshots are made: nodes, tasks of a workload, placement, and reasons of waiting."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aurora.cluster.resources import PODS, TOLERANCE, total
from aurora.cluster.selectors import matches, tolerates
from aurora.cluster.snapshot import Affinity, Container, Node, Requirement, Spread, Task, Toleration

TAKEN_AT = datetime(2026, 6, 15, 13, 20, tzinfo=UTC)
"""Time of every sample: a Monday, forty minutes before the maintenance window of the web shop."""

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"


def amounts(cpu: float, memory: float, **others: float) -> dict[str, float]:
    """Return amounts of cores and GiB; zeros are left out."""
    return {r: a for r, a in {"cpu": cpu, "memory": memory, **others}.items() if a}


def has(key: str, *values: str) -> Requirement:
    """Return the requirement that a label has one of the values; without values, that it exists."""
    return Requirement(key=key, operator="In" if values else "Exists", values=values)


@dataclass(frozen=True)
class Group:
    """A workload of a sample, and what its tasks have in common.

    Attributes:
        workload_id: NAMESPACE/KIND/NAME.
        count: Number of tasks.
        containers: Its containers.
        used: Measured use of each task; empty: not measured.
        task: Further fields of every task.
        workload: Further fields of the workload; None: its tasks stand alone.
        nodes: Nodes that may take its tasks; empty: every node that suits.
        apart: Whether each task needs a node of its own.
    """

    workload_id: str
    count: int
    containers: tuple[Container, ...]
    used: Mapping[str, float] = field(default_factory=dict)
    task: Mapping[str, Any] = field(default_factory=dict)
    workload: Mapping[str, Any] | None = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    apart: bool = False

    @property
    def requests(self) -> dict[str, float]:
        """Requests of a task, with the place of its pod."""
        return total([*(c.requests for c in self.containers if c.kind != "init"), {PODS: 1.0}])

    @property
    def limits(self) -> dict[str, float]:
        """Limits of a task: of the resources that all of its containers limit."""
        long_running = [c for c in self.containers if c.kind != "init"]
        limited = set.intersection(*(set(c.limits) for c in long_running))
        return {r: a for r, a in total(c.limits for c in long_running).items() if r in limited}

    def names(self) -> list[str]:
        """Return the names of its tasks, as their controller would give them."""
        namespace, kind, name = self.workload_id.split("/")
        if kind == "StatefulSet":
            return [f"{namespace}/{name}-{k}" for k in range(self.count)]
        if kind == "Pod":
            return [f"{namespace}/{name}"]
        digest = hashlib.sha256(self.workload_id.encode()).hexdigest()
        middle = f"{digest[:8]}-" if kind == "Deployment" else ""
        return [
            f"{namespace}/{name}-{middle}{hashlib.sha256(f'{self.workload_id} {k}'.encode()).hexdigest()[:5]}"
            for k in range(self.count)
        ]

    def tasks(self) -> list[Task]:
        """Return its tasks, not yet placed."""
        _, kind, name = self.workload_id.split("/")
        days = 1 + int(hashlib.sha256(self.workload_id.encode()).hexdigest(), 16) % 20
        created = TAKEN_AT - timedelta(days=days, hours=3)
        fields: dict[str, Any] = {
            "workload_id": None if kind == "Pod" or self.workload is None else self.workload_id,
            "kind": {"DaemonSet": "daemon", "Job": "job"}.get(kind, "pod"),
            "requests": self.requests,
            "limits": self.limits,
            "used": dict(self.used),
            "containers": self.containers,
            "labels": {"app": name},
            "created_at": created,
        }
        fields |= self.task
        return [
            Task(task_id=task_id, state="pending", **(fields | self._of_replica(k)))
            for k, task_id in enumerate(self.names())
        ]

    def _of_replica(self, k: int) -> dict[str, Any]:
        """Return what only the k-th task has; a daemon is bound to its node."""
        if "DaemonSet" not in self.workload_id:
            return {}
        return {"node_affinity": ((has(HOSTNAME, self.nodes[k]),),), "tolerations": (Toleration(operator="Exists"),)}


def container(
    name: str, requests: tuple[float, float], limits: tuple[float, float] = (0, 0), **others: Any
) -> Container:
    """Return a container from cores and GiB; a limit of 0 is none."""
    return Container(name=name, requests=amounts(*requests), limits=amounts(*limits), **others)


def anti_affinity(app: str, key: str = HOSTNAME) -> Affinity:
    """Return the rule that tasks of an app keep apart."""
    return Affinity(topology_key=key, selector=(has("app", app),), is_anti=True)


def even_zones(app: str) -> Spread:
    """Return the rule that tasks of an app are spread over the zones."""
    return Spread(topology_key=ZONE, max_skew=1, selector=(has("app", app),))


def placed(groups: Iterable[Group], nodes: Sequence[Node], *, closed: Mapping[str, str] | None = None) -> list[Task]:
    """Place the tasks of groups, each on the suitable node with the least share taken; what fits nowhere waits.

    A gang is placed whole or waits whole.

    Args:
        groups: Workloads in the order in which they came.
        nodes: The nodes.
        closed: Node to the workload with which it was cordoned: from then on it takes no task but daemons.
    """
    taken: dict[str, dict[str, float]] = {n.node_id: {} for n in nodes}
    shut: set[str] = set()
    tasks: list[Task] = []
    for group in groups:
        shut |= {node for node, workload in (closed or {}).items() if workload == group.workload_id}
        before = dict(taken)
        of_group = _placed_group(group, nodes, taken, shut)
        waiting = next((t for t in of_group if t.state == "pending"), None)
        if waiting is not None and waiting.gang is not None:
            taken = before
            of_group = [
                t.model_copy(update={"pending_reason": waiting.pending_reason, "started_at": None})
                for t in group.tasks()
            ]
        tasks += of_group
    return tasks


def _placed_group(
    group: Group, nodes: Sequence[Node], taken: dict[str, dict[str, float]], shut: set[str]
) -> list[Task]:
    """Place the tasks of one group, and add what they take to `taken`."""
    tasks: list[Task] = []
    used: dict[str, int] = {}
    for task in group.tasks():
        reasons = {n.node_id: _obstacles(task, n, taken[n.node_id], n.node_id in shut) for n in nodes}
        suitable = [
            n
            for n in nodes
            if not reasons[n.node_id]
            and (not group.nodes or n.node_id in group.nodes)
            and not (group.apart and n.node_id in used)
        ]
        if not suitable:
            tasks.append(task.model_copy(update={"pending_reason": _waits(reasons)}))
            continue
        in_zone = {n.zone: sum(c for i, c in used.items() if _zone(nodes, i) == n.zone) for n in suitable}
        ranks = {n.node_id: (in_zone[n.zone], _share(task, n, taken[n.node_id]), n.node_id) for n in suitable}
        best = min(ranks, key=ranks.__getitem__)
        taken[best] = total([taken[best], task.requests])
        used[best] = used.get(best, 0) + 1
        started = task.started_at or (task.created_at or TAKEN_AT) + timedelta(seconds=20)
        tasks.append(task.model_copy(update={"node_id": best, "state": "running", "started_at": started}))
    return tasks


def _zone(nodes: Sequence[Node], node_id: str) -> str | None:
    return next(n.zone for n in nodes if n.node_id == node_id)


def _share(task: Task, node: Node, taken: Mapping[str, float]) -> float:
    return max(
        (taken.get(r, 0.0) + task.requests.get(r, 0.0)) / node.allocatable[r]
        for r in ("cpu", "memory")
        if node.allocatable[r]
    )


def _obstacles(task: Task, node: Node, taken: Mapping[str, float], is_shut: bool) -> list[str]:
    """Return why a node does not take a task, in the words and the order of kube-scheduler."""
    if is_shut and task.kind != "daemon":
        return ["node(s) were unschedulable"]
    for taint in node.taints:
        if taint.effect != "PreferNoSchedule" and not any(tolerates(t, taint) for t in task.tolerations):
            return [f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"]
    labels = node.labels
    if any(labels.get(k) != v for k, v in task.node_selector.items()) or (
        task.node_affinity and not any(matches(term, labels) for term in task.node_affinity)
    ):
        return ["node(s) didn't match Pod's node affinity/selector"]
    return [
        f"Insufficient {r}"
        for r, amount in task.requests.items()
        if amount > node.allocatable.get(r, 0.0) - taken.get(r, 0.0) + TOLERANCE
    ]


def _waits(reasons: Mapping[str, Sequence[str]]) -> str:
    counts: dict[str, int] = {}
    for reason in (r for found in reasons.values() for r in found):
        counts[reason] = counts.get(reason, 0) + 1
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return f"0/{len(reasons)} nodes are available: {listed}."
