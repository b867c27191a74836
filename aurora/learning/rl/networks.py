"""The network of every agent that learns: one scorer for all candidates, a critic, and a memory where it is wanted.

The scorer sees one candidate with the context at a time, with the same weights for all: renaming or
reordering nodes changes nothing, any number of nodes is welcome, and a network without memory can be exported
as a policy (`aurora.sim.policies.network`). Critic and memory see the candidates summed up: their mean and maximum
over those that are feasible.
"""

from __future__ import annotations

import copy
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

INFEASIBLE = -1e9
"""Score of what may not be chosen: its probability is exactly 0 in float32, and 0 times it is still 0."""
VALUE_WIDTH = 64
TIE = 1e-10
"""Relative difference of scores in float64 up to which they tie."""
LEAST_SPREAD = 0.01
"""What a feature's spread counts as at least: one that hardly ever changes must not be blown up when it does."""


class Shape(NamedTuple):
    """What a network is built for; it is stored with the weights.

    Attributes:
        features: Of a candidate.
        context: Numbers that all candidates share.
        width: Of the scorer's two hidden layers.
        memory: Units of the LSTM; 0: none.
    """

    features: int
    context: int
    width: int = 32
    memory: int = 0


class Observed(Protocol):
    """What an environment shows (see `aurora.learning.rl.env.Observation`)."""

    @property
    def candidates(self) -> NDArray[np.float32]:
        """float32 [n, K, F]."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Bool [n, K], True where the candidate may be chosen; at least one in each row."""

    @property
    def context(self) -> NDArray[np.float32]:
        """float32 [n, G]."""


class Memory(NamedTuple):
    """State of the LSTM, each float32 [n, memory]; empty without one."""

    hidden: Tensor
    cell: Tensor


def pooled(candidates: Tensor, mask: Tensor) -> Tensor:
    """Mean and maximum of each feature over the feasible candidates, float32 [n, 2 F]."""
    kept = mask.unsqueeze(-1)
    mean = (candidates * kept).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
    most = candidates.masked_fill(~kept, -torch.inf).amax(1)
    return torch.cat((mean, most.masked_fill(~mask.any(1, keepdim=True), 0.0)), 1)


