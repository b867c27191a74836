"""What an attacker writes: a short description that expands into a scenario of any size.

A spec names groups of tasks, classes of nodes, a topology and what goes wrong, with distributions
instead of single values; `aurora.sim.expansion.expand` draws the rest from its seed. So a model never
has to print 500 tasks. `ScenarioSpec.model_json_schema()` is the schema that a model is asked for.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from aurora.errors import ScenarioError
from aurora.sim.scenario import (
    Domain,
    Frozen,
    Identifier,
    NonNegative,
    Objective,
    ObjectiveTargets,
    Positive,
    WorkloadPattern,
    explain_validation,
)

MAX_TASKS = 20_000
MAX_NODES = 5_000
MAX_SITES = 500
MAX_LINKS = 5_000


class Range(Frozen):
    """Values between two bounds; `low` equal to `high` is a constant."""

    low: Positive
    high: Positive
    shape: Literal["log_uniform", "uniform", "lognormal"] = Field(
        default="log_uniform",
        description="lognormal: median sqrt(low high), low and high two standard deviations away, cut off there",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"high ({self.high}) must be at least low ({self.low})")
        return self


class Choice(Frozen):
    """A few values, drawn with weights."""

    values: tuple[Positive, ...] = Field(min_length=1, max_length=32)
    weights: tuple[NonNegative, ...] = Field(default=(), max_length=32, description="one a value; empty: equal")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.weights and len(self.weights) != len(self.values):
            raise ValueError(f"{len(self.weights)} weights for {len(self.values)} values; give one a value, or none")
        if self.weights and sum(self.weights) <= 0:
            raise ValueError("weights: at least one must be positive")
        return self


Amounts = Range | Choice
"""A distribution of positive amounts."""


class TaskGroup(Frozen):
    """Tasks of one kind."""

    count: int = Field(ge=1, le=MAX_TASKS)
    pattern: WorkloadPattern = Field(
        default="sporadic",
        description="bursty: at a few instants; periodic: at even gaps or in waves; sporadic: at random",
    )
    bursts: int = Field(default=3, ge=1, le=1000, description="instants, for a bursty group")
    burst_width: NonNegative = Field(default=0.0, description="seconds over which a burst is spread; 0: one instant")
    waves: int = Field(
        default=0, ge=0, le=1000, description="for a periodic group: cycles of its arrival rate; 0: even gaps"
    )
    begin: float = Field(default=0.0, ge=0, lt=1, description="share of the horizon at which its arrivals begin")
    end: float = Field(default=1.0, gt=0, le=1, description="share of the horizon at which its arrivals end")
    cpu: Amounts | None = Field(default=None, description="cores; None for flows")
    memory: Amounts | None = Field(default=None, description="GiB")
    duration: Amounts = Field(description="seconds on a node of speed 1")
    overestimate: float = Field(default=1.0, ge=1, le=20, description="requested duration, times up to this")
    priorities: tuple[Annotated[int, Field(ge=1, le=5)], ...] = Field(
        default=(1, 2, 3, 4, 5), min_length=1, max_length=32, description="drawn from these; 5 is most urgent"
    )
    sla_latency_ms: Amounts | None = Field(
        default=None, description="latest latency (waiting + network), milliseconds; None: no SLA"
    )
    patience: Amounts | None = Field(
        default=None, description="seconds after which it leaves unserved; None: it waits for ever"
    )
    accelerators: int = Field(default=0, ge=0, le=16, description="devices each")
    accelerator_share: float = Field(
        default=1.0, gt=0, le=1, description="share of a device; below 1 only when accelerators is 1"
    )
    accelerator_models: tuple[Identifier, ...] = Field(default=(), max_length=16, description="allowed; empty: any")
    bandwidth: Amounts | None = Field(default=None, description="Gbit/s on each link of the path")
    data_size: Amounts | None = Field(default=None, description="GiB moved first")
    has_source: bool = Field(default=False, description="whether each has a user's or data's site")
    is_flow: bool = Field(default=False, description="whether it goes from site to site and needs no node")
    dependency: Literal["none", "chain", "fork_join", "random"] = Field(
        default="none",
        description="within blocks of `width` tasks: one after the other; first one, then many, then one; or each on "
        "each earlier one with probability `density`",
    )
    width: int = Field(default=4, ge=2, le=64, description="tasks in a block of dependent ones")
    density: float = Field(default=0.2, ge=0, le=1, description="of random dependencies")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.end <= self.begin:
            raise ValueError(f"end ({self.end}) must be after begin ({self.begin})")
        if self.accelerator_share < 1 and self.accelerators != 1:
            raise ValueError("accelerator_share below 1 needs accelerators = 1")
        if self.is_flow and (self.cpu or self.memory or self.accelerators):
            raise ValueError("a flow asks for bandwidth only, not for cpu, memory or accelerators")
        return self


class NodeClass(Frozen):
    """Nodes of one kind."""

    count: int = Field(ge=1, le=MAX_NODES)
    cpu: Positive = Field(description="cores")
    memory: NonNegative = Field(default=64.0, description="GiB")
    accelerators: int = Field(default=0, ge=0, le=16, description="devices")
    accelerator_model: Identifier | None = None
    speed: Positive = Field(default=1.0, description="execution takes duration / speed seconds")
    price_per_hour: NonNegative = Field(default=1.0, description="dollars per hour for the whole node")
    idle_power: NonNegative = Field(default=100.0, description="watts while it hosts at least one task")
    full_power: NonNegative = Field(default=300.0, description="watts at full cpu load")
    variation: float = Field(
        default=1.0, ge=1, le=4, description="each node's speed and price differ by up to this factor; 1: all alike"
    )
    battery: Positive | None = Field(default=None, description="joules; None: mains")
    site: Literal["none", "core", "spread"] = Field(
        default="none", description="no site, all at the first one, or spread over all"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.full_power < self.idle_power:
            raise ValueError("full_power must be at least idle_power")
        return self


class ListedLink(Frozen):
    """A link that is named rather than drawn."""

    source: Identifier = Field(description="a site")
    target: Identifier = Field(description="a site")
    bandwidth: Positive = Field(description="Gbit/s")
    latency_ms: NonNegative = Field(default=1.0, description="one way, milliseconds")
    price_per_gbps_hour: NonNegative = Field(default=0.0, description="dollars per Gbit/s and hour")


class Topology(Frozen):
    """Sites and the links between them."""

    kind: Literal["none", "star", "ring", "random", "listed"] = Field(
        default="none",
        description="random: points in a square, nearer ones linked more likely (Waxman), always connected, latency "
        "by distance; listed: exactly `links`",
    )
    sites: int = Field(default=0, ge=0, le=MAX_SITES, description="number of sites; not used by `listed`")
    bandwidth: Range = Field(default=Range(low=1.0, high=10.0), description="Gbit/s of a link")
    latency_ms: Range = Field(default=Range(low=1.0, high=20.0), description="of a link")
    price_per_gbps_hour: NonNegative = Field(default=0.0, description="dollars per Gbit/s and hour of a link")
    price_spread: float = Field(default=1.0, ge=1, le=100, description="prices of links differ by up to this factor")
    links: tuple[ListedLink, ...] = Field(default=(), max_length=MAX_LINKS, description="for `listed` only")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "listed" and not self.links:
            raise ValueError("a listed topology needs links")
        if self.kind != "listed" and self.links:
            raise ValueError(f"links are for a topology of kind 'listed', not {self.kind!r}")
        if self.kind in ("star", "ring", "random") and self.sites < 2:  # noqa: PLR2004  # a link has two ends
            raise ValueError("sites: at least 2 are needed")
        return self


class ListedFailure(Frozen):
    """A node failure that is named rather than drawn."""

    node_class: int = Field(ge=0, le=15, description="which of node_classes, from 0")
    number: int = Field(ge=0, lt=MAX_NODES, description="which node of that class, from 0")
    start: NonNegative = Field(description="seconds")
    duration: Positive | None = Field(default=None, description="seconds; None: it never recovers")


class Trouble(Frozen):
    """What goes wrong, and how often within the horizon."""

    node_failures: int = Field(default=0, ge=0, le=1000, description="of nodes drawn at random")
    failure_duration: Range = Field(default=Range(low=60.0, high=600.0), description="seconds")
    listed_failures: tuple[ListedFailure, ...] = Field(default=(), max_length=1000, description="in addition")
    congestions: int = Field(default=0, ge=0, le=1000, description="of links drawn at random")
    congestion_factor: Range = Field(default=Range(low=2.0, high=8.0), description="on latency and transfer time")
    congestion_length: float = Field(default=0.2, gt=0, le=1, description="share of the horizon that each lasts")
    price_changes: int = Field(default=0, ge=0, le=1000)
    price_pattern: Literal["random", "waves"] = Field(
        default="random",
        description="random: at random, half of them for one node only; waves: up and down at even gaps, for all",
    )
    price_factor: Range = Field(default=Range(low=0.3, high=3.0), description="on the nodes' own prices")


class ScenarioSpec(Frozen):
    """A family of one: everything that `expand` needs to draw a scenario."""

    spec_id: Identifier
    family: str = Field(default="", max_length=64)
    level: int = Field(default=1, ge=1, le=5, description="of the curriculum")
    domain: Domain
    time_horizon: Positive = Field(description="seconds within which tasks arrive")
    groups: tuple[TaskGroup, ...] = Field(min_length=1, max_length=16)
    node_classes: tuple[NodeClass, ...] = Field(default=(), max_length=16)
    topology: Topology = Topology()
    trouble: Trouble = Trouble()
    objectives: tuple[Objective, ...] = Field(
        default=("latency", "cost", "energy", "qos"), min_length=1, max_length=4, description="what is rewarded"
    )
    objective_weights: dict[Objective, NonNegative] = Field(
        default_factory=dict, description="relative weights; empty: equal"
    )
    targets: ObjectiveTargets | None = Field(
        default=None, description="values that score one half; None: from the scenario's own work"
    )
    paths_per_pair: int = Field(default=3, ge=1, le=8, description="k of the k shortest paths, for flows")
    rationale: str = Field(default="", max_length=2000, description="why this should be hard")
    seed: int = Field(default=0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _check(self) -> Self:
        tasks = sum(g.count for g in self.groups)
        nodes = sum(c.count for c in self.node_classes)
        if tasks > MAX_TASKS or nodes > MAX_NODES:
            raise ValueError(f"{tasks} tasks and {nodes} nodes; at most {MAX_TASKS} and {MAX_NODES}")
        if any(g.is_flow or g.has_source for g in self.groups) and self.topology.kind == "none":
            raise ValueError("groups with a source or flows need a topology with sites")
        if not self.node_classes and not all(g.is_flow for g in self.groups):
            raise ValueError("node_classes: groups that are not flows need nodes")
        if self.objective_weights and sum(self.objective_weights.get(o, 0.0) for o in self.objectives) <= 0:
            raise ValueError("objective_weights: at least one of objectives needs a positive weight")
        for failure in self.trouble.listed_failures:
            if failure.node_class >= len(self.node_classes) or (
                failure.number >= self.node_classes[failure.node_class].count
            ):
                raise ValueError(
                    f"listed_failures: there is no node {failure.number} of class {failure.node_class}; both count from 0"
                )
        return self


def parse_spec(data: object, *, where: str = "spec") -> ScenarioSpec:
    """Validate `data` (parsed JSON) as a spec.

    Raises:
        ScenarioError: Names the fields at fault.
    """
    try:
        return ScenarioSpec.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(f"{where}: {explain_validation(error)}") from None
