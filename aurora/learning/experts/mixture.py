"""Groups in a list of numbers: a mixture of normal distributions by expectation and maximisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SPREAD = 0.1
"""Of a group, relative to that of all: keeps the likelihood from growing without bound at a single value."""


@dataclass(frozen=True)
class Mixture:
    """Normal distributions of one deviation, by rising mean.

    The deviation is common to all: with one for each, a wide upper group swallowed the middle in some populations, and
    half of all accounts were experts.

    Attributes:
        weight: float64 [groups], summing to 1.
        mean: float64 [groups].
        deviation: Of every group.
        bic: Bayesian information criterion (Schwarz 1978); less is better.
    """

    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: float
    bic: float

    def upper(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability that values belong to the group of the largest mean; it rises with the value."""
        return _posterior(y.ravel(), self.weight, self.mean, self.deviation)[0][:, -1].reshape(y.shape)

    @property
    def upper_bound(self) -> float:
        """The least value that is more likely of the uppermost group than of any other together."""
        low, high = float(self.mean[0]) - 10 * self.deviation, float(self.mean[-1]) + 10 * self.deviation
        for _ in range(60):
            middle = (low + high) / 2
            if self.upper(np.array([middle]))[0] < 0.5:  # noqa: PLR2004  # more likely
                low = middle
            else:
                high = middle
        return high


def _posterior(
    y: NDArray[np.float64], weight: NDArray[np.float64], mean: NDArray[np.float64], deviation: float
) -> tuple[NDArray[np.float64], float]:
    log = np.log(weight) - np.log(deviation) - 0.5 * ((y[:, None] - mean) / deviation) ** 2 - 0.5 * np.log(2 * np.pi)
    most = log.max(axis=1, keepdims=True)
    total = most[:, 0] + np.log(np.exp(log - most).sum(axis=1))
    return np.exp(log - total[:, None]), float(total.sum())


def fit_mixture(y: NDArray[np.float64], groups: int) -> Mixture:
    """The most likely mixture (Dempster, Laird & Rubin 1977), from a start at quantiles.

    Args:
        y: float64 [n], finite.
        groups: At least 1.
    """
    least = max(LEAST_SPREAD * float(y.std()), 1e-9)
    mean = np.quantile(y, (np.arange(groups) + 0.5) / groups)
    deviation = max(least, float(y.std()) / groups)
    weight = np.full(groups, 1 / groups)
    likelihood = -np.inf
    for _ in range(500):
        posterior, now = _posterior(y, weight, mean, deviation)
        if now - likelihood < 1e-8 * len(y):
            break
        likelihood = now
        count = posterior.sum(axis=0) + 1e-12
        weight, mean = count / count.sum(), posterior.T @ y / count
        deviation = max(least, float(np.sqrt((posterior * (y[:, None] - mean) ** 2).sum() / len(y))))
    order = np.argsort(mean)
    return Mixture(weight[order], mean[order], deviation, 2 * groups * float(np.log(len(y))) - 2 * likelihood)
