"""Changes of the load: a change point in the rate of arrivals, and whether the running composition can serve it.

The change point is where two Poisson rates, before and after, are likeliest (the likelihood-ratio scan of Worsley
1986). Its p-value is from permutations of the intervals, which holds for any exchangeable counts: bursts that are
larger than Poisson's give no false alarms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.adaptation.changes import Change
from aurora.types import FloatArray

ALPHA = 0.01
"""Share of windows with a constant rate in which a change point is found."""
PERMUTATIONS = 999
LEAST_INTERVALS = 8
LEAST_SIDE = 3
"""Fewest intervals before and after a change point."""
SLACK = 0.5
"""Share of the rate before below which less is asked for, so that a dearer or better composition may fit."""
_HIGHEST_RATE = 1e6
_PRECISION = 0.01


class ChangePoint(NamedTuple):
    """A change of a rate.

    Attributes:
        interval: First interval of the new rate.
        before: Mean rate before, in requests a second.
        after: Mean rate from there on.
        p_value: Probability of as clear a change point where the rate is constant.
    """

    interval: int
    before: float
    after: float
    p_value: float


def change_point(counts: FloatArray, seconds: float, *, seed: int = 0) -> ChangePoint:
    """Return the likeliest change point of the rate of arrivals.

    Args:
        counts: Arrivals of each interval, in order, float64 [intervals].
        seconds: Length of an interval.
        seed: Random seed of the permutations.

    Raises:
        InputError: There are fewer than `LEAST_INTERVALS` intervals, or an argument is out of range.
    """
    if len(counts) < LEAST_INTERVALS:
        raise InputError(f"give at least {LEAST_INTERVALS} intervals", parameter="counts", value=len(counts))
    if seconds <= 0:
        raise InputError("give more than 0", parameter="seconds", value=seconds)
    if counts.min() < 0:
        raise InputError("a number of arrivals is negative", parameter="counts")
    rng = np.random.default_rng(seed)
    rows = np.concatenate([counts[None], rng.permuted(np.tile(counts, (PERMUTATIONS, 1)), axis=1)])
    ratios = _ratios(rows)
    best = ratios.max(axis=1)
    p_value = (int((best[1:] >= best[0] - 1e-9).sum()) + 1) / (PERMUTATIONS + 1)
    cut = LEAST_SIDE + int(ratios[0].argmax())
    return ChangePoint(cut, float(counts[:cut].mean()) / seconds, float(counts[cut:].mean()) / seconds, p_value)


def capacity(latency: Callable[[float], float], limit: float) -> float:
    """Return the highest rate, to 1 %, at which a composition keeps a limit of latency, in requests a second.

    Args:
        latency: Rate in requests a second -> 95th percentile of the latency in seconds, rising; infinite if overloaded.
        limit: The limit in seconds.

    Returns:
        0 if it keeps the limit at no rate.

    Raises:
        InputError: The limit is not positive.
    """
    if limit <= 0:
        raise InputError("give more than 0", parameter="limit", value=limit)
    low, high = 0.0, 1.0
    while high < _HIGHEST_RATE and latency(high) <= limit:
        low, high = high, 2 * high
    if low == 0.0:
        low = 1e-3
        if latency(low) > limit:
            return 0.0
    while high / low > 1 + _PRECISION:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if latency(middle) <= limit else (low, middle)
    return low


def load_change(
    counts: FloatArray, seconds: float, most: float, *, alpha: float = ALPHA, seed: int = 0
) -> Change | None:
    """Return a change of the load, if there is one.

    Args:
        counts: Arrivals of each interval, in order, float64 [intervals].
        seconds: Length of an interval.
        most: Rate that the running composition can serve within its limit, of `capacity`.
        alpha: Largest probability of a finding where the rate is constant.
        seed: Random seed of the permutations.

    Returns:
        A change that needs a recomposition where the new rate exceeds what can be served, or is less than `SLACK` of
        the rate before; else one that only reports. None: the rate is constant.

    Raises:
        InputError: There are too few intervals, or an argument is out of range.
    """
    found = change_point(counts, seconds, seed=seed)
    if found.p_value > alpha:
        return None
    way = "rose" if found.after > found.before else "fell"
    text = f"the load {way} from {found.before:.3g} to {found.after:.3g} requests a second"
    is_too_much = found.after > most
    text += f"; the running composition serves {most:.3g} within its limit of latency"
    return Change(
        kind="load",
        subject="rate",
        before=found.before,
        after=found.after,
        unit="requests a second",
        p_value=found.p_value,
        needs_recomposition=is_too_much or found.after < SLACK * found.before,
        text=text,
    )


def _ratios(rows: FloatArray) -> FloatArray:
    """Return the log-likelihood ratio of each change point, float64 [rows, cuts]."""
    intervals = rows.shape[1]
    cuts = np.arange(LEAST_SIDE, intervals - LEAST_SIDE + 1)
    sums = np.cumsum(rows, axis=1)
    total, before = sums[:, -1:], sums[:, cuts - 1]
    return _fit(before, cuts) + _fit(total - before, intervals - cuts) - _fit(total, np.array([intervals]))


def _fit(arrivals: FloatArray, intervals: np.ndarray) -> FloatArray:
    """Return the largest Poisson log-likelihood of a number of arrivals, but for terms that all cuts share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(arrivals > 0, arrivals * np.log(arrivals / intervals), 0.0)
