"""Detects outliers and lasting steps of the level by robust statistics."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.types import FloatArray

SIGMA_PER_MAD = 1.4826
"""Standard deviations in a median absolute deviation, for a normal distribution."""
OUTLIER_SIGMAS = 6.0
"""Standard deviations from the neighbouring values beyond which a value is an outlier."""
TAIL, TAIL_SIGMAS = 0.98, 2.3263
"""Quantile of |x| for a normal x, and its value in standard deviations; events above 1 in 50 are no outliers."""
NEIGHBOURHOOD_SIZE = 25
"""Number of values that an outlier is compared with, itself included."""
MIN_CHANGE = 0.01
"""Smallest difference of a step or an outlier, as a share of the usual value."""
MIN_PROFILE_DAYS = 4
"""Smallest number of days for which a daily profile is estimated and removed."""
MIN_STEP_RATIO = 5.0
"""Smallest size of a step, relative to the usual difference of two neighbouring levels."""
MIN_STEP_SIGMAS = 2.0
"""Smallest size of a step in standard deviations within the levels."""
MIN_ORDERED_PAIRS = 0.85
"""Smallest share of equally ordered pairs of a value before and a value after a step; ties count half."""
MAX_LEVEL_TO_SLOPE_ERROR = 0.9
"""Largest mean error of two levels around a step, relative to the mean error of a slope."""
MIN_LEVEL_VALUES = 24
"""Smallest number of values of a level; a series must have eight times as many."""


class LevelStep(NamedTuple):
    """A lasting step of the level.

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

    The daily profile is removed first. A value's distance from the running median of the 25 values around it (Hampel,
    1974) is compared with its standard deviation. This is the larger of two robust estimates, from the median
    absolute deviation and from the 98 % quantile; the second keeps frequent bursts from being called outliers. An
    event at about the same time every day, such as a nightly job, is no outlier.

    Args:
        y: float64 [n], NaN where not observed.
        day: Number of values in a day; 0 if it is not a whole number.
    """
    from scipy.ndimage import median_filter  # noqa: PLC0415  # heavy, used here only

    known = np.flatnonzero(np.isfinite(y))
    if len(known) < NEIGHBOURHOOD_SIZE:
        return np.empty(0, dtype=np.int64)
    rest = (y - _profile(y, day))[known]
    distance = np.abs(rest - median_filter(rest, NEIGHBOURHOOD_SIZE, mode="mirror"))
    ordered = np.sort(distance)
    scale = max(
        SIGMA_PER_MAD * float(ordered[len(ordered) // 2]), float(ordered[int(TAIL * len(ordered))]) / TAIL_SIGMAS
    )
    least = MIN_CHANGE * float(np.median(np.abs(y[known])))  # the crests of a smooth curve differ by no more
    far = np.asarray(known[distance > max(OUTLIER_SIGMAS * scale, least)], dtype=np.int64)
    size = np.zeros(len(y))
    size[known] = distance
    return far[[not _comes_daily(size, int(place), day) for place in far]] if len(far) else far


def _comes_daily(size: FloatArray, place: int, day: int) -> bool:
    """Return whether on half of the other days a value near the same time deviated at least half as much."""
    if day <= NEIGHBOURHOOD_SIZE or len(size) < MIN_PROFILE_DAYS * day:
        return False
    half = NEIGHBOURHOOD_SIZE // 2
    others = [k for k in range(place % day, len(size), day) if k != place]
    peaks = np.array([size[max(0, k - half) : k + half + 1].max() for k in others])
    return int((peaks >= size[place] / 2).sum()) >= len(others) / 2


def _profile(y: FloatArray, day: int) -> FloatArray | float:
    """Return the daily profile: for each time of day, the median over days of the difference from the day's median."""
    if day < 2 or len(y) < MIN_PROFILE_DAYS * day:  # noqa: PLR2004  # a profile has two values
        return 0.0
    days = len(y) // day
    table = y[: days * day].reshape(days, day)
    table = table[np.isfinite(table).all(axis=1)]  # whole days only: the median of a part would be that of some hours
    if len(table) < MIN_PROFILE_DAYS:
        return 0.0
    course = np.median(table - np.median(table, axis=1, keepdims=True), axis=0)
    return np.asarray(np.resize(course, len(y)), dtype=np.float64)


