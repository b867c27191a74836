"""Estimates success over repeated trials of the same samples: pass@k and pass^k, with intervals over samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.statistics.intervals import Interval, wilson


class Outcomes(NamedTuple):
    """Trials of a sample.

    Attributes:
        successes: Number of successful trials.
        trials: Number of trials.
    """

    successes: int
    trials: int


def pass_at_k(successes: int, trials: int, k: int) -> float:
    """Return the probability that at least one of k trials succeeds, estimated without bias (Chen et al. 2021).

    Args:
        successes: Number of successful trials.
        trials: Number of trials of the sample, at least k.
        k: Number of trials in question.

    Raises:
        InputError: The numbers don't fit together.
    """
    _require(successes, trials, k)
    return 1 - math.comb(trials - successes, k) / math.comb(trials, k)


def pass_all_k(successes: int, trials: int, k: int) -> float:
    """Return the probability that all of k trials succeed, pass^k, estimated without bias (Yao et al. 2024).

    Args:
        successes: Number of successful trials.
        trials: Number of trials of the sample, at least k.
        k: Number of trials in question.

    Raises:
        InputError: The numbers don't fit together.
    """
    _require(successes, trials, k)
    return math.comb(successes, k) / math.comb(trials, k)


def mean_pass_at_k(samples: Sequence[Outcomes], k: int) -> Interval | None:
    """Return pass@k over samples with its 95 % interval; None if no sample has k trials. See `mean_share`.

    Args:
        samples: Trials of each sample; those with fewer than k are left out.
        k: Number of trials in question; 1: the mean share of successes.

    Raises:
        InputError: The numbers don't fit together.
    """
    return _mean(samples, k, pass_at_k)


def mean_pass_all_k(samples: Sequence[Outcomes], k: int) -> Interval | None:
    """Return pass^k over samples with its 95 % interval; None if no sample has k trials. See `mean_share`.

    Args:
        samples: Trials of each sample; those with fewer than k are left out.
        k: Number of trials in question; 1: the mean share of successes.

    Raises:
        InputError: The numbers don't fit together.
    """
    return _mean(samples, k, pass_all_k)


def _mean(samples: Sequence[Outcomes], k: int, estimate: Callable[[int, int, int], float]) -> Interval | None:
    values = [estimate(s.successes, s.trials, k) for s in samples if s.trials >= k]
    return mean_share(np.array(values)) if values else None


def mean_share(shares: NDArray[np.float64]) -> Interval:
    """Return the mean of the shares of independent samples, each 0 to 1, with its 95 % interval.

    The interval is Wilson's for as many trials as would vary as much as the shares do (Korn & Graubard 1998). Trials
    of a sample resemble each other, so samples count, not trials. Where all shares are equal, nothing is known of their
    variance, and each sample counts as one trial.

    Args:
        shares: Share of each sample, float64 [n], at least one.

    Raises:
        InputError: There is no share, or one is below 0 or above 1.
    """
    count = len(shares)
    if count == 0 or shares.min() < 0 or shares.max() > 1:
        raise InputError("a mean share needs shares from 0 to 1, at least one")
    mean = float(shares.mean())
    if count == 1:
        return Interval(mean, 0.0, 1.0)
    variance = float(shares.var(ddof=1)) / count
    trials = mean * (1 - mean) / variance if 0 < mean < 1 and variance > 0 else float(count)
    low, high = wilson(mean * trials, trials)
    return Interval(mean, min(low, mean), max(high, mean))  # which rounding may exceed


def _require(successes: int, trials: int, k: int) -> None:
    if not 0 <= successes <= trials or not 1 <= k <= trials:
        raise InputError(
            f"{successes} successes of {trials} trials for k = {k}: needs successes <= trials, k <= trials"
        )
