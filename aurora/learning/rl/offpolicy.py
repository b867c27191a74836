"""Trains DQN and SAC in the same blocks as PPO, with the same learning curve and the same checkpoints.

Their replay buffer is too large for a checkpoint. A resumed training begins with an empty one, so it is as good as an
uninterrupted one, but not identical.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from aurora.errors import InputError, RunError
from aurora.learning.rl import dqn, sac
from aurora.learning.rl.checkpoint import REMEDY, from_stored, to_stored
from aurora.learning.rl.dqn import DQNConfig
from aurora.learning.rl.networks import ActorCritic, Agent, GreedyAgent, NetworkConfig
from aurora.learning.rl.ppo_training import CurvePoint, derive_seed, next_point, use_one_thread
from aurora.learning.rl.sac import SACConfig
from aurora.learning.rl.vector_env import Observation

STEPS_PER_POINT = 4096
"""Decisions between two points of the learning curve."""

NORMALIZER_STEPS = 64
"""Steps of all environments that the feature normalizer is fitted to."""


@dataclass(frozen=True, slots=True)
class OffPolicyTrainingConfig:
    """Everything that determines a training by DQN or SAC, except its environments.

    Attributes:
        algorithm: Name of the algorithm.
        total_steps: Number of decisions to train on, over all environments.
        seed: Random seed.
        network: Sizes of DQN's network.
        hyperparameters: Hyperparameters of the algorithm.
        feature_columns: Indices of the candidate features that SAC weights.
        steps_per_block: Decisions between two checkpoints.
    """

    algorithm: Literal["dqn", "sac"]
    total_steps: int
    seed: int
    network: NetworkConfig
    hyperparameters: DQNConfig | SACConfig
    feature_columns: tuple[int, ...] = ()
    steps_per_block: int = 32_768


@dataclass(slots=True)
class OffPolicyLearner:
    """A model of stable-baselines3 in training, between two blocks.

    Attributes:
        config: What determines the training.
        model: DQN or SAC.
        steps: Decisions so far.
        blocks: Finished blocks.
        curve: A point for every `STEPS_PER_POINT` decisions.
    """

    config: OffPolicyTrainingConfig
    model: dqn.MaskedDQN | SAC
    steps: int = 0
    blocks: int = 0
    curve: list[CurvePoint] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """True once all steps are taken."""
        return self.steps >= self.config.total_steps

    @property
    def agent(self) -> Agent:
        """Agent that acts as the model has learned so far."""
        if isinstance(self.model, dqn.MaskedDQN):
            return GreedyAgent(dqn.network_of(self.model))
        return sac.SACAgent(self.model, self.config.feature_columns)


def new_learner(config: OffPolicyTrainingConfig, make_env: Callable[[int], VecEnv]) -> OffPolicyLearner:
    """Return a learner with an untrained model; `make_env` as for `learn`.

    Raises:
        InputError: The number of steps is below 1.
    """
    if config.total_steps < 1:
        raise InputError("training needs at least 1 step", parameter="steps", value=config.total_steps)
    use_one_thread()
    env = make_env(0)
    seed = derive_seed(config.seed, 0)
    if isinstance(config.hyperparameters, DQNConfig):
        model = dqn.build_dqn(env, config.network, config.hyperparameters, seed)
        model.total_steps = config.total_steps
        _fit_normalizer(dqn.network_of(model), env, seed)
        model.q_net_target.load_state_dict(model.q_net.state_dict())
        return OffPolicyLearner(config, model)
    return OffPolicyLearner(config, sac.build_sac(env, config.feature_columns, config.hyperparameters, seed))


def _fit_normalizer(network: ActorCritic, env: VecEnv, seed: int) -> None:
    """Fit a network's feature normalizer to random actions, as `ppo.fit_normalizer` does."""
    rng = np.random.default_rng(seed)
    samples: list[Observation] = []
    observation: Any = env.reset()
    for _ in range(NORMALIZER_STEPS):
        samples.append(sac.from_dict(observation))
        mask = samples[-1].mask
        observation = env.step(np.where(mask, rng.random(mask.shape), -1.0).argmax(1))[0]
    network.fit_normalizer(*(torch.from_numpy(np.concatenate(parts)) for parts in zip(*samples, strict=True)))


