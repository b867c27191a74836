"""TPOT's evolution over the pipelines of an enumerated space: a rival of `composition_search`.

    pip install tpot && python benchmarks/composition_search.py machines --agents ppo tpot

TPOT (Olson & Moore 2016; here 1.x) evolves pipelines by mutation and crossover of its own search spaces. Its spaces are
built for the same pipelines: a choice of a gate or none, a threshold, and a union of chains. Where it would fit and
cross-validate, it looks scores up. What it evaluates twice counts once, as with all others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Set
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.pipelines.pipeline import Pipeline, Stage
from aurora.learning.composition.scores.objective import Weights, reward
from aurora.learning.composition.spaces.scored_space import ScoredSpace

POPULATION = 10
"""Individuals of a generation; TPOT's default of 50 would spend most budgets on the random first generation."""
NO_GATE = -1
WORST = -1e6
"""Reward of what is overloaded: TPOT can't rank infinity."""


class Chain:
    """Stands for a chain by its number: what TPOT would fit."""

    def __init__(self, number: int) -> None:
        self.number = number


class Threshold:
    """Stands for the threshold of a gate."""

    def __init__(self, value: float) -> None:
        self.value = value


class _Looking(NamedTuple):
    """The space that is looked up, and the pipelines that were asked for, in their order."""

    space: ScoredSpace
    weights: Weights
    asked: dict[Pipeline, float]


_looking: list[_Looking] = []
"""What the objective looks up: TPOT sends the objective to its worker by name."""


def reward_of(individual: Any, **_: Any) -> float:
    """Return the reward of an individual; TPOT counts one that raises as invalid."""
    space, weights, asked = _looking[-1]
    gate, threshold, union = (step for _, step in individual.export_pipeline().steps)
    members = tuple(sorted({space.chains[part.number] for _, part in union.transformer_list}))
    gates = () if gate.number == NO_GATE else (Stage((space.chains[gate.number],), threshold.value),)
    pipeline = Pipeline((*gates, Stage(members)))
    if pipeline not in asked:
        asked[pipeline] = max(reward(space(pipeline), weights), WORST)
    return asked[pipeline]


@contextmanager
def client() -> Iterator[Any]:
    """Start the one worker, a thread, that TPOT evaluates with.

    Raises:
        InputError: TPOT is not installed.
    """
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415  # optional
    except ImportError:
        raise InputError("TPOT is not installed: pip install tpot", parameter="agents", value="tpot") from None
    logging.getLogger("distributed").setLevel(logging.ERROR)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as started,
    ):
        yield started


def evolve(  # what a search is given
    space: ScoredSpace, weights: Weights, seed: int, most: int, started: Any, known: Set[Pipeline] = frozenset()
) -> list[float]:
    """Return the rewards of the distinct pipelines that TPOT asks for, in their order, at most `most`.

    Args:
        space: What is looked up.
        weights: Weights of the reward.
        seed: Random seed.
        most: Most pipelines.
        started: The client of `client`.
        known: Pipelines that count as measured already.
    """
    from ConfigSpace import ConfigurationSpace  # noqa: PLC0415  # optional
    from tpot.evolvers import BaseEvolver  # noqa: PLC0415  # optional
    from tpot.search_spaces.nodes import EstimatorNode  # noqa: PLC0415  # optional
    from tpot.search_spaces.pipelines import ChoicePipeline, DynamicUnionPipeline, SequentialPipeline  # noqa: PLC0415  # optional

    thresholds = tuple(float(t) for t in np.unique(space.thresholds[~np.isnan(space.thresholds)]))
    numbers = range(len(space.chains))
    chains = [EstimatorNode(Chain, {"number": number}) for number in numbers]
    gate = ChoicePipeline([EstimatorNode(Chain, {"number": number}) for number in (NO_GATE, *numbers)])
    threshold = EstimatorNode(Threshold, ConfigurationSpace({"value": list(thresholds)}))
    union = DynamicUnionPipeline(ChoicePipeline(chains), max_estimators=space.sets.shape[1])
    searched = SequentialPipeline([gate, threshold, union])
    rng = np.random.default_rng(seed)
    _looking.append(_Looking(space, weights, {}))
    evolver = BaseEvolver(
        iter(lambda: searched.generate(rng), None),
        [reward_of],
        [1.0],
        population_size=POPULATION,
        generations=1,
        max_eval_time_mins=float("inf"),
        client=started,
        rng=rng,
    )
    asked = _looking[-1].asked
    generations = 0
    while len(asked.keys() - known) < most and generations < most:
        evolver.optimize(1)
        generations += 1
    _looking.pop()
    return [worth for pipeline, worth in asked.items() if pipeline not in known][:most]
