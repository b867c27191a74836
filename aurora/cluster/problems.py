"""Finds what is wrong with a system, or with what is known of it: overcommitment, tasks that never fit, missing limits.

Thresholds are named below. Shares of requests follow what eviction and throttling go by: memory beyond a limit kills a
container, memory beyond the requests of a full node evicts it, cores beyond a limit are throttled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from aurora.cluster.feasibility import Room
from aurora.cluster.overview import node_states
from aurora.cluster.resources import CPU, MEMORY, PODS, TOLERANCE, amount_text, total
from aurora.cluster.snapshot import Snapshot, Task, Workload
from aurora.cluster.waiting import never_fits
from aurora.quantities import dollars, percent

Severity = Literal["error", "warning", "hint"]
"""Error: it does not work as it is. Warning: it may fail at any time. Hint: it wastes, or is not known."""

NEAR_LIMIT = 0.9
"""Share of a memory limit in use from which a kill is near."""
OVERSIZED = 4.0
"""Requests as a multiple of use from which they are far too large."""
LEAST_WASTE = {CPU: 0.5, MEMORY: 1.0}
"""Cores and GiB of a workload that must be wasted for it to be worth a word."""
BEYOND_REQUEST = 1.2
"""Use as a multiple of the memory request from which a full node would evict the task."""
SOON = timedelta(hours=24)
"""Time before a maintenance window within which the tasks of its nodes are named."""
MAX_JUDGED = 100
"""Most kinds of waiting tasks for which it is found out whether they can ever be placed."""
MAX_SUBJECTS = 10
"""Most names that a problem carries."""
CLOCK_TOLERANCE = timedelta(minutes=10)


class Problem(NamedTuple):
    """Something wrong.

    Attributes:
        code: Kebab-case name of the matter.
        severity: How bad it is.
        message: What it is and what to do.
        subjects: Nodes, tasks or workloads concerned, the first few.
        cases: Number of cases.
    """

    code: str
    severity: Severity
    message: str
    subjects: tuple[str, ...]
    cases: int


class ProblemReport(NamedTuple):
    """Problems of a snapshot.

    Attributes:
        snapshot_id: Name of the snapshot.
        problems: The problems, the worst first.
    """

    snapshot_id: str
    problems: tuple[Problem, ...]

    @property
    def is_sound(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return all(p.severity == "hint" for p in self.problems)

    def to_json(self) -> dict[str, Any]:
        """Return the problems as JSON values; the keys are those of `aurora snapshot check --json`."""
        return {
            "snapshot_id": self.snapshot_id,
            "is_sound": self.is_sound,
            "problems": [{**p._asdict(), "subjects": list(p.subjects)} for p in self.problems],
        }


def find_problems(snapshot: Snapshot, *, now: datetime | None = None) -> ProblemReport:
    """Find what is wrong with a system, or with what is known of it.

    Args:
        snapshot: The system.
        now: Present time, for a snapshot from the future; None: the clock's.
    """
    found = [
        *_of_nodes(snapshot),
        *_of_waiting(snapshot),
        *_of_sizes(snapshot),
        *_of_use(snapshot),
        *_of_workloads(snapshot),
        *_of_knowledge(snapshot, now or datetime.now(UTC)),
    ]
    order = ("error", "warning", "hint")
    return ProblemReport(snapshot.snapshot_id, tuple(sorted(found, key=lambda p: order.index(p.severity))))


def _problem(code: str, severity: Severity, message: str, subjects: list[str]) -> Iterator[Problem]:
    """Yield a problem of some subjects, none where there are none."""
    if subjects:
        yield Problem(code, severity, message, tuple(subjects[:MAX_SUBJECTS]), len(subjects))


def _of_nodes(snapshot: Snapshot) -> Iterator[Problem]:
    states = node_states(snapshot)
    over = [
        f"{s.node.node_id} ({r} {percent(round(f.requested_share, 3))})"
        for s in states
        for r, f in s.resources.items()
        if f.requested > f.allocatable + max(TOLERANCE, 1e-6 * f.allocatable)
    ]
    yield from _problem(
        "overcommitted", "error", "more is requested than the node has: move tasks or mend requests", over
    )
    limits = {n: total(t.limits for t in tasks) for n, tasks in snapshot.tasks_by_node.items()}
    beyond = [
        f"{s.node.node_id} ({percent(round(limits[s.node.node_id].get(MEMORY, 0.0) / s.node.allocatable[MEMORY], 3))})"
        for s in states
        if s.node.allocatable.get(MEMORY) and limits[s.node.node_id].get(MEMORY, 0.0) > s.node.allocatable[MEMORY]
    ]
    yield from _problem(
        "memory-limits-beyond-node", "hint", "if all tasks used their memory limits, the node would run out", beyond
    )
    lost = [
        f"{n.node_id} ({_tasks(len(snapshot.tasks_by_node[n.node_id]))})"
        for n in snapshot.nodes
        if not n.is_ready and snapshot.tasks_by_node[n.node_id]
    ]
    yield from _problem("not-ready", "error", "the node is down, and tasks are still bound to it", lost)
    idle = [n.node_id for n in snapshot.nodes if not n.is_ready and not snapshot.tasks_by_node[n.node_id]]
    yield from _problem("not-ready-empty", "warning", "the node is down", idle)
    soon = [
        f"{n.node_id} at {start:%Y-%m-%d %H:%M} UTC ({_tasks(len(snapshot.tasks_by_node[n.node_id]))}): {why}"
        for n in snapshot.nodes
        for start, end, why in n.maintenance
        if start - SOON <= snapshot.taken_at < end and snapshot.tasks_by_node[n.node_id]
    ]
    yield from _problem("maintenance-soon", "warning", "tasks run on a node that is about to be maintained", soon)


def _of_waiting(snapshot: Snapshot) -> Iterator[Problem]:
    waiting = [t for t in snapshot.tasks if t.state == "pending" and t.node_id is None]
    if not waiting:
        return
    empty = Room(snapshot.model_copy(update={"tasks": ()}))
    kinds: dict[str, list[Task]] = {}
    for task in waiting:
        alike = task.model_dump_json(include={"requests", "node_selector", "node_affinity", "tolerations", "kind",
                                              "accelerator_models", "affinities", "spreads"})  # fmt: skip
        kinds.setdefault(alike, []).append(task)
    never: list[str] = []
    for tasks in list(kinds.values())[:MAX_JUDGED]:
        reason = never_fits(snapshot, tasks[0], empty=empty)
        if reason:
            never += [f"{t.task_id}: {reason}" for t in tasks]
    yield from _problem("never-placeable", "error", "no node can take the task, even with everything free", never)
    yield from _problem(
        "gang-too-large",
        "error",
        "the tasks of a gang start together, and never all fit",
        _large_gangs(empty, waiting),
    )
    known = snapshot.tasks_by_id
    failed = [t.task_id for t in waiting if any(known[d].state == "failed" for d in t.dependencies if d in known)]
    yield from _problem("dependency-failed", "error", "a task waits for one that failed", failed)
    if len(kinds) > MAX_JUDGED:
        yield Problem(
            "not-judged", "hint", f"only {MAX_JUDGED} kinds of waiting tasks were judged", (), len(kinds) - MAX_JUDGED
        )


def _large_gangs(empty: Room, waiting: list[Task]) -> list[str]:
    """Return gangs of like tasks that would not fit into an empty system."""
    gangs: dict[str, list[Task]] = {}
    for task in waiting:
        if task.gang is not None:
            gangs.setdefault(task.gang, []).append(task)
    found = []
    for gang, tasks in list(gangs.items())[:MAX_JUDGED]:
        first = tasks[0].model_copy(update={"affinities": (), "spreads": ()})
        lasting = ("cordoned", "not ready", "maintenance")
        room = 0
        for node_id, reasons in empty.all_reasons(first):
            if not any(r.kind not in lasting for r in reasons):
                free = empty.free(node_id)
                room += int(min((free.get(r, 0.0) / a for r, a in first.requests.items() if a), default=len(tasks)))
        if 0 < room < len(tasks):  # where none fits, each task is named above
            found.append(f"{gang} ({len(tasks)} tasks, room for {room})")
    return found


def _of_sizes(snapshot: Snapshot) -> Iterator[Problem]:
    live = [t for t in snapshot.tasks if t.state in ("running", "pending")]
    for resource in (CPU, MEMORY):
        if any(resource in t.requests for t in live):
            without = _named(live, lambda t, r=resource: not t.requests.get(r))  # type: ignore[misc]
            yield from _problem(
                f"no-{resource}-request",
                "warning",
                f"tasks ask for no {resource}, so nothing is kept free for them",
                without,
            )
    if snapshot.system == "kubernetes":
        unbounded = _named(live, lambda t: MEMORY not in t.limits)
        yield from _problem(
            "no-memory-limit",
            "hint",
            "nothing bounds the memory: a leak takes the node's other tasks with it",
            unbounded,
        )
    below = _named(live, lambda t: any(t.limits[r] < a - TOLERANCE for r, a in t.requests.items() if r in t.limits))
    yield from _problem("limit-below-request", "error", "a limit is below the request", below)


def _of_use(snapshot: Snapshot) -> Iterator[Problem]:
    running = [t for t in snapshot.tasks if t.state == "running" and t.used]
    above = [
        f"{t.task_id} ({amount_text(r, t.used[r])} of {amount_text(r, limit)})"
        for t in running
        for r, limit in t.limits.items()
        if t.used.get(r, 0.0) > limit * 1.01 + TOLERANCE
    ]
    yield from _problem(
        "use-above-limit", "error", "more is in use than the limit allows: limits or figures are wrong", above
    )
    near = [
        f"{t.task_id} ({amount_text(MEMORY, t.used[MEMORY])} of {amount_text(MEMORY, t.limits[MEMORY])})"
        for t in running
        if t.limits.get(MEMORY) and NEAR_LIMIT <= t.used.get(MEMORY, 0.0) / t.limits[MEMORY] <= 1.01  # noqa: PLR2004
    ]
    yield from _problem("near-memory-limit", "warning", "memory is near its limit, where the task is killed", near)
    killed = [f"{t.task_id} ({t.out_of_memory_kills})" for t in snapshot.tasks if t.out_of_memory_kills]
    yield from _problem("out-of-memory-kills", "warning", "tasks were killed for memory", killed)
    evicted = _named(running, lambda t: 0 < BEYOND_REQUEST * t.requests.get(MEMORY, 0.0) < t.used.get(MEMORY, 0.0))
    yield from _problem(
        "memory-beyond-request", "warning", "more memory is in use than requested: first to go on a full node", evicted
    )
    yield from _problem(
        "oversized", "hint", f"requests are {OVERSIZED:g} times the use or more at this moment", _oversized(snapshot)
    )


def _oversized(snapshot: Snapshot) -> list[str]:
    owners: dict[str, list[Task]] = {}
    for task in snapshot.tasks:
        if task.state == "running" and task.used:
            owners.setdefault(task.workload_id or task.task_id, []).append(task)
    found: list[tuple[float, str]] = []
    for owner, tasks in owners.items():
        for resource, least in LEAST_WASTE.items():
            measured = [t for t in tasks if resource in t.used and resource in t.requests]
            asked = sum(t.requests[resource] for t in measured)
            used = sum(t.used[resource] for t in measured)
            if measured and asked >= OVERSIZED * used and asked - used >= least:
                text = f"{owner} ({amount_text(resource, asked)} requested, {amount_text(resource, used)} used)"
                found.append((used - asked, text))
    return [text for _, text in sorted(found)]


def _of_workloads(snapshot: Snapshot) -> Iterator[Problem]:
    stuck = [w.workload_id for w in snapshot.workloads if _blocks_every_disruption(w, snapshot)]
    yield from _problem(
        "budget-blocks-drains", "warning", "the disruption budget lets no task go, so no drain ends", stuck
    )
    full = []
    for w in snapshot.workloads:
        if w.autoscaler is not None and w.replicas is not None and w.replicas >= w.autoscaler[1]:
            full.append(f"{w.workload_id} ({w.replicas})")
    yield from _problem("autoscaler-at-its-most", "warning", "the autoscaler has reached its largest number", full)


def _blocks_every_disruption(workload: Workload, snapshot: Snapshot) -> bool:
    replicas = workload.replicas
    if replicas is None or replicas == 0:
        return False
    if workload.max_unavailable is not None:
        return workload.max_unavailable.rstrip("%") == "0"
    least = workload.min_available
    if least is None:
        return False
    wanted = -(-replicas * float(least[:-1]) // 100) if least.endswith("%") else float(least)
    return wanted >= replicas


def _of_knowledge(snapshot: Snapshot, now: datetime) -> Iterator[Problem]:
    is_sample = any(n.code == "sample" for n in snapshot.notes)
    if snapshot.taken_at - now > CLOCK_TOLERANCE and not is_sample:
        yield Problem(
            "from-the-future",
            "warning",
            f"it is dated {snapshot.taken_at:%Y-%m-%d %H:%M} UTC, after this machine's clock: check both",
            (snapshot.snapshot_id,),
            1,
        )
    unpriced = [n.node_id for n in snapshot.nodes if n.price_per_hour is None]
    yield from _problem(
        "no-price", "hint", f"money is not known ({dollars(0)} is taken): give prices by instance type", unpriced
    )
    unmeasured = [t.task_id for t in snapshot.tasks if t.state == "running" and not t.used]
    yield from _problem("not-measured", "hint", "the use of running tasks is not measured", unmeasured)
    offered = {r for n in snapshot.nodes for r in (*n.capacity, *n.allocatable)}  # either may be left out of a dump
    devices = {r for t in snapshot.tasks for r in t.requests} - offered
    yield from _problem(
        "unknown-resource",
        "warning",
        "tasks ask for a resource that no node has",
        sorted(devices - {PODS}),
    )


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _named(tasks: list[Task], holds: Callable[[Task], bool]) -> list[str]:
    """Return the workloads of the tasks for which something holds, with their numbers; single tasks by their ids."""
    counts: dict[str, int] = {}
    for task in tasks:
        if holds(task):
            owner = task.workload_id or task.task_id
            counts[owner] = counts.get(owner, 0) + 1
    return [f"{owner} ({n} tasks)" if n > 1 else owner for owner, n in counts.items()]
