"""Demand to come in one call: thousands of futures of measured series, and the capacity that covers them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aurora.learning.futures.demand import running
from aurora.learning.futures.demand_forecast import Aim, DemandForecast, forecast_demand
from aurora.learning.futures.predictors import predictor
from aurora.learning.futures.tiers import CONFIDENCES
from aurora.learning.series.dataframes import series_of
from aurora.learning.series.series import Panel, Series

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd


def look_ahead(  # what a question about the future consists of
    data: pd.DataFrame | Panel | Sequence[Series],
    horizon: int = 12,
    *,
    futures: int = 1000,
    confidences: Sequence[float] = CONFIDENCES,
    cores_per_unit: float = 1.0,
    model: Path | str | None = None,
    seed: int = 0,
) -> DemandForecast:
    """Sample futures of the series' demand together, and say how many cores cover it with which confidence.

    The forecaster is back-tested on the series' own past, and futures and capacities are recalibrated by it. Series
    that ended before the others are left out.

    Args:
        data: Measured demand of equal steps, or a DataFrame with `unique_id`, `ds`, `y`.
        horizon: Steps ahead.
        futures: Number of sampled futures.
        confidences: Confidences of the capacity tiers, ascending, each above 0 and below 1.
        cores_per_unit: Cores that one unit of the series takes.
        model: Folder that `aurora train forecast` wrote; None: the quantiles of the latest past.
        seed: Random seed of the futures.

    Returns:
        `tiers` has a capacity for each confidence, `paths` the futures.

    Raises:
        InputError: The series are too short or of different steps, or an argument is out of range.
        DataError: The data are not valid, or the forecaster is damaged.
        FileError: The folder holds no forecaster.
    """
    series = running(series_of(data)).series
    chosen = predictor(None if model is None else Path(model))
    since = max((chosen.learned.get(s.unique_id, float("-inf")) for s in series), default=float("-inf"))
    aim = Aim(horizon, futures, cores_per_unit, tuple(confidences), chosen.context, seed, since)
    return forecast_demand(series, chosen.predict, aim)
