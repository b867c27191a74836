"""A forecast in one call: by the best baseline of each series, or by a trained forecaster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from aurora.learning.forecasting.report import report_forecasts
from aurora.learning.series.dataframes import forecast_frame, is_frame, series_of
from aurora.learning.series.series import Forecast, Panel, Series

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd


@overload
def forecast(
    data: Panel | Sequence[Series], horizon: int = 12, *, model: Path | str | None = None, context: int | None = None
) -> tuple[Forecast, ...]: ...


@overload
def forecast(
    data: pd.DataFrame, horizon: int = 12, *, model: Path | str | None = None, context: int | None = None
) -> pd.DataFrame: ...


def forecast(
    data: pd.DataFrame | Panel | Sequence[Series],
    horizon: int = 12,
    *,
    model: Path | str | None = None,
    context: int | None = None,
) -> pd.DataFrame | tuple[Forecast, ...]:
    """Forecast what follows each series, as quantiles.

    Args:
        data: Series, or a DataFrame with `unique_id`, `ds`, `y`.
        horizon: Steps ahead.
        model: Folder that `aurora train forecast` wrote; None: the baseline with the lowest error on the series' past.
        context: Values that a baseline looks back on; None for 144. A trained forecaster has its own.

    Returns:
        A forecast for each series; for a DataFrame a DataFrame, see `forecast_frame`.

    Raises:
        InputError: A series is too short, or `horizon` or `context` is out of range.
        DataError: The data are not valid, or the forecaster is damaged.
        FileError: The folder holds no forecaster.
    """
    panel = Panel(series_of(data))
    report = report_forecasts(panel, horizon, model=None if model is None else Path(model), context=context)
    forecasts = tuple(made.forecast for made in report.forecasts)
    return forecast_frame(forecasts) if is_frame(data) else forecasts
