"""Proximal policy optimisation (Schulman et al. 2017), readable from top to bottom: collect a rollout, then update.

After CleanRL (Huang et al., JMLR 2022) and "The 37 implementation details of PPO" (Huang et al., ICLR blog 2022), whose
numbers are given as details. `aurora.learning.rl.ppo_training` runs it for a whole training;
`aurora.learning.rl.recurrent` updates a network with an LSTM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aurora.learning.rl.networks import INFEASIBLE_SCORE, ActorCritic, LSTMState, to_tensors
from aurora.learning.rl.vector_env import Observation, VectorEnv


@dataclass(frozen=True, slots=True)
class PPOConfig:
    """Hyperparameters of PPO, named as in CleanRL and stable-baselines3.

    The defaults were chosen on levels 1 to 3 with seeds that no published figure uses.

    Attributes:
        num_envs: Number of environments that step together.
        num_steps: Steps of each environment in a rollout.
        n_epochs: Passes over a rollout in an update.
        num_minibatches: Minibatches of a pass.
        learning_rate: Initial learning rate of Adam; it is annealed linearly to 0 (detail 4).
        gamma: Discount factor. Episodes terminate by themselves, so it is close to 1.
        gae_lambda: Lambda of generalised advantage estimation.
        clip_range: Largest change of a probability ratio that still has a gradient.
        ent_coef: Initial weight of the entropy bonus; it is annealed with the learning rate.
        vf_coef: Weight of the value loss.
        max_grad_norm: Norm to which gradients are clipped (detail 11).
        target_kl: Approximate KL divergence at which an update stops early; it makes several epochs safe.
    """

    num_envs: int = 64
    num_steps: int = 32
    n_epochs: int = 4
    num_minibatches: int = 4
    learning_rate: float = 3e-3
    gamma: float = 0.999
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    ent_coef: float = 0.01
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    target_kl: float = 0.03


@dataclass(slots=True)
class RolloutState:
    """State of the episodes in progress between two rollouts.

    Attributes:
        env: Environments.
        observation: Observation of the next decision.
        lstm_state: State of the network's LSTM.
    """

    env: VectorEnv
    observation: Observation
    lstm_state: LSTMState


class Rollout(NamedTuple):
    """T steps of n environments, flat in the order of time: row t n + i.

    Attributes:
        candidates: float32 [T n, K, F].
        mask: bool [T n, K].
        context: float32 [T n, G].
        global_features: float32 [T n, 2 F + G], input of critic and LSTM.
        actions: int64 [T n].
        log_probs: float32 [T n], log probability of each action when it was taken.
        values: float32 [T n], the critic's estimate when the action was taken.
        advantages: float32 [T n].
        terminated: bool [T, n], True where the step was its episode's last.
        initial_lstm_state: State of the LSTM before the first step.
        episode_returns: float64, returns of the episodes that terminated.
    """

    candidates: Tensor
    mask: Tensor
    context: Tensor
    global_features: Tensor
    actions: Tensor
    log_probs: Tensor
    values: Tensor
    advantages: Tensor
    terminated: NDArray[np.bool_]
    initial_lstm_state: LSTMState
    episode_returns: NDArray[np.float64]


def collect_rollout(
    network: ActorCritic, state: RolloutState, config: PPOConfig, generator: torch.Generator
) -> Rollout:
    """Sample actions from the policy for `num_steps` steps in every environment.

    Args:
        network: Policy and critic.
        state: Episodes in progress; advanced.
        config: Hyperparameters.
        generator: Source of randomness for the actions.
    """
    steps, num_envs = config.num_steps, state.env.num_envs
    shape = state.observation.candidates.shape
    candidates = torch.empty(steps, *shape)
    mask = torch.empty(steps, *shape[:2], dtype=torch.bool)
    context = torch.empty(steps, *state.observation.context.shape)
    global_features = torch.empty(steps, num_envs, 2 * shape[2] + context.shape[2])
    actions = torch.empty(steps, num_envs, dtype=torch.int64)
    log_probs, values = torch.empty(steps, num_envs), torch.empty(steps, num_envs)
    rewards, terminated = np.empty((steps, num_envs), np.float32), np.empty((steps, num_envs), np.bool_)
    episode_returns: list[NDArray[np.float64]] = []
    initial_lstm_state = state.lstm_state
    with torch.no_grad():
        for t in range(steps):
            candidates[t], mask[t], context[t] = to_tensors(state.observation)
            global_features[t] = network.global_features(candidates[t], mask[t], context[t])
            lstm_output, lstm_state = network.lstm_step(global_features[t], state.lstm_state)
            logits = network.scores(candidates[t], mask[t], torch.cat((context[t], lstm_output), 1)).log_softmax(1)
            # The argmax of log probabilities with Gumbel noise is a sample from them (Gumbel 1954).
            noise = -torch.empty_like(logits).exponential_(generator=generator).log()
            actions[t] = (logits + noise).masked_fill(~mask[t], 2 * INFEASIBLE_SCORE).argmax(1)
            log_probs[t] = logits.gather(1, actions[t].unsqueeze(1)).squeeze(1)
            values[t] = network.value(global_features[t], lstm_output)
            result = state.env.step(actions[t].numpy())
            rewards[t], terminated[t] = result.reward, result.terminated
            episode_returns.append(result.episode_return[result.terminated])
            not_terminated = torch.from_numpy(~result.terminated).unsqueeze(1)
            state.observation = result.observation
            state.lstm_state = LSTMState(*(part * not_terminated for part in lstm_state))
        next_features = network.global_features(*to_tensors(state.observation))
        next_value = network.value(next_features, network.lstm_step(next_features, state.lstm_state)[0])
    advantages = compute_advantages(rewards, values.numpy(), terminated, next_value.numpy(), config)
    return Rollout(
        candidates.flatten(0, 1),
        mask.flatten(0, 1),
        context.flatten(0, 1),
        global_features.flatten(0, 1),
        actions.flatten(),
        log_probs.flatten(),
        values.flatten(),
        torch.from_numpy(advantages).flatten(),
        terminated,
        initial_lstm_state,
        np.concatenate(episode_returns),
    )


def fit_normalizer(network: ActorCritic, env: VectorEnv, steps: int, seed: int) -> None:
    """Fit a network's feature normalizer to the observations of `steps` random actions in every environment."""
    rng = np.random.default_rng(seed)
    samples: list[tuple[Tensor, ...]] = []
    observation = env.reset()
    for _ in range(steps):
        samples.append(tuple(part.clone() for part in to_tensors(observation)))
        actions = np.where(observation.mask, rng.random(observation.mask.shape), -1.0).argmax(1)
        observation = env.step(actions).observation
    network.fit_normalizer(*(torch.cat(parts) for parts in zip(*samples, strict=True)))


