"""Families of edge scenarios: small nodes near users, large ones behind a network."""

from __future__ import annotations

import numpy as np

from aurora.sim.scenarios.curriculum import Level
from aurora.sim.scenarios.families.hardware import edge_nodes, sites
from aurora.sim.scenarios.families.sizing import around, capacity, horizon_for, mean
from aurora.sim.scenarios.spec import Range, ScenarioSpec, TaskGroup, Trouble


def _edge(level: Level, name: str, group: TaskGroup, rationale: str) -> ScenarioSpec:
    nodes = edge_nodes(level)
    cpu = group.cpu or Range(low=1, high=1)
    horizon = horizon_for(level, level.tasks * mean(cpu) * mean(group.duration), capacity(nodes))
    return ScenarioSpec(
        spec_id=name,
        domain="edge",
        time_horizon=horizon,
        groups=(group,),
        node_classes=nodes,
        topology=sites(level, "star", Range(low=0.5, high=5), Range(low=2, high=40)),
        trouble=Trouble(node_failures=level.failures, congestions=level.number),
        rationale=rationale,
    )


def sensors(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: many small readings with tight deadlines."""
    group = TaskGroup(
        count=level.tasks,
        pattern="periodic",
        cpu=Range(low=0.25, high=max(0.3, 4 * level.largest_share)),
        memory=around(1, 2),
        duration=Range(low=5, high=60),
        sla_latency_ms=Range(low=20, high=5e3),
        bandwidth=Range(low=0.01, high=0.1),
        has_source=True,
    )
    return _edge(level, "sensors", group, "many small readings with tight deadlines")


def video(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: bursts of streams whose data is heavy to move."""
    group = TaskGroup(
        count=level.tasks,
        pattern="bursty",
        bursts=level.bursts,
        cpu=Range(low=0.5, high=max(0.6, 4 * level.largest_share)),
        memory=around(2, 2),
        duration=Range(low=60, high=600),
        sla_latency_ms=Range(low=200, high=5e4),
        bandwidth=Range(low=0.05, high=0.5),
        data_size=Range(low=0.05, high=0.5),
        has_source=True,
    )
    return _edge(level, "video", group, "bursts of streams whose data is heavy to move")


def vehicles(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: short work of passing users along a ring of sites."""
    group = TaskGroup(
        count=level.tasks,
        pattern="sporadic",
        cpu=Range(low=0.5, high=max(0.6, 3 * level.largest_share)),
        memory=around(1, 3),
        duration=Range(low=2, high=200),
        sla_latency_ms=Range(low=50, high=1e4),
        bandwidth=Range(low=0.02, high=0.3),
        data_size=Range(low=0.002, high=0.1),
        has_source=True,
    )
    spec = _edge(level, "vehicles", group, "short work of passing users along a ring of sites")
    return spec.model_copy(update={"topology": spec.topology.model_copy(update={"kind": "ring"})})
