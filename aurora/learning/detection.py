"""Lasting steps of a level and outliers: what is worth a look in a series, told by robust statistics."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.samples import Floats

SIGMA = 1.4826
"""Standard deviations in a median absolute deviation, for a normal distribution."""
FAR = 6.0
"""Standard deviations from the values around it beyond which a value is an outlier."""
TAIL, TAIL_SIGMAS = 0.98, 2.3263
"""A quantile of |normal|/standard deviation: what happens more often than 1 in 50 is not an outlier."""
AROUND = 25
"""Values, of which it is one, that an outlier is compared to."""
LEAST_DAYS = 4
"""Days from which a daily profile is taken off."""
ALPHA = 1e-4
"""Of the test for a step."""
LEAST_SHIFT = 2.0
"""Standard deviations, within the levels, that a step must have at least."""
SHORTEST = 24
"""Values that a level must last, at least; see `_lasting`."""


class LevelStep(NamedTuple):
    """A lasting step.

    Attributes:
        position: Of the first value of the new level.
        before, after: Median of the values since the last step, and to the next.
    """

    position: int
    before: float
    after: float


def outliers(y: Floats, day: int) -> NDArray[np.int64]:
    """Positions of values that are far from those around them.

    A value's distance from the running median of the 25 around it (Hampel, 1974; the daily profile is taken off
    before) is compared to the larger of two robust estimates of its standard deviation: from the median absolute
    deviation, and from the 98 % quantile, which keeps the bursts of a bursty series from being called outliers.

    Args:
        y: float64 [n], NaN where not observed.
        day: Values in a day, 0 if it is no whole number.
    """
    from scipy.ndimage import median_filter  # noqa: PLC0415  # heavy, used here only

    known = np.flatnonzero(np.isfinite(y))
    if len(known) < AROUND:
        return np.empty(0, dtype=np.int64)
    rest = (y - _profile(y, day))[known]
    distance = np.abs(rest - median_filter(rest, AROUND, mode="nearest"))
    ordered = np.sort(distance)
    scale = max(SIGMA * float(ordered[len(ordered) // 2]), float(ordered[int(TAIL * len(ordered))]) / TAIL_SIGMAS)
    least = 1e-9 * float(np.abs(rest).max())  # rounding, where all are equal
    return np.asarray(known[distance > max(FAR * scale, least)], dtype=np.int64)


def _profile(y: Floats, day: int) -> Floats | float:
    """The usual course of a day: at each time of day the median, over days, of what is above the day's median."""
    if day < 2 or len(y) < LEAST_DAYS * day:  # noqa: PLR2004  # a course has two values
        return 0.0
    days = len(y) // day
    table = y[: days * day].reshape(days, day)
    table = table[np.isfinite(table).all(axis=1)]  # whole days only: medians of a few values would be of some hours
    if len(table) < LEAST_DAYS:
        return 0.0
    course = np.median(table - np.median(table, axis=1, keepdims=True), axis=0)
    return np.asarray(np.resize(course, len(y)), dtype=np.float64)


def level_steps(y: Floats, day: int) -> tuple[LevelStep, ...]:
    """Where the level changes and stays: Pettitt's rank test, applied again to the two parts.

    The daily profile is taken off before. The test's variance is enlarged by (1 + r) / (1 - r), r the correlation of
    a value's rank with the next one's within the two levels, as neighbours in a utilisation series are far from
    independent. The shift must also be twice the robust standard deviation within the levels.

    Args:
        y: float64 [n], NaN where not observed.
        day: Values in a day, 0 if it is no whole number.

    Source: Pettitt, A non-parametric approach to the change-point problem, Applied Statistics 28 (1979), eq. (2.5);
    the enlargement: Bayley and Hammersley, JRSS Suppl. 8 (1946).
    """
    known = np.flatnonzero(np.isfinite(y))
    rest = (y - _profile(y, day))[known]
    lasting = max(SHORTEST, min(len(rest) // 8, day // 2 if day else len(rest) // 8))
    cuts: list[int] = []
    open_parts = [(0, len(rest))]
    while open_parts:
        first, last = open_parts.pop()
        cut = _best_cut(rest[first:last], lasting)
        if cut is not None:
            cuts.append(first + cut)
            open_parts += [(first, first + cut), (first + cut, last)]
    bounds = [0, *sorted(cuts), len(rest)]
    medians = [float(np.median(y[known[a:b]])) for a, b in pairwise(bounds)] if cuts else []
    return tuple(
        LevelStep(int(known[cut]), before, after)
        for cut, before, after in zip(bounds[1:], medians, medians[1:], strict=False)
    )


def _best_cut(y: Floats, lasting: int) -> int | None:
    """Where the later values differ most from the earlier ones, if they do."""
    n = len(y)
    if n < 2 * lasting:
        return None
    ranks = _ranks(y)
    balance = 2 * np.cumsum(ranks)[:-1] - np.arange(1, n) * (n + 1)
    inside = np.abs(balance[lasting - 1 : n - lasting])
    cut = int(np.argmax(inside)) + lasting
    statistic = float(inside[cut - lasting])
    if 2 * np.exp(-6 * statistic**2 / (n**3 + n**2)) > ALPHA:
        return None
    levels = np.repeat([ranks[:cut].mean(), ranks[cut:].mean()], [cut, n - cut])
    noise = ranks - levels
    power = float(noise @ noise)
    r = float(noise[1:] @ noise[:-1]) / power if power > 0 else 0.0
    shrunk = statistic**2 * (1 - min(max(r, 0.0), 0.999)) / (1 + min(max(r, 0.0), 0.999))
    if 2 * np.exp(-6 * shrunk / (n**3 + n**2)) > ALPHA:
        return None
    before, after = float(np.median(y[:cut])), float(np.median(y[cut:]))
    spread = SIGMA * float(np.median(np.abs(y - np.repeat([before, after], [cut, n - cut]))))
    return cut if abs(after - before) > LEAST_SHIFT * spread else None


def _ranks(y: Floats) -> Floats:
    """1 to n; equal values have the mean of theirs."""
    order = np.argsort(y, kind="stable")
    ordered = y[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    group = np.cumsum(new) - 1
    ends = np.append(np.flatnonzero(new), len(y))
    mean = (ends[:-1] + ends[1:] + 1) / 2
    ranks = np.empty(len(y))
    ranks[order] = mean[group]
    return ranks
