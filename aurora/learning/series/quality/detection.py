"""Detects outliers and lasting steps of the level by robust statistics."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.types import FloatArray

SIGMA = 1.4826
"""Standard deviations in a median absolute deviation, for a normal distribution."""
OUTLIER_SIGMAS = 6.0
"""Standard deviations from the neighbouring values beyond which a value is an outlier."""
TAIL, TAIL_SIGMAS = 0.98, 2.3263
"""A quantile of |x| for a normal x, in standard deviations; an event more frequent than 1 in 50 is no outlier."""
NEIGHBOURHOOD = 25
"""Values, itself included, that an outlier is compared with."""
MIN_CHANGE = 0.01
"""Least difference of a step or an outlier, as a share of the usual value."""
MIN_PROFILE_DAYS = 4
"""Fewest days for which a daily profile is estimated and removed."""
MIN_STEP_RATIO = 5.0
"""Least size of a step, relative to the usual difference of two neighbouring levels."""
MIN_STEP_SIGMAS = 2.0
"""Least size of a step in standard deviations within the levels."""
MIN_ORDERED_PAIRS = 0.85
"""Least share of pairs of a value before and one after a step that are in the same order; ties count half."""
MAX_LEVEL_TO_SLOPE_ERROR = 0.9
"""Largest mean distance of the values around a step from the two levels, relative to that from a slope."""
MIN_LEVEL_VALUES = 24
"""Fewest values of a level; a series must have eight times as many."""


class LevelStep(NamedTuple):
    """A lasting step.

    Attributes:
        position: Position of the first value of the new level.
        before: Median of the values since the step before.
        after: Median of the values up to the next step.
    """

    position: int
    before: float
    after: float


def outliers(y: FloatArray, day: int) -> NDArray[np.int64]:
    """Return the positions of values that are far from their neighbours.

    A value's distance from the running median of the 25 around it (Hampel, 1974; the daily profile is taken off
    before) is compared to the larger of two robust estimates of its standard deviation: from the median absolute
    deviation, and from the 98 % quantile, which keeps the bursts of a bursty series from being called outliers. An
    event at about the same time every day, such as a nightly job, is no outlier.

    Args:
        y: float64 [n], NaN where not observed.
        day: Values in a day, 0 if it is no whole number.
    """
    from scipy.ndimage import median_filter  # noqa: PLC0415  # heavy, used here only

    known = np.flatnonzero(np.isfinite(y))
    if len(known) < NEIGHBOURHOOD:
        return np.empty(0, dtype=np.int64)
    rest = (y - _profile(y, day))[known]
    distance = np.abs(rest - median_filter(rest, NEIGHBOURHOOD, mode="mirror"))
    ordered = np.sort(distance)
    scale = max(SIGMA * float(ordered[len(ordered) // 2]), float(ordered[int(TAIL * len(ordered))]) / TAIL_SIGMAS)
    least = MIN_CHANGE * float(np.median(np.abs(y[known])))  # in a smooth curve the top of a wave is far by no more
    far = np.asarray(known[distance > max(OUTLIER_SIGMAS * scale, least)], dtype=np.int64)
    size = np.zeros(len(y))
    size[known] = distance
    return far[[not _comes_daily(size, int(place), day) for place in far]] if len(far) else far


def _comes_daily(size: FloatArray, place: int, day: int) -> bool:
    """Return whether on half of the other days a value near the same time was at least half as far."""
    if day <= NEIGHBOURHOOD or len(size) < MIN_PROFILE_DAYS * day:
        return False
    half = NEIGHBOURHOOD // 2
    others = [k for k in range(place % day, len(size), day) if k != place]
    peaks = np.array([size[max(0, k - half) : k + half + 1].max() for k in others])
    return int((peaks >= size[place] / 2).sum()) >= len(others) / 2


def _profile(y: FloatArray, day: int) -> FloatArray | float:
    """Return the usual course of a day: at each time, the median over days of the difference from the day's median."""
    if day < 2 or len(y) < MIN_PROFILE_DAYS * day:  # noqa: PLR2004  # a course has two values
        return 0.0
    days = len(y) // day
    table = y[: days * day].reshape(days, day)
    table = table[np.isfinite(table).all(axis=1)]  # whole days only: medians of a few values would be of some hours
    if len(table) < MIN_PROFILE_DAYS:
        return 0.0
    course = np.median(table - np.median(table, axis=1, keepdims=True), axis=0)
    return np.asarray(np.resize(course, len(y)), dtype=np.float64)


