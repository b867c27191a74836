"""Mixtures of normal distributions, fitted by expectation and maximisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_SPREAD = 0.1
"""Least deviation of a component, relative to that of all values: keeps the likelihood bounded."""


@dataclass(frozen=True)
class Mixture:
    """Normal distributions of one deviation, by rising mean.

    The deviation is common to all: with one for each, a wide upper group swallowed the middle in some populations, and
    half of all accounts were experts.

    Attributes:
        weight: Weights of the components, summing to 1, float64 [groups].
        mean: Means of the components, float64 [groups].
        deviation: Standard deviation of every component.
        bic: Bayesian information criterion (Schwarz 1978); less is better.
    """

    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: float
    bic: float

    def upper(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability that values belong to the component of the largest mean; it rises with the value."""
        return _posterior(y.ravel(), self.weight, self.mean, self.deviation)[0][:, -1].reshape(y.shape)

    @property
    def upper_bound(self) -> float:
        """Least value that more likely belongs to the uppermost component than to all others together."""
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
    """Fit the most likely mixture (Dempster, Laird & Rubin 1977), from a start at quantiles.

    Args:
        y: Finite values, float64 [n].
        groups: Number of components, at least 1.
    """
    least = max(MIN_SPREAD * float(y.std()), 1e-9)
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
