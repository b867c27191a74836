"""Proximal policy optimisation in the cost model: `aurora.learning.rl.ppo` with the project's networks."""

from __future__ import annotations

import torch

from aurora.learning.composition.agents.model_env import ModelEnvironments
from aurora.learning.rl import ppo
from aurora.learning.rl.networks import ActorCritic, NetworkConfig
from aurora.learning.rl.ppo import PPOConfig

SETTINGS = PPOConfig(num_steps=6, n_epochs=2, num_minibatches=2, learning_rate=3e-3, gamma=0.95, ent_coef=0.02)
"""Hyperparameters of a round; the number of environments is that of the environments."""


class PPO:
    """A policy that learns in a cost model, round by round; it explores by sampling from its softmax.

    Args:
        env: Environments in the model.
        seed: Random seed.
        settings: Hyperparameters.

    Attributes:
        network: Policy and critic.
    """

    def __init__(self, env: ModelEnvironments, seed: int, settings: PPOConfig = SETTINGS) -> None:
        self.settings = settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = ActorCritic(NetworkConfig(env.candidate_features, env.context_features))
        self._optimizer = torch.optim.Adam(self.network.parameters(), settings.learning_rate, eps=1e-5)
        self._generator = torch.Generator().manual_seed(seed)

    def learn(self, env: ModelEnvironments) -> None:
        """Play and learn for one round."""
        state = ppo.RolloutState(env, env.reset(), self.network.initial_state(env.num_envs))
        rollout = ppo.collect_rollout(self.network, state, self.settings, self._generator)
        ppo.update(self.network, self._optimizer, rollout, self.settings, self.settings.ent_coef, self._generator)
