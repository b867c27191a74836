"""Behavioural cloning: a network that chooses what experts chose in the same situation (Pomerleau 1991).

The network is a policy of stable-baselines3 (`MaskableActorCriticPolicy`), so that reinforcement learning can go on
from where cloning ended; see `fine_tuning`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from aurora.errors import DataError
from aurora.learning.accounts import FEATURES, KEEP, MOVES, Account, Catalogue, valid_moves
from aurora.learning.accounts.situation import BOUND
from aurora.learning.experts.experts import ExpertStates, expert_states
from aurora.learning.tensors import load_tensors, require_sizes, restoring, save_tensors

MIN_DECISIONS = 500
"""Fewest decisions of experts to clone."""
MIN_EXPERTS = 4
"""Fewest accounts of experts; some are held out."""
FEATURE_LIMIT = 4.0
"""Standard deviations at which standardised features are clipped."""
MIN_DEVIATION = 0.05
"""Least standard deviation of a feature, in its unit, so that one that hardly changes is not magnified."""
Choose = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.int64]]
"""A policy: situations [n, len(FEATURES)] and possible moves [n, len(MOVES)] -> moves [n]."""


@dataclass(frozen=True, slots=True)
class CloneSettings:
    """Settings of behavioural cloning.

    Attributes:
        units: Units of each of the two hidden layers.
        epochs: Most epochs.
        patience: Epochs without a better likelihood on held-out experts, after which it ends.
        batch: Decisions a step.
        learning_rate: Learning rate of AdamW.
        entropy: Weight of the entropy, which keeps the clone from certainty that experts don't have.
        decay: L2 penalty on the weights (decoupled; Loshchilov & Hutter 2019).
        noise: Standard deviation of the noise added to standardised features in training. Without it a network overfits
            the few experts (noise as regularisation; Bishop, Neural Computation 1995).
        held_out: Share of the experts' accounts on which the end of training is decided.
        seed: Random seed.
    """

    units: int = 64
    epochs: int = 60
    patience: int = 8
    batch: int = 256
    learning_rate: float = 2e-3
    entropy: float = 1e-3
    decay: float = 0.1
    noise: float = 0.5
    held_out: float = 0.2
    seed: int = 0


class Epoch(NamedTuple):
    """Result of an epoch of cloning.

    Attributes:
        epoch: Number of the epoch, from 1.
        likelihood: Mean log-likelihood of the moves of the experts that are learnt from.
        held_out: Mean log-likelihood of the moves of held-out experts.
        best: Whether `held_out` is the best so far.
    """

    epoch: int
    likelihood: float
    held_out: float
    best: bool


class Decisions(NamedTuple):
    """Decisions of experts.

    Attributes:
        features: Situations, float32 [n, len(FEATURES)].
        masks: Possible moves, bool [n, len(MOVES)].
        moves: Chosen moves, int64 [n].
        account: Positions of the accounts, int64 [n].
        previous: Moves of the same accounts one period before, int64 [n].
    """

    features: NDArray[np.float32]
    masks: NDArray[np.bool_]
    moves: NDArray[np.int64]
    account: NDArray[np.int64]
    previous: NDArray[np.int64]

    def of(self, accounts: NDArray[np.int64]) -> Decisions:
        """Return the decisions of some accounts."""
        chosen = np.isin(self.account, accounts)
        return Decisions(
            self.features[chosen],
            self.masks[chosen],
            self.moves[chosen],
            self.account[chosen],
            self.previous[chosen],
        )


class Standardised(BaseFeaturesExtractor):
    """Features less their mean, over their standard deviation; both are kept with the weights.

    They are clipped at `FEATURE_LIMIT`: situations that experts hardly ever met must not decide alone.
    """

    def __init__(self, observation_space: spaces.Box) -> None:
        super().__init__(observation_space, observation_space.shape[0])
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("mean", torch.zeros(observation_space.shape[0]))
        self.register_buffer("scale", torch.ones(observation_space.shape[0]))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Standardise [n, features]."""
        return ((observations - self.mean) / self.scale).clamp(-FEATURE_LIMIT, FEATURE_LIMIT)


def new_policy(units: int, seed: int) -> MaskableActorCriticPolicy:
    """Return an untrained network from situations to moves."""
    torch.manual_seed(seed)
    return MaskableActorCriticPolicy(
        spaces.Box(-BOUND, BOUND, (len(FEATURES),), np.float32),
        spaces.Discrete(len(MOVES)),
        lambda _: 3e-4,
        **policy_arguments(units),
    )


def policy_arguments(units: int) -> dict[str, Any]:
    """Return the network's shape as stable-baselines3 takes it."""
    return {"net_arch": [units, units], "features_extractor_class": Standardised}


def decisions_of(states: ExpertStates, catalogue: Catalogue) -> Decisions:
    """Return the decisions of experts, with the moves that were possible.

    A move that the catalogue does not allow (such as to a value between two rungs) counts as possible where it was
    made.
    """
    known: dict[Any, NDArray[np.bool_]] = {}
    masks = np.empty((len(states.moves), len(MOVES)), bool)
    for k, (owner, period) in enumerate(zip(states.account, states.period, strict=True)):
        configuration = states.accounts[owner].configurations[period]
        if configuration not in known:
            known[configuration] = valid_moves(configuration, catalogue)
        masks[k] = known[configuration]
    masks[np.arange(len(masks)), states.moves] = True
    previous = np.roll(states.moves, 1)
    previous[np.flatnonzero(np.diff(states.account, prepend=-1))] = KEEP
    return Decisions(states.features, masks, states.moves, states.account, previous)