def level_steps(y: FloatArray, day: int) -> tuple[LevelStep, ...]:
    """Find the places where the level changes and stays.

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
    if n < 8 * MIN_LEVEL_VALUES:
        return ()
    width = min(n // 8, max(MIN_LEVEL_VALUES, day // 2) if day else n // 8) // 2 * 2 + 1  # odd
    half = width // 2
    running = median_filter(rest, width, mode="nearest")
    change = running[width + half : n - half] - running[half : n - half - width]  # at place k + width
    size = np.abs(change - np.median(change))  # a steady rise is none
    usual = SIGMA * float(np.median(size))
    spread = SIGMA * float(np.median(np.abs(rest - running)))
    worth = max(MIN_STEP_SIGMAS * spread, MIN_CHANGE * float(np.median(np.abs(y[known]))))
    least = max(MIN_STEP_RATIO * usual, worth)
    cuts: list[int] = []
    for place in np.argsort(-size, kind="stable"):
        if size[place] <= least:
            break
        if all(abs(place + width - other) >= width for other in cuts):
            cuts.append(int(place) + width)
    exact = sorted({_refined(rest, cut, width) for cut in cuts})
    kept = [cut for cut in exact if _are_apart(rest, cut, width) and _is_abrupt(rest, cut, width)]
    return _between(y, known, kept, worth)


def _are_apart(rest: FloatArray, cut: int, width: int) -> bool:
    """Return whether values after a place are usually above, or usually below, those before it.

    In a load that jumps between two values the median shifts when one becomes a little more frequent; the values don't.
    """
    before, after = np.sort(rest[max(0, cut - width) : cut]), rest[cut : cut + width]
    below = (np.searchsorted(before, after, "left") + np.searchsorted(before, after, "right")) / 2
    share = float(below.mean()) / len(before)
    return max(share, 1 - share) >= MIN_ORDERED_PAIRS


def _is_abrupt(rest: FloatArray, cut: int, width: int) -> bool:
    """Return whether two levels fit the values around a place better than a slope."""
    first = max(0, cut - width)
    near = rest[first : cut + width]
    x = np.arange(len(near)) - (len(near) - 1) / 2
    slope = float(x @ near) / float(x @ x)
    off_line = np.abs(near - np.median(near - slope * x) - slope * x)
    levels = np.median(rest[first:cut]), np.median(rest[cut : cut + width])
    off_levels = np.abs(near - np.repeat(levels, [cut - first, len(near) - cut + first]))
    return bool(off_levels.mean() < MAX_LEVEL_TO_SLOPE_ERROR * off_line.mean())


def _between(y: FloatArray, known: NDArray[np.int64], cuts: list[int], worth: float) -> tuple[LevelStep, ...]:
    """Return the levels on the two sides of each cut, without cuts whose levels don't differ enough."""
    while True:
        medians = [float(np.median(y[known[a:b]])) for a, b in pairwise([0, *cuts, len(known)])]
        shifts = [abs(after - before) for before, after in pairwise(medians)]
        if not cuts or min(shifts) > worth:
            return tuple(
                LevelStep(int(known[cut]), *levels) for cut, levels in zip(cuts, pairwise(medians), strict=True)
            )
        del cuts[int(np.argmin(shifts))]


def _refined(rest: FloatArray, cut: int, width: int) -> int:
    """Return the place near `cut` at which two levels fit best, by least absolute deviations."""
    first, last = cut - width, cut + width
    before, after = float(np.median(rest[first:cut])), float(np.median(rest[cut:last]))
    near = rest[first + width // 2 : last - width // 2]
    gain = np.concatenate([[0.0], np.cumsum(np.abs(near - before) - np.abs(near - after))])
    return first + width // 2 + int(np.argmin(gain))
