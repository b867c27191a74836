"""Pipelines as numbers: who works in which role, and what follows from the profiles of single chains.

Roles are "gate" (a stage whose answer may stand) and "last" (the last stage). A chain that has not been measured alone
gets the profile that its components suggest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.composition.agents.gaussian_process import Floats, Inputs
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline
from aurora.learning.composition.scores.objective import Measured

SMALLEST = 1e-12
"""Least latency, cost or memory, so that it has a logarithm."""

RIDGE = 0.3
"""Penalty of the regression that guesses the profile of a chain from its components."""

NO_THRESHOLD = 0.5
"""Stands for the threshold of a pipeline without a cascade: every answer of its only stage stands."""


class Profiles(NamedTuple):
    """Profiles of all chains, each of shape (chains,).

    Attributes:
        accuracy: Accuracy alone.
        latency: Latency alone, in seconds.
        cost: Cost alone, per 1,000 requests.
        memory: Memory alone, in bytes.
        is_measured: Whether the chain has been measured alone.
    """

    accuracy: Floats
    latency: Floats
    cost: Floats
    memory: Floats
    is_measured: NDArray[np.bool_]


class Encoded(NamedTuple):
    """Pipelines as indices of chains; all of one search have the same shape.

    Attributes:
        chains: int64 (pipelines, stages, branches), index of each chain; -1 where there is none. The last stage comes
            first, then the others in their order.
        thresholds: (pipelines, stages), threshold of each stage; NaN where there is none.
    """

    chains: NDArray[np.int64]
    thresholds: Floats


class Encoder:
    """Encodes pipelines over a fixed list of chains.

    Args:
        chains: Every chain that occurs.
        stages: Most stages.
        branches: Most branches of a stage.
    """

    def __init__(self, chains: Sequence[Branch], stages: int, branches: int) -> None:
        self.chains = tuple(chains)
        self.shape = (stages, branches)
        self._index = {chain: k for k, chain in enumerate(self.chains)}
        self.components = tuple(dict.fromkeys(name for chain in self.chains for name in chain.components))
        self._parts = np.array([[float(name in chain.components) for name in self.components] for chain in self.chains])

    def encode(self, pipelines: Sequence[Pipeline]) -> Encoded:
        """Return pipelines as indices of their chains."""
        stages, branches = self.shape
        chains = np.full((len(pipelines), stages, branches), -1, np.int64)
        thresholds = np.full((len(pipelines), stages), np.nan)
        for row, pipeline in enumerate(pipelines):
            for place, stage in enumerate((pipeline.stages[-1], *pipeline.stages[:-1])):
                for column, branch in enumerate(stage.branches):
                    chains[row, place, column] = self._index[branch]
                if stage.threshold is not None:
                    thresholds[row, place] = stage.threshold
        return Encoded(chains, thresholds)

    def profiles(self, measured: Mapping[Pipeline, Measured]) -> Profiles:
        """Return the profile of every chain; what is not measured alone is guessed from its components (ridge)."""
        table = np.zeros((len(self.chains), 4))
        seen = np.zeros(len(self.chains), bool)
        for pipeline, one in measured.items():
            if len(pipeline.stages) == 1 and len(pipeline.stages[0].branches) == 1:
                row = self._index[pipeline.stages[0].branches[0]]
                logs = np.log(np.clip((one.latency, one.cost, one.memory), SMALLEST, 1 / SMALLEST))
                table[row], seen[row] = (one.accuracy, *logs), True
        if seen.any() and not seen.all():
            mean = table[seen].mean(0)
            known = self._parts[seen]
            gram = known.T @ known + RIDGE * np.eye(known.shape[1])
            effects = np.linalg.solve(gram, known.T @ (table[seen] - mean))
            table[~seen] = mean + self._parts[~seen] @ effects
        accuracy, *logs = table.T
        latency, cost, memory = np.exp(logs)
        return Profiles(accuracy, latency, cost, memory, seen)

    def inputs(self, encoded: Encoded, profiles: Profiles) -> tuple[Inputs, Floats, Floats]:
        """Return inputs of the cost model, and the logarithms of latency and cost if every stage always ran."""
        present = encoded.chains >= 0
        count = present.sum(2)
        runs = count > 0
        latency = (profiles.latency[encoded.chains] * present).sum(2)
        cost = (profiles.cost[encoded.chains] * present).sum(2)
        accuracy = profiles.accuracy[encoded.chains]
        mean_accuracy = (accuracy * present).sum(2) / np.maximum(count, 1)
        best_accuracy = np.where(present, accuracy, -np.inf).max(2)
        total, total_cost = np.log(latency.sum(1)), np.log(cost.sum(1))
        gates = runs[:, 1:].sum(1)
        is_cascade = gates > 0
        # Where there is no gate, the gate's features are those of the last stage: a cascade of a stage with itself.
        first = np.where(is_cascade, 1, 0) if runs.shape[1] > 1 else np.zeros(len(runs), np.int64)
        rows = np.arange(len(runs))
        gate_mean, gate_best = mean_accuracy[rows, first], best_accuracy[rows, first]
        threshold = np.where(is_cascade, np.nan_to_num(encoded.thresholds).sum(1) / np.maximum(gates, 1), NO_THRESHOLD)
        passed = 2 * (threshold - NO_THRESHOLD) * is_cascade  # guess of the share of items that pass the gate
        last = 0.5 * (mean_accuracy[:, 0] + best_accuracy[:, 0])
        blend = np.where(is_cascade, passed * last + (1 - passed) * gate_mean, last)
        dense = np.column_stack(
            (
                20 * (blend - 0.8),
                20 * (last - 0.8),
                20 * passed * (1 - passed) * is_cascade * 0.1,
                20 * (gate_mean - 0.8),
                20 * (gate_best - mean_accuracy[:, 0]),
                count[:, 0] - 1.0,
                count[rows, first] - 1.0,
                gates,
                6 * (threshold - 0.7),
                np.log(latency[:, 0]) - total,
                np.log(latency[rows, first]) - total,
                0.5 * (total - np.log(profiles.latency).mean()),
            )
        )
        return Inputs(dense, self._members(encoded, present, count)), total, total_cost

    def _members(self, encoded: Encoded, present: NDArray[np.bool_], count: NDArray[np.int64]) -> Floats:
        """Return the share of each chain in the gates and in the last stage, and of each component in all."""
        size = len(self.chains)
        members = np.zeros((len(count), 2 * size))
        share = present / np.sqrt(np.maximum(count, 1))[:, :, None]
        for place in range(count.shape[1]):
            for column in range(present.shape[2]):
                held = present[:, place, column]
                role = 0 if place == 0 else size
                members[held, role + encoded.chains[held, place, column]] += share[held, place, column]
        parts = (members[:, :size] + members[:, size:]) @ self._parts
        norm = np.sqrt(np.square(parts).sum(1, keepdims=True))
        return np.concatenate((members, parts / np.maximum(norm, SMALLEST)), 1)
