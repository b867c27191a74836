"""What a scenario is: tasks that ask for resources, nodes and links that have them, and events.

Units are SI-like everywhere: seconds, cores, GiB, Gbit/s, watts, joules, dollars per hour. The two
`_ms` fields of the wire format are converted where a scenario is encoded for the kernel, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from aurora.errors import ScenarioError
from aurora.sim.validation import explain_validation

Domain = Literal["cloud", "edge", "network", "hybrid"]
Objective = Literal["latency", "cost", "energy", "qos"]
WorkloadPattern = Literal["bursty", "periodic", "sporadic"]

Identifier = Annotated[str, Field(min_length=1, max_length=128)]
LARGEST = 1e15
"""Largest size, time, price or power."""

SMALLEST = 1e-12
"""Smallest of them that is not 0; quotients of two of them are finite, and sums of products too."""

MOST_CONGESTED = 1e6
"""Largest factor of a congestion."""


def _not_tiny(value: float) -> float:
    if 0 < value < SMALLEST:
        raise ValueError(f"{value} is too small; give at least {SMALLEST}")
    return value


SMALLEST_DEMAND = 1e-8
"""Smallest demand for cores or memory that is not 0; the kernel takes 1e-9 for a rounding error."""

NonNegative = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False), AfterValidator(_not_tiny)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False), AfterValidator(_not_tiny)]

Moment = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Seconds from the start of a scenario, of something that comes out of a simulation."""


def _is_felt(value: float) -> float:
    if 0 < value < SMALLEST_DEMAND:
        raise ValueError(f"{value} is too small; give 0 or at least {SMALLEST_DEMAND}")
    return value


Demand = Annotated[NonNegative, AfterValidator(_is_felt)]


class Frozen(BaseModel):
    """Base of every wire type: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Task(Frozen):
    """One unit of work: a job, a pod, a virtual machine, a network flow or slice."""

    task_id: Identifier
    arrival_time: NonNegative = Field(description="seconds from the start of the scenario")
    cpu_required: Demand = Field(default=0.0, description="cores (processors for a parallel job)")
    memory_required: Demand = Field(default=0.0, description="GiB")
    duration: NonNegative = Field(
        description="seconds of execution on a node of speed 1; a task whose node fails starts again"
    )
    requested_duration: NonNegative | None = Field(
        default=None,
        description="seconds the user asked for: all that policies and backfilling see; default: duration",
    )
    priority: int = Field(default=3, ge=1, le=5, description="5 is most urgent")
    sla_latency_ms: NonNegative | None = Field(
        default=None, description="latest acceptable latency (waiting + network), milliseconds"
    )
    dependencies: tuple[Identifier, ...] = Field(
        default=(), description="ids of tasks that must finish before this one may start"
    )
    accelerators: int = Field(default=0, ge=0, le=64, description="devices needed on one node")
    accelerator_share: float = Field(
        default=1.0, gt=0, le=1, description="share of a device; below 1 only when accelerators is 1"
    )
    accelerator_models: tuple[Identifier, ...] = Field(default=(), description="device models allowed; empty means any")
    bandwidth: NonNegative = Field(default=0.0, description="Gbit/s held on every link of the path")
    data_size: NonNegative = Field(default=0.0, description="GiB moved over the path before the task can answer")
    source_site: Identifier | None = Field(default=None, description="site of the user or the data")
    destination_site: Identifier | None = Field(
        default=None, description="for a flow: the site where its path ends; it then needs no node"
    )
    patience: NonNegative | None = Field(
        default=None,
        description="seconds it waits before it leaves unserved; 0 = dropped if it fits nowhere on arrival",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.accelerator_share < 1 and self.accelerators != 1:
            raise ValueError(
                f"task {self.task_id}: accelerator_share {self.accelerator_share} needs accelerators = 1; "
                "a task on several devices takes whole devices"
            )
        if self.destination_site is not None and self.source_site is None:
            raise ValueError(f"task {self.task_id}: destination_site needs source_site")
        return self


class Node(Frozen):
    """A place where tasks run: a server, an edge box, a partition of processors."""

    node_id: Identifier
    cpu: NonNegative = Field(description="cores")
    memory: NonNegative = Field(default=0.0, description="GiB")
    accelerators: int = Field(default=0, ge=0, le=64, description="devices")
    accelerator_model: Identifier | None = None
    speed: Positive = Field(default=1.0, description="execution takes duration / speed seconds")
    price_per_hour: NonNegative = Field(
        default=0.0, description="dollars per hour for the whole node; a task pays its dominant share"
    )
    idle_power: NonNegative = Field(default=0.0, description="watts while it hosts at least one task")
    full_power: NonNegative = Field(default=0.0, description="watts at full cpu load")
    site: Identifier | None = None
    battery: Positive | None = Field(
        default=None, description="joules; the node goes down for good when they are used; None: mains"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.full_power < self.idle_power:
            raise ValueError(f"node {self.node_id}: full_power must be at least idle_power")
        return self


class Link(Frozen):
    """A bidirectional link between two sites; its bandwidth is shared by both directions."""

    link_id: Identifier
    source: Identifier = Field(description="a site")
    target: Identifier = Field(description="a site")
    bandwidth: Positive = Field(description="Gbit/s")
    latency_ms: NonNegative = Field(default=0.0, description="one-way propagation, milliseconds")
    price_per_gbps_hour: NonNegative = Field(default=0.0, description="dollars per Gbit/s and hour")


class NodeFailure(Frozen):
    """A node goes down; its tasks are requeued and start again from the beginning."""

    node_id: Identifier
    start: NonNegative
    duration: Positive | None = Field(default=None, description="seconds; None: it never recovers")


class Congestion(Frozen):
    """For a while a link (or every link) is slower: latency and transfer time times `factor`."""

    link_id: Identifier | None = Field(default=None, description="None: every link")
    start: NonNegative
    duration: Positive
    factor: float = Field(ge=1, le=MOST_CONGESTED)


class PriceChange(Frozen):
    """From `time` on, prices are `factor` times the node's own (the latest change holds)."""

    time: NonNegative
    factor: NonNegative
    node_id: Identifier | None = Field(default=None, description="None: every node")


