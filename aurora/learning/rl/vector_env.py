"""The contract between vectorised environments and whatever learns or acts in them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Observation(NamedTuple):
    """Observations of n episodes in which a decision is due.

    Attributes:
        candidates: float32 [n, K, F], features of each candidate; 0 where the mask is False.
        mask: bool [n, K], True where the candidate may be chosen; at least one in each row.
        context: float32 [n, G], features of the decision that all candidates share.
    """

    candidates: NDArray[np.float32]
    mask: NDArray[np.bool_]
    context: NDArray[np.float32]


class StepResult(NamedTuple):
    """Results of one action in each of n episodes.

    Attributes:
        observation: Observation of the next decision; where an episode terminated, the first one of the next episode.
        reward: float32 [n].
        terminated: bool [n], True where the action was its episode's last.
        episode_return: float64 [n], sum of the rewards of an episode that terminated; NaN elsewhere.
    """

    observation: Observation
    reward: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    episode_return: NDArray[np.float64]


class VectorEnv(Protocol):
    """Environments that step together and begin a new episode where one terminates."""

    @property
    def num_envs(self) -> int:
        """Number of environments, n."""

    @property
    def candidate_features(self) -> int:
        """Number of features of a candidate, F."""

    @property
    def context_features(self) -> int:
        """Number of features that all candidates share, G."""

    def reset(self) -> Observation:
        """Begin new episodes."""

    def step(self, actions: NDArray[np.int64]) -> StepResult:
        """Choose the candidates with these indices, int64 [n]."""
