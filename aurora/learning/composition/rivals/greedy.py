"""Greedy search: from the best single chain, always the best of all edits, until none is better."""

from __future__ import annotations

import numpy as np

from aurora.learning.composition.environment.problem import Problem, Strategy
from aurora.learning.composition.pipelines.pipeline import Pipeline


def greedy(problem: Problem, seed: int) -> Strategy:
    """Measure every single chain, in random order, then every neighbour of the best before each step.

    It ends in a local optimum, where nothing is left to ask.
    """
    rng = np.random.default_rng(seed)
    best: Pipeline | None = None
    worth = -np.inf
    candidates = list(problem.singles)
    while True:
        before = best
        for row in rng.permutation(len(candidates)):
            measured = yield candidates[int(row)]
            if problem.worth(measured) > worth:
                best, worth = candidates[int(row)], problem.worth(measured)
        if best is None or best == before:
            return
        candidates = [neighbour for _, neighbour in problem.moves.neighbours(best)]
