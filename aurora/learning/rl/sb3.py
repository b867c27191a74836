"""`Environments` as stable-baselines3 wants them, so that its algorithms step all episodes in one call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from aurora.learning.rl.env import PENALTY, Environments, as_sampled, feasible, observation_space


class AllocationVecEnv(VecEnv):
    """Vectorised environments for stable-baselines3 and sb3-contrib.

    As `aurora.learning.rl.env.AllocationEnv`: an action that is not allowed is answered by the first that is, and costs
    `penalty`. `infos` has `value` and, as its monitors write it, `episode` where an episode ended. Nothing is due at
    the end of an episode, so `terminal_observation` is 0 throughout.
    """

    def __init__(self, environments: Environments, *, flat: bool = False, penalty: float = PENALTY) -> None:
        """Take over the environments.

        Args:
            environments: Stepped by nobody else from now on.
            flat: Whether an observation is one vector rather than a dictionary.
            penalty: What an action that is not allowed costs.
        """
        places = environments.candidates
        super().__init__(environments.count, observation_space(places, flat=flat), spaces.Discrete(places))
        self.environments = environments
        self._flat, self._penalty = flat, penalty
        self._actions: NDArray[np.int64] = np.zeros(environments.count, np.int64)
        self._returns, self._lengths = np.zeros(environments.count), np.zeros(environments.count, np.int64)
        self._started = time.monotonic()

    def reset(self) -> Any:
        """Begin anew everywhere."""
        seed = self._seeds[0]
        self._reset_seeds()
        self._reset_options()
        self._returns[:], self._lengths[:] = 0, 0
        return as_sampled(self.environments.reset(seed), flat=self._flat)

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = np.asarray(actions)

    def step_wait(self) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Take the actions."""
        actions, replaced = feasible(self._actions, self.environments.episodes.mask)
        observation, paid, ended, value = self.environments.step(actions)
        reward: NDArray[np.float32] = (paid - self._penalty * replaced).astype(np.float32)
        self._returns += reward
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for k in np.flatnonzero(ended):
            seconds = round(time.monotonic() - self._started, 6)
            infos[k] = {
                "value": float(value[k]),
                "episode": {"r": float(self._returns[k]), "l": int(self._lengths[k]), "t": seconds},
                "terminal_observation": self._nothing(),
                "TimeLimit.truncated": False,
            }
        self._returns[ended], self._lengths[ended] = 0, 0
        return as_sampled(observation, flat=self._flat), reward, ended, infos

    def _nothing(self) -> Any:
        space = self.observation_space
        if isinstance(space, spaces.Dict):
            return {name: np.zeros(part.shape or (), part.dtype) for name, part in space.items()}
        return np.zeros(space.shape or (), space.dtype)

    def close(self) -> None:
        """Nothing is open."""

    def action_masks(self) -> NDArray[np.bool_]:
        """Which actions are allowed, bool [n, K]."""
        return self.environments.episodes.mask.copy()

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """`action_masks` of single environments; there is no other method.

        Raises:
            AttributeError: Another was asked for.
        """
        return self._one_each(method_name, indices)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """`action_masks` or `render_mode` of single environments.

        Raises:
            AttributeError: Another was asked for.
        """
        return (
            [None for _ in self._get_indices(indices)]
            if attr_name == "render_mode"
            else self._one_each(attr_name, indices)
        )

    def _one_each(self, name: str, indices: Any) -> list[Any]:
        if name != "action_masks":
            raise AttributeError(f"the environments are stepped together; a single one has no {name!r}")
        masks = self.action_masks()
        return [masks[k] for k in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """There is nothing to set.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"the environments are stepped together; {attr_name!r} of one can't be set")

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> list[bool]:
        """No environment is wrapped; `infos` has what `Monitor` would add."""
        return [False for _ in self._get_indices(indices)]

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """The order of scenarios starts anew with this seed at the next `reset`."""
        self._seeds = [seed] * self.num_envs
        return self._seeds
