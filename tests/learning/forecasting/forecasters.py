"""Forecasters that know the truth, for tests of code that uses forecasts."""

import numpy as np
from scipy.special import ndtri

from aurora.learning.series.series import QUANTILES, Forecast, Series

NORMAL = ndtri(np.array(QUANTILES))


def series(name, y, *, start=0, step=300):
    y = np.asarray(y, float)
    return Series(name, start, step, y, np.ones(len(y), bool))


def gaussian(mean, deviation):
    """Return a forecaster with the same normal distribution at every step."""

    def forecast(past, horizon):
        row = mean + deviation * NORMAL
        return tuple(
            Forecast(s.unique_id, s.start + len(s) * s.step, s.step, np.tile(row, (horizon, 1)), "gaussian")
            for s in past
        )

    return forecast


def last_values(past, horizon, span=36):
    """Forecast the quantiles of the latest values."""
    return tuple(
        Forecast(
            s.unique_id,
            s.start + len(s) * s.step,
            s.step,
            np.tile(np.quantile(s.y[-span:], QUANTILES), (horizon, 1)),
            "last values",
        )
        for s in past
    )