def clone(
    experts: Sequence[Account],
    catalogue: Catalogue,
    settings: CloneSettings = CloneSettings(),  # frozen
    *,
    tell: Callable[[Epoch], None] = lambda _: None,
) -> MaskableActorCriticPolicy:
    """Train a network to choose as experts do: the largest likelihood of their moves among those possible.

    Args:
        experts: Histories of experts' accounts.
        catalogue: Catalogue that configurations name things from.
        settings: Settings of cloning.
        tell: Receives the result of each epoch.

    Returns:
        The network at the best likelihood of held-out experts' moves.

    Raises:
        DataError: There are too few experts or decisions; the message has the count.
    """
    if len(experts) < MIN_EXPERTS:
        raise DataError(f"{len(experts)} experts' accounts; at least {MIN_EXPERTS} are needed to learn from")
    data = decisions_of(expert_states(experts, catalogue), catalogue)
    if len(data.moves) < MIN_DECISIONS:
        raise DataError(f"{len(data.moves)} decisions of experts; at least {MIN_DECISIONS} are needed to learn from")
    torch.set_num_threads(1)
    rng = np.random.default_rng([settings.seed, 61])
    order = rng.permutation(len(experts))
    aside = max(1, round(settings.held_out * len(experts)))
    train, held = data.of(order[aside:]), data.of(order[:aside])
    policy = new_policy(settings.units, settings.seed)
    _standardise(policy, train.features)
    optimiser = torch.optim.AdamW(policy.parameters(), settings.learning_rate, weight_decay=settings.decay)
    best, best_weights, since = -math.inf, policy.state_dict(), 0
    for epoch in range(1, settings.epochs + 1):
        policy.set_training_mode(True)
        total = 0.0
        shuffled = rng.permutation(len(train.moves))
        for first in range(0, len(shuffled), settings.batch):
            part = shuffled[first : first + settings.batch]
            seen = torch.from_numpy(train.features[part])
            seen = seen + settings.noise * policy.features_extractor.scale * torch.randn_like(seen)
            _, likelihood, entropy = policy.evaluate_actions(
                seen,
                torch.from_numpy(train.moves[part]),
                action_masks=train.masks[part],
            )
            assert entropy is not None  # categorical distributions have one
            loss = -likelihood.mean() - settings.entropy * entropy.mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(likelihood.detach().sum())
        now = log_likelihood(policy, held)
        since = 0 if now > best else since + 1
        tell(Epoch(epoch, total / len(train.moves), now, since == 0))
        if since == 0:
            best, best_weights = now, {k: v.clone() for k, v in policy.state_dict().items()}
        if since >= settings.patience:
            break
    policy.load_state_dict(best_weights)
    policy.set_training_mode(False)
    return policy


def _standardise(policy: MaskableActorCriticPolicy, features: NDArray[np.float32]) -> None:
    extractor = policy.features_extractor
    spread = features.std(axis=0)
    extractor.mean.copy_(torch.from_numpy(features.mean(axis=0)))
    extractor.scale.copy_(torch.from_numpy(np.maximum(spread, MIN_DEVIATION).astype(np.float32)))


def log_likelihood(policy: MaskableActorCriticPolicy, data: Decisions) -> float:
    """Return the mean log-likelihood of the experts' moves."""
    policy.set_training_mode(False)
    with torch.no_grad():
        _, likelihood, _ = policy.evaluate_actions(
            torch.from_numpy(data.features), torch.from_numpy(data.moves), action_masks=data.masks
        )
    return float(likelihood.mean())


def chooser(policy: MaskableActorCriticPolicy) -> Choose:
    """Return a policy that makes the network's most probable possible move."""

    def choose(features: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        with torch.no_grad():
            distribution = policy.get_distribution(torch.from_numpy(features), action_masks=masks)
        return np.asarray(distribution.mode().numpy(), np.int64)

    return choose


def save_policy(policy: MaskableActorCriticPolicy, path: Path, settings: CloneSettings, about: dict[str, Any]) -> None:
    """Write a network with what is known of its training.

    Args:
        policy: Network to write.
        path: File ending in .pt.
        settings: Settings that it was trained with.
        about: Notes on its training, plain values.
    """
    data = {
        "weights": policy.state_dict(),
        "settings": asdict(settings),
        "about": about,
        "features": [f.name for f in FEATURES],
        "moves": list(MOVES),
    }
    save_tensors(data, path, error=DataError)


def load_policy(path: Path) -> tuple[MaskableActorCriticPolicy, dict[str, Any]]:
    """Read a network that `save_policy` wrote; nothing in the file is executed.

    Returns:
        The network, and the notes on its training.

    Raises:
        FileError: The file can't be read.
        DataError: The file is damaged, or was written for other features or moves.
    """
    remedy = "train it again with this version"
    data = load_tensors(path, error=DataError, remedy=remedy)
    with restoring(path, error=DataError, remedy=remedy):
        if data["features"] != [f.name for f in FEATURES] or data["moves"] != list(MOVES):
            raise DataError(f"{path}: a clone for other features or moves; {remedy}")
        require_sizes({"units": data["settings"]["units"]}, data["weights"])
        policy = new_policy(data["settings"]["units"], 0)
        policy.load_state_dict(data["weights"])
        about = dict(data["about"])
    policy.set_training_mode(False)
    return policy, about
