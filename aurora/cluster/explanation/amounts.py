"""Measures of a snapshot and of tasks on nodes that the claims about a plan are made of."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from statistics import fmean

from aurora.cluster.explanation.claims import Basis, CameMeasure, TaskMeasure
from aurora.cluster.overview import node_state, overview
from aurora.cluster.resources import CPU, GPU, MEMORY
from aurora.cluster.snapshot import Snapshot

SECONDS_PER_MS = 1e-3


def taken_share(snapshot: Snapshot, node_ids: Iterable[str], resource: str) -> tuple[Basis, float] | None:
    """Return the mean share of a resource that is used on nodes, or requested where use is not measured on all.

    None where no node has the resource.
    """
    states = [node_state(snapshot, n).resources.get(resource) for n in node_ids]
    filled = [s for s in states if s is not None and s.allocatable > 0]
    if not filled:
        return None
    used = [s.used / s.allocatable for s in filled if s.used is not None]
    if len(used) == len(filled):
        return "used", fmean(used)
    return "requested", fmean(s.requested_share for s in filled)


def fullest(snapshot: Snapshot) -> tuple[str, str, float] | None:
    """Return resource, node and share where the largest share of cores, memory or devices is requested."""
    rows = [
        (r, n.node_id, filled.requested_share)
        for n in snapshot.nodes
        for r, filled in node_state(snapshot, n.node_id).resources.items()
        if r in (CPU, MEMORY, GPU) and filled.allocatable > 0
    ]
    return max(rows, key=lambda row: row[2], default=None)


def latency_between(snapshot: Snapshot, start: str | None, end: str | None) -> float | None:
    """Return the lowest latency between two zones over the links, seconds; None where it is not known."""
    if start is None or end is None or not snapshot.links:
        return None
    neighbours: dict[str, list[tuple[str, float]]] = {}
    for link in snapshot.links:
        for a, b in ((link.source, link.target), (link.target, link.source)):
            neighbours.setdefault(a, []).append((b, link.latency_ms * SECONDS_PER_MS))
    reached: set[str] = set()
    queue = [(0.0, start)]
    while queue:
        latency, zone = heapq.heappop(queue)
        if zone == end:
            return latency
        if zone not in reached:
            reached.add(zone)
            for other, step in neighbours.get(zone, []):
                heapq.heappush(queue, (latency + step, other))
    return None


def of_tasks(snapshot: Snapshot, places: Mapping[str, str], measure: TaskMeasure) -> tuple[float, tuple[str, ...]]:
    """Return the mean of a measure over tasks on nodes, and the tasks for which it is known.

    Args:
        snapshot: Snapshot with the tasks, nodes and links.
        places: Task to node.
        measure: network_latency in seconds, or cost_per_task_hour in dollars.
    """
    values: dict[str, float] = {}
    for task_id, node_id in places.items():
        value = (
            latency_between(snapshot, snapshot.nodes_by_id[node_id].zone, snapshot.tasks_by_id[task_id].data_zone)
            if measure == "network_latency"
            else _cost(snapshot, task_id, node_id)
        )
        if value is not None:
            values[task_id] = value
    return (fmean(values.values()) if values else 0.0), tuple(values)


def _cost(snapshot: Snapshot, task_id: str, node_id: str) -> float | None:
    """Return the price of the largest share of a node that a task asks for, dollars an hour."""
    node, task = snapshot.nodes_by_id[node_id], snapshot.tasks_by_id[task_id]
    if node.price_per_hour is None:
        return None
    rooms = {r: node.allocatable.get(r, 0.0) for r in (CPU, MEMORY, GPU)}
    return node.price_per_hour * max((task.requests.get(r, 0.0) / a for r, a in rooms.items() if a > 0), default=0.0)


def came(
    later: Snapshot, planned: Mapping[str, str], before: Snapshot, measure: CameMeasure
) -> tuple[float, int] | None:
    """Return a measure of a later snapshot, and how many of the plan's tasks it is about; None if not known.

    Args:
        later: The snapshot.
        planned: Task to planned node.
        before: Snapshot that the plan was made from.
        measure: See `CameClaim`.
    """
    stand_ins = successors(later, planned, before)
    found = {later_id: str(later.tasks_by_id[later_id].node_id) for later_id in stand_ins.values()}
    match measure:
        case "as_planned":
            right = sum(found[later_id] == planned[task_id] for task_id, later_id in stand_ins.items())
            return (float(right), len(planned)) if planned else None
        case "pending":
            return float(sum(t.state == "pending" and t.node_id is None for t in later.tasks)), 0
        case "cost_per_hour":
            price = overview(later).price_per_hour
            return None if price is None else (price, 0)
        case "fullest_node_cpu" | "fullest_node_memory":
            share = _fullest_use(later, CPU if measure == "fullest_node_cpu" else MEMORY)
            return None if share is None else (share, 0)
        case "network_latency" | "cost_per_task_hour":
            value, known = of_tasks(later, found, measure)
            return (value, len(known)) if known else None


def successors(later: Snapshot, planned: Mapping[str, str], before: Snapshot) -> Mapping[str, str]:
    """Return the running tasks of a later snapshot that the plan's tasks became.

    A task is itself where it still runs. Of others, each is one that its workload has made since, on the planned node
    if there is one, because a Kubernetes pod that moves gets another name.
    """
    running = {t.task_id: t for t in later.tasks if t.state == "running"}
    found = {t: t for t in planned if t in running}
    new: dict[str, list[str]] = {}
    for task in running.values():
        if task.workload_id is not None and task.task_id not in before.tasks_by_id:
            new.setdefault(task.workload_id, []).append(task.task_id)
    for is_on_its_node in (True, False):
        for task_id, node_id in planned.items():
            known = before.tasks_by_id.get(task_id)
            made = [] if known is None or task_id in found else new.get(known.workload_id or "", [])
            fitting = [t for t in made if not is_on_its_node or running[t].node_id == node_id]
            if fitting:
                found[task_id] = fitting[0]
                made.remove(fitting[0])
    return found


def _fullest_use(snapshot: Snapshot, resource: str) -> float | None:
    """Return the share of a resource that tasks use on the node where it is largest; None if it is not measured."""
    shares = []
    for node in snapshot.nodes:
        used = [t.used[resource] for t in snapshot.tasks_by_node[node.node_id] if resource in t.used]
        if used and node.allocatable.get(resource, 0.0) > 0:
            shares.append(sum(used) / node.allocatable[resource])
    return max(shares, default=None)
