"""The actor-critic network that all algorithms share: one scorer for all candidates, a critic, and an optional LSTM.

The scorer sees one candidate with the context at a time, with the same weights for all candidates. So renaming or
reordering nodes changes nothing, any number of nodes is accepted, and a network without LSTM can be exported as a
policy (`aurora.sim.policies.network`). Critic and LSTM see the context with the mean and the maximum of each feature
over the feasible candidates.
"""

from __future__ import annotations

import copy
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aurora.learning.rl.vector_env import Observation

INFEASIBLE_SCORE = -1e9
"""Score of a candidate that may not be chosen: its probability is exactly 0 in float32, and its entropy term is 0."""

CRITIC_HIDDEN_SIZE = 64
"""Units of each of the critic's two hidden layers."""

TIE_TOLERANCE = 1e-10
"""Largest relative difference of two float64 scores that counts as a tie."""

MIN_STANDARD_DEVIATION = 0.01
"""Least standard deviation that a feature is divided by; a feature that hardly ever changes must not be blown up."""


class NetworkConfig(NamedTuple):
    """Sizes of a network; stored with its weights.

    Attributes:
        candidate_features: Number of features of a candidate, F.
        context_features: Number of features that all candidates share, G.
        hidden_size: Units of each of the scorer's two hidden layers.
        lstm_size: Units of the LSTM; 0 for a network without memory.
    """

    candidate_features: int
    context_features: int
    hidden_size: int = 32
    lstm_size: int = 0


class LSTMState(NamedTuple):
    """State of the LSTM in n environments, each part float32 [n, lstm_size]; empty without an LSTM."""

    hidden: Tensor
    cell: Tensor


def pooled(candidates: Tensor, mask: Tensor) -> Tensor:
    """Return mean and maximum of each feature over the feasible candidates, float32 [n, 2 F]."""
    feasible = mask.unsqueeze(-1)
    mean = (candidates * feasible).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
    maximum = candidates.masked_fill(~feasible, -torch.inf).amax(1)
    return torch.cat((mean, maximum.masked_fill(~mask.any(1, keepdim=True), 0.0)), 1)


