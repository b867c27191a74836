"""Hill climbing with restarts: the first edit that is better is taken; from a local optimum it begins anew."""

from __future__ import annotations

import numpy as np

from aurora.learning.composition.environment.problem import Problem, Strategy

MOST_VAIN_RESTARTS = 50
"""Climbs in a row that ask for nothing new, after which the space counts as exhausted."""


def hill_climbing(problem: Problem, seed: int) -> Strategy:
    """Climb from random single chains, neighbours in random order."""
    rng = np.random.default_rng(seed)
    asked = set(problem.known)
    vain = 0
    while vain < MOST_VAIN_RESTARTS:
        before = len(asked)
        place = problem.singles[int(rng.integers(len(problem.singles)))]
        asked.add(place)
        worth = problem.worth((yield place))
        climbs = True
        while climbs:
            climbs = False
            neighbours = [neighbour for _, neighbour in problem.moves.neighbours(place)]
            for row in rng.permutation(len(neighbours)):
                asked.add(neighbours[int(row)])
                reward = problem.worth((yield neighbours[int(row)]))
                if reward > worth:
                    place, worth, climbs = neighbours[int(row)], reward, True
                    break
        vain = vain + 1 if len(asked) == before else 0
