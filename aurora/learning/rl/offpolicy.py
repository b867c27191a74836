"""DQN and SAC trained in the same blocks as PPO, with the same curve and the same checkpoints.

Their memory of past decisions is too large for a checkpoint: a resumed training begins with an empty one, so it is as
good as an uninterrupted one, but not the same to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from aurora.errors import DataError, RunError
from aurora.learning.rl import dqn, sac
from aurora.learning.rl.checkpoint import ANEW
from aurora.learning.rl.networks import ActorCritic, Agent, Greedy, Shape
from aurora.learning.rl.training import Point, next_point, one_thread, part_seed

REPORT = 4096
"""Decisions between two points of the curve."""
FAMILIAR = 64
"""Steps of all environments by which features are standardised."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What determines a training.

    Attributes:
        algorithm: Whose.
        steps: Decisions in all, over all environments.
        seed: Of everything random.
        shape: Of DQN's network.
        settings: Of the algorithm.
        columns: Features of a candidate that SAC weights.
        block: Decisions between two checkpoints.
    """

    algorithm: Literal["dqn", "sac"]
    steps: int
    seed: int
    shape: Shape
    settings: dqn.Settings | sac.Settings
    columns: tuple[int, ...] = ()
    block: int = 32_768


@dataclass(slots=True)
class Learner:
    """A model of stable-baselines3 in training, between two blocks.

    Attributes:
        plan: What determines it.
        model: Of stable-baselines3.
        steps: Decisions so far.
        blocks: Finished.
        curve: A point for every `REPORT` decisions.
    """

    plan: Plan
    model: dqn.MaskedDQN | SAC
    steps: int = 0
    blocks: int = 0
    curve: list[Point] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether all steps are taken."""
        return self.steps >= self.plan.steps

    @property
    def agent(self) -> Agent:
        """What it has learned so far."""
        if isinstance(self.model, dqn.MaskedDQN):
            return Greedy(dqn.network_of(self.model))
        return sac.Weigher(self.model, self.plan.columns)


def begin(plan: Plan, make: Callable[[int], VecEnv]) -> Learner:
    """A learner that has seen nothing; `make` as for `train`.

    Raises:
        DataError: The plan has no steps.
    """
    if plan.steps < 1:
        raise DataError("training needs at least 1 step")
    one_thread()
    environments = make(0)
    seed = part_seed(plan.seed, 0)
    if isinstance(plan.settings, dqn.Settings):
        model = dqn.build(environments, plan.shape, plan.settings, seed)
        model.planned = plan.steps
        network = dqn.network_of(model)
        _familiarise(network, environments, seed)
        model.q_net_target.load_state_dict(model.q_net.state_dict())
        return Learner(plan, model)
    return Learner(plan, sac.build(environments, plan.columns, plan.settings, seed))


def _familiarise(network: ActorCritic, environments: VecEnv, seed: int) -> None:
    """As `ppo.familiarise`."""
    rng = np.random.default_rng(seed)
    seen: list[sac.View] = []
    shown: Any = environments.reset()
    for _ in range(FAMILIAR):
        seen.append(sac.View.of(shown))
        shown = environments.step(np.where(seen[-1].mask, rng.random(seen[-1].mask.shape), -1.0).argmax(1))[0]
    network.standardise(*(torch.from_numpy(np.concatenate(parts)) for parts in zip(*seen, strict=True)))


def train(
    learner: Learner,
    make: Callable[[int], VecEnv],
    *,
    tell: Callable[[Point], None] = lambda _: None,
    save: Callable[[Learner], None] = lambda _: None,
) -> None:
    """Take all steps that are left; see `training.train`."""
    one_thread()
    plan, model = learner.plan, learner.model
    while not learner.is_done:
        environments = make(learner.blocks)
        if isinstance(model, SAC):
            environments = sac.Weighting(environments, plan.columns)
        model.set_env(environments, force_reset=True)
        model.set_random_seed(part_seed(plan.seed, 1 + learner.blocks))
        ahead = min(plan.block, plan.steps - learner.steps)
        model.learn(ahead, callback=_Telling(learner, tell), reset_num_timesteps=False)
        learner.blocks += 1
        save(learner)


class _Telling(BaseCallback):
    """Draws the curve as the model learns."""

    def __init__(self, learner: Learner, tell: Callable[[Point], None]) -> None:
        super().__init__()
        self._learner, self._tell = learner, tell
        self._finished: list[float] = []
        self._told, self._since = learner.steps, time.perf_counter()

    def _on_step(self) -> bool:
        self._finished += [info["value"] for info in self.locals["infos"] if "value" in info]
        self._learner.steps = self.num_timesteps
        if self.num_timesteps - self._told >= REPORT:
            self._speak()
        return True

    def _on_training_end(self) -> None:
        if self.num_timesteps > self._told:
            self._speak()

    def _speak(self) -> None:
        now = time.perf_counter()
        logged = self.model.logger.name_to_value
        measures = {k.removeprefix("train/"): float(v) for k, v in logged.items() if k.startswith("train/")}
        curve = self._learner.curve
        curve.append(next_point(curve, self.num_timesteps, now - self._since, np.array(self._finished), measures))
        self._finished, self._told = [], self.num_timesteps
        self._tell(curve[-1])
        self._since = time.perf_counter()  # telling is no training


def to_state(learner: Learner) -> dict[str, Any]:
    """For `checkpoint.save`."""
    temperature = getattr(learner.model, "log_ent_coef", None)
    return {
        "plan": {**asdict(learner.plan), "shape": learner.plan.shape._asdict()},
        "parameters": learner.model.get_parameters(),
        "temperature": None if temperature is None else temperature.detach(),
        "steps": learner.steps,
        "blocks": learner.blocks,
        "curve": [asdict(point) for point in learner.curve],
    }


def from_state(state: dict[str, Any], make: Callable[[int], VecEnv]) -> Learner:
    """Return the learner that a checkpoint holds; `make` as for `train`.

    A damaged state raises whatever torch makes of it: load it within `tensors.restoring`.

    Raises:
        RunError: The checkpoint is neither DQN's nor SAC's.
    """
    plan = dict(state["plan"])
    kinds = {"dqn": dqn.Settings, "sac": sac.Settings}
    if plan["algorithm"] not in kinds:
        raise RunError(f"the checkpoint is neither DQN's nor SAC's; {ANEW}")
    kind = kinds[plan["algorithm"]]
    shape, settings = Shape(**plan.pop("shape")), kind(**plan.pop("settings"))
    columns = tuple(plan.pop("columns"))
    learner = begin(Plan(shape=shape, settings=settings, columns=columns, **plan), make)
    learner.model.set_parameters(state["parameters"], exact_match=True, device="cpu")
    if state["temperature"] is not None:
        learner.model.log_ent_coef.data = state["temperature"]  # type: ignore[union-attr]
    learner.steps, learner.blocks = state["steps"], state["blocks"]
    learner.model.num_timesteps = learner.steps
    learner.curve = [Point(**point) for point in state["curve"]]
    return learner
