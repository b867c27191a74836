"""Expands a spec into a scenario, deterministically; every part has its own random stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from aurora.errors import ScenarioError
from aurora.quantities import JOULES_PER_KWH
from aurora.sim.objectives import ObjectiveTargets
from aurora.sim.scenarios.scenario import (
    Conditions,
    Congestion,
    Link,
    Node,
    NodeFailure,
    PriceChange,
    Scenario,
    Task,
    Workload,
)
from aurora.sim.scenarios.spec import Range, ScenarioSpec, TaskGroup
from aurora.types import LARGEST, SMALLEST
from aurora.validation import explain_validation

_NODES, _LINKS, _TROUBLE, _GROUPS = range(4)
EXTRA_LINKS = 2
"""Extra links of each site in a random topology."""


def expand(spec: ScenarioSpec) -> Scenario:
    """Return the scenario that a spec describes; the same spec gives the same scenario.

    Raises:
        ScenarioError: The scenario is not valid; the message names the field.
    """
    try:
        return _expanded(spec)
    except ValidationError as error:
        raise ScenarioError(f"spec {spec.spec_id} expands to no scenario: {explain_validation(error)}") from None


def _expanded(spec: ScenarioSpec) -> Scenario:
    sites = [f"site{i}" for i in range(spec.topology.sites)] if spec.topology.kind != "none" else []
    nodes = _nodes(spec, sites)
    links = _links(spec, sites)
    tasks: list[Task] = []
    for number, group in enumerate(spec.groups):
        rng = np.random.default_rng([spec.seed, _GROUPS, number])
        tasks += _tasks(spec, group, f"g{number}", sites, rng)
    tasks.sort(key=lambda t: t.arrival_time)
    return Scenario(
        scenario_id=spec.spec_id,
        domain=spec.domain,
        description=spec.rationale,
        nodes=tuple(nodes),
        links=tuple(links),
        workload_definition=Workload(
            tasks=tuple(tasks),
            workload_pattern=spec.groups[0].pattern,
            time_horizon=spec.time_horizon,
        ),
        environmental_conditions=_conditions(spec, nodes, links),
        objective_weights=spec.objective_weights,
        objective_targets=usual_targets(tasks, nodes, links),
        adversarial_rationale=spec.rationale,
        seed=spec.seed,
    )


def _draw(rng: np.random.Generator, bounds: Range, size: int) -> NDArray[np.float64]:
    """Draw log-uniform values; they are rounded to 6 digits, so that a scenario prints short."""
    values: NDArray[np.float64] = np.exp(rng.uniform(np.log(bounds.low), np.log(bounds.high), size))
    rounded = values.round(6)
    return np.where(rounded > 0, rounded, values).clip(SMALLEST, LARGEST)


def _rounded(value: float, digits: int) -> float:
    """Round a number, unless that gives 0."""
    return float(np.round(value, digits)) or value


def _nodes(spec: ScenarioSpec, sites: list[str]) -> list[Node]:
    nodes: list[Node] = []
    for number, kind in enumerate(spec.node_classes):
        for i in range(kind.count):
            site = None
            if sites and kind.site == "core":
                site = sites[0]
            elif sites and kind.site == "spread":
                site = sites[(i + 1) % len(sites)]
            nodes.append(
                Node(
                    node_id=f"n{number}-{i}",
                    cpu=kind.cpu,
                    memory=kind.memory,
                    accelerators=kind.accelerators,
                    accelerator_model=kind.accelerator_model,
                    speed=kind.speed,
                    price_per_hour=kind.price_per_hour,
                    idle_power=kind.idle_power,
                    full_power=kind.full_power,
                    site=site,
                    battery=kind.battery,
                )
            )
    # Classes are mixed, so that "the first node" is no hint of its class.
    order = np.random.default_rng([spec.seed, _NODES]).permutation(len(nodes))
    return [nodes[i] for i in order]


def _links(spec: ScenarioSpec, sites: list[str]) -> list[Link]:
    rng = np.random.default_rng([spec.seed, _LINKS])
    topology, pairs = spec.topology, list[tuple[int, int]]()
    if topology.kind == "star":
        pairs = [(0, i) for i in range(1, len(sites))]
    elif topology.kind == "ring":
        pairs = [(i, (i + 1) % len(sites)) for i in range(len(sites))]
    elif topology.kind == "random":
        # A random tree keeps the network connected; further links give a choice of paths.
        pairs = [(int(rng.integers(i)), i) for i in range(1, len(sites))]
        for i in range(len(sites)):
            for j in rng.integers(len(sites), size=EXTRA_LINKS):
                pair = (min(i, int(j)), max(i, int(j)))
                if pair[0] != pair[1] and pair not in pairs:
                    pairs.append(pair)
    bandwidth = _draw(rng, topology.bandwidth, len(pairs))
    latency = _draw(rng, topology.latency_ms, len(pairs))
    return [
        Link(
            link_id=f"l{k}",
            source=sites[a],
            target=sites[b],
            bandwidth=bandwidth[k],
            latency_ms=latency[k],
            price_per_gbps_hour=topology.price_per_gbps_hour,
        )
        for k, (a, b) in enumerate(pairs)
    ]


def _arrivals(group: TaskGroup, horizon: float, rng: np.random.Generator) -> NDArray[np.float64]:
    if group.pattern == "periodic":
        return (np.arange(group.count, dtype=np.float64) * (horizon / group.count)).round(3)
    if group.pattern == "bursty":
        instants = np.sort(rng.uniform(0, horizon, min(group.bursts, group.count)))
        return np.sort(rng.choice(instants, group.count)).round(3)
    return np.sort(rng.uniform(0, horizon, group.count)).round(3)


def _tasks(spec: ScenarioSpec, group: TaskGroup, name: str, sites: list[str], rng: np.random.Generator) -> list[Task]:
    size = group.count
    arrivals = _arrivals(group, spec.time_horizon, rng)
    duration = _draw(rng, group.duration, size)
    requested = duration * rng.uniform(1, group.overestimate, size)
    zeros = np.zeros(size)
    cpu = zeros if group.cpu is None else _draw(rng, group.cpu, size)
    memory = zeros if group.memory is None else _draw(rng, group.memory, size)
    bandwidth = zeros if group.bandwidth is None else _draw(rng, group.bandwidth, size)
    data = zeros if group.data_size is None else _draw(rng, group.data_size, size)
    sla = None if group.sla_latency_ms is None else _draw(rng, group.sla_latency_ms, size)
    priority = rng.choice(np.array(group.priorities), size)
    from_site = rng.integers(max(1, len(sites)), size=size)
    step = rng.integers(1, max(2, len(sites)), size=size)
    tasks: list[Task] = []
    for i in range(size):
        source = sites[from_site[i]] if group.has_source or group.is_flow else None
        target = sites[(from_site[i] + step[i]) % len(sites)] if group.is_flow else None
        tasks.append(
            Task(
                task_id=f"{name}-{i}",
                arrival_time=float(arrivals[i]),
                cpu_required=float(cpu[i]),
                memory_required=float(memory[i]),
                duration=float(duration[i]),
                requested_duration=min(LARGEST, _rounded(float(requested[i]), 6)),
                priority=int(priority[i]),
                sla_latency_ms=None if sla is None else float(sla[i]),
                dependencies=_dependencies(group, name, i),
                accelerators=group.accelerators,
                accelerator_share=group.accelerator_share,
                accelerator_models=group.accelerator_models,
                bandwidth=float(bandwidth[i]),
                data_size=float(data[i]),
                source_site=source,
                destination_site=target,
            )
        )
    return tasks


def _dependencies(group: TaskGroup, name: str, i: int) -> tuple[str, ...]:
    place = i % group.width
    first = i - place
    if group.dependency == "chain" and place > 0:
        return (f"{name}-{i - 1}",)
    if group.dependency == "fork_join" and place > 0:
        if place == group.width - 1:
            return tuple(f"{name}-{k}" for k in range(first + 1, i)) or (f"{name}-{first}",)
        return (f"{name}-{first}",)
    return ()


def _conditions(spec: ScenarioSpec, nodes: list[Node], links: list[Link]) -> Conditions:
    rng = np.random.default_rng([spec.seed, _TROUBLE])
    trouble, horizon = spec.trouble, spec.time_horizon
    failures, congestions, prices = [], [], []
    if nodes:
        lengths = _draw(rng, trouble.failure_duration, trouble.node_failures)
        for length, start in zip(lengths, rng.uniform(0, horizon, len(lengths)), strict=True):
            node = nodes[int(rng.integers(len(nodes)))].node_id
            failures.append(NodeFailure(node_id=node, start=round(float(start), 3), duration=float(length)))
    if links:
        factors = _draw(rng, trouble.congestion_factor, trouble.congestions)
        for factor, start in zip(factors, rng.uniform(0, horizon, len(factors)), strict=True):
            link = links[int(rng.integers(len(links)))].link_id
            congestions.append(
                Congestion(
                    link_id=link,
                    start=round(float(start), 3),
                    duration=max(SMALLEST, _rounded(horizon / 5, 3)),
                    factor=max(1.0, float(factor)),
                )
            )
    if nodes:
        factors = _draw(rng, trouble.price_factor, trouble.price_changes)
        for factor, time in zip(factors, np.sort(rng.uniform(0, horizon, len(factors))), strict=True):
            target = nodes[int(rng.integers(len(nodes)))].node_id if rng.random() < 0.5 else None  # noqa: PLR2004  # a fair coin
            prices.append(PriceChange(time=round(float(time), 3), factor=float(factor), node_id=target))
    return Conditions(
        node_failures=tuple(failures),
        network_congestion=tuple(congestions),
        dynamic_pricing=tuple(prices),
    )


def usual_targets(tasks: Sequence[Task], nodes: Sequence[Node], links: Sequence[Link]) -> ObjectiveTargets:
    """Return the values at which an objective scores one half, from the scenario's own work.

    Latency: a quarter of the mean duration, or for flows twice the mean link latency. Cost, energy and carbon: the
    total when all tasks are spread evenly over all nodes and each pays its share of an average node.
    """
    mean_duration = sum(t.duration for t in tasks) / len(tasks)
    latency = 0.25 * mean_duration
    if all(t.destination_site is not None for t in tasks):
        latency = 2 * sum(l.latency_ms for l in links) / max(1, len(links)) / 1000 + 0.01 * mean_duration
    dearest = max((l.price_per_gbps_hour for l in links), default=0.0)
    cost = sum(t.bandwidth * t.duration / 3600 * 2 * dearest for t in tasks)
    energy = carbon = 0.0
    intensity = np.array([n.carbon_intensity or 0.0 for n in nodes])
    if nodes:
        columns = [(n.cpu, n.memory, n.price_per_hour, n.full_power, n.speed) for n in nodes]
        cpu, memory, price, power, speed = np.array(columns).T
        for task in tasks:
            if task.destination_site is not None:
                continue
            used = np.minimum(1.0, np.maximum(_share(task.cpu_required, cpu), _share(task.memory_required, memory)))
            weight = 1 / len(nodes)
            cost = _added(cost, weight * (task.duration / 3600) * used * price / speed)
            joules = weight * task.duration * used * power / speed
            energy = _added(energy, joules)
            carbon = _added(carbon, joules * intensity / JOULES_PER_KWH)
    return ObjectiveTargets(
        latency=min(max(latency, 1e-3), LARGEST),
        cost=min(max(cost, 1e-6), LARGEST),
        energy=min(max(energy, 1e-3), LARGEST),
        **({"carbon": min(max(carbon, 1e-6), LARGEST)} if carbon > 0 else {}),
    )


def _share(asked: float, have: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each node's capacity; 0 where it has none."""
    return np.divide(asked, have, out=np.zeros_like(have), where=have > 0)


def _added(total: float, parts: NDArray[np.float64]) -> float:
    """Sum from left to right; a pairwise sum differs in the last digit, and so would all rewards."""
    return float(np.add.accumulate(np.concatenate([[total], parts]))[-1])
