"""Plain Bayesian optimisation over an enumerated space: the cost model's expected improvement decides, no agent."""

from __future__ import annotations

import numpy as np

from aurora.learning.composition.agents.beliefs import Beliefs, first_look, unmeasured
from aurora.learning.composition.environment.problem import Problem, Strategy


def bayesian(problem: Problem, seed: int) -> Strategy:
    """Measure some chains, then always the pipeline of the space with the largest expected improvement."""
    beliefs = Beliefs(problem, seed)
    yield from first_look(beliefs)
    encoded = beliefs.encoder.encode(problem.space)
    open_rows = unmeasured(beliefs, problem.space)
    while open_rows.any():
        promise = np.where(open_rows, beliefs.improvement(*beliefs.rewards(encoded)), -np.inf)
        row = int(promise.argmax())
        open_rows[row] = False
        beliefs.add(problem.space[row], (yield problem.space[row]))
