"""Exhaustive search: every pipeline of the enumerated space."""

from __future__ import annotations

from aurora.learning.composition.environment.problem import Problem, Strategy


def exhaustive(problem: Problem, seed: int) -> Strategy:
    """Measure the whole space, in its order."""
    for pipeline in problem.space:  # noqa: UP028  # what `yield from` a tuple is sent is refused
        yield pipeline
