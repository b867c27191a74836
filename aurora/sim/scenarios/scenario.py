"""Scenarios: tasks that ask for resources, nodes and links that have them, and events.

Units are SI-like everywhere: seconds, cores, GiB, Gbit/s, watts, joules, dollars per hour. The two
`_ms` fields of the wire format are converted where a scenario is encoded for the kernel, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from aurora.errors import ScenarioError
from aurora.sim.objectives import GENERAL, OBJECTIVES, OPTIONAL_FIELDS, ObjectiveName, ObjectiveTargets
from aurora.types import Frozen, Identifier, NonNegative, Positive
from aurora.validation import explain_validation

Domain = Literal["cloud", "edge", "network", "hybrid"]
WorkloadPattern = Literal["bursty", "periodic", "sporadic"]

MOST_CONGESTED = 1e6
"""Largest factor of a congestion."""


SMALLEST_DEMAND = 1e-8
"""Smallest demand for cores or memory that is not 0; the kernel takes 1e-9 for a rounding error."""

Moment = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Seconds from the start of a scenario, of something that comes out of a simulation."""


def _is_felt(value: float) -> float:
    if 0 < value < SMALLEST_DEMAND:
        raise ValueError(f"{value} is too small; give 0 or at least {SMALLEST_DEMAND}")
    return value


Demand = Annotated[NonNegative, AfterValidator(_is_felt)]


def _is_none(value: str | None) -> bool:
    return value is None


def _is_empty(ids: tuple[str, ...]) -> bool:
    return not ids


