"""Behaviour of people who run accounts: the few who look ahead, and the many who don't."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import KEEP, MOVES, Configuration, apply_move, valid_moves
from aurora.learning.accounts.history import COLUMN
from aurora.learning.accounts.simulator import Machines, advance, setting_of
from aurora.learning.accounts.workload import STEP, Workload

Behaviour = Literal["expert", "average", "negligent", "thrasher", "underprovisioner", "lucky"]
MISS_PRICE = 1.0
"""Dollars for a core-hour of demand that was served too late: about twenty times what a core-hour costs."""
PER_WEEK = 7
CPU, MEMORY, IO, NETWORK = (COLUMN[n] for n in ("cpu", "memory", "io", "bandwidth"))
MISSES, COST = COLUMN["misses"], COLUMN["cost"]


class View(NamedTuple):
    """View of an account before the next period, for whoever runs it.

    Attributes:
        rows: Metrics of the periods so far, each float64 [len(METRICS)].
        configuration: Present configuration.
        machines: Machines that run now.
        workload: Needs of the application; experts know them.
        limit: Promised response time, seconds.
        data: Stored data, GiB.
        seen: Demand of the periods so far, float64 [periods, steps].
        catalogue: Catalogue of prices.
        per_day: Periods a day.
        rng: Random generator of this account's people.
    """

    rows: Sequence[NDArray[np.float64]]
    configuration: Configuration
    machines: Machines
    workload: Workload
    limit: float
    data: float
    seen: NDArray[np.float64]
    catalogue: Catalogue
    per_day: int
    rng: np.random.Generator


def burden(values: NDArray[np.float64], demand: NDArray[np.float64]) -> float:
    """Return what a period costs, with misses at their price.

    Args:
        values: Metrics of the period, float64 [len(METRICS)].
        demand: Busy cores in each step of the period, float64 [steps].

    Returns:
        Dollars.
    """
    return float(values[COST] + MISS_PRICE * values[MISSES] * demand.sum() * STEP / 3600)


def prospects(view: View, ahead: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the burden after each move if nothing is changed after it.

    Args:
        view: View of the account.
        ahead: Expected demand, float64 [periods, steps].

    Returns:
        Dollars by `burden` over the whole of `ahead`, float64 [len(MOVES)]; infinite for moves that aren't possible.
    """
    found = np.full(len(MOVES), np.inf)
    flat = ahead.ravel()
    for k, move in enumerate(MOVES):
        configuration = apply_move(view.configuration, move, view.catalogue)
        if configuration is None:
            continue
        setting = setting_of(configuration, view.workload, view.limit, view.data, view.catalogue)
        machines = view.machines.copy()
        found[k] = burden(advance(machines, configuration.instance, setting, flat), flat)
    return found


def expected_days(seen: NDArray[np.float64], per_day: int) -> tuple[NDArray[np.float64], ...]:
    """Return the expected demand of the next day: as yesterday, and as a week ago at yesterday's level.

    Args:
        seen: Demand so far, float64 [periods, steps], at least one period.
        per_day: Periods a day.

    Returns:
        One or two days, each float64 [periods of a day, steps].
    """
    if len(seen) < per_day:
        return (np.repeat(seen[-1:], per_day, axis=0),)
    yesterday = seen[-per_day:]
    week = PER_WEEK * per_day
    if len(seen) < week + per_day:
        return (yesterday,)
    level = yesterday.mean() / seen[-week - per_day : -week].mean()
    return yesterday, seen[-week : -week + per_day] * level


def expert(view: View, *, error: float = 0.04, slip: float = 0.02, gain: float = 0.05) -> int:
    """Choose the best move for the next day, by an imperfect forecast of it.

    Args:
        view: View of the account.
        error: Standard deviation of the logarithm of the forecast's level, besides that of `expected_days`.
        slip: Probability of doing the second best.
        gain: Least share that a change must promise to save.
    """
    days = expected_days(view.seen, view.per_day)
    level = view.rng.lognormal(0.0, error)
    found = np.mean([prospects(view, day * level) for day in days], axis=0)
    order = np.argsort(found, kind="stable")
    best = int(order[1] if view.rng.random() < slip else order[0])
    return best if np.isfinite(found[best]) and found[best] < (1 - gain) * found[KEEP] else KEEP


def _possible(view: View, *wanted: str) -> int:
    """Return the first of these moves that is possible; `keep` where none is."""
    possible = valid_moves(view.configuration, view.catalogue)
    return next((k for k in map(MOVES.index, wanted) if possible[k]), KEEP)


def _mean(view: View, column: int, days: float) -> float:
    rows = view.rows[-max(1, round(days * view.per_day)) :]
    return float(np.mean([r[column] for r in rows])) if rows else 0.0


def average(view: View) -> int:
    """Choose a move once a day: add machines after trouble, seldom remove any."""
    if len(view.rows) % view.per_day or not view.rows:
        return KEEP
    if _mean(view, MISSES, 1) > 0.03:  # noqa: PLR2004  # habits, here and below
        if _mean(view, MEMORY, 1) > 0.9:  # noqa: PLR2004
            return _possible(view, "larger", "next_family")
        if _mean(view, IO, 1) > 0.8:  # noqa: PLR2004
            return _possible(view, "storage_up")
        if _mean(view, NETWORK, 1) > 0.8:  # noqa: PLR2004
            return _possible(view, "network_up")
        return _possible(view, *(("maximum_up", "larger") if view.rng.random() < 0.5 else ("minimum_up", "larger")))  # noqa: PLR2004
    if _mean(view, CPU, 3) < 0.25 and view.rng.random() < 0.15:  # noqa: PLR2004
        return _possible(view, "minimum_down", "smaller")
    return KEEP


def negligent(view: View) -> int:
    """Keep the configuration, except for a random move in one period of two hundred."""
    possible = np.flatnonzero(valid_moves(view.configuration, view.catalogue))
    return int(view.rng.choice(possible)) if view.rng.random() < 0.005 else KEEP  # noqa: PLR2004


def thrasher(view: View) -> int:
    """React to the last period alone: up at once, down at once."""
    if not view.rows or view.rng.random() < 0.3:  # noqa: PLR2004
        return KEEP
    last = view.rows[-1]
    if last[MISSES] > 0.01 or last[CPU] > 0.65:  # noqa: PLR2004
        return _possible(view, *view.rng.permutation(["larger", "maximum_up", "minimum_up", "storage_up"]))
    if last[CPU] < 0.5:  # noqa: PLR2004
        return _possible(view, *view.rng.permutation(["smaller", "maximum_down", "minimum_down", "storage_down"]))
    return KEEP


def underprovisioner(view: View) -> int:
    """Save wherever possible, and ignore misses until half of all requests are late."""
    if _mean(view, MISSES, 1) > 0.5:  # noqa: PLR2004
        return _possible(view, "maximum_up", "larger")
    if view.rng.random() < 0.25:  # noqa: PLR2004
        wanted = ["minimum_down", "maximum_down", "target_up", "storage_down", "network_down", "smaller"]
        return _possible(view, *view.rng.permutation(wanted)) if _mean(view, CPU, 1) < 0.75 else KEEP  # noqa: PLR2004
    return KEEP


BEHAVIOURS: Mapping[Behaviour, Callable[[View], int]] = {
    "expert": expert,
    "average": average,
    "negligent": negligent,
    "thrasher": thrasher,
    "underprovisioner": underprovisioner,
    "lucky": average,
}
"""Behaviour -> function from a view to the number of a move. The lucky are average people with an easy workload."""
