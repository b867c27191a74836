"""Turns a snapshot into a scenario that the kernel simulates.

Tasks that run keep their nodes: each arrives at 0 and may use its own node only. Tasks that wait arrive a second
later and may use every node that their labels, taints and models allow. What the scenario leaves out is a `Note`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from aurora.cluster.clearances import HORIZON
from aurora.cluster.feasibility import Room
from aurora.cluster.resources import CPU, GPU, MEMORY, total
from aurora.cluster.snapshot import Node, Note, Snapshot, Task
from aurora.errors import DataError
from aurora.sim.objectives import ObjectiveName
from aurora.sim.scenarios import scenario as sim
from aurora.sim.scenarios.expansion import usual_targets

PENDING_ARRIVAL = 1.0
"""Seconds after which waiting tasks arrive, so that those that run have taken their room."""
MAX_NAME = 128
MAX_DEVICES = 64
MAX_PAIRS = 1_000_000
"""Pairs of task and node from which the objectives' targets are computed; of more nodes, some stand for all."""
MAX_SUBJECTS = 5
"""Names that a note lists."""
SYSTEM_CRITICAL = 1_000_000_000
"""Priority from which Kubernetes' own system classes begin."""


@dataclass(frozen=True, slots=True)
class SnapshotScenario:
    """A snapshot as a scenario.

    Attributes:
        scenario: Tasks and nodes with the ids of the snapshot, long ones shortened.
        task_ids: Id in the scenario to the id in the snapshot.
        node_ids: The same for nodes.
        notes: What the scenario assumes or leaves out.
    """

    scenario: sim.Scenario
    task_ids: Mapping[str, str]
    node_ids: Mapping[str, str]
    notes: tuple[Note, ...]


