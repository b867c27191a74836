"""Models that need no training: quantiles of the latest values, seasonal naive, AutoETS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aurora.learning.forecasting.models.inputs import Inputs, Training
from aurora.learning.forecasting.window_features import latest_quantiles
from aurora.learning.forecasting.windows import DAY, Windows
from aurora.learning.series.series import QUANTILES, Series
from aurora.types import FloatArray

SHARES = {
    "recent_twelfth": 1 / 12,
    "recent_sixth": 1 / 6,
    "recent_quantiles": 1 / 4,
    "recent_half": 1 / 2,
    "recent_whole": 1.0,
}
"""Spans of the recent quantiles, as shares of the context: 1, 2, 3, 6 and 12 hours of 144 5-minute values."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A model that needs no training; see `members.Member`.

    Attributes:
        forecast: Quantiles [n, horizon, len(QUANTILES)] of windows.
    """

    forecast: Callable[[Inputs], FloatArray]

    def fit(self, examples: Inputs, training: Training) -> Baseline:  # nothing to learn
        """Return itself."""
        return self

    def quantiles(self, inputs: Inputs) -> FloatArray:
        """Forecast windows."""
        return self.forecast(inputs)

    def save(self, folder: Path) -> dict[str, Any]:  # nothing to keep
        """Write nothing."""
        return {}

    def load(self, folder: Path, description: Mapping[str, Any]) -> Baseline:  # nothing was kept
        """Return itself."""
        return self


def span_of(share: float, context: int) -> int:
    """Return the number of values in the latest share of a context."""
    return max(4, round(share * context))


def recent_quantiles(windows: Windows, horizon: int, share: float = 0.25) -> FloatArray:
    """Forecast the quantiles of the latest values, the same for every step ahead; hard to beat.

    Args:
        windows: [n].
        horizon: Steps ahead.
        share: Latest share of the context; a quarter of 12 hours is 3 hours.

    Returns:
        float64 [n, horizon, len(QUANTILES)].
    """
    span = span_of(share, windows.past.shape[1])
    return np.repeat(latest_quantiles(windows.past, span)[:, None, :], horizon, axis=1)


def seasonal_naive(panel: Sequence[Series], windows: Windows, horizon: int) -> FloatArray:
    """Forecast the value one season ago, with the quantiles of that rule's latest errors around it.

    The season is a day where the series reaches back a day and a horizon before the moment, else the horizon (the
    latest values once more). The errors are those of the latest `context` steps for which the rule has a value.
    Unlike the other models it looks further back than the context, because the usual season is a day.

    Returns:
        float64 [n, horizon, len(QUANTILES)].
    """
    context = windows.past.shape[1]
    result = np.empty((len(windows), horizon, len(QUANTILES)))
    for k in range(len(windows)):
        one, origin = panel[windows.series[k]], int(windows.origin[k])
        day = max(1, DAY // one.step)
        season = day if origin >= day + horizon else horizon
        season = max(1, min(season, origin - 1))
        ahead = np.arange(horizon)
        naive = one.y[origin - season + ahead % season]
        known = one.y[max(0, origin - season - context) : origin]
        errors = known[season:] - known[:-season]
        result[k] = naive[:, None] + np.quantile(errors, QUANTILES)
    return result


def auto_ets(windows: Windows, horizon: int) -> FloatArray:
    """Forecast by exponential smoothing, with the model chosen by AICc for each window.

    Source: Hyndman, Koehler, Snyder and Grose, 2002; the implementation is statsforecast's. There is no season,
    because a day does not fit into the context. Values below 0 are cut where the context has none. A window takes a
    fraction of a second.

    Returns:
        float64 [n, horizon, len(QUANTILES)].
    """
    from statsforecast.models import AutoETS  # noqa: PLC0415  # heavy, used here only

    result = np.empty((len(windows), horizon, len(QUANTILES)))
    sides = [percent for level in QUANTILES if (percent := round(100 * (2 * level - 1), 6)) > 0]
    for k, past in enumerate(windows.past):
        if np.ptp(past) == 0:  # nothing to fit
            result[k] = past[-1]
            continue
        forecast = AutoETS(season_length=1, model="ZZN").forecast(y=past, h=horizon, level=sides)
        columns = [forecast["mean"] if level == 0.5 else forecast[_side(level)] for level in QUANTILES]  # noqa: PLR2004
        result[k] = np.sort(np.stack(columns, axis=1), axis=1)
    return np.where(np.all(windows.past >= 0, axis=1)[:, None, None], np.maximum(result, 0), result)


def _side(level: float) -> str:
    """Return statsforecast's name of a quantile: the end of a central interval."""
    percent = round(abs(100 * (2 * level - 1)), 6)
    return f"{'lo' if level < 0.5 else 'hi'}-{percent}"  # noqa: PLR2004
