"""Families of hybrid scenarios: work at the edge and work in the cloud."""

from __future__ import annotations

import numpy as np

from aurora.sim.scenarios.curriculum import Level
from aurora.sim.scenarios.families.hardware import ACCELERATED, edge_nodes, mixed, servers, sites
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


def retraining(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: models serve requests at the edge and are trained again on devices at the core."""
    spread = counts(level.nodes, 2)
    edge, core = edge_nodes(level._replace(nodes=spread[0])), mixed(ACCELERATED, spread[-1], 2, site="core")
    requests, trainings = counts(level.tasks, 5), Range(low=200, high=1500)
    serving = TaskGroup(
        count=level.tasks - requests[-1],
        pattern="periodic",
        cpu=Range(low=0.25, high=max(0.3, 3 * level.largest_share)),
        memory=around(1, 2),
        duration=Range(low=5, high=120),
        sla_latency_ms=Range(low=100, high=2e4),
        bandwidth=Range(low=0.01, high=0.1),
        has_source=True,
    )
    training = TaskGroup(
        count=requests[-1],
        pattern="sporadic",
        cpu=Range(low=2, high=8),
        memory=around(8, 2),
        duration=trainings,
        accelerators=1,
        bandwidth=Range(low=0.05, high=0.5),
        data_size=Range(low=0.1, high=2),
        has_source=True,
    )
    devices = sum(n.count * n.accelerators * n.speed for n in core)
    return ScenarioSpec(
        spec_id="retraining",
        domain="hybrid",
        time_horizon=horizon_for(level, training.count * mean(trainings), devices),
        groups=(serving, training),
        node_classes=(*edge, *core),
        topology=sites(level, "star", Range(low=1, high=10), Range(low=2, high=40)),
        trouble=Trouble(node_failures=level.failures, congestions=level.number),
        rationale="requests at the edge, and training again on devices at the core",
    )
