"""Predictors that `forecast_demand` asks: the quantiles of the latest past, or a trained forecaster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aurora.learning.forecasting.models.baselines import recent_quantiles
from aurora.learning.forecasting.windows import joined, latest
from aurora.learning.futures.demand_forecast import Predict
from aurora.learning.series.series import Forecast, Series

CONTEXT = 144
"""Values that the predictor without training looks back on."""


class Predictor(NamedTuple):
    """A predictor, and what it needs.

    Attributes:
        predict: Forecasts what follows the series' past.
        context: Values that a past must have.
        learned: Unix time up to which the predictor was trained on each series, by `unique_id`.
    """

    predict: Predict
    context: int
    learned: Mapping[str, float]


def recent(past: Sequence[Series], horizon: int) -> tuple[Forecast, ...]:
    """Forecast the quantiles of the latest quarter of the context, the same for every step; needs no training."""
    windows = joined([latest(s, k, CONTEXT, horizon, 0) for k, s in enumerate(past)], CONTEXT, horizon)
    quantiles = recent_quantiles(windows, horizon)
    return tuple(
        Forecast(s.unique_id, s.start + len(s) * s.step, s.step, rows, "recent_quantiles")
        for s, rows in zip(past, quantiles, strict=True)
    )


def predictor(folder: Path | None) -> Predictor:
    """Return the forecaster that `aurora train forecast` wrote to a folder, or `recent` without a folder.

    Raises:
        FileError: The folder holds no forecaster.
        DataError: The forecaster is damaged.
    """
    if folder is None:
        return Predictor(recent, CONTEXT, {})
    from aurora.learning.forecasting.champion import in_service  # noqa: PLC0415  # loads torch

    forecaster = in_service(folder)
    return Predictor(forecaster.predict, forecaster.context, forecaster.learned)
