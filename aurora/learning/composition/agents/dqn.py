"""Deep Q-learning in the cost model, with the project's scorer of candidates.

Double Q-learning (van Hasselt et al. 2016) with the dueling head of `aurora.learning.rl.dqn`: the value of the state,
plus a candidate's score less the mean score of feasible ones. Experience is kept over rounds: a composition that was
found good stays known although the model changes, and what the model has corrected is overwritten as the buffer turns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from aurora.learning.composition.agents.exploration import epsilon_greedy, softmax
from aurora.learning.composition.agents.model_env import ModelEnvironments
from aurora.learning.rl.networks import INFEASIBLE_SCORE, ActorCritic, NetworkConfig, to_tensors
from aurora.learning.rl.vector_env import Observation


class DQNSettings(NamedTuple):
    """Hyperparameters.

    Attributes:
        steps: Steps of all episodes in a round, after each of which one gradient step follows.
        batch: Transitions of a gradient step.
        memory: Steps of all episodes that are kept.
        learning_rate: Learning rate of Adam.
        gamma: Discount factor.
        target_rate: Share by which the target network follows in each gradient step.
        first_epsilon: Probability of a random edit in the first round.
        last_epsilon: The same in the end.
        decay: Factor by which it falls from round to round.
        temperature: Temperature of softmax exploration; 0 for epsilon-greedy.
    """

    steps: int = 6
    batch: int = 64
    memory: int = 60
    learning_rate: float = 3e-3
    gamma: float = 0.95
    target_rate: float = 0.1
    first_epsilon: float = 0.6
    last_epsilon: float = 0.1
    decay: float = 0.9
    temperature: float = 0.0


class _Transitions(NamedTuple):
    """One step of all episodes."""

    before: Observation
    actions: torch.Tensor
    rewards: torch.Tensor
    terminated: torch.Tensor
    after: Observation


class DQN:
    """A Q network that learns in a cost model, round by round.

    Args:
        env: Environments in the model.
        seed: Random seed.
        settings: Hyperparameters.

    Attributes:
        network: The network.
    """

    def __init__(self, env: ModelEnvironments, seed: int, settings: DQNSettings) -> None:
        self.settings = settings
        config = NetworkConfig(env.candidate_features, env.context_features)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network, self._target = ActorCritic(config), ActorCritic(config)
        self._target.load_state_dict(self.network.state_dict())
        self._optimizer = torch.optim.Adam(self.network.parameters(), settings.learning_rate)
        self._memory: list[_Transitions] = []
        self._rng = np.random.default_rng(seed)
        self._epsilon = settings.first_epsilon

    def learn(self, env: ModelEnvironments) -> None:
        """Play and learn for one round."""
        observation = env.reset()
        for _ in range(self.settings.steps):
            actions = self._act(observation)
            result = env.step(actions)
            self._memory.append(
                _Transitions(
                    observation,
                    torch.from_numpy(actions),
                    torch.from_numpy(result.reward),
                    torch.from_numpy(result.terminated),
                    result.observation,
                )
            )
            observation = result.observation
            del self._memory[: -self.settings.memory]
            self._update()
        self._epsilon = max(self.settings.last_epsilon, self._epsilon * self.settings.decay)

    def _act(self, observation: Observation) -> np.ndarray:
        with torch.no_grad():
            values = q_values(self.network, *to_tensors(observation)).numpy()
        if self.settings.temperature:
            return softmax(values, observation.mask, self.settings.temperature, self._rng)
        return epsilon_greedy(values, observation.mask, self._epsilon, self._rng)

    def _update(self) -> None:
        count = len(self._memory[0].actions)
        drawn = self._rng.integers(len(self._memory) * count, size=self.settings.batch)
        steps, rows = np.divmod(drawn, count)
        before = _picked([self._memory[k].before for k in steps], rows)
        after = _picked([self._memory[k].after for k in steps], rows)
        actions, rewards, terminated = (
            torch.stack([getattr(self._memory[k], name)[row] for k, row in zip(steps, rows, strict=True)])
            for name in ("actions", "rewards", "terminated")
        )
        with torch.no_grad():
            best = q_values(self.network, *after).argmax(1, keepdim=True)
            following = q_values(self._target, *after).gather(1, best).squeeze(1)
            goal = rewards + self.settings.gamma * ~terminated * following
        value = q_values(self.network, *before).gather(1, actions[:, None]).squeeze(1)
        loss = nn.functional.smooth_l1_loss(value, goal)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self._optimizer.step()
        with torch.no_grad():
            for target, own in zip(self._target.parameters(), self.network.parameters(), strict=True):
                target.lerp_(own, self.settings.target_rate)


def q_values(network: ActorCritic, candidates: Tensor, mask: Tensor, context: Tensor) -> Tensor:
    """Return the Q value of every candidate, float32 [n, K]; `INFEASIBLE_SCORE` where the mask is False."""
    scores = network.scores(candidates, mask, context)
    value = network.value(network.global_features(candidates, mask, context), context[:, :0])
    mean = (scores * mask).sum(1) / mask.sum(1).clamp(min=1)
    return torch.where(mask, scores - mean.unsqueeze(1) + value.unsqueeze(1), INFEASIBLE_SCORE)


def _picked(observations: list[Observation], rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    parts = zip(*observations, strict=True)
    picked = (np.stack([array[row] for array, row in zip(part, rows, strict=True)]) for part in parts)
    candidates, mask, context = (torch.from_numpy(part) for part in picked)
    return candidates, mask, context
