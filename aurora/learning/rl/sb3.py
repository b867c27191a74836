"""`Environments` as a vectorised environment of stable-baselines3, which then steps all episodes in one call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from aurora.learning.rl.env import PENALTY, Environments, feasible, observation_space, to_space


class AllocationVecEnv(VecEnv):
    """Vectorised environment for stable-baselines3 and sb3-contrib.

    As in `aurora.learning.rl.env.AllocationEnv`, an action that the mask does not allow is replaced by the first one
    that it allows, and costs `penalty`. Where an episode terminated, `infos` has `value` and, as `Monitor` writes it,
    `episode`. No decision follows the last one, so `terminal_observation` is 0 throughout.
    """

    def __init__(self, environments: Environments, *, flat: bool = False, penalty: float = PENALTY) -> None:
        """Wrap environments.

        Args:
            environments: Environments; nothing else may step them from now on.
            flat: Return each observation as one vector instead of a dictionary.
            penalty: Reward subtracted for an action that the mask does not allow.
        """
        candidates = environments.num_candidates
        super().__init__(environments.num_envs, observation_space(candidates, flat=flat), spaces.Discrete(candidates))
        self.environments = environments
        self._flat, self._penalty = flat, penalty
        self._actions: NDArray[np.int64] = np.zeros(environments.num_envs, np.int64)
        self._returns, self._lengths = np.zeros(self.num_envs), np.zeros(self.num_envs, np.int64)
        self._started = time.monotonic()

    def reset(self) -> Any:
        """Begin a new episode in every environment."""
        seed = self._seeds[0]
        self._reset_seeds()
        self._reset_options()
        self._returns[:], self._lengths[:] = 0, 0
        return to_space(self.environments.reset(seed), flat=self._flat)

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = np.asarray(actions)

    def step_wait(self) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Take the actions of `step_async`."""
        actions, replaced = feasible(self._actions, self.environments.episodes.mask)
        result = self.environments.step(actions)
        rewards: NDArray[np.float32] = (result.reward - self._penalty * replaced).astype(np.float32)
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for k in np.flatnonzero(result.terminated):
            seconds = round(time.monotonic() - self._started, 6)
            infos[k] = {
                "value": float(result.episode_return[k]),
                "episode": {"r": float(self._returns[k]), "l": int(self._lengths[k]), "t": seconds},
                "terminal_observation": self._zeros(),
                "TimeLimit.truncated": False,
            }
        self._returns[result.terminated], self._lengths[result.terminated] = 0, 0
        return to_space(result.observation, flat=self._flat), rewards, result.terminated, infos

    def _zeros(self) -> Any:
        space = self.observation_space
        if isinstance(space, spaces.Dict):
            return {name: np.zeros(part.shape or (), part.dtype) for name, part in space.items()}
        return np.zeros(space.shape or (), space.dtype)

    def close(self) -> None:
        """Do nothing: no resource is open."""

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which actions are allowed, bool [n, K]."""
        return self.environments.episodes.mask.copy()

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Call `action_masks` of single environments; there is no other method.

        Raises:
            AttributeError: Another method is asked for.
        """
        return self._masks_of(method_name, indices)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return `action_masks` or `render_mode` of single environments.

        Raises:
            AttributeError: Another attribute is asked for.
        """
        return (
            [None for _ in self._get_indices(indices)]
            if attr_name == "render_mode"
            else self._masks_of(attr_name, indices)
        )

    def _masks_of(self, name: str, indices: Any) -> list[Any]:
        if name != "action_masks":
            raise AttributeError(f"the environments are stepped together; a single one has no {name!r}")
        masks = self.action_masks()
        return [masks[k] for k in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refuse: single environments have no attributes to set.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"the environments are stepped together; {attr_name!r} of one can't be set")

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        """Return False for each environment; `infos` has what `Monitor` would add."""
        return [False for _ in self._get_indices(indices)]

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Set the random seed with which the next `reset` restarts the order of the scenarios."""
        self._seeds = [seed] * self.num_envs
        return self._seeds
