"""The best compositions of chains that were measured: what they answer and take follows from their chains.

So a trial is needed only for a chain that nobody has measured, not for every composition of the chains.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from aurora.learning.composition.adaptation.chain_times import SIMULATED
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, alone
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Measured, Weights, pareto_set, reward
from aurora.learning.composition.spaces.scored_space import ScoredSpace
from aurora.learning.composition.spaces.space import enumerate_space

LIMITS = Limits(branches=2, transformations=2)
"""Limits of the compositions of an adaptation."""
MOST_CHAINS = 20
"""Most chains of which all compositions are compared: some 25,000."""
MOST_CHAINS_EACH = 8
"""The same where every composition is simulated by itself, which takes ten times as long: some 1,700."""


def composed(evaluator: TableEvaluator, weights: Weights, count: int) -> dict[Pipeline, Measured]:
    """Return the best compositions of measured chains, no two with the same components, the best first.

    Args:
        evaluator: The measurements, with the present load and prices; at least one chain.
        weights: What accuracy, latency and cost are worth.
        count: Most compositions to return.
    """
    queue = replace(evaluator.queue, requests=min(SIMULATED, evaluator.queue.requests))
    quick = replace(evaluator, measurements={one: evaluator.measurements[one] for one in _few(evaluator, weights)})
    found = best_of(enumerate_space(LIMITS, replace(quick, queue=queue)), weights, count)
    return {pipeline: quick(pipeline) for pipeline in found}


def best_of(space: ScoredSpace, weights: Weights, count: int) -> dict[Pipeline, Measured]:
    """Return the best compositions of a space that are not overloaded, no two with the same components, best first."""
    found: dict[Pipeline, Measured] = {}
    shown: set[frozenset[str]] = set()
    for number in np.argsort(-space.rewards(weights), kind="stable"):
        if len(found) >= count:
            break
        pipeline = space.pipeline(int(number))
        components = frozenset(pipeline.components)
        if components not in shown and np.isfinite(space.latency[number]):
            shown.add(components)
            found[pipeline] = space.measured(int(number))
    return found


def first_of_each(pipelines: Iterable[Pipeline]) -> list[Pipeline]:
    """Return the pipelines whose components no pipeline before them has: thresholds alone make no other candidate."""
    found: dict[frozenset[str], Pipeline] = {}
    for pipeline in pipelines:
        found.setdefault(frozenset(pipeline.components), pipeline)
    return list(found.values())


def _few(evaluator: TableEvaluator, weights: Weights) -> list[Branch]:
    """Return the chains to compose: those that no other excels in everything, then those worth most alone."""
    scores = {chain: evaluator(alone(chain)) for chain in evaluator.measurements}
    order = [*pareto_set(scores), *sorted(scores, key=lambda chain: -reward(scores[chain], weights))]
    is_together = evaluator.queue.batching.is_none and not evaluator.queue.is_split
    return list(dict.fromkeys(order))[: MOST_CHAINS if is_together else MOST_CHAINS_EACH]
