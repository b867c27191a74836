"""Proximal policy optimisation (Schulman et al. 2017), readable from top to bottom: collect, judge, improve.

After CleanRL (Huang et al., JMLR 2022) and "The 37 implementation details of PPO" (Huang et al., ICLR blog 2022), whose
numbers are given. `aurora.learning.rl.training` repeats it; `aurora.learning.rl.recurrent` improves a network that
remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aurora.learning.rl.networks import INFEASIBLE, ActorCritic, Memory, Observed, tensors


@dataclass(frozen=True, slots=True)
class Settings:
    """How PPO learns; the defaults were chosen on levels 1 to 3 with seeds that no figure uses.

    Attributes:
        environments: Episodes in progress at a time.
        length: Steps of each between two improvements.
        epochs: Passes over what was collected.
        minibatches: Parts of a pass.
        learning_rate: At the start; falls linearly to 0 (detail 4).
        discount: Of rewards a step later. Episodes end by themselves, so hardly any.
        smoothing: Lambda of generalised advantage estimation.
        clip: How far a probability may move, as a ratio, before its gradient is cut off.
        entropy: Weight of the entropy bonus at the start; falls with the learning rate.
        value_weight: Of the critic's loss.
        gradient_norm: Longest gradient (detail 11).
        divergence: Approximate KL divergence at which an improvement ends early; several epochs are then safe.
    """

    environments: int = 64
    length: int = 32
    epochs: int = 4
    minibatches: int = 4
    learning_rate: float = 3e-3
    discount: float = 0.999
    smoothing: float = 0.95
    clip: float = 0.2
    entropy: float = 0.01
    value_weight: float = 0.5
    gradient_norm: float = 0.5
    divergence: float = 0.03


class Stepped(Protocol):
    """What a step of an environment gives (see `aurora.learning.rl.env.Step`)."""

    @property
    def observation(self) -> Observed:
        """After the step; of a new episode where one has ended."""

    @property
    def reward(self) -> NDArray[np.float32]:
        """float32 [n]."""

    @property
    def ended(self) -> NDArray[np.bool_]:
        """Bool [n]."""

    @property
    def value(self) -> NDArray[np.float64]:
        """float64 [n], what a finished episode was worth; NaN elsewhere."""


class Batch(Protocol):
    """Environments that step together (see `aurora.learning.rl.env.Environments`)."""

    @property
    def count(self) -> int:
        """How many."""

    @property
    def features(self) -> int:
        """Of a candidate."""

    @property
    def context(self) -> int:
        """Numbers that all candidates share."""

    def reset(self) -> Observed:
        """Begin new episodes."""

    def step(self, actions: NDArray[np.int64]) -> Stepped:
        """Take the candidates with these indices, int64 [n]."""


@dataclass(slots=True)
class Scene:
    """Where the episodes in progress stand between two rollouts."""

    batch: Batch
    observation: Observed
    memory: Memory


class Rollout(NamedTuple):
    """What was collected: T steps of n environments, flat, in the order of time: row t n + i.

    Attributes:
        candidates: float32 [T n, K, F].
        mask: bool [T n, K].
        context: float32 [T n, G].
        summary: float32 [T n, 2 F + G], what critic and memory see.
        actions: int64 [T n].
        log_probabilities: float32 [T n], of the actions when they were taken.
        values: float32 [T n], the critic's when they were taken.
        advantages: float32 [T n].
        ended: bool [T, n], True where the step was its episode's last.
        memory: In which the first step began.
        finished: float64, what each episode that ended was worth.
    """

    candidates: Tensor
    mask: Tensor
    context: Tensor
    summary: Tensor
    actions: Tensor
    log_probabilities: Tensor
    values: Tensor
    advantages: Tensor
    ended: NDArray[np.bool_]
    memory: Memory
    finished: NDArray[np.float64]


def collect(network: ActorCritic, scene: Scene, settings: Settings, generator: torch.Generator) -> Rollout:
    """Play `settings.length` steps of every environment by chance as the network weighs it; `scene` moves on."""
    steps, count = settings.length, scene.batch.count
    shape = scene.observation.candidates.shape
    candidates = torch.empty(steps, *shape)
    mask = torch.empty(steps, *shape[:2], dtype=torch.bool)
    context = torch.empty(steps, *scene.observation.context.shape)
    summary = torch.empty(steps, count, 2 * shape[2] + context.shape[2])
    actions = torch.empty(steps, count, dtype=torch.int64)
    taken, values = torch.empty(steps, count), torch.empty(steps, count)
    rewards, ended = np.empty((steps, count), np.float32), np.empty((steps, count), np.bool_)
    finished: list[NDArray[np.float64]] = []
    start = scene.memory
    with torch.no_grad():
        for t in range(steps):
            candidates[t], mask[t], context[t] = tensors(scene.observation)
            summary[t] = network.summary(candidates[t], mask[t], context[t])
            recalled, memory = network.remember(summary[t], scene.memory)
            logits = network.scores(candidates[t], mask[t], torch.cat((context[t], recalled), 1)).log_softmax(1)
            # The largest of the log probabilities with Gumbel noise added is a draw by them (Gumbel 1954).
            noise = -torch.empty_like(logits).exponential_(generator=generator).log()
            actions[t] = (logits + noise).masked_fill(~mask[t], 2 * INFEASIBLE).argmax(1)
            taken[t] = logits.gather(1, actions[t].unsqueeze(1)).squeeze(1)
            values[t] = network.value(summary[t], recalled)
            step = scene.batch.step(actions[t].numpy())
            rewards[t], ended[t] = step.reward, step.ended
            finished.append(step.value[step.ended])
            kept = torch.from_numpy(~step.ended).unsqueeze(1)
            scene.observation, scene.memory = step.observation, Memory(*(part * kept for part in memory))
        last = network.summary(*tensors(scene.observation))
        ahead = network.value(last, network.remember(last, scene.memory)[0])
    gains = advantages(rewards, values.numpy(), ended, ahead.numpy(), settings)
    return Rollout(
        candidates.flatten(0, 1),
        mask.flatten(0, 1),
        context.flatten(0, 1),
        summary.flatten(0, 1),
        actions.flatten(),
        taken.flatten(),
        values.flatten(),
        torch.from_numpy(gains).flatten(),
        ended,
        start,
        np.concatenate(finished),
    )


def familiarise(network: ActorCritic, batch: Batch, steps: int, seed: int) -> None:
    """Standardise a network's features by what random decisions meet."""
    rng = np.random.default_rng(seed)
    seen: list[tuple[Tensor, ...]] = []
    observation = batch.reset()
    for _ in range(steps):
        seen.append(tuple(part.clone() for part in tensors(observation)))
        anyone = np.where(observation.mask, rng.random(observation.mask.shape), -1.0).argmax(1)
        observation = batch.step(anyone).observation
    network.standardise(*(torch.cat(parts) for parts in zip(*seen, strict=True)))