class ActorCritic(nn.Module):
    """Scores of candidates (actor) and expected return (critic). Names of its parts are those of stored weights."""

    candidate_mean: Tensor
    candidate_spread: Tensor
    context_mean: Tensor
    context_spread: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        global_features = 2 * config.candidate_features + config.context_features
        for name, size in (("candidate", config.candidate_features), ("context", config.context_features)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_spread", torch.ones(size))
        # One layer over (candidate, context), in two parts: the context's is computed once for all candidates.
        self.from_candidate = nn.Linear(config.candidate_features, config.hidden_size)
        self.from_context = nn.Linear(config.context_features + config.lstm_size, config.hidden_size, bias=False)
        self.hidden = nn.Linear(config.hidden_size, config.hidden_size)
        self.score = nn.Linear(config.hidden_size, 1, bias=False)
        if config.lstm_size:
            self.before_memory = nn.Linear(global_features, config.lstm_size)
            self.lstm = nn.LSTM(config.lstm_size, config.lstm_size)
        self.critic = nn.Sequential(
            nn.Linear(global_features + config.lstm_size, CRITIC_HIDDEN_SIZE),
            nn.Tanh(),
            nn.Linear(CRITIC_HIDDEN_SIZE, CRITIC_HIDDEN_SIZE),
            nn.Tanh(),
            nn.Linear(CRITIC_HIDDEN_SIZE, 1),
        )
        self._initialise()

    def _initialise(self) -> None:
        """Draw orthogonal weights, small ones for scores: choices start uniform (Huang et al. 2022, detail 2)."""
        for name, weight in self.named_parameters():
            if weight.ndim == 1:
                nn.init.zeros_(weight)
            else:
                last = {"score.weight": 0.01, "critic.4.weight": 1.0}
                nn.init.orthogonal_(weight, last.get(name, 1.0 if "lstm" in name else 2**0.5))

    def scores(self, candidates: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """Return the score of every candidate, float32 [n, K]; `INFEASIBLE_SCORE` where the mask is False.

        Only feasible candidates are computed: in a full cluster most are not feasible.

        Args:
            candidates: float32 [n, K, F].
            mask: bool [n, K].
            context: float32 [n, G + lstm_size], the context with the output of the LSTM.
        """
        row = mask.nonzero()[:, 0]
        candidate_weight, context_layer = self.folded_first_layer()
        x = torch.relu(
            nn.functional.linear(candidates[mask], candidate_weight)
            + nn.functional.linear(context, *context_layer).index_select(0, row)
        )
        scores: Tensor = self.score(torch.relu(self.hidden(x))).squeeze(-1)
        return torch.full(mask.shape, INFEASIBLE_SCORE, dtype=scores.dtype).masked_scatter(mask, scores)

    def fit_normalizer(self, candidates: Tensor, mask: Tensor, context: Tensor) -> None:
        """Set mean and standard deviation of features to those of a sample (arguments as for `scores`)."""
        for name, rows in (("candidate", candidates[mask]), ("context", context)):
            getattr(self, f"{name}_mean").copy_(rows.mean(0))
            getattr(self, f"{name}_spread").copy_(rows.std(0, correction=0).clamp(min=MIN_STANDARD_DEVIATION))

    def folded_first_layer(self) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the scorer's first layer with the normalizer folded in, so that it reads raw features.

        Returns:
            The weight for a candidate's features, then weight and bias for the context's.
        """
        candidate_weight = self.from_candidate.weight / self.candidate_spread
        known = self.config.context_features
        context_weight = self.from_context.weight
        context_weight = torch.cat((context_weight[:, :known] / self.context_spread, context_weight[:, known:]), 1)
        bias = (
            self.from_candidate.bias
            - candidate_weight @ self.candidate_mean
            - context_weight[:, :known] @ self.context_mean
        )
        return candidate_weight, (context_weight, bias)

    def global_features(self, candidates: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """Return the normalised input of critic and LSTM, float32 [n, 2 F + G]: pooled candidates, then the context."""
        mean = torch.cat((self.candidate_mean, self.candidate_mean, self.context_mean))
        spread = torch.cat((self.candidate_spread, self.candidate_spread, self.context_spread))
        return (torch.cat((pooled(candidates, mask), context), 1) - mean) / spread

    def lstm_step(self, global_features: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        """Advance the LSTM by one step; without an LSTM the state is returned as it is.

        Args:
            global_features: float32 [n, 2 F + G].
            state: State before the step.

        Returns:
            The output, float32 [n, lstm_size], and the state after the step.
        """
        if not self.config.lstm_size:
            return state.hidden, state
        x = torch.tanh(self.before_memory(global_features)).unsqueeze(0)
        output, (hidden, cell) = self.lstm(x, (state.hidden.unsqueeze(0), state.cell.unsqueeze(0)))
        return output[0], LSTMState(hidden[0], cell[0])

    def value(self, global_features: Tensor, lstm_output: Tensor) -> Tensor:
        """Return the critic's estimate of the return, float32 [n]."""
        value: Tensor = self.critic(torch.cat((global_features, lstm_output), 1))
        return value.squeeze(-1)

    def initial_state(self, num_envs: int) -> LSTMState:
        """Return the LSTM's state at the start of an episode."""
        return LSTMState(torch.zeros(num_envs, self.config.lstm_size), torch.zeros(num_envs, self.config.lstm_size))


class Agent(Protocol):
    """Chooses actions, deterministically; the same interface for every algorithm."""

    def reset(self, num_envs: int) -> None:
        """Begin `num_envs` new episodes, without memory of earlier ones."""

    def act(self, observation: Observation) -> NDArray[np.int64]:
        """Return the candidate chosen in each episode, int64 [n]."""

    def reset_episodes(self, terminated: NDArray[np.bool_]) -> None:
        """Clear the memory of the episodes that terminated, bool [n]."""


class GreedyAgent:
    """Chooses the candidate with the highest score, ties to the lowest index, as the kernel does.

    Identical nodes tie exactly, but a matrix product rounds equal rows differently by their position. So scores are
    computed in float64, and a difference within rounding is a tie.

    Args:
        network: Network to copy; later training does not change the agent.
    """

    def __init__(self, network: ActorCritic) -> None:
        self.network = copy.deepcopy(network).double()
        self._state = self._initial_state(0)

    def _initial_state(self, num_envs: int) -> LSTMState:
        hidden, cell = self.network.initial_state(num_envs)
        return LSTMState(hidden.double(), cell.double())

    def reset(self, num_envs: int) -> None:
        """See `Agent`."""
        self._state = self._initial_state(num_envs)

    def act(self, observation: Observation) -> NDArray[np.int64]:
        """See `Agent`."""
        with torch.no_grad():
            candidates, mask, context = to_tensors(observation)
            candidates, context = candidates.double(), context.double()
            if len(self._state.hidden) != len(mask):
                self.reset(len(mask))  # another number of episodes than before
            lstm_output, self._state = self.network.lstm_step(
                self.network.global_features(candidates, mask, context), self._state
            )
            scores = self.network.scores(candidates, mask, torch.cat((context, lstm_output), 1))
        best = scores.amax(1, keepdim=True)
        first: NDArray[np.int64] = (scores >= best - TIE_TOLERANCE * best.abs().clamp(min=1)).numpy().argmax(1)
        return first

    def reset_episodes(self, terminated: NDArray[np.bool_]) -> None:
        """See `Agent`."""
        not_terminated = torch.from_numpy(~terminated).unsqueeze(1)
        self._state = LSTMState(*(part * not_terminated for part in self._state))


def to_tensors(observation: Observation) -> tuple[Tensor, Tensor, Tensor]:
    """Return candidates, mask and context of an observation as tensors that share its memory."""
    return (
        torch.from_numpy(observation.candidates),
        torch.from_numpy(observation.mask),
        torch.from_numpy(observation.context),
    )
