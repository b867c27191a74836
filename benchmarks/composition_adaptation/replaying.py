"""One change replayed in one way: when it had recovered, and what was lost meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.adaptation.chain_times import branches_of
from aurora.learning.composition.adaptation.judging import RecompositionSettings
from aurora.learning.composition.adaptation.recomposition import recompose
from aurora.learning.composition.adaptation.steps import AdaptationJournal
from aurora.learning.composition.adaptation.warm_start import candidates
from aurora.learning.composition.catalogue import shipped
from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, alone
from aurora.learning.composition.pipelines.rules import Rules
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Measured, Weights, reward
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.searching.measurement_journal import UNUSABLE
from aurora.learning.composition.searching.search import Search
from aurora.learning.composition.spaces.scored_space import ScoredSpace
from aurora.learning.composition.spaces.space import enumerate_space, pipelines
from aurora.learning.composition.tasks import machines
from aurora.learning.composition.tasks.task import Split
from benchmarks.composition_adaptation.replayed import Replayed
from benchmarks.composition_adaptation.setting import (
    BUDGET,
    CHOSEN,
    EARLIER,
    JUDGED,
    KINDS,
    LEARNED,
    LIMITS,
    RATE,
    SIMULATED,
    STREAM,
    TOLERANCE,
    Kind,
)
from benchmarks.composition_adaptation.watching import first_changes
from benchmarks.composition_adaptation.world import Fits, World, busy_seconds, weights_of


def replay(name: str, seed: int, way: str, chains: Mapping[Branch, ChainMeasurement], folder: Path) -> dict[str, Any]:
    """Replay one change in one way.

    Args:
        name: The change.
        seed: Random seed of data, search and detectors.
        way: `fixed`, `adapted` or `nothing`.
        chains: Their profiles.
        folder: Folder of the journal.
    """
    kind = KINDS[name]
    hidden = {parse_pipeline(kind.hidden).stages[0].branches[0]} if kind.hidden else set()
    before = World(
        chains, tuple(b for b in sorted(chains) if b not in hidden), QueueModel(rate=RATE, requests=SIMULATED)
    )
    draws = iter(range(1000 * (seed + 1), 1000 * (seed + 2)))
    old = Fits(machines.readings(4000, next(draws)))
    reference = machines.readings(2000, next(draws))
    table = before.table(old, reference)
    weights = weights_of(table)
    running, _ = before.optimum(old, reference, weights)
    model = max(
        (b.model for stage in running.stages for b in stage.branches),
        key=lambda one: sum(b.model == one for stage in running.stages for b in stage.branches),
    )
    fees = {model: kind.fee * weights.cost_scale} if kind.fee else {}
    there = tuple(b for b in sorted(chains) if not (kind.removed and model in b.components))
    rate = kind.utilisation / busy_seconds(before, old, reference, running) if kind.utilisation else RATE
    world = World(chains, there, QueueModel(rate=rate, requests=SIMULATED), fees)
    usual = machines.readings(CHOSEN, next(draws))
    application = Replayed(
        world,
        old,
        running,
        lambda count: machines.readings(count, next(draws), kind.conditions),
        profiled=None if way == "nothing" else usual,
        known=before.chains,
    )
    judged = machines.readings(JUDGED, next(draws), kind.conditions)
    alarm, trials, outcome = math.nan, 0, ""
    if way != "fixed":
        changes = first_changes(application, before, old, reference, kind, model)
        alarm = application.clock
        if changes:
            if way == "adapted":
                settings = RecompositionSettings(weights, budget=BUDGET, shadow_requests=4000)
                earlier = _front(enumerate_space(LIMITS, table), weights)
                tried: Iterable[Pipeline] = candidates(running, changes, earlier, _rules(world), settings)
                tried = [one for one in tried if set(branches_of(one)) <= set(world.chains)]
            else:
                settings = RecompositionSettings(weights, budget=BUDGET, patience=BUDGET, shadow_requests=4000)
                tried = _searched(application, _problem(world, weights), seed)
            journal = AdaptationJournal.opened(folder / f"{name}-{seed}-{way}.jsonl")
            result = recompose(application, changes, tried, journal, settings)
            trials, outcome = result.trials, result.outcome
    fallback = _best_single(before, table, weights, there)
    return {
        "change": name,
        "seed": seed,
        "way": way,
        "alarm": alarm,
        "trials": trials,
        "outcome": outcome,
        **_judged(application, judged, weights, _goal(application, kind, judged, weights), fallback),
    }


def _front(space: ScoredSpace, weights: Weights) -> dict[Pipeline, Measured]:
    """Return the compositions that a search before the change had measured: the best by the weights."""
    best = np.argsort(-space.rewards(weights))[:EARLIER]
    return {space.pipeline(int(k)): space.measured(int(k)) for k in best}


def _rules(world: World) -> Rules:
    entries = {name: one for name, one in shipped().items() if any(name in b.components for b in world.chains)}
    return Rules(entries, machines.INPUT, machines.CLASSES, LIMITS)


def _problem(world: World, weights: Weights) -> Problem:
    return Problem(
        weights=weights,
        moves=EditSpace(_rules(world), world.chains),
        chains=world.chains,
        space=tuple(pipelines(LIMITS, world.chains)),
        load=world.queue.rate,
        most_stages=LIMITS.stages,
        most_branches=LIMITS.branches,
    )


def _searched(application: Replayed, problem: Problem, seed: int) -> Iterator[Pipeline]:
    """Yield what a search from nothing asks for, given the answers of the application."""
    walk = Search(problem, seed=seed)
    while (pipeline := walk.ask()) is not None:
        yield pipeline
        # what can't be run is worth nothing
        walk.tell(application.answers.get(pipeline, UNUSABLE))


def _best_single(world: World, table: TableEvaluator, weights: Weights, there: Sequence[Branch]) -> Pipeline:
    singles = [alone(branch) for branch in world.chains if branch in there]
    return max(singles, key=lambda one: reward(table(one), weights))


def _goal(application: Replayed, kind: Kind, judged: Split, weights: Weights) -> Measured:
    """Return the measurement of the enumerated optimum after the change, with the components that there can be."""
    old = application.history[0][2]
    made = {id(old): old, id(application.new): application.new}
    if kind.conditions != machines.USUAL and application.new is old:
        fresh = Fits(application.draw(LEARNED))
        made[id(fresh)] = fresh
    found = [application.world.optimum(fits, judged, weights)[1] for fits in made.values()]
    return max(found, key=lambda one: reward(one, weights))


def _judged(
    application: Replayed, judged: Split, weights: Weights, best: Measured, fallback: Pipeline
) -> dict[str, float]:
    """Return when the composition had recovered, and what was lost until the stream ended."""
    goal = reward(best, weights)
    recovered, lost, lost_reward, worth, accuracy = math.inf, 0.0, 0.0, -math.inf, 0.0
    ends = [at for at, _, _ in application.history[1:]] + [math.inf]
    for (at, pipeline, made), end in zip(application.history, ends, strict=True):
        try:
            found = application.world.measured(made, judged, pipeline)
        except InputError:
            found = application.world.measured(made, judged, fallback)
        worth = reward(found, weights) if math.isfinite(found.latency) else -math.inf
        accuracy = found.accuracy
        has_recovered = worth >= goal - TOLERANCE * abs(goal)
        recovered = min(recovered, at) if has_recovered else math.inf
        stretch = max(0.0, min(end, STREAM) - min(at, STREAM))
        lost += stretch * 100 * (best.accuracy - found.accuracy)
        # what is overloaded answers no request in time: it is worth nothing
        lost_reward += stretch * (goal - max(worth, 0.0))
    return {
        "recovered": recovered,
        "lost_points": lost,
        "lost_reward": lost_reward,
        "goal": goal,
        "end": max(worth, 0.0),
        "accuracy_goal": best.accuracy,
        "accuracy_end": accuracy,
    }
