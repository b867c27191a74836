"""Soft actor-critic (Haarnoja et al. 2018) by stable-baselines3, with weights of features as its action.

SAC needs a continuous action. Here it is one weight, from -1 to 1, for each of a few features. The feasible candidate
with the highest weighted sum is chosen. Each feature is standardised over the feasible candidates of the decision, so
that a weight means the same everywhere. No other mask is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper

from aurora.learning.rl.networks import pooled, to_tensors
from aurora.learning.rl.vector_env import Observation

EPSILON = 1e-6
"""Added to a standard deviation, so that a feature in which all candidates are equal weighs nothing."""


@dataclass(frozen=True, slots=True)
class SACConfig:
    """Hyperparameters of SAC, named as in stable-baselines3.

    The defaults were chosen on levels 1 to 3 with seeds that no published figure uses.

    Attributes:
        num_envs: Number of environments that step together; gradient steps follow each step of all of them.
        buffer_size: Transitions in the replay buffer.
        learning_starts: Random decisions before the first gradient step.
        batch_size: Transitions of a gradient step.
        gradient_steps: Gradient steps after each step of all environments.
        learning_rate: Learning rate of Adam, for actor, critics and entropy coefficient.
        gamma: Discount factor.
        initial_ent_coef: Initial entropy coefficient, which is then learned. It is small because the reward of one
            decision is small compared with 1.
    """

    num_envs: int = 32
    buffer_size: int = 100_000
    learning_starts: int = 2_000
    batch_size: int = 256
    gradient_steps: int = 1
    learning_rate: float = 1e-3
    gamma: float = 0.999
    initial_ent_coef: float = 0.02


def from_dict(observation: Mapping[str, NDArray[Any]]) -> Observation:
    """Return an observation that went through stable-baselines3 as a dictionary."""
    return Observation(observation["candidates"], observation["mask"].astype(bool), observation["context"])


def best_weighted(weights: NDArray[np.float32], observation: Observation, columns: Sequence[int]) -> NDArray[np.int64]:
    """Return the feasible candidate with the highest weighted sum of standardised features, int64 [n].

    Args:
        weights: float32 [n, columns].
        observation: Observations of n environments.
        columns: Indices of the weighted features.
    """
    feasible = observation.mask[..., None]
    features = observation.candidates[..., list(columns)]
    count = np.maximum(feasible.sum(1, keepdims=True), 1)
    mean = (features * feasible).sum(1, keepdims=True) / count
    deviation = np.sqrt((np.square(features - mean) * feasible).sum(1, keepdims=True) / count) + EPSILON
    scores = ((features - mean) / deviation * weights[:, None, :]).sum(-1)
    best: NDArray[np.int64] = np.where(observation.mask, scores, -np.inf).argmax(1)
    return best


def global_features(observation: Observation) -> NDArray[np.float32]:
    """Return SAC's observation, float32 [n, 2 F + G]: pooled candidates, then the context."""
    candidates, mask, context = to_tensors(observation)
    features: NDArray[np.float32] = torch.cat((pooled(candidates, mask), context), 1).numpy()
    return features


class FeatureWeightsWrapper(VecEnvWrapper):
    """Environments whose action is a weight for each of some features."""

    def __init__(self, inner: VecEnv, columns: Sequence[int]) -> None:
        space = inner.observation_space
        assert isinstance(space, spaces.Dict)
        candidates, context = space["candidates"].shape, space["context"].shape
        assert candidates is not None
        assert context is not None
        size = 2 * candidates[1] + context[0]
        super().__init__(
            inner,
            observation_space=spaces.Box(-np.inf, np.inf, (size,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (len(columns),), np.float32),
        )
        self._columns = tuple(columns)
        self._observation: Observation | None = None

    def reset(self) -> NDArray[np.float32]:
        """Begin new episodes."""
        return self._observe(self.venv.reset())

    def step_async(self, actions: NDArray[np.float32]) -> None:
        """Choose the candidates with the highest weighted sums."""
        assert self._observation is not None
        self.venv.step_async(best_weighted(actions, self._observation, self._columns))

    def step_wait(self) -> Any:
        """See `VecEnv`."""
        observation, rewards, dones, infos = self.venv.step_wait()
        features = self._observe(observation)
        for i in np.flatnonzero(dones):
            last = infos[i]["terminal_observation"]
            infos[i]["terminal_observation"] = global_features(from_dict({k: v[None] for k, v in last.items()}))[0]
        return features, rewards, dones, infos

    def _observe(self, observation: Any) -> NDArray[np.float32]:
        self._observation = from_dict(observation)
        return global_features(self._observation)


class SACAgent:
    """A trained SAC as an agent; it uses the mean of its weights."""

    def __init__(self, model: SAC, columns: Sequence[int]) -> None:
        self._model = model
        self._columns = tuple(columns)

    def reset(self, num_envs: int) -> None:
        """See `Agent`; there is no memory."""

    def act(self, observation: Observation) -> NDArray[np.int64]:
        """See `Agent`."""
        weights, _ = self._model.predict(global_features(observation), deterministic=True)
        return best_weighted(weights, observation, self._columns)

    def reset_episodes(self, terminated: NDArray[np.bool_]) -> None:
        """See `Agent`; there is no memory."""


def build_sac(env: VecEnv, columns: Sequence[int], config: SACConfig, seed: int) -> SAC:
    """Return an untrained SAC.

    Args:
        env: Environments to train on, not yet wrapped; as many as the hyperparameters say.
        columns: Indices of the weighted features of a candidate.
        config: Hyperparameters.
        seed: Random seed.
    """
    return SAC(
        "MlpPolicy",
        FeatureWeightsWrapper(env, columns),
        learning_rate=config.learning_rate,
        buffer_size=config.buffer_size,
        learning_starts=config.learning_starts,
        batch_size=config.batch_size,
        gamma=config.gamma,
        ent_coef=f"auto_{config.initial_ent_coef}",
        train_freq=1,
        gradient_steps=config.gradient_steps,
        policy_kwargs={"net_arch": [64, 64]},
        seed=seed,
        device="cpu",
    )
