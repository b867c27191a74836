"""Makes intervals hold what they promise: conformal recalibration before use, and adaptation during it.

Before use, each central interval is widened (or narrowed) by what data kept aside say is missing (conformalized
quantile regression: Romano, Patterson and Candès, NeurIPS 2019, eq. 8), in units of each window's scale, so that what
is found on some series serves others. During use, a series' own past errors move its intervals further (adaptive
conformal inference: Gibbs and Candès, NeurIPS 2021, eq. 2, on the offset instead of the level, as quantile tracking in
Angelopoulos, Candès and Tibshirani, 2023, eq. 3), so that they also hold where a series drifts.
"""

from __future__ import annotations

import numpy as np

from aurora.learning.forecasting.metrics import GRID, MEDIAN
from aurora.learning.series.series import QUANTILES
from aurora.types import FloatArray

PAIRS = tuple(range(MEDIAN))
"""Central intervals by where their lower end stands among the levels; the upper end stands as far from the end."""
MISSES = 2 * GRID[:MEDIAN]
"""α of each pair: the share of values that may lie outside."""
INNER = slice(QUANTILES.index(0.2), QUANTILES.index(0.8) + 1)
"""Quantiles that are moved to values that were measured; see `to_measured`."""
OUTER = QUANTILES.index(0.1) + 1
"""So many of the first pairs lie outside `INNER`."""
NEAR = 0.2
"""How far, in standard deviations of the context, a quantile is moved to a measured value at most."""
SPEED = 0.05
"""Of adaptation, in scales a window; chosen on 50 to 70 % of NAB's series among 0 to 0.2."""
TAILS = QUANTILES.index(0.05) + 1
"""So many of the first pairs, the 90 % interval and wider, are never narrowed by adaptation: a few windows without a
miss say nothing of them."""


def offsets(quantiles: FloatArray, y: FloatArray, scale: FloatArray) -> FloatArray:
    """What to add to both ends of each interval, in scales, so that it covers what it promises.

    Args:
        quantiles: [n, horizon, len(QUANTILES)] of windows that nothing was trained on.
        y: [n, horizon], what came.
        scale: [n, 1], of each window.

    Returns:
        float64 [pairs]; zeros where there are no windows.
    """
    if not len(y):
        return np.zeros(len(PAIRS))
    low, high = quantiles[..., :MEDIAN], quantiles[..., :MEDIAN:-1]
    missing = np.maximum(low - y[..., None], y[..., None] - high) / scale[:, :, None]
    flat = missing.reshape(-1, len(PAIRS))
    shares = np.minimum((1 - MISSES) * (1 + 1 / len(flat)), 1.0)
    return np.array([np.quantile(flat[:, k], shares[k]) for k in PAIRS])


def widened(quantiles: FloatArray, scale: FloatArray, by: FloatArray) -> FloatArray:
    """The intervals with their ends moved outwards; an end never crosses one that lies further in.

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
    """Each quantile no nearer to the median than its inner neighbour."""
    low = np.minimum.accumulate(quantiles[..., MEDIAN::-1], axis=-1)[..., ::-1]
    high = np.maximum.accumulate(quantiles[..., MEDIAN:], axis=-1)
    return np.concatenate([low, high[..., 1:]], axis=-1)


def to_measured(quantiles: FloatArray, past: FloatArray) -> FloatArray:
    """The quantiles from 0.2 to 0.8, each moved to the nearest value of its context, where that is near.

    The quantile of a quantity that takes few values (whole percents, a sensor's steps, an idle machine's two levels) is
    one of these values, while a smooth model puts it between them and pays for the difference. The ends of the 80 %
    interval and beyond stay where they are, or intervals would cover more than they promise.
    """
    order = np.sort(past, axis=1)
    near = NEAR * past.std(axis=1)
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
    """Share of a window's values outside of each interval: float64 [pairs].

    Args:
        quantiles: [horizon, len(QUANTILES)].
        y: [horizon].
    """
    low, high = quantiles[:, :MEDIAN], quantiles[:, :MEDIAN:-1]
    return np.asarray(((y[:, None] < low) | (y[:, None] > high)).mean(axis=0))


def adapted(moves: FloatArray, share_missed: FloatArray) -> FloatArray:
    """A series' extra offsets after a window: wider after misses, a little narrower after none.

    Args:
        moves: [pairs], in scales.
        share_missed: [pairs], see `missed`.
    """
    moved: FloatArray = moves + SPEED * (share_missed - MISSES)
    moved[:TAILS] = np.maximum(moved[:TAILS], 0)
    return moved