def advantages(
    rewards: NDArray[np.float32],
    values: NDArray[np.float32],
    ended: NDArray[np.bool_],
    ahead: NDArray[np.float32],
    settings: Settings,
) -> NDArray[np.float32]:
    """Generalised advantage estimates, float32 [T, n] (Schulman et al. 2016, eq. 16).

    Args:
        rewards: float32 [T, n].
        values: float32 [T, n], the critic's before each step.
        ended: bool [T, n]; nothing is expected beyond an episode's last step.
        ahead: float32 [n], the critic's after the last step.
        settings: With `discount` and `smoothing`.
    """
    found = np.empty_like(rewards)
    gain = np.zeros_like(ahead)
    for t in range(len(rewards) - 1, -1, -1):
        goes_on = ~ended[t]
        surprise = rewards[t] + settings.discount * ahead * goes_on - values[t]
        gain = surprise + settings.discount * settings.smoothing * goes_on * gain
        found[t], ahead = gain, values[t]
    return found


class Improvement(NamedTuple):
    """What an improvement did, means over its minibatches.

    Attributes:
        policy_loss, value_loss: Of actor and critic.
        entropy: Of the decisions, nats.
        divergence: Approximate KL divergence from the network before.
        clipped: Share of decisions whose probability had moved by more than the clip.
    """

    policy_loss: float
    value_loss: float
    entropy: float
    divergence: float
    clipped: float


def loss(
    rollout: Rollout,
    rows: Tensor,
    logits: Tensor,
    values: Tensor,
    settings: Settings,
    entropy_weight: float,
) -> tuple[Tensor, Improvement]:
    """The clipped objective with the critic's loss and the entropy bonus (Schulman et al. 2017, eq. 7 and 9).

    Args:
        rollout: What was collected.
        rows: int64 [m], which of its rows.
        logits: float32 [m, K], their scores now.
        values: float32 [m], the critic's now.
        settings: Of PPO.
        entropy_weight: Now.
    """
    every = logits.log_softmax(1)
    moved = every.gather(1, rollout.actions[rows].unsqueeze(1)).squeeze(1) - rollout.log_probabilities[rows]
    ratio = moved.exp()
    raw = rollout.advantages[rows]
    gain = (raw - raw.mean()) / (raw.std() + 1e-8)  # detail 7: within the minibatch
    cut = ratio.clamp(1 - settings.clip, 1 + settings.clip)
    policy_loss = -torch.minimum(ratio * gain, cut * gain).mean()
    value_loss = 0.5 * (values - (raw + rollout.values[rows])).square().mean()
    entropy = -(every.exp() * every).sum(1).mean()
    total = policy_loss + settings.value_weight * value_loss - entropy_weight * entropy
    with torch.no_grad():
        divergence = ((ratio - 1) - moved).mean()  # Schulman's low-variance estimate, detail 12
        clipped = ((ratio - 1).abs() > settings.clip).float().mean()
    told = Improvement(*(float(x.detach()) for x in (policy_loss, value_loss, entropy, divergence, clipped)))
    return total, told


def descend(network: ActorCritic, optimizer: torch.optim.Optimizer, total: Tensor, settings: Settings) -> None:
    """One step of the optimizer down the gradient of a loss."""
    optimizer.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_norm)
    optimizer.step()


def improve(
    network: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    settings: Settings,
    entropy_weight: float,
    generator: torch.Generator,
) -> Improvement:
    """Several passes over a rollout in shuffled minibatches, until done or too far from where it was collected."""
    told: list[Improvement] = []
    for _ in range(settings.epochs):
        order = torch.randperm(len(rollout.actions), generator=generator)
        for rows in order.chunk(settings.minibatches):
            summary = rollout.summary[rows]
            recalled = summary[:, :0]
            logits = network.scores(rollout.candidates[rows], rollout.mask[rows], rollout.context[rows])
            total, one = loss(rollout, rows, logits, network.value(summary, recalled), settings, entropy_weight)
            told.append(one)
            if one.divergence > settings.divergence:
                return mean_of(told)
            descend(network, optimizer, total, settings)
    return mean_of(told)


def mean_of(told: list[Improvement]) -> Improvement:
    """Field by field."""
    return Improvement(*np.mean(told, axis=0).tolist())
