"""Tests of a randomised change that may be looked at after every day, for accounts that are measured again and again.

The account is what was randomised, so the account is what is counted: its days are averaged, not added up as if they
were independent. An account's running mean moves little from day to day, hence looks are strongly dependent, and in
ways that no model of days gets right (drifts, weekends, fat tails). So the reference distribution is the
randomisation itself: the assignment that happened is compared with others that the same blocks could have got, day by
day, and an error-spending boundary (Lan & DeMets 1983) is drawn through those paths. Under "no account is affected"
the share of false alarms over all looks together is at most `alpha` exactly, whatever the metric's distribution and
its dependence between days; under "no effect on average" it is so asymptotically, because the statistic is
studentised (Chung & Romano 2013; Wu & Ding 2021). `aurora bench experiment` measures it, beside the mixture test
below, whose guarantee rests on a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.types import FloatArray

Side = Literal["both", "above"]

P_STEPS = 80
"""Error rates that are tried for a p-value."""
MIN_BLOCK = 4
"""Accounts: two on each arm, so that a variance within the block can be had."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Result of the test after each day; all arrays float64 [days].

    Attributes:
        estimate: Treated minus control, of the metric's mean over the days so far.
        se: Standard error of the estimate.
        threshold: Distance from the null, in standard errors, above which the test stops.
        low: Lower end of the interval that holds the effect on all days at once with probability 1 - alpha.
        high: Upper end of that interval; infinite for a one-sided test.
        stopped: Index of the first day on which the threshold was passed; None if on none.
    """

    estimate: FloatArray
    se: FloatArray
    threshold: FloatArray
    low: FloatArray
    high: FloatArray
    stopped: int | None


def spending(alpha: float, days: int, *, earliest: int = 1, power: float = 1.0) -> FloatArray:
    """Return the share of false alarms to spend up to each day: alpha (t / days)^power (Kim & DeMets 1987, eq. 2).

    Args:
        alpha: Probability of a false alarm, over all days.
        days: Longest duration.
        earliest: First day, from 1, on which the test may stop.
        power: 1 spends evenly; larger ones keep more for later days.

    Returns:
        float64 [days], rising to `alpha`.
    """
    day = np.arange(1, days + 1)
    return np.where(day < earliest, 0.0, alpha * (day / days) ** power)


def running_outcomes(values: FloatArray, before: FloatArray | None = None) -> FloatArray:
    """Return each account's mean over the days so far, less what the day and the account's own past explain.

    A day's mean over all accounts is taken off first, so that an account which lacks a Sunday is not judged by the
    others' Sundays. Then the part that a regression on the past predicts is taken off (CUPED; Deng et al. 2013). Both
    use all accounts of both arms alike, so they carry no information on who was treated.

    Args:
        values: float64 [accounts, days]; NaN where nothing was measured.
        before: float64 [accounts, covariates]: the account before the start; None for no adjustment.

    Returns:
        float64 [accounts, days], finite; 0, which is "as predicted", as long as an account has no value.
    """
    seen = np.isfinite(values)
    counts = np.maximum(seen.sum(axis=0), 1)
    centred = np.where(seen, values - np.where(seen, values, 0.0).sum(axis=0) / counts, 0.0)
    days = np.cumsum(seen, axis=1)
    means = np.cumsum(centred, axis=1) / np.maximum(days, 1)
    if before is None:
        return np.asarray(means)
    design = np.column_stack([np.ones(len(before)), before])
    solution, *_ = np.linalg.lstsq(design, means, rcond=None)
    return np.asarray(np.where(days > 0, means - design @ solution, 0.0))


def resample(
    treated: NDArray[np.bool_], blocks: Sequence[NDArray[np.intp]], count: int, seed: int
) -> NDArray[np.bool_]:
    """Draw assignments that the same blocks could have had, the actual one first.

    Args:
        treated: bool [accounts].
        blocks: Positions of each block's accounts.
        count: Number of assignments, the actual one included.
        seed: Random seed of the others.

    Returns:
        bool [accounts, count].
    """
    rng = np.random.default_rng(seed)
    drawn = np.zeros((len(treated), count), dtype=bool)
    for members in blocks:
        rank = rng.random((len(members), count)).argsort(axis=0).argsort(axis=0)
        drawn[members] = rank < treated[members].sum()
    drawn[:, 0] = treated
    return drawn


def effects(
    assignments: NDArray[np.bool_], outcomes: FloatArray, blocks: Sequence[NDArray[np.intp]]
) -> tuple[FloatArray, FloatArray]:
    """Return the blocked difference in means with its standard error (Neyman 1923; Imbens & Rubin 2015, sec. 9.5).

    Args:
        assignments: bool [accounts, assignments], at least two accounts of each arm in every block, and as many
            treated ones in a block in every assignment.
        outcomes: float64 [accounts, days].
        blocks: Positions of each block's accounts.

    Returns:
        Estimate and standard error, each float64 [days, assignments].
    """
    shape = outcomes.shape[1], assignments.shape[1]
    estimate, variance, scratch = np.zeros(shape), np.zeros(shape), np.empty(shape)
    for members in blocks:
        share = len(members) / len(outcomes)
        z = outcomes[members] - outcomes[members].mean(axis=0)  # so that squares lose no digits
        arm = assignments[members].astype(np.float64)
        n = int(assignments[members, 0].sum())
        m = len(members) - n
        of_treated, of_control = share**2 / (n * (n - 1)), share**2 / (m * (m - 1))
        total = (share * (1 / n + 1 / m) * z.T) @ arm  # the sum of the control is that of the treated, negative
        estimate += total
        np.multiply(total, total, out=scratch)
        scratch *= (of_treated / n + of_control / m) / (share * (1 / n + 1 / m)) ** 2
        variance -= scratch
        variance += of_control * (z**2).sum(axis=0)[:, None]
        if n != m:
            variance += (of_treated - of_control) * ((z**2).T @ arm)
    return estimate, np.sqrt(np.maximum(variance, 0.0))


def boundary(statistics: FloatArray, spent: FloatArray) -> FloatArray:
    """Return thresholds that at most a share `spent` of the paths has passed up to each day.

    Args:
        statistics: float64 [days, paths], larger is more extreme.
        spent: float64 [days], rising.

    Returns:
        float64 [days]; a path passes where it is larger. Infinite where nothing may be spent yet.
    """
    paths = statistics.shape[1]
    alive = np.ones(paths, dtype=bool)
    thresholds = np.full(len(spent), np.inf)
    for day, share in enumerate(spent):
        allowed = int(np.floor(share * paths + 1e-9)) - (paths - int(alive.sum()))
        here = statistics[day, alive]
        if allowed <= 0:
            continue
        thresholds[day] = -np.inf if allowed >= len(here) else np.partition(here, -allowed - 1)[-allowed - 1]
        alive &= statistics[day] <= thresholds[day]
    return thresholds


def look(
    outcomes: FloatArray,
    assignments: NDArray[np.bool_],
    blocks: Sequence[NDArray[np.intp]],
    spent: FloatArray,
    *,
    side: Side = "both",
    null: float = 0.0,
) -> Looks:
    """Test after each day so far.

    Args:
        outcomes: float64 [accounts, days so far], of `running_outcomes`.
        assignments: bool [accounts, assignments], the one that happened first, of `resample`.
        blocks: Positions of each block's accounts.
        spent: float64 [days so far], of `spending`.
        side: "above" asks only whether the effect is larger than `null`.
        null: The effect that is tested.

    Returns:
        Estimates are of the effect itself, not of its distance from `null`.

    Raises:
        InputError: A block has fewer than two accounts on an arm, or `spent` has other days than `outcomes`.
    """
    treated = assignments[:, 0]
    if outcomes.shape[1] != len(spent):
        raise InputError(f"{outcomes.shape[1]} days of outcomes, but {len(spent)} of error to spend")
    for members in blocks:
        if min(treated[members].sum(), (~treated[members]).sum()) < MIN_BLOCK // 2:
            raise InputError(f"a block of {len(members)} accounts has fewer than {MIN_BLOCK // 2} on one arm")
    estimate, se = effects(assignments, outcomes - null * treated[:, None], blocks)
    statistic = _studentised(estimate, se, side)
    threshold = boundary(statistic, spent)
    passed = np.flatnonzero(statistic[:, 0] > threshold)
    middle, error = estimate[:, 0] + null, se[:, 0].copy()  # a view would keep all resamples alive
    with np.errstate(invalid="ignore"):
        radius = np.where(np.isinf(threshold), np.inf, np.maximum(threshold, 0.0) * error)
    high = middle + radius if side == "both" else np.full(len(middle), np.inf)
    return Looks(middle, error, threshold, middle - radius, high, int(passed[0]) if len(passed) else None)


def _studentised(estimate: FloatArray, se: FloatArray, side: Side) -> FloatArray:
    distance = np.abs(estimate) if side == "both" else estimate
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(distance == 0, 0.0, distance / se)  # all accounts alike: no evidence either way


def p_value(
    outcomes: FloatArray, assignments: NDArray[np.bool_], blocks: Sequence[NDArray[np.intp]], days: int
) -> float:
    """Return the smallest error rate at which the two-sided test would have stopped by now, whenever one looks.

    Args:
        outcomes: float64 [accounts, days so far], of `running_outcomes`.
        assignments: bool [accounts, assignments], the one that happened first.
        blocks: Positions of each block's accounts.
        days: Longest duration of the experiment.

    Returns:
        To a step of a tenth of itself; never below 1 / assignments.
    """
    estimate, se = effects(assignments, outcomes, blocks)
    statistic = _studentised(estimate, se, "both")
    so_far = outcomes.shape[1]
    smallest = 1.0
    for alpha in np.geomspace(1.0, 1 / assignments.shape[1], P_STEPS):
        if not (statistic[:, 0] > boundary(statistic, spending(float(alpha), days)[:so_far])).any():
            break
        smallest = float(alpha)
    return smallest


def mixture_radius(se: FloatArray, alpha: float, scale: float) -> FloatArray:
    """Return half the width of the normal-mixture confidence sequence (Robbins 1970; Johari et al. 2022, eq. 9).

    It needs no horizon. It holds if the estimates' increments are independent in information time, that is, if an
    account's days are independent around a fixed level; drifting accounts break it.

    Args:
        se: float64 [days], standard error of the estimate.
        alpha: Error rate of the sequence as a whole.
        scale: Standard deviation of the mixture: the size of effects that are expected.
    """
    variance = se**2
    ratio = (variance + scale**2) / variance
    return np.asarray(np.sqrt(variance * (variance + scale**2) / scale**2 * (2 * np.log(1 / alpha) + np.log(ratio))))
