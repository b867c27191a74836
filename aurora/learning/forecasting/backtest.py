"""Rates forecasts of past moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.learning.forecasting import metrics
from aurora.learning.forecasting.windows import Windows
from aurora.learning.series.series import Series
from aurora.types import FloatArray


class Figures(NamedTuple):
    """Figures of a forecaster on some windows; see `metrics`.

    Attributes:
        wql: Weighted quantile loss over the deciles, pooled over all windows.
        crps: Continuous ranked probability score, in the series' unit.
        coverage_50: Share of values inside the central 50 % interval.
        coverage_80: Share of values inside the central 80 % interval.
        coverage_95: Share of values inside the central 95 % interval.
        winkler_80: Interval score of the 80 % interval, in the series' unit.
        mase: Error of the median over that of the last value in the context.
        windows: Number of windows.
    """

    wql: float
    crps: float
    coverage_50: float
    coverage_80: float
    coverage_95: float
    winkler_80: float
    mase: float
    windows: int


def figures(quantiles: FloatArray, windows: Windows) -> Figures:
    """Compute the figures of a forecaster.

    Args:
        quantiles: [n, horizon, len(QUANTILES)].
        windows: [n], with known futures.
    """
    y = windows.future
    return Figures(
        metrics.weighted_quantile_loss(quantiles, y),
        metrics.crps(quantiles, y),
        metrics.coverage(quantiles, y, 50),
        metrics.coverage(quantiles, y, 80),
        metrics.coverage(quantiles, y, 95),
        metrics.winkler(quantiles, y),
        metrics.mean_scaled_error(quantiles, y, windows.past, windows.series),
        len(windows),
    )


def balanced_loss(quantiles: FloatArray, windows: Windows, panel: Sequence[Series]) -> float:
    """Return the mean over units of the wQL, so that bytes don't outweigh percents in a comparison of forecasters."""
    units = np.array([one.labels.get("unit", "") for one in panel])[windows.series]
    losses = [
        metrics.weighted_quantile_loss(quantiles[units == unit], windows.future[units == unit])
        for unit in np.unique(units)
    ]
    return float(np.nanmean(losses)) if np.isfinite(losses).any() else float("inf")
