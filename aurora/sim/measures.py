"""The measures of a simulation: names, units and bounds, in one table for every command that shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from aurora.sim.optimum.bounds import Bounds
from aurora.sim.report import SimulationReport

Unit = Literal["score", "tasks", "seconds", "ratio", "share", "dollars", "joules", "grams", "decisions"]


class Measure(NamedTuple):
    """A measure of a simulation.

    Attributes:
        name: Name that tables show.
        unit: Unit of the value.
        read: Returns the value of a report.
        bound: Returns the lower bound for plans that complete every task; None if there is no such bound.
    """

    name: str
    unit: Unit
    read: Callable[[SimulationReport], float]
    bound: Callable[[Bounds], float] | None = None


MEASURES: tuple[Measure, ...] = (
    Measure("reward", "score", lambda r: r.scores.reward),
    Measure("tasks completed", "tasks", lambda r: r.outcome.summary.completed),
    Measure("tasks late or not completed", "tasks", lambda r: r.outcome.summary.sla_violations, lambda b: b.violations),
    Measure("latency, mean", "seconds", lambda r: r.outcome.summary.latency_mean, lambda b: b.latency),
    Measure("latency, 95 % of tasks", "seconds", lambda r: r.outcome.summary.latency_p95),
    Measure("latency, longest", "seconds", lambda r: r.outcome.summary.latency_max),
    Measure("slowdown by waiting, mean", "ratio", lambda r: r.outcome.summary.bounded_slowdown),
    Measure("time until all is done", "seconds", lambda r: r.outcome.summary.makespan),
    Measure("cost, paid by tasks", "dollars", lambda r: r.outcome.summary.cost, lambda b: b.cost),
    Measure("bill, all nodes that are up", "dollars", lambda r: r.bill),
    Measure("energy", "joules", lambda r: r.outcome.summary.energy, lambda b: b.energy),
    Measure("carbon", "grams", lambda r: r.outcome.summary.carbon, lambda b: b.carbon),
    Measure("cores used", "share", lambda r: r.outcome.summary.cpu_utilization),
    Measure("memory used", "share", lambda r: r.outcome.summary.memory_utilization),
    Measure("devices used", "share", lambda r: r.outcome.summary.accelerator_utilization),
    Measure("bandwidth used", "share", lambda r: r.outcome.summary.bandwidth_utilization),
    Measure("decisions", "decisions", lambda r: r.outcome.summary.decisions),
)
"""All measures, in the order of the tables."""


def measures_of(report: SimulationReport) -> tuple[Measure, ...]:
    """Return the measures that apply to a scenario; those of devices, links, prices or power only if it has some."""
    scenario = report.scenario
    absent = set()
    if not any(n.accelerators for n in scenario.nodes):
        absent.add("devices used")
    if not scenario.links:
        absent.add("bandwidth used")
    if not scenario.nodes:
        absent |= {"cores used", "memory used", "bill, all nodes that are up"}
    if not any(n.price_per_hour for n in scenario.nodes):
        absent.add("bill, all nodes that are up")
        if not any(l.price_per_gbps_hour for l in scenario.links):
            absent.add("cost, paid by tasks")
    if not any(n.full_power for n in scenario.nodes):
        absent.add("energy")
    if "carbon" not in scenario.counted:
        absent.add("carbon")
    return tuple(m for m in MEASURES if m.name not in absent)
