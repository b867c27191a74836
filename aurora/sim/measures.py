"""Measures of a simulation: names, units and bounds, in one table for every command that shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from aurora.sim.optimum.bounds import Bounds
from aurora.sim.report import Report

Unit = Literal["score", "tasks", "seconds", "ratio", "share", "dollars", "joules", "grams", "decisions"]


class Measure(NamedTuple):
    """A measure of a simulation.

    Attributes:
        name: Name for people.
        unit: Unit of the value.
        read: Value of a report.
        bound: Lower bound that no plan which completes every task can beat; None where there is none.
    """

    name: str
    unit: Unit
    read: Callable[[Report], float]
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
"""Measures in the order in which they are shown."""


def measures_of(report: Report) -> tuple[Measure, ...]:
    """Return the measures that say something of a scenario: no devices, links, prices or power where it has none."""
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
