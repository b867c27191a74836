"""PPO for a network that remembers, quick on one core.

The LSTM runs over whole sequences: a rollout is cut where episodes end, each piece starts in the memory in which it
was collected (nothing, but for the first piece of an environment), and pieces of all lengths go through one call as a
packed sequence, without padding. sb3-contrib's RecurrentPPO pads instead, and steps each environment's memory alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from aurora.learning.rl.networks import ActorCritic
from aurora.learning.rl.ppo import Improvement, Rollout, Settings, descend, loss, mean_of


class Pieces(NamedTuple):
    """Uninterrupted parts of episodes within a rollout, the order of environments kept.

    Attributes:
        first: int64 [p], the step at which a piece begins.
        environment: int64 [p].
        length: int64 [p], steps, at least 1.
    """

    first: NDArray[np.int64]
    environment: NDArray[np.int64]
    length: NDArray[np.int64]


def pieces(ended: NDArray[np.bool_]) -> Pieces:
    """Cut a rollout where episodes end.

    Args:
        ended: bool [T, n].
    """
    steps, count = ended.shape
    begins = np.vstack((np.ones((1, count), np.bool_), ended[:-1]))
    environment, first = np.nonzero(begins.T)
    after = np.append(first[1:], 0)
    after[np.append(environment[1:] != environment[:-1], True)] = steps
    return Pieces(first, environment, after - first)


class Packed(NamedTuple):
    """Pieces as the LSTM takes them, the longest first.

    Attributes:
        rows: int64 [m], rows of the rollout: the first steps of all pieces, then the second steps, and so on.
        batch_sizes: int64 [longest], how many pieces have such a step.
        order: int64 [p], the pieces in the order in which they lie.
    """

    rows: Tensor
    batch_sizes: Tensor
    order: NDArray[np.int64]


def packed(found: Pieces, chosen: NDArray[np.int64], count: int) -> Packed:
    """Lay out some of the pieces of a rollout.

    Args:
        found: All.
        chosen: int64 [p], which.
        count: Environments.
    """
    order = chosen[np.argsort(-found.length[chosen], kind="stable")]
    length = found.length[order]
    sizes = (length[None, :] > np.arange(length[0])[:, None]).sum(1)
    step = np.repeat(np.arange(length[0]), sizes)
    piece = order[np.arange(len(step)) - np.repeat(np.cumsum(sizes) - sizes, sizes)]
    rows = (found.first[piece] + step) * count + found.environment[piece]
    return Packed(torch.from_numpy(rows), torch.from_numpy(sizes), order)


def recall(network: ActorCritic, rollout: Rollout, found: Pieces, layout: Packed) -> Tensor:
    """What the memory makes of each row, float32 [m, memory], with gradients through time."""
    starts = torch.from_numpy(found.first[layout.order] == 0).unsqueeze(1)
    environment = torch.from_numpy(found.environment[layout.order])
    hidden, cell = ((part[environment] * starts).unsqueeze(0) for part in rollout.memory)
    x = torch.tanh(network.before_memory(rollout.summary[layout.rows]))
    out, _ = network.lstm(PackedSequence(x, layout.batch_sizes), (hidden, cell))
    recalled: Tensor = out.data
    return recalled


def improve(
    network: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    settings: Settings,
    entropy_weight: float,
    generator: torch.Generator,
) -> Improvement:
    """As `ppo.improve`, with minibatches of whole pieces, about equally many steps in each."""
    told: list[Improvement] = []
    found = pieces(rollout.ended)
    share = rollout.ended.size / settings.minibatches
    for _ in range(settings.epochs):
        order = torch.randperm(len(found.first), generator=generator).numpy()
        part = (np.cumsum(found.length[order]) - found.length[order]) // share
        for k in np.unique(part):
            layout = packed(found, order[part == k], rollout.ended.shape[1])
            rows = layout.rows
            recalled = recall(network, rollout, found, layout)
            known = torch.cat((rollout.context[rows], recalled), 1)
            logits = network.scores(rollout.candidates[rows], rollout.mask[rows], known)
            values = network.value(rollout.summary[rows], recalled)
            total, one = loss(rollout, rows, logits, values, settings, entropy_weight)
            told.append(one)
            if one.divergence > settings.divergence:
                return mean_of(told)
            descend(network, optimizer, total, settings)
    return mean_of(told)
