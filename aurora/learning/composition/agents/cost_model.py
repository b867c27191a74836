"""A learned model of what compositions are worth, with its uncertainty, from those that have been measured.

First principles give the frame: if all stages run, latency and cost are about the sums over the chains.
Gaussian processes learn the rest: accuracy, and the logarithms of the shares of latency and cost that are really due.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aurora.learning.composition.agents.encoding import SMALLEST, Encoded, Encoder, Profiles
from aurora.learning.composition.agents.gaussian_process import (
    Floats,
    GaussianProcess,
    Kernel,
    compare,
    fit,
)
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured, Weights

MOST_LOG = math.log(100.0)
"""An overloaded composition counts as this much slower than the sum of its parts: infinity can't be fitted."""

WIDEST_LOG = 0.7
"""Largest standard deviation of a logarithm that counts: beyond it the mean of a log-normal is driven by its tail."""


class Predicted(NamedTuple):
    """Predictions for n pipelines, each of shape (n,): means and standard deviations.

    Attributes:
        accuracy: Accuracy, from 0 to 1.
        latency: 95th percentile, in seconds.
        cost: Money for 1,000 requests.
        accuracy_error: Standard deviation of accuracy.
        latency_error: Standard deviation of latency.
        cost_error: Standard deviation of cost.
    """

    accuracy: Floats
    latency: Floats
    cost: Floats
    accuracy_error: Floats
    latency_error: Floats
    cost_error: Floats

    def reward(self, weights: Weights) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the reward; errors of the three terms count as independent."""
        latency, cost = weights.latency / weights.latency_scale, weights.cost / weights.cost_scale
        mean = weights.accuracy * self.accuracy - latency * self.latency - cost * self.cost
        variance = (
            np.square(weights.accuracy * self.accuracy_error)
            + np.square(latency * self.latency_error)
            + np.square(cost * self.cost_error)
        )
        return mean, np.sqrt(variance)


@dataclass(frozen=True, eq=False)
class CostModel:
    """Predicts pipelines from those that have been measured.

    Attributes:
        encoder: Encodes pipelines.
        profiles: Profiles of the chains, measured or guessed.
        accuracy: Process of the accuracy.
        latency: Process of log latency, less that of all stages together.
        cost: Process of log cost, less that of all stages together.
    """

    encoder: Encoder
    profiles: Profiles
    accuracy: GaussianProcess
    latency: GaussianProcess
    cost: GaussianProcess

    @property
    def kernels(self) -> tuple[Kernel, Kernel, Kernel]:
        """Parameters of the three processes, for a cheap refit with a few measurements more."""
        return self.accuracy.kernel, self.latency.kernel, self.cost.kernel

    def predict(self, encoded: Encoded) -> Predicted:
        """Return predictions for encoded pipelines."""
        inputs, total, total_cost = self.encoder.inputs(encoded, self.profiles)
        likeness = compare(inputs, self.accuracy.inputs)
        accuracy, accuracy_error = self.accuracy.predict(inputs, likeness)
        latency, latency_error = _exponential(*self.latency.predict(inputs, likeness), total)
        cost, cost_error = _exponential(*self.cost.predict(inputs, likeness), total_cost)
        return Predicted(np.clip(accuracy, 0, 1), latency, cost, accuracy_error, latency_error, cost_error)


def fit_model(
    encoder: Encoder,
    measured: Mapping[Pipeline, Measured],
    *,
    seed: int,
    kernels: tuple[Kernel, Kernel, Kernel] | None = None,
) -> CostModel:
    """Fit a model.

    Args:
        encoder: Encodes pipelines.
        measured: At least one measurement.
        seed: Seed of the search for the kernels' parameters.
        kernels: Parameters to keep; None: they are searched for.
    """
    profiles = encoder.profiles(measured)
    inputs, total, total_cost = encoder.inputs(encoder.encode(list(measured)), profiles)
    values = np.array([(one.accuracy, one.latency, one.cost) for one in measured.values()])
    logs = np.log(np.maximum(values[:, 1:], SMALLEST)) - np.column_stack((total, total_cost))
    targets = (values[:, 0], *np.clip(logs, -MOST_LOG, MOST_LOG).T)
    start = kernels or (None, None, None)
    fitted = (fit(inputs, one, seed=seed + k, start=start[k]) for k, one in enumerate(targets))
    return CostModel(encoder, profiles, *fitted)


def _exponential(mean: Floats, error: Floats, frame: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of a log-normal variable."""
    error = np.minimum(error, WIDEST_LOG)
    value = np.exp(frame + mean + np.square(error) / 2)
    return value, value * np.sqrt(np.expm1(np.square(error)))
