"""Tools that look ahead: what a measured series will do next."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from aurora.learning.forecasting.report import CONTEXT
from aurora.learning.forecasting.zero_shot import forecast_by_best_baseline
from aurora.learning.series.series import QUANTILES
from aurora.tools.desk import Desk
from aurora.types import Frozen

QUANTILES_SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles that a model reads: the median, and the ends of the 50 and 90 % intervals."""
MAX_SERIES_LISTED = 50
"""Most series of a table."""
MIN_CONTEXT = 24
"""Fewest values that a baseline looks at."""
MAX_CONTEXTS_READ = 40
"""Most contexts of the past that a forecast reads, so that its time is bounded."""


class SeriesArguments(Frozen):
    """Which of the open series to list."""

    contains: str = Field(default="", max_length=200, description="part of the id; empty: all")


class SeriesRow(Frozen):
    """A measured series."""

    unique_id: str
    metric: str
    unit: str
    values: int
    step_minutes: float
    until: str = Field(description="UTC, of the last value")
    latest: float
    mean: float
    highest: float
    observed: float = Field(description="share of the values that were measured; the rest is filled in")


class SeriesTable(Frozen):
    """Measured series that are open."""

    found: int = Field(description="how many there are; at most 50 are listed")
    series: tuple[SeriesRow, ...]


def measured_series(desk: Desk, arguments: SeriesArguments) -> SeriesTable:
    """Which measured series are open: unit, step, length, level."""
    names = [n for n in desk.series_ids if arguments.contains in n]
    rows = []
    for one in map(desk.series, names[:MAX_SERIES_LISTED]):
        last = datetime.fromtimestamp(one.start + (len(one) - 1) * one.step, UTC)
        rows.append(
            SeriesRow(
                unique_id=one.unique_id,
                metric=one.labels.get("metric", ""),
                unit=one.labels.get("unit", ""),
                values=len(one),
                step_minutes=one.step / 60,
                until=f"{last:%Y-%m-%dT%H:%M:%SZ}",
                latest=float(one.y[-1]),
                mean=float(one.y.mean()),
                highest=float(one.y.max()),
                observed=float(one.observed.mean()),
            )
        )
    return SeriesTable(found=len(names), series=tuple(rows))


class ForecastArguments(Frozen):
    """Which series, and how far."""

    unique_id: str = Field(max_length=200, description="id of an open series")
    horizon: int = Field(default=12, ge=1, le=48, description="steps ahead")


class ForecastStep(Frozen):
    """The distribution of one value to come."""

    minutes_ahead: float
    p05: float
    p25: float
    p50: float
    p75: float
    p95: float


class ForecastResult(Frozen):
    """What comes next."""

    unique_id: str
    model: str = Field(description="the baseline that would have served this series best so far")
    wql: float | None = Field(description="its weighted quantile loss on the series' own past; None: too short to say")
    coverage_80: float | None = Field(description="share of past values inside its 80 % interval")
    latest: float = Field(description="the last measured value")
    unit: str
    interval_share: float = Field(description="share of outcomes expected from p05 to p95")
    backtest_share: float = Field(description="share of past values that coverage_80 should be")
    steps: tuple[ForecastStep, ...]


def forecast(desk: Desk, arguments: ForecastArguments) -> ForecastResult:
    """Forecast the next values of a measured series, as quantiles, by the baseline that served it best so far."""
    one = desk.series(arguments.unique_id)
    context = max(MIN_CONTEXT, min(CONTEXT, len(one) // 2))
    recent = one.between(max(0, len(one) - MAX_CONTEXTS_READ * CONTEXT), len(one))
    made = forecast_by_best_baseline(recent, context=context, horizon=arguments.horizon)
    figures = made.own_figures
    columns = [QUANTILES.index(level) for level in QUANTILES_SHOWN]
    steps = tuple(
        ForecastStep(
            minutes_ahead=(k + 1) * one.step / 60,
            **dict(zip(("p05", "p25", "p50", "p75", "p95"), (float(row[c]) for c in columns), strict=True)),
        )
        for k, row in enumerate(made.forecast.quantiles)
    )
    return ForecastResult(
        unique_id=one.unique_id,
        model=made.forecast.model,
        wql=None if figures is None else figures.wql,
        coverage_80=None if figures is None else figures.coverage_80,
        latest=float(one.y[-1]),
        unit=one.labels.get("unit", ""),
        interval_share=QUANTILES_SHOWN[-1] - QUANTILES_SHOWN[0],
        backtest_share=0.8,
        steps=steps,
    )
