"""What holds before and after a change: components as they were fitted, the load, and the optimum under them."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.catalogue import shipped
from aurora.learning.composition.components.estimators import estimator_of
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, alone
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.profiles.profiling import measure_branch
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.spaces.space import enumerate_space
from aurora.learning.composition.tasks import machines
from aurora.learning.composition.tasks.task import Split
from benchmarks.composition_adaptation.setting import ACCURACY, CHAINS, COST, LATENCY, LIMITS


class Fits:
    """Chains, fitted when they are first asked.

    Args:
        data: What they are fitted on.
    """

    def __init__(self, data: Split) -> None:
        self._data = data
        self._made: dict[Branch, Any] = {}

    def __call__(self, branch: Branch, items: np.ndarray) -> np.ndarray:
        """Return the probabilities of the classes of items."""
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415  # takes seconds

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if branch not in self._made:
                steps = [estimator_of(shipped()[name].recipe, 0) for name in branch.components]
                self._made[branch] = make_pipeline(*steps).fit(self._data.items, self._data.labels)
            return np.asarray(self._made[branch].predict_proba(items), np.float32)


@dataclass(eq=False)
class World:
    """What holds after a change (or before one): who measures, and under what.

    Attributes:
        profile: Chain -> measurement of its times.
        chains: Chains that are there.
        queue: Load.
        fees: Model -> cost that is added for a thousand requests.
    """

    profile: Mapping[Branch, ChainMeasurement]
    chains: tuple[Branch, ...]
    queue: QueueModel
    fees: Mapping[str, float] = field(default_factory=dict)

    def table(self, fits: Fits, split: Split, chains: Sequence[Branch] | None = None) -> TableEvaluator:
        """Return the measurements of chains on items."""
        count = len(split.labels)
        found = {}
        for branch in self.chains if chains is None else chains:
            one = self.profile[branch]
            seconds = np.resize(one.seconds, count)
            found[branch] = replace(one, probabilities=fits(branch, np.asarray(split.items)), seconds=seconds)
        return TableEvaluator(found, split.labels, self.queue)

    def measured(self, fits: Fits, split: Split, pipeline: Pipeline) -> Measured:
        """Return the measurement of one composition."""
        branches = {branch for stage in pipeline.stages for branch in stage.branches}
        if absent := [str(b) for b in branches if b not in self.chains]:
            raise InputError(f"{', '.join(absent)}: a model is no longer in the catalogue")
        found = self.table(fits, split, sorted(branches))(pipeline)
        return found._replace(cost=found.cost + self.fee(pipeline))

    def fee(self, pipeline: Pipeline) -> float:
        """Return what its models cost in addition for a thousand requests."""
        return sum(self.fees.get(name, 0.0) for name in pipeline.components)

    def correct(self, fits: Fits, split: Split, pipeline: Pipeline) -> np.ndarray:
        """Return whether a composition answers each item correctly."""
        branches = sorted({branch for stage in pipeline.stages for branch in stage.branches})
        return self.table(fits, split, branches).trace(pipeline).is_correct

    def optimum(self, fits: Fits, split: Split, weights: Weights) -> tuple[Pipeline, Measured]:
        """Return the composition with the highest reward of all."""
        space = enumerate_space(LIMITS, self.table(fits, split))
        rewards = space.rewards(weights)
        if self.fees:
            fee = [self.fee(space.pipeline(k)) for k in range(len(space))]
            rewards = rewards - weights.cost * np.array(fee) / weights.cost_scale
        best = space.pipeline(int(rewards.argmax()))
        return best, self.measured(fits, split, best)


def weights_of(evaluator: TableEvaluator) -> Weights:
    """Return the weights, with the scales of the slowest and the dearest single chain."""
    singles = [evaluator(alone(branch)) for branch in evaluator.measurements]
    finite = [one for one in singles if math.isfinite(one.latency)]
    return Weights(ACCURACY, LATENCY, COST, max(o.latency for o in finite), max(o.cost for o in finite))


def busy_seconds(world: World, fits: Fits, split: Split, running: Pipeline) -> float:
    """Return the time for which a request keeps a worker busy, on average, in seconds."""
    branches = sorted({b for stage in running.stages for b in stage.branches})
    return float(world.table(fits, split, branches).trace(running).total_seconds.mean())


def profile(folder: Path) -> dict[Branch, ChainMeasurement]:
    """Return times, memory and sizes of the chains in ONNX Runtime; measured once, kept in a folder."""
    task = machines.task()
    found = {}
    for k, branch in enumerate(CHAINS):
        found[branch] = measure_branch(branch, task, folder)
        print(f"{k + 1} of {len(CHAINS)} chains profiled: {branch}", file=sys.stderr)
    return found
