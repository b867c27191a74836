"""Computes confidence intervals of the ratio of two means of paired values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError


class Ratio(NamedTuple):
    """A ratio of two means with the bounds of its 95 % interval.

    Attributes:
        ratio: Ratio of the means; NaN where the denominator is 0.
        low: Lower bound; -infinity where the denominator is not clearly above or below 0.
        high: Upper bound; infinity likewise.
        is_bounded: True if the denominator clearly differs from 0, so that the interval is finite.
    """

    ratio: float
    low: float
    high: float
    is_bounded: bool


def ratio_interval(
    numerators: Sequence[NDArray[np.float64]],
    denominators: Sequence[NDArray[np.float64]],
    *,
    confidence: float = 0.95,
) -> Ratio:
    """Return the ratio of two stratified means with its interval by Fieller's theorem (Fieller 1954).

    Each mean is that over strata of the strata's means, as in `mean_interval`. The interval holds the ratios r for
    which Student's t does not reject that the mean of numerator - r * denominator is 0. It is unbounded where the
    denominator's own interval contains 0.

    Args:
        numerators: Values of each stratum, float64 [n].
        denominators: Values of the same samples, in the same order.
        confidence: Confidence of the interval, 0 to 1.

    Raises:
        InputError: The strata differ in shape, or one has fewer than two values.
    """
    if [len(s) for s in numerators] != [len(s) for s in denominators]:
        raise InputError("a ratio needs a denominator for each numerator")
    if not numerators or min(len(s) for s in numerators) < 2:  # noqa: PLR2004  # a variance needs two values
        raise InputError("the interval of a ratio needs at least two values in every stratum")
    from scipy.special import stdtrit  # noqa: PLC0415  # slow to load

    a, b = (float(np.mean([s.mean() for s in strata])) for strata in (numerators, denominators))
    parts = [np.cov(n, d) / len(n) for n, d in zip(numerators, denominators, strict=True)]
    covariance = sum(parts, np.zeros((2, 2))) / len(parts) ** 2
    direction = np.array([1.0, -a / b]) if b else np.array([0.0, 1.0])
    t = float(stdtrit(_freedom(parts, [len(s) for s in numerators], direction), 0.5 + confidence / 2))
    (var_a, cov), (_, var_b) = covariance.tolist()
    ratio = a / b if b else math.nan
    leading = b**2 - t**2 * var_b
    if leading <= 0:
        return Ratio(ratio, -math.inf, math.inf, is_bounded=False)
    middle = (a * b - t**2 * cov) / leading
    constant = (a**2 - t**2 * var_a) / leading
    radius = math.sqrt(max(0.0, middle**2 - constant))
    return Ratio(ratio, middle - radius, middle + radius, is_bounded=True)


def _freedom(parts: Sequence[NDArray[np.float64]], sizes: Sequence[int], direction: NDArray[np.float64]) -> float:
    """Return the degrees of freedom of a linear combination's variance (Welch 1947, Satterthwaite 1946)."""
    variances = np.array([float(direction @ part @ direction) for part in parts])
    least = float(np.min(sizes) - 1)
    squares = float((variances**2 / (np.array(sizes) - 1)).sum())
    return least if squares <= 0 else max(least, float(variances.sum() ** 2 / squares))
