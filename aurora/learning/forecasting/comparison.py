"""Compares two forecasters by a paired test over machines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aurora.learning.forecasting.metrics import DECILES, GRID, pinball
from aurora.learning.forecasting.windows import Windows
from aurora.types import FloatArray


class Comparison(NamedTuple):
    """Result of a paired test.

    Attributes:
        gain: Mean over machines of the reduction of the loss by the challenger, as a share of the champion's loss.
        p_value: One-sided p-value of "the challenger is no better".
        machines: Number of machines.
    """

    gain: float
    p_value: float
    machines: int


def compare(challenger: FloatArray, champion: FloatArray, windows: Windows) -> Comparison:
    """Apply Student's paired t-test to the machines' mean pinball losses at the deciles.

    A machine's windows depend on each other, so the machine is the unit, not the window. With one machine alone,
    each fifth of its time is a unit. Losses are relative to the champion's of the same machine, so that units cancel.

    Args:
        challenger: Quantiles [n, horizon, len(QUANTILES)].
        champion: Quantiles of the same shape.
        windows: [n], with known futures.
    """
    from scipy.stats import ttest_1samp  # noqa: PLC0415  # heavy, used here only

    deciles = list(DECILES)
    losses = [pinball(q[..., deciles], windows.future, GRID[deciles]).mean(axis=(1, 2)) for q in (challenger, champion)]
    _, unit = np.unique(windows.series, return_inverse=True)
    if unit.size and unit.max() == 0:
        unit = np.arange(len(unit)) * 5 // len(unit)
    sums = [np.bincount(unit, weights=loss) for loss in losses]
    moving = sums[1] > 0
    gains = (sums[1][moving] - sums[0][moving]) / sums[1][moving]
    if len(gains) < 2 or np.ptp(gains) == 0:  # noqa: PLR2004  # a test needs two
        return Comparison(float(gains.mean()) if len(gains) else 0.0, 1.0, len(gains))
    result = ttest_1samp(gains, 0.0, alternative="greater")
    return Comparison(float(gains.mean()), float(result.pvalue), len(gains))
