"""Tools that look at an open cluster: what there is, how full it is, what waits and why."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aurora.cluster.feasibility import Reason
from aurora.cluster.overview import Filled, NodeState, node_state, node_states, overview
from aurora.cluster.resources import amount_text
from aurora.cluster.snapshot import Task
from aurora.cluster.waiting import Remedy, known_task, why_not, why_waiting
from aurora.tools.desk import Desk
from aurora.types import Frozen

MAX_ROWS = 40
"""Most nodes, tasks or notes of a table."""
MAX_REASONS = 20
"""Most nodes whose reasons are listed."""

NodeOrder = Literal["fullest", "emptiest", "free_cores", "free_memory", "dearest", "name"]


class NoArguments(Frozen):
    """Nothing to choose."""


class ResourceRow(Frozen):
    """A resource: amounts in cores, GiB, or a count."""

    resource: str
    allocatable: float
    requested: float
    free: float
    requested_share: float = Field(description="of what is allocatable")
    used: float | None = Field(description="measured; null: not measured")


class NoteRow(Frozen):
    """What was repaired, assumed or is not represented."""

    kind: str
    message: str
    count: int
    subjects: tuple[str, ...]


class WorkloadRow(Frozen):
    """A workload: what makes tasks."""

    workload_id: str
    kind: str
    running: int
    pending: int
    replicas: int | None
    cpu_requested: float = Field(description="cores, of all its tasks that run")
    memory_requested: float = Field(description="GiB, likewise")


class ClusterState(Frozen):
    """The open cluster in sum."""

    snapshot_id: str
    system: str
    taken_at: str = Field(description="UTC")
    nodes: int
    usable_nodes: int = Field(description="ready and not cordoned")
    cordoned: tuple[str, ...]
    not_ready: tuple[str, ...]
    maintenance: tuple[str, ...] = Field(description="node: from, to, reason; UTC")
    running: int
    pending: int
    resources: tuple[ResourceRow, ...]
    price_per_hour: float | None = Field(description="dollars, all nodes; null: not known")
    unpriced_nodes: int
    zones: tuple[str, ...]
    workloads: int
    notes: tuple[NoteRow, ...]


def cluster_overview(desk: Desk, arguments: NoArguments) -> ClusterState:
    """The open cluster in sum: nodes, tasks, how full it is, what it costs an hour, what is wrong or not known."""
    del arguments
    cluster = desk.cluster
    state = overview(cluster)
    notes = cluster.notes[:MAX_ROWS]
    return ClusterState(
        snapshot_id=cluster.snapshot_id,
        system=cluster.system,
        taken_at=f"{cluster.taken_at:%Y-%m-%d %H:%M}",
        nodes=state.nodes,
        usable_nodes=state.usable,
        cordoned=tuple(n.node_id for n in cluster.nodes if n.is_cordoned)[:MAX_ROWS],
        not_ready=tuple(n.node_id for n in cluster.nodes if not n.is_ready)[:MAX_ROWS],
        maintenance=tuple(
            f"{n.node_id}: {start:%Y-%m-%d %H:%M} to {end:%H:%M}, {why}"
            for n in cluster.nodes
            for start, end, why in n.maintenance
        )[:MAX_ROWS],
        running=state.tasks.get("running", 0),
        pending=state.tasks.get("pending", 0),
        resources=_rows(state.resources),
        price_per_hour=state.price_per_hour,
        unpriced_nodes=state.unpriced,
        zones=tuple(dict.fromkeys(n.zone for n in cluster.nodes if n.zone)),
        workloads=len(cluster.workloads),
        notes=tuple(NoteRow(kind=n.kind, message=n.message, count=n.count, subjects=n.subjects) for n in notes),
    )


def _rows(resources: dict[str, Filled]) -> tuple[ResourceRow, ...]:
    return tuple(
        ResourceRow(
            resource=name,
            allocatable=filled.allocatable,
            requested=filled.requested,
            free=filled.free,
            requested_share=filled.requested_share,
            used=filled.used,
        )
        for name, filled in resources.items()
    )


class NodesArguments(Frozen):
    """Which nodes to list, in which order."""

    contains: str = Field(default="", max_length=200, description="part of the node's name, zone or type; empty: all")
    order: NodeOrder = Field(
        default="fullest", description="by the largest requested share, the most free of a resource, price, or name"
    )
    limit: int = Field(default=10, ge=1, le=MAX_ROWS, description="most nodes listed")


class NodeRow(Frozen):
    """A node and how full it is."""

    node_id: str
    zone: str | None
    instance_type: str | None
    is_usable: bool = Field(description="ready and not cordoned")
    tasks: int
    fullest_share: float = Field(description="largest requested share of cores, memory and devices")
    resources: tuple[ResourceRow, ...]
    price_per_hour: float | None = Field(description="dollars; null: not known")


class NodeTable(Frozen):
    """Nodes of the open cluster."""

    count: int = Field(description="how many match")
    nodes: tuple[NodeRow, ...]


def find_nodes(desk: Desk, arguments: NodesArguments) -> NodeTable:
    """Nodes of the open cluster by name, zone or type: the fullest, emptiest, dearest, or with the most free first."""
    text = arguments.contains.casefold()
    states = [
        s
        for s in node_states(desk.cluster)
        if text in " ".join((s.node.node_id, s.node.zone or "", s.node.instance_type or "")).casefold()
    ]
    keys = {
        "fullest": lambda s: -s.fullest,
        "emptiest": lambda s: s.fullest,
        "free_cores": lambda s: _least_free(s, "cpu"),
        "free_memory": lambda s: _least_free(s, "memory"),
        "dearest": lambda s: -(s.node.price_per_hour or 0.0),
        "name": lambda s: s.node.node_id,
    }
    states.sort(key=keys[arguments.order])
    return NodeTable(count=len(states), nodes=tuple(_node_row(s) for s in states[: arguments.limit]))


def _least_free(state: NodeState, resource: str) -> tuple[bool, float]:
    """Return the key that puts the usable node with the most of a resource free first."""
    filled = state.resources.get(resource)
    return not _is_usable(state), -(filled.free if filled else 0.0)


def _is_usable(state: NodeState) -> bool:
    return state.node.is_ready and not state.node.is_cordoned


def _node_row(state: NodeState) -> NodeRow:
    return NodeRow(
        node_id=state.node.node_id,
        zone=state.node.zone,
        instance_type=state.node.instance_type,
        is_usable=_is_usable(state),
        tasks=state.tasks,
        fullest_share=state.fullest,
        resources=_rows({r: f for r, f in state.resources.items() if f.allocatable or f.requested}),
        price_per_hour=state.node.price_per_hour,
    )


class NodeArguments(Frozen):
    """A node of the open cluster."""

    node_id: str = Field(description="name of the node")


class TaskRow(Frozen):
    """A task of the open cluster."""

    task_id: str
    state: str
    node_id: str | None
    workload_id: str | None
    requests: dict[str, float] = Field(description="cores, GiB, counts")
    used: dict[str, float] = Field(description="measured; empty: not measured")
    priority: int


class NodeDetails(Frozen):
    """A node with what runs on it."""

    node: NodeRow
    conditions: tuple[str, ...] = Field(description="troubles and marks: cordoned, not ready, taints, maintenance")
    tasks: tuple[TaskRow, ...] = Field(description="the largest first")
    more_tasks: int = Field(description="tasks not listed")


def node_details(desk: Desk, arguments: NodeArguments) -> NodeDetails:
    """One node: how full it is, its marks and troubles, and the tasks on it."""
    cluster = desk.cluster
    node_id = desk.known_node(arguments.node_id)
    node = cluster.nodes_by_id[node_id]
    tasks = sorted(cluster.tasks_by_node[node_id], key=lambda t: -t.requests.get("cpu", 0.0))
    marks = [
        *(["cordoned"] if node.is_cordoned else []),
        *([] if node.is_ready else ["not ready"]),
        *(f"taint {t.key}={t.value}:{t.effect}" if t.value else f"taint {t.key}:{t.effect}" for t in node.taints),
        *(f"maintenance {start:%Y-%m-%d %H:%M} to {end:%H:%M} UTC: {why}" for start, end, why in node.maintenance),
        *node.conditions,
    ]
    return NodeDetails(
        node=_node_row(node_state(cluster, node_id)),
        conditions=tuple(marks),
        tasks=tuple(_task_row(t) for t in tasks[:MAX_ROWS]),
        more_tasks=max(0, len(tasks) - MAX_ROWS),
    )


def _task_row(task: Task) -> TaskRow:
    return TaskRow(
        task_id=task.task_id,
        state=task.state,
        node_id=task.node_id,
        workload_id=task.workload_id,
        requests=task.requests,
        used=task.used,
        priority=task.priority,
    )


class TasksArguments(Frozen):
    """Which tasks to list."""

    contains: str = Field(default="", max_length=200, description="part of the task's or workload's id; empty: all")
    state: Literal["any", "running", "pending", "finished", "failed"] = Field(default="any", description="their state")
    limit: int = Field(default=20, ge=1, le=MAX_ROWS, description="most tasks listed")


class TaskTable(Frozen):
    """Tasks of the open cluster."""

    count: int = Field(description="how many match")
    tasks: tuple[TaskRow, ...]


def find_tasks(desk: Desk, arguments: TasksArguments) -> TaskTable:
    """Tasks of the open cluster by id, workload and state, the largest first."""
    text = arguments.contains.casefold()
    tasks = [
        t
        for t in desk.cluster.tasks
        if arguments.state in ("any", t.state) and text in f"{t.task_id} {t.workload_id or ''}".casefold()
    ]
    tasks.sort(key=lambda t: -t.requests.get("cpu", 0.0))
    return TaskTable(count=len(tasks), tasks=tuple(_task_row(t) for t in tasks[: arguments.limit]))


class TaskArguments(Frozen):
    """A task of the open cluster."""

    task_id: str = Field(description="NAMESPACE/NAME of a pod, or the id of a job")


class TaskDetails(Frozen):
    """A task with what its system and its workload say of it."""

    task: TaskRow
    limits: dict[str, float] = Field(description="cores, GiB, counts")
    containers: tuple[str, ...]
    constraints: tuple[str, ...] = Field(description="what its node must be like")
    restarts: int
    out_of_memory_kills: int
    system_reason: str = Field(description="its system's words on why it waits; empty: none")
    waits_for: tuple[str, ...] = Field(description="tasks that must finish before it")


def task_details(desk: Desk, arguments: TaskArguments) -> TaskDetails:
    """One task: its requests, limits and use, what its node must be like, restarts and kills for memory."""
    task = known_task(desk.cluster, arguments.task_id)
    constraints = [
        *(f"label {k}={v}" for k, v in task.node_selector.items()),
        *(["node affinity"] if task.node_affinity else []),
        *(f"{'apart from' if a.is_anti else 'with'} tasks per {a.topology_key}" for a in task.affinities),
        *(f"spread over {s.topology_key}, at most {s.max_skew} apart" for s in task.spreads),
        *([f"device model {' or '.join(task.accelerator_models)}"] if task.accelerator_models else []),
    ]
    return TaskDetails(
        task=_task_row(task),
        limits=task.limits,
        containers=tuple(c.name for c in task.containers),
        constraints=tuple(constraints),
        restarts=task.restarts,
        out_of_memory_kills=task.out_of_memory_kills,
        system_reason=task.pending_reason,
        waits_for=task.dependencies,
    )


class NodeReasons(Frozen):
    """Why a node does not fit a task."""

    node_id: str
    reasons: tuple[str, ...] = Field(description="empty: it fits")


class RemedyRow(Frozen):
    """Changes that would let a node take a task."""

    node_id: str
    changes: tuple[str, ...] = Field(description="empty: it fits now")
    command: str | None = Field(description="what plans it, as make_plan does with goal remedy; null: no plan can")
    likewise: tuple[str, ...] = Field(default=(), description="other nodes for which the same changes do the same")


class WaitingExplained(Frozen):
    """Why a task waits."""

    task_id: str
    waited_minutes: float | None = Field(description="when the snapshot was taken; null: not known")
    system_reason: str = Field(description="its system's words; empty: none")
    summary: str = Field(description="how many nodes fit, and what the others lack")
    never: str = Field(description="why no node could take it even if everything were free; empty: one could")
    fits_now: tuple[str, ...] = Field(description="nodes that fit now")
    remedies: tuple[RemedyRow, ...] = Field(description="smallest changes that would place it, the easiest first")
    nodes: tuple[NodeReasons, ...] = Field(description="nodes that do not fit, with their reasons; last, as it is long")


def why_task_waits(desk: Desk, arguments: TaskArguments) -> WaitingExplained:
    """Why a task waits: what each node lacks for it, and the smallest changes that would place it."""
    why = why_waiting(desk.cluster, arguments.task_id, room=desk.room())
    listed = [NodeReasons(node_id=n, reasons=_texts(reasons)) for n, reasons in why.nodes if reasons]
    return WaitingExplained(
        task_id=why.task_id,
        waited_minutes=None if why.seconds is None else why.seconds / 60,
        system_reason=why.system_reason,
        summary=why.summary,
        never=why.never,
        fits_now=why.fits_now[:MAX_ROWS],
        remedies=tuple(_remedy_row(r, why.task_id) for r in why.remedies),
        nodes=tuple(listed[:MAX_REASONS]),
    )


def _texts(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    return tuple(r.text for r in reasons)


def _remedy_row(remedy: Remedy, task_id: str) -> RemedyRow:
    changes = tuple(s.text for s in remedy.steps)
    return RemedyRow(
        node_id=remedy.node_id, changes=changes, command=remedy.command(task_id), likewise=remedy.likewise[:MAX_REASONS]
    )


class WhyNotArguments(Frozen):
    """A task and a node that it is not on."""

    task_id: str = Field(description="NAMESPACE/NAME of a pod, or the id of a job")
    node_id: str = Field(description="name of the node")
    policy_id: str = Field(default="", description="policy whose preference is asked too; empty: constraints only")


class Preference(Frozen):
    """What a policy prefers once the node takes the task, and what would change it; simulated."""

    policy_id: str
    changes: tuple[str, ...] = Field(description="with these made, the node takes the task; empty: it fits now")
    chooses: str | None = Field(description="node that the policy chooses then; null: none")
    because_of: tuple[str, ...] = Field(description="features that decide against the node; empty: chosen, or a draw")
    is_draw: bool = Field(description="both nodes are as good to the policy")
    would_change_it: tuple[str, ...] = Field(description="smallest set of amounts; empty: none found or none needed")
    or_closing: tuple[str, ...] = Field(description="nodes without which the policy chooses this one")
    text: str


class WhyNotFound(Frozen):
    """Why a task is not on a node."""

    task_id: str
    node_id: str
    runs_on: str | None = Field(description="where it is now; null: it waits")
    reasons: tuple[str, ...] = Field(description="what speaks against the node; empty: it fits")
    changes: tuple[str, ...] = Field(description="smallest set of changes that would let the node take it")
    free: tuple[str, ...] = Field(description="free room of the node")
    preference: Preference | None = Field(default=None, description="null: no policy was asked")


def why_not_on_node(desk: Desk, arguments: WhyNotArguments) -> WhyNotFound:
    """Why a task is not on a certain node, and the smallest set of changes that would put it there."""
    cluster, room = desk.cluster, desk.room()
    node_id = desk.known_node(arguments.node_id)
    task = known_task(cluster, arguments.task_id)
    remedy = why_not(cluster, task.task_id, node_id, room=room)
    return WhyNotFound(
        task_id=task.task_id,
        node_id=node_id,
        runs_on=task.node_id,
        reasons=_texts(room.reasons(task, node_id)),
        changes=tuple(s.text for s in remedy.steps),
        free=tuple(amount_text(r, max(0.0, a)) for r, a in room.free(node_id).items() if r != "pods"),
        preference=_preference(desk, task.task_id, node_id, arguments.policy_id) if arguments.policy_id else None,
    )


def _preference(desk: Desk, task_id: str, node_id: str, policy_id: str) -> Preference:
    from aurora.cluster.explanation.why_not import sentence, why_not_chosen  # noqa: PLC0415  # slow to import

    found = why_not_chosen(desk.cluster, task_id, node_id, desk.policy(policy_id))
    return Preference(
        policy_id=policy_id,
        changes=tuple(s.text for s in found.steps),
        chooses=found.chosen,
        because_of=found.because_of,
        is_draw=found.is_draw,
        would_change_it=found.amount_texts,
        or_closing=found.cordons,
        text=sentence(found),
    )


class WorkloadsArguments(Frozen):
    """Which workloads to list."""

    contains: str = Field(default="", max_length=200, description="part of the id; empty: all")


class WorkloadTable(Frozen):
    """Workloads of the open cluster."""

    count: int = Field(description="how many match")
    workloads: tuple[WorkloadRow, ...]


def find_workloads(desk: Desk, arguments: WorkloadsArguments) -> WorkloadTable:
    """Workloads of the open cluster: their tasks, replicas and requests, the largest first."""
    cluster = desk.cluster
    running: dict[str, list[Task]] = {}
    pending: dict[str, int] = {}
    for task in cluster.tasks:
        if task.workload_id is None:
            continue
        if task.state == "running":
            running.setdefault(task.workload_id, []).append(task)
        elif task.state == "pending":
            pending[task.workload_id] = pending.get(task.workload_id, 0) + 1
    rows = [
        WorkloadRow(
            workload_id=w.workload_id,
            kind=w.kind,
            running=len(running.get(w.workload_id, ())),
            pending=pending.get(w.workload_id, 0),
            replicas=w.replicas,
            cpu_requested=sum(t.requests.get("cpu", 0.0) for t in running.get(w.workload_id, ())),
            memory_requested=sum(t.requests.get("memory", 0.0) for t in running.get(w.workload_id, ())),
        )
        for w in cluster.workloads
        if arguments.contains.casefold() in w.workload_id.casefold()
    ]
    rows.sort(key=lambda r: -r.cpu_requested)
    return WorkloadTable(count=len(rows), workloads=tuple(rows[:MAX_ROWS]))
