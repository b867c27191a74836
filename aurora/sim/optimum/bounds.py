"""Lower bounds on the latency, cost, energy, carbon and violations of a scenario.

Cost, energy and carbon: each task takes its cheapest option (`aurora.sim.optimum.options`), as if it were alone.
Latency and violations: a linear program (`aurora.sim.optimum.start_times`). All hold for plans that complete every
task.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any, NamedTuple

from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.objectives import OBJECTIVES, ObjectiveName
from aurora.sim.optimum.options import RESOURCES, task_options
from aurora.sim.optimum.start_times import least_latency_and_violations
from aurora.sim.outcome import Summary
from aurora.sim.rewards import score
from aurora.sim.scenarios.scenario import Scenario

BOUND_SLACK = 1e-6
"""Share by which a bound is lowered; it exceeds the solver's tolerance."""


class Bounds(NamedTuple):
    """Lower bounds that no plan which completes every task can beat.

    Attributes:
        latency: Mean latency, seconds.
        cost: Dollars.
        energy: Joules.
        violations: Number of tasks later than their SLA.
        carbon: Grams of CO2; 0 where no node states a carbon intensity.
    """

    latency: float
    cost: float
    energy: float
    violations: int
    carbon: float = 0.0

    def to_json(self, counted: Container[ObjectiveName]) -> dict[str, float]:
        """Return the bounds by name, without those of objectives that a scenario doesn't count."""
        uncounted = {o.bound for o in OBJECTIVES if o.name not in counted}
        return {name: value for name, value in self._asdict().items() if name not in uncounted}


def bounds(scenario: Scenario | EncodedScenario) -> Bounds:
    """Return lower bounds of a scenario's objectives.

    Args:
        scenario: The scenario, or the same as `encode` packed it.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    encoded = encode(scenario) if isinstance(scenario, Scenario) else scenario
    tasks = task_options(encoded)
    cost = sum(min(o.cost for o in task.options) for task in tasks)
    energy = max(sum(min(o.energy[r] for o in task.options) for task in tasks) for r in range(RESOURCES))
    carbon = max(sum(min(o.carbon[r] for o in task.options) for task in tasks) for r in range(RESOURCES))
    latency, violations = least_latency_and_violations(encoded, tasks)
    lowered = 1 - BOUND_SLACK
    return Bounds(latency * lowered, cost * lowered, energy * lowered, violations, carbon * lowered)


def best_reward(least: Bounds, scenario: Scenario) -> float:
    """Return a reward that no plan which completes every task exceeds: each objective at its own bound."""
    tasks = len(scenario.tasks)
    done = Summary(
        tasks=tasks,
        completed=tasks,
        unplaced=0,
        sla_violations=0,
        latency_mean=0.0,
        latency_p95=0.0,
        latency_max=0.0,
        bounded_slowdown=1.0,
        makespan=0.0,
        cpu_utilization=0.0,
        memory_utilization=0.0,
        accelerator_utilization=0.0,
        bandwidth_utilization=0.0,
        cost=0.0,
        energy=0.0,
        decisions=tasks,
    )
    least_amounts: dict[str, Any] = {o.field: o.least(least) for o in OBJECTIVES}
    return score(replace(done, **least_amounts), scenario).reward
