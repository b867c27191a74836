"""Metrics of a forecast distribution: proper scores, coverage of its intervals, error of its median."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.learning.series.series import QUANTILES
from aurora.types import FloatArray

GRID = np.array(QUANTILES)
DECILES = tuple(QUANTILES.index(k / 10) for k in range(1, 10))
"""Positions of the deciles in `QUANTILES`."""
MEDIAN = QUANTILES.index(0.5)
ENDS = {50: (QUANTILES.index(0.25), QUANTILES.index(0.75)), 80: (QUANTILES.index(0.1), QUANTILES.index(0.9)),
        95: (QUANTILES.index(0.025), QUANTILES.index(0.975))}  # fmt: skip
"""Positions in `QUANTILES` of the ends of the central intervals, by nominal coverage in percent."""


def pinball(quantiles: FloatArray, y: FloatArray, levels: FloatArray = GRID) -> FloatArray:
    """Return the loss whose expectation the quantile minimises (Koenker and Bassett, 1978).

    Args:
        quantiles: [..., levels].
        y: [...], realised values.
        levels: [levels].

    Returns:
        [..., levels], in the unit of `y`.
    """
    above = y[..., None] - quantiles
    return np.asarray(np.maximum(levels * above, (levels - 1) * above))


def weighted_quantile_loss(quantiles: FloatArray, y: FloatArray) -> float:
    """Return the wQL: 2 · Σ pinball / Σ |y| over all windows and steps, mean over the deciles.

    Source: Park, Robinson, Aubet et al., "Learning quantile functions without quantile crossing", AISTATS 2022,
    eq. (13), as GluonTS's mean weighted quantile loss. It is invariant to the unit.

    Args:
        quantiles: [windows, horizon, len(QUANTILES)].
        y: [windows, horizon].

    Returns:
        0 for a perfect forecast; NaN where all values are 0, for which the loss is not defined.
    """
    total = float(np.abs(y).sum())
    loss = pinball(quantiles[..., DECILES], y, GRID[list(DECILES)])
    return 2 * float(loss.mean(axis=-1).sum()) / total if total > 0 else float("nan")


def crps(quantiles: FloatArray, y: FloatArray) -> float:
    """Return the continuous ranked probability score, mean over windows and steps, in the unit of `y`.

    It is the integral of twice the pinball loss over the levels (Gneiting and Ranjan, 2011, eq. 7), here by trapezes
    over `QUANTILES`, beyond which the loss is taken to fall to 0 on a line.
    """
    loss = 2 * pinball(quantiles, y).mean(axis=tuple(range(y.ndim)))
    levels = np.concatenate([[0.0], GRID, [1.0]])
    return float(np.trapezoid(np.concatenate([[0.0], loss, [0.0]]), levels))


def coverage(quantiles: FloatArray, y: FloatArray, percent: int) -> float:
    """Return the share of values inside the central interval of `percent` (50, 80 or 95), ends included."""
    low, high = ENDS[percent]
    return float(np.mean((quantiles[..., low] <= y) & (y <= quantiles[..., high])))


def winkler(quantiles: FloatArray, y: FloatArray, percent: int = 80) -> float:
    """Return the mean interval score: width plus 2/α times the distance outside, in the unit of `y` (Winkler, 1972)."""
    low, high = (quantiles[..., k] for k in ENDS[percent])
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return float(np.mean(high - low + 2 / (1 - percent / 100) * outside))


def mean_scaled_error(quantiles: FloatArray, y: FloatArray, past: FloatArray, series: NDArray[np.int64]) -> float:
    """Return the MASE: the median's absolute error over that of the last value one step ahead, mean over series.

    Source: Hyndman and Koehler, "Another look at measures of forecast accuracy", 2006, section 3, with m = 1. Each
    series' scale is the mean absolute step inside its windows' contexts; a series without any is left out.

    Args:
        quantiles: [windows, horizon, len(QUANTILES)].
        y: [windows, horizon].
        past: [windows, context].
        series: [windows], number of each window's series.

    Returns:
        1 is as good as the last value one step ahead; NaN where no series ever moves.
    """
    error = np.abs(quantiles[..., MEDIAN] - y).mean(axis=1)
    step = np.abs(np.diff(past, axis=1)).mean(axis=1)
    count = np.maximum(np.bincount(series), 1)
    errors, steps = (np.bincount(series, weights=x) / count for x in (error, step))
    moving = steps > 0
    return float(np.mean(errors[moving] / steps[moving])) if moving.any() else float("nan")
