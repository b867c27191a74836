"""How an agent tries what it does not think best: epsilon-greedy, or softmax of what it expects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.learning.rl.networks import INFEASIBLE_SCORE


def epsilon_greedy(
    values: NDArray[np.float32], mask: NDArray[np.bool_], epsilon: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the best candidate of each row, or with probability epsilon a random feasible one, int64 [n].

    Args:
        values: Value of each candidate, [n, K].
        mask: Which candidates are feasible, [n, K].
        epsilon: Probability of a random choice.
        rng: Source of randomness.
    """
    best = np.where(mask, values, INFEASIBLE_SCORE).argmax(1)
    drawn = np.where(mask, rng.random(mask.shape), -1.0).argmax(1)
    chosen: NDArray[np.int64] = np.where(rng.random(len(mask)) < epsilon, drawn, best)
    return chosen


def softmax(
    values: NDArray[np.float32], mask: NDArray[np.bool_], temperature: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return a candidate of each row with probability proportional to exp(value / temperature), int64 [n].

    Args:
        values: Value of each candidate, [n, K].
        mask: Which candidates are feasible, [n, K].
        temperature: Difference of values that makes a candidate e times as likely.
        rng: Source of randomness.
    """
    # The argmax of logits with Gumbel noise is a sample from their softmax (Gumbel 1954).
    noisy = values / temperature + rng.gumbel(size=values.shape)
    drawn: NDArray[np.int64] = np.where(mask, noisy, 10 * INFEASIBLE_SCORE).argmax(1)
    return drawn
