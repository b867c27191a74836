"""Computes confidence intervals of means, by resampling, and of shares."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError

RESAMPLES = 10_000
"""Number of bootstrap samples."""
LEAST_FOR_BOOTSTRAP = 8
"""Least number of clusters of each stratum for a bootstrap; below it, Student's t is used."""
NO_SPREAD = 1e-12
"""Standard error, relative to the values, below which values are equal."""


class Interval(NamedTuple):
    """A mean with the bounds of its 95 % interval."""

    mean: float
    low: float
    high: float


def paired_interval(differences: NDArray[np.float64], *, seed: int = 0) -> Interval:
    """Return the percentile bootstrap interval of the mean of paired differences (Efron & Tibshirani 1993, ch. 13).

    Args:
        differences: Paired differences, float64 [pairs], at least one.
        seed: Random seed of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    means = rng.choice(differences, (RESAMPLES, len(differences))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(differences.mean()), float(low), float(high))


def mean_and_error(values: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> tuple[float, float]:
    """Return a weighted mean and its standard error.

    With weights w that add up to 1 the error is sqrt(n / (n - 1) · sum of w² (x - mean)²), which does not assume that
    all values vary alike (White, Econometrica 48, 1980, with the factor of HC1); equal weights give s / sqrt(n).

    Args:
        values: Values, float64 [n], such as paired differences; at least one.
        weights: Weight of each value; None: all count the same.

    Returns:
        The mean, and its error; infinite for a single value.
    """
    count = len(values)
    shares = np.full(count, 1 / count) if weights is None else weights / weights.sum()
    mean = float(shares @ values)
    if count == 1:
        return mean, math.inf
    return mean, math.sqrt(count / (count - 1) * float((shares**2) @ (values - mean) ** 2))


def cluster_means(values: NDArray[np.float64], clusters: Sequence[Hashable]) -> NDArray[np.float64]:
    """Return the mean of each cluster, in the order in which clusters first occur, float64 [clusters].

    Args:
        values: Values, float64 [n].
        clusters: Cluster of each value, such as its scenario.

    Raises:
        InputError: There are not as many clusters as values.
    """
    if len(clusters) != len(values):
        raise InputError(f"{len(clusters)} clusters for {len(values)} values; give one cluster for each value")
    number = {cluster: place for place, cluster in enumerate(dict.fromkeys(clusters))}
    codes = np.array([number[cluster] for cluster in clusters], dtype=np.int64)
    return np.bincount(codes, values, len(number)) / np.bincount(codes, minlength=len(number))


def mean_interval(
    strata: Sequence[NDArray[np.float64]], *, confidence: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Return the mean over strata of each stratum's mean, with its studentised bootstrap interval.

    A stratum is a group that is always measured, such as a trace; its values are sampled, such as scenarios. Every
    stratum counts the same. The studentised bootstrap (Hall 1988; Efron & Tibshirani 1993, ch. 12.5) keeps its
    coverage for skewed values and small samples, where the percentile bootstrap falls short. Strata with fewer than
    `LEAST_FOR_BOOTSTRAP` values get Student's t with Welch's degrees of freedom.

    Args:
        strata: Independent values of each stratum, float64 [n]: paired differences, or means of clusters.
        confidence: Confidence of the interval, 0 to 1.
        seed: Random seed of the bootstrap.
        resamples: Number of bootstrap samples.

    Returns:
        The interval; infinite if a stratum has one value only.

    Raises:
        InputError: There is no stratum, a stratum is empty, or a value is not finite.
    """
    if not strata or any(len(s) == 0 for s in strata):
        raise InputError("a mean needs at least one value in every stratum")
    if not all(np.isfinite(s).all() for s in strata):
        raise InputError("a mean needs finite values; leave failed measurements out and report their number")
    mean, error = _mean_and_error(strata)
    if min(len(s) for s in strata) == 1:
        return Interval(mean, -math.inf, math.inf)
    if error <= NO_SPREAD * max(1.0, abs(mean)):
        return Interval(mean, mean, mean)
    tail = 50 * (1 - confidence)
    if min(len(s) for s in strata) < LEAST_FOR_BOOTSTRAP:
        from scipy.special import stdtrit  # noqa: PLC0415  # slow to load

        t = float(stdtrit(_welch(strata), 1 - tail / 100))
        return Interval(mean, mean - t * error, mean + t * error)
    rng = np.random.default_rng(seed)
    means, variances = np.zeros(resamples), np.zeros(resamples)
    for values in strata:
        sample = rng.choice(values, (resamples, len(values)))
        means += sample.mean(axis=1) / len(strata)
        variances += sample.var(axis=1, ddof=1) / len(values) / len(strata) ** 2
    spread = variances > (NO_SPREAD * error) ** 2  # a sample of one value repeated has no error of its own
    t_values = (means[spread] - mean) / np.sqrt(variances[spread])
    low, high = np.percentile(t_values, [tail, 100 - tail])
    return Interval(mean, mean - float(high) * error, mean - float(low) * error)


def independent_difference(
    first: Sequence[NDArray[np.float64]], second: Sequence[NDArray[np.float64]], *, seed: int = 0
) -> Interval:
    """Return the difference of two means that were measured on different samples, with its 95 % interval.

    Args:
        first: Independent values of each stratum of the first mean, float64 [n]; every stratum counts the same.
        second: The same of the second mean.
        seed: Random seed of the bootstrap.

    Raises:
        InputError: There is no stratum on a side, a stratum is empty, or a value is not finite.
    """
    if not first or not second:
        raise InputError("a difference needs at least one stratum on each side")
    # The mean over all strata of these values is the difference.
    count = len(first) + len(second)
    scaled = [values * (count / len(first)) for values in first]
    return mean_interval([*scaled, *(values * (-count / len(second)) for values in second)], seed=seed)


def _mean_and_error(strata: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Return the mean of the strata's means and its standard error; strata of one value add none."""
    mean = float(np.mean([s.mean() for s in strata]))
    variance = sum(float(s.var(ddof=1)) / len(s) for s in strata if len(s) > 1) / len(strata) ** 2
    return mean, math.sqrt(variance)


def _welch(strata: Sequence[NDArray[np.float64]]) -> float:
    """Return the degrees of freedom of the sum of the strata's means (Welch 1947, Satterthwaite 1946)."""
    parts = np.array([s.var(ddof=1) / len(s) for s in strata])
    freedom = np.array([len(s) - 1 for s in strata])
    return float(parts.sum() ** 2 / (parts**2 / freedom).sum())


def wilson(successes: float, trials: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927); 0 to 1 without trials.

    Args:
        successes: Number of successes.
        trials: Number of trials.
        z: Quantile of the normal distribution; the default is for 95 %.
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    middle = share + z**2 / (2 * trials)
    radius = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return max(0.0, (middle - radius) / scale), min(1.0, (middle + radius) / scale)
