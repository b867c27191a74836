"""Families of cloud scenarios: machines in one place."""

from __future__ import annotations

import numpy as np

from aurora.sim.scenarios.curriculum import Level
from aurora.sim.scenarios.families.hardware import ACCELERATED, mixed, servers
from aurora.sim.scenarios.families.sizing import (
    ARRIVAL_SPEEDUP,
    around,
    capacity,
    counts,
    horizon_for,
    mean,
    task_cpu,
    task_memory,
)
from aurora.sim.scenarios.spec import Range, ScenarioSpec, TaskGroup, Trouble


def batch(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: bursts of jobs of very different length, half of them chained."""
    nodes, duration = servers(level), Range(low=30, high=3000)
    cpu = task_cpu(level, nodes)
    halves = counts(level.tasks, 2)
    group = TaskGroup(
        count=halves[0],
        pattern="bursty",
        bursts=level.bursts,
        cpu=cpu,
        memory=task_memory(cpu),
        duration=duration,
        overestimate=3.0,
    )
    chained = group.model_copy(update={"count": halves[-1], "pattern": "sporadic", "dependency": level.dependency})
    horizon = horizon_for(level, level.tasks * mean(cpu) * mean(duration), capacity(nodes))
    return ScenarioSpec(
        spec_id="batch",
        domain="cloud",
        time_horizon=horizon / ARRIVAL_SPEEDUP,
        groups=(group, chained),
        node_classes=nodes,
        trouble=Trouble(node_failures=level.failures),
        rationale="bursts of jobs of very different length",
    )


def services(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: steady services with deadlines near capacity."""
    nodes, duration = servers(level), Range(low=300, high=1200)
    cpu = task_cpu(level, nodes)
    horizon = horizon_for(level, level.tasks * mean(cpu) * mean(duration), capacity(nodes))
    group = TaskGroup(
        count=level.tasks,
        pattern="periodic",
        cpu=cpu,
        memory=task_memory(cpu),
        duration=duration,
        sla_latency_ms=Range(low=2e3, high=4e5),
    )
    return ScenarioSpec(
        spec_id="services",
        domain="cloud",
        time_horizon=horizon,
        groups=(group,),
        node_classes=nodes,
        trouble=Trouble(node_failures=level.failures),
        rationale="steady services with deadlines near capacity",
    )


def accelerators(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: fractions of accelerators and whole ones compete."""
    nodes = mixed(ACCELERATED, level.nodes, 2)
    duration = Range(low=200, high=2000)
    parts = counts(level.tasks, 4)
    shapes: tuple[tuple[int, float, tuple[str, ...]], ...] = (
        (1, 0.4, ()),
        (1, 1.0, ()),
        (4, 1.0, ("A",)),
        (1, 0.7, ("B",)),
    )
    groups = tuple(
        TaskGroup(
            count=count,
            pattern="sporadic",
            cpu=Range(low=1, high=6),
            memory=around(8, 2),
            duration=duration,
            accelerators=devices,
            accelerator_share=share,
            accelerator_models=models,
        )
        for count, (devices, share, models) in zip(parts, shapes, strict=False)
    )
    devices = sum(n.count * n.accelerators * n.speed for n in nodes)
    wanted = sum(count * number * share for count, (number, share, _) in zip(parts, shapes, strict=False))
    horizon = horizon_for(level, wanted * mean(duration), devices)
    return ScenarioSpec(
        spec_id="accelerators",
        domain="cloud",
        time_horizon=horizon / ARRIVAL_SPEEDUP,
        groups=groups,
        node_classes=nodes,
        trouble=Trouble(node_failures=level.failures),
        rationale="fractions and whole devices compete",
    )


def spot(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: prices swing."""
    nodes, duration = servers(level), Range(low=100, high=2000)
    cpu = task_cpu(level, nodes)
    horizon = horizon_for(level, level.tasks * mean(cpu) * mean(duration), capacity(nodes))
    group = TaskGroup(count=level.tasks, pattern="sporadic", cpu=cpu, memory=task_memory(cpu), duration=duration)
    return ScenarioSpec(
        spec_id="spot",
        domain="cloud",
        time_horizon=horizon / ARRIVAL_SPEEDUP,
        groups=(group,),
        node_classes=nodes,
        trouble=Trouble(price_changes=4 * level.number, price_factor=Range(low=0.2, high=5)),
        rationale="prices swing",
    )


def analytics(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    """Build a spec: queries with deadlines whose memory runs out before the cores do."""
    nodes, duration = servers(level), Range(low=20, high=400)
    cores, memory = sum(n.count * n.cpu for n in nodes), sum(n.count * n.memory for n in nodes)
    each = level.demand * memory / level.tasks
    wanted = Range(low=each / 4, high=min(2.2 * each, max(n.memory for n in nodes)))
    cpu = Range(low=wanted.low * cores / memory / 6, high=wanted.high * cores / memory / 2)
    horizon = horizon_for(level, level.tasks * mean(wanted) * mean(duration), memory)
    group = TaskGroup(
        count=level.tasks,
        pattern="bursty",
        bursts=2 * level.bursts,
        cpu=cpu,
        memory=wanted,
        duration=duration,
        sla_latency_ms=Range(low=1e3, high=3e5),
    )
    return ScenarioSpec(
        spec_id="analytics",
        domain="cloud",
        time_horizon=horizon,
        groups=(group,),
        node_classes=nodes,
        trouble=Trouble(node_failures=level.failures, price_changes=level.number),
        rationale="queries with deadlines that need memory more than cores",
    )
