"""The best compositions of measured chains are those of the enumerated space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aurora.learning.composition.adaptation import composing
from aurora.learning.composition.adaptation.composing import LIMITS, MOST_CHAINS, MOST_CHAINS_EACH, composed
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Weights, reward
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.spaces.space import enumerate_space, pipelines

WEIGHTS = Weights(1.0, 0.2, 0.1, latency_scale=0.01, cost_scale=0.01)
ITEMS = 60


def evaluator(chains, *, rate=10.0, slowest=0.004):
    random = np.random.default_rng(5)
    labels = random.integers(3, size=ITEMS)
    found = {}
    for k in range(chains):
        logits = random.normal(size=(ITEMS, 3)) + (1 + k % 3) * np.eye(3)[labels]
        probabilities = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
        seconds = np.full(ITEMS, slowest * (k + 1) / chains)
        found[Branch((), f"m{k:02d}")] = ChainMeasurement(
            branch=Branch((), f"m{k:02d}"),
            probabilities=probabilities,
            seconds=seconds,
            batch_seconds={1: float(seconds[0])},
            memory=1e6,
            size=1e6,
        )
    return TableEvaluator(found, labels, QueueModel(rate=rate, requests=500))


def space(table):
    """Return the scores of single chains."""
    return enumerate_space(Limits(stages=1, branches=1), table)


def test_the_best_is_the_optimum_of_all_compositions_and_no_two_have_the_same_components():
    table = evaluator(5)
    found = composed(table, WEIGHTS, 4)
    worth = [reward(one, WEIGHTS) for one in found.values()]
    assert worth[0] == pytest.approx(
        max(reward(table(one), WEIGHTS) for one in pipelines(LIMITS, list(table.measurements)))
    )
    assert worth == sorted(worth, reverse=True)
    assert len({frozenset(one.components) for one in found}) == len(found) == 4
    assert all(found[one] == table(one) for one in found)


def test_what_is_overloaded_is_left_out():
    table = evaluator(4, rate=400.0)
    assert all(np.isfinite(one.latency) for one in composed(table, WEIGHTS, 50).values())


def test_fewer_chains_are_composed_where_each_composition_is_simulated_by_itself(monkeypatch):
    composed_of = []
    monkeypatch.setattr(
        composing, "enumerate_space", lambda limits, table: composed_of.append(len(table.measurements)) or space(table)
    )
    for is_split in (False, True):
        table = evaluator(MOST_CHAINS + 1)
        composed(replace(table, queue=replace(table.queue, is_split=is_split)), WEIGHTS, 1)
    assert composed_of == [MOST_CHAINS, MOST_CHAINS_EACH]


def test_of_many_chains_those_that_none_excels_are_kept():
    table = evaluator(MOST_CHAINS + 6)
    found = composed(table, Weights(0.0, 1.0, 0.0, latency_scale=0.01, cost_scale=0.01), 1)
    assert [one.components for one in found] == [("m00",)]
