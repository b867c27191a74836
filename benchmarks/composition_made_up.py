"""Made-up tasks to develop searches on: chains of made-up skill and speed, their pipelines and exact scores.

Items have a difficulty, and chains of one family err alike. So ensembles across families and cascades pay, and hill
climbing has local optima, as in real tasks; nothing here is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.scores.objective import Measured

Floats = NDArray[np.float64]
THRESHOLDS = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


class MadeUp(NamedTuple):
    """A made-up task.

    Attributes:
        chains: What each chain answers, and how fast.
        labels: Class of each item.
    """

    chains: dict[Branch, ChainMeasurement]
    labels: NDArray[np.int64]


def make_up(seed: int, *, models: int = 6, items: int = 500, classes: int = 2) -> MadeUp:
    """Make up a task with a number of models, of which some take a transformation first."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=items)
    difficulty = rng.gamma(1.5, 0.8, items)
    families = [rng.normal(size=(items, classes)) for _ in range(3)]
    chains: dict[Branch, ChainMeasurement] = {}
    for k in range(models):
        speed = 10 ** rng.uniform(-4, -1.8)
        skill = 0.45 + 0.2 * np.log10(speed / 1e-4) + rng.normal(0, 0.12)
        family = families[int(rng.integers(3))]
        branches = [Branch((), f"m{k}")] + ([Branch(("pca",), f"m{k}")] if rng.random() < 0.5 else [])
        for branch in branches:
            if branch.transformations:
                speed, skill = speed * rng.uniform(0.3, 1.2), skill + rng.normal(0, 0.08)
            noise = 0.7 * family + 0.7 * rng.normal(size=(items, classes))
            logits = noise * difficulty[:, None] ** 0.5
            logits[np.arange(items), labels] += skill * 1.5
            logits *= rng.uniform(0.7, 1.6)
            exponents = np.exp(logits - logits.max(1, keepdims=True))
            probabilities = (exponents / exponents.sum(1, keepdims=True)).astype(np.float32)
            seconds = speed * rng.lognormal(0, 0.15, items)
            memory = 2e6 * (1 + 100 * speed / 1e-2 * rng.uniform(0.3, 3))
            chains[branch] = ChainMeasurement(branch, probabilities, seconds, {1: speed}, memory, memory)
    return MadeUp(chains, labels)


class ExactEvaluator:
    """Scores pipelines of a made-up task exactly; counts how often it was asked."""

    def __init__(self, task: MadeUp) -> None:
        self.task, self.calls = task, 0
        self._stages: dict[tuple[Branch, ...], tuple[Floats, Floats, Floats]] = {}

    def __call__(self, pipeline: Pipeline) -> Measured:
        """Measure one pipeline."""
        self.calls += 1
        open_items = np.ones(len(self.task.labels), bool)
        correct, seconds = np.zeros(len(open_items), bool), np.zeros(len(open_items))
        for stage in pipeline.stages:
            sure, right, time = self._stage(stage.branches)
            seconds += np.where(open_items, time, 0.0)
            done = open_items & (sure >= (stage.threshold or 0.0))
            correct[done] = right[done] > 0
            open_items &= ~done
        rank = int(np.ceil(0.95 * len(seconds))) - 1
        used = {branch for stage in pipeline.stages for branch in stage.branches}
        memory = sum(self.task.chains[branch].memory for branch in used)
        cost = 1000 * (float(seconds.mean()) * 1.2e-5 + memory * 1e-15)
        return Measured(float(correct.mean()), float(np.partition(seconds, rank)[rank]), cost, memory, memory)

    def _stage(self, branches: tuple[Branch, ...]) -> tuple[Floats, Floats, Floats]:
        if branches not in self._stages:
            parts = [self.task.chains[branch] for branch in branches]
            mean = np.mean([part.probabilities for part in parts], 0)
            right = (mean.argmax(1) == self.task.labels).astype(float)
            self._stages[branches] = mean.max(1), right, np.sum([part.seconds for part in parts], 0)
        return self._stages[branches]


def whole_space(chains: Sequence[Branch], *, branches: int = 3, gates: int = 1) -> list[Pipeline]:
    """Return single chains, ensembles, and cascades of a gate before either."""
    stages = list(_ensembles(chains, branches))
    gate_stages = list(_ensembles(chains, gates))
    pipelines = [Pipeline((Stage(last),)) for last in stages]
    for gate in gate_stages:
        for last in stages:
            if not set(gate) & set(last) or len(last) > 1:
                pipelines += [Pipeline((Stage(gate, t), Stage(last))) for t in THRESHOLDS if gate != last]
    return pipelines


def _ensembles(chains: Sequence[Branch], most: int) -> Iterator[tuple[Branch, ...]]:
    for count in range(1, most + 1):
        yield from combinations(sorted(chains), count)
