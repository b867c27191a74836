"""Deep Q-learning (Mnih et al. 2015) by stable-baselines3, with action masks and the scorer that PPO has.

Stable-baselines3's DQN knows no masks: here infeasible candidates are neither explored nor bootstrapped from. The Q
network is a dueling one (Wang et al. 2016): the value of the state, plus a candidate's score minus the mean score of
feasible candidates. So the best candidate is the one with the highest score, and the scorer alone is the policy.
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

from aurora.learning.rl.networks import INFEASIBLE_SCORE, ActorCritic, NetworkConfig


@dataclass(frozen=True, slots=True)
class DQNConfig:
    """Hyperparameters of DQN, named as in stable-baselines3.

    The defaults were chosen on levels 1 to 3 with seeds that no published figure uses.

    Attributes:
        num_envs: Number of environments that step together; gradient steps follow each step of all of them.
        buffer_size: Transitions in the replay buffer.
        learning_starts: Random decisions before the first gradient step.
        batch_size: Transitions of a gradient step.
        gradient_steps: Gradient steps after each step of all environments.
        learning_rate: Learning rate of Adam.
        gamma: Discount factor.
        target_update_interval: Decisions between two updates of the target network.
        exploration_fraction: Share of the training in which the probability of a random decision falls from 1.
        exploration_final_eps: Probability of a random decision after that.
    """

    num_envs: int = 32
    buffer_size: int = 50_000
    learning_starts: int = 2_000
    batch_size: int = 256
    gradient_steps: int = 1
    learning_rate: float = 1e-3
    gamma: float = 0.999
    target_update_interval: int = 2_000
    exploration_fraction: float = 0.3
    exploration_final_eps: float = 0.05


class DuelingQNetwork(BasePolicy):
    """Q values from the scores and the value of an `ActorCritic`, which is `network`."""

    def __init__(self, observation_space: Any, action_space: Any, config: NetworkConfig) -> None:
        super().__init__(observation_space, action_space)
        self.network = ActorCritic(config)

    def forward(self, observation: dict[str, Tensor]) -> Tensor:
        """Return the Q value of every candidate, float32 [n, K]; `INFEASIBLE_SCORE` where the mask is False."""
        candidates, context, mask = observation["candidates"], observation["context"], observation["mask"].bool()
        scores = self.network.scores(candidates, mask, context)
        value = self.network.value(self.network.global_features(candidates, mask, context), context[:, :0])
        mean = (scores * mask).sum(1) / mask.sum(1).clamp(min=1)
        return torch.where(mask, scores - mean.unsqueeze(1) + value.unsqueeze(1), INFEASIBLE_SCORE)

    def _predict(self, observation: Any, deterministic: bool = True) -> Tensor:  # the base's signature
        q_values: Tensor = self(observation)
        return q_values.argmax(1)


class DuelingPolicy(DQNPolicy):
    """Stable-baselines3's pair of Q network and target network, both dueling."""

    def __init__(self, *args: Any, network: NetworkConfig, **named: Any) -> None:
        self._network = network  # before the parent's constructor, which builds the networks
        super().__init__(*args, **named)

    def make_q_net(self) -> QNetwork:
        """Return an untrained Q network."""
        q_net = DuelingQNetwork(self.observation_space, self.action_space, self._network)
        return q_net.to(self.device)  # type: ignore[return-value]


class MaskedDQN(DQN):
    """DQN that explores among feasible candidates only, independently in each environment.

    Attributes:
        total_steps: Decisions of the whole training, over which exploration falls although training comes in blocks.
    """

    total_steps = 1

    def _update_current_progress_remaining(self, num_timesteps: int, total_timesteps: int) -> None:
        super()._update_current_progress_remaining(num_timesteps, max(num_timesteps, self.total_steps))

    def predict(
        self,
        observation: Any,
        state: tuple[np.ndarray[Any, Any], ...] | None = None,
        episode_start: np.ndarray[Any, Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray[Any, Any], tuple[np.ndarray[Any, Any], ...] | None]:
        """Return the best candidates; unless `deterministic`, random feasible ones with the exploration probability."""
        actions, state = self.policy.predict(observation, state, episode_start, deterministic=True)
        if deterministic:
            return actions, state
        epsilon = 1.0 if self.num_timesteps < self.learning_starts else self.exploration_rate
        mask = np.asarray(observation["mask"]).astype(bool)
        random_actions = np.where(mask, np.random.random(mask.shape), -1.0).argmax(-1)  # seeded by stable-baselines3
        explores = np.random.random(random_actions.shape) < epsilon  # likewise
        return np.where(explores, random_actions, actions), state

    def _sample_action(
        self,
        learning_starts: int,  # the base's signature
        action_noise: Any = None,  # likewise
        n_envs: int = 1,  # likewise
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        actions, _ = self.predict(self._last_obs)
        return actions, actions


def build_dqn(env: VecEnv, network: NetworkConfig, config: DQNConfig, seed: int) -> MaskedDQN:
    """Return an untrained DQN.

    Args:
        env: Environments to train on, as many as the hyperparameters say.
        network: Sizes of its network, without LSTM.
        config: Hyperparameters.
        seed: Random seed.
    """
    return MaskedDQN(
        DuelingPolicy,
        env,
        learning_rate=config.learning_rate,
        buffer_size=config.buffer_size,
        learning_starts=config.learning_starts,
        batch_size=config.batch_size,
        gamma=config.gamma,
        train_freq=1,
        gradient_steps=config.gradient_steps,
        target_update_interval=config.target_update_interval,
        exploration_fraction=config.exploration_fraction,
        exploration_final_eps=config.exploration_final_eps,
        policy_kwargs={"network": network},
        seed=seed,
        device="cpu",
    )


def network_of(model: MaskedDQN) -> ActorCritic:
    """Return the network whose scores decide."""
    network = model.q_net.network
    assert isinstance(network, ActorCritic)
    return network
