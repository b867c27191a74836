"""Forecasts the highest value of the next steps, with an interval that holds for the highest value.

The interval of one step is none for the highest of several: the highest value is above a step's median more often than
not. So the peak is forecast as a quantity of its own. A rule gives a point forecast. Its errors at past moments of the
same series give the interval (split conformal prediction: Vovk, Gammerman and Shafer, 2005, section 2.2; overlapping
windows count as the distinct ones that they hold). The rule is the one with the lowest interval score there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from aurora.errors import InputError
from aurora.learning.forecasting.metrics import ENDS, GRID, MEDIAN
from aurora.learning.forecasting.windows import DAY
from aurora.learning.series.series import Series
from aurora.types import FloatArray, IntArray

LEVELS = GRID[[ENDS[80][0], MEDIAN, ENDS[80][1]]]
"""Levels of the median and of the ends of the 80 % interval."""
MIN_MOMENTS = 9
"""Fewest distinct past moments: of fewer errors none is at the ends of an 80 % interval."""
MIN_DAILY_MOMENTS = 24
"""Fewest distinct moments a day into the series with which rules that look back a day are tried."""
MAX_MOMENTS = 400
"""Most distinct past moments."""
STRIDES = 4
"""Past moments for each horizon."""
PENALTY = 2 / 0.2
"""Cost of a value outside the 80 % interval, for each unit of its distance (Winkler, 1972)."""


class Peak(NamedTuple):
    """A forecast of the highest value of the next steps.

    Attributes:
        rule: Rule of the point forecast; `_ratio`: its errors are relative.
        median: Median of the highest value.
        low, high: Ends of its 80 % interval.
        moments: Distinct past moments whose errors the interval rests on.
    """

    rule: str
    median: float
    low: float
    high: float
    moments: int


def forecast_peak(series: Series, horizon: int) -> Peak | None:
    """Forecast the highest of the next values of a series; None if its past holds too few moments to judge from.

    Moments after which a value was filled in are left out.

    Args:
        series: The series.
        horizon: Steps ahead.

    Raises:
        InputError: `horizon` is below 1.
    """
    if horizon < 1:
        raise InputError("give at least one step", parameter="horizon", value=horizon)
    day = max(1, DAY // series.step)
    origins = _origins(series, horizon, day + horizon)
    if _distinct(origins, horizon) < MIN_DAILY_MOMENTS:
        day, origins = 0, _origins(series, horizon, horizon)
    moments = _distinct(origins, horizon)
    if moments < MIN_MOMENTS:
        return None
    peaks = sliding_window_view(series.y, horizon).max(axis=1)[origins]
    levels = np.clip((LEVELS * (moments + 1) - 1) / (moments - 1), 0.0, 1.0)
    best: tuple[float, Peak] | None = None
    for rule, points in _points(series.y, np.append(origins, len(series)), horizon, day):
        for name, scales in ((rule, np.ones(len(points))), (f"{rule}_ratio", points)):
            if not (scales > 0).all():
                continue
            errors = (peaks - points[:-1]) / scales[:-1]
            low, median, high = np.quantile(errors, levels)
            outside = np.maximum(low - errors, 0) + np.maximum(errors - high, 0)
            score = float(np.mean(scales[:-1] * (high - low + PENALTY * outside)))
            if best is None or score < best[0]:
                middle, least, most = (float(points[-1] + scales[-1] * q) for q in (median, low, high))
                best = score, Peak(name, middle, least, most, moments)
    assert best is not None  # the errors of each rule are tried as they are
    return best[1] if (series.y < 0).any() else _not_negative(best[1])


def _origins(series: Series, horizon: int, first: int) -> IntArray:
    """Return past moments from which all values of a horizon were measured, the latest first."""
    origins = np.arange(len(series) - horizon, first - 1, -max(1, horizon // STRIDES))[: STRIDES * MAX_MOMENTS]
    measured = np.concatenate([[0], np.cumsum(series.observed)])
    return np.asarray(origins[measured[origins + horizon] - measured[origins] == horizon])


def _distinct(origins: IntArray, horizon: int) -> int:
    """Return how many moments share no step of their horizons."""
    count, last = 0, np.iinfo(np.int64).max
    for origin in origins.tolist():
        if origin <= last - horizon:
            count, last = count + 1, origin
    return count


def _points(y: FloatArray, origins: IntArray, horizon: int, day: int) -> Iterator[tuple[str, FloatArray]]:
    """Yield each rule and its point forecasts of the highest value from each moment on."""
    windows = sliding_window_view(y, horizon)
    highest, mean = windows.max(axis=1), windows.mean(axis=1)
    yield "usual_peak", np.zeros(len(origins))
    yield "last_value", y[origins - 1]
    yield "latest_peak", highest[origins - horizon]
    yield "latest_mean", mean[origins - horizon]
    if day:
        before, now, then = highest[origins - day], mean[origins - horizon], mean[origins - day - horizon]
        yield "day_before", before
        yield "day_before_shifted", before + now - then
        if (then > 0).all():
            yield "day_before_scaled", before * now / then


def _not_negative(peak: Peak) -> Peak:
    return peak._replace(**{name: max(0.0, getattr(peak, name)) for name in ("median", "low", "high")})
