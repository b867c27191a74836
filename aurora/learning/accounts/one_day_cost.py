"""What each move would have led to on a day like the last: an estimate from metrics alone, without the truth.

It is the calculation that a careful operator makes. The application's needs are fitted to the last week's metrics, the
next day's demand is yesterday's, or that of the same day a week ago at yesterday's level (the mean of what comes of
both), and each configuration that one move leads to serves it in the simulator.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aurora.learning.accounts import simulator
from aurora.learning.accounts.behaviour import MISS_PRICE
from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import MOVES, Configuration, apply_move
from aurora.learning.accounts.history import COLUMN, METRICS
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
from aurora.learning.accounts.workload import DAY, STEP

SWING = 0.8
"""Of what a peak lies above its period's mean, the part that isn't due to the rhythm of the day."""
SWINGS = 1.5
"""Within a period."""
_CPU, _PEAK, _MEMORY, _IO, _NET, _RUN, _RATE, _MISSES, _COST = (
    COLUMN[n] for n in ("cpu", "cpu_peak", "memory", "io", "bandwidth", "running", "throughput", "misses", "cost")
)
_WIDTH = len(METRICS)
_serve = simulator._compiled
_Setting = simulator.Setting
TINY = 1e-3


def options_of(configuration: Configuration, data: float, catalogue: Catalogue) -> NDArray[np.float64]:
    """The configurations that moves lead to, as numbers: float64 [len(MOVES), NUMBERS]; NaN where a move can't be."""
    found = np.full((len(MOVES), NUMBERS), np.nan)
    for k, move in enumerate(MOVES):
        after = apply_move(configuration, move, catalogue)
        if after is not None:
            found[k] = numbers_of(after, data, catalogue)
    return found


def _busy_cores(values: NDArray[np.float64], numbers: NDArray[np.float64], k: int) -> float:
    return float(max(TINY, values[k, _CPU] * values[k, _RUN] * numbers[k, C_CORES] * numbers[k, C_SPEED]))


_busy: Callable[..., float] = njit(cache=True, nogil=True, error_model="numpy")(_busy_cores)


def _outlook(
    values: NDArray[np.float64],
    numbers: NDArray[np.float64],
    options: NDArray[np.float64],
    limit: float,
    period: int,
    out: NDArray[np.float64],
) -> None:
    t = len(values) - 1
    day = max(1, DAY // period)
    week = 7 * day
    first = max(0, t + 1 - week)
    busy_sum = rate = io = net = 0.0
    rr = rb = bb = ry = by = 0.0
    for k in range(first, t + 1):
        run = values[k, _RUN]
        busy = _busy(values, numbers, k)
        gib = values[k, _MEMORY] * run * numbers[k, C_MEMORY]
        busy_sum += busy
        rate += values[k, _RATE]
        io += values[k, _IO] * numbers[k, C_IOPS]
        net += values[k, _NET] * numbers[k, C_GBIT]
        rr += run * run
        rb += run * busy
        bb += busy * busy
        ry += run * gib
        by += busy * gib
    # GiB = base * running + per_core * busy by least squares, from 0 up; the slight ridge decides where the two go
    # hand in hand.
    rr *= 1.001
    bb *= 1.001
    determinant = rr * bb - rb * rb
    base = max(0.0, (ry * bb - by * rb) / determinant)
    per_core = max(0.0, (by - base * rb) / bb)
    if per_core == 0.0:
        base = max(0.0, ry / rr)
    service = busy_sum / max(rate, 1e-9)
    steps = period // STEP
    n = min(day, t + 1)
    days = 2 if t + 1 >= week + day else 1
    demand = np.empty((days, n * steps))
    level = 0.0
    for d in range(days):
        first = t + 1 - n if d == 0 else t + 1 - week
        total = 0.0
        for i in range(n):
            k = first + i
            here = _busy(values, numbers, k)
            # Between the middles of periods demand is interpolated; within one it swings as far as its peak tells.
            earlier = _busy(values, numbers, max(k - 1, 0))
            later = _busy(values, numbers, min(k + 1, t))
            ratio = min(3.0, max(1.0, values[k, _PEAK] / max(values[k, _CPU], TINY)))
            for j in range(steps):
                x = (j + 0.5) / steps - 0.5
                mean = here + x * (later - here) if x > 0 else here - x * (earlier - here)
                swing = SWING * (ratio - 1.0) * np.sin(2 * np.pi * SWINGS * (j + 0.5) / steps)
                demand[d, i * steps + j] = max(0.05 * here, mean + swing * here)
        for i in range(n):
            total += _busy(values, numbers, (t + 1 - n if d == 0 else t + 1 - week - n) + i)
        if d == 0:
            level = total
        else:
            for j in range(n * steps):
                demand[d, j] *= level / total
    served = np.empty(_WIDTH)
    state = np.empty(4)
    now = numbers[t]
    for k in range(len(options)):
        c = options[k]
        if np.isnan(c[0]):
            out[k] = np.inf
            continue
        setting = _Setting(
            c[C_CORES],
            c[C_MEMORY],
            c[C_SPEED],
            c[C_PRICE],
            c[C_IOPS],
            c[C_FIXED],
            c[C_GBIT],
            c[C_MINIMUM],
            c[C_MAXIMUM],
            c[C_TARGET],
            c[C_COOLDOWN] / STEP,
            service,
            limit,
            base,
            per_core,
            max(1e-6, io / busy_sum),
            max(1e-9, net / busy_sum),
        )
        restarted = c[C_CORES] != now[C_CORES] or c[C_MEMORY] != now[C_MEMORY] or c[C_SPEED] != now[C_SPEED]
        out[k] = 0.0
        for d in range(days):
            state[0] = state[1] = max(1.0, np.round(values[t, _RUN]))
            state[2] = state[3] = 0.0
            _serve(demand[d], setting, restarted, state, served)
            out[k] += (served[_COST] + MISS_PRICE * served[_MISSES] * demand[d].sum() * STEP / 3600.0) / days


compiled: Callable[..., None] = njit(cache=True, nogil=True, error_model="numpy")(_outlook)


def outlook(
    values: NDArray[np.float64],
    numbers: NDArray[np.float64],
    options: NDArray[np.float64],
    limit: float,
    period: int,
) -> NDArray[np.float64]:
    """What the next day would cost after each move, with misses at their price.

    Args:
        values: Metrics of the periods so far, float64 [periods, len(METRICS)]; the last eight days matter.
        numbers: Their configurations, float64 [periods, NUMBERS].
        options: By `options_of`, for the last configuration.
        limit: Seconds.
        period: Seconds; a multiple of `STEP`, at most a day.

    Returns:
        Dollars, float64 [len(MOVES)]; infinite for moves that can't be.
    """
    out = np.empty(len(MOVES))
    compiled(values, numbers, options, limit, period, out)
    return out
