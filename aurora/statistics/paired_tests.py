"""Tests whether paired differences have a mean of zero, and corrects for many tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError

EXACT_UP_TO = 12
"""Number of pairs up to which all patterns of signs are enumerated."""
RESAMPLES = 20_000
"""Number of random patterns of signs beyond that."""
EQUAL_STATISTIC = 1e-9
"""Relative difference of two statistics that counts as a tie."""


def sign_flip_test(strata: Sequence[NDArray[np.float64]], *, seed: int = 0) -> float:
    """Return the two-sided p-value of the hypothesis that paired differences have a mean of zero.

    The signs of the differences are flipped at random (Fisher 1935). The statistic is the mean over strata of their
    means, divided by its standard error. The test is exact for symmetric differences. For skewed ones it holds its
    level in large samples (Janssen 1997): exponential differences are rejected at 5 % in 7 to 8 % of the samples of 8
    to 60 pairs.

    Args:
        strata: Paired differences of each stratum, float64 [n]. Every stratum counts the same.
        seed: Random seed of the patterns of signs.

    Returns:
        The p-value, at least 1 / (patterns + 1) where patterns are sampled. 1 if all differences are zero.

    Raises:
        InputError: There is no difference, or one is not finite.
    """
    if not strata or any(len(s) == 0 for s in strata) or not all(np.isfinite(s).all() for s in strata):
        raise InputError("a paired test needs finite differences, at least one in every stratum")
    count = sum(len(s) for s in strata)
    if not any(s.any() for s in strata):
        return 1.0
    if count <= EXACT_UP_TO:
        patterns = np.asarray(1 - 2 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1), dtype=np.float64)
        statistics = _statistics(strata, patterns)
        return float((statistics >= statistics[0] * (1 - EQUAL_STATISTIC)).mean())
    patterns = np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), (RESAMPLES, count))
    observed = _statistics(strata, np.ones((1, count)))[0]
    reached = int((_statistics(strata, patterns) >= observed * (1 - EQUAL_STATISTIC)).sum())
    return (reached + 1) / (RESAMPLES + 1)  # the observed pattern counts (Phipson & Smyth 2010)


def _statistics(strata: Sequence[NDArray[np.float64]], patterns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the absolute studentised mean of each pattern of signs, float64 [patterns]."""
    means, variances, start = np.zeros(len(patterns)), np.zeros(len(patterns)), 0
    for differences in strata:
        count = len(differences)
        part = patterns[:, start : start + count] @ differences / count
        start += count
        means += part / len(strata)
        square = float((differences**2).mean())
        variances += np.maximum(0.0, square - part**2) / max(1, count - 1) / len(strata) ** 2
    floor = np.finfo(np.float64).tiny
    return np.abs(means) / np.sqrt(np.maximum(variances, floor + (1e-9 * means) ** 2))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values adjusted for the number of tests by Holm's step-down method (Holm 1979).

    A hypothesis is rejected at the level α if its adjusted value is at most α. The probability of at least one false
    rejection is then at most α, whatever the tests' dependence.

    Args:
        p_values: Name of a test -> its p-value, 0 to 1.

    Raises:
        InputError: A p-value lies outside 0 to 1.
    """
    if any(not 0 <= p <= 1 for p in p_values.values()):
        raise InputError("p-values lie between 0 and 1")
    adjusted: dict[str, float] = {}
    largest = 0.0
    for place, name in enumerate(sorted(p_values, key=lambda n: (p_values[n], n))):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


class McNemar(NamedTuple):
    """Paired outcomes that are right or wrong.

    Attributes:
        only_first: Number of pairs in which only the first is right.
        only_second: Number of pairs in which only the second is right.
        p_value: Two-sided exact p-value.
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test whether two systems are right equally often on the same samples (McNemar 1947, exact).

    Args:
        first: True where the first is right, bool [n].
        second: The same of the second, bool [n].

    Raises:
        InputError: The lengths differ.
    """
    if len(first) != len(second):
        raise InputError(f"paired outcomes differ in number: {len(first)} and {len(second)}")
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    discordant, smaller = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(discordant, k) for k in range(smaller + 1)) / 2**discordant
    return McNemar(only_first, only_second, min(1.0, 2 * tail))
