"""How stable-baselines3 sees our environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from aurora.learning.networks import Observed
from aurora.learning.ppo import Batch


class View(NamedTuple):
    """An observation that went through stable-baselines3 as a dictionary."""

    candidates: NDArray[np.float32]
    mask: NDArray[np.bool_]
    context: NDArray[np.float32]

    @classmethod
    def of(cls, shown: Mapping[str, NDArray[Any]]) -> View:
        """Back from the dictionary."""
        return cls(shown["candidates"], shown["mask"].astype(bool), shown["context"])


def shown(observation: Observed) -> dict[str, NDArray[Any]]:
    """An observation as a dictionary."""
    return {"candidates": observation.candidates, "mask": observation.mask, "context": observation.context}


class Stepping(VecEnv):
    """Environments that step together, as stable-baselines3 knows them.

    The last entry of `infos` of an environment whose episode ended is its `value`, what the episode was worth.
    """

    def __init__(self, batch: Batch) -> None:
        first = batch.reset()
        _, most, features = first.candidates.shape
        space = spaces.Dict(
            {
                "candidates": spaces.Box(-np.inf, np.inf, (most, features), np.float32),
                "mask": spaces.MultiBinary(most),
                "context": spaces.Box(-np.inf, np.inf, first.context.shape[1:], np.float32),
            }
        )
        self._batch = batch  # before the parent's constructor, which asks for attributes
        super().__init__(batch.count, space, spaces.Discrete(most))
        self._last = first
        self._actions: NDArray[np.int64] = np.zeros(batch.count, np.int64)

    def reset(self) -> Any:
        """Begin new episodes."""
        self._last = self._batch.reset()
        return shown(self._last)

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Remember what to do."""
        self._actions = np.asarray(actions, np.int64)

    def step_wait(self) -> Any:
        """Do it; an episode that ends has as its last observation the one before, since nothing follows it."""
        before = {name: part.copy() for name, part in shown(self._last).items()}
        step = self._batch.step(self._actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(step.ended):
            infos[i] = {"terminal_observation": {k: v[i] for k, v in before.items()}, "value": float(step.value[i])}
        self._last = step.observation
        return shown(step.observation), step.reward, step.ended, infos

    def action_masks(self) -> NDArray[np.bool_]:
        """Which candidates are feasible now, bool [n, K]: what sb3-contrib's MaskablePPO asks for."""
        return np.asarray(self._last.mask)

    def close(self) -> None:
        """Nothing is held."""

    def has_attr(self, attr_name: str) -> bool:
        """Whether the environments have an attribute."""
        return hasattr(self._batch, attr_name) or attr_name == "action_masks"

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute, the same for all."""
        return [getattr(self._batch, attr_name, None)] * len(self._chosen(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Not possible: the environments are one.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(f"{attr_name} can't be set for one of {self.num_envs} environments")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **named: Any) -> list[Any]:
        """`action_masks`, for each environment.

        Raises:
            NotImplementedError: It is another method.
        """
        if method_name != "action_masks":
            raise NotImplementedError(f"no method {method_name} of one environment")
        masks = self.action_masks()
        return [masks[i] for i in self._chosen(indices)]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Never."""
        return [False] * len(self._chosen(indices))

    def _chosen(self, indices: Any) -> Sequence[int]:
        return range(self.num_envs) if indices is None else [indices] if isinstance(indices, int) else list(indices)