class Task(Frozen):
    """One unit of work: a job, a pod, a virtual machine, a network flow or slice."""

    task_id: Identifier = Field(description="name of the task, its own within the scenario")
    arrival_time: NonNegative = Field(description="seconds from the start of the scenario until the task arrives")
    cpu_required: Demand = Field(default=0.0, description="cores that it holds; processors for a parallel job")
    memory_required: Demand = Field(default=0.0, description="GiB of memory that it holds")
    duration: NonNegative = Field(
        description="seconds that it runs on a node of speed 1; a task whose node fails starts again"
    )
    requested_duration: NonNegative | None = Field(
        default=None,
        description="seconds that its user asked for, which is all that policies see; null: the duration",
    )
    user: Identifier | None = Field(
        default=None,
        exclude_if=_is_none,
        description="who submitted it; run times of a user's finished tasks predict that of the next; null: unknown",
    )
    priority: int = Field(default=3, ge=1, le=5, description="urgency from 1 to 5; 5 is most urgent")
    sla_latency_ms: NonNegative | None = Field(
        default=None,
        description="longest acceptable latency in milliseconds, waiting and network together; null: no limit",
    )
    dependencies: tuple[Identifier, ...] = Field(
        default=(), description="ids of the tasks that must finish before this one may start"
    )
    accelerators: int = Field(default=0, ge=0, le=64, description="devices (GPUs) that it needs on one node")
    accelerator_share: float = Field(
        default=1.0, gt=0, le=1, description="share of a device that it needs; below 1 only with one device"
    )
    accelerator_models: tuple[Identifier, ...] = Field(
        default=(), description="device models that it may use; empty: any"
    )
    allowed_nodes: tuple[Identifier, ...] = Field(
        default=(), exclude_if=_is_empty, description="ids of the nodes that it may use; empty: any"
    )
    bandwidth: NonNegative = Field(default=0.0, description="Gbit/s that it holds on every link of its path")
    data_size: NonNegative = Field(default=0.0, description="GiB that are moved over the path before it can answer")
    source_site: Identifier | None = Field(
        default=None, description="site of its user or its data, where the path begins; null: no network"
    )
    destination_site: Identifier | None = Field(
        default=None, description="site where the path of a flow ends; a task with one is a flow and needs no node"
    )
    patience: NonNegative | None = Field(
        default=None,
        description="seconds that it waits before it leaves unserved; 0: dropped if it fits nowhere on arrival; "
        "null: it waits for ever",
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
        if self.destination_site is not None and self.allowed_nodes:
            raise ValueError(
                f"task {self.task_id}: allowed_nodes must be empty, because a task with a destination_site is a flow "
                "and uses no node"
            )
        return self


class Node(Frozen):
    """A place where tasks run: a server, an edge box, a partition of processors."""

    node_id: Identifier = Field(description="name of the node, its own within the scenario")
    cpu: NonNegative = Field(description="cores of the node")
    memory: NonNegative = Field(default=0.0, description="GiB of memory of the node")
    accelerators: int = Field(default=0, ge=0, le=64, description="devices (GPUs) of the node")
    accelerator_model: Identifier | None = Field(default=None, description="model of its devices, such as A100")
    speed: Positive = Field(default=1.0, description="speed factor: a task runs for duration / speed seconds")
    price_per_hour: NonNegative = Field(
        default=0.0, description="dollars an hour for the whole node; a task pays for its largest share of a resource"
    )
    idle_power: NonNegative = Field(default=0.0, description="watts while it hosts a task that uses no core")
    full_power: NonNegative = Field(default=0.0, description="watts while all cores are used")
    carbon_intensity: NonNegative | None = Field(
        default=None, description="grams of CO2 for each kWh that the node draws; null: not stated, none is counted"
    )
    site: Identifier | None = Field(
        default=None, description="site of the node in the network; null: reached from everywhere at once"
    )
    battery: Positive | None = Field(
        default=None, description="joules; the node goes down for good when they are used; null: on mains"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.full_power < self.idle_power:
            raise ValueError(f"node {self.node_id}: full_power must be at least idle_power")
        return self


class Link(Frozen):
    """A bidirectional link between two sites; its bandwidth is shared by both directions."""

    link_id: Identifier = Field(description="name of the link, its own within the scenario")
    source: Identifier = Field(description="site at one end")
    target: Identifier = Field(description="site at the other end")
    bandwidth: Positive = Field(description="Gbit/s, shared by both directions")
    latency_ms: NonNegative = Field(default=0.0, description="milliseconds that a signal takes one way")
    price_per_gbps_hour: NonNegative = Field(default=0.0, description="dollars for each Gbit/s held for an hour")


class NodeFailure(Frozen):
    """A node goes down; its tasks are requeued and start again from the beginning."""

    node_id: Identifier = Field(description="the node that fails")
    start: NonNegative = Field(description="seconds from the start of the scenario until it fails")
    duration: Positive | None = Field(default=None, description="seconds until it recovers; null: never")


class Congestion(Frozen):
    """For a while a link (or every link) is slower: latency and transfer time times `factor`."""

    link_id: Identifier | None = Field(default=None, description="the link that is slower; null: every link")
    start: NonNegative = Field(description="seconds from the start of the scenario until it begins")
    duration: Positive = Field(description="seconds that it lasts")
    factor: float = Field(ge=1, le=MOST_CONGESTED, description="times the latency and the transfer time")


class PriceChange(Frozen):
    """From `time` on, prices are `factor` times the node's own (the latest change holds)."""

    time: NonNegative = Field(description="seconds from the start of the scenario until prices change")
    factor: NonNegative = Field(description="times the node's own price; the latest change holds")
    node_id: Identifier | None = Field(default=None, description="the node whose price changes; null: every node")


class CarbonChange(Frozen):
    """From `time` on, carbon intensities are `factor` times the node's own (the latest change holds)."""

    time: NonNegative = Field(description="seconds from the start of the scenario until intensities change")
    factor: NonNegative = Field(description="times the node's own carbon intensity; the latest change holds")
    node_id: Identifier | None = Field(
        default=None, description="the node whose carbon intensity changes; null: every node"
    )


class Conditions(Frozen):
    """Events outside the workload: failures, congestion, and changes of price and carbon intensity."""

    node_failures: tuple[NodeFailure, ...] = Field(default=(), description="failures of nodes")
    network_congestion: tuple[Congestion, ...] = Field(default=(), description="times at which links are slower")
    dynamic_pricing: tuple[PriceChange, ...] = Field(default=(), description="changes of price")
    dynamic_carbon: tuple[CarbonChange, ...] = Field(default=(), description="changes of carbon intensity")


class Workload(Frozen):
    """The tasks and how they arrive."""

    tasks: tuple[Task, ...] = Field(min_length=1, description="the tasks, in any order; at least one")
    workload_pattern: WorkloadPattern = Field(
        default="sporadic", description="pattern of arrivals, for people; only arrival times count"
    )
    time_horizon: Positive = Field(description="seconds within which the tasks arrive")
    simultaneous_events: Literal["together", "one_by_one"] = Field(
        default="together",
        description="together: all events of an instant are applied, then tasks are placed; one_by_one: tasks are "
        "placed after each event (arrivals first), as published job-scheduling simulators do",
    )
    max_attempts: int = Field(
        default=4, ge=1, le=1000, description="number of starts after which a task's failure is final"
    )


class TypicalTask(Frozen):
    """A class of the usual task mix, for fragmentation features (Weng et al., ATC 2023, section 3)."""

    cpu_required: Demand = Field(description="cores that a task of the class holds")
    accelerators: int = Field(ge=0, le=64, description="devices that it needs")
    accelerator_share: float = Field(default=1.0, gt=0, le=1, description="share of a device that it needs")
    accelerator_models: tuple[Identifier, ...] = Field(
        default=(), description="device models that it may use; empty: any"
    )
    frequency: float = Field(gt=0, le=1, description="share of all tasks that are of the class")


class Scenario(Frozen):
    """A complete, self-contained allocation problem."""

    scenario_id: Identifier = Field(description="name of the scenario")
    domain: Domain = Field(description="kind of system, for people and for sorting")
    description: str = Field(default="", max_length=4000, description="description for people")
    nodes: tuple[Node, ...] = Field(
        default=(), description="places where tasks run; may be empty if all tasks are flows"
    )
    links: tuple[Link, ...] = Field(default=(), description="the network between sites; empty: none")
    workload_definition: Workload = Field(description="the tasks and how they arrive")
    environmental_conditions: Conditions = Field(
        default=Conditions(), description="failures, congestion and changes of price and carbon intensity"
    )
    objectives: tuple[ObjectiveName, ...] = Field(default=GENERAL, description="objectives that count for the reward")
    objective_weights: dict[ObjectiveName, NonNegative] = Field(
        default_factory=dict, description="relative weights of the objectives; empty: equal"
    )
    objective_targets: ObjectiveTargets = Field(
        default=ObjectiveTargets(), description="values at which the objectives score one half"
    )
    paths_per_pair: int = Field(
        default=3, ge=1, le=16, description="number of shortest paths between two sites that a flow may take"
    )
    typical_tasks: tuple[TypicalTask, ...] = Field(
        default=(), description="classes of the usual task mix; empty: computed from this scenario's tasks"
    )
    adversarial_rationale: str = Field(
        default="", max_length=4000, description="why it should be hard, by who wrote it"
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of the random features of policies")

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The workload's tasks."""
        return self.workload_definition.tasks

    @property
    def stated(self) -> frozenset[str]:
        """Optional fields, of those that objectives need, that at least one node states."""
        return frozenset(f for f in OPTIONAL_FIELDS if any(getattr(n, f) is not None for n in self.nodes))

    @property
    def counted(self) -> tuple[ObjectiveName, ...]:
        """Objectives that have an amount here, whether or not they count for the reward."""
        stated = self.stated
        return tuple(o.name for o in OBJECTIVES if not o.needs or o.needs in stated)

    def weights(self) -> dict[ObjectiveName, float]:
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
            raise ValueError(f"objectives: name at least one of {', '.join(o.name for o in OBJECTIVES)}")
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
            if not node_ids.issuperset(task.allowed_nodes):
                unknown = next(n for n in task.allowed_nodes if n not in node_ids)
                raise ValueError(f"task {task.task_id}: allowed_nodes: unknown node {unknown!r}")
        for failure in self.environmental_conditions.node_failures:
            if failure.node_id not in node_ids:
                raise ValueError(f"node_failures: unknown node {failure.node_id!r}")
        for congestion in self.environmental_conditions.network_congestion:
            if congestion.link_id is not None and congestion.link_id not in link_ids:
                raise ValueError(f"network_congestion: unknown link {congestion.link_id!r}")
        for price in self.environmental_conditions.dynamic_pricing:
            if price.node_id is not None and price.node_id not in node_ids:
                raise ValueError(f"dynamic_pricing: unknown node {price.node_id!r}")
        for carbon in self.environmental_conditions.dynamic_carbon:
            if carbon.node_id is not None and carbon.node_id not in node_ids:
                raise ValueError(f"dynamic_carbon: unknown node {carbon.node_id!r}")
        _check_dependencies(self.tasks)
        return self


def _unique(field: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ValueError(f"{field}: {name!r} is used twice")
        seen.add(name)


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


def path_name(scenario: Scenario, path: Sequence[int]) -> str:
    """Return the name of a path: the sites along it, such as `Oslo - Hamar - Bergen`.

    Args:
        scenario: Scenario that has the links.
        path: Indices of the links, in order.
    """
    links = [scenario.links[l] for l in path]
    if not links:
        return "the direct path"
    site = links[0].source
    if len(links) > 1 and site in (links[1].source, links[1].target):
        site = links[0].target
    sites = [site]
    for link in links:
        site = link.target if site == link.source else link.source
        sites.append(site)
    return " - ".join(sites)


def parse_scenario(data: object, *, where: str = "scenario") -> Scenario:
    """Validate `data` (parsed JSON) as a scenario.

    Raises:
        ScenarioError: Names the first fields at fault and what each should be.
    """
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(f"{where}: {explain_validation(error)}") from None
