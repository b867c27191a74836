"""Fine-tuning of a clone by reinforcement: PPO that is held near the clone, so that it does not forget.

Proximal policy optimisation (Schulman et al. 2017; sb3-contrib's, with masks of impossible moves). Each reward is
lowered by how much more probable the chosen move has become than under the clone, times a factor: in expectation a
penalty on the Kullback-Leibler divergence from the clone (Ziegler et al., "Fine-Tuning Language Models from Human
Preferences", 2019, section 2). The critic, of which cloning teaches nothing, learns alone at first.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv

from aurora.errors import InputError, RunError
from aurora.learning.accounts import Catalogue
from aurora.learning.experts.account_env import AccountEnv, Case
from aurora.learning.experts.cloning import policy_arguments
from aurora.learning.tensors import load_tensors, restore_optimizer, restoring, save_tensors

CHECKPOINT = "checkpoint.pt"
"""File in the folder of a training, with everything that resuming needs."""


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """Settings of fine-tuning by PPO.

    Attributes:
        environments: Number of parallel environments.
        rollout: Steps of each environment between two updates.
        batch: Steps in a minibatch.
        epochs: Passes over each rollout.
        learning_rate: Learning rate of Adam.
        discount: Discount of rewards for each period.
        trace: Lambda of generalised advantage estimation (Schulman et al. 2016).
        clip: Clipping range of the ratio of probabilities.
        entropy: Weight of the entropy.
        hold: Weight of the divergence from the clone; without a clone it has no effect.
        warm_up: Rollouts in which the critic learns alone; without a clone none.
        block: Rollouts between two checkpoints. Each block begins with fresh episodes and a seed of its own, so that
            a resumed training equals one that was never interrupted.
        units: Units of each hidden layer of an untrained network.
        seed: Random seed.
    """

    environments: int = 8
    rollout: int = 128
    batch: int = 256
    epochs: int = 5
    learning_rate: float = 2e-4
    discount: float = 0.95
    trace: float = 0.9
    clip: float = 0.2
    entropy: float = 0.0
    hold: float = 0.05
    warm_up: int = 4
    block: int = 4
    units: int = 64
    seed: int = 0


class Update(NamedTuple):
    """Result of an update.

    Attributes:
        steps: Steps so far.
        reward: Mean reward of a period since the last update, without the penalty.
        divergence: Estimated divergence from the clone; 0 without one.
        cost: Mean cost of a period, dollars.
        misses: Mean share of late requests.
    """

    steps: int
    reward: float
    divergence: float
    cost: float
    misses: float


class HeldPPO(MaskablePPO):  # type: ignore[misc]  # sb3-contrib has no types
    """PPO whose rewards pay for leaving the clone, and whose actor waits for its critic.

    Attributes:
        anchor: The clone; None for training from scratch.
        hold: See `TuneSettings`.
        warm_up: Likewise.
        latest: Mean reward, divergence, cost and misses of the last rollout.
    """

    anchor: MaskableActorCriticPolicy | None = None
    hold: float = 0.0
    warm_up: int = 0
    latest: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def collect_rollouts(self, *args: Any, **kwargs: Any) -> bool:
        """As in the parent; then the rewards are lowered and the advantages computed anew."""
        self._periods: list[tuple[float, float]] = []
        carry_on: bool = super().collect_rollouts(*args, **kwargs)
        if not carry_on:
            return False
        buffer = self.rollout_buffer
        reward, divergence = float(buffer.rewards.mean()), 0.0
        if self.anchor is not None:
            shape = buffer.rewards.shape
            with torch.no_grad():
                _, usual, _ = self.anchor.evaluate_actions(
                    torch.from_numpy(buffer.observations.reshape(-1, *self.observation_space.shape)),
                    torch.from_numpy(buffer.actions.reshape(-1)).long(),
                    action_masks=buffer.action_masks.reshape(-1, self.action_space.n),
                )
                last = self.policy.predict_values(torch.from_numpy(self._last_obs))
            excess = buffer.log_probs - usual.numpy().reshape(shape)
            divergence = float(excess.mean())
            buffer.rewards -= self.hold * excess
            buffer.compute_returns_and_advantage(last_values=last, dones=self._last_episode_starts)
        cost, misses = (float(np.mean(column)) for column in zip(*self._periods, strict=True))
        self.latest = (reward, divergence, cost, misses)
        return True

    def _update_info_buffer(self, infos: list[dict[str, Any]], dones: Any = None) -> None:
        self._periods += [(info["cost"], info["misses"]) for info in infos]
        super()._update_info_buffer(infos, dones)

    def train(self) -> None:
        """As in the parent, with the actor frozen while the critic warms up."""
        waits = self.anchor is not None and self._n_updates < self.warm_up * self.n_epochs
        actor = [*self.policy.mlp_extractor.policy_net.parameters(), *self.policy.action_net.parameters()]
        for parameter in actor:
            parameter.requires_grad_(not waits)
        super().train()
        for parameter in actor:
            parameter.requires_grad_(True)


def tune(
    start: MaskableActorCriticPolicy | None,
    draw: Callable[[np.random.Generator], Case],
    catalogue: Catalogue,
    steps: int,
    settings: TuneSettings = TuneSettings(),  # frozen
    *,
    folder: Path | None = None,
    tell: Callable[[Update], None] = lambda _: None,
) -> MaskableActorCriticPolicy:
    """Train a policy in the environment of account management.

    Args:
        start: Clone to start from and to stay near; None trains from scratch.
        draw: Source of cases, such as `account_env.twin_cases`.
        catalogue: Catalogue of prices.
        steps: Fewest steps in all; only whole blocks are done.
        settings: Settings of fine-tuning.
        folder: Folder for the checkpoint; a training whose checkpoint it holds is resumed.
        tell: Receives the result of each update.

    Returns:
        The network after the last update.

    Raises:
        InputError: `steps` is below 1.
        RunError: The checkpoint is of a training with other settings.
    """
    if steps < 1:
        raise InputError("give at least 1", parameter="steps", value=steps)
    torch.set_num_threads(1)
    units = settings.units if start is None else start.net_arch[0]
    model = _model(draw, catalogue, settings, units)
    if start is not None:
        model.policy.load_state_dict(start.state_dict())
        model.anchor, model.hold, model.warm_up = copy.deepcopy(start), settings.hold, settings.warm_up
        model.anchor.set_training_mode(False)
    if folder is not None and (folder / CHECKPOINT).exists():
        _restore(model, folder / CHECKPOINT, settings)
    length = settings.block * settings.rollout * settings.environments
    for block in range(model.num_timesteps // length, math.ceil(steps / length)):
        _seed(model, settings, block)
        model.learn(length, callback=_Notify(tell), reset_num_timesteps=False)
        if folder is not None:
            _keep(model, folder / CHECKPOINT, settings)
    model.policy.set_training_mode(False)
    return model.policy


class _Notify(BaseCallback):
    """Passes on how far training is, after every rollout."""

    def __init__(self, tell: Callable[[Update], None]) -> None:
        super().__init__()
        self._tell = tell

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        if self.model.num_timesteps and isinstance(self.model, HeldPPO) and self.model.latest[2]:
            self._tell(Update(self.model.num_timesteps, *self.model.latest))


def _model(
    draw: Callable[[np.random.Generator], Case], catalogue: Catalogue, settings: TuneSettings, units: int
) -> HeldPPO:
    def environment() -> AccountEnv:
        return AccountEnv(draw, catalogue, discount=settings.discount)

    torch.manual_seed(settings.seed)
    return HeldPPO(
        MaskableActorCriticPolicy,
        DummyVecEnv([environment] * settings.environments),
        learning_rate=settings.learning_rate,
        n_steps=settings.rollout,
        batch_size=settings.batch,
        n_epochs=settings.epochs,
        gamma=settings.discount,
        gae_lambda=settings.trace,
        clip_range=settings.clip,
        ent_coef=settings.entropy,
        policy_kwargs=policy_arguments(units),
        seed=settings.seed,
        device="cpu",
    )


def _seed(model: HeldPPO, settings: TuneSettings, block: int) -> None:
    """Fresh episodes, and random numbers that follow from the block's number alone."""
    number = int(np.random.SeedSequence([settings.seed, 62, block]).generate_state(1)[0])
    torch.manual_seed(number)
    np.random.seed(number)  # stable-baselines3's buffers shuffle by the global generator
    environments = model.get_env()
    assert environments is not None
    environments.seed(number % 2**31)
    model.set_env(environments, force_reset=True)


