"""Scores of every pipeline of a space: the optimum for any weights, the Pareto set, and the file that keeps them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aurora.errors import DataError, FileError, InputError
from aurora.files import replaced
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.types import BoolArray, FloatArray, IntArray

COLUMNS = ("accuracy", "latency", "cost", "memory", "size")
FORMAT = 1
"""Version of the format of files."""


@dataclass(frozen=True, eq=False)
class ScoredSpace:
    """Scores of every pipeline of a space, in the order of `pipelines`.

    Attributes:
        chains: The chains, sorted.
        sets: Chains of every set of branches, of shape (sets, most branches), filled up with -1.
        stages: Set of each stage of every pipeline, of shape (pipelines, most stages), filled up with -1 at the end.
        thresholds: Threshold of each stage, of shape (pipelines, most stages); NaN where there is none.
        accuracy: Accuracy of every pipeline, of shape (pipelines,).
        latency: Its 95th percentile under load, in seconds; infinite where it is overloaded.
        cost: Its cost for a thousand requests.
        memory: Its resident memory, in bytes.
        size: Its size on disk, in bytes.
        origin: Hash of all that the scores follow from.
    """

    chains: tuple[Branch, ...]
    sets: IntArray
    stages: IntArray
    thresholds: FloatArray
    accuracy: FloatArray
    latency: FloatArray
    cost: FloatArray
    memory: FloatArray
    size: FloatArray
    origin: str
    _places: dict[Pipeline, int] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        """Return the number of pipelines."""
        return len(self.accuracy)

    def pipeline(self, number: int) -> Pipeline:
        """Return a pipeline by its number."""
        found = []
        for chosen, threshold in zip(self.stages[number], self.thresholds[number], strict=True):
            if chosen >= 0:
                branches = tuple(self.chains[k] for k in self.sets[chosen] if k >= 0)
                found.append(Stage(branches, None if np.isnan(threshold) else float(threshold)))
        return Pipeline(tuple(found))

    def number(self, pipeline: Pipeline) -> int:
        """Return the number of a pipeline.

        Raises:
            InputError: The space has no such pipeline.
        """
        if not self._places:
            self._places.update((self.pipeline(k), k) for k in range(len(self)))
        if pipeline not in self._places:
            raise InputError("the space has no such pipeline", parameter="pipeline", value=str(pipeline))
        return self._places[pipeline]

    def measured(self, number: int) -> Measured:
        """Return the scores of a pipeline by its number."""
        return Measured(*(float(getattr(self, name)[number]) for name in COLUMNS))

    def __call__(self, pipeline: Pipeline) -> Measured:
        """Return the scores of a pipeline: the space is an `Evaluator` that only looks up.

        Raises:
            InputError: The space has no such pipeline.
        """
        return self.measured(self.number(pipeline))

    def rewards(self, weights: Weights) -> FloatArray:
        """Return the reward of every pipeline, of shape (pipelines,); -inf where it is overloaded."""
        # 0 * inf is no number: a weight of 0 leaves a term out
        latency = self.latency if weights.latency else np.zeros(len(self))
        cost = self.cost if weights.cost else np.zeros(len(self))
        return np.asarray(
            weights.accuracy * self.accuracy
            - weights.latency * latency / weights.latency_scale
            - weights.cost * cost / weights.cost_scale
        )

    def optimum(self, weights: Weights) -> int:
        """Return the number of the pipeline with the highest reward, the first of equals."""
        return int(self.rewards(weights).argmax())

    def front(self) -> IntArray:
        """Return the numbers of the pipelines of the Pareto set in accuracy, latency and cost, the fastest first.

        Overloaded pipelines are left out; see `aurora.learning.composition.scores.objective.pareto_set`.
        """
        losses = np.stack([self.latency, self.cost, -self.accuracy], axis=1)
        numbers = np.flatnonzero(np.isfinite(self.latency))
        numbers = numbers[undominated(losses[numbers])]
        return np.asarray(numbers[np.lexsort(losses[numbers].T[::-1])], np.int64)

    @property
    def is_single(self) -> BoolArray:
        """Which pipelines are a single chain, of shape (pipelines,)."""
        has_one_branch = (self.sets[self.stages[:, 0]] >= 0).sum(axis=1) == 1
        return np.asarray((self.stages[:, 1:] < 0).all(axis=1) & has_one_branch)

    def scales(self) -> tuple[float, float]:
        """Return latency and cost of the slowest and the dearest single chain that keep up: scales of a reward.

        Raises:
            InputError: No single chain keeps up.
        """
        chosen = self.is_single & np.isfinite(self.latency)
        if not chosen.any():
            raise InputError("no single chain keeps up with the load; lower the rate, or add workers", parameter="rate")
        return float(self.latency[chosen].max()), float(self.cost[chosen].max())

    def save(self, path: Path) -> None:
        """Write the space to an .npz file.

        Raises:
            FileError: It can't be written.
        """
        arrays = {name: getattr(self, name) for name in ("sets", "stages", "thresholds", *COLUMNS)}
        chains = np.array([str(chain) for chain in self.chains], dtype=np.str_)
        with replaced(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, format=FORMAT, origin=np.str_(self.origin), chains=chains, **arrays)


def read_space(path: Path) -> ScoredSpace:
    """Read a space from the file of `ScoredSpace.save`.

    Raises:
        FileError: It can't be read.
        DataError: It is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            if int(kept["format"]) != FORMAT:
                raise DataError(f"{path} has format {int(kept['format'])}; delete it, and enumerate again")
            arrays = {name: kept[name] for name in ("sets", "stages", "thresholds", *COLUMNS)}
            chains = tuple(parse_pipeline(str(text)).stages[0].branches[0] for text in kept["chains"])
            return ScoredSpace(chains, **arrays, origin=str(kept["origin"]))
    except OSError as error:
        raise FileError(f"can't read {path}: {error}; check the path and its permissions") from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no scored space ({error}); delete it, and enumerate again") from None


def undominated(losses: FloatArray) -> BoolArray:
    """Return which points no other is at least as good as in every loss and better in one.

    Args:
        losses: Finite losses, of shape (points, losses).
    """
    mask = np.zeros(len(losses), bool)
    alive = np.lexsort(losses.T[::-1])  # what dominates a point stands before it
    while len(alive):
        first, rest = losses[alive[0]], losses[alive[1:]]
        mask[alive[0]] = True
        alive = alive[1:][~((first <= rest).all(axis=1) & (first < rest).any(axis=1))]
    return mask
