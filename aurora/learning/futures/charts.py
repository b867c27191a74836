"""Charts of a futures report: the demand fan with its tiers, and distributions of measures by plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from aurora.charts import BLACK, BLUE, VERMILION, Band, Chart, Dash, Line
from aurora.quantities import percent

if TYPE_CHECKING:
    from aurora.learning.futures.report import FuturesReport

DASHES: tuple[Dash, ...] = ("solid", "dash", "dashdot", "dot")
"""Dashes of the tiers, from the lowest confidence on; further tiers share the last."""


def futures_charts(report: FuturesReport) -> list[Chart]:
    """Return a fan of the demand with its tiers, and distributions of cost and of missed SLAs by plan."""
    return [_fan(report), *_distributions(report)]


def _fan(report: FuturesReport) -> Chart:
    """Draw bands that end at the tiers: the upper end at a step covers that step with the tier's confidence."""
    demand = report.demand
    ahead = _times(demand.start, demand.step, len(demand.by_step))
    before = _times(demand.start - len(report.past) * demand.step, demand.step, len(report.past))
    marks: list[Any] = []
    for tier in reversed([t for t in demand.tiers if t.confidence > 0.5]):  # noqa: PLR2004  # the median has no band
        low = np.quantile(demand.totals, 1 - tier.confidence, axis=0)
        name = f"{percent(1 - tier.confidence)} to {percent(tier.confidence)}"
        marks.append(Band(name, ahead, np.minimum(low, tier.by_step).tolist(), tier.by_step.tolist(), BLUE))
    marks.append(Line("median", ahead, np.median(demand.totals, axis=0).tolist(), colour=BLUE))
    marks.append(Line("measured", before, report.past.tolist(), colour=BLACK))
    for k, tier in enumerate(demand.tiers):
        name = f"tier {percent(tier.confidence)}, {'reserved' if tier.kind == 'reserved' else 'on demand'}"
        dash = DASHES[min(k, len(DASHES) - 1)]
        marks.append(Line(name, [ahead[0], ahead[-1]], [tier.cores, tier.cores], colour=VERMILION, dash=dash))
    return Chart("Demand to come, and tiers that cover all of it", "time, UTC", "cores", tuple(marks))


def _distributions(report: FuturesReport) -> list[Chart]:
    simulated = report.simulated
    levels = np.linspace(0, 1, 101)
    charts = []
    for measure, scale, title, axis in (
        ("cost", 1.0, "Cost", "cost, $"),
        ("sla", 100.0, "Jobs that missed their SLA", "missed, %"),
    ):
        curves = tuple(
            Line(plan.plan_id, (scale * np.quantile(simulated.measured[measure][p], levels)).tolist(), levels.tolist())
            for p, plan in enumerate(simulated.plans)
        )
        charts.append(Chart(f"{title}, over all futures and what-ifs", axis, "share of futures at or below", curves))
    return charts


def _times(start: int, step: int, count: int) -> Sequence[datetime]:
    return [datetime.fromtimestamp(start + k * step, UTC) for k in range(count)]
