"""Families of generated scenarios for every domain, graded by the levels of the curriculum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from aurora.errors import ScenarioError
from aurora.sim.objectives import GENERAL
from aurora.sim.scenarios.curriculum import LEVELS, Level
from aurora.sim.scenarios.scenario import Domain
from aurora.sim.scenarios.spec import NodeClass, Range, ScenarioSpec, TaskGroup, Topology, Trouble


class Family(NamedTuple):
    """A kind of scenario.

    Attributes:
        domain: Its domain.
        meaning: One line.
        build: Draws a spec for a level (id, weights and seed are set by `sample_spec`).
    """

    domain: Domain
    meaning: str
    build: Callable[[Level, np.random.Generator], ScenarioSpec]


def _around(value: float, spread: float) -> Range:
    return Range(low=max(value / spread, 1e-6), high=max(value * spread, 1e-6))


def _horizon(level: Level, work: float, capacity: float) -> float:
    """Seconds over which `work` (core-seconds) arrives so that it keeps `level.load` of capacity busy."""
    return max(1.0, work / (capacity * level.load))


RUSH = 2.5
"""How much faster than `level.load` says the jobs of a family without deadlines come: they may queue."""

LARGEST_FLOW = 4.0
"""Gbit/s of the widest flow at the hardest level."""


def _counts(total: int, parts: int) -> list[int]:
    """`total` in `parts` sizes, each at least 1 where that is possible."""
    return [c for c in (total // parts + (i < total % parts) for i in range(parts)) if c]


def _servers(level: Level, *, site: str = "none") -> tuple[NodeClass, ...]:
    """Three kinds of machine whose price, speed and power conflict: no one is best at everything."""
    kinds = (
        {
            "cpu": 16.0,
            "memory": 64.0,
            "speed": 1.0,
            "price_per_hour": 0.8,
            "idle_power": 80.0,
            "full_power": 220.0,
        },
        {
            "cpu": 32.0,
            "memory": 96.0,
            "speed": 1.6,
            "price_per_hour": 3.2,
            "idle_power": 200.0,
            "full_power": 520.0,
        },
        {
            "cpu": 8.0,
            "memory": 48.0,
            "speed": 0.7,
            "price_per_hour": 0.25,
            "idle_power": 30.0,
            "full_power": 75.0,
        },
    )
    return tuple(
        NodeClass.model_validate({**kind, "count": count, "site": site})
        for kind, count in zip(kinds, _counts(level.nodes, 3), strict=False)
    )


def _capacity(nodes: tuple[NodeClass, ...]) -> float:
    return sum(n.count * n.cpu * n.speed for n in nodes)


def _task_cpu(level: Level, nodes: tuple[NodeClass, ...]) -> Range:
    """Cores of a task, so that all tasks together ask for `level.demand` of the cores there are."""
    mean = level.demand * sum(n.count * n.cpu for n in nodes) / level.tasks
    return Range(low=mean / 4, high=min(2.2 * mean, max(n.cpu for n in nodes)))


def _task_memory(cpu: Range) -> Range:
    """GiB of a task: one to three a core, where nodes have three to six."""
    return Range(low=cpu.low, high=3 * cpu.high)


def _mean(bounds: Range) -> float:
    if bounds.high == bounds.low:
        return bounds.low
    return (bounds.high - bounds.low) / float(np.log(bounds.high / bounds.low))


def _batch(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    nodes, duration = _servers(level), Range(low=30, high=3000)
    cpu = _task_cpu(level, nodes)
    halves = _counts(level.tasks, 2)
    group = TaskGroup(
        count=halves[0],
        pattern="bursty",
        bursts=level.bursts,
        cpu=cpu,
        memory=_task_memory(cpu),
        duration=duration,
        overestimate=3.0,
    )
    chained = group.model_copy(update={"count": halves[-1], "pattern": "sporadic", "dependency": level.dependency})
    horizon = _horizon(level, level.tasks * _mean(cpu) * _mean(duration), _capacity(nodes))
    return ScenarioSpec(
        spec_id="batch",
        domain="cloud",
        time_horizon=horizon / RUSH,
        groups=(group, chained),
        node_classes=nodes,
        trouble=Trouble(node_failures=level.failures),
        rationale="bursts of jobs of very different length",
    )


def _services(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    nodes, duration = _servers(level), Range(low=300, high=1200)
    cpu = _task_cpu(level, nodes)
    horizon = _horizon(level, level.tasks * _mean(cpu) * _mean(duration), _capacity(nodes))
    group = TaskGroup(
        count=level.tasks,
        pattern="periodic",
        cpu=cpu,
        memory=_task_memory(cpu),
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


def _accelerators(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    halves = _counts(level.nodes, 2)
    nodes = (
        NodeClass(
            count=halves[0],
            cpu=64,
            memory=256,
            accelerators=4,
            accelerator_model="A",
            price_per_hour=6,
            idle_power=250,
            full_power=1400,
        ),
        NodeClass(
            count=halves[-1],
            cpu=32,
            memory=128,
            accelerators=1,
            accelerator_model="B",
            speed=0.6,
            price_per_hour=2,
            idle_power=120,
            full_power=500,
        ),
    )
    duration = Range(low=200, high=2000)
    parts = _counts(level.tasks, 4)
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
            memory=_around(8, 2),
            duration=duration,
            accelerators=devices,
            accelerator_share=share,
            accelerator_models=models,
        )
        for count, (devices, share, models) in zip(parts, shapes, strict=False)
    )
    devices = sum(n.count * n.accelerators * n.speed for n in nodes)
    wanted = sum(count * number * share for count, (number, share, _) in zip(parts, shapes, strict=False))
    horizon = _horizon(level, wanted * _mean(duration), devices)
    return ScenarioSpec(
        spec_id="accelerators",
        domain="cloud",
        time_horizon=horizon / RUSH,
        groups=groups,
        node_classes=nodes,
        trouble=Trouble(node_failures=level.failures),
        rationale="fractions and whole devices compete",
    )


def _spot(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    nodes, duration = _servers(level), Range(low=100, high=2000)
    cpu = _task_cpu(level, nodes)
    horizon = _horizon(level, level.tasks * _mean(cpu) * _mean(duration), _capacity(nodes))
    group = TaskGroup(count=level.tasks, pattern="sporadic", cpu=cpu, memory=_task_memory(cpu), duration=duration)
    return ScenarioSpec(
        spec_id="spot",
        domain="cloud",
        time_horizon=horizon / RUSH,
        groups=(group,),
        node_classes=nodes,
        trouble=Trouble(price_changes=4 * level.number, price_factor=Range(low=0.2, high=5)),
        rationale="prices swing",
    )


def _edge_nodes(level: Level) -> tuple[NodeClass, ...]:
    parts = _counts(level.nodes, 3)
    kinds = (
        {
            "cpu": 4.0,
            "memory": 16.0,
            "speed": 0.6,
            "price_per_hour": 0.15,
            "idle_power": 5.0,
            "full_power": 25.0,
            "site": "spread",
        },
        {
            "cpu": 64.0,
            "memory": 256.0,
            "speed": 1.5,
            "price_per_hour": 3.0,
            "idle_power": 150.0,
            "full_power": 450.0,
            "site": "core",
        },
        {
            "cpu": 8.0,
            "memory": 32.0,
            "speed": 0.8,
            "price_per_hour": 0.3,
            "idle_power": 8.0,
            "full_power": 40.0,
            "battery": 4e5,
            "site": "spread",
        },
    )
    return tuple(NodeClass.model_validate({**k, "count": c}) for k, c in zip(kinds, parts, strict=False))


def _sites(level: Level, kind: str, bandwidth: Range, latency: Range) -> Topology:
    return Topology.model_validate(
        {
            "kind": kind,
            "sites": max(3, min(40, level.nodes // 2 + 1)),
            "bandwidth": bandwidth,
            "latency_ms": latency,
            "price_per_gbps_hour": 0.05,
        }
    )


def _edge(level: Level, name: str, group: TaskGroup, rationale: str) -> ScenarioSpec:
    nodes = _edge_nodes(level)
    cpu = group.cpu or Range(low=1, high=1)
    horizon = _horizon(level, level.tasks * _mean(cpu) * _mean(group.duration), _capacity(nodes))
    return ScenarioSpec(
        spec_id=name,
        domain="edge",
        time_horizon=horizon,
        groups=(group,),
        node_classes=nodes,
        topology=_sites(level, "star", Range(low=0.5, high=5), Range(low=2, high=40)),
        trouble=Trouble(node_failures=level.failures, congestions=level.number),
        rationale=rationale,
    )


def _sensors(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    group = TaskGroup(
        count=level.tasks,
        pattern="periodic",
        cpu=Range(low=0.25, high=max(0.3, 4 * level.largest_share)),
        memory=_around(1, 2),
        duration=Range(low=5, high=60),
        sla_latency_ms=Range(low=20, high=5e3),
        bandwidth=Range(low=0.01, high=0.1),
        has_source=True,
    )
    return _edge(level, "sensors", group, "many small readings with tight deadlines")


def _video(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    group = TaskGroup(
        count=level.tasks,
        pattern="bursty",
        bursts=level.bursts,
        cpu=Range(low=0.5, high=max(0.6, 4 * level.largest_share)),
        memory=_around(2, 2),
        duration=Range(low=60, high=600),
        sla_latency_ms=Range(low=200, high=5e4),
        bandwidth=Range(low=0.05, high=0.5),
        data_size=Range(low=0.05, high=0.5),
        has_source=True,
    )
    return _edge(level, "video", group, "bursts of streams whose data is heavy to move")


def _network(level: Level, name: str, group: TaskGroup, rationale: str) -> ScenarioSpec:
    # The widest flow fits the narrowest link, so that nobody is unservable from the start.
    narrow = max(2.0, LARGEST_FLOW * level.largest_share)
    topology = _sites(level, "random", Range(low=narrow, high=10), Range(low=1, high=30))
    load = level.tasks * _mean(group.bandwidth or Range(low=1, high=1)) * _mean(group.duration) * 2.5
    horizon = _horizon(level, load, topology.sites * 2.0 * _mean(topology.bandwidth))
    return ScenarioSpec(
        spec_id=name,
        domain="network",
        time_horizon=horizon,
        groups=(group,),
        topology=topology,
        trouble=Trouble(congestions=2 * level.number),
        rationale=rationale,
    )


def _slices(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    group = TaskGroup(
        count=level.tasks,
        pattern="sporadic",
        duration=Range(low=60, high=1800),
        bandwidth=Range(low=0.2, high=LARGEST_FLOW * level.largest_share),
        sla_latency_ms=Range(low=30, high=1e5),
        is_flow=True,
    )
    return _network(level, "slices", group, "slices with latency limits over congested paths")


def _bulk(level: Level, rng: np.random.Generator) -> ScenarioSpec:
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


def _hybrid(level: Level, name: str, group: TaskGroup, rationale: str) -> ScenarioSpec:
    thirds = _counts(level.nodes, 2)
    nodes = (
        *_edge_nodes(level._replace(nodes=thirds[0])),
        *_servers(level._replace(nodes=thirds[-1]), site="core"),
    )
    cpu = group.cpu or Range(low=1, high=1)
    halves = _counts(level.tasks, 2)
    background = TaskGroup(count=halves[-1], pattern="sporadic", cpu=cpu, memory=_around(2, 2), duration=group.duration)
    horizon = _horizon(level, level.tasks * _mean(cpu) * _mean(group.duration), _capacity(nodes))
    return ScenarioSpec(
        spec_id=name,
        domain="hybrid",
        time_horizon=horizon,
        node_classes=nodes,
        groups=(group.model_copy(update={"count": halves[0]}), background),
        topology=_sites(level, "star", Range(low=1, high=10), Range(low=2, high=60)),
        trouble=Trouble(node_failures=level.failures, congestions=level.number, price_changes=level.number),
        rationale=rationale,
    )


def _offload(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    group = TaskGroup(
        count=level.tasks,
        pattern="bursty",
        bursts=level.bursts,
        cpu=Range(low=0.5, high=max(0.6, 4 * level.largest_share)),
        memory=_around(1, 2),
        duration=Range(low=20, high=300),
        sla_latency_ms=Range(low=100, high=3e4),
        bandwidth=Range(low=0.02, high=0.2),
        data_size=Range(low=0.01, high=0.3),
        has_source=True,
    )
    return _hybrid(level, "offload", group, "work at the edge that the cloud could take")


def _pipelines(level: Level, rng: np.random.Generator) -> ScenarioSpec:
    group = TaskGroup(
        count=level.tasks,
        pattern="sporadic",
        cpu=Range(low=0.5, high=max(0.6, 4 * level.largest_share)),
        memory=_around(2, 2),
        duration=Range(low=30, high=400),
        bandwidth=Range(low=0.02, high=0.2),
        data_size=Range(low=0.05, high=1),
        has_source=True,
        dependency="fork_join",
    )
    return _hybrid(level, "pipelines", group, "stages that wait for each other across sites")


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "batch": Family("cloud", "bursts of jobs, some chained", _batch),
        "services": Family("cloud", "steady services with deadlines", _services),
        "accelerators": Family("cloud", "fractional and whole accelerators", _accelerators),
        "spot": Family("cloud", "swinging prices", _spot),
        "sensors": Family("edge", "small periodic readings", _sensors),
        "video": Family("edge", "bursts of heavy streams", _video),
        "slices": Family("network", "flows with latency limits", _slices),
        "bulk": Family("network", "bursts of transfers", _bulk),
        "offload": Family("hybrid", "edge work the cloud could take", _offload),
        "pipelines": Family("hybrid", "fork-join stages across sites", _pipelines),
    }
)


def sample_spec(family: str, level: int, rng: np.random.Generator) -> ScenarioSpec:
    """Draw a spec of a family at a level of the curriculum (1 to 5).

    Raises:
        ScenarioError: There is no such family or level.
    """
    if family not in FAMILIES or not 1 <= level <= len(LEVELS):
        raise ScenarioError(
            f"no family {family!r} at level {level}; families: {', '.join(FAMILIES)}, levels 1 to {len(LEVELS)}"
        )
    spec = FAMILIES[family].build(LEVELS[level - 1], rng)
    seed = int(rng.integers(2**31))
    weights = rng.dirichlet(np.full(len(GENERAL), 2.0)).round(3)
    return spec.model_copy(
        update={
            "spec_id": f"{family}-{level}-{seed}",
            "family": family,
            "level": level,
            "seed": seed,
            "objective_weights": dict(zip(GENERAL, (float(w) for w in weights), strict=True)),
        }
    )


def mutate_spec(spec: ScenarioSpec, rng: np.random.Generator) -> ScenarioSpec:
    """A valid neighbour of a spec: another load, size, burst height, trouble, weight or seed."""
    seed = int(rng.integers(2**31))
    update: dict[str, object] = {"seed": seed, "spec_id": f"{spec.family}-{spec.level}-{seed}"}
    factor = float(np.exp(rng.normal(0, 0.4)))
    choice = int(rng.integers(5))
    if choice == 0:
        update["time_horizon"] = float(np.clip(spec.time_horizon * factor, 1, 1e9))
    elif choice == 1:
        update["groups"] = tuple(
            g.model_copy(update={"bursts": int(np.clip(round(g.bursts * factor), 1, 1000)), "pattern": "bursty"})
            for g in spec.groups
        )
    elif choice == 2:  # noqa: PLR2004  # one of five kinds of change
        update["groups"] = tuple(
            g.model_copy(update={"duration": _scaled(g.duration, factor, 1e5)}) for g in spec.groups
        )
    elif choice == 3:  # noqa: PLR2004  # one of five kinds of change
        trouble = spec.trouble
        update["trouble"] = trouble.model_copy(
            update={
                "node_failures": int(np.clip(trouble.node_failures + rng.integers(-1, 3), 0, 50)),
                "congestions": int(np.clip(trouble.congestions + rng.integers(-1, 3), 0, 50)),
                "price_changes": int(np.clip(trouble.price_changes + rng.integers(-1, 3), 0, 50)),
            }
        )
    else:
        weights = rng.dirichlet(np.full(len(GENERAL), 1.0)).round(3)
        update["objective_weights"] = dict(zip(GENERAL, (float(w) for w in weights), strict=True))
    return ScenarioSpec.model_validate({**spec.model_dump(), **{k: _plain(v) for k, v in update.items()}})


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    return value.model_dump() if isinstance(value, TaskGroup | Trouble) else value


def _scaled(bounds: Range, factor: float, most: float) -> Range:
    return Range(low=min(bounds.low * factor, most), high=min(bounds.high * factor, most))
