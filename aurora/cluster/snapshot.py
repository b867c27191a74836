"""A snapshot: what was known of a real system at one time, and where each fact came from.

A reader (Kubernetes, Slurm, CSV) makes one; everything else (the desk, plans, the scheduler) starts from it.
Times are in UTC. What a reader changed, assumed or could not represent is a `Note`; nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from aurora.cluster.resources import AmountsField
from aurora.errors import DataError
from aurora.sim.scenarios.scenario import Link
from aurora.types import Frozen, NonNegative
from aurora.validation import explain_validation

Name = Annotated[str, Field(min_length=1, max_length=512)]
System = Literal["kubernetes", "slurm", "csv", "aurora"]
State = Literal["pending", "running", "finished", "failed"]


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Time = Annotated[datetime, AfterValidator(_in_utc)]


class Source(Frozen):
    """Where facts of a snapshot came from."""

    source_id: Name = Field(description="short name within the snapshot, such as S1")
    kind: Literal["kubernetes", "slurm", "csv", "prometheus", "prices", "aurora", "person"] = Field(
        description="kind of the source"
    )
    origin: str = Field(description="file, context, URL or command that it was read from")
    read_at: Time = Field(description="when it was read, or written where the file says so")
    facts: tuple[str, ...] = Field(default=(), description="kinds of facts that it gave, such as nodes or prices")


class Note(Frozen):
    """What a reader repaired, assumed, or could not represent."""

    kind: Literal["repaired", "assumed", "not represented"] = Field(description="kind of the note")
    code: Name = Field(description="kebab-case name of the matter, the same for every case of it")
    message: str = Field(description="what it is and what follows from it")
    subjects: tuple[str, ...] = Field(default=(), description="nodes, tasks or workloads concerned, the first few")
    count: int = Field(default=1, ge=1, description="number of cases")


class Requirement(Frozen):
    """Condition on labels, as in Kubernetes' selectors."""

    key: Name = Field(description="label")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = Field(description="comparison")
    values: tuple[str, ...] = Field(default=(), description="values compared with; one number for Gt and Lt")


Term = tuple[Requirement, ...]
"""Requirements that must all hold."""


class Toleration(Frozen):
    """Taints that a task tolerates."""

    key: str | None = Field(default=None, description="key of the taint; null with Exists: every taint")
    operator: Literal["Exists", "Equal"] = Field(default="Equal", description="comparison with the taint's value")
    value: str = Field(default="", description="value for Equal")
    effect: str | None = Field(default=None, description="effect tolerated; null: all")


class Taint(Frozen):
    """A mark on a node that keeps tasks away which do not tolerate it."""

    key: Name = Field(description="key of the taint")
    value: str = Field(default="", description="value of the taint")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(description="what it keeps away")


class Affinity(Frozen):
    """Tasks that must, should or must not run in the same topology domain."""

    topology_key: Name = Field(description="label whose value is the domain, such as kubernetes.io/hostname")
    selector: Term = Field(default=(), description="labels of the other tasks; empty: every task")
    namespaces: tuple[str, ...] = Field(default=(), description="namespaces of the other tasks; empty: its own")
    is_anti: bool = Field(default=False, description="true: apart from them; false: together with them")
    is_required: bool = Field(default=True, description="false: a preference")
    weight: int = Field(default=1, ge=0, le=100, description="weight of a preference")


class Spread(Frozen):
    """Largest difference in the number of like tasks between topology domains."""

    topology_key: Name = Field(description="label whose value is the domain")
    max_skew: int = Field(ge=1, description="largest difference between a domain and the emptiest one")
    selector: Term = Field(default=(), description="labels of the tasks that are counted")
    is_required: bool = Field(default=True, description="false: a preference")
    min_domains: int = Field(default=1, ge=1, description="domains that must exist, or the emptiest counts as 0")


class Container(Frozen):
    """A container of a task."""

    name: Name = Field(description="name within the task")
    kind: Literal["main", "init", "sidecar"] = Field(default="main", description="init: runs before; sidecar: beside")
    requests: AmountsField
    limits: AmountsField


