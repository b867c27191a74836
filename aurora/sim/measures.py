"""The measures of a simulation: names, units and bounds, in one table for every command that shows them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from aurora import quantities
from aurora.sim.objectives import BY_NAME, OBJECTIVES, SHARES, WITH_TARGET, Objective, ObjectiveName
from aurora.sim.optimum.bounds import Bounds
from aurora.sim.report import SimulationReport

ROUNDING = 1e-9
"""Relative difference up to which two sums differ by rounding only."""


class Measure(NamedTuple):
    """A measure of a simulation.

    Attributes:
        name: Name that tables show.
        unit: Unit of the value, for `aurora.quantities.with_unit`.
        read: Returns the value of a report.
        bound: Returns the lower bound for plans that complete every task; None if there is no such bound.
    """

    name: str
    unit: str
    read: Callable[[SimulationReport], float]
    bound: Callable[[Bounds], float] | None = None


def _sum(name: str, unit: str, field: str) -> Measure:
    """Return the measure that a field of `Summary` holds."""
    return Measure(name, unit, lambda r: float(getattr(r.outcome.summary, field)))


def _amount(objective: Objective) -> Measure:
    """Return the measure of an objective's amount, with its bound."""
    return Measure(
        objective.measure,
        objective.shown_unit,
        lambda r: objective.amount(r.outcome.summary),
        objective.least if objective.bound else None,
    )


_AFTER: Mapping[ObjectiveName, tuple[Measure, ...]] = {
    "latency": (
        _sum("latency, 95 % of tasks", "s", "latency_p95"),
        _sum("latency, longest", "s", "latency_max"),
        _sum("slowdown by waiting, mean", "ratio", "bounded_slowdown"),
        _sum("time until all is done", "s", "makespan"),
    ),
    "cost": (Measure("bill, all nodes that are up", "$", lambda r: r.bill),),
}
"""Measures that are no objective, after the one that they detail."""

MEASURES: tuple[Measure, ...] = (
    Measure("reward", "score", lambda r: r.scores.reward),
    _sum("tasks completed", "tasks", "completed"),
    *(m for o in (*SHARES, *WITH_TARGET) for m in (_amount(o), *_AFTER.get(o.name, ()))),
    _sum("cores used", "share", "cpu_utilization"),
    _sum("memory used", "share", "memory_utilization"),
    _sum("devices used", "share", "accelerator_utilization"),
    _sum("bandwidth used", "share", "bandwidth_utilization"),
    _sum("decisions", "decisions", "decisions"),
)
"""All measures, in the order of the tables."""


def measures_of(report: SimulationReport) -> tuple[Measure, ...]:
    """Return the measures that apply to a scenario; those of devices, links, prices or power only if it has some."""
    scenario = report.scenario
    absent = {o.measure for o in OBJECTIVES if o.name not in scenario.counted}
    if not any(n.accelerators for n in scenario.nodes):
        absent.add("devices used")
    if not scenario.links:
        absent.add("bandwidth used")
    if not scenario.nodes:
        absent |= {"cores used", "memory used", "bill, all nodes that are up"}
    if not any(n.price_per_hour for n in scenario.nodes):
        absent.add("bill, all nodes that are up")
        if not any(l.price_per_gbps_hour for l in scenario.links):
            absent.add(BY_NAME["cost"].measure)
    if not any(n.full_power for n in scenario.nodes):
        absent.add(BY_NAME["energy"].measure)
    return tuple(m for m in MEASURES if m.name not in absent)


class Compared(NamedTuple):
    """A measure of two reports, in words with units.

    Attributes:
        name: Its name.
        before, after: Its values.
        difference: The difference with its sign.
        relative: The difference in per cent; "" if the first is 0.
        change: The difference as a number, 0 where it is rounding only.
    """

    name: str
    before: str
    after: str
    difference: str
    relative: str
    change: float


def compared(before: SimulationReport, after: SimulationReport) -> tuple[Compared, ...]:
    """Return the measures that apply before or after, with their differences."""
    names = {m.name for r in (before, after) for m in measures_of(r)}
    return tuple(_compared(m, m.read(before), m.read(after)) for m in MEASURES if m.name in names)


def _compared(measure: Measure, old: float, new: float) -> Compared:
    change = 0.0 if math.isclose(old, new, rel_tol=ROUNDING) else new - old
    return Compared(
        measure.name,
        quantities.with_unit(old, measure.unit),
        quantities.with_unit(new, measure.unit),
        quantities.signed(change, measure.unit),
        quantities.relative(new, old),
        change,
    )
