"""Identification of experts among accounts, by a score that allows for the difficulty of the workload.

A small bill alone shows the wrong people: those with easy workloads. So an account's cost per unit of performance is
compared with what its own demand would cost on the best fitting machines (reference rightsizing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError, InputError
from aurora.learning.accounts import KEEP, MOVES, Account, Catalogue, Configuration, moves_between
from aurora.learning.accounts.situation import situations
from aurora.learning.accounts.workload import DAY
from aurora.learning.experts.difficulty import difficulty
from aurora.learning.experts.expert_score import (
    Adjustment,
    daily_sums,
    rating_excess,
    robust_scale,
    score_parts,
    stack_days,
)
from aurora.learning.experts.mixture import fit_mixture
from aurora.types import FloatArray

MIN_DAYS = 7
"""Fewest days of history that count for an account to be scored."""
MIN_ACCOUNTS = 20
"""Fewest accounts that can be compared with each other."""
MIXTURE_CUT = -0.5
"""Least score that the mixture is fitted to: without the cut, the long lower tail absorbs its components."""
MIXTURE_GROUPS = 3
"""Below the middle, the middle, experts. Chosen, as `MIXTURE_CUT`, on populations 100-104, for the worst of them."""
VERY_STRONG_EVIDENCE = 10.0
"""Difference of BIC that is very strong evidence (Kass & Raftery, JASA 1995, section 3.2): here, of a single group."""
RESAMPLES = 200
"""Resamples of the days, for the intervals of the scores."""
PART_LIMIT = 4.0
"""Robust standard deviations beyond which a part of the score is clipped."""
INTERVAL = (0.05, 0.95)
"""Quantiles of the resampled scores that bound the interval."""


class Weights(NamedTuple):
    """Weights of the score's parts; only their proportions matter.

    Attributes:
        economy: Dollars per core-hour of work done in time, misses at their price.
        utilisation: Share of the paid cores that worked.
        practice: Share of the rules of good practice that were kept; see `PRACTICES`.
        feedback: Users' stars.
    """

    economy: float = 0.6
    utilisation: float = 0.1
    practice: float = 0.2
    feedback: float = 0.1


DEFAULT_WEIGHTS = Weights()


class Refusal(NamedTuple):
    """An account with too little history to be scored.

    Attributes:
        account_id: Name of the account.
        days: Days of its history.
        needed: Days that are needed.
    """

    account_id: str
    days: float
    needed: float


@dataclass(frozen=True, slots=True)
class ExpertScore:
    """Score of how well an account is run.

    Attributes:
        account_id: Name of the account.
        score: Weighted mean of the parts; 0 is the median account, 1 is one robust standard deviation above it.
        low: Lower bound of the score's 90 % interval.
        high: Upper bound of the score's 90 % interval.
        probability: Probability that the account belongs to the experts.
        is_expert: Whether it is taken for an expert.
        parts: Standardised economy, utilisation, practice and feedback.
        cost_ratio: Cost, misses at their price, over that of the reference rightsizing.
    """

    account_id: str
    score: float
    low: float
    high: float
    probability: float
    is_expert: bool
    parts: Mapping[str, float]
    cost_ratio: float


class Identification(NamedTuple):
    """Experts among accounts.

    Attributes:
        scores: Scores of all accounts, best first.
        refused: Accounts with too little history.
        threshold: Least score of an expert.
    """

    scores: tuple[ExpertScore, ...]
    refused: tuple[Refusal, ...]
    threshold: float


def check_weights(weights: Weights) -> None:
    """Check that weights weigh something.

    Raises:
        InputError: One is negative or not finite, or all are 0; the message names it.
    """
    for name, value in weights._asdict().items():
        if not np.isfinite(value) or value < 0:
            raise InputError(f"weight {name!r} must be a number from 0 up, it is {value}", parameter="weights")
    if not sum(weights):
        reason = "all weights are 0; give at least one of economy, utilisation, practice, feedback"
        raise InputError(reason, parameter="weights")


def identify_experts(
    accounts: Sequence[Account],
    catalogue: Catalogue,
    *,
    weights: Weights = DEFAULT_WEIGHTS,
    share: float | None = None,
    adjust: Adjustment = "reference",
    skip: float = 7.0,
    seed: int = 0,
) -> Identification:
    """Score accounts, and separate the experts from the others.

    Args:
        accounts: Histories of different accounts.
        catalogue: Catalogue that the configurations name things from.
        weights: Weights of the score's parts.
        share: Share of the accounts that are taken for experts; None: those who more likely belong to the uppermost
            component of a mixture of normal distributions that is fitted to the scores.
        adjust: Adjustment for the difficulty of workloads: by the reference, by peers after it, or none. Peers are for
            populations in which the hard workloads are not given to the best people: otherwise the regression takes
            their skill for difficulty.
        skip: Days at the beginning that don't count, since whoever takes over an account inherits its configuration;
            less where the history is short.
        seed: Random seed of the resampling of days.

    Raises:
        InputError: Weights, share or skip are out of range.
        DataError: Fewer than `MIN_ACCOUNTS` accounts have enough history, or the scores form no groups.
    """
    check_weights(weights)
    _check_range(share, skip)
    scored, refused = _with_enough_history(accounts, skip)
    rng = np.random.default_rng([seed, 51])
    columns, exists = stack_days([daily_sums(a, catalogue, skip) for a in scored])
    hard = np.array([difficulty(a, catalogue) for a in scored])
    parts = (*score_parts(columns, exists, hard, adjust), rating_excess(scored, None))
    scales = [robust_scale(p) for p in parts]
    proportions = np.array(weights) / sum(weights)
    z = _standardised(parts, scales)
    raw = proportions @ z
    middle, scale = robust_scale(raw)
    score = (raw - middle) / scale
    drawn = np.empty((RESAMPLES, len(scored)))
    for b in range(RESAMPLES):
        resampled = _resampled_days(exists, rng)
        again = (*score_parts(columns, resampled, hard, adjust), rating_excess(scored, rng))
        drawn[b] = (proportions @ _standardised(again, scales) - middle) / scale
    threshold, probability = _threshold(score, drawn, share)
    # With a share the experts are counted off; without one they are those who more likely belong to the upper group.
    is_expert = score >= threshold if share is not None else probability >= 0.5  # noqa: PLR2004  # more likely
    low, high = np.quantile(drawn, INTERVAL, axis=0)
    ratio = columns.burden.sum(axis=1) / columns.reference.sum(axis=1)
    scores = [
        ExpertScore(
            account_id=a.account_id,
            score=float(score[k]),
            low=float(low[k]),
            high=float(high[k]),
            probability=float(probability[k]),
            is_expert=bool(is_expert[k]),
            parts=dict(zip(Weights._fields, z[:, k].tolist(), strict=True)),
            cost_ratio=float(ratio[k]),
        )
        for k, a in enumerate(scored)
    ]
    return Identification(tuple(sorted(scores, key=lambda s: -s.score)), refused, threshold)


def _check_range(share: float | None, skip: float) -> None:
    if not np.isfinite(skip) or skip < 0:
        raise InputError("the days to skip must be a number from 0 up", parameter="skip", value=skip)
    if share is not None and not 0 < share < 1:
        raise InputError("the share of experts must lie between 0 and 1", parameter="share", value=share)


def _with_enough_history(accounts: Sequence[Account], skip: float) -> tuple[list[Account], tuple[Refusal, ...]]:
    """Return the accounts that can be scored, and the others."""
    days = {a.account_id: len(a) * a.period / DAY for a in accounts}
    needed = MIN_DAYS + skip
    refused = tuple(Refusal(name, d, needed) for name, d in days.items() if d < needed)
    scored = [a for a in accounts if days[a.account_id] >= needed]
    if len(scored) < MIN_ACCOUNTS:
        raise DataError(
            f"{len(scored)} accounts have at least {needed:g} days of history, {len(refused)} have fewer; "
            f"{MIN_ACCOUNTS} are needed to compare them"
        )
    return scored, refused


def _standardised(parts: Sequence[FloatArray], scales: Sequence[tuple[float, float]]) -> FloatArray:
    """Return parts of the score in robust standard deviations from their medians: [parts, accounts]."""
    limit = PART_LIMIT
    return np.array([np.clip((v - m) / s, -limit, limit) for v, (m, s) in zip(parts, scales, strict=True)])


def _resampled_days(exists: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return how often each day of each account is drawn, as many in all as there are: [accounts, days]."""
    counts = exists.sum(axis=1)
    return np.array([rng.multinomial(int(n), row / n) for n, row in zip(counts, exists, strict=True)], float)