class Node(Frozen):
    """A machine, or a part of one that takes tasks by itself."""

    node_id: Name = Field(description="name of the node")
    capacity: AmountsField
    allocatable: AmountsField
    labels: dict[str, str] = Field(default_factory=dict, description="labels; partitions and features are labels too")
    taints: tuple[Taint, ...] = Field(default=(), description="marks that keep tasks away")
    is_ready: bool = Field(default=True, description="whether it is up and reports to its system")
    is_cordoned: bool = Field(default=False, description="whether new tasks are kept away by hand")
    conditions: tuple[str, ...] = Field(default=(), description="troubles that it reports, such as MemoryPressure")
    accelerator_model: str | None = Field(default=None, description="model of its devices")
    instance_type: str | None = Field(default=None, description="machine type, by which prices are looked up")
    zone: str | None = Field(default=None, description="site or zone")
    price_per_hour: NonNegative | None = Field(default=None, description="dollars an hour; null: not known")
    idle_power: NonNegative | None = Field(default=None, description="watts while idle; null: not known")
    full_power: NonNegative | None = Field(default=None, description="watts with all cores used; null: not known")
    maintenance: tuple[tuple[Time, Time, str], ...] = Field(
        default=(), description="start, end and reason of times at which it is not to be used"
    )
    used: AmountsField = Field(description="measured use of the whole node; empty: not measured")


class Task(Frozen):
    """A unit of work: a pod, or the part of a job on one node."""

    task_id: Name = Field(description="NAMESPACE/NAME of a pod, or the job's id; its own within the snapshot")
    workload_id: str | None = Field(default=None, description="workload that it belongs to; null: stands alone")
    state: State = Field(description="pending, running, finished or failed")
    node_id: str | None = Field(default=None, description="node that it runs or ran on; null: none yet")
    kind: Literal["pod", "daemon", "static", "job"] = Field(
        default="pod", description="daemon: one on every node; static: bound to its node; job: ends by itself"
    )
    requests: AmountsField
    limits: AmountsField
    used: AmountsField = Field(description="measured use; empty: not measured")
    containers: tuple[Container, ...] = Field(default=(), description="its containers; empty: not known")
    priority: int = Field(default=0, description="priority in its system's own scale; higher goes first")
    priority_class: str | None = Field(default=None, description="name of the priority, where it has one")
    labels: dict[str, str] = Field(default_factory=dict, description="labels, by which others select it")
    node_selector: dict[str, str] = Field(default_factory=dict, description="labels that its node must have")
    node_affinity: tuple[Term, ...] = Field(default=(), description="one of these must hold on its node; empty: any")
    preferred_nodes: tuple[tuple[int, Term], ...] = Field(default=(), description="weights and wishes for its node")
    tolerations: tuple[Toleration, ...] = Field(default=(), description="taints that it tolerates")
    affinities: tuple[Affinity, ...] = Field(default=(), description="tasks that it runs with or apart from")
    spreads: tuple[Spread, ...] = Field(default=(), description="how its like are spread")
    accelerator_models: tuple[str, ...] = Field(default=(), description="device models it may use; empty: any")
    created_at: Time | None = Field(default=None, description="when it was submitted")
    started_at: Time | None = Field(default=None, description="when it started")
    ends_at: Time | None = Field(default=None, description="when it ends at the latest; null: not known")
    time_limit: NonNegative | None = Field(default=None, description="seconds that it may run at most; null: no limit")
    data_zone: str | None = Field(default=None, description="zone of its data or its users; null: not known")
    dependencies: tuple[str, ...] = Field(default=(), description="tasks that must finish before it")
    gang: str | None = Field(default=None, description="tasks of the same gang start together; null: alone")
    pending_reason: str = Field(default="", description="its system's own words on why it waits")
    restarts: int = Field(default=0, ge=0, description="restarts of its containers")
    out_of_memory_kills: int = Field(default=0, ge=0, description="containers killed for memory, as far as known")

    @property
    def namespace(self) -> str:
        """Namespace of a pod; empty for a job."""
        return self.task_id.rpartition("/")[0]

    @property
    def holds_resources(self) -> bool:
        """Whether it takes room on its node now."""
        return self.node_id is not None and self.state in ("running", "pending")


