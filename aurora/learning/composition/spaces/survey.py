"""Surveys a whole space: its front, the best single chain, and how often climbing by single edits ends too low."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.learning.composition.spaces.scored_space import ScoredSpace, undominated
from aurora.statistics.intervals import wilson
from aurora.types import BoolArray, Progress, no_progress

_SMALLEST_GAIN = 1e-12


class Choice(NamedTuple):
    """A pipeline with its scores.

    Attributes:
        pipeline: The pipeline.
        selection: Scores on the items that choices are made on.
        sealed: Scores on items that no choice has seen; None where there are none.
    """

    pipeline: Pipeline
    selection: Measured
    sealed: Measured | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; an infinite latency is null."""
        sealed = None if self.sealed is None else _scores(self.sealed)
        return {"pipeline": str(self.pipeline), "selection": _scores(self.selection), "sealed": sealed}


class Survey(NamedTuple):
    """What a whole space holds.

    Attributes:
        chains: Number of chains.
        pipelines: Number of pipelines.
        overloaded: Number of pipelines that can't keep up with the load.
        front: The Pareto set in accuracy, latency and cost, the fastest first.
        best: The most accurate pipeline that keeps up, the fastest of equals.
        best_single: The most accurate single chain that keeps up, the fastest of equals.
    """

    chains: int
    pipelines: int
    overloaded: int
    front: tuple[Choice, ...]
    best: Choice
    best_single: Choice

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "chains": self.chains,
            "pipelines": self.pipelines,
            "overloaded": self.overloaded,
            "front": [choice.to_json() for choice in self.front],
            "best": self.best.to_json(),
            "best_single": self.best_single.to_json(),
        }


@dataclass(frozen=True)
class Climbs:
    """Climbs from random pipelines by the best single edit, until none raises the reward.

    Attributes:
        starts: Number of climbs.
        missed: Number that ended below the optimum.
        low: Lower end of the 95 % interval of the share that misses (Wilson).
        high: Upper end.
        mean_gap: Mean distance of the ends from the reward of the optimum.
        mean_scored: Mean number of different pipelines that a climb has to score.
    """

    starts: int
    missed: int
    low: float
    high: float
    mean_gap: float
    mean_scored: float


def survey(space: ScoredSpace, sealed: TableEvaluator | None = None) -> Survey:
    """Return what a whole space holds.

    Args:
        space: The scored space.
        sealed: Measurements of the same chains on items that no choice has seen.

    Raises:
        InputError: No single chain keeps up with the load, or one was not measured on the sealed items.
    """
    space.scales()  # refuses a load that nothing can bear
    finite = np.isfinite(space.latency)
    singles = finite & space.is_single

    def choice(number: int) -> Choice:
        pipeline = space.pipeline(number)
        return Choice(pipeline, space.measured(number), None if sealed is None else sealed(pipeline))

    def most_accurate(among: BoolArray) -> Choice:
        numbers = np.flatnonzero(among)
        return choice(int(numbers[np.lexsort((space.latency[numbers], -space.accuracy[numbers]))[0]]))

    return Survey(
        chains=len(space.chains),
        pipelines=len(space),
        overloaded=int((~finite).sum()),
        front=tuple(choice(int(number)) for number in space.front()),
        best=most_accurate(finite),
        best_single=most_accurate(singles),
    )


def climb_all(
    space: ScoredSpace,
    edits: EditSpace,
    weights: Weights,
    *,
    starts: int = 100,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Climbs:
    """Climb from random pipelines by the best single edit.

    Args:
        space: The scored space.
        edits: Edits between its pipelines; limits and chains are those of the space.
        weights: Weights of the reward.
        starts: Number of climbs.
        seed: Random seed of the starts.
        progress: Receives the number of climbs.

    Raises:
        InputError: An edit leads out of the space.
    """
    rewards = space.rewards(weights)
    best = rewards[space.optimum(weights)]
    chosen = np.random.default_rng(seed).choice(np.flatnonzero(np.isfinite(rewards)), starts)
    gaps, scored = np.empty(starts), np.empty(starts)
    for k, start in enumerate(chosen):
        place, seen = int(start), {int(start)}
        while True:
            near = [space.number(pipeline) for _, pipeline in edits.neighbours(space.pipeline(place))]
            seen.update(near)
            top = max(near, key=lambda number: float(rewards[number]))
            if rewards[top] <= rewards[place] + _SMALLEST_GAIN:
                break
            place = top
        gaps[k], scored[k] = best - rewards[place], len(seen)
        progress("climbs", k + 1, starts)
    missed = int((gaps > _SMALLEST_GAIN).sum())
    return Climbs(starts, missed, *wilson(missed, starts), float(gaps.mean()), float(scored.mean()))


def leading_chains(
    measurements: Mapping[Branch, ChainMeasurement], accuracies: Mapping[Branch, float], count: int
) -> tuple[Branch, ...]:
    """Choose chains to compose of: the Pareto set in accuracy, mean time and memory, then that of the rest, and so on.

    Args:
        measurements: Chain -> its measurement.
        accuracies: Chain -> its accuracy.
        count: Number of chains; of the last set, the most accurate ones.

    Returns:
        At most `count` chains, sorted.
    """
    rest = sorted(measurements)
    chosen: list[Branch] = []
    while rest and len(chosen) < count:
        table = [(-accuracies[b], float(measurements[b].seconds.mean()), measurements[b].memory) for b in rest]
        kept = undominated(np.array(table))
        layer = sorted((b for b, is_kept in zip(rest, kept, strict=True) if is_kept), key=lambda b: -accuracies[b])
        chosen += layer[: count - len(chosen)]
        rest = [b for b, is_kept in zip(rest, kept, strict=True) if not is_kept]
    return tuple(sorted(chosen))


def _scores(measured: Measured) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in measured._asdict().items()}
