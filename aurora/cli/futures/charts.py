"""The charts of `aurora futures --plot`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from aurora.charts import BLACK, BLUE, VERMILION, Band, Chart, Dash, Line
from aurora.quantities import percent

if TYPE_CHECKING:
    from aurora.cli.futures.run import Answer

DASHES: tuple[Dash, ...] = ("solid", "dash", "dashdot", "dot")
"""Of the tiers, from the lowest confidence on; more tiers share the last."""


def charts(answer: Answer) -> list[Chart]:
    """The demand fan with tiers, and the distributions of cost and of missed SLAs by plan."""
    return [_fan(answer), *_distributions(answer)]


def _fan(answer: Answer) -> Chart:
    """Bands end where the tiers lie: the upper end at a step is what covers that step with the tier's confidence."""
    outlook = answer.outlook
    ahead = _times(outlook.start, outlook.step, len(outlook.by_step))
    before = _times(outlook.start - len(answer.past) * outlook.step, outlook.step, len(answer.past))
    marks: list[Any] = []
    for tier in reversed([t for t in outlook.tiers if t.confidence > 0.5]):  # noqa: PLR2004  # the median has no band
        low = np.quantile(outlook.totals, 1 - tier.confidence, axis=0)
        name = f"{percent(1 - tier.confidence)} to {percent(tier.confidence)}"
        marks.append(Band(name, ahead, np.minimum(low, tier.by_step).tolist(), tier.by_step.tolist(), BLUE))
    marks.append(Line("median", ahead, np.median(outlook.totals, axis=0).tolist(), colour=BLUE))
    marks.append(Line("measured", before, answer.past.tolist(), colour=BLACK))
    for k, tier in enumerate(outlook.tiers):
        name = f"tier {percent(tier.confidence)}, {tier.kind}"
        dash = DASHES[min(k, len(DASHES) - 1)]
        marks.append(Line(name, [ahead[0], ahead[-1]], [tier.cores, tier.cores], colour=VERMILION, dash=dash))
    return Chart("Demand to come, and tiers that cover all of it", "time, UTC", "cores", tuple(marks))


def _distributions(answer: Answer) -> list[Chart]:
    simulated = answer.simulated
    levels = np.linspace(0, 1, 101)
    found = []
    for measure, scale, title, axis in (
        ("cost", 1.0, "Cost", "cost, $"),
        ("sla", 100.0, "Jobs that missed their SLA", "missed, %"),
    ):
        curves = tuple(
            Line(plan.plan_id, (scale * np.quantile(simulated.measured[measure][p], levels)).tolist(), levels.tolist())
            for p, plan in enumerate(simulated.plans)
        )
        found.append(Chart(f"{title}, over all futures and what-ifs", axis, "share of futures at or below", curves))
    return found


def _times(start: int, step: int, count: int) -> Sequence[datetime]:
    return [datetime.fromtimestamp(start + k * step, UTC) for k in range(count)]
