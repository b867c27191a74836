"""Bootstrap intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000


class Interval(NamedTuple):
    """A mean with the bounds of its 95 % interval."""

    mean: float
    low: float
    high: float


def paired_interval(differences: NDArray[np.float64], *, seed: int = 0) -> Interval:
    """Percentile bootstrap interval of the mean of paired differences (Efron & Tibshirani 1993, ch. 13).

    Args:
        differences: Paired differences, float64 [pairs], at least one.
        seed: Random seed of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    means = rng.choice(differences, (RESAMPLES, len(differences))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(differences.mean()), float(low), float(high))
