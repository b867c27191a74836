"""Weights of the features: learned on machines set aside for it, and updated on a fleet's own back-tests.

`learned.json` is made by `python -m benchmarks.rightsizing_prior FOLDER`, which names those machines; none of them is
judged by `aurora bench rightsizing`. It has the weights and their information for a back-test (the second derivative of
the loss), so that they count as `PRIOR_TESTS` back-tests beside those of the fleet: a Bayesian update by Laplace's
approximation (MacKay 1992).
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from aurora.learning.rightsizing.containers.use import Resource
from aurora.types import FloatArray

PRIOR_TESTS: dict[Resource, float] = {"cpu": 100.0, "memory": 20.0}
"""Back-tests that the learned weights count as; fewer for memory, which was learned on jobs of Google alone."""
STEPS = 50
LARGEST_STEP = 3.0
CLOSE = 1e-6


class Learned(NamedTuple):
    """Weights with their information.

    Attributes:
        weights: float64 [features].
        information: Second derivative of the loss of a back-test, summed over its sizes, float64 [features, features].
    """

    weights: FloatArray
    information: FloatArray


@cache
def learned(resource: Resource) -> Learned:
    """Return the weights that were learned on development machines."""
    text = files("aurora.learning.rightsizing.containers").joinpath("learned.json").read_text(encoding="utf-8")
    row = json.loads(text)[resource]
    return Learned(np.array(row["weights"], np.float64), np.array(row["information"], np.float64))


def fitted(
    features: FloatArray, above: FloatArray, counts: FloatArray, start: FloatArray, information: FloatArray
) -> FloatArray:
    """Return the weights of least log loss with a quadratic penalty, by Newton's method.

    The loss of a share is that of as many ones and zeros (the fractional logit of Papke & Wooldridge 1996).

    Args:
        features: float64 [rows, features].
        above: Share of what followed above the size, float64 [rows], 0 to 1.
        counts: How much each row counts, float64 [rows].
        start: Weights to which the penalty draws, float64 [features].
        information: The penalty's second derivative, float64 [features, features].
    """
    weights = start.copy()
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        slope = features.T @ (counts * (above - chance)) - information @ (weights - start)
        step = np.linalg.solve(information_of(features, chance, counts) + information, slope)
        weights = weights + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        if np.abs(step).max() < CLOSE:
            break
    return np.asarray(weights)


def information_of(features: FloatArray, chance: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the second derivative of the log loss, float64 [features, features]."""
    return np.asarray((features * (counts * np.maximum(chance * (1 - chance), 1e-6))[:, None]).T @ features)