def compute_advantages(
    rewards: NDArray[np.float32],
    values: NDArray[np.float32],
    terminated: NDArray[np.bool_],
    next_value: NDArray[np.float32],
    config: PPOConfig,
) -> NDArray[np.float32]:
    """Return generalised advantage estimates, float32 [T, n] (Schulman et al. 2016, eq. 16).

    Args:
        rewards: float32 [T, n].
        values: float32 [T, n], the critic's estimate before each step.
        terminated: bool [T, n]; the value after an episode's last step is 0.
        next_value: float32 [n], the critic's estimate after the last step.
        config: Hyperparameters `gamma` and `gae_lambda`.
    """
    advantages = np.empty_like(rewards)
    advantage = np.zeros_like(next_value)
    for t in range(len(rewards) - 1, -1, -1):
        not_terminated = ~terminated[t]
        td_error = rewards[t] + config.gamma * next_value * not_terminated - values[t]
        advantage = td_error + config.gamma * config.gae_lambda * not_terminated * advantage
        advantages[t], next_value = advantage, values[t]
    return advantages


class UpdateStats(NamedTuple):
    """Statistics of an update, means over its minibatches.

    Attributes:
        policy_loss: Clipped surrogate objective, negated.
        value_loss: Squared error of the critic, halved.
        entropy: Entropy of the policy, nats.
        approx_kl: Approximate KL divergence from the policy that collected the rollout.
        clip_fraction: Share of actions whose probability ratio left the clip range.
    """

    policy_loss: float
    value_loss: float
    entropy: float
    approx_kl: float
    clip_fraction: float


