"""Who among many runs an account well: a score that allows for how hard the workload is, and its uncertainty.

A small bill alone shows the wrong people: those with easy workloads. So an account's cost per unit of performance is
compared with what its own demand would cost on the best fitting machines (reference rightsizing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.accounts import KEEP, MOVES, Account, Catalogue, Configuration, moves_between
from aurora.learning.accounts.situation import situations
from aurora.learning.accounts.workload import DAY
from aurora.learning.experts.difficulty import difficulty
from aurora.learning.experts.expert_score import Adjustment, daily, parts_of, stacked, standard, stars_beyond
from aurora.learning.experts.mixture import fit_mixture

LEAST_DAYS = 7
"""Of history that counts, below which an account is not judged."""
LEAST_PEERS = 20
"""Accounts, below which nobody can be compared with peers."""
BULK = -0.5
"""Scores above it are told apart by the mixture: the tail of bad accounts is long, and would take its groups."""
GROUPS = 3
"""Below the middle, the middle, experts. Chosen, as `BULK`, on populations 100-104, for the worst of them."""
STRONG = 10.0
"""Difference of BIC that is very strong evidence (Kass & Raftery, JASA 1995, section 3.2): here, of a single group."""
RESAMPLES = 200
TAIL = 4.0
"""Robust standard deviations beyond which a part counts no further."""


class Weights(NamedTuple):
    """What counts how much in the score; only their proportions matter.

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
    """An account that is not judged.

    Attributes:
        account_id: Whose.
        days: Of history.
        needed: Days.
    """

    account_id: str
    days: float
    needed: float


@dataclass(frozen=True, slots=True)
class ExpertScore:
    """How well an account is run.

    Attributes:
        account_id: Whose.
        score: Weighted mean of the parts; 0 is the median account, 1 is one robust standard deviation above it.
        low: Lower bound of the score's 90 % interval.
        high: Upper bound.
        probability: That it belongs to the experts.
        is_expert: Whether it is taken for one.
        parts: Standardised economy, utilisation, practice and feedback.
        cost_ratio: Its cost, misses at their price, over that of the reference rightsizing.
    """

    account_id: str
    score: float
    low: float
    high: float
    probability: float
    is_expert: bool
    parts: Mapping[str, float]
    cost_ratio: float


class Judgement(NamedTuple):
    """All accounts judged together, best first, and those with too little history."""

    scores: tuple[ExpertScore, ...]
    refused: tuple[Refusal, ...]
    threshold: float


def check_weights(weights: Weights) -> None:
    """Refuse weights that weigh nothing.

    Raises:
        DataError: One is negative or not finite, or all are 0; the message names it.
    """
    for name, value in weights._asdict().items():
        if not np.isfinite(value) or value < 0:
            raise DataError(f"weight {name!r} must be a number from 0 up, it is {value}")
    if not sum(weights):
        raise DataError("all weights are 0; give at least one of economy, utilisation, practice, feedback")


