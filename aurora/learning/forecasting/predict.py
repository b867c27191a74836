"""A forecast in one call: by the best baseline of each series, or by a trained forecaster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from aurora.learning.forecasting.zero_shot import forecast_by_best_baseline
from aurora.learning.series.dataframes import forecast_frame, is_frame, series_of
from aurora.learning.series.series import Forecast, Panel, Series

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

CONTEXT = 144
"""Values that a baseline looks back on: half a day of five-minute steps."""
MAX_SERIES_WITH_ETS = 20
"""Series up to which AutoETS is among the baselines; it takes half a second for each."""


@overload
def forecast(
    data: Panel | Sequence[Series], horizon: int = 12, *, model: Path | str | None = None, context: int = CONTEXT
) -> tuple[Forecast, ...]: ...


@overload
def forecast(
    data: pd.DataFrame, horizon: int = 12, *, model: Path | str | None = None, context: int = CONTEXT
) -> pd.DataFrame: ...


def forecast(
    data: pd.DataFrame | Panel | Sequence[Series],
    horizon: int = 12,
    *,
    model: Path | str | None = None,
    context: int = CONTEXT,
) -> pd.DataFrame | tuple[Forecast, ...]:
    """Forecast what follows each series, as quantiles.

    Args:
        data: Series, or a DataFrame with `unique_id`, `ds`, `y`.
        horizon: Steps ahead.
        model: Folder that `aurora train forecast` wrote; None: the baseline with the lowest error on the series' past.
        context: Values that a baseline looks back on; a trained forecaster has its own.

    Returns:
        A forecast for each series; for a DataFrame a DataFrame, see `forecast_frame`.

    Raises:
        DataError: The data are not valid, a series is too short, or the folder holds no forecaster.
    """
    series = series_of(data)
    if model is not None:
        from aurora.learning.forecasting.champion import in_service  # noqa: PLC0415  # loads PyTorch

        forecasts = tuple(in_service(Path(model)).predict(series, horizon))
    else:
        with_ets = len(series) <= MAX_SERIES_WITH_ETS
        forecasts = tuple(
            forecast_by_best_baseline(one, context=context, horizon=horizon, with_ets=with_ets).forecast
            for one in series
        )
    return forecast_frame(forecasts) if is_frame(data) else forecasts