class Workload(Frozen):
    """What makes tasks: a deployment, a stateful set, a job, an array of jobs."""

    workload_id: Name = Field(description="NAMESPACE/KIND/NAME")
    kind: Name = Field(description="kind in its own system, such as Deployment")
    replicas: int | None = Field(default=None, ge=0, description="tasks wanted; null: not known")
    containers: tuple[Container, ...] = Field(default=(), description="containers of each of its tasks")
    autoscaler: tuple[int, int] | None = Field(default=None, description="fewest and most replicas of its autoscaler")
    autoscaler_targets: dict[str, float] = Field(
        default_factory=dict,
        description="resource, or RESOURCE/CONTAINER, to the share of its request that the autoscaler keeps",
    )
    min_available: str | None = Field(default=None, description="disruption budget: tasks that stay, '2' or '50%'")
    max_unavailable: str | None = Field(default=None, description="disruption budget: tasks that may be gone")
    managed_by: str | None = Field(default=None, description="tool that owns it: argocd, flux, helm; null: none known")


class Snapshot(Frozen):
    """A system at one time."""

    format: Literal[1] = Field(default=1, description="version of this file format")
    snapshot_id: Name = Field(description="name of the system: context, cluster or file")
    system: System = Field(description="kind of the system")
    taken_at: Time = Field(description="when it was taken")
    sources: tuple[Source, ...] = Field(default=(), description="where its facts came from")
    nodes: tuple[Node, ...] = Field(description="machines")
    tasks: tuple[Task, ...] = Field(default=(), description="running, pending and ended tasks")
    workloads: tuple[Workload, ...] = Field(default=(), description="what makes the tasks")
    links: tuple[Link, ...] = Field(default=(), description="network between zones; empty: not known")
    notes: tuple[Note, ...] = Field(default=(), description="repairs, assumptions, and what is not represented")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields replaced; what was looked up by id is looked up anew."""
        copy = super().model_copy(update=update, deep=deep)
        for name in _CACHED:
            copy.__dict__.pop(name, None)
        return copy

    @cached_property
    def nodes_by_id(self) -> dict[str, Node]:
        """Nodes by their ids."""
        return {n.node_id: n for n in self.nodes}

    @cached_property
    def tasks_by_id(self) -> dict[str, Task]:
        """Tasks by their ids."""
        return {t.task_id: t for t in self.tasks}

    @cached_property
    def workloads_by_id(self) -> dict[str, Workload]:
        """Workloads by their ids."""
        return {w.workload_id: w for w in self.workloads}

    @cached_property
    def tasks_by_node(self) -> dict[str, tuple[Task, ...]]:
        """Tasks that hold resources, by node; every node has an entry."""
        held: dict[str, list[Task]] = {n.node_id: [] for n in self.nodes}
        for task in self.tasks:
            if task.holds_resources and task.node_id is not None:
                held[task.node_id].append(task)
        return {node: tuple(tasks) for node, tasks in held.items()}

    @model_validator(mode="after")
    def _check(self) -> Self:
        _unique("node_id", (n.node_id for n in self.nodes))
        _unique("task_id", (t.task_id for t in self.tasks))
        _unique("workload_id", (w.workload_id for w in self.workloads))
        known = {n.node_id for n in self.nodes}
        for task in self.tasks:
            if task.holds_resources and task.node_id not in known:
                raise ValueError(f"task {task.task_id} is on {task.node_id!r}, which is no node of the snapshot")
            if task.state == "running" and task.node_id is None:
                raise ValueError(f"task {task.task_id} runs, but has no node_id")
        return self


_CACHED = tuple(name for name, value in vars(Snapshot).items() if isinstance(value, cached_property))


def _unique(field: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ValueError(f"{field} {name!r} occurs twice")
        seen.add(name)


def parse_snapshot(data: object, *, where: str = "snapshot") -> Snapshot:
    """Validate `data` (parsed JSON) as a snapshot.

    Raises:
        DataError: Names the first fields at fault and what each should be.
    """
    try:
        return Snapshot.model_validate(data)
    except ValidationError as error:
        raise DataError(f"{where}: {explain_validation(error)}") from None
