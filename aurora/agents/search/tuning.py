"""Tuning: CMA-ES on the weights of a lineage, over scenarios that stay the same for all its generations."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, advantages
from aurora.agents.search.family_selection import balanced_means
from aurora.agents.search.lineage import FIRST_SIGMA, Lineage, rows_of, weights_of
from aurora.sim.policies.policy import Policy
from aurora.types import FloatArray

SMALLEST_SIGMA = 0.08
"""Smallest step size that is handed on; with less, tuning would stall on the next iteration's scenarios."""

Generation = Callable[[float], None]
"""Callback after each generation, with its best mean advantage; it may raise to stop."""


class Tuned(NamedTuple):
    """The result of tuning.

    Attributes:
        lineage: Lineage with which tuning continues, at the mean of the search distribution.
        centre: Policy at that mean.
        best: Policy of the best sampled point.
    """

    lineage: Lineage
    centre: Policy
    best: Policy


def tune(
    lineage: Lineage,
    where: Arena,
    *,
    population: int,
    generations: int,
    seed: int,
    jobs: int,
    after: Generation = lambda best: None,
) -> Tuned:
    """Tune the weights of a lineage for some generations.

    Args:
        lineage: Lineage to tune.
        where: Scenarios with the references' values.
        population: Points per generation.
        generations: Number of generations.
        seed: Random seed.
        jobs: Number of threads; the result does not depend on it.
        after: Callback after each generation.

    Raises:
        PolicyError: The policy of the lineage is a trained network.
    """
    weights = weights_of(lineage)
    strategy = _strategy(len(weights.start), lineage.sigma, population, generations, seed)
    best = (-np.inf, np.zeros(len(weights.start)))
    for _ in range(generations):
        points = strategy.ask()
        leads = advantages(where, [weights.program_at(point) for point in points], jobs)
        means = balanced_means(leads, where.families)
        strategy.tell(points, [-float(v) for v in means])
        top = int(np.argmax(means))
        if means[top] > best[0]:
            best = (float(means[top]), np.array(points[top]))
        after(float(means[top]))
    centre = weights.policy_at(np.array(strategy.result.xfavorite))
    following = Lineage(
        policy=centre.model_dump(mode="json"),
        sigma=float(np.clip(strategy.sigma, SMALLEST_SIGMA, FIRST_SIGMA)),
        shape=_learnt(weights.shape, np.asarray(strategy.sm.covariance_matrix)),
        parent=centre.policy_id,
        age=lineage.age + 1,
    )
    return Tuned(following, centre, weights.policy_at(best[1]))


def _strategy(weights: int, sigma: float, population: int, generations: int, seed: int) -> Any:
    """Return a CMA-ES run of pycma over `weights` dimensions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pycma warns without matplotlib, which only its plots need
        import cma  # noqa: PLC0415  # slow to import, used here only

    return cma.CMAEvolutionStrategy(
        np.zeros(weights),
        sigma,
        {
            "popsize": population,
            # pycma's own `seed` seeds numpy's global generator, which runs in other threads would share.
            "randn": np.random.RandomState(seed % (2**31 - 2) + 1).randn,
            "seed": np.nan,
            "verbose": -9,
            "maxiter": generations + 1,
        },
    )


def _learnt(shape: FloatArray, covariance: FloatArray) -> tuple[tuple[float, ...], ...]:
    """Return the shape with which a new search samples the distribution that the old one has learned.

    Steps are A y with y ~ N(0, C); a new search with z ~ N(0, I) takes the steps A chol(C) z.
    """
    return rows_of(shape @ np.linalg.cholesky(covariance + 1e-12 * np.eye(len(covariance))))