def learn(
    learner: OffPolicyLearner,
    make_env: Callable[[int], VecEnv],
    *,
    on_point: Callable[[CurvePoint], None] = lambda _: None,
    on_block: Callable[[OffPolicyLearner], None] = lambda _: None,
) -> None:
    """Take all remaining steps; arguments as for `ppo_training.learn`."""
    use_one_thread()
    config, model = learner.config, learner.model
    while not learner.is_done:
        env = make_env(learner.blocks)
        if isinstance(model, SAC):
            env = sac.FeatureWeightsWrapper(env, config.feature_columns)
        model.set_env(env, force_reset=True)
        model.set_random_seed(derive_seed(config.seed, 1 + learner.blocks))
        steps = min(config.steps_per_block, config.total_steps - learner.steps)
        model.learn(steps, callback=_CurveCallback(learner, on_point), reset_num_timesteps=False)
        learner.blocks += 1
        on_block(learner)


class _CurveCallback(BaseCallback):
    """Appends points to the learning curve while the model learns."""

    def __init__(self, learner: OffPolicyLearner, on_point: Callable[[CurvePoint], None]) -> None:
        super().__init__()
        self._learner, self._on_point = learner, on_point
        self._episode_returns: list[float] = []
        self._last_steps, self._last_time = learner.steps, time.perf_counter()

    def _on_step(self) -> bool:
        self._episode_returns += [info["value"] for info in self.locals["infos"] if "value" in info]
        self._learner.steps = self.num_timesteps
        if self.num_timesteps - self._last_steps >= STEPS_PER_POINT:
            self._append_point()
        return True

    def _on_training_end(self) -> None:
        if self.num_timesteps > self._last_steps:
            self._append_point()

    def _append_point(self) -> None:
        seconds = time.perf_counter() - self._last_time
        logged = self.model.logger.name_to_value
        metrics = {k.removeprefix("train/"): float(v) for k, v in logged.items() if k.startswith("train/")}
        curve = self._learner.curve
        curve.append(next_point(curve, self.num_timesteps, seconds, np.array(self._episode_returns), metrics))
        self._episode_returns, self._last_steps = [], self.num_timesteps
        self._on_point(curve[-1])
        self._last_time = time.perf_counter()  # the time that `on_point` took is not training


def to_state(learner: OffPolicyLearner) -> dict[str, Any]:
    """Return the state of a learner for `checkpoint.save`."""
    log_ent_coef = getattr(learner.model, "log_ent_coef", None)
    return {
        "plan": to_stored(learner.config),
        "parameters": learner.model.get_parameters(),
        "temperature": None if log_ent_coef is None else log_ent_coef.detach(),
        "steps": learner.steps,
        "blocks": learner.blocks,
        "curve": [to_stored(point) for point in learner.curve],
    }


def from_state(state: dict[str, Any], make_env: Callable[[int], VecEnv]) -> OffPolicyLearner:
    """Return the learner that a checkpoint holds; `make_env` as for `learn`.

    A damaged state raises whatever torch makes of it: load it within `tensors.restoring`.

    Raises:
        RunError: The checkpoint is neither DQN's nor SAC's.
    """
    kinds = {"dqn": DQNConfig, "sac": SACConfig}
    if state["plan"]["algorithm"] not in kinds:
        raise RunError(f"the checkpoint is neither DQN's nor SAC's; {REMEDY}")
    config = {
        **state["plan"],
        "shape": from_stored(NetworkConfig, state["plan"]["shape"]),
        "settings": from_stored(kinds[state["plan"]["algorithm"]], state["plan"]["settings"]),
        "columns": tuple(state["plan"]["columns"]),
    }
    learner = new_learner(from_stored(OffPolicyTrainingConfig, config), make_env)
    learner.model.set_parameters(state["parameters"], exact_match=True, device="cpu")
    if state["temperature"] is not None:
        learner.model.log_ent_coef.data = state["temperature"]  # type: ignore[union-attr]
    learner.steps, learner.blocks = state["steps"], state["blocks"]
    learner.model.num_timesteps = learner.steps
    learner.curve = [from_stored(CurvePoint, point) for point in state["curve"]]
    return learner
