"""One interface to all algorithms: start a training or load it from a checkpoint, run it, and use what it learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from pydantic import TypeAdapter

from aurora.errors import InputError, PolicyError, RunError
from aurora.learning.rl import checkpoint, dqn, offpolicy, ppo_training
from aurora.learning.rl.checkpoint import from_stored, to_stored
from aurora.learning.rl.dqn import DQNConfig
from aurora.learning.rl.env import Environments
from aurora.learning.rl.export import to_policy
from aurora.learning.rl.networks import Agent, GreedyAgent, NetworkConfig
from aurora.learning.rl.offpolicy import OffPolicyLearner, OffPolicyTrainingConfig
from aurora.learning.rl.ppo import PPOConfig
from aurora.learning.rl.ppo_training import LSTM_SIZE, CurvePoint, PPOLearner, PPOTrainingConfig
from aurora.learning.rl.sac import SACConfig
from aurora.learning.rl.sb3 import AllocationVecEnv
from aurora.learning.rl.scenarios import level_scenarios
from aurora.learning.tensors import require_sizes, restoring
from aurora.sim.objectives import OBJECTIVES
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import LEVELS

Algorithm = Literal["ppo", "ppo_lstm", "dqn", "sac"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)

SCENARIOS_PER_BLOCK = 120
"""Fresh scenarios of each block of training: twelve of every family."""

SAC_FEATURES = (
    *(f"objective.{o.name} * {o.fit} / objective.{o.name}_target" for o in OBJECTIVES if o.fit and not o.needs),
    "fit.duration / objective.latency_target",
    "fit.latency / task.slack",
    "fit.cpu_left",
    "fit.memory_left",
    "node.active",
    "node.tasks",
    "path.load",
)
"""Features of a candidate that SAC weights."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Everything that determines a training on generated scenarios.

    Attributes:
        algorithm: Name of the algorithm; `ppo_lstm` is PPO with an LSTM.
        levels: Levels of the curriculum, mixed evenly.
        steps: Number of decisions to train on, over all environments.
        seed: Random seed.
        hidden_size: Units of each of the scorer's hidden layers.
    """

    algorithm: Algorithm
    levels: tuple[int, ...]
    steps: int
    seed: int
    hidden_size: int = 32


@dataclass(slots=True)
class Training:
    """A training and its progress.

    Attributes:
        config: What determines it.
        learner: State of the algorithm.
    """

    config: TrainingConfig
    learner: PPOLearner | OffPolicyLearner

    @property
    def agent(self) -> Agent:
        """Agent that acts as learned so far, without exploring."""
        learner = self.learner
        return learner.agent if isinstance(learner, OffPolicyLearner) else GreedyAgent(learner.network)

    @property
    def is_exportable(self) -> bool:
        """True if the network can be a policy. SAC and an LSTM use more than a policy may see."""
        return self.config.algorithm in ("ppo", "dqn")

    def policy(self) -> Policy:
        """Return what was learned so far as a policy.

        Raises:
            PolicyError: The algorithm's decisions depend on more than a policy may see.
        """
        learner = self.learner
        levels = ", ".join(map(str, self.config.levels))
        description = f"{self.config.algorithm} on level {levels}, {learner.steps} steps, seed {self.config.seed}"
        if isinstance(learner, OffPolicyLearner):
            if not isinstance(learner.model, dqn.MaskedDQN):
                raise PolicyError("SAC's weights depend on all candidates of a decision, so it can't be a policy")
            return to_policy(dqn.network_of(learner.model), description)
        return to_policy(learner.network, description)


def env_factory(config: TrainingConfig, num_envs: int) -> Callable[[int], Environments]:
    """Return a function that makes the environments of a block of training: fresh scenarios, the same for a number.

    Args:
        config: Levels and seed.
        num_envs: Number of environments.
    """
    most_candidates = max(LEVELS[level - 1].nodes for level in config.levels)

    def make_env(block: int) -> Environments:
        seed = int(np.random.SeedSequence([config.seed, block]).generate_state(1)[0])
        count = -(-SCENARIOS_PER_BLOCK // len(config.levels))
        scenarios = [e for level in config.levels for e in level_scenarios(level, count, seed)]
        return Environments(scenarios, num_envs, candidates=most_candidates, seed=seed)

    return make_env


def start_training(config: TrainingConfig) -> Training:
    """Return a training with an untrained network.

    Raises:
        InputError: The algorithm or a level does not exist, or the number of steps is below 1.
    """
    _check(config)
    network = NetworkConfig(len(CANDIDATE_INPUTS), len(CONTEXT_INPUTS), config.hidden_size)
    if config.algorithm in ("ppo", "ppo_lstm"):
        network = network._replace(lstm_size=LSTM_SIZE if config.algorithm == "ppo_lstm" else 0)
        ppo_config = PPOTrainingConfig(config.steps, config.seed, network, PPOConfig())
        return Training(config, ppo_training.new_learner(ppo_config))
    algorithm: Literal["dqn", "sac"] = "dqn" if config.algorithm == "dqn" else "sac"
    hyperparameters = DQNConfig() if algorithm == "dqn" else SACConfig()
    columns = tuple(CANDIDATE_INPUTS.index(name) for name in SAC_FEATURES)
    off_policy = OffPolicyTrainingConfig(algorithm, config.steps, config.seed, network, hyperparameters, columns)
    return Training(config, offpolicy.new_learner(off_policy, _sb3_factory(config, hyperparameters.num_envs)))


def run_training(
    training: Training,
    *,
    on_point: Callable[[CurvePoint], None] = lambda _: None,
    folder: Path | None = None,
) -> None:
    """Take all remaining steps. After an interrupt the training can be loaded from the folder's checkpoint.

    Args:
        training: Training to continue; changed.
        on_point: Called with each new point of the learning curve.
        folder: Folder for checkpoints; None: none are written.

    Raises:
        RunError: A checkpoint can't be written.
    """

    def on_block(_: Any) -> None:
        if folder is not None:
            checkpoint.save(folder, to_state(training))

    learner, num_envs = training.learner, training.learner.config.hyperparameters.num_envs
    if isinstance(learner, OffPolicyLearner):
        offpolicy.learn(learner, _sb3_factory(training.config, num_envs), on_point=on_point, on_block=on_block)
    else:
        ppo_training.learn(learner, env_factory(training.config, num_envs), on_point=on_point, on_block=on_block)


def to_state(training: Training) -> dict[str, Any]:
    """Return the state of a training for `checkpoint.save`."""
    learner = training.learner
    state = offpolicy.to_state(learner) if isinstance(learner, OffPolicyLearner) else ppo_training.to_state(learner)
    config = to_stored(training.config)
    return {"course": {**config, "levels": list(config["levels"])}, "inputs": _input_names(), **state}


def load_config(folder: Path) -> TrainingConfig:
    """Return the configuration of the training that a folder's checkpoint holds.

    Raises:
        RunError: There is no checkpoint, or it is damaged.
    """
    state = checkpoint.load(folder)
    with restoring(folder / checkpoint.NAME, error=RunError, remedy=checkpoint.REMEDY):
        return _read_config(state["course"])


def load_training(folder: Path) -> Training:
    """Return the training that a folder's checkpoint holds.

    Raises:
        RunError: There is no checkpoint, it is damaged, or its network reads other features than the environment has.
    """
    state = checkpoint.load(folder)
    with restoring(folder / checkpoint.NAME, error=RunError, remedy=checkpoint.REMEDY):
        config = _read_config(state["course"])
        if state["inputs"] != _input_names():
            raise RunError(f"the network in {folder} reads other features than the environment has now; train again")
        require_sizes({**state["plan"]["shape"], "width": config.hidden_size}, {})
        if not all(type(state[name]) is int and state[name] >= 0 for name in ("steps", "blocks")):
            raise ValueError("steps and blocks must be whole numbers")
        TypeAdapter(list[CurvePoint]).validate_python([from_stored(CurvePoint, point) for point in state["curve"]])
        if config.algorithm in ("ppo", "ppo_lstm"):
            return Training(config, ppo_training.from_state(state))
        hyperparameters = DQNConfig() if config.algorithm == "dqn" else SACConfig()
        return Training(config, offpolicy.from_state(state, _sb3_factory(config, hyperparameters.num_envs)))


def _read_config(stored: Mapping[str, Any]) -> TrainingConfig:
    config = from_stored(TrainingConfig, stored)
    fields = {name: getattr(config, name) for name in TrainingConfig.__dataclass_fields__}
    config = TypeAdapter(TrainingConfig).validate_python(fields)
    try:
        _check(config)
    except InputError as error:
        raise ValueError(str(error)) from None
    return config


def _check(config: TrainingConfig) -> None:
    if config.algorithm not in ALGORITHMS:
        raise InputError(f"algorithms are {', '.join(ALGORITHMS)}", parameter="algorithm", value=config.algorithm)
    unknown = [level for level in config.levels if not 1 <= level <= len(LEVELS)]
    if unknown or not config.levels:
        raise InputError(f"give levels from 1 to {len(LEVELS)}", parameter="levels", value=list(config.levels))
    if config.steps < 1:
        raise InputError("training needs at least 1 step", parameter="steps", value=config.steps)


def _input_names() -> list[str]:
    return [*CANDIDATE_INPUTS, *CONTEXT_INPUTS]


def _sb3_factory(config: TrainingConfig, num_envs: int) -> Callable[[int], AllocationVecEnv]:
    make_env = env_factory(config, num_envs)
    return lambda block: AllocationVecEnv(make_env(block))
