"""What a search is given, and the form that every way of searching has."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import numpy as np

from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, alone
from aurora.learning.composition.scores.objective import Measured, Weights, reward

LONGEST_WALK = 12
"""Most random edits from a single chain to a random pipeline, where the space is not enumerated."""


class Edit(Protocol):
    """One way to change a pipeline; `str(edit)` says it in words."""

    @property
    def operation(self) -> str:
        """Name of the operation, such as "swap model"."""


class Moves(Protocol):
    """The valid edits of any pipeline."""

    @property
    def size(self) -> int:
        """Number of edits that are numbered, valid or not."""

    @property
    def operations(self) -> Sequence[str]:
        """Name of the operation of every numbered edit."""

    def neighbours(self, pipeline: Pipeline) -> Sequence[tuple[int, Pipeline]]:
        """Return the number of every valid edit, ascending, with the pipeline that it leads to."""


@dataclass(frozen=True, eq=False)
class Problem:
    """A task to compose an application for.

    Attributes:
        weights: What accuracy, latency and cost are worth.
        moves: Edits.
        chains: Every valid chain: what a branch can be.
        known: Measurements that are there before the search, such as profiles of single chains.
        space: All valid pipelines, where they have been enumerated; empty where they have not.
        load: Requests a second that the application has to serve.
        most_stages: Most stages of a pipeline.
        most_branches: Most branches of a stage.
    """

    weights: Weights
    moves: Moves
    chains: tuple[Branch, ...]
    known: Mapping[Pipeline, Measured] = field(default_factory=dict)
    space: Sequence[Pipeline] = ()
    load: float = 1.0
    most_stages: int = 3
    most_branches: int = 3

    def worth(self, measured: Measured) -> float:
        """Return the reward of a composition that has been measured; a weight of 0 leaves even an infinite term out."""
        weights = self.weights
        latency = measured.latency if weights.latency else 0.0
        cost = measured.cost if weights.cost else 0.0
        return reward(measured._replace(latency=latency, cost=cost), weights)

    @property
    def singles(self) -> tuple[Pipeline, ...]:
        """Pipelines of one chain, in the order of `chains`."""
        return tuple(alone(chain) for chain in self.chains)


def with_known(problem: Problem, measured: Mapping[Pipeline, Measured]) -> Problem:
    """Return a problem in which these measurements are known too."""
    return replace(problem, known={**problem.known, **measured})


class Evaluator(Protocol):
    """Measures pipelines: from a table of chains, or by deploying them."""

    def __call__(self, pipeline: Pipeline) -> Measured:
        """Measure one pipeline.

        Raises:
            InputError: The pipeline is not valid, or can't be run.
        """


Strategy: TypeAlias = Generator[Pipeline, Measured, None]
"""Yields the pipeline to measure next and is sent its measurement. It may ask for a pipeline again: that costs nothing.
It ends where it has nothing more to ask for. The same problem, seed and answers give the same questions."""

MakeStrategy: TypeAlias = Callable[[Problem, int], Strategy]
"""Begins a strategy on a problem with a seed."""


def random_pipeline(problem: Problem, rng: np.random.Generator) -> Pipeline:
    """Return a random pipeline: uniform over the space if it is enumerated, else after some random edits of a chain."""
    if problem.space:
        return problem.space[int(rng.integers(len(problem.space)))]
    pipeline = problem.singles[int(rng.integers(len(problem.chains)))]
    for _ in range(int(rng.integers(LONGEST_WALK + 1))):
        if not (neighbours := problem.moves.neighbours(pipeline)):
            break
        pipeline = neighbours[int(rng.integers(len(neighbours)))][1]
    return pipeline
