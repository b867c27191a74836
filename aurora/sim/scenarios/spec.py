"""Specs: short descriptions that expand into scenarios of any size, as an attacker writes them.

A spec names groups of tasks, classes of nodes, a topology and what goes wrong, with ranges instead of
single values; `expand` draws the rest from its seed. So a model never has to print 500 tasks.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from aurora.errors import ScenarioError
from aurora.sim.objectives import ObjectiveName
from aurora.sim.scenarios.scenario import MOST_CONGESTED, SMALLEST_DEMAND, Domain, WorkloadPattern
from aurora.types import Frozen, Identifier, NonNegative, Positive
from aurora.validation import explain_validation

MAX_TASKS = 20_000
MAX_NODES = 5_000


class Range(Frozen):
    """Values drawn log-uniformly from `low` to `high`."""

    low: Positive
    high: Positive

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"high ({self.high}) must be at least low ({self.low})")
        return self


class TaskGroup(Frozen):
    """Tasks of one kind."""

    count: int = Field(ge=1, le=MAX_TASKS)
    pattern: WorkloadPattern = Field(
        default="sporadic", description="bursty: a few instants; periodic: even gaps; sporadic: at random"
    )
    bursts: int = Field(default=3, ge=1, le=1000, description="instants, for a bursty group")
    cpu: Range | None = Field(default=None, description="cores; None for flows")
    memory: Range | None = Field(default=None, description="GiB")
    duration: Range = Field(description="seconds on a node of speed 1")
    overestimate: float = Field(default=1.0, ge=1, le=20, description="requested duration, times up to this")
    priorities: tuple[int, ...] = Field(default=(1, 2, 3, 4, 5), min_length=1, description="drawn from these")
    sla_latency_ms: Range | None = Field(default=None, description="latest latency, milliseconds")
    accelerators: int = Field(default=0, ge=0, le=16, description="devices each")
    accelerator_share: float = Field(default=1.0, gt=0, le=1)
    accelerator_models: tuple[Identifier, ...] = Field(default=(), description="allowed; empty: any")
    bandwidth: Range | None = Field(default=None, description="Gbit/s on each link of the path")
    data_size: Range | None = Field(default=None, description="GiB moved first")
    has_source: bool = Field(default=False, description="whether each has a user's or data's site")
    is_flow: bool = Field(default=False, description="whether it goes from site to site and needs no node")
    dependency: Literal["none", "chain", "fork_join"] = Field(
        default="none", description="chains of, or one-to-many-to-one in, groups of `width` tasks"
    )
    width: int = Field(default=4, ge=2, le=64)


class NodeClass(Frozen):
    """Nodes of one kind."""

    count: int = Field(ge=1, le=MAX_NODES)
    cpu: Positive = Field(description="cores")
    memory: NonNegative = Field(default=64.0, description="GiB")
    accelerators: int = Field(default=0, ge=0, le=16)
    accelerator_model: Identifier | None = None
    speed: Positive = 1.0
    price_per_hour: NonNegative = 1.0
    idle_power: NonNegative = Field(default=100.0, description="watts")
    full_power: NonNegative = Field(default=300.0, description="watts")
    battery: Positive | None = Field(default=None, description="joules")
    site: Literal["none", "core", "spread"] = Field(
        default="none", description="no site, all at the first one, or spread over all"
    )


class Topology(Frozen):
    """Sites and the links between them."""

    kind: Literal["none", "star", "ring", "random"] = "none"
    sites: int = Field(default=0, ge=0, le=500)
    bandwidth: Range = Range(low=1.0, high=10.0)
    latency_ms: Range = Range(low=1.0, high=20.0)
    price_per_gbps_hour: NonNegative = 0.0


class Trouble(Frozen):
    """Failures, congestion and price changes: how many of each fall within the horizon."""

    node_failures: int = Field(default=0, ge=0, le=1000)
    failure_duration: Range = Range(low=60.0, high=600.0)
    congestions: int = Field(default=0, ge=0, le=1000)
    congestion_factor: Range = Range(low=2.0, high=8.0)
    price_changes: int = Field(default=0, ge=0, le=1000)
    price_factor: Range = Range(low=0.3, high=3.0)


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
    objective_weights: dict[ObjectiveName, NonNegative] = Field(default_factory=dict)
    rationale: str = Field(default="", max_length=2000, description="why this should be hard")
    seed: int = Field(default=0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _check(self) -> Self:
        tasks = sum(g.count for g in self.groups)
        nodes = sum(c.count for c in self.node_classes)
        if tasks > MAX_TASKS or nodes > MAX_NODES:
            raise ValueError(f"{tasks} tasks and {nodes} nodes; at most {MAX_TASKS} and {MAX_NODES}")
        needs_sites = any(g.is_flow or g.has_source for g in self.groups)
        if needs_sites and self.topology.kind == "none":
            raise ValueError("groups with a source or flows need a topology with sites")
        if self.topology.kind != "none" and self.topology.sites < 2:  # noqa: PLR2004  # a link has two ends
            raise ValueError("topology.sites: at least 2 are needed")
        if not self.node_classes and not all(g.is_flow for g in self.groups):
            raise ValueError("node_classes: groups that are not flows need nodes")
        for group in self.groups:
            if group.accelerator_share < 1 and group.accelerators != 1:
                raise ValueError("accelerator_share below 1 needs accelerators = 1")
            if group.is_flow and (group.cpu or group.memory or group.accelerators):
                raise ValueError("a flow asks for bandwidth only, not for cpu, memory or accelerators")
            if any(r is not None and r.low < SMALLEST_DEMAND for r in (group.cpu, group.memory)):
                raise ValueError(
                    f"cpu and memory: low must be at least {SMALLEST_DEMAND}; leave out what is not needed"
                )
            if any(not 1 <= p <= 5 for p in group.priorities):  # noqa: PLR2004  # the scale of priorities
                raise ValueError("priorities must lie from 1 to 5")
        if any(c.full_power < c.idle_power for c in self.node_classes):
            raise ValueError("full_power must be at least idle_power")
        if self.trouble.congestion_factor.high > MOST_CONGESTED:
            raise ValueError(f"trouble.congestion_factor: high must be at most {MOST_CONGESTED:g}")
        if self.objective_weights and not sum(self.objective_weights.values()):
            raise ValueError("objective_weights: at least one must be positive")
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
