"""Families of network scenarios: flows between sites, no nodes."""

from __future__ import annotations

import numpy as np

from aurora.sim.scenarios.curriculum import Level
from aurora.sim.scenarios.families.hardware import sites
from aurora.sim.scenarios.families.sizing import counts, horizon_for, mean
from aurora.sim.scenarios.spec import Range, ScenarioSpec, TaskGroup, Trouble

LARGEST_FLOW = 4.0
"""Gbit/s of the widest flow at the hardest level."""


def _network(level: Level, name: str, group: TaskGroup, rationale: str) -> ScenarioSpec:
    # The widest flow fits the narrowest link, so that every flow can be served.
    narrow = max(2.0, LARGEST_FLOW * level.largest_share)
    topology = sites(level, "random", Range(low=narrow, high=10), Range(low=1, high=30))
    load = level.tasks * mean(group.bandwidth or Range(low=1, high=1)) * mean(group.duration) * 2.5
    horizon = horizon_for(level, load, topology.sites * 2.0 * mean(topology.bandwidth))
    return ScenarioSpec(
        spec_id=name,
        domain="network",
        time_horizon=horizon,
        groups=(group,),
        topology=topology,
        trouble=Trouble(congestions=2 * level.number),
        rationale=rationale,
    )


def slices(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: network slices with latency limits over congested paths."""
    group = TaskGroup(
        count=level.tasks,
        pattern="sporadic",
        duration=Range(low=60, high=1800),
        bandwidth=Range(low=0.2, high=LARGEST_FLOW * level.largest_share),
        sla_latency_ms=Range(low=30, high=1e5),
        is_flow=True,
    )
    return _network(level, "slices", group, "slices with latency limits over congested paths")


def bulk(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: bursts of large transfers."""
    group = TaskGroup(
        count=level.tasks,
        pattern="bursty",
        bursts=level.bursts,
        duration=Range(low=30, high=600),
        bandwidth=Range(low=0.5, high=LARGEST_FLOW * level.largest_share),
        data_size=Range(low=0.1, high=10),
        is_flow=True,
    )
    return _network(level, "bulk", group, "bursts of large transfers")


def backbone(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: long wide flows at even gaps, and thin ones with latency limits between them."""
    parts = counts(level.tasks, 2)
    wide = TaskGroup(
        count=level.tasks,
        pattern="periodic",
        duration=Range(low=300, high=3600),
        bandwidth=Range(low=0.8, high=LARGEST_FLOW * max(0.25, level.largest_share)),
        is_flow=True,
    )
    thin = TaskGroup(
        count=parts[0],
        pattern="bursty",
        bursts=level.bursts,
        duration=Range(low=10, high=300),
        bandwidth=Range(low=0.05, high=0.5),
        sla_latency_ms=Range(low=20, high=1e4),
        is_flow=True,
    )
    spec = _network(level, "backbone", wide, "long wide flows with thin urgent ones between them")
    groups = (thin, *(wide.model_copy(update={"count": count}) for count in parts[1:]))
    return spec.model_copy(update={"groups": groups, "time_horizon": spec.time_horizon / 2})
