"""Situations: what is known when a configuration is chosen, as numbers that mean the same for every account."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import KEEP, MOVES
from aurora.learning.accounts.features import DESCRIBED, FEATURE, FEATURES, Described
from aurora.learning.accounts.history import (
    M_BANDWIDTH,
    M_COST,
    M_CPU,
    M_CPU_PEAK,
    M_IO,
    M_LATENCY,
    M_MEMORY,
    M_MISSES,
    M_RUNNING,
    M_THROUGHPUT,
    Account,
)
from aurora.learning.accounts.jit import entry_point
from aurora.learning.accounts.numbers import (
    C_CHEAPEST,
    C_COOLDOWN,
    C_CORES,
    C_FIXED,
    C_GBIT,
    C_GBIT_BELOW,
    C_IOPS,
    C_IOPS_BELOW,
    C_MAXIMUM,
    C_MEMORY,
    C_MINIMUM,
    C_NETWORK,
    C_NETWORK_EXTRA,
    C_NETWORK_SAVING,
    C_PRICE,
    C_SPEED,
    C_STORAGE,
    C_STORAGE_EXTRA,
    C_STORAGE_SAVING,
    C_TARGET,
    numbers_of_history,
)
from aurora.learning.accounts.one_day_cost import busy_cores_in, numbers_after_moves, one_day_costs
from aurora.learning.accounts.workload import DAY
from aurora.sim.kernel.jit import inlined, jitted

SHARPNESS = 0.02
"""Share of the burden by which one move is clearly better than another."""
BOUND = 6.0
"""Largest absolute value of a feature; larger ones are clipped."""
_BURDEN, _GAIN, _BEST = FEATURE["burden"], FEATURE[f"gain_{MOVES[1]}"], FEATURE[f"best_{MOVES[0]}"]
_DESCRIBED = len(DESCRIBED)
_TINY = 1e-3


class Day(NamedTuple):
    """The last day in sums and extremes; loads are relative to the present configuration.

    Attributes:
        periods: Periods that are in it.
        cpu: Sum of CPU utilisation.
        misses: Sum of misses.
        memory: Largest memory demand.
        io: Largest storage utilisation.
        bandwidth: Largest network utilisation.
        low: Least demand, busy cores.
        high: Largest demand, busy cores.
        total: Sum of demand, busy cores.
        before: Sum of the demand a day earlier, busy cores.
    """

    periods: int
    cpu: float
    misses: float
    memory: float
    io: float
    bandwidth: float
    low: float
    high: float
    total: float
    before: float


@jitted
def _last_day(values: Any, numbers: Any, first: int, day: int) -> Any:
    t = len(values) - 1
    c = numbers[t]
    cpu = misses = total = before = 0.0
    memory = io = net = high = 0.0
    low = np.inf
    for k in range(first, t + 1):
        busy = busy_cores_in(values, numbers, k)
        cpu += values[k, M_CPU]
        misses += values[k, M_MISSES]
        memory = max(memory, values[k, M_MEMORY])
        io = max(io, values[k, M_IO] * numbers[k, C_IOPS] / c[C_IOPS])
        net = max(net, values[k, M_BANDWIDTH] * numbers[k, C_GBIT] / c[C_GBIT])
        high = max(high, busy)
        low = min(low, busy)
        total += busy
        before += busy_cores_in(values, numbers, max(0, k - day))
    return Day(
        periods=t + 1 - first,
        cpu=cpu,
        misses=misses,
        memory=memory,
        io=io,
        bandwidth=net,
        low=low,
        high=high,
        total=total,
        before=before,
    )


@inlined
def _ahead(values: Any, numbers: Any, last: Any, day: int, k: int) -> Any:
    """Return log2 of the demand 4 k hours ahead, as a day ago, over the last day's mean."""
    t = len(values) - 1
    then = max(0, min(t, t - day + max(1, k * day // 6)))
    return np.log2(busy_cores_in(values, numbers, then) * last.periods / last.total)


@jitted
def _described(values: Any, numbers: Any, settled: int, limit: float, start: int, period: int) -> Any:
    """Return the features that follow from metrics and configurations; their meanings are in `features.DESCRIBED`."""
    t = len(values) - 1
    day = max(1, DAY // period)
    last = _last_day(values, numbers, max(0, t + 1 - day), day)
    yesterday = max(0, min(t, t + 1 - day))
    last_week = t + 1 - 7 * day if t + 1 >= 7 * day else yesterday
    c, v, y = numbers[t], values[t], values[yesterday]
    busy = busy_cores_in(values, numbers, t)
    # The demand that is expected next: as a day ago, and as a week ago.
    expected, expected_week = busy_cores_in(values, numbers, yesterday), busy_cores_in(values, numbers, last_week)
    machine = c[C_CORES] * c[C_SPEED]
    floor, ceiling = c[C_MINIMUM] * machine * c[C_TARGET], c[C_MAXIMUM] * machine
    following = start + (t + 1) * period
    hour = 2 * np.pi * (following % DAY) / DAY
    weekend = 1.0 if (following // DAY + 3) % 7 >= 5 else 0.0  # noqa: PLR2004  # see workload.demand
    of_cost = period / 3600 / max(v[M_COST], 1e-9)  # dollars an hour as a share of the last period's cost
    return Described(
        cores=np.log2(c[C_CORES]),
        memory_per_core=np.log2(c[C_MEMORY] / c[C_CORES]),
        price_per_core=np.log2(max(c[C_PRICE], 1e-9) / c[C_CORES] / c[C_CHEAPEST]),
        storage=c[C_STORAGE],
        network=c[C_NETWORK],
        minimum=np.log2(c[C_MINIMUM]),
        maximum=np.log2(c[C_MAXIMUM]),
        target=c[C_TARGET],
        cooldown=np.log2(c[C_COOLDOWN] / 300 + 1),
        fixed_share=c[C_FIXED] * period / 3600 / max(v[M_COST], 1e-9),
        cpu=v[M_CPU],
        cpu_peak=v[M_CPU_PEAK],
        cpu_day=last.cpu / last.periods,
        memory=v[M_MEMORY],
        memory_day=last.memory,
        io=v[M_IO],
        io_day=last.io,
        io_next=y[M_IO] * numbers[yesterday, C_IOPS] / c[C_IOPS],
        bandwidth=v[M_BANDWIDTH],
        bandwidth_day=last.bandwidth,
        bandwidth_next=y[M_BANDWIDTH] * numbers[yesterday, C_GBIT] / c[C_GBIT],
        latency=np.log2(max(v[M_LATENCY], 1e-6) / limit),
        misses=np.sqrt(v[M_MISSES]),
        misses_day=np.sqrt(last.misses / last.periods),
        above_minimum=np.log2(max(v[M_RUNNING], _TINY) / c[C_MINIMUM]),
        below_maximum=np.log2(c[C_MAXIMUM] / max(v[M_RUNNING], _TINY)),
        floor_next=np.log2(expected / floor),
        floor_week=np.log2(expected_week / floor),
        floor_low=np.log2(last.low / floor),
        ceiling_next=np.log2(expected / ceiling),
        ceiling_high=np.log2(last.high / ceiling),
        machine_next=np.log2(expected / machine),
        rising=np.log2(busy / busy_cores_in(values, numbers, max(0, t - 1))),
        growth=np.log2(last.total / last.before),
        hour_sin=np.sin(hour),
        hour_cos=np.cos(hour),
        weekend=weekend,
        slack=np.log2(limit * max(v[M_THROUGHPUT], 1e-9) / busy),
        io_below=np.log2(max(_TINY, last.io) * c[C_IOPS] / c[C_IOPS_BELOW]),
        bandwidth_below=np.log2(max(_TINY, last.bandwidth) * c[C_GBIT] / c[C_GBIT_BELOW]),
        storage_saving=c[C_STORAGE_SAVING] * of_cost,
        network_saving=c[C_NETWORK_SAVING] * of_cost,
        storage_extra=c[C_STORAGE_EXTRA] * of_cost,
        network_extra=c[C_NETWORK_EXTRA] * of_cost,
        ahead_1=_ahead(values, numbers, last, day, 1),
        ahead_2=_ahead(values, numbers, last, day, 2),
        ahead_3=_ahead(values, numbers, last, day, 3),
        ahead_4=_ahead(values, numbers, last, day, 4),
        ahead_5=_ahead(values, numbers, last, day, 5),
        ahead_6=_ahead(values, numbers, last, day, 6),
        settled=np.log2(1.0 + min(settled, day)),
    )


@entry_point
def _describe(values: Any, numbers: Any, settled: int, limit: float, start: int, period: int, out: Any) -> None:
    described = _described(values, numbers, settled, limit, start, period)
    for k in range(_DESCRIBED):
        out[k] = described[k]
        out[k] = min(max(out[k], -BOUND), BOUND)


def situation(
    values: NDArray[np.float64],
    numbers: NDArray[np.float64],
    after_moves: NDArray[np.float64],
    settled: int,
    limit: float,
    start: int,
    period: int,
) -> NDArray[np.float32]:
    """Return the situation after some periods.

    Args:
        values: Metrics of the periods, float64 [periods, len(METRICS)]; the last eight days matter.
        numbers: Configurations of the periods, float64 [periods, NUMBERS].
        after_moves: Configurations after each move from the last one, by `one_day_cost.numbers_after_moves`.
        settled: Periods since the last change.
        limit: Promised response time, seconds.
        start: Unix time of the first of these periods.
        period: Length of a period, seconds.

    Returns:
        float32 [len(FEATURES)], within `BOUND`.
    """
    out = np.empty(len(FEATURES), np.float32)
    _describe(values, numbers, settled, limit, start, period, out)
    dollars = one_day_costs(values, numbers, after_moves, limit, period)
    last = values[-max(1, DAY // period) :]
    busy = (last[:, M_CPU] * last[:, M_RUNNING]).mean() * numbers[-1, C_CORES] * numbers[-1, C_SPEED]
    out[_BURDEN] = np.clip(np.log2(dollars[KEEP] / max(busy, 1e-3)), -BOUND, BOUND)
    gain = 1 - np.minimum(dollars / dollars[KEEP], 1e3)
    out[_GAIN:_BEST] = np.tanh(10 * gain[1:])
    clear = np.exp((gain - gain.max()) / SHARPNESS)
    out[_BEST:] = clear / clear.sum()
    return out


def situations(account: Account, catalogue: Catalogue) -> NDArray[np.float32]:
    """Return the situation after every period of a history: float32 [periods, len(FEATURES)]."""
    numbers = numbers_of_history(account, catalogue)
    after_moves = {c: numbers_after_moves(c, account.data, catalogue) for c in set(account.configurations)}
    rows = np.empty((len(account), len(FEATURES)), np.float32)
    settled = 0
    for t in range(len(account)):
        settled = settled + 1 if t and account.configurations[t] == account.configurations[t - 1] else 0
        window = max(0, t - 9 * max(1, DAY // account.period))
        rows[t] = situation(
            account.values[window : t + 1],
            numbers[window : t + 1],
            after_moves[account.configurations[t]],
            settled,
            account.limit,
            account.start + window * account.period,
            account.period,
        )
    return rows
