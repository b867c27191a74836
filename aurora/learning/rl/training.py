"""PPO over and over, in blocks that can be repeated exactly.

A block is some improvements that begin with new episodes. What is random in it depends on the seed and the block's
number alone, and a checkpoint is written between blocks: killing a training costs a block, and never changes what it
finds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.rl import ppo, recurrent
from aurora.learning.rl.networks import ActorCritic, Shape
from aurora.learning.rl.ppo import Batch, Scene, Settings
from aurora.learning.tensors import restore_optimizer

MEMORY = 64
"""Units of the LSTM."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What determines a training.

    Attributes:
        steps: Decisions in all, over all environments.
        seed: Of everything random.
        shape: Of the network.
        settings: Of PPO.
        block: Improvements between two checkpoints.
    """

    steps: int
    seed: int
    shape: Shape
    settings: Settings
    block: int = 16


@dataclass(frozen=True, slots=True)
class Point:
    """What an improvement was like.

    Attributes:
        steps: Decisions so far.
        seconds: Of work so far, over all processes.
        value: Mean of what the episodes that ended were worth; None where none has ended.
        episodes: How many those were.
        measures: What else the algorithm tells, by name; of PPO see `ppo.Improvement`.
    """

    steps: int
    seconds: float
    value: float | None
    episodes: int
    measures: dict[str, float]


@dataclass(slots=True)
class Learner:
    """A network in training, between two blocks.

    Attributes:
        plan: What determines it.
        network: Actor and critic.
        optimizer: Adam (epsilon 1e-5, detail 3).
        steps: Decisions so far.
        blocks: Finished.
        curve: A point for every improvement.
    """

    plan: Plan
    network: ActorCritic
    optimizer: torch.optim.Adam
    steps: int = 0
    blocks: int = 0
    curve: list[Point] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether all steps are taken."""
        return self.steps >= self.plan.steps


def begin(plan: Plan) -> Learner:
    """A learner that has seen nothing.

    Raises:
        DataError: The plan has no steps or an impossible batch.
    """
    settings = plan.settings
    if plan.steps < 1 or settings.environments < 1 or settings.length < 2:  # noqa: PLR2004  # a rollout has two
        raise DataError("training needs at least 1 step, 1 environment and rollouts of 2 steps")
    one_thread()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(part_seed(plan.seed, 0))
        network = ActorCritic(plan.shape)
    return Learner(plan, network, torch.optim.Adam(network.parameters(), settings.learning_rate, eps=1e-5))


def train(
    learner: Learner,
    make: Callable[[int], Batch],
    *,
    tell: Callable[[Point], None] = lambda _: None,
    save: Callable[[Learner], None] = lambda _: None,
) -> None:
    """Take all steps that are left. An interrupt (Ctrl-C) passes through; the last `save` then holds where to go on.

    Args:
        learner: Changed as it learns.
        make: Number of a block -> its environments; the same for the same number, and of the plan's shape.
        tell: Called after every improvement.
        save: Called between blocks.
    """
    one_thread()
    plan, settings = learner.plan, learner.plan.settings
    improve = recurrent.improve if plan.shape.memory else ppo.improve
    while not learner.is_done:
        batch = make(learner.blocks)
        if not learner.blocks:
            ppo.familiarise(learner.network, batch, settings.length, part_seed(plan.seed, 0))
        scene = Scene(batch, batch.reset(), learner.network.no_memory(batch.count))
        generator = torch.Generator().manual_seed(part_seed(plan.seed, 1 + learner.blocks))
        for _ in range(plan.block):
            began = time.perf_counter()
            left = 1 - learner.steps / plan.steps
            for group in learner.optimizer.param_groups:
                group["lr"] = settings.learning_rate * left
            rollout = ppo.collect(learner.network, scene, settings, generator)
            told = improve(learner.network, learner.optimizer, rollout, settings, settings.entropy * left, generator)
            learner.steps += rollout.ended.size
            found, seconds = rollout.finished, time.perf_counter() - began
            learner.curve.append(next_point(learner.curve, learner.steps, seconds, found, told._asdict()))
            tell(learner.curve[-1])
            if learner.is_done:
                break
        learner.blocks += 1
        save(learner)


def next_point(
    curve: Sequence[Point], steps: int, seconds: float, finished: NDArray[np.float64], measures: dict[str, float]
) -> Point:
    """What to add to a curve.

    Args:
        curve: So far.
        steps: Decisions so far.
        seconds: Since the last point.
        finished: float64, what each episode that ended since was worth.
        measures: What else there is to tell.
    """
    before = curve[-1].seconds if curve else 0.0
    value = float(finished.mean()) if len(finished) else None
    return Point(steps, before + seconds, value, len(finished), measures)


def one_thread() -> None:
    """Let PyTorch use one core: its matrices are small here, and the order of sums must not depend on the machine."""
    torch.set_num_threads(1)


def part_seed(seed: int, part: int) -> int:
    """A seed for a part of what a seed determines."""
    return int(np.random.SeedSequence([seed, part]).generate_state(1)[0])


def to_state(learner: Learner) -> dict[str, Any]:
    """For `checkpoint.save`."""
    return {
        "plan": {
            **asdict(learner.plan),
            "shape": learner.plan.shape._asdict(),
        },
        "network": learner.network.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "steps": learner.steps,
        "blocks": learner.blocks,
        "curve": [asdict(point) for point in learner.curve],
    }


def from_state(state: dict[str, Any]) -> Learner:
    """Return the learner that a checkpoint of PPO holds.

    A damaged state raises whatever torch makes of it: load it within `tensors.restoring`.
    """
    plan = dict(state["plan"])
    shape, settings = Shape(**plan.pop("shape")), Settings(**plan.pop("settings"))
    learner = begin(Plan(shape=shape, settings=settings, **plan))
    learner.network.load_state_dict(state["network"])
    restore_optimizer(learner.optimizer, state["optimizer"])
    learner.steps, learner.blocks = state["steps"], state["blocks"]
    learner.curve = [Point(**point) for point in state["curve"]]
    return learner
