"""Trains the policies that a benchmark compares: champions by self-play, and networks for a time by a pilot."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from pydantic import Field

from aurora.agents.arena.source import Source
from aurora.errors import RunError
from aurora.files import write_atomically, writing
from aurora.graphs.session import selfplay
from aurora.graphs.settings import SelfPlaySettings
from aurora.reading import read_json
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.types import Frozen

Method = Literal["champion", "dqn", "ppo", "ppo_lstm"]
METHODS: tuple[Method, ...] = get_args(Method)
"""The search of AURORA, and the networks that are trained as long as it searched."""
TRAINING_FILE, POLICY_FILE, RUN_FOLDER = "training.json", "policy.json", "run"
TRAINING_SEED = 32_452_843
"""First word of the random seeds of the scenarios that networks are trained on."""
WARM_UP_STEPS, PILOT_STEPS = 512, 4_096
"""Decisions of a training that loads and compiles, and of one that then measures decisions a second."""
SCENARIOS_PER_BLOCK = 24
"""Fresh scenarios of each block of training."""
MOST_BYTES = 2.5e8
"""Largest size of the observations of a rollout, or of a replay buffer."""
BYTES_PER_FEATURE = 4


class TrainingRecord(Frozen):
    """How a contestant was trained."""

    method: str = Field(description="champion, dqn, ppo or ppo_lstm.")
    source: str = Field(description="Source of the scenarios.")
    seed: int = Field(description="Random seed.")
    seconds: float = Field(description="Processor time of the training, in seconds.", ge=0)
    effort: int = Field(description="Simulations of a champion; decisions of a network.", ge=0)


class Contestant(NamedTuple):
    """A trained contestant.

    Attributes:
        record: How it was trained.
        policy: Policy that the kernel runs; None: a network with memory, which acts in the environment.
        folder: Folder with the checkpoint of a network with memory.
    """

    record: TrainingRecord
    policy: Policy | None
    folder: Path


def trained(
    folder: Path, method: Method, name: str, source: Source, data: Path | None, *, seed: int, seconds: float
) -> Contestant:
    """Train a contestant on the training families of a source, or read it where it was trained before.

    Args:
        folder: Folder for what is trained; it is created.
        method: Method of training.
        name: Name of the source, from `aurora.agents.arena.sources.SOURCES`.
        source: The source.
        data: Folder with the traces; None: the source needs none.
        seed: Random seed.
        seconds: Processor time of the training, so that other work on the machine shortens none. A champion's first
            iteration is always finished, and a network's number of decisions is estimated from a pilot, so the time
            differs somewhat; the record has the real one.

    Raises:
        RunError: Another process trains in the folder, or it holds the training of another method, source or seed.
        DataError: A trace is missing or not valid.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if (folder / TRAINING_FILE).is_file():
        return _read(folder, method, name, seed)
    started = time.process_time()
    policy: Policy | None
    if method == "champion":
        settings = SelfPlaySettings(source=name, data=None if data is None else str(data), seed=seed)
        result = selfplay(folder / RUN_FOLDER, settings, iterations=None, time_limit=seconds, clock=time.process_time)
        policy = result.champion
        effort = result.evaluations
    else:
        policy, effort, started = _train_network(folder, method, source, seed, seconds)
    record = TrainingRecord(method=method, source=name, seed=seed, seconds=time.process_time() - started, effort=effort)
    if policy is not None:
        write_atomically(folder / POLICY_FILE, policy.model_dump_json(indent=1) + "\n")
    write_atomically(folder / TRAINING_FILE, record.model_dump_json(indent=1) + "\n")  # last: the training is whole
    return Contestant(record, policy, folder)


def _read(folder: Path, method: Method, name: str, seed: int) -> Contestant:
    record = TrainingRecord.model_validate(read_json(folder / TRAINING_FILE))
    if (record.method, record.source, record.seed) != (method, name, seed):
        raise RunError(
            f"{folder} holds {record.method} on {record.source} with seed {record.seed}, not {method} on {name} with "
            f"seed {seed}; name another folder"
        )
    file = folder / POLICY_FILE
    return Contestant(record, parse_policy(read_json(file)) if file.is_file() else None, folder)


