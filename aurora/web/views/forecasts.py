"""Data of the page Forecasts: what follows a series, and the capacity that covers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from aurora.charts import BLACK, VERMILION, Chart, Line
from aurora.errors import InputError
from aurora.learning.forecasting.charts import fan_chart
from aurora.learning.forecasting.metrics import ENDS, MEDIAN
from aurora.learning.forecasting.report import CONTEXT
from aurora.learning.forecasting.wording import back_test_text
from aurora.learning.forecasting.zero_shot import BacktestedForecast, forecast_by_best_baseline
from aurora.learning.futures.charts import futures_charts
from aurora.learning.futures.demand import running
from aurora.learning.futures.promises import KeptPromise, kept_promises, past_tiers
from aurora.learning.futures.report import FuturesReport, FuturesRequest, report_futures
from aurora.learning.series.series import Panel, Series
from aurora.quantities import count, dollars, duration, moment, percent, plain
from aurora.types import Progress, no_progress

TOGETHER = "*cpu"
"""Key of all CPU series of a panel together."""
FUTURES = 200
"""Number of futures in which plans are compared on the page; the command line takes 1,000."""
MAX_EFFORT = 4e7
"""Most jobs to simulate for a page; see `report_futures`."""
MIN_HORIZON, MAX_HORIZON = 2, 96
"""Steps ahead that the page offers: up to 8 hours of five-minute steps."""
SHOWN_TIER = 0.95
"""Confidence of the tier whose past is drawn."""


class SeriesRow(NamedTuple):
    """A series that can be chosen.

    Attributes:
        key: Its id, or `TOGETHER`.
        label: Its id with its unit, or what is summed.
    """

    key: str
    label: str


class StepRow(NamedTuple):
    """A step of a forecast, as texts with units.

    Attributes:
        time: Time in UTC.
        median: Median.
        half, most, nearly_all: Intervals of 50, 80 and 95 %.
    """

    time: str
    median: str
    half: str
    most: str
    nearly_all: str


@dataclass(frozen=True, slots=True)
class ForecastView:
    """What follows a series.

    Attributes:
        unit: Unit of the values.
        chart: The measured past, the median and intervals of 50, 80 and 95 %.
        summary: What the chart shows, in a sentence.
        method: How the forecast was made, and its error in the past, in a sentence.
        end: Time of day of the latest value.
        end_note: Its day, and the length of a step.
        next_median, next_interval: Next value, and its 80 % interval.
        last_median, last_interval: Value at the end of the horizon, and its 80 % interval.
        steps: Steps of the forecast.
        findings: Defects of the data, in sentences.
    """

    unit: str
    chart: Chart
    summary: str
    method: str
    end: str
    end_note: str
    next_median: str
    next_interval: str
    last_median: str
    last_interval: str
    steps: tuple[StepRow, ...]
    findings: tuple[str, ...]


def series_rows(panel: Panel) -> tuple[SeriesRow, ...]:
    """Return the series of a panel, and all CPU series together where there are several.

    Args:
        panel: The series.
    """
    together = _cpu(panel)
    own = tuple(SeriesRow(s.unique_id, f"{s.unique_id}, {unit_of(s)}") for s in panel.series)
    if len(together) < 2:  # noqa: PLR2004  # a sum of several
        return own
    return (SeriesRow(TOGETHER, f"All {count(len(together))} CPU series together, {unit_of(together[0])}"), *own)


def chosen(panel: Panel, key: str) -> tuple[Series, ...]:
    """Return the series of a key; the first row's for an empty one.

    Args:
        panel: The series.
        key: Key of a `SeriesRow`.

    Raises:
        InputError: The panel has no such series.
    """
    rows = series_rows(panel)
    key = key or rows[0].key
    if key == TOGETHER and key in {r.key for r in rows}:
        return _cpu(panel)
    found = tuple(s for s in panel.series if s.unique_id == key)
    if not found:
        raise InputError(f"there is no such series; there are {len(panel.series)}", parameter="series", value=key)
    return found


def unit_of(series: Series) -> str:
    """Return the unit of a series for people."""
    return series.labels.get("unit", "") or "unit not stated"


def _cpu(panel: Panel) -> tuple[Series, ...]:
    units = {s.labels.get("unit", "") for s in panel.series if s.labels.get("metric") == "cpu"}
    return tuple(s for s in panel.series if s.labels.get("metric") == "cpu") if len(units) == 1 else ()


def summed(series: Sequence[Series]) -> Series:
    """Return the sum of series over the time that they share; a single one as it is.

    Args:
        series: Series of one quantity.

    Raises:
        InputError: They have no time in common, or steps of different lengths.
    """
    if len(series) == 1:
        return series[0]
    together = running(series).series
    first = together[0]
    return Series(
        f"{count(len(together))} series together",
        first.start,
        first.step,
        np.sum([s.y for s in together], axis=0),
        np.all([s.observed for s in together], axis=0),
        labels={k: first.labels[k] for k in ("metric", "unit") if k in first.labels},
    )


def forecast_view(series: Series, horizon: int, findings: Sequence[str] = ()) -> ForecastView:
    """Forecast a series by the baseline with the lowest error on its past.

    Args:
        series: The series.
        horizon: Steps ahead.
        findings: Defects of its data, in sentences.

    Raises:
        InputError: The series is too short.
    """
    made = forecast_by_best_baseline(series, context=CONTEXT, horizon=horizon)
    forecast, unit = made.forecast, unit_of(series)
    steps = tuple(
        StepRow(
            moment(forecast.start + k * forecast.step),
            f"{plain(row[MEDIAN])} {unit}",
            *(f"{plain(row[low])} to {plain(row[high])} {unit}" for low, high in (ENDS[p] for p in (50, 80, 95))),
        )
        for k, row in enumerate(forecast.quantiles)
    )
    ahead, end = duration(horizon * series.step), moment(forecast.start - forecast.step)
    return ForecastView(
        unit=unit,
        chart=fan_chart(series, forecast),
        summary=f"Measured values up to {end}, then the median and the intervals "
        f"of 50, 80 and 95 % for {ahead} ({horizon} steps of {duration(series.step)}).",
        method=_method(made),
        end=end.partition(" ")[2],
        end_note=f"{end.partition(' ')[0]}, a value each {duration(series.step)}",
        next_median=steps[0].median,
        next_interval=steps[0].most,
        last_median=steps[-1].median,
        last_interval=steps[-1].most,
        steps=steps,
        findings=tuple(findings),
    )


def _method(made: BacktestedForecast) -> str:
    if made.own_figures is None:
        return f"By {made.forecast.model}; the series is too short for a back-test, so nobody knows how good it is."
    text = back_test_text(made)
    return f"By {made.forecast.model}, the baseline with the lowest error on this series' own past: {text}."


class TierRow(NamedTuple):
    """A tier of capacity, as texts with units.

    Attributes:
        name: Promise and kind.
        cores: Capacity for the whole horizon.
        exceeded: Probability that demand exceeds it at some step.
        kept: How often it held at past moments, with the 95 % interval.
        verdict: `kept`, `not kept` or `not checked`.
    """

    name: str
    cores: str
    exceeded: str
    kept: str
    verdict: str


class PlanRow(NamedTuple):
    """A plan of nodes in all futures, as texts with units.

    Attributes:
        name: Its id.
        nodes: Reserved and on-demand nodes.
        cost: Mean cost over the horizon, and the 5th to 95th percentile of futures.
        missed: Share of jobs that waited too long, likewise.
        worse: Loss above that of the best plan, with its 95 % interval; "best" for the best.
        best_with: Probability that it is the best.
    """

    name: str
    nodes: str
    cost: str
    missed: str
    worse: str
    best_with: str


@dataclass(frozen=True, slots=True)
class FuturesView:
    """Demand to come in cores, the tiers that cover it, and plans in sampled futures.

    Attributes:
        report: The report itself, for what-ifs in its futures.
        fan: The measured past, intervals of the demand, and tiers.
        fan_summary: What it shows, in a sentence.
        tiers: Tiers, from the lowest confidence on.
        past: Highest demand at past moments, and the tiers of these moments; None where too few are known.
        past_summary: What it shows, in a sentence.
        plans: Plans, the best first.
        terms: Size and prices of the plans' nodes.
        notes: What was assumed or left out, in sentences.
        basis: Futures and back-tests, in a sentence.
    """

    report: FuturesReport
    fan: Chart
    fan_summary: str
    tiers: tuple[TierRow, ...]
    past: Chart | None
    past_summary: str
    plans: tuple[PlanRow, ...]
    terms: str
    notes: tuple[str, ...]
    basis: str


def futures_view(
    series: Sequence[Series], horizon: int, *, cores_per_unit: float | None = None, progress: Progress = no_progress
) -> FuturesView:
    """Sample futures of demand, derive tiers, and compare plans.

    Args:
        series: Measured demand of one quantity.
        horizon: Steps ahead.
        cores_per_unit: Cores that one unit of the series needs; None for series in cores.
        progress: Receives the progress of back-tests and of the simulation.

    Raises:
        InputError: The series are not of cores, too short, or have too many gaps.
        ScenarioError: There would be too many jobs to simulate.
    """
    request = FuturesRequest(horizon=horizon, futures=FUTURES, cores_per_unit=cores_per_unit)
    report = report_futures(series, request, max_effort=MAX_EFFORT, progress=progress)
    demand = report.demand
    confidences = [t.confidence for t in demand.tiers]
    moments = past_tiers(demand.past, demand.step, confidences)
    kept = {k.confidence: k for k in kept_promises(moments, confidences)}
    ahead = duration(horizon * demand.step)
    place = min(range(len(confidences)), key=lambda k: abs(confidences[k] - SHOWN_TIER))
    return FuturesView(
        report=report,
        fan=futures_charts(report)[0],
        fan_summary=f"Cores in use so far, and in the next {ahead}; a tier is the capacity that covers all of it with "
        "its confidence.",
        tiers=tuple(
            TierRow(
                f"{percent(t.confidence)}, {'reserved' if t.kind == 'reserved' else 'on demand'}",
                f"{plain(t.cores)} cores",
                percent(t.above_horizon),
                *_kept_text(kept.get(t.confidence), is_backed=t.is_backed),
            )
            for t in demand.tiers
        ),
        past=None
        if not moments
        else _past_chart(
            [m.start for m in moments], [m.peak for m in moments], [m.cores[place] for m in moments], confidences[place]
        ),
        past_summary=f"Each mark is the highest demand of {ahead}. The line is the tier of "
        f"{percent(confidences[place])} that was known before.",
        plans=plan_rows(report),
        terms=_terms(report),
        notes=(
            *report.data_notes,
            *(("The unit of the series is not stated, so one of it is taken for a core.",) * report.scale.is_assumed),
        ),
        basis=f"{count(FUTURES)} sampled futures of {ahead}, recalibrated by {count(demand.dependence.origins)} "
        "forecasts at past moments.",
    )


def _kept_text(kept: KeptPromise | None, *, is_backed: bool) -> tuple[str, str]:
    if kept is None:
        return "too few past moments", "not checked"
    text = f"{kept.inside} of {kept.moments}: {percent(round(kept.share, 3))}"
    text += f" ({percent(round(kept.low, 3))} to {percent(round(kept.high, 3))}, 95 %)"
    if kept.high < kept.confidence:
        return text, "not kept"
    return (text, "kept") if is_backed else (text, "too few moments to check")


def _past_chart(starts: Sequence[int], peaks: Sequence[float], cores: Sequence[float], confidence: float) -> Chart:
    times = [datetime.fromtimestamp(s, UTC) for s in starts]
    return Chart(
        "The promise at past moments",
        "time, UTC",
        "cores",
        (
            Line("highest demand", times, list(peaks), points=True, colour=BLACK),
            Line(f"tier {percent(confidence)}", times, list(cores), colour=VERMILION),
        ),
    )


def plan_rows(report: FuturesReport, what_if: str | None = None) -> tuple[PlanRow, ...]:
    """Return the plans of a report, the best first.

    Args:
        report: The report.
        what_if: Name of the what-if whose outcomes are shown; None: the forecast itself.
    """
    name = report.what_ifs[0] if what_if is None else what_if
    rows = []
    ranked = report.standings_with(name)
    for standing in ranked:
        plan, measures = report.plan(standing.plan_id), report.measures(standing.plan_id)[name]
        low, high = np.percentile(measures["cost"], (5, 95))
        missed = np.percentile(measures["sla"], (5, 95))
        is_best = standing is ranked[0]
        rows.append(
            PlanRow(
                standing.plan_id,
                f"{count(plan.reserved_nodes)} reserved, {count(plan.burst_nodes)} on demand",
                f"{dollars(float(measures['cost'].mean()))} ({dollars(float(low))} to {dollars(float(high))})",
                f"{_share(float(measures['sla'].mean()))} ({_share(float(missed[0]))} to {_share(float(missed[1]))})",
                "best"
                if is_best
                else f"{plain(standing.worse, 3)} ({plain(standing.low, 3)} to {plain(standing.high, 3)})",
                percent(round(standing.probability_best, 3)),
            )
        )
    return tuple(rows)


def _share(value: float) -> str:
    return percent(round(value, 4))


def _terms(report: FuturesReport) -> str:
    plan = report.simulated.plans[0]
    return (
        f"Nodes of {plain(plan.node_cores)} cores, {dollars(plan.reserved_price)}/h reserved and "
        f"{dollars(plan.burst_price)}/h on demand while in use. Cost is that of the whole horizon, with the 5th to "
        "95th percentile of futures."
    )
