"""Estimated cost of the next day after each move, from metrics alone, without the truth.

It is the calculation that a careful operator makes. The application's needs are fitted to the last week's metrics. The
next day's demand is yesterday's, or that of the same day a week ago at yesterday's level; the cost is the mean of both.
Each configuration that one move leads to serves that demand in the simulator.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts.behaviour import MISS_PRICE
from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import MOVES, Configuration, apply_move
from aurora.learning.accounts.history import (
    M_BANDWIDTH,
    M_COST,
    M_CPU,
    M_CPU_PEAK,
    M_IO,
    M_MEMORY,
    M_MISSES,
    M_RUNNING,
    M_THROUGHPUT,
    METRICS,
)
from aurora.learning.accounts.jit import entry_point
from aurora.learning.accounts.numbers import (
    C_COOLDOWN,
    C_CORES,
    C_FIXED,
    C_GBIT,
    C_IOPS,
    C_MAXIMUM,
    C_MEMORY,
    C_MINIMUM,
    C_PRICE,
    C_SPEED,
    C_TARGET,
    NUMBERS,
    numbers_of,
)
from aurora.learning.accounts.simulator import S_BACKLOG, S_PAID, S_SERVING, S_WAIT, Setting, serve
from aurora.learning.accounts.workload import DAY, STEP
from aurora.sim.kernel.jit import inlined, jitted

PEAK_SHARE = 0.8
"""Share of a peak's excess over its period's mean that isn't due to the rhythm of the day."""
SWINGS = 1.5
"""Swings of demand within a period."""
LEAST_BUSY = 1e-3
"""Busy cores that an idle period counts as."""
RIDGE = 1.001
"""Factor on the squares of the least-squares fit; it decides where its two columns go hand in hand."""
_WIDTH = len(METRICS)


class Needs(NamedTuple):
    """Needs of an application, fitted to its metrics; the fields are those of `Setting`."""

    service: float
    memory_base: float
    memory_per_core: float
    io_per_core: float
    network_per_core: float


