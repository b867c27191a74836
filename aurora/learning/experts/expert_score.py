"""Parts of an expert score: economy, utilisation, practice and feedback of accounts, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts import MISS_PRICE, Account, Catalogue
from aurora.learning.accounts.numbers import numbers_of_history
from aurora.learning.accounts.twin import busy_cores
from aurora.learning.accounts.workload import DAY
from aurora.learning.experts.difficulty import reference_cost
from aurora.learning.experts.practice import PRACTICES

PRIOR_RATINGS = 4.0
"""Ratings at the population's mean that are added to each account's own (shrinkage)."""
Adjustment = Literal["reference", "peers", "none"]


class Parts(NamedTuple):
    """Parts of the score that depend on days, each float64 [accounts]."""

    economy: NDArray[np.float64]
    utilisation: NDArray[np.float64]
    practice: NDArray[np.float64]


class Daily(NamedTuple):
    """An account's sums day by day, each float64 [days]."""

    burden: NDArray[np.float64]
    in_time: NDArray[np.float64]
    reference: NDArray[np.float64]
    work: NDArray[np.float64]
    paid: NDArray[np.float64]
    kept: NDArray[np.float64]


def daily_sums(account: Account, catalogue: Catalogue, skip: float) -> Daily:
    """Return the sums of each day of an account, without the first `skip` days."""
    numbers = numbers_of_history(account, catalogue)
    work = busy_cores(account, catalogue) * account.hours
    misses = account.metric("misses")
    kept = np.mean([rule(account, numbers, catalogue) for rule in PRACTICES.values()], axis=0)
    paid = work / np.maximum(account.metric("cpu"), 1e-3)
    columns = (
        account.metric("cost") + MISS_PRICE * misses * work,
        work * (1 - misses),
        reference_cost(account, catalogue),
        work,
        paid,
        kept,
    )
    day = max(1, round(DAY / account.period))
    first = round(skip * day)
    days = (len(account) - first) // day
    cut = [c[len(c) - days * day :].reshape(days, day) for c in columns]
    sums = [c.sum(axis=1) for c in cut]
    return Daily(sums[0], sums[1], sums[2], sums[3], sums[4], sums[5] / day)


def residuals(y: NDArray[np.float64], x: NDArray[np.float64], *, ridge: float = 1.0) -> NDArray[np.float64]:
    """Return the residuals of a robust regression of y on x (Huber's weights, iterated; Huber 1981, ch. 7)."""
    spread = x.std(axis=0)
    z = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)])
    penalty = ridge * np.eye(z.shape[1])
    penalty[0, 0] = 0.0
    weight = np.ones(len(y))
    for _ in range(30):
        beta = np.linalg.solve(z.T @ (weight[:, None] * z) + penalty, z.T @ (weight * y))
        left = y - z @ beta
        scale = max(1e-9, float(np.median(np.abs(left - np.median(left)))) * 1.4826)
        weight = np.minimum(1.0, 1.345 * scale / np.maximum(np.abs(left), 1e-12))
    return np.asarray(y - z @ beta)


def robust_scale(y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the median, and a robust standard deviation by the median absolute deviation."""
    middle = float(np.median(y))
    scale = float(np.median(np.abs(y - middle))) * 1.4826
    return middle, scale if scale > 0 else max(1e-9, float(y.std()))


def rating_excess(accounts: Sequence[Account], rng: np.random.Generator | None) -> NDArray[np.float64]:
    """Return the mean of each account's stars less its raters' usual ones, shrunk; resampled if `rng` is given."""
    by_rater: dict[str, list[int]] = {}
    for account in accounts:
        for rating in account.ratings:
            by_rater.setdefault(rating.rater, []).append(rating.stars)
    everyone = [s for stars in by_rater.values() for s in stars]
    middle = float(np.mean(everyone)) if everyone else 0.0
    usual = {r: (sum(s) + PRIOR_RATINGS * middle) / (len(s) + PRIOR_RATINGS) for r, s in by_rater.items()}
    excess = np.zeros(len(accounts))
    for k, account in enumerate(accounts):
        beyond = np.array([r.stars - usual[r.rater] for r in account.ratings])
        if len(beyond):
            drawn = beyond if rng is None else rng.choice(beyond, len(beyond))
            excess[k] = drawn.sum() / (len(beyond) + PRIOR_RATINGS)
    return excess


def score_parts(days: Daily, weight: NDArray[np.float64], hard: NDArray[np.float64], how: Adjustment) -> Parts:
    """Return economy, utilisation and practice, not standardised.

    Args:
        days: Sums of each day, float64 [accounts, days].
        weight: Weights of the days, float64 [accounts, days].
        hard: Difficulty of the workloads, float64 [accounts, 6].
        how: Adjustment for it.
    """
    total = [(weight * column).sum(axis=1) for column in days]
    burden, in_time, reference, work, paid, kept = total
    economy = -np.log(burden / np.maximum(in_time, 1e-6 * work))
    ratio = np.log(reference / work)
    utilisation = work / paid
    if how != "none":
        economy = economy + ratio
    if how == "peers":
        economy, utilisation = residuals(economy, hard), residuals(utilisation, hard)
    return Parts(economy, utilisation, kept / weight.sum(axis=1))


def stack_days(days: Sequence[Daily]) -> tuple[Daily, NDArray[np.float64]]:
    """Return the days of accounts in one array [accounts, days], and which of them exist (1 or 0)."""
    longest = max(len(d.work) for d in days)
    exists = np.array([[float(k < len(d.work)) for k in range(longest)] for d in days])
    columns = (np.array([np.pad(c, (0, longest - len(c))) for c in column]) for column in zip(*days, strict=True))
    return Daily(*columns), exists
