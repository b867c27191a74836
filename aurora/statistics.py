"""Computes confidence intervals of means, by resampling, and of shares."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
"""Number of bootstrap samples."""


class Interval(NamedTuple):
    """A mean with the bounds of its 95 % interval."""

    mean: float
    low: float
    high: float


def paired_interval(differences: NDArray[np.float64], *, seed: int = 0) -> Interval:
    """Return the percentile bootstrap interval of the mean of paired differences (Efron & Tibshirani 1993, ch. 13).

    Args:
        differences: Paired differences, float64 [pairs], at least one.
        seed: Random seed of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    means = rng.choice(differences, (RESAMPLES, len(differences))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(differences.mean()), float(low), float(high))


def wilson(successes: float, trials: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927); 0 to 1 without trials.

    Args:
        successes: Number of successes.
        trials: Number of trials.
        z: Quantile of the normal distribution; the default is for 95 %.
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    middle = share + z**2 / (2 * trials)
    radius = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return max(0.0, (middle - radius) / scale), min(1.0, (middle + radius) / scale)
