"""Trains an agent in one call, and reports its reward on held-out scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from aurora.errors import InputError, RunError
from aurora.files import locked, write_atomically
from aurora.learning.rl import checkpoint
from aurora.learning.rl.evaluation import agent_rewards, policy_rewards
from aurora.learning.rl.networks import Agent
from aurora.learning.rl.ppo_training import CurvePoint
from aurora.learning.rl.scenarios import held_out_scenarios
from aurora.learning.rl.trainer import (
    Algorithm,
    Training,
    TrainingConfig,
    load_training,
    run_training,
    start_training,
    to_state,
)
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.statistics.intervals import Interval, paired_interval
from aurora.types import Progress, no_progress

POLICY_FILE, LOCK_FILE = "policy.json", "lock"

HELD_OUT = 200
"""Held-out scenarios of each level that a trained agent is evaluated on, by default."""

FIRST_FIT_SCENARIOS = 50
"""Scenarios of each level from which the reward of first fit is estimated."""


class HeldOutResult(NamedTuple):
    """Mean rewards on held-out scenarios of a level, and paired differences with their 95 % bootstrap intervals.

    Attributes:
        level: Level of the curriculum.
        reward: Mean reward of the trained agent.
        random: Mean reward of random placement.
        first_fit: Mean reward of first fit.
        over_random: Reward of the agent minus that of random placement.
        over_first_fit: Reward of the agent minus that of first fit.
    """

    level: int
    reward: float
    random: float
    first_fit: float
    over_random: Interval
    over_first_fit: Interval


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """Result of a training.

    Attributes:
        algorithm: Name of the algorithm.
        levels: Levels of the curriculum that it was trained on.
        seed: Random seed.
        steps: Decisions that it was trained on, at least as many as asked for.
        seconds: Time spent in training, over all processes.
        folder: Folder with the checkpoint, TensorBoard's events and the policy; None if nothing was written.
        agent: Trained agent, for `aurora.learning.rl.evaluation.agent_rewards`.
        policy: Trained agent as a policy; None for `ppo_lstm` and `sac`, which use more than a policy may see.
        held_out: Rewards on held-out scenarios, for each level.
        curve: Learning curve.
    """

    algorithm: Algorithm
    levels: tuple[int, ...]
    seed: int
    steps: int
    seconds: float
    folder: Path | None
    agent: Agent
    policy: Policy | None
    held_out: tuple[HeldOutResult, ...]
    curve: tuple[CurvePoint, ...]

    @property
    def policy_file(self) -> Path | None:
        """File that the policy was written to; None if there is none."""
        return None if self.folder is None or self.policy is None else self.folder / POLICY_FILE

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values, as `aurora train --json` prints it."""
        return {
            "algorithm": self.algorithm,
            "levels": list(self.levels),
            "seed": self.seed,
            "steps": self.steps,
            "seconds": self.seconds,
            "steps_per_second": self.steps / self.seconds,
            "folder": None if self.folder is None else str(self.folder),
            "policy": None if self.policy_file is None else str(self.policy_file),
            "held_out": [
                {
                    "level": result.level,
                    "reward": result.reward,
                    "over_random": result.over_random._asdict(),
                    "over_first_fit": result.over_first_fit._asdict(),
                }
                for result in self.held_out
            ],
        }


def train(  # what determines a training
    algorithm: Algorithm = "ppo",
    *,
    levels: Sequence[int] = (1, 2, 3),
    steps: int = 200_000,
    seed: int = 0,
    folder: Path | str | None = None,
    held_out: int = HELD_OUT,
    progress: Progress = no_progress,
) -> TrainingReport:
    """Train an agent to place tasks on generated scenarios, and evaluate it on held-out ones.

    Args:
        algorithm: `ppo`, `ppo_lstm` (PPO with an LSTM), `dqn` or `sac`.
        levels: Levels of the curriculum, 1 to 5, mixed evenly.
        steps: Number of decisions to train on.
        seed: Random seed; the same seed gives the same agent.
        folder: New folder for checkpoints, TensorBoard's events and the policy; None: nothing is written.
        held_out: Number of held-out scenarios of each level to evaluate on; 0: none.
        progress: Receives the decisions so far and the mean reward.

    Returns:
        The report; its `policy` can be simulated, stored and explained like any other.

    Raises:
        InputError: The algorithm or a level does not exist, `steps` is below 1 or `held_out` below 0.
        RunError: The folder holds a training already or is in use, or can't be written.
        FileError: The policy can't be written.
    """
    _require_not_negative(held_out)
    config = TrainingConfig(algorithm, tuple(levels), steps, seed)
    path = None if folder is None else Path(folder)
    if path is not None and (path / checkpoint.NAME).exists():
        raise RunError(f"{path} holds a training already; continue it with resume_training, or give another folder")
    training = start_training(config)
    with nullcontext() if path is None else _locked(path):
        if path is not None:
            checkpoint.save(path, to_state(training))
        return _finish(training, path, held_out, progress)