def numbers_after_moves(configuration: Configuration, data: float, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return the configurations that moves lead to, as numbers.

    Args:
        configuration: The present one.
        data: GiB that the account stores.
        catalogue: Catalogue that the configuration names things from.

    Returns:
        float64 [len(MOVES), NUMBERS]; NaN where a move is not possible.
    """
    rows = np.full((len(MOVES), NUMBERS), np.nan)
    for k, move in enumerate(MOVES):
        after = apply_move(configuration, move, catalogue)
        if after is not None:
            rows[k] = numbers_of(after, data, catalogue)
    return rows


@inlined
def busy_cores_in(values: Any, numbers: Any, k: int) -> Any:
    """Return the cores of the general family that were busy in a period: the demand, unless machines were full."""
    return max(LEAST_BUSY, values[k, M_CPU] * values[k, M_RUNNING] * numbers[k, C_CORES] * numbers[k, C_SPEED])


@jitted
def _needs(values: Any, numbers: Any, first: int, end: int) -> Any:
    """Fit the application's needs to the periods from `first` up to, not including, `end`.

    GiB = base * running + per_core * busy by least squares (normal equations of two columns), from 0 up.
    """
    busy_sum = rate = io = net = 0.0
    rr = rb = bb = ry = by = 0.0
    for k in range(first, end):
        run = values[k, M_RUNNING]
        busy = busy_cores_in(values, numbers, k)
        gib = values[k, M_MEMORY] * run * numbers[k, C_MEMORY]
        busy_sum += busy
        rate += values[k, M_THROUGHPUT]
        io += values[k, M_IO] * numbers[k, C_IOPS]
        net += values[k, M_BANDWIDTH] * numbers[k, C_GBIT]
        rr += run * run
        rb += run * busy
        bb += busy * busy
        ry += run * gib
        by += busy * gib
    rr *= RIDGE
    bb *= RIDGE
    determinant = rr * bb - rb * rb
    base = max(0.0, (ry * bb - by * rb) / determinant)
    per_core = max(0.0, (by - base * rb) / bb)
    if per_core == 0.0:
        base = max(0.0, ry / rr)
    return Needs(
        service=busy_sum / max(rate, 1e-9),
        memory_base=base,
        memory_per_core=per_core,
        io_per_core=max(1e-6, io / busy_sum),
        network_per_core=max(1e-9, net / busy_sum),
    )


@jitted
def _repeat(values: Any, numbers: Any, first: int, periods: int, steps: int, demand: Any) -> None:
    """Fill in the demand of `periods` periods from `first` on, step by step: float64 [periods * steps].

    Between the middles of periods demand is interpolated; within one it swings as far as its peak tells.
    """
    last = len(values) - 1
    for i in range(periods):
        k = first + i
        here = busy_cores_in(values, numbers, k)
        earlier = busy_cores_in(values, numbers, max(k - 1, 0))
        later = busy_cores_in(values, numbers, min(k + 1, last))
        ratio = min(3.0, max(1.0, values[k, M_CPU_PEAK] / max(values[k, M_CPU], LEAST_BUSY)))
        for j in range(steps):
            x = (j + 0.5) / steps - 0.5
            mean = here + x * (later - here) if x > 0 else here - x * (earlier - here)
            swing = PEAK_SHARE * (ratio - 1.0) * np.sin(2 * np.pi * SWINGS * (j + 0.5) / steps)
            demand[i * steps + j] = max(0.05 * here, mean + swing * here)


@inlined
def _busy_sum(values: Any, numbers: Any, first: int, periods: int) -> float:
    total = 0.0
    for i in range(periods):
        total += busy_cores_in(values, numbers, first + i)
    return total


@jitted
def _cost_of(c: Any, needs: Any, limit: float, restarted: bool, state: Any, demand: Any, out: Any) -> float:
    """Return what a configuration costs, with misses at their price: the mean over the days of `demand`."""
    setting = Setting(
        cores=c[C_CORES],
        memory=c[C_MEMORY],
        speed=c[C_SPEED],
        price=c[C_PRICE],
        iops=c[C_IOPS],
        fixed_price=c[C_FIXED],
        gbit=c[C_GBIT],
        minimum=c[C_MINIMUM],
        maximum=c[C_MAXIMUM],
        target=c[C_TARGET],
        cooldown=c[C_COOLDOWN] / STEP,
        service=needs.service,
        limit=limit,
        memory_base=needs.memory_base,
        memory_per_core=needs.memory_per_core,
        io_per_core=needs.io_per_core,
        network_per_core=needs.network_per_core,
    )
    running, days, cost = state[S_SERVING], len(demand), 0.0
    for d in range(days):
        state[S_SERVING] = state[S_PAID] = running
        state[S_WAIT] = state[S_BACKLOG] = 0.0
        serve(demand[d], setting, restarted, state, out, False)
        cost += (out[M_COST] + MISS_PRICE * out[M_MISSES] * demand[d].sum() * STEP / 3600.0) / days
    return cost


@entry_point
def _costs(values: Any, numbers: Any, after_moves: Any, limit: float, period: int, out: Any) -> None:
    end = len(values)
    day = max(1, DAY // period)
    week = 7 * day
    needs = _needs(values, numbers, max(0, end - week), end)
    # The next day: as yesterday, and as a week ago at yesterday's level.
    steps, periods = period // STEP, min(day, end)
    days = 2 if end >= week + day else 1
    demand = np.empty((days, periods * steps))
    _repeat(values, numbers, end - periods, periods, steps, demand[0])
    if days > 1:
        _repeat(values, numbers, end - week, periods, steps, demand[1])
        level = _busy_sum(values, numbers, end - periods, periods)
        total = _busy_sum(values, numbers, end - week - periods, periods)
        for j in range(periods * steps):
            demand[1, j] *= level / total
    now = numbers[end - 1]
    served, state = np.empty(_WIDTH), np.empty(4)
    for k in range(len(after_moves)):
        c = after_moves[k]
        if np.isnan(c[0]):
            out[k] = np.inf
            continue
        restarted = c[C_CORES] != now[C_CORES] or c[C_MEMORY] != now[C_MEMORY] or c[C_SPEED] != now[C_SPEED]
        state[S_SERVING] = max(1.0, np.round(values[end - 1, M_RUNNING]))
        out[k] = _cost_of(c, needs, limit, restarted, state, demand, served)


def one_day_costs(
    values: NDArray[np.float64],
    numbers: NDArray[np.float64],
    after_moves: NDArray[np.float64],
    limit: float,
    period: int,
) -> NDArray[np.float64]:
    """Estimate what the next day would cost after each move, with misses at their price.

    Args:
        values: Metrics of the periods so far, float64 [periods, len(METRICS)]; the last eight days matter.
        numbers: Configurations of these periods, float64 [periods, NUMBERS].
        after_moves: Configurations after each move from the last one, by `numbers_after_moves`.
        limit: Promised response time, seconds.
        period: Seconds; a multiple of `STEP`, at most a day.

    Returns:
        Dollars, float64 [len(MOVES)]; infinite for moves that are not possible.
    """
    out = np.empty(len(MOVES))
    _costs(values, numbers, after_moves, limit, period, out)
    return out
