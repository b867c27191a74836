"""Deep Q-learning (Mnih et al. 2015) by stable-baselines3, with masked actions and the scorer that PPO has.

Stable-baselines3's DQN knows no masks: here what is infeasible is neither explored nor bootstrapped from. The Q value
is a duel (Wang et al. 2016): the value of where things stand, plus a candidate's score less the mean of the feasible
ones. So the best candidate is the one with the highest score, and the scorer alone is the policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from stable_baselines3 import DQN
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import Tensor

from aurora.learning.rl.networks import INFEASIBLE, ActorCritic, Shape


@dataclass(frozen=True, slots=True)
class Settings:
    """How DQN learns; the defaults were chosen on levels 1 to 3 with seeds that no figure uses.

    Attributes:
        environments: Episodes in progress at a time; all take a step between two improvements.
        replay: Decisions that are remembered.
        warm_up: Decisions at random before the first improvement.
        batch: Decisions that an improvement looks at.
        gradient_steps: Improvements for every step of all environments.
        learning_rate: Of Adam.
        discount: Of rewards a decision later.
        target_every: Decisions after which the target network is renewed.
        exploration: Share of the training over which the chance of a random decision falls from 1.
        least_exploration: To which it falls.
    """

    environments: int = 32
    replay: int = 50_000
    warm_up: int = 2_000
    batch: int = 256
    gradient_steps: int = 1
    learning_rate: float = 1e-3
    discount: float = 0.999
    target_every: int = 2_000
    exploration: float = 0.3
    least_exploration: float = 0.05


class Duel(BasePolicy):
    """Q values from scores and values; `network` is what remains of it when it is trained."""

    def __init__(self, observation_space: Any, action_space: Any, shape: Shape) -> None:
        super().__init__(observation_space, action_space)
        self.network = ActorCritic(shape)

    def forward(self, observation: dict[str, Tensor]) -> Tensor:
        """Q value of every candidate, float32 [n, K]; `INFEASIBLE` where it may not be chosen."""
        candidates, context, mask = observation["candidates"], observation["context"], observation["mask"].bool()
        scores = self.network.scores(candidates, mask, context)
        value = self.network.value(self.network.summary(candidates, mask, context), context[:, :0])
        mean = (scores * mask).sum(1) / mask.sum(1).clamp(min=1)
        return torch.where(mask, scores - mean.unsqueeze(1) + value.unsqueeze(1), INFEASIBLE)

    def _predict(self, observation: Any, deterministic: bool = True) -> Tensor:  # the base's signature
        found: Tensor = self(observation)
        return found.argmax(1)


class DuelPolicy(DQNPolicy):
    """Stable-baselines3's pair of network and target network, both a `Duel`."""

    def __init__(self, *args: Any, shape: Shape, **named: Any) -> None:
        self._shape = shape  # before the parent's constructor, which builds the networks
        super().__init__(*args, **named)

    def make_q_net(self) -> QNetwork:
        """A fresh network."""
        return Duel(self.observation_space, self.action_space, self._shape).to(self.device)  # type: ignore[return-value]


class MaskedDQN(DQN):
    """DQN that explores among feasible candidates only, in each environment by its own chance.

    Attributes:
        planned: Decisions of the whole training, over which exploration falls, though it comes in blocks.
    """

    planned = 1

    def _update_current_progress_remaining(self, num_timesteps: int, total_timesteps: int) -> None:
        super()._update_current_progress_remaining(num_timesteps, max(num_timesteps, self.planned))

    def predict(
        self,
        observation: Any,
        state: tuple[np.ndarray[Any, Any], ...] | None = None,
        episode_start: np.ndarray[Any, Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray[Any, Any], tuple[np.ndarray[Any, Any], ...] | None]:
        """The best candidates, or with the chance of exploration any feasible ones."""
        actions, state = self.policy.predict(observation, state, episode_start, deterministic=True)
        if deterministic:
            return actions, state
        warming_up = self.num_timesteps < self.learning_starts
        chance = 1.0 if warming_up else self.exploration_rate
        mask = np.asarray(observation["mask"]).astype(bool)
        anyone = np.where(mask, np.random.random(mask.shape), -1.0).argmax(-1)  # seeded by stable-baselines3
        return np.where(np.random.random(anyone.shape) < chance, anyone, actions), state  # likewise

    def _sample_action(
        self,
        learning_starts: int,  # the base's signature
        action_noise: Any = None,  # likewise
        n_envs: int = 1,  # likewise
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        actions, _ = self.predict(self._last_obs)
        return actions, actions


def build(environments: VecEnv, shape: Shape, settings: Settings, seed: int) -> MaskedDQN:
    """An untrained DQN.

    Args:
        environments: That it trains on; as many as the settings say.
        shape: Of its network, without memory.
        settings: How it learns.
        seed: Of everything random.
    """
    return MaskedDQN(
        DuelPolicy,
        environments,
        learning_rate=settings.learning_rate,
        buffer_size=settings.replay,
        learning_starts=settings.warm_up,
        batch_size=settings.batch,
        gamma=settings.discount,
        train_freq=1,
        gradient_steps=settings.gradient_steps,
        target_update_interval=settings.target_every,
        exploration_fraction=settings.exploration,
        exploration_final_eps=settings.least_exploration,
        policy_kwargs={"shape": shape},
        seed=seed,
        device="cpu",
    )


def network_of(model: MaskedDQN) -> ActorCritic:
    """The network whose scores decide."""
    found = model.q_net.network
    assert isinstance(found, ActorCritic)
    return found