def _keep(model: HeldPPO, path: Path, settings: TuneSettings) -> None:
    state = {
        "weights": model.policy.state_dict(),
        "optimiser": model.policy.optimizer.state_dict(),
        "anchor": None if model.anchor is None else model.anchor.state_dict(),
        "steps": model.num_timesteps,
        "updates": model._n_updates,
        "settings": asdict(settings),
    }
    save_tensors(state, path, error=RunError)


def _restore(model: HeldPPO, path: Path, settings: TuneSettings) -> None:
    remedy = "train anew into another folder"
    data = load_tensors(path, error=RunError, remedy=remedy)
    with restoring(path, error=RunError, remedy=remedy):
        if data["settings"] != asdict(settings) or (data["anchor"] is None) != (model.anchor is None):
            raise RunError(f"{path} is of a training with other settings; choose another folder or the same settings")
        model.policy.load_state_dict(data["weights"])
        restore_optimizer(model.policy.optimizer, data["optimiser"])
        if model.anchor is not None:
            model.anchor.load_state_dict(data["anchor"])
        if not all(type(data[name]) is int and data[name] >= 0 for name in ("steps", "updates")):
            raise ValueError("steps and updates must be whole numbers")
        model.num_timesteps, model._n_updates = data["steps"], data["updates"]
