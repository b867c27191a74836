"""Estimates success over repeated trials of the same samples: pass@k and pass^k."""

from __future__ import annotations

import math

from aurora.errors import InputError


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


def _require(successes: int, trials: int, k: int) -> None:
    if not 0 <= successes <= trials or not 1 <= k <= trials:
        raise InputError(
            f"{successes} successes of {trials} trials for k = {k}: needs successes <= trials, k <= trials"
        )
