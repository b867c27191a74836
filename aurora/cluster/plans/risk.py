"""Rules that name what may go wrong when a plan is applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aurora.cluster.changes import Evict, Move, Place, PlanChange, Resize, Scale
from aurora.cluster.clearances import maintenance_before_end
from aurora.cluster.overview import node_states
from aurora.cluster.plans.means import can_undo
from aurora.cluster.plans.plan import Risk, RiskCode
from aurora.cluster.resources import CPU, MEMORY, TOLERANCE
from aurora.cluster.snapshot import Snapshot, Task, Workload

FULL = 0.8
"""Share of a node's cores or memory from which it counts as full."""
MAX_SUBJECTS = 10


def risks(before: Snapshot, changes: Sequence[PlanChange], after: Snapshot) -> tuple[Risk, ...]:
    """Return what may go wrong when changes are made.

    Args:
        before: The system now.
        changes: The changes, drains in their parts.
        after: The system afterwards.
    """
    stopped = [before.tasks_by_id[c.task_id] for c in changes if isinstance(c, Evict | Move) and _is_known(before, c)]
    found = [
        *_of_stopped(before, stopped),
        *_of_moves(before, changes),
        *_of_workloads(before, changes),
        *_of_full_nodes(before, after),
    ]
    return tuple(r for r in found if r.subjects)


def _is_known(snapshot: Snapshot, change: Evict | Move) -> bool:
    return change.task_id in snapshot.tasks_by_id


def _of_stopped(snapshot: Snapshot, stopped: Sequence[Task]) -> Iterator[Risk]:
    workloads = [(t, snapshot.workloads_by_id.get(t.workload_id or "")) for t in stopped]
    is_kubernetes = snapshot.system == "kubernetes"
    bare = [t.task_id for t in stopped if is_kubernetes and t.workload_id is None]
    yield _risk("nothing makes it again", "no controller makes it again: once evicted it is gone", bare)
    single = [t.task_id for t, w in workloads if w is not None and _wanted(w) == 1]
    yield _risk("single replica", "the only task of its workload, which is down until another one is ready", single)
    stateful = [t.task_id for t, w in workloads if w is not None and w.kind == "StatefulSet"]
    yield _risk("stateful", "its disk, if it has one, must be free before it starts elsewhere", stateful)
    unguarded = [
        w.workload_id
        for t, w in workloads
        if is_kubernetes and w is not None and _wanted(w) > 1 and w.min_available is w.max_unavailable is None
    ]
    yield _risk("no disruption budget", "nothing keeps several of its pods from being down at once", unguarded)
    restarted = [t.task_id for t in stopped if snapshot.system == "slurm" or t.kind == "job"]
    yield _risk("starts again", "what was computed since its last checkpoint is lost", restarted)


def _of_moves(snapshot: Snapshot, changes: Sequence[PlanChange]) -> Iterator[Risk]:
    if snapshot.system == "kubernetes":
        free = [c.task_id for c in changes if isinstance(c, Move) and not c.is_pinned]
        yield _risk("node not chosen", "the cluster's scheduler may choose another node", free)
    yield _risk(
        "maintenance ahead", "it must leave again when the maintenance begins", _near_maintenance(snapshot, changes)
    )
    lost = [c.task_id for c in changes if isinstance(c, Evict | Move) and not can_undo(snapshot.system, c)]
    yield _risk("not undone", "a rollback does not stop it again to bring it back", lost)


def _near_maintenance(snapshot: Snapshot, changes: Sequence[PlanChange]) -> list[str]:
    """Return the tasks that go to a node whose maintenance begins before their end, each with node, time and reason."""
    goes_to = {c.task_id: c.node_id for c in changes if isinstance(c, Move | Place)}
    found = []
    for task_id, node_id in goes_to.items():
        task = snapshot.tasks_by_id.get(task_id)
        window = None if task is None else maintenance_before_end(snapshot, task, node_id)
        if window is not None:
            start, why = window
            found.append(f"{task_id} ({node_id}, from {start:%Y-%m-%d %H:%M} UTC: {why})")
    return found


def _of_workloads(snapshot: Snapshot, changes: Sequence[PlanChange]) -> Iterator[Risk]:
    concerned: list[tuple[PlanChange, Workload]] = []
    for change in changes:
        name = change.workload_id if isinstance(change, Scale | Resize) else None
        if isinstance(change, Move) and change.is_pinned and change.task_id in snapshot.tasks_by_id:
            name = snapshot.tasks_by_id[change.task_id].workload_id
        workload = snapshot.workloads_by_id.get(name or "")
        if workload is not None:
            concerned.append((change, workload))
    managed = [f"{w.workload_id} ({w.managed_by})" for _, w in concerned if w.managed_by is not None]
    yield _risk("managed", "the tool that owns it sets it back; change it in its repository", managed)
    scaled = [w.workload_id for c, w in concerned if w.autoscaler is not None and isinstance(c, Scale | Resize)]
    yield _risk("autoscaled", "its autoscaler sets the replicas, by use and requests", scaled)
    resized = [w.workload_id for c, w in concerned if isinstance(c, Resize)]
    yield _risk("starts again", "all of its tasks restart", resized)
    tight = [w.workload_id for c, w in concerned if isinstance(c, Resize) and _is_below_use(snapshot, c)]
    yield _risk("limit below use", "tasks that use more memory than the new limit are killed", tight)


def _is_below_use(snapshot: Snapshot, change: Resize) -> bool:
    limit = change.limits.get(MEMORY)
    workload = snapshot.workloads_by_id[change.workload_id]
    if limit is None or sum(c.kind != "init" for c in workload.containers) != 1:
        return False
    return any(
        t.used.get(MEMORY, 0.0) > limit + TOLERANCE for t in snapshot.tasks if t.workload_id == change.workload_id
    )


def _of_full_nodes(before: Snapshot, after: Snapshot) -> Iterator[Risk]:
    was = {s.node.node_id: s.resources for s in node_states(before)}
    full = []
    for state in node_states(after):
        for resource in (CPU, MEMORY):
            filled = state.resources.get(resource)
            old = was.get(state.node.node_id, {}).get(resource)
            if filled is None or filled.requested_share <= FULL:
                continue
            if old is None or filled.requested_share > old.requested_share + TOLERANCE:
                full.append(f"{state.node.node_id} ({filled.requested_share:.0%} of {resource})")
    yield _risk("full afterwards", f"more than {FULL:.0%} would be requested", full)


def _wanted(workload: Workload) -> int:
    return 1 if workload.replicas is None else workload.replicas


def _risk(code: RiskCode, message: str, subjects: Sequence[str]) -> Risk:
    """Return a risk of some subjects; of none, it is left out later."""
    names = tuple(dict.fromkeys(subjects))
    listed = ", ".join(names[:MAX_SUBJECTS])
    more = f" and {len(names) - MAX_SUBJECTS} more" if len(names) > MAX_SUBJECTS else ""
    return Risk(code=code, message=f"{listed}{more}: {message}", subjects=names)
