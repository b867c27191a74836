"""Trains by PPO in blocks that can be repeated exactly.

A block is a number of updates that begins with new episodes. Its randomness depends on the seed and the block's number
alone, and a checkpoint is written after each block. So killing a training loses at most a block, and never changes the
result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.learning.rl import ppo, recurrent
from aurora.learning.rl.checkpoint import from_stored, to_stored
from aurora.learning.rl.networks import ActorCritic, NetworkConfig
from aurora.learning.rl.ppo import PPOConfig, RolloutState
from aurora.learning.rl.vector_env import VectorEnv
from aurora.learning.tensors import restore_optimizer

LSTM_SIZE = 64
"""Units of the LSTM of recurrent PPO."""


@dataclass(frozen=True, slots=True)
class PPOTrainingConfig:
    """Everything that determines a training by PPO, except its environments.

    Attributes:
        total_steps: Number of decisions to train on, over all environments.
        seed: Random seed.
        network: Sizes of the network.
        hyperparameters: Hyperparameters of PPO.
        updates_per_block: Updates between two checkpoints.
    """

    total_steps: int
    seed: int
    network: NetworkConfig
    hyperparameters: PPOConfig
    updates_per_block: int = 16


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of a learning curve.

    Attributes:
        steps: Decisions up to this point.
        seconds: Time spent in training up to this point, over all processes.
        mean_return: Mean return of the episodes that terminated since the last point; None if none did.
        episodes: Number of these episodes.
        metrics: Other metrics of the algorithm by name; for PPO see `ppo.UpdateStats`.
    """

    steps: int
    seconds: float
    mean_return: float | None
    episodes: int
    metrics: dict[str, float]


@dataclass(slots=True)
class PPOLearner:
    """A network in training, between two blocks.

    Attributes:
        config: What determines the training.
        network: Actor and critic.
        optimizer: Adam (epsilon 1e-5, detail 3).
        steps: Decisions so far.
        blocks: Finished blocks.
        curve: A point for every update.
    """

    config: PPOTrainingConfig
    network: ActorCritic
    optimizer: torch.optim.Adam
    steps: int = 0
    blocks: int = 0
    curve: list[CurvePoint] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """True once all steps are taken."""
        return self.steps >= self.config.total_steps


def new_learner(config: PPOTrainingConfig) -> PPOLearner:
    """Return a learner with an untrained network.

    Raises:
        InputError: The number of steps, environments or steps of a rollout is too small.
    """
    hyperparameters = config.hyperparameters
    if config.total_steps < 1 or hyperparameters.num_envs < 1 or hyperparameters.num_steps < 2:  # noqa: PLR2004
        raise InputError("training needs at least 1 step, 1 environment and rollouts of 2 steps")
    use_one_thread()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(config.seed, 0))
        network = ActorCritic(config.network)
    return PPOLearner(config, network, torch.optim.Adam(network.parameters(), hyperparameters.learning_rate, eps=1e-5))


def learn(
    learner: PPOLearner,
    make_env: Callable[[int], VectorEnv],
    *,
    on_point: Callable[[CurvePoint], None] = lambda _: None,
    on_block: Callable[[PPOLearner], None] = lambda _: None,
) -> None:
    """Take all remaining steps. An interrupt (Ctrl-C) passes through; the state at the last `on_block` can be resumed.

    Args:
        learner: Learner to train; changed.
        make_env: Function from a block's number to its environments; deterministic, and of the network's sizes.
        on_point: Called with each new point of the curve, after every update.
        on_block: Called after every block, to save a checkpoint.
    """
    use_one_thread()
    config, hyperparameters = learner.config, learner.config.hyperparameters
    update = recurrent.update if config.network.lstm_size else ppo.update
    while not learner.is_done:
        env = make_env(learner.blocks)
        if not learner.blocks:
            ppo.fit_normalizer(learner.network, env, hyperparameters.num_steps, derive_seed(config.seed, 0))
        state = RolloutState(env, env.reset(), learner.network.initial_state(env.num_envs))
        generator = torch.Generator().manual_seed(derive_seed(config.seed, 1 + learner.blocks))
        for _ in range(config.updates_per_block):
            began = time.perf_counter()
            remaining = 1 - learner.steps / config.total_steps
            for group in learner.optimizer.param_groups:
                group["lr"] = hyperparameters.learning_rate * remaining
            rollout = ppo.collect_rollout(learner.network, state, hyperparameters, generator)
            ent_coef = hyperparameters.ent_coef * remaining
            stats = update(learner.network, learner.optimizer, rollout, hyperparameters, ent_coef, generator)
            learner.steps += rollout.terminated.size
            seconds = time.perf_counter() - began
            point = next_point(learner.curve, learner.steps, seconds, rollout.episode_returns, to_stored(stats))
            learner.curve.append(point)
            on_point(point)
            if learner.is_done:
                break
        learner.blocks += 1
        on_block(learner)


def next_point(
    curve: Sequence[CurvePoint],
    steps: int,
    seconds: float,
    episode_returns: NDArray[np.float64],
    metrics: dict[str, float],
) -> CurvePoint:
    """Return the point to append to a learning curve.

    Args:
        curve: Points so far.
        steps: Decisions so far.
        seconds: Time since the last point.
        episode_returns: float64, returns of the episodes that terminated since then.
        metrics: Other metrics of the algorithm.
    """
    before = curve[-1].seconds if curve else 0.0
    mean_return = float(episode_returns.mean()) if len(episode_returns) else None
    return CurvePoint(steps, before + seconds, mean_return, len(episode_returns), metrics)


def use_one_thread() -> None:
    """Let PyTorch use one thread: matrices are small here, and the order of sums must not depend on the machine."""
    torch.set_num_threads(1)


def derive_seed(seed: int, part: int) -> int:
    """Return the seed of a part of a training, such as a block."""
    return int(np.random.SeedSequence([seed, part]).generate_state(1)[0])


def to_state(learner: PPOLearner) -> dict[str, Any]:
    """Return the state of a learner for `checkpoint.save`."""
    return {
        "plan": to_stored(learner.config),
        "network": learner.network.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "steps": learner.steps,
        "blocks": learner.blocks,
        "curve": [to_stored(point) for point in learner.curve],
    }


def from_state(state: dict[str, Any]) -> PPOLearner:
    """Return the learner that a checkpoint of PPO holds.

    A damaged state raises whatever torch makes of it: load it within `tensors.restoring`.
    """
    config = {
        **state["plan"],
        "shape": from_stored(NetworkConfig, state["plan"]["shape"]),
        "settings": from_stored(PPOConfig, state["plan"]["settings"]),
    }
    learner = new_learner(from_stored(PPOTrainingConfig, config))
    learner.network.load_state_dict(state["network"])
    restore_optimizer(learner.optimizer, state["optimizer"])
    learner.steps, learner.blocks = state["steps"], state["blocks"]
    learner.curve = [from_stored(CurvePoint, point) for point in state["curve"]]
    return learner
