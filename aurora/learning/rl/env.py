"""The kernel as an environment: each action places the task that is due.

`Environments` steps many episodes in one call and is used for training here. `AllocationEnv` is the same as a
`gymnasium` environment, and `aurora.learning.rl.sb3.AllocationVecEnv` for stable-baselines3.
`docs/reference/environment.md` defines observation, action and reward, with examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from aurora.errors import InputError, ScenarioError
from aurora.learning.rl.scenarios import level_scenarios
from aurora.learning.rl.vector_env import Observation, StepResult
from aurora.sim.episodes import BASE, Episodes
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.features import BOUND
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario

PENALTY = 0.01
"""Reward subtracted for an action that the mask does not allow, where such actions are replaced."""


class Environments:
    """Vectorised environments that step together; where an episode terminates, the next scenario begins.

    The order of the scenarios is drawn anew for every pass over the list. `observation.candidates` has the features
    `CANDIDATE_INPUTS`, `observation.context` has `CONTEXT_INPUTS`, both within ±`BOUND`.

    Attributes:
        num_envs: Number of environments, n.
        num_candidates: Number of actions, K.
        candidate_features: Number of features of a candidate, F.
        context_features: Number of features that all candidates share, G.
        episodes: Episodes in the kernel; `episodes.playing` and `episodes.ended` are indices of scenarios, and
            `episodes.reward` is the last reward in float64.
    """

    def __init__(
        self,
        scenarios: Sequence[EncodedScenario],
        num_envs: int,
        *,
        base: Policy = BASE,
        candidates: int | None = None,
        seed: int,
        forced: bool = False,
    ) -> None:
        """Create the environments; `reset` begins the first episodes.

        Args:
            scenarios: Scenarios to play, none with an allocation plan; scenarios without a decision are skipped.
            num_envs: Number of environments, at least 1.
            base: Policy that says which task is next and which tasks may overtake; its scores are not used.
            candidates: Number of actions; by default the largest number of candidates of any task.
            seed: Random seed of the order of the scenarios.
            forced: Show decisions with a single candidate too, instead of taking them at once.

        Raises:
            ScenarioError: There are no scenarios, or one has a plan or more candidates than `candidates`.
            PolicyError: The base policy is not valid.
        """
        self.episodes = Episodes(scenarios, num_envs, base=base, most_candidates=candidates, forced=forced, seed=seed)
        self.num_envs, self.num_candidates, self.candidate_features = self.episodes.candidates.shape
        self.context_features = self.episodes.context.shape[1]

    def reset(self, seed: int | None = None) -> Observation:
        """Begin a new episode in every environment.

        Args:
            seed: Random seed that restarts the order of the scenarios; by default the order continues.

        Raises:
            ScenarioError: No scenario has a decision to make.
        """
        self.episodes.begin(seed)
        if (self.episodes.task < 0).any():
            raise ScenarioError("no scenario has a task that fits anywhere; there is nothing to decide")
        return self.observe()

    def observe(self) -> Observation:
        """Return a copy of the current observation."""
        episodes = self.episodes
        return Observation(episodes.candidates.copy(), episodes.mask.copy(), episodes.context.copy())

    def step(self, actions: NDArray[np.int64]) -> StepResult:
        """Place the task that is due in every environment.

        Args:
            actions: int64 [n], indices of candidates that the mask allows.

        Returns:
            The results; `episode_return` is the reward of the scenario.

        Raises:
            InputError: There are not n whole numbers, or the mask does not allow one.
        """
        chosen = np.asarray(actions)
        if chosen.shape != (self.num_envs,) or chosen.dtype.kind not in "iu":
            raise InputError(
                f"give {self.num_envs} whole numbers, not {chosen.dtype} of shape {chosen.shape}", parameter="actions"
            )
        allowed = (chosen >= 0) & (chosen < self.num_candidates)
        allowed &= self.episodes.mask[np.arange(self.num_envs), np.where(allowed, chosen, 0)]
        if not allowed.all():
            env = int(np.argmin(allowed))
            raise InputError(f"the mask of environment {env} does not allow {chosen[env]}", parameter="actions")
        self.episodes.step(chosen)
        return StepResult(
            self.observe(),
            self.episodes.reward.astype(np.float32),
            self.episodes.ended >= 0,
            self.episodes.value.copy(),
        )

    def preferred(self) -> NDArray[np.int64]:
        """Return the actions that the base policy's scores prefer, int64 [n], for comparison or imitation."""
        return self.episodes.preferred()


