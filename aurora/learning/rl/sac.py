"""Soft actor-critic (Haarnoja et al. 2018) by stable-baselines3, over weights instead of candidates.

SAC needs a continuous action. Here it is one weight, from -1 to 1, for each of a few features: the feasible candidate
with the highest weighted sum of its features is taken, each feature standardised over the feasible candidates of that
decision, so that a weight means the same everywhere. What is infeasible has no score, so it needs no other mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper

from aurora.learning.rl.networks import Observed, pooled, tensors

SPREAD = 1e-6
"""Added to a standard deviation: a feature in which all candidates are alike says nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How SAC learns; the defaults were chosen on levels 1 to 3 with seeds that no figure uses.

    Attributes:
        environments: Episodes in progress at a time; all take a step between two improvements.
        replay: Decisions that are remembered.
        warm_up: Decisions at random before the first improvement.
        batch: Decisions that an improvement looks at.
        gradient_steps: Improvements for every step of all environments.
        learning_rate: Of Adam, for actor, critics and temperature.
        discount: Of rewards a decision later.
        temperature: Weight of entropy at the start; it is learned. Rewards of a decision are small beside 1, and so is
            what exploring may cost.
    """

    environments: int = 32
    replay: int = 100_000
    warm_up: int = 2_000
    batch: int = 256
    gradient_steps: int = 1
    learning_rate: float = 1e-3
    discount: float = 0.999
    temperature: float = 0.02


class View(NamedTuple):
    """An observation that went through stable-baselines3 as a dictionary."""

    candidates: NDArray[np.float32]
    mask: NDArray[np.bool_]
    context: NDArray[np.float32]

    @classmethod
    def of(cls, shown: Mapping[str, NDArray[Any]]) -> View:
        """Back from the dictionary."""
        return cls(shown["candidates"], shown["mask"].astype(bool), shown["context"])


def heaviest(weights: NDArray[np.float32], observation: Observed, columns: Sequence[int]) -> NDArray[np.int64]:
    """The feasible candidate with the highest weighted sum of standardised features, int64 [n].

    Args:
        weights: float32 [n, columns].
        observation: Of n environments.
        columns: Which features are weighted.
    """
    kept = observation.mask[..., None]
    chosen = observation.candidates[..., list(columns)]
    count = np.maximum(kept.sum(1, keepdims=True), 1)
    mean = (chosen * kept).sum(1, keepdims=True) / count
    spread = np.sqrt((np.square(chosen - mean) * kept).sum(1, keepdims=True) / count) + SPREAD
    scores = ((chosen - mean) / spread * weights[:, None, :]).sum(-1)
    best: NDArray[np.int64] = np.where(observation.mask, scores, -np.inf).argmax(1)
    return best


def summary(observation: Observed) -> NDArray[np.float32]:
    """What SAC sees, float32 [n, 2 F + G]: context, and the candidates summed up."""
    candidates, mask, context = tensors(observation)
    found: NDArray[np.float32] = torch.cat((pooled(candidates, mask), context), 1).numpy()
    return found


class Weighting(VecEnvWrapper):
    """Environments whose action is a weight for each of some features."""

    def __init__(self, inner: VecEnv, columns: Sequence[int]) -> None:
        shown = inner.observation_space
        assert isinstance(shown, spaces.Dict)
        features, context = shown["candidates"].shape, shown["context"].shape
        assert features is not None
        assert context is not None
        width = 2 * features[1] + context[0]
        super().__init__(
            inner,
            observation_space=spaces.Box(-np.inf, np.inf, (width,), np.float32),
            action_space=spaces.Box(-1.0, 1.0, (len(columns),), np.float32),
        )
        self._columns = tuple(columns)
        self._shown: View | None = None

    def reset(self) -> NDArray[np.float32]:
        """Begin new episodes."""
        return self._see(self.venv.reset())

    def step_async(self, actions: NDArray[np.float32]) -> None:
        """Take the candidates that the weights choose."""
        assert self._shown is not None
        self.venv.step_async(heaviest(actions, self._shown, self._columns))

    def step_wait(self) -> Any:
        """See `VecEnv`."""
        observation, rewards, ended, infos = self.venv.step_wait()
        shown = self._see(observation)
        for i in np.flatnonzero(ended):
            last = infos[i]["terminal_observation"]
            infos[i]["terminal_observation"] = summary(View.of({k: v[None] for k, v in last.items()}))[0]
        return shown, rewards, ended, infos

    def _see(self, observation: Any) -> NDArray[np.float32]:
        self._shown = View.of(observation)
        return summary(self._shown)


class Weigher:
    """A trained SAC as an agent: the mean of its weights, no chance."""

    def __init__(self, model: SAC, columns: Sequence[int]) -> None:
        self._model = model
        self._columns = tuple(columns)

    def begin(self, count: int) -> None:
        """See `Agent`; it has no memory."""

    def decide(self, observation: Observed) -> NDArray[np.int64]:
        """See `Agent`."""
        weights, _ = self._model.predict(summary(observation), deterministic=True)
        return heaviest(weights, observation, self._columns)

    def forget(self, ended: NDArray[np.bool_]) -> None:
        """See `Agent`; it has no memory."""


def build(environments: VecEnv, columns: Sequence[int], settings: Settings, seed: int) -> SAC:
    """An untrained SAC.

    Args:
        environments: That it trains on, not yet wrapped; as many as the settings say.
        columns: Which features of a candidate it weights.
        settings: How it learns.
        seed: Of everything random.
    """
    return SAC(
        "MlpPolicy",
        Weighting(environments, columns),
        learning_rate=settings.learning_rate,
        buffer_size=settings.replay,
        learning_starts=settings.warm_up,
        batch_size=settings.batch,
        gamma=settings.discount,
        ent_coef=f"auto_{settings.temperature}",
        train_freq=1,
        gradient_steps=settings.gradient_steps,
        policy_kwargs={"net_arch": [64, 64]},
        seed=seed,
        device="cpu",
    )
