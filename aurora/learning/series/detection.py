"""Lasting steps of a level and outliers: what is worth a look in a series, told by robust statistics."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.types import FloatArray

SIGMA = 1.4826
"""Standard deviations in a median absolute deviation, for a normal distribution."""
FAR = 6.0
"""Standard deviations from the values around it beyond which a value is an outlier."""
TAIL, TAIL_SIGMAS = 0.98, 2.3263
"""A quantile of |normal|/standard deviation: what happens more often than 1 in 50 is not an outlier."""
AROUND = 25
"""Values, of which it is one, that an outlier is compared to."""
LEAST_SHARE = 0.01
"""Of the usual value, that a step or an outlier must differ by at least."""
LEAST_DAYS = 4
"""Days from which a daily profile is taken off."""
CLEAR = 5.0
"""Times the usual difference of two neighbouring levels that a step must have at least."""
LEAST_SHIFT = 2.0
"""Standard deviations, within the levels, that a step must have at least."""
APART = 0.85
"""Share of all pairs of a value before and one after a step, that must be in the same order; ties are half."""
ABRUPT = 0.9
"""Of the mean distance of the values around a step from a slope, that they may have from the two levels."""
SHORTEST = 24
"""Values over which a level is told, at least; a series must have eight times as many."""


class LevelStep(NamedTuple):
    """A lasting step.

    Attributes:
        position: Of the first value of the new level.
        before, after: Median of the values since the last step, and to the next.
    """

    position: int
    before: float
    after: float


def outliers(y: FloatArray, day: int) -> NDArray[np.int64]:
    """Positions of values that are far from those around them.

    A value's distance from the running median of the 25 around it (Hampel, 1974; the daily profile is taken off
    before) is compared to the larger of two robust estimates of its standard deviation: from the median absolute
    deviation, and from the 98 % quantile, which keeps the bursts of a bursty series from being called outliers. What
    comes every day at about the same time, such as a nightly job, is none.

    Args:
        y: float64 [n], NaN where not observed.
        day: Values in a day, 0 if it is no whole number.
    """
    from scipy.ndimage import median_filter  # noqa: PLC0415  # heavy, used here only

    known = np.flatnonzero(np.isfinite(y))
    if len(known) < AROUND:
        return np.empty(0, dtype=np.int64)
    rest = (y - _profile(y, day))[known]
    distance = np.abs(rest - median_filter(rest, AROUND, mode="mirror"))
    ordered = np.sort(distance)
    scale = max(SIGMA * float(ordered[len(ordered) // 2]), float(ordered[int(TAIL * len(ordered))]) / TAIL_SIGMAS)
    least = LEAST_SHARE * float(np.median(np.abs(y[known])))  # in a smooth curve the top of a wave is far by no more
    far = np.asarray(known[distance > max(FAR * scale, least)], dtype=np.int64)
    size = np.zeros(len(y))
    size[known] = distance
    return far[[not _comes_daily(size, int(place), day) for place in far]] if len(far) else far


def _comes_daily(size: FloatArray, place: int, day: int) -> bool:
    """Whether on half of the other days, within an hour or so of the same time, a value was half as far or more."""
    if day <= AROUND or len(size) < LEAST_DAYS * day:
        return False
    half = AROUND // 2
    others = [k for k in range(place % day, len(size), day) if k != place]
    peaks = np.array([size[max(0, k - half) : k + half + 1].max() for k in others])
    return int((peaks >= size[place] / 2).sum()) >= len(others) / 2


def _profile(y: FloatArray, day: int) -> FloatArray | float:
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


def level_steps(y: FloatArray, day: int) -> tuple[LevelStep, ...]:
    """Where the level changes and stays.

    At each place the median of the values after it is compared to that of the values before it, over half a day (an
    eighth of a short series); the daily profile is taken off before. A step is a place where they differ more than at
    any other near it, by five times the spread that this difference usually has in the series, and by twice the spread
    of single values, where values before and after seldom overlap, and which two levels explain better than a slope.
    As the first is measured, not derived, it holds for values that depend on their neighbours and for levels that
    wander, where tests for independent values find steps everywhere. A series of fewer than 192 values is too short to
    know what is usual, and has none.

    Args:
        y: float64 [n], NaN where not observed.
        day: Values in a day, 0 if it is no whole number.

    Source: the moving-sum test of Hušková and Slabý (Kybernetika 37, 2001), with medians for robustness and a measured
    scale; the place within it by least absolute deviations (Bai, Econometric Theory 11, 1995).
    """
    from scipy.ndimage import median_filter  # noqa: PLC0415  # heavy, used here only

    known = np.flatnonzero(np.isfinite(y))
    rest = (y - _profile(y, day))[known]
    n = len(rest)
    if n < 8 * SHORTEST:
        return ()
    width = min(n // 8, max(SHORTEST, day // 2) if day else n // 8) // 2 * 2 + 1  # odd
    half = width // 2
    running = median_filter(rest, width, mode="nearest")
    change = running[width + half : n - half] - running[half : n - half - width]  # at place k + width
    size = np.abs(change - np.median(change))  # a steady rise is none
    usual = SIGMA * float(np.median(size))
    spread = SIGMA * float(np.median(np.abs(rest - running)))
    worth = max(LEAST_SHIFT * spread, LEAST_SHARE * float(np.median(np.abs(y[known]))))
    least = max(CLEAR * usual, worth)
    cuts: list[int] = []
    for place in np.argsort(-size, kind="stable"):
        if size[place] <= least:
            break
        if all(abs(place + width - other) >= width for other in cuts):
            cuts.append(int(place) + width)
    exact = sorted({_refined(rest, cut, width) for cut in cuts})
    told = [cut for cut in exact if _are_apart(rest, cut, width) and _is_abrupt(rest, cut, width)]
    return _between(y, known, told, worth)


def _are_apart(rest: FloatArray, cut: int, width: int) -> bool:
    """Whether a value after a place is usually above (or usually below) one before it.

    Of a load that jumps between two values the median does, when one becomes a little more frequent; the values don't.
    """
    before, after = np.sort(rest[max(0, cut - width) : cut]), rest[cut : cut + width]
    below = (np.searchsorted(before, after, "left") + np.searchsorted(before, after, "right")) / 2
    share = float(below.mean()) / len(before)
    return max(share, 1 - share) >= APART


def _is_abrupt(rest: FloatArray, cut: int, width: int) -> bool:
    """Whether two levels fit the values around a place better than a slope does."""
    first = max(0, cut - width)
    near = rest[first : cut + width]
    x = np.arange(len(near)) - (len(near) - 1) / 2
    slope = float(x @ near) / float(x @ x)
    off_line = np.abs(near - np.median(near - slope * x) - slope * x)
    levels = np.median(rest[first:cut]), np.median(rest[cut : cut + width])
    off_levels = np.abs(near - np.repeat(levels, [cut - first, len(near) - cut + first]))
    return bool(off_levels.mean() < ABRUPT * off_line.mean())


def _between(y: FloatArray, known: NDArray[np.int64], cuts: list[int], worth: float) -> tuple[LevelStep, ...]:
    """The levels on the two sides of each cut, without the cuts on whose sides they don't differ after all."""
    while True:
        medians = [float(np.median(y[known[a:b]])) for a, b in pairwise([0, *cuts, len(known)])]
        shifts = [abs(after - before) for before, after in pairwise(medians)]
        if not cuts or min(shifts) > worth:
            return tuple(
                LevelStep(int(known[cut]), *levels) for cut, levels in zip(cuts, pairwise(medians), strict=True)
            )
        del cuts[int(np.argmin(shifts))]


def _refined(rest: FloatArray, cut: int, width: int) -> int:
    """The place near `cut` at which two levels fit best, by least absolute deviations."""
    first, last = cut - width, cut + width
    before, after = float(np.median(rest[first:cut])), float(np.median(rest[cut:last]))
    near = rest[first + width // 2 : last - width // 2]
    gain = np.concatenate([[0.0], np.cumsum(np.abs(near - before) - np.abs(near - after))])
    return first + width // 2 + int(np.argmin(gain))
