"""Reports of forecasts: what follows each series, and the back-test by which the model was chosen.

`report_forecasts` is `aurora forecast`; `to_json` has the keys of `--json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from aurora.errors import InputError
from aurora.learning.forecasting.zero_shot import BacktestedForecast, forecast_by_best_baseline
from aurora.learning.series.series import QUANTILES, Finding, Forecast, Panel, Series
from aurora.types import Progress, no_progress

CONTEXT = 144
"""Values that a baseline looks back on: half a day of five-minute steps."""
MAX_SERIES_WITH_ETS = 20
"""Most series with AutoETS among the baselines; it takes half a second for each."""


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """Forecasts of some series.

    Attributes:
        series: The series.
        forecasts: A forecast of each.
        findings: Defects that were found in the data.
    """

    series: tuple[Series, ...]
    forecasts: tuple[BacktestedForecast, ...]
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora forecast --json`."""
        return {
            "levels": list(QUANTILES),
            "forecasts": [_forecast_json(forecast) for forecast in self.forecasts],
            "findings": [finding.to_json() for finding in self.findings],
        }


def report_forecasts(
    panel: Panel,
    horizon: int = 12,
    *,
    ids: Sequence[str] = (),
    model: Path | None = None,
    context: int | None = None,
    progress: Progress = no_progress,
) -> ForecastReport:
    """Forecast what follows each series, as quantiles.

    Args:
        panel: The series.
        horizon: Steps ahead.
        ids: Ids of the series to forecast; empty for all.
        model: Folder of a trained forecaster; None for the baseline with the lowest error on the series' past.
        context: Values that the model looks at; None for `CONTEXT`, or the forecaster's own.
        progress: Receives the series done.

    Raises:
        InputError: A series is absent or too short, or `horizon` or `context` is not one of the forecaster.
        FileError: The folder holds no forecaster.
        DataError: The forecaster is damaged.
    """
    series = chosen_series(panel, ids)
    return ForecastReport(series, _forecasts(series, horizon, model, context, progress), panel.findings)


def chosen_series(panel: Panel, ids: Sequence[str]) -> tuple[Series, ...]:
    """Return the series with some ids, or all series for no ids.

    Raises:
        InputError: An id is absent.
    """
    chosen = tuple(one for one in panel.series if not ids or one.unique_id in ids)
    if absent := set(ids) - {one.unique_id for one in chosen}:
        raise InputError(f"series={', '.join(sorted(absent))}: the data has no such series")
    return chosen


def _forecasts(
    series: Sequence[Series], horizon: int, model: Path | None, context: int | None, progress: Progress
) -> tuple[BacktestedForecast, ...]:
    if model is not None:
        from aurora.learning.forecasting.champion import in_service  # noqa: PLC0415  # loads torch

        forecaster = in_service(model)
        if context is not None and context != forecaster.context:
            raise InputError(
                f"the forecaster in {model} was trained for {forecaster.context}", parameter="context", value=context
            )
        return tuple(BacktestedForecast(forecast, {}) for forecast in forecaster.predict(series, horizon))
    with_ets = len(series) <= MAX_SERIES_WITH_ETS
    forecasts = []
    for done, one in enumerate(series, 1):
        forecasts.append(forecast_by_best_baseline(one, context=context or CONTEXT, horizon=horizon, with_ets=with_ets))
        progress("forecasts", done, len(series))
    return tuple(forecasts)


def timestamps(forecast: Forecast) -> list[str]:
    """Return the time of each step as text, ISO 8601 in UTC."""
    moments = (forecast.start + k * forecast.step for k in range(len(forecast.quantiles)))
    return [datetime.fromtimestamp(m, UTC).isoformat().replace("+00:00", "Z") for m in moments]


def _forecast_json(made: BacktestedForecast) -> dict[str, Any]:
    forecast, naive = made.forecast, made.last_value
    return {
        "unique_id": forecast.unique_id,
        "model": forecast.model,
        "step": forecast.step,
        "timestamps": timestamps(forecast),
        "quantiles": forecast.quantiles.tolist(),
        "back_test": {name: round(f.wql, 6) for name, f in made.figures.items() if isfinite(f.wql)},
        "last_value": None if naive is None or not isfinite(naive.wql) else naive.wql,
        "is_flat": made.is_flat,
    }