def resume_training(
    folder: Path | str, *, held_out: int = HELD_OUT, progress: Progress = no_progress
) -> TrainingReport:
    """Continue the training that a folder holds; one that is finished is only evaluated.

    Args:
        folder: Folder that `train` wrote.
        held_out: Number of held-out scenarios of each level to evaluate on; 0: none.
        progress: Receives the decisions so far and the mean reward.

    Raises:
        InputError: `held_out` is below 0.
        RunError: There is no checkpoint, it is damaged, or the folder is in use or can't be written.
        FileError: The policy can't be written.
    """
    _require_not_negative(held_out)
    path = Path(folder)
    training = load_training(path)
    with _locked(path):
        return _finish(training, path, held_out, progress)


def first_fit_reward(levels: Sequence[int], seed: int) -> float:
    """Estimate the mean reward of first fit on scenarios like those of a training, to compare its curve with.

    Args:
        levels: Levels of the curriculum, mixed evenly.
        seed: Random seed of the training.
    """
    scenarios = held_out_scenarios(levels, FIRST_FIT_SCENARIOS, seed + 1)
    return fmean(policy_rewards(REFERENCES["first_fit"], s).mean() for s in scenarios.values())


def _require_not_negative(held_out: int) -> None:
    if held_out < 0:
        raise InputError("give at least 0 scenarios", parameter="held_out", value=held_out)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    busy = f"is training in {folder}; wait for it, or give another folder"
    with locked(folder / LOCK_FILE, busy=busy, error=RunError):
        yield


def _finish(training: Training, folder: Path | None, held_out: int, progress: Progress) -> TrainingReport:
    """Take the remaining steps, evaluate the agent and write its policy."""
    config, learner = training.config, training.learner
    shown = _point_progress(training, progress)
    if folder is None:
        run_training(training, on_point=shown)
    else:
        with _tensorboard(folder, learner.steps) as write:

            def on_point(point: CurvePoint) -> None:
                write(point)
                shown(point)

            run_training(training, on_point=on_point, folder=folder)
    agent = training.agent
    policy = training.policy() if training.is_exportable else None
    report = TrainingReport(
        algorithm=config.algorithm,
        levels=config.levels,
        seed=config.seed,
        steps=learner.steps,
        seconds=learner.curve[-1].seconds,
        folder=folder,
        agent=agent,
        policy=policy,
        held_out=_evaluate(agent, config.levels, held_out, config.seed) if held_out else (),
        curve=tuple(learner.curve),
    )
    if policy is not None and report.policy_file is not None:
        write_atomically(report.policy_file, policy.model_dump_json(indent=2, exclude_none=True) + "\n")
    return report


def _evaluate(agent: Agent, levels: Sequence[int], count: int, seed: int) -> tuple[HeldOutResult, ...]:
    results = []
    for level, scenarios in held_out_scenarios(levels, count, seed).items():
        rewards = agent_rewards(agent, scenarios)
        random, first_fit = (policy_rewards(REFERENCES[name], scenarios) for name in ("random", "first_fit"))
        results.append(
            HeldOutResult(
                level,
                float(rewards.mean()),
                float(random.mean()),
                float(first_fit.mean()),
                paired_interval(rewards - random),
                paired_interval(rewards - first_fit),
            )
        )
    return tuple(results)


def _point_progress(training: Training, progress: Progress) -> Callable[[CurvePoint], None]:
    """Return a function that passes points of the curve on to `progress`."""
    config, curve, steps_before = training.config, training.learner.curve, training.learner.steps
    seconds_before = curve[-1].seconds if curve else 0.0

    def show(point: CurvePoint) -> None:
        rate = (point.steps - steps_before) / max(point.seconds - seconds_before, 1e-9)
        reward = "" if point.mean_return is None else f"  mean reward {point.mean_return:.4f}"
        progress(config.algorithm, min(point.steps, config.steps), config.steps, f"{rate:.0f} steps/s{reward}")

    return show


@contextmanager
def _tensorboard(folder: Path, steps_before: int) -> Iterator[Callable[[CurvePoint], None]]:
    """Write points of the curve for TensorBoard; points of a killed process after its last checkpoint are dropped."""
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  # slow to import, for trainings with a folder

    with SummaryWriter(str(folder), purge_step=steps_before + 1) as events:

        def write(point: CurvePoint) -> None:
            if point.mean_return is not None:
                events.add_scalar("episode/reward", point.mean_return, point.steps)
            for name, value in point.metrics.items():
                events.add_scalar(f"training/{name}", value, point.steps)

        yield write