class ActorCritic(nn.Module):
    """Scores of candidates, and the value of where things stand."""

    candidate_mean: Tensor
    candidate_spread: Tensor
    context_mean: Tensor
    context_spread: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        summary = 2 * shape.features + shape.context
        for name, width in (("candidate", shape.features), ("context", shape.context)):
            self.register_buffer(f"{name}_mean", torch.zeros(width))
            self.register_buffer(f"{name}_spread", torch.ones(width))
        # One layer over (candidate, context), in two parts: the context's is computed once for all candidates.
        self.from_candidate = nn.Linear(shape.features, shape.width)
        self.from_context = nn.Linear(shape.context + shape.memory, shape.width, bias=False)
        self.hidden = nn.Linear(shape.width, shape.width)
        self.score = nn.Linear(shape.width, 1, bias=False)
        if shape.memory:
            self.before_memory = nn.Linear(summary, shape.memory)
            self.lstm = nn.LSTM(shape.memory, shape.memory)
        self.critic = nn.Sequential(
            nn.Linear(summary + shape.memory, VALUE_WIDTH),
            nn.Tanh(),
            nn.Linear(VALUE_WIDTH, VALUE_WIDTH),
            nn.Tanh(),
            nn.Linear(VALUE_WIDTH, 1),
        )
        self._initialise()

    def _initialise(self) -> None:
        """Orthogonal weights; small ones for scores, so that it starts by choosing evenly (Huang et al. 2022, 2)."""
        for name, weight in self.named_parameters():
            if weight.ndim == 1:
                nn.init.zeros_(weight)
            else:
                last = {"score.weight": 0.01, "critic.4.weight": 1.0}
                nn.init.orthogonal_(weight, last.get(name, 1.0 if "lstm" in name else 2**0.5))

    def scores(self, candidates: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """Score of every candidate, float32 [n, K]; `INFEASIBLE` where it may not be chosen.

        Only feasible candidates are computed: in a full cluster most are not.

        Args:
            candidates: float32 [n, K, F].
            mask: bool [n, K].
            context: float32 [n, G + memory].
        """
        row = mask.nonzero()[:, 0]
        ours, shared = self.first_layer()
        x = torch.relu(
            nn.functional.linear(candidates[mask], ours) + nn.functional.linear(context, *shared).index_select(0, row)
        )
        found: Tensor = self.score(torch.relu(self.hidden(x))).squeeze(-1)
        return torch.full(mask.shape, INFEASIBLE, dtype=found.dtype).masked_scatter(mask, found)

    def standardise(self, candidates: Tensor, mask: Tensor, context: Tensor) -> None:
        """From now on take features relative to the mean and spread that they have here (arguments as `scores`)."""
        for name, rows in (("candidate", candidates[mask]), ("context", context)):
            getattr(self, f"{name}_mean").copy_(rows.mean(0))
            getattr(self, f"{name}_spread").copy_(rows.std(0, correction=0).clamp(min=LEAST_SPREAD))

    def first_layer(self) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The scorer's first layer over raw features: weights of a candidate's; weights and bias of the context's."""
        ours = self.from_candidate.weight / self.candidate_spread
        known = self.shape.context
        theirs = self.from_context.weight
        theirs = torch.cat((theirs[:, :known] / self.context_spread, theirs[:, known:]), 1)
        bias = self.from_candidate.bias - ours @ self.candidate_mean - theirs[:, :known] @ self.context_mean
        return ours, (theirs, bias)

    def summary(self, candidates: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """What critic and memory see, float32 [n, 2 F + G]: the context, and the candidates summed up."""
        mean = torch.cat((self.candidate_mean, self.candidate_mean, self.context_mean))
        spread = torch.cat((self.candidate_spread, self.candidate_spread, self.context_spread))
        return (torch.cat((pooled(candidates, mask), context), 1) - mean) / spread

    def remember(self, summary: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """One step of the LSTM.

        Args:
            summary: float32 [n, 2 F + G].
            memory: Before.

        Returns:
            What it makes of the step, float32 [n, memory], and its state after.
        """
        if not self.shape.memory:
            return memory.hidden, memory
        x = torch.tanh(self.before_memory(summary)).unsqueeze(0)
        out, (hidden, cell) = self.lstm(x, (memory.hidden.unsqueeze(0), memory.cell.unsqueeze(0)))
        return out[0], Memory(hidden[0], cell[0])

    def value(self, summary: Tensor, recalled: Tensor) -> Tensor:
        """Expected return, float32 [n]."""
        found: Tensor = self.critic(torch.cat((summary, recalled), 1))
        return found.squeeze(-1)

    def no_memory(self, count: int) -> Memory:
        """The state in which an episode begins."""
        return Memory(torch.zeros(count, self.shape.memory), torch.zeros(count, self.shape.memory))


class Agent(Protocol):
    """What decides in an environment, for any kind of network."""

    def begin(self, count: int) -> None:
        """Forget everything: so many episodes begin."""

    def decide(self, observation: Observed) -> NDArray[np.int64]:
        """The candidate of each episode, int64 [n], the same for the same history."""

    def forget(self, ended: NDArray[np.bool_]) -> None:
        """Forget the episodes that have ended."""


class Greedy:
    """Takes the candidate with the highest score, ties to the lowest index, as the kernel does.

    Nodes of a kind that stand alike tie exactly, and a matrix product rounds equal rows differently by their place. So
    scores are computed in float64, and what differs by no more than its rounding is a tie.

    Args:
        network: As it is now; what it learns later is not seen.
    """

    def __init__(self, network: ActorCritic) -> None:
        self.network = copy.deepcopy(network).double()
        self._memory = self._none(0)

    def _none(self, count: int) -> Memory:
        hidden, cell = self.network.no_memory(count)
        return Memory(hidden.double(), cell.double())

    def begin(self, count: int) -> None:
        """See `Agent`."""
        self._memory = self._none(count)

    def decide(self, observation: Observed) -> NDArray[np.int64]:
        """See `Agent`."""
        with torch.no_grad():
            candidates, mask, context = tensors(observation)
            candidates, context = candidates.double(), context.double()
            if len(self._memory.hidden) != len(mask):
                self.begin(len(mask))  # other episodes than before
            recalled, self._memory = self.network.remember(
                self.network.summary(candidates, mask, context), self._memory
            )
            scores = self.network.scores(candidates, mask, torch.cat((context, recalled), 1))
        best = scores.amax(1, keepdim=True)
        first: NDArray[np.int64] = (scores >= best - TIE * best.abs().clamp(min=1)).numpy().argmax(1)
        return first

    def forget(self, ended: NDArray[np.bool_]) -> None:
        """See `Agent`."""
        kept = torch.from_numpy(~ended).unsqueeze(1)
        self._memory = Memory(*(part * kept for part in self._memory))


def tensors(observation: Observed) -> tuple[Tensor, Tensor, Tensor]:
    """Candidates, mask and context of an observation, sharing its memory."""
    return (
        torch.from_numpy(observation.candidates),
        torch.from_numpy(observation.mask),
        torch.from_numpy(observation.context),
    )
