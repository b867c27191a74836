"""Draws specs of scenarios at random or by mutation, and describes scenarios by statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.source import Source, Spec
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.scenario import Scenario

NEAR_DUPLICATE = 0.01
"""Distance between two descriptions below which their scenarios are near duplicates."""
FRESH_SHARE = 0.4
"""Probability that a proposal is sampled anew instead of mutated from an earlier one."""
NO_LEVELS_TARGET = 0.5
"""Target complexity for a source without levels."""


class Known(NamedTuple):
    """An earlier spec with the attacker's reward for it and its description."""

    spec: Spec
    reward: float
    description: tuple[float, ...]


def propose(source: Source, level: int, known: Sequence[Known], count: int, rng: np.random.Generator) -> list[Spec]:
    """Return specs: new samples, and mutations of rewarding ones (tournaments of 3).

    Args:
        source: Source that samples and mutates specs.
        level: Level of the curriculum, from 1.
        known: Earlier specs with their rewards.
        count: Number of specs.
        rng: Random numbers.
    """
    specs: list[Spec] = []
    for _ in range(count):
        usable = [k for k in known if getattr(k.spec, "level", level) == level]
        if not usable or rng.random() < FRESH_SHARE:
            family = source.training[int(rng.integers(len(source.training)))]
            specs.append(source.sample(family, level, rng))
        else:
            rivals = [usable[int(rng.integers(len(usable)))] for _ in range(3)]
            specs.append(source.mutate(max(rivals, key=lambda k: k.reward).spec, rng))
    return specs


def describe(scenario: Scenario) -> tuple[float, ...]:
    """Return statistics of a scenario, each about 0 to 1: sizes, load, spread, bursts, mix, disturbances.

    Order: log tasks, log nodes, mean and spread of log duration, mean cores relative to the largest node, burstiness
    of arrivals; shares of tasks with dependencies, accelerators, a fraction of one, a latency SLA, required models,
    a destination; counts n of node failures, congestions and price changes, each as n / (n + 10).
    """
    tasks = scenario.tasks
    arrivals = np.array([t.arrival_time for t in tasks])
    gaps = np.diff(np.sort(arrivals))
    duration = np.log10(np.array([t.duration for t in tasks]) + 1)
    cpu = max((n.cpu for n in scenario.nodes), default=1.0)
    conditions = scenario.environmental_conditions

    def share(flags: list[bool]) -> float:
        return sum(flags) / len(flags)

    def saturating(count: int) -> float:
        return count / (count + 10)

    burst = float(gaps.std() / (gaps.std() + gaps.mean())) if len(gaps) and gaps.sum() > 0 else 0.0
    return (
        float(np.log10(len(tasks)) / 4),
        float(np.log10(len(scenario.nodes) + 1) / 4),
        float(duration.mean() / 6),
        float(duration.std()),
        float(np.mean([t.cpu_required for t in tasks]) / cpu),
        burst,
        share([bool(t.dependencies) for t in tasks]),
        share([t.accelerators > 0 for t in tasks]),
        share([t.accelerators > 0 and t.accelerator_share < 1 for t in tasks]),
        share([t.sla_latency_ms is not None for t in tasks]),
        share([bool(t.accelerator_models) for t in tasks]),
        share([t.destination_site is not None for t in tasks]),
        saturating(len(conditions.node_failures)),
        saturating(len(conditions.network_congestion)),
        saturating(len(conditions.dynamic_pricing)),
    )


def complexity(description: Sequence[float]) -> float:
    """Return the complexity of a scenario, 0 to 1: twice the mean of its description, capped."""
    return float(np.clip(np.mean(np.minimum(description, 1.0)) * 2, 0, 1))


def target_complexity(source: Source, level: int) -> float:
    """Return the complexity that the attacker's reward asks for at a level, 0 to 1."""
    return LEVELS[level - 1].difficulty / 10 if source.has_levels else NO_LEVELS_TARGET


def diversity(description: Sequence[float], known: Sequence[Known]) -> float:
    """Return the distance to the nearest known scenario, 0 (the same) to 1; 1 if none is known."""
    if not known:
        return 1.0
    others: NDArray[np.float64] = np.array([k.description for k in known])
    nearest = float(np.sqrt(((others - np.array(description)) ** 2).sum(axis=1)).min())
    return min(1.0, nearest)