class Conditions(Frozen):
    """What happens around the workload."""

    node_failures: tuple[NodeFailure, ...] = ()
    network_congestion: tuple[Congestion, ...] = ()
    dynamic_pricing: tuple[PriceChange, ...] = ()


class Workload(Frozen):
    """The tasks and how they arrive."""

    tasks: tuple[Task, ...] = Field(min_length=1)
    workload_pattern: WorkloadPattern = "sporadic"
    time_horizon: Positive = Field(description="seconds within which tasks arrive")
    simultaneous_events: Literal["together", "one_by_one"] = Field(
        default="together",
        description="whether events of one instant are all applied before tasks are placed, or "
        "tasks are placed after each (arrivals first), as published job-scheduling simulators do",
    )
    max_attempts: int = Field(default=4, ge=1, le=1000, description="times a task may start before a failure is final")


class ObjectiveTargets(Frozen):
    """Values at which an objective scores one half (the proposal's constants by default)."""

    latency: Positive = Field(default=0.1, description="seconds")
    cost: Positive = Field(default=100.0, description="dollars")
    energy: Positive = Field(default=1000.0, description="joules")


class TypicalTask(Frozen):
    """A class of the usual task mix, for fragmentation features (Weng et al., ATC 2023, section 3)."""

    cpu_required: Demand
    accelerators: int = Field(ge=0, le=64)
    accelerator_share: float = Field(default=1.0, gt=0, le=1)
    accelerator_models: tuple[Identifier, ...] = ()
    frequency: float = Field(gt=0, le=1)


