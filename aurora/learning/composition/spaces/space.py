"""The whole space of a task's pipelines: its size, all of them, and the scores of all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from math import comb
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.files import writing
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.scores.evaluation import TableEvaluator, is_unsure
from aurora.learning.composition.scores.prices import cost_of_requests
from aurora.learning.composition.scores.queueing import response_quantiles
from aurora.learning.composition.spaces.scored_space import COLUMNS, FORMAT, ScoredSpace, read_space
from aurora.types import BoolArray, FloatArray, IntArray, Progress, no_progress

_CHUNK_VALUES = 4_000_000
"""Times of items that are held at once: 32 MB."""


class _Shape(NamedTuple):
    """Stages of a space, as numbers of chains.

    Attributes:
        sets: Chains of every stage, by size and then in order.
        gates: Number of sets, the first ones, that a stage before the last may be.
    """

    sets: list[tuple[int, ...]]
    gates: int


def pipelines(limits: Limits, chains: Sequence[Branch]) -> Iterator[Pipeline]:
    """Yield every valid pipeline whose branches are some chains and whose thresholds are those of the limits.

    Args:
        limits: Limits of size, and the thresholds.
        chains: The chains, valid ones.
    """
    ordered = sorted(set(chains))
    shape = _shape(len(ordered), limits)
    stages = [tuple(ordered[k] for k in members) for members in shape.sets]
    for gates, thresholds in _heads(shape, limits):
        head = tuple(Stage(stages[gate], threshold) for gate, threshold in zip(gates, thresholds, strict=True))
        yield from (Pipeline((*head, Stage(last))) for k, last in enumerate(stages) if k not in gates)


def space_size(limits: Limits, chains: int) -> int:
    """Return the number of valid pipelines whose branches are some chains.

    Args:
        limits: Limits of size, and the thresholds.
        chains: Number of chains.
    """
    shape_gates, shape_sets = _set_counts(chains, limits)
    total, heads = 0, 1
    for count in range(limits.stages):
        total += heads * max(0, shape_sets - count)
        heads *= max(0, shape_gates - count) * len(limits.thresholds)
    return total


def enumerate_space(limits: Limits, evaluator: TableEvaluator, *, progress: Progress = no_progress) -> ScoredSpace:
    """Score every pipeline of the chains that an evaluator has measured; the scores are those that it would give.

    With batches, or with workers of each branch, each pipeline is simulated by itself: some ten times as long.

    Args:
        limits: Limits of size, and the thresholds.
        evaluator: Measurements, labels, load and prices.
        progress: Receives the number of scored pipelines.

    Raises:
        InputError: Nothing has been measured.
    """
    chains = tuple(sorted(evaluator.measurements))
    if not chains:
        raise InputError("no chain has been measured", parameter="evaluator")
    shape = _shape(len(chains), limits)
    table = _StageTable(evaluator, chains, shape)
    total = space_size(limits, len(chains))
    most = limits.stages
    columns = {name: np.empty(total) for name in COLUMNS}
    stages = np.full((total, most), -1, np.int64)
    thresholds = np.full((total, most), np.nan)
    done = 0
    for gates, chosen in _heads(shape, limits):
        last = np.array([k for k in range(len(shape.sets)) if k not in gates], np.int64)
        block = slice(done, done + len(last))
        for name, values in zip(COLUMNS, table.scores(gates, chosen, last), strict=True):
            columns[name][block] = values
        stages[block, : len(gates)] = gates
        stages[block, len(gates)] = last
        thresholds[block, : len(gates)] = chosen
        done += len(last)
        progress("pipelines", done, total)
    sets = np.full((len(shape.sets), max(map(len, shape.sets))), -1, np.int64)
    for k, members in enumerate(shape.sets):
        sets[k, : len(members)] = members
    return ScoredSpace(chains, sets, stages, thresholds, **columns, origin=origin_of(limits, evaluator))


def scored_space(
    limits: Limits, evaluator: TableEvaluator, path: Path, *, progress: Progress = no_progress
) -> ScoredSpace:
    """Return the scores of a whole space, from a file if it holds those of the same measurements, limits and load.

    Args:
        limits: Limits of size, and the thresholds.
        evaluator: Measurements, labels, load and prices.
        path: The file; it is written anew if it is absent or holds other scores.
        progress: Receives the number of scored pipelines.

    Raises:
        InputError: Nothing has been measured.
        FileError: The file can't be read or written.
        DataError: The file is no scored space.
    """
    if path.exists():
        kept = read_space(path)
        if kept.origin == origin_of(limits, evaluator):
            return kept
    found = enumerate_space(limits, evaluator, progress=progress)
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    found.save(path)
    return found


def origin_of(limits: Limits, evaluator: TableEvaluator) -> str:
    """Return a hash of all that the scores of a space follow from: limits, measurements, labels, load and prices."""
    digest = hashlib.sha256(repr((FORMAT, limits, evaluator.queue, evaluator.prices)).encode())
    digest.update(np.ascontiguousarray(evaluator.labels, np.int64).tobytes())
    for branch in sorted(evaluator.measurements):
        one = evaluator.measurements[branch]
        figures = [number for pair in sorted(one.batch_seconds.items()) for number in pair]
        figures += [one.memory, one.size, *one.component_memory, *one.component_size]
        # as bytes: numbers of numpy and of Python are written alike
        digest.update(str(branch).encode() + np.array(figures, np.float64).tobytes())
        digest.update(np.ascontiguousarray(one.probabilities).tobytes() + np.ascontiguousarray(one.seconds).tobytes())
    return digest.hexdigest()


def _set_counts(chains: int, limits: Limits) -> tuple[int, int]:
    """Return the numbers of sets of branches for a stage before the last, and for the last."""
    gates = sum(comb(chains, k) for k in range(1, limits.gate_branches + 1))
    return gates, sum(comb(chains, k) for k in range(1, limits.branches + 1))


def _shape(chains: int, limits: Limits) -> _Shape:
    sets = [members for k in range(1, limits.branches + 1) for members in combinations(range(chains), k)]
    return _Shape(sets, _set_counts(chains, limits)[0])


def _heads(shape: _Shape, limits: Limits) -> Iterator[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Yield sets and thresholds of all stages before the last, fewest stages first."""
    for count in range(limits.stages):
        for gates in permutations(range(shape.gates), count):
            for thresholds in product(limits.thresholds, repeat=count):
                yield gates, thresholds


