"""What an agent sees of a composition: its parts with their profiles, every edit with what is expected of it, the task.

The features of an edit are those of the pipeline that it leads to, so that a network that scores candidates can be used
with any catalogue.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.pipelines.pipeline import Pipeline, alone
from aurora.learning.composition.scores.objective import Measured

Floats32 = NDArray[np.float32]

OPERATIONS = (
    "keep",
    "add model",
    "remove model",
    "swap model",
    "add transformation",
    "remove transformation",
    "reorder",
    "raise threshold",
    "lower threshold",
)
"""Operations in the order of their features; `keep` ends the episode with the composition as it is."""

CANDIDATE_FEATURES = (
    "reward above the best measured",
    "reward above the present",
    "uncertainty",
    "accuracy above the present",
    "log latency above the present",
    "log cost above the present",
    "is measured",
    *OPERATIONS,
)
CONTEXT_FEATURES = (
    "share of steps left",
    "reward above the best measured",
    "uncertainty",
    "stages",
    "branches",
    "weight of accuracy",
    "weight of latency",
    "weight of cost",
    "log load",
)
COMPONENT_FEATURES = (
    "is there",
    "is a model",
    "stage",
    "branch",
    "place in its chain",
    "threshold of its stage",
    "accuracy of its chain alone",
    "log latency of its chain alone",
    "log memory of its chain alone",
)
BOUND = 10.0
"""Features lie within ± this."""


class Expected(NamedTuple):
    """What is expected of n pipelines, each of shape (n,).

    Attributes:
        reward: Reward.
        error: Standard deviation of the reward; 0 where it has been measured.
        accuracy: Accuracy.
        log_latency: Logarithm of latency in units of the weights' scale.
        log_cost: Logarithm of cost in units of the weights' scale.
        is_measured: 1 where it has been measured, else 0.
    """

    reward: NDArray[np.float64]
    error: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    log_latency: NDArray[np.float64]
    log_cost: NDArray[np.float64]
    is_measured: NDArray[np.float64]


class Outlook(Protocol):
    """What is expected of pipelines: by a learned model, or from profiles alone."""

    def __call__(self, pipelines: Sequence[Pipeline]) -> Expected:
        """Return what is expected of some pipelines."""


class ProfileOutlook:
    """Expects what follows from single chains by first principles, where a pipeline has not been measured.

    An ensemble is expected to be as accurate as its members on average, a cascade as its stages on average, and latency
    and cost to add up. A chain that has not been measured counts as the average one.

    Args:
        problem: What is searched; `problem.known` may hold profiles.

    Attributes:
        measured: Measurements; whoever measures adds to them.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.measured: dict[Pipeline, Measured] = dict(problem.known)

    def __call__(self, pipelines: Sequence[Pipeline]) -> Expected:
        """Return what is expected of some pipelines."""
        weights = self.problem.weights
        guesses = [self.measured.get(pipeline) or self._guess(pipeline) for pipeline in pipelines]
        measured = np.array([float(pipeline in self.measured) for pipeline in pipelines])
        reward = np.array([self.problem.worth(one) for one in guesses])
        log_latency, log_cost = (
            np.log(np.clip(values, 1e-9, 1e9))
            for values in (
                [one.latency / weights.latency_scale for one in guesses],
                [one.cost / weights.cost_scale for one in guesses],
            )
        )
        accuracy = np.array([one.accuracy for one in guesses])
        return Expected(reward, 0.05 * (1 - measured), accuracy, log_latency, log_cost, measured)

    def _guess(self, pipeline: Pipeline) -> Measured:
        stages = [[self.chain(alone(b)) for b in stage.branches] for stage in pipeline.stages]
        accuracy = float(np.mean([np.mean([one.accuracy for one in stage]) for stage in stages]))
        members = [one for stage in stages for one in stage]
        return Measured(accuracy, sum(one.latency for one in members), sum(one.cost for one in members))

    def chain(self, pipeline: Pipeline) -> Measured:
        """Return the profile of a single chain; the average of those that are known where it is not."""
        if pipeline in self.measured:
            return self.measured[pipeline]
        known = [self.measured[one] for one in self.problem.singles if one in self.measured]
        weights = self.problem.weights
        return (
            Measured(*np.mean(known, 0).tolist()) if known else Measured(0.5, weights.latency_scale, weights.cost_scale)
        )


def candidate_features(
    operations: NDArray[np.int64], expected: Expected, present: Expected, best: float, scale: float
) -> Floats32:
    """Return the features of edits, float32 of shape (..., `CANDIDATE_FEATURES`).

    Args:
        operations: Index in `OPERATIONS` of each edit, of any shape.
        expected: What is expected of the pipelines that they lead to, of the same shape.
        present: The same of the present pipelines, of a shape that broadcasts to it.
        best: Largest reward measured so far.
        scale: Difference of rewards that counts as 1.
    """
    features = np.zeros((*operations.shape, len(CANDIDATE_FEATURES)))
    own = (
        (expected.reward - best) / scale,
        (expected.reward - present.reward) / scale,
        expected.error / scale,
        10 * (expected.accuracy - present.accuracy),
        expected.log_latency - present.log_latency,
        expected.log_cost - present.log_cost,
        expected.is_measured,
    )
    for column, values in enumerate(own):
        features[..., column] = values
    np.put_along_axis(features, len(own) + operations[..., None], 1.0, axis=-1)
    return _bounded(features)


def context_features(
    problem: Problem, pipeline: Pipeline, left: float, present: Expected, best: float, scale: float
) -> Floats32:
    """Return the features that all edits share, float32 of shape (`CONTEXT_FEATURES`,).

    Args:
        problem: What is searched.
        pipeline: The present pipeline.
        left: Share of the episode's steps that are left.
        present: What is expected of it, of shape (1,).
        best: Largest reward measured so far.
        scale: Difference of rewards that counts as 1.
    """
    weights = problem.weights
    whole = (weights.accuracy + weights.latency + weights.cost) or 1.0
    features = (
        left,
        (float(present.reward[0]) - best) / scale,
        float(present.error[0]) / scale,
        len(pipeline.stages) - 1,
        sum(len(stage.branches) for stage in pipeline.stages) - 1,
        weights.accuracy / whole,
        weights.latency / whole,
        weights.cost / whole,
        math.log10(max(problem.load, 1e-9)),
    )
    return _bounded(np.array(features))


def component_features(pipeline: Pipeline, outlook: ProfileOutlook, rows: int) -> Floats32:
    """Return the features of a pipeline's components, in order, float32 of shape (rows, `COMPONENT_FEATURES`).

    Args:
        pipeline: The pipeline.
        outlook: Knows the profiles of single chains.
        rows: Number of rows; those beyond the components are 0.
    """
    weights = outlook.problem.weights
    table = np.zeros((rows, len(COMPONENT_FEATURES)))
    row = 0
    for s, stage in enumerate(pipeline.stages):
        for b, branch in enumerate(stage.branches):
            profiled = outlook.chain(alone(branch))
            profile = (
                profiled.accuracy,
                math.log(min(max(profiled.latency / weights.latency_scale, 1e-9), 1e9)),
                math.log10(max(profiled.memory, 1.0)),
            )
            for place, name in enumerate(branch.components):
                table[row] = (1, name == branch.model, s, b, place, stage.threshold or 0, *profile)
                row += 1
    return _bounded(table)


def _bounded(features: NDArray[np.float64]) -> Floats32:
    bounded: Floats32 = np.clip(np.nan_to_num(features), -BOUND, BOUND).astype(np.float32)
    return bounded
