"""Features of a container and a size, from which the probability of demand above the size is computed.

All are free of units. Shares of the past above the size are taken over several half-lives: that without decay is what
KRR's percentile rests on, that of 24 hours is VPA's histogram. Sizes above all that was measured are told apart by
ratios to past levels. The rest says how unstable the container is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aurora.learning.rightsizing.containers.use import Demand, Resource
from aurora.types import FloatArray, IntArray

DAY = 86_400.0
TAILS: dict[Resource, FloatArray] = {
    "cpu": np.concatenate([[0.6], np.geomspace(0.5, 0.004, 26)]),
    "memory": np.array([0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.004]),
}
"""Shares of the past above the sizes that are tried."""
BEYOND: dict[Resource, FloatArray] = {
    "cpu": np.array([1.0, 1.01, 1.02, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0]),
    "memory": np.array(
        [1.0, 1.005, 1.01, 1.02, 1.03, 1.05, 1.08, 1.12, 1.16, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0, 6.0]
    ),
}
"""Multiples of the largest value that are tried."""
LEAST_SIZE = 1e-6
"""Largest value, cores or GiB, below which a container counts as idle."""
FLOOR = 0.01
"""Share of the largest value that is added to levels before a logarithm is taken."""
MOST_COUNTED = 40.0
"""Most values, effectively, behind a share: neighbours in time are alike."""
PSEUDO = 0.3
"""Values above, and as many below, that are added to a share, so that its odds are finite."""
NEAR = 0.1
"""Logarithm of a ratio up to which a size counts as near the largest value."""
SURPRISE_LEAST, SURPRISE_SPREAD = 0.1, 0.3
"""Unit of a memory surprise: shares of the peak, and of the distance from median to peak."""
SMALL_SURPRISE = 0.3
"""Units up to which a surprise counts as small."""
BLOCKS = 4
"""Parts of a horizon whose levels show how unstable a container is."""

NAMES: dict[Resource, tuple[str, ...]] = {
    "cpu": (
        "constant",
        "share above, no decay",
        "share above, half-life of 24 hours",
        "share above, half-life of a horizon",
        "share above, half-life of a quarter",
        "share above, half-life of a sixteenth",
        "over the largest value",
        "over the largest value, near",
        "over the largest value, by variation",
        "over the largest recent value",
        "over the recent mean",
        "over the recent mean, by variation",
        "instability of means",
        "variation",
    ),
    "memory": (
        "constant",
        "share above, no decay",
        "surprise",
        "surprise, small",
        "length of the past in horizons",
    ),
}
"""Names of the features, in their order."""


class _Levels(NamedTuple):
    """Levels of the past: largest, largest of the latest horizon, mean of its latest eighth, and what is added to them.

    The last one is the deviation of the logarithms of block means.
    """

    largest: float
    recent: float
    recent_mean: float
    floor: float
    variation: float
    of_means: float


def sizes_to_try(demand: Demand) -> FloatArray:
    """Return sizes from the median upwards, ascending, float64 [sizes]; as many for each demand of a resource."""
    values = demand.values
    inside = np.quantile(values, 1 - TAILS[demand.resource])
    return np.sort(np.concatenate([inside, max(float(values.max()), LEAST_SIZE) * BEYOND[demand.resource]]))


def features(demand: Demand, horizon: float, sizes: FloatArray) -> FloatArray:
    """Return the features of each size, float64 [sizes, features]; see `NAMES`.

    Args:
        demand: What was measured.
        horizon: Seconds to look ahead.
        sizes: Sizes, float64 [sizes], cores or GiB.
    """
    values, ages = demand.values, demand.end - demand.times
    half_lives = (np.inf, DAY, horizon, horizon / 4, horizon / 16) if demand.resource == "cpu" else (np.inf,)
    order = np.argsort(values, kind="stable")
    below = np.searchsorted(values[order], sizes * (1 + 1e-9), side="right")
    shares = [_log_odds_above(ages[order], below, half_life) for half_life in half_lives]
    own = _of_cpu(values, ages, horizon, sizes) if demand.resource == "cpu" else _of_memory(demand, horizon, sizes)
    return np.stack([np.ones(len(sizes)), *shares, *own], axis=1)


def _of_cpu(values: FloatArray, ages: FloatArray, horizon: float, sizes: FloatArray) -> list[FloatArray]:
    levels = _levels(values, ages, horizon)

    def under(level: float) -> FloatArray:
        return np.asarray(-np.log((sizes + levels.floor) / (level + levels.floor)))

    beyond, mean = np.minimum(under(levels.largest), 0.0), under(levels.recent_mean)
    scale, alike = 0.05 + levels.variation, np.ones(len(sizes))
    return [
        beyond,
        np.maximum(beyond, -NEAR),
        beyond / scale,
        under(levels.recent),
        mean,
        mean / scale,
        np.log(0.02 + levels.of_means) * alike,
        np.log(0.02 + levels.variation) * alike,
    ]


def _of_memory(demand: Demand, horizon: float, sizes: FloatArray) -> list[FloatArray]:
    values = demand.values
    peak, median = float(values.max()), float(np.median(values))
    unit = SURPRISE_LEAST * peak + SURPRISE_SPREAD * (peak - median) + 1e-9
    surprise = np.maximum((sizes - peak) / unit, 0.0)
    length = (demand.end - demand.start) / horizon
    return [-np.log1p(surprise), -np.minimum(surprise, SMALL_SURPRISE), np.full(len(sizes), np.log(length))]


def _levels(values: FloatArray, ages: FloatArray, horizon: float) -> _Levels:
    largest, mean = float(values.max()), float(values.mean())
    floor = FLOOR * largest + 1e-9
    # Without values in the latest part, the latest values stand for it.
    newest = ages <= ages.min()
    latest = values[(ages <= horizon) | newest]
    latest_part = values[(ages <= horizon / 8) | newest]
    blocks = (ages // (horizon / BLOCKS)).astype(np.int64)
    counts = np.bincount(blocks)
    means = np.bincount(blocks, values)[counts > 0] / counts[counts > 0]
    return _Levels(
        largest,
        float(latest.max()),
        float(latest_part.mean()),
        floor,
        (float(values.std()) + floor) / (mean + floor),
        float(np.log(means + floor).std()),
    )


def _log_odds_above(ages: FloatArray, below: IntArray, half_life: float) -> FloatArray:
    """Return the logarithm of the odds of a past value above each size.

    Args:
        ages: Ages of the values, which are ascending, seconds.
        below: Number of values that are not above each size.
        half_life: Age at which a value has half the weight, seconds.
    """
    weights = np.exp2((ages.min() - ages) / half_life)
    total = float(weights.sum())
    counted = min(total**2 / float((weights**2).sum()), MOST_COUNTED)
    share = 1 - np.concatenate([[0.0], np.cumsum(weights)])[below] / total
    above = np.clip(share, 0.0, 1.0) * counted + PSEUDO
    return np.asarray(np.log(above / (counted + 2 * PSEUDO - above)))