def level_steps(y: FloatArray, day: int) -> tuple[LevelStep, ...]:
    """Find the places where the level changes and stays.

    The daily profile is removed first. At each position, the median of the values after it is compared with the median
    of the values before it, over half a day (an eighth of a short series). A position is a step if:

    - the medians differ more than at any other position near it;
    - they differ by five times the usual spread of this difference in the series;
    - they differ by twice the spread of single values;
    - the values before and after it seldom overlap;
    - two levels explain the values better than a slope.

    The usual spread is measured, not derived. It therefore holds for dependent values and wandering levels, where tests
    for independent values find steps everywhere. A series of fewer than 192 values is too short to measure it, and has
    no steps.

    Args:
        y: float64 [n], NaN where not observed.
        day: Number of values in a day; 0 if it is not a whole number.

    Source: the moving-sum test of Hušková and Slabý (Kybernetika 37, 2001), with medians for robustness and a measured
    scale; the position is refined by least absolute deviations (Bai, Econometric Theory 11, 1995).
    """
    from scipy.ndimage import median_filter  # noqa: PLC0415  # heavy, used here only

    known = np.flatnonzero(np.isfinite(y))
    rest = (y - _profile(y, day))[known]
    n = len(rest)
    if n < 8 * MIN_LEVEL_VALUES:
        return ()
    width = min(n // 8, max(MIN_LEVEL_VALUES, day // 2) if day else n // 8) // 2 * 2 + 1  # odd, for a middle
    half = width // 2
    running = median_filter(rest, width, mode="nearest")
    change = running[width + half : n - half] - running[half : n - half - width]  # at place k + width
    size = np.abs(change - np.median(change))  # a steady rise is no step
    usual = SIGMA_PER_MAD * float(np.median(size))
    spread = SIGMA_PER_MAD * float(np.median(np.abs(rest - running)))
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
    """Return whether values after a position are usually above, or usually below, those before it.

    In a load that jumps between two values, the median shifts when one of them becomes slightly more frequent. The
    values themselves don't shift.
    """
    before, after = np.sort(rest[max(0, cut - width) : cut]), rest[cut : cut + width]
    below = (np.searchsorted(before, after, "left") + np.searchsorted(before, after, "right")) / 2
    share = float(below.mean()) / len(before)
    return max(share, 1 - share) >= MIN_ORDERED_PAIRS


def _is_abrupt(rest: FloatArray, cut: int, width: int) -> bool:
    """Return whether two levels fit the values around a position better than a slope."""
    first = max(0, cut - width)
    near = rest[first : cut + width]
    x = np.arange(len(near)) - (len(near) - 1) / 2
    slope = float(x @ near) / float(x @ x)
    off_line = np.abs(near - np.median(near - slope * x) - slope * x)
    levels = np.median(rest[first:cut]), np.median(rest[cut : cut + width])
    off_levels = np.abs(near - np.repeat(levels, [cut - first, len(near) - cut + first]))
    return bool(off_levels.mean() < MAX_LEVEL_TO_SLOPE_ERROR * off_line.mean())


def _between(y: FloatArray, known: NDArray[np.int64], cuts: list[int], worth: float) -> tuple[LevelStep, ...]:
    """Return the levels before and after each cut; leave out cuts whose levels differ too little."""
    while True:
        medians = [float(np.median(y[known[a:b]])) for a, b in pairwise([0, *cuts, len(known)])]
        shifts = [abs(after - before) for before, after in pairwise(medians)]
        if not cuts or min(shifts) > worth:
            return tuple(
                LevelStep(int(known[cut]), *levels) for cut, levels in zip(cuts, pairwise(medians), strict=True)
            )
        del cuts[int(np.argmin(shifts))]


def _refined(rest: FloatArray, cut: int, width: int) -> int:
    """Return the position near `cut` at which two levels fit best, by least absolute deviations."""
    first, last = cut - width, cut + width
    before, after = float(np.median(rest[first:cut])), float(np.median(rest[cut:last]))
    near = rest[first + width // 2 : last - width // 2]
    gain = np.concatenate([[0.0], np.cumsum(np.abs(near - before) - np.abs(near - after))])
    return first + width // 2 + int(np.argmin(gain))
