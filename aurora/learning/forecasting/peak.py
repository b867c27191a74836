"""Forecasts the highest value of the next steps, with an interval that holds for the highest value.

The interval of one step is none for the highest of several: the highest value is above a step's median more often than
not. So the peak is forecast as a quantity of its own. A rule gives a point forecast. Its errors at past moments of the
same series give the interval (split conformal prediction: Vovk, Gammerman and Shafer, 2005, section 2.2; overlapping
windows count as the distinct ones that they hold). The rule is the one with the lowest interval score there. Moments in
a spike and others are kept apart (Mondrian conformal prediction: section 4.5 there).
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

USUAL = "usual_peak"
"""Rule of which the point is the same at every moment."""
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
SPIKE_LEVELS = (0.99, 0.98, 0.95)
"""Quantiles of a series above which it is in a spike; the highest one with enough moments counts."""
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
    levels = np.quantile(series.y, SPIKE_LEVELS)
    is_spike = bool(series.y[-1] > levels[-1])
    alike = _in_spikes(series, horizon, levels) if is_spike else origins[series.y[origins - 1] <= levels[-1]]
    is_known = _distinct(alike, horizon) >= MIN_MOMENTS
    if is_known:
        day, origins = 0 if is_spike else day, alike
    moments = _distinct(origins, horizon)
    if moments < MIN_MOMENTS:
        return None
    best: tuple[float, Peak] | None = None
    for rule, points in _points(series.y, np.append(origins, len(series)), horizon, day):
        if rule == USUAL and is_spike and not is_known:
            continue  # a spike without precedent is not usual
        for name, scales in ((rule, np.ones(len(points))), (f"{rule}_ratio", points)):
            if (scales > 0).all():
                made = _scored(series, horizon, origins, moments, name, points, scales)
                best = made if best is None or made[0] < best[0] else best
    assert best is not None  # the errors of each rule are tried as they are
    return best[1] if (series.y < 0).any() else _not_negative(best[1])


def _scored(
    series: Series,
    horizon: int,
    origins: IntArray,
    moments: int,
    name: str,
    points: FloatArray,
    scales: FloatArray,
) -> tuple[float, Peak]:
    """Return a rule's mean interval score at past moments, and its forecast; the last point is that of now."""
    peaks = sliding_window_view(series.y, horizon).max(axis=1)[origins]
    errors = (peaks - points[:-1]) / scales[:-1]
    levels = np.clip((LEVELS * (moments + 1) - 1) / (moments - 1), 0.0, 1.0)
    low, median, high = np.quantile(errors, levels)
    outside = np.maximum(low - errors, 0) + np.maximum(errors - high, 0)
    score = float(np.mean(scales[:-1] * (high - low + PENALTY * outside)))
    middle, least, most = (float(points[-1] + scales[-1] * q) for q in (median, low, high))
    return score, Peak(name, middle, least, most, moments)


def _in_spikes(series: Series, horizon: int, levels: FloatArray) -> IntArray:
    """Return the moments above the highest level, below the last value, that has enough of them; else none."""
    every = _origins(series, horizon, horizon, stride=1)
    for level in levels[levels < series.y[-1]]:
        high = every[series.y[every - 1] > level]
        if _distinct(high, horizon) >= MIN_MOMENTS:
            return np.asarray(high)
    return every[:0]


def _origins(series: Series, horizon: int, first: int, stride: int = 0) -> IntArray:
    """Return past moments from which all values of a horizon were measured, the latest first."""
    step = stride or max(1, horizon // STRIDES)
    origins = np.arange(len(series) - horizon, first - 1, -step)[: MAX_MOMENTS * max(1, horizon // step)]
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
    yield USUAL, np.zeros(len(origins))
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
