"""Predictive distributions of demand: the probability that a container's demand exceeds each of some sizes.

For CPU it is the share of the time to come with demand above the size, for memory the probability of a peak above it.
The logarithm of its odds is a sum over `features`, with weights from `learned`. This is a mixture of estimators in the
sense of stacking (Wolpert 1992): KRR's and VPA's shares of the past above the size are among the features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.learning.rightsizing.containers.features import features, sizes_to_try
from aurora.learning.rightsizing.containers.use import Demand
from aurora.types import FloatArray


class Outlook(NamedTuple):
    """Sizes to choose from, and the probabilities that demand exceeds them.

    Attributes:
        sizes: float64 [containers, sizes], ascending, cores or GiB.
        above: float64 [containers, sizes], not rising.
    """

    sizes: FloatArray
    above: FloatArray

    def chance(self, sizes: FloatArray) -> FloatArray:
        """Return the probability that demand exceeds a size of each container, float64 [containers]; NaN of NaN.

        Between two sizes of a container the probability is that of the smaller one.
        """
        chances = np.full(len(sizes), np.nan)
        for k, size in enumerate(sizes):
            if np.isfinite(size):
                place = int(np.searchsorted(self.sizes[k], size * (1 + 1e-9), side="right")) - 1
                chances[k] = self.above[k, place] if place >= 0 else 1.0
        return chances


def outlook_of(demands: Sequence[Demand], horizons: Sequence[float], weights: FloatArray) -> Outlook:
    """Return the distribution of each container's demand in the horizon.

    Args:
        demands: Measured demand, all of one resource.
        horizons: Seconds to look ahead, for each container.
        weights: Weights of the features, float64 [features].
    """
    if not demands:
        return Outlook(np.zeros((0, 1)), np.zeros((0, 1)))
    sizes = np.stack([sizes_to_try(d) for d in demands])
    odds = np.stack([features(d, h, s) @ weights for d, h, s in zip(demands, horizons, sizes, strict=True)])
    above = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    # A larger size is never exceeded more often, whatever the weights are.
    return Outlook(sizes, np.minimum.accumulate(above, axis=1))
