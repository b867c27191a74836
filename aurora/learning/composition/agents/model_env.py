"""Environments in which an agent composes inside the cost model: nothing is measured there.

The value of a composition is the model's optimistic guess, mean plus some standard deviations; of a measured one it is
its reward. A step's reward is the difference of values, so an episode's rewards add up to what was gained.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aurora.learning.composition.agents.beliefs import CAUTION, Beliefs
from aurora.learning.composition.agents.encoding import Encoded
from aurora.learning.composition.environment.observation import (
    CANDIDATE_FEATURES,
    CONTEXT_FEATURES,
    OPERATIONS,
    Expected,
    candidate_features,
    context_features,
)
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.rl.vector_env import Observation, StepResult

PLACES = 40
"""Candidates of a state: keeping the composition, and valid edits, drawn at random where there are more."""

HORIZON = 6
"""Steps of an episode."""

OPTIMISM = 1.0
"""Standard deviations that are added to the expected reward of what has not been measured."""

ELITE, ELITE_SHARE = 6, 0.5
"""Share of episodes that begin with one of the best measured compositions, this many; others do with a random chain."""

MOST_VALUE = 40.0
"""Bound of a composition's value in units of the scale of rewards: nothing is learned from how bad the worst are."""


class ModelEnvironments:
    """Episodes of composing in a cost model, which step together; a `VectorEnv`.

    Args:
        beliefs: Measurements and model; `begin_round` takes note of a change.
        num_envs: Number of episodes.
        seed: Random seed.

    Attributes:
        num_envs: Number of episodes.
        candidate_features: Number of features of a candidate.
        context_features: Number of features of the context.
        pipelines: Every pipeline met so far; its place is its row.
    """

    def __init__(self, beliefs: Beliefs, num_envs: int, seed: int) -> None:
        self.beliefs, self.num_envs = beliefs, num_envs
        self.candidate_features, self.context_features = len(CANDIDATE_FEATURES), len(CONTEXT_FEATURES)
        self.pipelines: list[Pipeline] = []
        self._rows: dict[Pipeline, int] = {}
        self._rng = np.random.default_rng(seed)
        moves = beliefs.problem.moves
        self._operations = np.array([OPERATIONS.index(name) for name in moves.operations], np.int64)
        self._expected = np.zeros((0, len(Expected._fields)))
        self._is_fresh = np.zeros(0, bool)
        stages, branches = beliefs.encoder.shape
        self._encoded = Encoded(np.zeros((0, stages, branches), np.int64), np.zeros((0, stages)))
        self._shown: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._all_edits: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._state = np.zeros(num_envs, np.int64)
        self._steps = np.zeros(num_envs, np.int64)
        self._return = np.zeros(num_envs)
        self._scale = self._best = 1.0
        self._starts: list[int] = []
        self._around_best = np.zeros(0, np.int64)

    def begin_round(self) -> None:
        """Take note of new measurements: expectations, shown edits and starts are made anew."""
        self._is_fresh[:] = False
        self._shown.clear()
        worths = np.array([self.beliefs.problem.worth(one) for one in self.beliefs.measured.values()])
        finite = worths[np.isfinite(worths)]
        self._best = float(finite.max()) if len(finite) else 0.0
        self._scale = max(float(np.subtract(*np.percentile(finite, [75, 25]))), 1e-3) if len(finite) else 1.0
        measured = list(self.beliefs.measured)
        self._starts = [self._row(measured[k]) for k in np.argsort(-worths, kind="stable")[:ELITE]]
        # Whatever the agent looks at, every edit of the best composition is looked at too.
        neighbours = [
            pipeline for _, pipeline in self.beliefs.problem.moves.neighbours(self.pipelines[self._starts[0]])
        ]
        self._add(neighbours)
        self._around_best = np.array([self._rows[pipeline] for pipeline in neighbours], np.int64)

    def reset(self) -> Observation:
        """Begin new episodes."""
        self._begin(np.ones(self.num_envs, bool))
        return self._observe()

    def step(self, actions: NDArray[np.int64]) -> StepResult:
        """Take the candidates with these indices; candidate 0 keeps the composition and ends the episode."""
        shown = [self._edits(int(row))[1] for row in self._state]
        after = np.array([rows[action] for rows, action in zip(shown, actions, strict=True)])
        reward = self._values(after) - self._values(self._state)
        self._state, self._steps = after, self._steps + 1
        self._return += reward
        terminated = (actions == 0) | (self._steps >= HORIZON)
        returns = np.where(terminated, self._return, np.nan)
        self._begin(terminated)
        return StepResult(self._observe(), reward.astype(np.float32), terminated, returns)

    def promising(self) -> Pipeline | None:
        """Return what promises the largest improvement of all that was shown in this round and is not measured."""
        rows = np.unique(np.concatenate([self._around_best, *(rows for _, rows in self._shown.values())]))
        expected = self._expect(rows)
        rows = rows[expected.is_measured == 0]
        if not len(rows):
            return None
        expected = self._expect(rows)
        improvement = self.beliefs.improvement(expected.reward, np.maximum(expected.error, 1e-9))
        return self.pipelines[int(rows[improvement.argmax()])]

    def _begin(self, where: NDArray[np.bool_]) -> None:
        singles = self.beliefs.problem.singles
        for k in np.flatnonzero(where):
            if self._rng.random() < ELITE_SHARE and self._starts:
                self._state[k] = self._starts[int(self._rng.integers(len(self._starts)))]
            else:
                self._state[k] = self._row(singles[int(self._rng.integers(len(singles)))])
            self._steps[k], self._return[k] = 0, 0.0

    def _row(self, pipeline: Pipeline) -> int:
        if pipeline not in self._rows:
            self._add([pipeline])
        return self._rows[pipeline]

    def _add(self, pipelines: Sequence[Pipeline]) -> None:
        """Give rows to pipelines that have none."""
        new = [pipeline for pipeline in dict.fromkeys(pipelines) if pipeline not in self._rows]
        if not new:
            return
        self._rows |= {pipeline: len(self.pipelines) + k for k, pipeline in enumerate(new)}
        self.pipelines += new
        encoded = self.beliefs.encoder.encode(new)
        chains, thresholds = self._encoded
        self._encoded = Encoded(
            np.concatenate((chains, encoded.chains)), np.concatenate((thresholds, encoded.thresholds))
        )
        self._expected = np.concatenate((self._expected, np.zeros((len(new), self._expected.shape[1]))))
        self._is_fresh = np.concatenate((self._is_fresh, np.zeros(len(new), bool)))

    def _edits(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return operation and resulting row of each candidate that a state shows in this round."""
        if row not in self._shown:
            operations, rows = self._neighbours(row)
            if len(rows) > PLACES - 1:
                drawn = np.sort(self._rng.choice(len(rows), PLACES - 1, replace=False))
                operations, rows = operations[drawn], rows[drawn]
            self._shown[row] = np.concatenate(([0], operations)), np.concatenate(([row], rows))
        return self._shown[row]

    def _neighbours(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return operation and resulting row of every valid edit of a state."""
        if row not in self._all_edits:
            neighbours = self.beliefs.problem.moves.neighbours(self.pipelines[row])
            self._add([pipeline for _, pipeline in neighbours])
            numbers = np.array([number for number, _ in neighbours], np.int64)
            rows = np.array([self._rows[pipeline] for _, pipeline in neighbours], np.int64)
            self._all_edits[row] = self._operations[numbers], rows
        return self._all_edits[row]

    def _expect(self, rows: NDArray[np.int64]) -> Expected:
        """Return what is expected of pipelines by their rows; each is predicted once a round."""
        stale = np.unique(rows[~self._is_fresh[rows]])
        if len(stale):
            problem, measured = self.beliefs.problem, self.beliefs.measured
            predicted = self.beliefs.model.predict(
                Encoded(self._encoded.chains[stale], self._encoded.thresholds[stale])
            )
            reward, error = predicted.reward(problem.weights)
            error = CAUTION * error
            logs = [
                np.log(np.maximum(values, 1e-12) / scale)
                for values, scale in (
                    (predicted.latency, problem.weights.latency_scale),
                    (predicted.cost, problem.weights.cost_scale),
                )
            ]
            found = np.column_stack((reward, error, predicted.accuracy, *logs, np.zeros(len(stale))))
            for k, row in enumerate(stale):
                if (one := measured.get(self.pipelines[int(row)])) is not None:
                    found[k, [0, 1, 5]] = problem.worth(one), 0.0, 1.0
            self._expected[stale] = found
            self._is_fresh[stale] = True
        return Expected(*np.moveaxis(self._expected[rows], -1, 0))

    def _values(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        expected = self._expect(rows)
        value = (expected.reward + OPTIMISM * expected.error - self._best) / self._scale
        bounded: NDArray[np.float64] = np.clip(value, -MOST_VALUE, MOST_VALUE)
        return bounded

    def _observe(self) -> Observation:
        rows = np.repeat(self._state[:, None], PLACES, 1)
        operations = np.zeros(rows.shape, np.int64)
        mask = np.zeros(rows.shape, bool)
        for k, row in enumerate(self._state):
            kinds, results = self._edits(int(row))
            operations[k, : len(kinds)], rows[k, : len(kinds)], mask[k, : len(kinds)] = kinds, results, True
        self._expect(np.unique(rows))
        present = self._expect(self._state[:, None])
        candidates = candidate_features(operations, self._expect(rows), present, self._best, self._scale)
        candidates[~mask] = 0.0
        context = np.stack(
            [
                context_features(
                    self.beliefs.problem,
                    self.pipelines[int(row)],
                    1 - self._steps[k] / HORIZON,
                    Expected(*(part[k] for part in present)),
                    self._best,
                    self._scale,
                )
                for k, row in enumerate(self._state)
            ]
        )
        return Observation(candidates, mask, context)