def judge(
    accounts: Sequence[Account],
    catalogue: Catalogue,
    *,
    weights: Weights = DEFAULT_WEIGHTS,
    share: float | None = None,
    adjust: Adjustment = "reference",
    skip: float = 7.0,
    seed: int = 0,
) -> Judgement:
    """Score accounts, and tell the experts from the others.

    Args:
        accounts: Histories, of different accounts.
        catalogue: That they name things from.
        weights: Of the score's parts.
        share: Of the accounts that are taken for experts; by default those who more likely belong to the upper one of
            the groups that a mixture of normal distributions finds in the scores.
        adjust: For the difficulty of workloads: by the reference, by peers after it, or not at all. Peers are for
            populations in which the hard workloads are not given to the best people: otherwise the regression takes
            their skill for difficulty.
        skip: Days at the beginning that don't count, since whoever takes over an account inherits its configuration;
            less where the history is short.
        seed: Of the resampling of days.

    Raises:
        DataError: Weights or share are out of range, fewer than `LEAST_PEERS` accounts have enough history, or the
            scores form no groups.
    """
    check_weights(weights)
    if not np.isfinite(skip) or skip < 0:
        raise DataError(f"the days to skip must be a number from 0 up, they are {skip}")
    if share is not None and not 0 < share < 1:
        raise DataError(f"the share of experts must lie between 0 and 1, it is {share}")
    days = {a.account_id: len(a) * a.period / DAY for a in accounts}
    needed = LEAST_DAYS + skip
    refused = tuple(Refusal(name, d, needed) for name, d in days.items() if d < needed)
    judged = [a for a in accounts if days[a.account_id] >= needed]
    if len(judged) < LEAST_PEERS:
        raise DataError(
            f"{len(judged)} accounts have at least {needed:g} days of history, {len(refused)} have fewer; "
            f"{LEAST_PEERS} are needed to compare them"
        )
    rng = np.random.default_rng([seed, 51])
    columns, exists = stacked([daily(a, catalogue, skip) for a in judged])
    hard = np.array([difficulty(a, catalogue) for a in judged])
    parts = (*parts_of(columns, exists, hard, adjust), stars_beyond(judged, None))
    scales = [standard(p) for p in parts]
    share_of = np.array(weights) / sum(weights)

    def standardised(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.array([np.clip((v - m) / s, -TAIL, TAIL) for v, (m, s) in zip(values, scales, strict=True)])

    z = standardised(parts)
    raw = share_of @ z
    middle, scale = standard(raw)
    score = (raw - middle) / scale
    counts = exists.sum(axis=1)
    drawn = np.empty((RESAMPLES, len(judged)))
    for b in range(RESAMPLES):
        resampled = np.array([rng.multinomial(int(n), row / n) for n, row in zip(counts, exists, strict=True)], float)
        again = (*parts_of(columns, resampled, hard, adjust), stars_beyond(judged, rng))
        drawn[b] = (share_of @ standardised(again) - middle) / scale
    threshold, probability = _told_apart(score, drawn, share)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    ratio = columns.burden.sum(axis=1) / columns.reference.sum(axis=1)
    found = [
        ExpertScore(
            a.account_id,
            float(score[k]),
            float(low[k]),
            float(high[k]),
            float(probability[k]),
            bool(score[k] >= threshold if share is not None else probability[k] >= 0.5),  # noqa: PLR2004  # more likely
            dict(zip(Weights._fields, z[:, k].tolist(), strict=True)),
            float(ratio[k]),
        )
        for k, a in enumerate(judged)
    ]
    return Judgement(tuple(sorted(found, key=lambda s: -s.score)), refused, threshold)


def _told_apart(
    score: NDArray[np.float64], drawn: NDArray[np.float64], share: float | None
) -> tuple[float, NDArray[np.float64]]:
    """The threshold, and the probability of each account to lie among the experts."""
    if share is not None:
        count = max(1, round(share * len(score)))
        threshold = float(np.sort(score)[-count])
        return threshold, np.asarray((drawn >= threshold).mean(axis=0))
    bulk = score[score > BULK]
    mixture = fit_mixture(bulk, GROUPS)
    if fit_mixture(bulk, 1).bic < mixture.bic - STRONG:
        raise DataError(
            f"the scores of {len(score)} accounts form one group, not two; say which share of them are experts"
        )
    return mixture.upper_bound, np.asarray(mixture.upper(drawn).mean(axis=0))


@dataclass(frozen=True, slots=True)
class ExpertStates:
    """Every situation in which an expert chose, and what was chosen.

    Attributes:
        features: float32 [situations, len(FEATURES)].
        moves: int64 [situations], positions in `MOVES`.
        account: int64 [situations], positions in `accounts`.
        period: int64 [situations], after which it was chosen.
        accounts: The experts'.
        scale: float32 [len(FEATURES)], standard deviations; infinite for a feature that never changes.
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
        account_id: The expert's account.
        period: After which the move was made.
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
    """The situations of accounts that are run by experts.

    Where several moves were made at once, the first in the order of `MOVES` counts.

    Args:
        accounts: By `judge`, or known otherwise.
        catalogue: That they name things from.
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
    """The situations of experts that resemble a state most, nearest first.

    Args:
        state: By `accounts.situation.situation`, float32 [len(FEATURES)].
        histories: By `expert_states`.
        k: How many, at least 1.

    Raises:
        DataError: k is below 1.
    """
    if k < 1:
        raise DataError(f"k must be at least 1, it is {k}")
    distance = np.sqrt((((histories.features - state) / histories.scale) ** 2).mean(axis=1))
    found = []
    for i in np.argsort(distance, kind="stable")[:k]:
        account, t = histories.accounts[histories.account[i]], int(histories.period[i])
        before, after = account.configurations[t : t + 2]
        move = MOVES[histories.moves[i]]
        found.append(Similar(account.account_id, t, move, before, after, float(distance[i])))
    return tuple(found)