class _StageTable:
    """Answers of every stage of a space, as arrays, from which the scores of many pipelines come at once."""

    def __init__(self, evaluator: TableEvaluator, chains: Sequence[Branch], shape: _Shape) -> None:
        self.evaluator = evaluator
        self.stages = [tuple(chains[k] for k in members) for members in shape.sets]
        answers = [evaluator.stage(branches) for branches in self.stages]
        self.is_correct = np.array([one.is_correct for one in answers], np.float32)
        self.sureness = [one.sureness for one in answers[: shape.gates]]
        self.seconds = np.array([one.seconds for one in answers])
        self.core_seconds = np.array([one.core_seconds for one in answers])
        parts = evaluator.parts(chains)
        places = {name: k for k, name in enumerate(parts)}
        self.resources = np.array(list(parts.values()))
        self.uses = np.zeros((len(self.stages), len(parts)), bool)
        for k, branches in enumerate(self.stages):
            for name in evaluator.parts(branches):
                self.uses[k, places[name]] = True

    def scores(self, gates: Sequence[int], thresholds: Sequence[float], last: IntArray) -> tuple[FloatArray, ...]:
        """Return the five columns of the pipelines that begin with some gates, for each last stage."""
        items = len(self.evaluator.labels)
        reaches = np.ones(items, bool)
        correct, seconds, core = 0.0, np.zeros(items), np.zeros(items)
        for gate, threshold in zip(gates, thresholds, strict=True):
            seconds[reaches] += self.seconds[gate][reaches]
            core[reaches] += self.core_seconds[gate][reaches]
            goes_on = reaches & is_unsure(self.sureness[gate], threshold)
            correct += float(self.is_correct[gate][reaches & ~goes_on].sum())
            reaches = goes_on
        # counts of items are exact in float32, in which the product is twice as fast
        counts = (self.is_correct[last] @ reaches.astype(np.float32)).astype(np.float64)
        accuracy = (correct + counts) / items
        core_means = core.mean() + self.core_seconds[last] @ (reaches / items)
        used = self.uses[last] | self.uses[list(gates)].any(axis=0)
        memory, size = (used @ self.resources).T
        queue, prices = self.evaluator.queue, self.evaluator.prices
        held = memory * queue.workers
        cost = np.array(
            [cost_of_requests(c, m, queue.rate, prices) for c, m in zip(core_means, held, strict=True)], float
        )
        return accuracy, self._latencies(gates, thresholds, last, (seconds, reaches)), cost, memory, size

    def _latencies(
        self,
        gates: Sequence[int],
        thresholds: Sequence[float],
        last: IntArray,
        before: tuple[FloatArray, BoolArray],
    ) -> FloatArray:
        queue = self.evaluator.queue
        if queue.is_split or not queue.batching.is_none:
            head = tuple(Stage(self.stages[g], t) for g, t in zip(gates, thresholds, strict=True))
            made = (Pipeline((*head, Stage(self.stages[k]))) for k in last)
            return np.array([self.evaluator.predict(pipeline).p95 for pipeline in made])
        seconds, reaches = before
        step = max(1, _CHUNK_VALUES // len(reaches))
        parts = [
            response_quantiles(queue, seconds + self.seconds[last[k : k + step]] * reaches)
            for k in range(0, len(last), step)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)