def to_scenario(
    snapshot: Snapshot,
    *,
    horizon: float = HORIZON,
    allowed: Mapping[str, Collection[str]] | None = None,
    room: Room | None = None,
    keep_running: bool = True,
) -> SnapshotScenario:
    """Return the scenario of a snapshot.

    Args:
        snapshot: The system.
        horizon: Seconds that a task of unknown length runs.
        allowed: Nodes that waiting tasks may use, by task id; of others, the nodes that fit by labels, taints and
            models, and where affinities and spreads to running tasks allow it.
        room: Room of the snapshot, if there is one already.
        keep_running: Whether tasks that run keep their nodes; otherwise all but daemons and static ones arrive as if
            they waited.

    Raises:
        DataError: The snapshot has no node or no task to place or that runs.
    """
    tasks = [t for t in snapshot.tasks if t.state in ("running", "pending")]
    if not snapshot.nodes or not tasks:
        what = "no node" if not snapshot.nodes else "no running or pending task"
        raise DataError(f"snapshot {snapshot.snapshot_id} has {what}, so there is nothing to simulate")
    notes = _Notes()
    room = room or Room(snapshot)
    nodes = tuple(_node(n, snapshot, notes) for n in snapshot.nodes)
    names = {n.node_id: s.node_id for n, s in zip(snapshot.nodes, nodes, strict=True)}
    priorities = _priorities(tasks, snapshot.system)
    given = allowed or {}
    work = []
    for task in tasks:
        is_pinned = task.state == "running" and (keep_running or task.kind in ("daemon", "static"))
        usable = (names[str(task.node_id)],) if is_pinned else _allowed(task, room, names, given, notes)
        work.append(_task(task, snapshot, horizon, priorities, usable, notes, is_pinned=is_pinned))
    ids = {s.task_id: t.task_id for s, t in zip(work, tasks, strict=True)}
    machines = [n for n in nodes if n.cpu > 0] or list(nodes)
    step = max(1, len(work) * len(machines) // MAX_PAIRS)
    scenario = sim.Scenario(
        scenario_id=short_name(snapshot.snapshot_id),
        domain="cloud",
        description=f"{snapshot.system} at {snapshot.taken_at:%Y-%m-%d %H:%M} UTC",
        nodes=nodes,
        links=snapshot.links,
        workload_definition=sim.Workload(tasks=_with_dependencies(work, tasks, ids), time_horizon=horizon),
        objectives=_objectives(snapshot, notes),
        objective_targets=usual_targets(tuple(work), machines[::step], list(snapshot.links)),
    )
    return SnapshotScenario(scenario, ids, {v: k for k, v in names.items()}, notes.listed())


class Demand(NamedTuple):
    """What a task asks for, by the names of a scenario's fields.

    Attributes:
        cpu_required: Cores.
        memory_required: GiB.
        accelerators: Devices.
        accelerator_share: Share of each device.
        accelerator_models: Device models that it may use; empty: any.
    """

    cpu_required: float
    memory_required: float
    accelerators: int
    accelerator_share: float
    accelerator_models: tuple[str, ...]


def demand_of(task: Task) -> Demand:
    """Return what a task of a snapshot asks for in a scenario."""
    devices = task.requests.get(GPU, 0.0)
    return Demand(
        _demand(task.requests.get(CPU, 0.0)),
        _demand(task.requests.get(MEMORY, 0.0)),
        min(MAX_DEVICES, max(1, round(devices))) if devices else 0,
        devices if 0 < devices < 1 else 1.0,
        tuple(short_name(m) for m in task.accelerator_models) if devices else (),
    )


class _Notes:
    """Collects notes, one for each code."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, str, list[str]]] = {}

    def add(self, kind: str, code: str, message: str, subject: str = "") -> None:
        self._found.setdefault(code, (kind, message, []))[2].append(subject)

    def listed(self) -> tuple[Note, ...]:
        return tuple(
            Note.model_validate(
                {
                    "kind": kind,
                    "code": code,
                    "message": message,
                    "subjects": tuple(s for s in subjects if s)[:MAX_SUBJECTS],
                    "count": len(subjects),
                }
            )
            for code, (kind, message, subjects) in self._found.items()
        )


def short_name(name: str) -> str:
    """Return a name of at most 128 characters; of a longer one, its start and its hash."""
    if len(name) <= MAX_NAME:
        return name
    return f"{name[: MAX_NAME - 13]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _node(node: Node, snapshot: Snapshot, notes: _Notes) -> sim.Node:
    held = total(t.requests for t in snapshot.tasks_by_node[node.node_id])
    cpu, memory = node.allocatable.get(CPU, 0.0), node.allocatable.get(MEMORY, 0.0)
    if held.get(CPU, 0.0) > cpu or held.get(MEMORY, 0.0) > memory:
        message = "its tasks ask for more than it has; it is taken to have as much as they ask for"
        notes.add("repaired", "overcommitted-node", message, node.node_id)
        cpu, memory = max(cpu, held.get(CPU, 0.0)), max(memory, held.get(MEMORY, 0.0))
    devices = int(node.allocatable.get(GPU, 0.0))
    if devices > MAX_DEVICES:
        notes.add("repaired", "too-many-devices", f"only {MAX_DEVICES} devices of a node are simulated", node.node_id)
    others = sorted(r for r in node.allocatable if r not in (CPU, MEMORY, GPU))
    for resource in others:
        message = f"{resource} is checked when a node is chosen, and not simulated over time"
        notes.add("not represented", f"resource-{resource}", message, node.node_id)
    idle, full = node.idle_power or 0.0, node.full_power or 0.0
    return sim.Node(
        node_id=short_name(node.node_id),
        cpu=cpu,
        memory=memory,
        accelerators=min(devices, MAX_DEVICES),
        accelerator_model=short_name(node.accelerator_model) if node.accelerator_model and devices else None,
        price_per_hour=node.price_per_hour or 0.0,
        idle_power=idle,
        full_power=max(idle, full),
        site=short_name(node.zone) if node.zone and snapshot.links else None,
    )


def _allowed(
    task: Task, room: Room, names: Mapping[str, str], given: Mapping[str, Collection[str]], notes: _Notes
) -> tuple[str, ...]:
    """Return the nodes that a task may use in the scenario; empty where all may be used."""
    if task.task_id in given:
        wanted = frozenset(given[task.task_id])
        return () if len(wanted) == len(names) else tuple(names[n] for n in names if n in wanted)
    if any(a.is_required for a in task.affinities) or any(s.is_required for s in task.spreads):
        message = "affinities and spreads between tasks are taken as they stand now, not as tasks come and go"
        notes.add("not represented", "affinity-over-time", message, task.task_id)
    if task.state == "running":
        fixed = [n for n, reasons in room.static_reasons(task).items() if not reasons]
    else:
        fixed = [n for n, reasons in room.all_reasons(task) if not [r for r in reasons if r.kind != "insufficient"]]
    return () if len(fixed) == len(names) else tuple(names[n] for n in fixed)


def _task(
    task: Task,
    snapshot: Snapshot,
    horizon: float,
    priorities: Mapping[int, int],
    allowed: tuple[str, ...],
    notes: _Notes,
    *,
    is_pinned: bool,
) -> sim.Task:
    duration = horizon
    if task.ends_at is not None:
        start = snapshot.taken_at if task.state == "running" or task.started_at is None else task.started_at
        duration = max(1.0, (task.ends_at - start).total_seconds())
    else:
        notes.add("assumed", "unknown-duration", f"taken to run for {horizon:g} s, since its end is not known")
    if task.gang is not None:
        notes.add("not represented", "gang", "tasks of a gang may start apart in the simulation", task.task_id)
    return sim.Task(
        task_id=short_name(task.task_id),
        arrival_time=0.0 if is_pinned else PENDING_ARRIVAL,
        duration=duration,
        priority=priorities[task.priority],
        **demand_of(task)._asdict(),
        allowed_nodes=allowed,
        source_site=_site(task.data_zone, snapshot, notes, task.task_id),
    )


def _site(zone: str | None, snapshot: Snapshot, notes: _Notes, task_id: str) -> str | None:
    """Return the site of a task's data; none where the network is not known."""
    if zone is None or not snapshot.links:
        return None
    if zone not in {n.zone for n in snapshot.nodes} | {end for l in snapshot.links for end in (l.source, l.target)}:
        notes.add("not represented", "unknown-zone", "its data lies in a zone that no node or link has", task_id)
        return None
    return short_name(zone)


def _demand(amount: float) -> float:
    return amount if amount >= sim.SMALLEST_DEMAND else 0.0


def _with_dependencies(work: list[sim.Task], tasks: list[Task], ids: Mapping[str, str]) -> tuple[sim.Task, ...]:
    known = {original: short for short, original in ids.items()}
    return tuple(
        s.model_copy(update={"dependencies": tuple(known[d] for d in t.dependencies if d in known)})
        if t.dependencies
        else s
        for s, t in zip(work, tasks, strict=True)
    )


def kubernetes_priority(value: int) -> int:
    """Return the priority from 1 to 5 of a priority of Kubernetes."""
    return 5 if value >= SYSTEM_CRITICAL else 4 if value > 0 else 3 if value == 0 else 2


def _priorities(tasks: list[Task], system: str) -> dict[int, int]:
    """Return priorities from 1 to 5 by those of the system: fixed steps for Kubernetes, ranks elsewhere."""
    values = sorted({t.priority for t in tasks})
    if system == "kubernetes":
        return {v: kubernetes_priority(v) for v in values}
    if len(values) == 1:
        return {values[0]: 3}
    return {v: 1 + round(4 * k / (len(values) - 1)) for k, v in enumerate(values)}


def _objectives(snapshot: Snapshot, notes: _Notes) -> tuple[ObjectiveName, ...]:
    """Return the objectives that the snapshot's facts allow: no cost without prices, no energy without power."""
    priced = any(n.price_per_hour for n in snapshot.nodes)
    powered = any(n.full_power for n in snapshot.nodes)
    if not priced:
        notes.add("not represented", "no-prices", "cost is not counted, since no node has a price")
    if not powered:
        notes.add("not represented", "no-power", "energy is not counted, since no node states its power")
    return ("latency", *(("cost",) if priced else ()), *(("energy",) if powered else ()), "qos")
