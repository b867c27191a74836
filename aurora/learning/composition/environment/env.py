"""Composing as a `gymnasium` environment: each action edits the composition, which is deployed and measured.

env = CompositionEnv(problem, evaluator)
observation, info = env.reset(seed=0)
action = rng.choice(np.flatnonzero(env.action_masks()))
observation, reward, terminated, truncated, info = env.step(action)
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.learning.composition.environment.observation import (
    BOUND,
    CANDIDATE_FEATURES,
    COMPONENT_FEATURES,
    CONTEXT_FEATURES,
    OPERATIONS,
    ProfileOutlook,
    candidate_features,
    component_features,
    context_features,
)
from aurora.learning.composition.environment.problem import Evaluator, Problem
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured

PENALTY = 0.01
"""Reward subtracted for an edit that the mask forbids; the composition stays as it is."""

KEEP = 0
"""Action that keeps the composition and ends the episode; action k + 1 is edit k."""

WORST = -10.0
"""Reward of a composition that is overloaded: minus infinity can't be learned from."""

REWARD_SCALE = 0.05
"""Difference of rewards that counts as 1 in features."""


class CompositionEnv(gymnasium.Env[Any, Any]):
    """A composition that is edited step by step; an episode begins with a random single chain.

    The reward of a step is the difference of what the composition is worth after and before it; before the first edit
    it counts as worth 0. So the rewards of an episode add up to what its last composition is worth. A composition is
    measured once, however often it is reached; what other episodes measured is not in the observation.

    Attributes:
        problem: What is composed.
        measured: Every measurement so far.
        outlook: Measurements of this episode, and what profiles promise of the rest.
        pipeline: The present composition.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  # as gymnasium declares it

    def __init__(self, problem: Problem, evaluator: Evaluator, *, most_steps: int = 12, longest_chain: int = 4) -> None:
        """Create the environment; `reset` begins the first episode.

        Args:
            problem: What is composed.
            evaluator: Measures a composition: deploys it, or looks it up.
            most_steps: Steps after which an episode ends.
            longest_chain: Most components of a branch.

        Raises:
            InputError: No chain fits the task, or `most_steps` is below 1.
        """
        if not problem.chains:
            raise InputError("no chain of components fits the task", parameter="problem")
        if most_steps < 1:
            raise InputError("give at least 1", parameter="most_steps", value=most_steps)
        self.problem, self.most_steps = problem, most_steps
        self.measured: dict[Pipeline, Measured] = dict(problem.known)
        self.outlook = ProfileOutlook(problem)
        self.pipeline: Pipeline | None = None
        self._evaluator = evaluator
        self._rows = problem.most_stages * problem.most_branches * longest_chain
        self._edits: dict[int, Pipeline] = {}
        self._operations = [OPERATIONS.index(name) for name in problem.moves.operations]
        self._steps = 0
        self._worth = 0.0
        actions = problem.moves.size + 1
        shapes = {
            "candidates": (actions, len(CANDIDATE_FEATURES)),
            "composition": (self._rows, len(COMPONENT_FEATURES)),
            "context": (len(CONTEXT_FEATURES),),
        }
        boxes: dict[str, spaces.Space[Any]] = {
            name: spaces.Box(-BOUND, BOUND, shape, np.float32) for name, shape in shapes.items()
        }
        self.observation_space = spaces.Dict(boxes | {"mask": spaces.MultiBinary(actions)})
        self.action_space = spaces.Discrete(actions)

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which actions are allowed now, bool [K]; sb3-contrib's MaskablePPO calls it."""
        mask = np.zeros(self.problem.moves.size + 1, bool)
        mask[[KEEP, *(number + 1 for number in self._edits)]] = True
        return mask

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Random seed of the chains that episodes begin with.
            options: {"pipeline": the pipeline to begin with}; by default a random single chain.

        Raises:
            InputError: The evaluator can't measure the composition.
        """
        super().reset(seed=seed)
        singles = self.problem.singles
        begin: Pipeline | None = (options or {}).get("pipeline")
        self._steps, self._worth = 0, 0.0
        self.outlook = ProfileOutlook(self.problem)
        self._enter(singles[int(self.np_random.integers(len(singles)))] if begin is None else begin)
        return self._observe(), self._info()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Edit the composition, and measure it unless that has been done.

        Args:
            action: `KEEP`, or 1 + the number of an edit.

        Returns:
            Observation, reward, whether the episode ended by `KEEP`, whether it came to its last step, and the info:
            the pipeline, its measurement, the mask, and whether the edit was refused.

        Raises:
            InputError: The action is not in the action space, no episode is in progress, or the evaluator can't measure
                the composition.
        """
        if not self.action_space.contains(action):
            raise InputError(f"it is not in {self.action_space}", parameter="action", value=action)
        if self.pipeline is None:
            raise InputError("no episode is in progress; call reset first", parameter="action", value=action)
        self._steps += 1
        number = int(action) - 1
        refused = number >= 0 and number not in self._edits
        if number in self._edits:
            self._enter(self._edits[number])
        worth = self._present_worth()
        reward = worth - self._worth - PENALTY * refused
        self._worth = worth
        terminated = int(action) == KEEP
        result = self._observe(), reward, terminated, not terminated and self._steps >= self.most_steps
        info = {**self._info(), "refused": refused}
        if terminated:
            self.pipeline = None
        return *result, info

    def _enter(self, pipeline: Pipeline) -> None:
        if pipeline not in self.measured:
            self.measured[pipeline] = self._evaluator(pipeline)
        self.outlook.measured[pipeline] = self.measured[pipeline]
        self.pipeline = pipeline
        self._edits = dict(self.problem.moves.neighbours(pipeline))

    def _measured(self) -> Measured:
        assert self.pipeline is not None
        return self.measured[self.pipeline]

    def _present_worth(self) -> float:
        return max(self.problem.worth(self._measured()), WORST)

    def _info(self) -> dict[str, Any]:
        return {"pipeline": str(self.pipeline), "measured": self._measured()._asdict(), "mask": self.action_masks()}

    def _observe(self) -> dict[str, Any]:
        pipeline = self.pipeline
        assert pipeline is not None
        numbers = list(self._edits)
        expected = self.outlook([pipeline, *self._edits.values()])
        present = type(expected)(*(part[:1] for part in expected))
        best = max(WORST, *map(self.problem.worth, self.outlook.measured.values()))
        operations = np.array([KEEP, *(self._operations[number] for number in numbers)])
        candidates = np.zeros((self.problem.moves.size + 1, len(CANDIDATE_FEATURES)), np.float32)
        rows = [KEEP, *(number + 1 for number in numbers)]
        candidates[rows] = candidate_features(operations, expected, present, best, REWARD_SCALE)
        left = 1 - self._steps / self.most_steps
        return {
            "candidates": candidates,
            "composition": component_features(pipeline, self.outlook, self._rows),
            "context": context_features(self.problem, pipeline, left, present, best, REWARD_SCALE),
            "mask": self.action_masks().astype(np.int8),
        }
