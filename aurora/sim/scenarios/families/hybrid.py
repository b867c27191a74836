"""Families of hybrid scenarios: work at the edge and work in the cloud."""

from __future__ import annotations

import numpy as np

from aurora.sim.scenarios.curriculum import Level
from aurora.sim.scenarios.families.hardware import edge_nodes, servers, sites
from aurora.sim.scenarios.families.sizing import around, capacity, counts, horizon_for, mean
from aurora.sim.scenarios.spec import Range, ScenarioSpec, TaskGroup, Trouble


def _hybrid(level: Level, name: str, group: TaskGroup, rationale: str) -> ScenarioSpec:
    thirds = counts(level.nodes, 2)
    nodes = (
        *edge_nodes(level._replace(nodes=thirds[0])),
        *servers(level._replace(nodes=thirds[-1]), site="core"),
    )
    cpu = group.cpu or Range(low=1, high=1)
    halves = counts(level.tasks, 2)
    background = TaskGroup(count=halves[-1], pattern="sporadic", cpu=cpu, memory=around(2, 2), duration=group.duration)
    horizon = horizon_for(level, level.tasks * mean(cpu) * mean(group.duration), capacity(nodes))
    return ScenarioSpec(
        spec_id=name,
        domain="hybrid",
        time_horizon=horizon,
        node_classes=nodes,
        groups=(group.model_copy(update={"count": halves[0]}), background),
        topology=sites(level, "star", Range(low=1, high=10), Range(low=2, high=60)),
        trouble=Trouble(node_failures=level.failures, congestions=level.number, price_changes=level.number),
        rationale=rationale,
    )


def offload(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: work at the edge that the cloud could take."""
    group = TaskGroup(
        count=level.tasks,
        pattern="bursty",
        bursts=level.bursts,
        cpu=Range(low=0.5, high=max(0.6, 4 * level.largest_share)),
        memory=around(1, 2),
        duration=Range(low=20, high=300),
        sla_latency_ms=Range(low=100, high=3e4),
        bandwidth=Range(low=0.02, high=0.2),
        data_size=Range(low=0.01, high=0.3),
        has_source=True,
    )
    return _hybrid(level, "offload", group, "work at the edge that the cloud could take")


def pipelines(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: stages that wait for each other across sites."""
    group = TaskGroup(
        count=level.tasks,
        pattern="sporadic",
        cpu=Range(low=0.5, high=max(0.6, 4 * level.largest_share)),
        memory=around(2, 2),
        duration=Range(low=30, high=400),
        bandwidth=Range(low=0.02, high=0.2),
        data_size=Range(low=0.05, high=1),
        has_source=True,
        dependency="fork_join",
    )
    return _hybrid(level, "pipelines", group, "stages that wait for each other across sites")