def feasible(actions: NDArray[np.int64], mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Replace actions that the mask does not allow by the first one that it allows.

    Args:
        actions: int64 [n], each at least 0 and below K.
        mask: bool [n, K].

    Returns:
        The actions, and bool [n], True where one was replaced.
    """
    allowed = mask[np.arange(len(actions)), actions]
    return np.where(allowed, actions, mask.argmax(1)), ~allowed


def observation_space(candidates: int, *, flat: bool) -> spaces.Space[Any]:
    """Return the observation space of `AllocationEnv`; `flat`: candidates, mask and context in one vector."""
    features, context = len(CANDIDATE_INPUTS), len(CONTEXT_INPUTS)
    if flat:
        size = candidates * features + candidates + context
        return spaces.Box(-BOUND, BOUND, (size,), np.float32)
    return spaces.Dict(
        {
            "candidates": spaces.Box(-BOUND, BOUND, (candidates, features), np.float32),
            "mask": spaces.MultiBinary(candidates),
            "context": spaces.Box(-BOUND, BOUND, (context,), np.float32),
        }
    )


def to_space(observation: Observation, *, flat: bool) -> Any:
    """Return observations of n episodes in the form of `observation_space`, n along the first axis."""
    candidates, mask, context = observation
    if flat:
        rows = len(mask)
        return np.concatenate([candidates.reshape(rows, -1), mask.astype(np.float32), context], axis=1)
    return {"candidates": candidates, "mask": mask.astype(np.int8), "context": context}


class AllocationEnv(gymnasium.Env[Any, Any]):
    """Allocation as a `gymnasium` environment: each action places the task that is due. One episode is one scenario.

        env = gymnasium.make("aurora/Allocation-v0", level=2, flat=True)

    An action that the mask does not allow is replaced by the first candidate that it allows, costs `penalty`, and sets
    `info["replaced"]`. Episodes are never truncated. After the last step the observation is 0 throughout and
    `info["value"]` is the reward of the scenario.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  # as gymnasium declares it

    def __init__(  # noqa: PLR0913  # what can be given to gymnasium.make
        self,
        scenarios: Sequence[Scenario | EncodedScenario] | None = None,
        *,
        level: int = 1,
        num_scenarios: int = 100,
        held_out: bool = False,
        seed: int = 0,
        base: Policy = BASE,
        candidates: int | None = None,
        flat: bool = False,
        penalty: float = PENALTY,
    ) -> None:
        """Create the environment; `reset` begins the first episode.

        Args:
            scenarios: Scenarios to play, none with an allocation plan; scenarios without a decision are skipped.
                None: scenarios are generated from the next four arguments.
            level: Level of the curriculum for generated scenarios, 1 to 5.
            num_scenarios: Number of generated scenarios.
            held_out: Generate the scenarios for evaluation, which no training meets, instead of those for training.
            seed: Random seed of generated scenarios and of the order in which scenarios are played.
            base: Policy that says which task is next and which tasks may overtake; its scores are not used.
            candidates: Number of actions; by default the largest number of candidates of any task.
            flat: Return each observation as one vector instead of a dictionary.
            penalty: Reward subtracted for an action that the mask does not allow.

        Raises:
            InputError: The level does not exist, or `num_scenarios` or `seed` is negative.
            ScenarioError: There are no scenarios, or one has a plan or more candidates than `candidates`.
            PolicyError: The base policy is not valid.
        """
        played = level_scenarios(level, num_scenarios, seed, held_out=held_out) if scenarios is None else scenarios
        encoded = [encode(s) if isinstance(s, Scenario) else s for s in played]
        self._episodes = Episodes(encoded, 1, base=base, most_candidates=candidates, restarts=False, seed=seed)
        self._flat, self._penalty = flat, penalty
        places = self._episodes.mask.shape[1]
        self.action_space = spaces.Discrete(places)
        self.observation_space = observation_space(places, flat=flat)

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which actions are allowed now, bool [K]; sb3-contrib's MaskablePPO calls it."""
        masks: NDArray[np.bool_] = self._episodes.mask[0].copy()
        return masks

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the next scenario.

        Args:
            seed: Random seed that restarts the order of the scenarios; by default the order continues.
            options: Not used.

        Returns:
            The observation, and {"scenario": index of the scenario}.

        Raises:
            ScenarioError: No scenario has a decision to make.
        """
        super().reset(seed=seed)
        self._episodes.begin(seed)
        return self._observe(), {"scenario": int(self._episodes.playing[0])}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Place the task that is due.

        Args:
            action: Index of a candidate.

        Returns:
            Observation, reward, whether the episode terminated, False (it is never truncated), and the info.

        Raises:
            InputError: The action is not in the action space, or no episode is in progress.
        """
        if not self.action_space.contains(action):
            raise InputError(f"it is not in {self.action_space}", parameter="action", value=action)
        if self._episodes.task[0] < 0:
            raise InputError("no episode is in progress; call reset first")
        actions, replaced = feasible(np.array([int(action)]), self._episodes.mask)
        self._episodes.step(actions)
        reward = float(self._episodes.reward[0]) - self._penalty * bool(replaced[0])
        terminated = bool(self._episodes.ended[0] >= 0)
        info: dict[str, Any] = {"replaced": bool(replaced[0])}
        if terminated:
            info["value"] = float(self._episodes.value[0])
        return self._observe(), reward, terminated, False, info

    def _observe(self) -> Any:
        episodes = self._episodes
        observation = Observation(episodes.candidates.copy(), episodes.mask.copy(), episodes.context.copy())
        batch = to_space(observation, flat=self._flat)
        return batch[0] if self._flat else {name: rows[0] for name, rows in batch.items()}