def network_agent(folder: Path) -> Any:
    """Return the agent of a network with memory that `trained` has left in a folder.

    Raises:
        RunError: There is no checkpoint, or it is damaged.
    """
    from aurora.learning.rl import checkpoint, ppo_training  # noqa: PLC0415  # torch
    from aurora.learning.rl.networks import GreedyAgent  # noqa: PLC0415  # torch
    from aurora.learning.tensors import restoring  # noqa: PLC0415  # torch

    state = checkpoint.load(folder)
    with restoring(folder / checkpoint.NAME, error=RunError, remedy=checkpoint.REMEDY):
        return GreedyAgent(ppo_training.from_state(state).network)


def _train_network(
    folder: Path, method: Method, source: Source, seed: int, seconds: float
) -> tuple[Policy | None, int, float]:
    """Return the network as a policy, or None if it has memory, the decisions it was trained on, and when that began.

    The pilot is not part of the training: its network is thrown away.
    """
    widest = max(_widest(e) for e in _scenarios(source, seed, 0))
    _, warm = _learn(method, source, seed, WARM_UP_STEPS, widest)
    pilot = time.process_time()
    _, steps = _learn(method, source, seed, max(PILOT_STEPS, warm), widest)
    started = time.process_time()
    policy, effort = _learn(method, source, seed, max(1, int(steps * seconds / (started - pilot))), widest, folder)
    return policy, effort, started


def _learn(
    method: Method, source: Source, seed: int, steps: int, widest: int, folder: Path | None = None
) -> tuple[Policy | None, int]:
    from aurora.learning.rl import checkpoint, dqn, offpolicy, ppo_training  # noqa: PLC0415  # torch
    from aurora.learning.rl.env import Environments  # noqa: PLC0415  # torch
    from aurora.learning.rl.export import to_policy  # noqa: PLC0415  # torch
    from aurora.learning.rl.networks import NetworkConfig  # noqa: PLC0415  # torch
    from aurora.learning.rl.ppo import PPOConfig  # noqa: PLC0415  # torch
    from aurora.learning.rl.sb3 import AllocationVecEnv  # noqa: PLC0415  # torch

    sizes = NetworkConfig(len(CANDIDATE_INPUTS), len(CONTEXT_INPUTS))
    observation = widest * len(CANDIDATE_INPUTS) * BYTES_PER_FEATURE
    description = f"{method} on {source.name}, {steps} decisions, seed {seed}"

    def environments(num_envs: int) -> Callable[[int], Environments]:
        return lambda block: Environments(
            _scenarios(source, seed, block, widest), num_envs, candidates=widest, seed=seed + block
        )

    if method == "dqn":
        settings = dqn.DQNConfig()
        fitting = int(MOST_BYTES / (2 * observation))
        settings = replace(settings, buffer_size=max(1_000, min(settings.buffer_size, fitting)))
        make = environments(settings.num_envs)
        config = offpolicy.OffPolicyTrainingConfig("dqn", steps, seed, sizes, settings)
        learner = offpolicy.new_learner(config, lambda block: AllocationVecEnv(make(block)))
        offpolicy.learn(learner, lambda block: AllocationVecEnv(make(block)))
        assert isinstance(learner.model, dqn.MaskedDQN)
        return to_policy(dqn.network_of(learner.model), description), learner.steps
    ppo = PPOConfig()
    fitting = int(MOST_BYTES / (observation * ppo.num_steps))
    ppo = replace(ppo, num_envs=max(4, min(ppo.num_envs, fitting)))
    if method == "ppo_lstm":
        sizes = sizes._replace(lstm_size=ppo_training.LSTM_SIZE)
    learned = ppo_training.new_learner(ppo_training.PPOTrainingConfig(steps, seed, sizes, ppo))
    ppo_training.learn(learned, environments(ppo.num_envs))
    if method == "ppo":
        return to_policy(learned.network, description), learned.steps
    if folder is not None:
        checkpoint.save(folder, ppo_training.to_state(learned))
    return None, learned.steps


def _scenarios(source: Source, seed: int, block: int, widest: int | None = None) -> list[EncodedScenario]:
    """Return fresh scenarios of the training families, of all levels in turn; too wide ones are left out."""
    rng = np.random.default_rng([TRAINING_SEED, seed, block])
    scenarios: list[EncodedScenario] = []
    for k in range(SCENARIOS_PER_BLOCK):
        family = source.training[k % len(source.training)]
        level = 1 + k % len(LEVELS) if source.has_levels else 1
        scenarios.append(encode(source.expand(source.sample(family, level, rng))))
    return [e for e in scenarios if widest is None or _widest(e) <= widest]


def _widest(encoded: EncodedScenario) -> int:
    """Return the largest number of candidates of a task."""
    return int(np.diff(encoded.problem.route_start).max())
