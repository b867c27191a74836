"""PPO's update for a network with an LSTM, fast on one core.

The LSTM runs over whole sequences: a rollout is cut where episodes terminate, and each sequence starts in the state in
which it was collected (zeros, except for the first sequence of an environment). Sequences of all lengths go through one
call as a packed sequence, without padding. sb3-contrib's RecurrentPPO pads, and steps each environment's LSTM alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from aurora.learning.rl.networks import ActorCritic
from aurora.learning.rl.ppo import PPOConfig, Rollout, UpdateStats, mean_stats, optimizer_step, ppo_loss


class Sequences(NamedTuple):
    """Uninterrupted parts of episodes within a rollout, environment by environment.

    Attributes:
        first_step: int64 [p], step of the rollout at which a sequence begins.
        env: int64 [p], its environment.
        length: int64 [p], its number of steps, at least 1.
    """

    first_step: NDArray[np.int64]
    env: NDArray[np.int64]
    length: NDArray[np.int64]


def split_sequences(terminated: NDArray[np.bool_]) -> Sequences:
    """Cut a rollout where episodes terminate.

    Args:
        terminated: bool [T, n].
    """
    num_steps, num_envs = terminated.shape
    starts = np.vstack((np.ones((1, num_envs), np.bool_), terminated[:-1]))
    env, first_step = np.nonzero(starts.T)
    after = np.append(first_step[1:], 0)
    after[np.append(env[1:] != env[:-1], True)] = num_steps
    return Sequences(first_step, env, after - first_step)


class PackedRows(NamedTuple):
    """Sequences in the order in which the LSTM takes them, the longest first.

    Attributes:
        rows: int64 [m], rows of the rollout: the first steps of all sequences, then the second steps, and so on.
        batch_sizes: int64 [longest], number of sequences that have such a step.
        order: int64 [p], the sequences in this order.
    """

    rows: Tensor
    batch_sizes: Tensor
    order: NDArray[np.int64]


def pack_rows(sequences: Sequences, selected: NDArray[np.int64], num_envs: int) -> PackedRows:
    """Order the rows of some sequences for one call of the LSTM.

    Args:
        sequences: All sequences of a rollout.
        selected: int64 [p], indices of the sequences to pack.
        num_envs: Number of environments of the rollout.
    """
    order = selected[np.argsort(-sequences.length[selected], kind="stable")]
    length = sequences.length[order]
    batch_sizes = (length[None, :] > np.arange(length[0])[:, None]).sum(1)
    step = np.repeat(np.arange(length[0]), batch_sizes)
    sequence = order[np.arange(len(step)) - np.repeat(np.cumsum(batch_sizes) - batch_sizes, batch_sizes)]
    rows = (sequences.first_step[sequence] + step) * num_envs + sequences.env[sequence]
    return PackedRows(torch.from_numpy(rows), torch.from_numpy(batch_sizes), order)


def replay_lstm(network: ActorCritic, rollout: Rollout, sequences: Sequences, packed: PackedRows) -> Tensor:
    """Return the LSTM's output for each packed row, float32 [m, lstm_size], with gradients through time."""
    from_rollout_start = torch.from_numpy(sequences.first_step[packed.order] == 0).unsqueeze(1)
    env = torch.from_numpy(sequences.env[packed.order])
    hidden, cell = ((part[env] * from_rollout_start).unsqueeze(0) for part in rollout.initial_lstm_state)
    x = torch.tanh(network.before_memory(rollout.global_features[packed.rows]))
    packed_output, _ = network.lstm(PackedSequence(x, packed.batch_sizes), (hidden, cell))
    output: Tensor = packed_output.data
    return output


def update(
    network: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    config: PPOConfig,
    ent_coef: float,
    generator: torch.Generator,
) -> UpdateStats:
    """Update a network with an LSTM: as `ppo.update`, with minibatches of whole sequences of about equal size."""
    stats: list[UpdateStats] = []
    sequences = split_sequences(rollout.terminated)
    minibatch_size = rollout.terminated.size / config.num_minibatches
    for _ in range(config.n_epochs):
        order = torch.randperm(len(sequences.first_step), generator=generator).numpy()
        minibatch = (np.cumsum(sequences.length[order]) - sequences.length[order]) // minibatch_size
        for k in np.unique(minibatch):
            packed = pack_rows(sequences, order[minibatch == k], rollout.terminated.shape[1])
            rows = packed.rows
            lstm_output = replay_lstm(network, rollout, sequences, packed)
            context = torch.cat((rollout.context[rows], lstm_output), 1)
            scores = network.scores(rollout.candidates[rows], rollout.mask[rows], context)
            values = network.value(rollout.global_features[rows], lstm_output)
            loss, minibatch_stats = ppo_loss(rollout, rows, scores, values, config, ent_coef)
            stats.append(minibatch_stats)
            if minibatch_stats.approx_kl > config.target_kl:
                return mean_stats(stats)
            optimizer_step(network, optimizer, loss, config)
    return mean_stats(stats)
