"""Running accounts under a policy, and comparing what two policies made of the same accounts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts import KEEP, Catalogue
from aurora.learning.accounts.history import M_COST, M_MISSES
from aurora.learning.accounts.workload import STEP
from aurora.learning.experts.account_env import AccountEnv, Case
from aurora.learning.experts.cloning import Choose
from aurora.statistics.intervals import Interval, paired_interval

EQUAL_SERVICE_MARGIN = 0.002
"""Largest rise of the share of misses, at the upper bound of its interval, at which service counts as equal."""


class Served(NamedTuple):
    """Outcome of a policy on some accounts.

    Attributes:
        cost: Dollars over the whole time, float64 [accounts].
        misses: Share of the requests that were late, float64 [accounts].
        moves: Number of changes, float64 [accounts].
    """

    cost: NDArray[np.float64]
    misses: NDArray[np.float64]
    moves: NDArray[np.float64]


def run_policy(choose: Choose, cases: Sequence[Case], catalogue: Catalogue) -> Served:
    """Run accounts under one policy, for as long as the demand of the first case lasts."""
    environments = [AccountEnv(lambda _, c=case: c, catalogue) for case in cases]  # type: ignore[misc]
    seen = np.array([e.take_over(c) for e, c in zip(environments, cases, strict=True)])
    moves = np.zeros(len(cases))
    for _ in range(len(cases[0].demand)):
        chosen = choose(seen, np.array([e.action_masks() for e in environments]))
        moves += chosen != KEEP
        seen = np.array([e.step(move)[0] for e, move in zip(environments, chosen, strict=True)])
    return served_of([e.served for e in environments], cases, moves)


def served_of(rows: Sequence[NDArray[np.float64]], cases: Sequence[Case], moves: NDArray[np.float64]) -> Served:
    """Return the outcome on some accounts.

    Args:
        rows: Metrics of each account's periods, float64 [periods, len(METRICS)].
        cases: Accounts, with their demand.
        moves: Number of changes, float64 [accounts].
    """
    asked = [case.demand.sum(axis=1) * STEP for case in cases]
    return Served(
        np.array([r[:, M_COST].sum() for r in rows]),
        np.array([np.average(r[:, M_MISSES], weights=a) for r, a in zip(rows, asked, strict=True)]),
        moves,
    )


def compare_served(before: Served, after: Served) -> dict[str, Any]:
    """Return the relative change of cost and the change of misses, account by account, with 95 % intervals.

    The change of cost is the mean of logarithms' differences, so that large accounts don't decide alone.
    """
    cost = paired_interval(np.log(after.cost / before.cost))
    relative = Interval(*(math.expm1(v) for v in cost))
    misses = paired_interval(after.misses - before.misses)
    return {
        "cost_change": relative._asdict(),
        "misses_change": misses._asdict(),
        "cheaper": relative.high < 0,
        "equal_service": misses.high <= EQUAL_SERVICE_MARGIN,
    }


def served_means(served: Served) -> dict[str, float]:
    """Return the means over the accounts."""
    return {
        "cost": float(served.cost.mean()),
        "misses": float(served.misses.mean()),
        "moves": float(served.moves.mean()),
    }
