"""Recalibrates intervals: conformal offsets before use, and adaptation during use.

Before use, each central interval is widened or narrowed until it has its nominal coverage on held-out data
(conformalized quantile regression: Romano, Patterson and Candès, NeurIPS 2019, eq. 8). Offsets are in units of each
window's scale, so that they apply to other series.

A baseline needs no training, so the series' own past serves as held-out data, and each step has its own offsets.

During use, a series' own past errors move its intervals further, so that they also hold where the series drifts
(adaptive conformal inference: Gibbs and Candès, NeurIPS 2021, eq. 2, on the offset instead of the level, as quantile
tracking in Angelopoulos, Candès and Tibshirani, 2023, eq. 3).
"""

from __future__ import annotations

import math

import numpy as np

from aurora.learning.forecasting.metrics import GRID, MEDIAN
from aurora.learning.series.series import QUANTILES
from aurora.types import FloatArray

PAIRS = tuple(range(MEDIAN))
"""Central intervals by the position of their lower end in `QUANTILES`; the upper end has the mirrored position."""
MISS_RATES = 2 * GRID[:MEDIAN]
"""α of each pair: the nominal share of values outside."""
INNER = slice(QUANTILES.index(0.2), QUANTILES.index(0.8) + 1)
"""Quantiles that are moved to measured values; see `to_measured`."""
OUTER = QUANTILES.index(0.1) + 1
"""Number of pairs, from the first on, that lie outside `INNER`."""
MAX_MOVE = 0.2
"""Largest move of a quantile to a measured value, in standard deviations of the context."""
ADAPTATION_RATE = 0.05
"""Learning rate of the adaptation, in scales per window; chosen on 50 to 70 % of NAB's series among 0 to 0.2."""
TAILS = QUANTILES.index(0.05) + 1
"""Number of pairs, the 90 % interval and wider ones, that adaptation never narrows: a few windows without a miss are no
evidence about them."""


def offsets(quantiles: FloatArray, y: FloatArray, scale: FloatArray) -> FloatArray:
    """Return the offset of both ends of each interval, in scales, that gives it its nominal coverage.

    Args:
        quantiles: [n, horizon, len(QUANTILES)] of held-out windows.
        y: [n, horizon], realised values.
        scale: [n, 1], scale of each window.

    Returns:
        float64 [pairs]; zeros where there are no windows.
    """
    if not len(y):
        return np.zeros(len(PAIRS))
    low, high = quantiles[..., :MEDIAN], quantiles[..., :MEDIAN:-1]
    missing = np.maximum(low - y[..., None], y[..., None] - high) / scale[:, :, None]
    flat = missing.reshape(-1, len(PAIRS))
    shares = np.minimum((1 - MISS_RATES) * (1 + 1 / len(flat)), 1.0)
    return np.array([np.quantile(flat[:, k], shares[k]) for k in PAIRS])


def own_offsets(quantiles: FloatArray, y: FloatArray) -> FloatArray:
    """Return the offset of both ends of each interval by step, in the series' unit, from the same series' past.

    An offset is the (n + 1)(1 - α)-th of n past values, between ranks by interpolation. Where n is too small for that,
    it is the same share of the values of all steps.

    Args:
        quantiles: [n, horizon, len(QUANTILES)] of past windows, no two of the same steps.
        y: [n, horizon], realised values.

    Returns:
        float64 [horizon, pairs]; zeros where there are no windows.
    """
    n, horizon = y.shape
    result = np.zeros((horizon, len(PAIRS)))
    if not n:
        return result
    missing = np.maximum(quantiles[..., :MEDIAN] - y[..., None], y[..., None] - quantiles[..., :MEDIAN:-1])
    for k in PAIRS:
        covered = 1 - MISS_RATES[k]
        place = (covered * (n + 1) - 1) / (n - 1) if n > 1 else math.inf
        if place <= 1:
            result[:, k] = np.quantile(missing[..., k], max(0.0, place), axis=0)
        else:
            result[:, k] = np.quantile(missing[..., k], min(1.0, covered * (1 + 1 / n)))
    return result


def widened_by_step(quantiles: FloatArray, by: FloatArray) -> FloatArray:
    """Move the ends of intervals outwards, each step's by its own offsets; an end never crosses an inner one.

    Args:
        quantiles: [horizon, len(QUANTILES)].
        by: [horizon, pairs], in the series' unit; see `own_offsets`.
    """
    result = quantiles.copy()
    result[:, :MEDIAN] -= by
    result[:, :MEDIAN:-1] += by
    return rising(result)


def widened(quantiles: FloatArray, scale: FloatArray, by: FloatArray) -> FloatArray:
    """Move the ends of intervals outwards; an end never crosses an inner one.

    Args:
        quantiles: [n, horizon, len(QUANTILES)].
        scale: [n, 1].
        by: [pairs] or [n, pairs], in scales; see `offsets`.
    """
    move = np.atleast_2d(by)[:, None, :] * scale[:, :, None]
    result = quantiles.copy()
    result[..., :MEDIAN] -= move
    result[..., :MEDIAN:-1] += move
    return rising(result)


def rising(quantiles: FloatArray) -> FloatArray:
    """Sort quantiles outwards: none is nearer to the median than its inner neighbour."""
    low = np.minimum.accumulate(quantiles[..., MEDIAN::-1], axis=-1)[..., ::-1]
    high = np.maximum.accumulate(quantiles[..., MEDIAN:], axis=-1)
    return np.concatenate([low, high[..., 1:]], axis=-1)


def to_measured(quantiles: FloatArray, past: FloatArray) -> FloatArray:
    """Move each quantile from 0.2 to 0.8 to the nearest value of its context, where that is near.

    A quantity with few values (whole percents, steps of a sensor, two levels of an idle machine) has quantiles among
    these values, while a smooth model puts them in between and loses by the difference. The ends of the 80 % interval
    and of wider ones stay, or intervals would cover more than they promise.
    """
    order = np.sort(past, axis=1)
    near = MAX_MOVE * past.std(axis=1)
    result = quantiles.copy()
    inner = quantiles[..., INNER]
    moved = np.empty_like(inner)
    for k, values in enumerate(order):
        right = np.clip(np.searchsorted(values, inner[k]), 1, len(values) - 1)
        below, above = values[right - 1], values[right]
        nearest = np.where(inner[k] - below < above - inner[k], below, above)
        moved[k] = np.where(np.abs(nearest - inner[k]) <= near[k], nearest, inner[k])
    result[..., INNER] = moved
    return rising(result)


def missed(quantiles: FloatArray, y: FloatArray) -> FloatArray:
    """Return the share of a window's values outside of each interval: float64 [pairs].

    Args:
        quantiles: [horizon, len(QUANTILES)].
        y: [horizon].
    """
    low, high = quantiles[:, :MEDIAN], quantiles[:, :MEDIAN:-1]
    return np.asarray(((y[:, None] < low) | (y[:, None] > high)).mean(axis=0))


def adapted(moves: FloatArray, share_missed: FloatArray) -> FloatArray:
    """Update a series' extra offsets after a window: wider after misses, a little narrower after none.

    Args:
        moves: [pairs], in scales.
        share_missed: [pairs], see `missed`.
    """
    moved: FloatArray = moves + ADAPTATION_RATE * (share_missed - MISS_RATES)
    moved[:TAILS] = np.maximum(moved[:TAILS], 0)
    return moved