class Scenario(Frozen):
    """A complete, self-contained allocation problem."""

    scenario_id: Identifier
    domain: Domain
    description: str = Field(default="", max_length=4000)
    nodes: tuple[Node, ...] = ()
    links: tuple[Link, ...] = ()
    workload_definition: Workload
    environmental_conditions: Conditions = Conditions()
    objectives: tuple[Objective, ...] = ("latency", "cost", "energy", "qos")
    objective_weights: dict[Objective, NonNegative] = Field(
        default_factory=dict, description="relative weights; empty: equal"
    )
    objective_targets: ObjectiveTargets = ObjectiveTargets()
    paths_per_pair: int = Field(default=3, ge=1, le=16, description="k of the k shortest paths between two sites")
    typical_tasks: tuple[TypicalTask, ...] = Field(
        default=(), description="the usual mix; empty: computed from this scenario's tasks"
    )
    adversarial_rationale: str = Field(default="", max_length=4000)
    seed: int = Field(default=0, ge=0, lt=2**31, description="of the random features of policies")

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The workload's tasks."""
        return self.workload_definition.tasks

    def weights(self) -> dict[Objective, float]:
        """Objective weights that sum to 1, over `objectives` only."""
        raw = {o: float(self.objective_weights.get(o, 0.0)) for o in self.objectives}
        if not self.objective_weights:
            raw = dict.fromkeys(self.objectives, 1.0)
        total = sum(raw.values())
        return {o: w / total for o, w in raw.items()}

    def sites(self) -> frozenset[str]:
        """Every site that a node or a link names."""
        named = {n.site for n in self.nodes if n.site is not None}
        return frozenset(named | {l.source for l in self.links} | {l.target for l in self.links})

    @model_validator(mode="after")
    def _check(self) -> Self:
        _unique("task_id", (t.task_id for t in self.tasks))
        _unique("node_id", (n.node_id for n in self.nodes))
        _unique("link_id", (l.link_id for l in self.links))
        if not self.objectives:
            raise ValueError("objectives: name at least one of latency, cost, energy, qos")
        if self.objective_weights and sum(self.objective_weights.get(o, 0.0) for o in self.objectives) <= 0:
            raise ValueError("objective_weights: at least one listed objective needs a positive weight")
        node_ids = {n.node_id for n in self.nodes}
        link_ids = {l.link_id for l in self.links}
        sites = self.sites()
        for task in self.tasks:
            if task.destination_site is None and not self.nodes:
                raise ValueError(f"task {task.task_id} needs a node, but the scenario has none")
            for site in (task.source_site, task.destination_site):
                if site is not None and site not in sites:
                    raise ValueError(f"task {task.task_id}: no node or link names the site {site!r}")
        for failure in self.environmental_conditions.node_failures:
            if failure.node_id not in node_ids:
                raise ValueError(f"node_failures: unknown node {failure.node_id!r}")
        for congestion in self.environmental_conditions.network_congestion:
            if congestion.link_id is not None and congestion.link_id not in link_ids:
                raise ValueError(f"network_congestion: unknown link {congestion.link_id!r}")
        for change in self.environmental_conditions.dynamic_pricing:
            if change.node_id is not None and change.node_id not in node_ids:
                raise ValueError(f"dynamic_pricing: unknown node {change.node_id!r}")
        _check_dependencies(self.tasks)
        return self


def _unique(field: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise ValueError(f"{field}: {each!r} is used twice")
        seen.add(each)


def _check_dependencies(tasks: tuple[Task, ...]) -> None:
    graph = {t.task_id: t.dependencies for t in tasks if t.dependencies}
    if not graph:
        return
    known = {t.task_id for t in tasks}
    for task_id, dependencies in graph.items():
        for dependency in dependencies:
            if dependency not in known:
                raise ValueError(f"task {task_id}: unknown dependency {dependency!r}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise ValueError(f"dependencies form a cycle: {' -> '.join(error.args[1])}") from None


def parse_scenario(data: object, *, where: str = "scenario") -> Scenario:
    """Validate `data` (parsed JSON) as a scenario.

    Raises:
        ScenarioError: Names the first fields at fault and what each should be.
    """
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(f"{where}: {explain_validation(error)}") from None