def _threshold(score: FloatArray, drawn: FloatArray, share: float | None) -> tuple[float, FloatArray]:
    """Return the least score of an expert, and the probability of each account to be one."""
    if share is not None:
        count = max(1, round(share * len(score)))
        threshold = float(np.sort(score)[-count])
        return threshold, np.asarray((drawn >= threshold).mean(axis=0))
    bulk = score[score > MIXTURE_CUT]
    mixture = fit_mixture(bulk, MIXTURE_GROUPS)
    if fit_mixture(bulk, 1).bic < mixture.bic - VERY_STRONG_EVIDENCE:
        raise DataError(
            f"the scores of {len(score)} accounts form one group, not two; say which share of them are experts"
        )
    return mixture.upper_bound, np.asarray(mixture.upper(drawn).mean(axis=0))


@dataclass(frozen=True, slots=True)
class ExpertStates:
    """Situations in which experts chose, and the moves that they chose.

    Attributes:
        features: Situations, float32 [situations, len(FEATURES)].
        moves: Chosen moves, positions in `MOVES`, int64 [situations].
        account: Positions in `accounts`, int64 [situations].
        period: Period after which the move was made, int64 [situations].
        accounts: Accounts of the experts.
        scale: Standard deviations of the features, infinite for one that never changes, float32 [len(FEATURES)].
    """

    features: NDArray[np.float32]
    moves: NDArray[np.int64]
    account: NDArray[np.int64]
    period: NDArray[np.int64]
    accounts: tuple[Account, ...]
    scale: NDArray[np.float32]


