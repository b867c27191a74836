"""Groups in a list of numbers: a mixture of normal distributions by expectation and maximisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SPREAD = 0.1
"""Of a group, relative to that of all: keeps the likelihood from growing without bound at a single value."""


@dataclass(frozen=True)
class Mixture:
    """Normal distributions, by rising mean; each float64 [groups].

    Attributes:
        weight: Summing to 1.
        mean: Of each.
        deviation: Of each.
        bic: Bayesian information criterion (Schwarz 1978); less is better.
    """

    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    bic: float

    def upper(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability that values belong to the group of the largest mean; 1 above that mean."""
        posterior = _posterior(y.ravel(), self.weight, self.mean, self.deviation)[0][:, -1].reshape(y.shape)
        return np.where(y >= self.mean[-1], 1.0, posterior)

    @property
    def upper_bound(self) -> float:
        """The least value from which on all are more likely of the upper group."""
        grid = np.linspace(self.mean[0], self.mean[-1], 2001)
        below = np.flatnonzero(self.upper(grid) < 0.5)  # noqa: PLR2004  # more likely
        return float(grid[below[-1] + 1] if len(below) else grid[0])


def _posterior(
    y: NDArray[np.float64], weight: NDArray[np.float64], mean: NDArray[np.float64], deviation: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    log = np.log(weight) - np.log(deviation) - 0.5 * ((y[:, None] - mean) / deviation) ** 2 - 0.5 * np.log(2 * np.pi)
    most = log.max(axis=1, keepdims=True)
    total = most[:, 0] + np.log(np.exp(log - most).sum(axis=1))
    return np.exp(log - total[:, None]), float(total.sum())


def fit_mixture(y: NDArray[np.float64], numbers: Sequence[int] = (1, 2, 3)) -> Mixture:
    """The mixture of the least BIC (Dempster, Laird & Rubin 1977; started at quantiles).

    Args:
        y: float64 [n], finite.
        numbers: Of groups that are tried.
    """
    return min((_fit(y, groups) for groups in numbers), key=lambda m: m.bic)


def _fit(y: NDArray[np.float64], groups: int) -> Mixture:
    least = max(LEAST_SPREAD * float(y.std()), 1e-9)
    mean = np.quantile(y, (np.arange(groups) + 0.5) / groups)
    deviation = np.full(groups, max(least, float(y.std()) / groups))
    weight = np.full(groups, 1 / groups)
    likelihood = -np.inf
    for _ in range(500):
        posterior, now = _posterior(y, weight, mean, deviation)
        if now - likelihood < 1e-8 * len(y):
            break
        likelihood = now
        count = posterior.sum(axis=0) + 1e-12
        weight, mean = count / count.sum(), posterior.T @ y / count
        deviation = np.maximum(least, np.sqrt((posterior * (y[:, None] - mean) ** 2).sum(axis=0) / count))
    order = np.argsort(mean)
    free = 3 * groups - 1
    return Mixture(weight[order], mean[order], deviation[order], free * np.log(len(y)) - 2 * likelihood)
