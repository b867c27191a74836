"""Measures the agreement of raters: Krippendorff's alpha with its interval, and rank correlation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError

RESAMPLES = 2_000
"""Number of bootstrap samples of the units."""

Scale = Literal["nominal", "ordinal", "interval"]


class Agreement(NamedTuple):
    """Krippendorff's alpha of some ratings.

    Attributes:
        alpha: 1 for perfect agreement, 0 for chance; NaN where all ratings are equal or no unit has two.
        low: Lower bound of its 95 % interval.
        high: Upper bound.
        units: Number of units with at least two ratings.
        raters: Number of raters.
        ratings: Number of ratings on those units.
    """

    alpha: float
    low: float
    high: float
    units: int
    raters: int
    ratings: int


def krippendorff(
    ratings: Mapping[str, Mapping[str, float]], scale: Scale = "ordinal", *, seed: int = 0, resamples: int = RESAMPLES
) -> Agreement:
    """Return Krippendorff's alpha of ratings, any of which may be missing (Krippendorff 2019, ch. 12).

    Args:
        ratings: Unit -> rater -> rating.
        scale: How ratings compare: equal or not, by rank, or by difference.
        seed: Random seed of the bootstrap over units.
        resamples: Number of bootstrap samples.

    Raises:
        InputError: A rating is not finite.
    """
    if any(not math.isfinite(r) for unit in ratings.values() for r in unit.values()):
        raise InputError("ratings are finite numbers")
    paired = [list(unit.values()) for unit in ratings.values() if len(unit) > 1]
    raters = len({rater for unit in ratings.values() for rater in unit})
    count = sum(len(unit) for unit in paired)
    if not paired:
        return Agreement(math.nan, math.nan, math.nan, 0, raters, 0)
    categories = sorted({r for unit in paired for r in unit})
    coincidences = np.stack([_coincidences(unit, categories) for unit in paired])
    alpha = _alpha(coincidences.sum(axis=0), np.array(categories), scale)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(paired), np.full(len(paired), 1 / len(paired)), resamples).astype(np.float64)
    resampled = np.array([_alpha(np.tensordot(d, coincidences, 1), np.array(categories), scale) for d in draws])
    known = resampled[np.isfinite(resampled)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (math.nan, math.nan)
    return Agreement(alpha, float(low), float(high), len(paired), raters, count)


def _coincidences(unit: Sequence[float], categories: Sequence[float]) -> NDArray[np.float64]:
    """Return the pairs of ratings of a unit by category, each weighted by 1 / (ratings - 1)."""
    counts = np.array([sum(r == c for r in unit) for c in categories], dtype=np.float64)
    return (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)


def _alpha(coincidences: NDArray[np.float64], categories: NDArray[np.float64], scale: Scale) -> float:
    """Return 1 - observed / expected disagreement of a matrix of coincidences."""
    totals = coincidences.sum(axis=1)
    count = totals.sum()
    if scale == "nominal":
        distance = 1.0 - np.eye(len(totals))
    elif scale == "interval":
        distance = (categories[:, None] - categories[None, :]) ** 2
    else:  # the squared number of ratings between two ranks, half of the ends
        middle = np.cumsum(totals) - totals / 2
        distance = (middle[:, None] - middle[None, :]) ** 2
    expected = float((np.outer(totals, totals) * distance).sum() / max(1.0, count - 1))
    return math.nan if expected <= 0 else 1 - float((coincidences * distance).sum()) / expected


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; NaN where one side is constant.

    Args:
        first: Values, float64 [n].
        second: Values of the same samples, float64 [n].

    Raises:
        InputError: The lengths differ.
    """
    if len(first) != len(second):
        raise InputError(f"paired values differ in number: {len(first)} and {len(second)}")
    ranks = [_ranks(v) - (len(v) - 1) / 2 for v in (first, second)]
    size = math.sqrt(float((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return math.nan if size == 0 else float((ranks[0] * ranks[1]).sum()) / size


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value from 0, ties at their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[place], dtype=np.float64)
