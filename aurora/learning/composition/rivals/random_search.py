"""Random search: uniform over the space, without repetition."""

from __future__ import annotations

import numpy as np

from aurora.learning.composition.environment.problem import Problem, Strategy, random_pipeline

MOST_REPEATS = 10_000
"""Draws of known pipelines in a row after which a space that is not enumerated counts as exhausted."""


def random_search(problem: Problem, seed: int) -> Strategy:
    """Measure random pipelines."""
    rng = np.random.default_rng(seed)
    if problem.space:
        for row in rng.permutation(len(problem.space)):
            yield problem.space[int(row)]
        return
    asked = set(problem.known)
    repeats = 0
    while repeats < MOST_REPEATS:
        pipeline = random_pipeline(problem, rng)
        repeats = repeats + 1 if pipeline in asked else 0
        if pipeline not in asked:
            asked.add(pipeline)
            yield pipeline