def ppo_loss(
    rollout: Rollout,
    rows: Tensor,
    scores: Tensor,
    values: Tensor,
    config: PPOConfig,
    ent_coef: float,
) -> tuple[Tensor, UpdateStats]:
    """Return the clipped surrogate loss with value loss and entropy bonus (Schulman et al. 2017, eq. 7 and 9).

    Args:
        rollout: Experience.
        rows: int64 [m], rows of the rollout in this minibatch.
        scores: float32 [m, K], current scores of their candidates.
        values: float32 [m], current estimates of the critic.
        config: Hyperparameters.
        ent_coef: Weight of the entropy bonus, annealed.
    """
    all_log_probs = scores.log_softmax(1)
    log_probs = all_log_probs.gather(1, rollout.actions[rows].unsqueeze(1)).squeeze(1)
    log_ratio = log_probs - rollout.log_probs[rows]
    ratio = log_ratio.exp()
    advantages = rollout.advantages[rows]
    normalized = (advantages - advantages.mean()) / (advantages.std() + 1e-8)  # detail 7: within the minibatch
    clipped_ratio = ratio.clamp(1 - config.clip_range, 1 + config.clip_range)
    policy_loss = -torch.minimum(ratio * normalized, clipped_ratio * normalized).mean()
    value_loss = 0.5 * (values - (advantages + rollout.values[rows])).square().mean()
    entropy = -(all_log_probs.exp() * all_log_probs).sum(1).mean()
    loss = policy_loss + config.vf_coef * value_loss - ent_coef * entropy
    with torch.no_grad():
        approx_kl = ((ratio - 1) - log_ratio).mean()  # Schulman's low-variance estimate, detail 12
        clip_fraction = ((ratio - 1).abs() > config.clip_range).float().mean()
    stats = UpdateStats(*(float(x.detach()) for x in (policy_loss, value_loss, entropy, approx_kl, clip_fraction)))
    return loss, stats


def optimizer_step(network: ActorCritic, optimizer: torch.optim.Optimizer, loss: Tensor, config: PPOConfig) -> None:
    """Take one optimizer step with clipped gradients."""
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(network.parameters(), config.max_grad_norm)
    optimizer.step()


def update(
    network: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    config: PPOConfig,
    ent_coef: float,
    generator: torch.Generator,
) -> UpdateStats:
    """Update a network without LSTM: `n_epochs` passes in shuffled minibatches, or until `target_kl` is exceeded."""
    stats: list[UpdateStats] = []
    for _ in range(config.n_epochs):
        order = torch.randperm(len(rollout.actions), generator=generator)
        for rows in order.chunk(config.num_minibatches):
            global_features = rollout.global_features[rows]
            scores = network.scores(rollout.candidates[rows], rollout.mask[rows], rollout.context[rows])
            values = network.value(global_features, global_features[:, :0])
            loss, minibatch_stats = ppo_loss(rollout, rows, scores, values, config, ent_coef)
            stats.append(minibatch_stats)
            if minibatch_stats.approx_kl > config.target_kl:
                return mean_stats(stats)
            optimizer_step(network, optimizer, loss, config)
    return mean_stats(stats)


def mean_stats(stats: list[UpdateStats]) -> UpdateStats:
    """Return the mean of each statistic over minibatches."""
    return UpdateStats(*np.mean(stats, axis=0).tolist())