class Similar(NamedTuple):
    """A situation of an expert that resembles another.

    Attributes:
        account_id: Account of the expert.
        period: Period after which the move was made.
        move: Name of the move.
        before: Configuration in the situation.
        after: Configuration that was chosen.
        distance: Root mean square difference of the standardised features; 0 is the same, 1.4 a random pair.
    """

    account_id: str
    period: int
    move: str
    before: Configuration
    after: Configuration
    distance: float


def expert_states(accounts: Sequence[Account], catalogue: Catalogue, *, skip: float = 0.0) -> ExpertStates:
    """Return the situations of accounts that are run by experts, with the moves that were made.

    Where several moves were made at once, the first in the order of `MOVES` counts.

    Args:
        accounts: Accounts of experts, by `identify_experts` or known otherwise.
        catalogue: Catalogue that the configurations name things from.
        skip: Days at the beginning of each history that don't count.

    Raises:
        DataError: No account has two periods after those that are skipped.
    """
    features, moves, owner, period = [], [], [], []
    for k, account in enumerate(accounts):
        first = round(skip * DAY / account.period)
        if len(account) - 1 <= first:
            continue
        for t in range(first, len(account) - 1):
            before, after = account.configurations[t : t + 2]
            made = moves_between(before, after, catalogue) if before != after else ()
            moves.append(MOVES.index(made[0]) if made else KEEP)
            owner.append(k)
            period.append(t)
        features.append(situations(account, catalogue)[first:-1])
    if not features:
        raise DataError(f"{len(accounts)} experts' accounts, none with two periods: there is nothing to learn from")
    table = np.concatenate(features)
    spread = table.std(axis=0)
    scale = np.where(spread > 0, spread, np.inf).astype(np.float32)
    return ExpertStates(table, np.array(moves), np.array(owner), np.array(period), tuple(accounts), scale)


def similar_situations(state: NDArray[np.float32], histories: ExpertStates, k: int) -> tuple[Similar, ...]:
    """Return the situations of experts that resemble a situation most, nearest first.

    Args:
        state: Situation, by `accounts.situation.situation`, float32 [len(FEATURES)].
        histories: Situations of experts, by `expert_states`.
        k: Number of situations, at least 1.

    Raises:
        InputError: `k` is below 1.
    """
    if k < 1:
        raise InputError("give at least 1", parameter="k", value=k)
    distance = np.sqrt((((histories.features - state) / histories.scale) ** 2).mean(axis=1))
    nearest = []
    for i in np.argsort(distance, kind="stable")[:k]:
        account, t = histories.accounts[histories.account[i]], int(histories.period[i])
        before, after = account.configurations[t : t + 2]
        move = MOVES[histories.moves[i]]
        nearest.append(Similar(account.account_id, t, move, before, after, float(distance[i])))
    return tuple(nearest)
