"""What no policy can beat: lower bounds on latency, cost, energy and violations of a scenario.

Cost and energy: every task on its cheapest option (`aurora.sim.optimum.options`), as if it were alone. Latency
and violations: a linear program (`aurora.sim.optimum.start_times`). All hold for plans that complete every task.
"""

from __future__ import annotations

from typing import NamedTuple

from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.optimum.options import RESOURCES, outlooks
from aurora.sim.optimum.start_times import least_latency_and_violations
from aurora.sim.outcome import Summary
from aurora.sim.rewards import score
from aurora.sim.scenarios.scenario import Scenario

ROUNDING = 1e-6
"""A bound is lowered by this share, more than the solver's tolerance."""


class Bounds(NamedTuple):
    """What no plan that completes every task can beat.

    Attributes:
        latency: Mean, seconds.
        cost: Dollars.
        energy: Joules.
        violations: Tasks.
    """

    latency: float
    cost: float
    energy: float
    violations: int


def bounds(scenario: Scenario | EncodedScenario) -> Bounds:
    """Return lower bounds of a scenario's objectives.

    Args:
        scenario: The scenario, or the same as `encode` packed it.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    encoded = encode(scenario) if isinstance(scenario, Scenario) else scenario
    every = outlooks(encoded)
    cost = sum(min(o.cost for o in each.options) for each in every)
    energy = max(sum(min(o.energy[r] for o in each.options) for each in every) for r in range(RESOURCES))
    latency, violations = least_latency_and_violations(encoded, every)
    return Bounds(latency * (1 - ROUNDING), cost * (1 - ROUNDING), energy * (1 - ROUNDING), violations)


def best_reward(least: Bounds, scenario: Scenario) -> float:
    """A reward that no plan which completes every task exceeds: each objective at its own bound."""
    tasks = len(scenario.tasks)
    ideal = Summary(
        tasks=tasks,
        completed=tasks,
        unplaced=0,
        sla_violations=least.violations,
        latency_mean=least.latency,
        latency_p95=0.0,
        latency_max=0.0,
        bounded_slowdown=1.0,
        makespan=0.0,
        cpu_utilization=0.0,
        memory_utilization=0.0,
        accelerator_utilization=0.0,
        bandwidth_utilization=0.0,
        cost=least.cost,
        energy=least.energy,
        decisions=tasks,
    )
    return score(ideal, scenario).reward
