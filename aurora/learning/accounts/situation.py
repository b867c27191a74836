"""What is known when a configuration is chosen, as numbers that mean the same for every account and catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import KEEP, MOVES
from aurora.learning.accounts.history import COLUMN, Account
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
from aurora.learning.accounts.one_day_cost import options_of, outlook
from aurora.learning.accounts.workload import DAY


class Feature(NamedTuple):
    """A number that describes a situation.

    Attributes:
        name: For people and files.
        meaning: For people.
    """

    name: str
    meaning: str


FEATURES = (
    Feature("cores", "log2 of the cores of a machine"),
    Feature("memory_per_core", "log2 of GiB per core"),
    Feature("price_per_core", "log2 of dollars a core-hour over the catalogue's cheapest"),
    Feature("storage", "place of the storage class in the catalogue, 0 to 1"),
    Feature("network", "place of the network tier in the catalogue, 0 to 1"),
    Feature("minimum", "log2 of the least instances"),
    Feature("maximum", "log2 of the most instances"),
    Feature("target", "the autoscaler's target"),
    Feature("cooldown", "log2 of the cooldown over 300 s, plus 1"),
    Feature("fixed_share", "storage and network, of the last period's cost"),
    Feature("cpu", "CPU utilisation, last period"),
    Feature("cpu_peak", "its peak, last period"),
    Feature("cpu_day", "CPU utilisation, last day"),
    Feature("memory", "memory demand, last period"),
    Feature("memory_day", "its largest, last day"),
    Feature("io", "storage utilisation, last period"),
    Feature("io_day", "its largest, last day"),
    Feature("io_next", "storage utilisation expected next: as a day ago"),
    Feature("bandwidth", "network utilisation, last period"),
    Feature("bandwidth_day", "its largest, last day"),
    Feature("bandwidth_next", "network utilisation expected next: as a day ago"),
    Feature("latency", "log2 of the response time over its limit, last period"),
    Feature("misses", "square root of the misses, last period"),
    Feature("misses_day", "square root of the misses, last day"),
    Feature("above_minimum", "log2 of running over least instances, last period"),
    Feature("below_maximum", "log2 of most over running instances, last period"),
    Feature("floor_next", "log2 of the demand expected next over what the least instances serve at the target"),
    Feature("floor_week", "likewise, expected as a week ago"),
    Feature("floor_low", "likewise, the day's least demand"),
    Feature("ceiling_next", "log2 of the demand expected next over what the most instances serve"),
    Feature("ceiling_high", "likewise, the day's largest demand"),
    Feature("machine_next", "log2 of the demand expected next over what one machine serves"),
    Feature("rising", "log2 of demand over that of the period before"),
    Feature("growth", "log2 of the day's demand over the day's before"),
    Feature("hour_sin", "sine of the next period's hour"),
    Feature("hour_cos", "cosine of the next period's hour"),
    Feature("weekend", "whether the next period is on a Saturday or Sunday"),
    Feature("slack", "log2 of the limit over the time that a request takes of a core"),
    Feature("io_below", "log2 of the day's largest storage load over what the next lower class allows"),
    Feature("bandwidth_below", "log2 of the day's largest traffic over the next lower tier's bandwidth"),
    Feature("storage_saving", "what the next lower storage class saves, of the last period's cost"),
    Feature("network_saving", "likewise the next lower network tier"),
    Feature("storage_extra", "what the next higher storage class costs, of the last period's cost"),
    Feature("network_extra", "likewise the next higher network tier"),
    *(Feature(f"ahead_{k}", f"log2 of demand {4 * k} h ahead, as a day ago, over the day's mean") for k in range(1, 7)),
    Feature("settled", "log2 of the periods since the last change, plus 1; at most a day's"),
    Feature(
        "burden", "log2 of the next day's burden by `outlook`, if nothing changes, per hour and busy core of the day"
    ),
    *(
        Feature(f"gain_{move}", f"share that {move} saves of it: tanh of its tenfold; -1: impossible")
        for move in MOVES[1:]
    ),
    *(
        Feature(f"best_{move}", f"how clearly {move} is the best by it: softmax of the shares over 0.02")
        for move in MOVES
    ),
)
OUTLOOK = next(k for k, f in enumerate(FEATURES) if f.name == "burden")
SHARPNESS = 0.02
"""Share of the burden by which one move is clearly better than another."""
BOUND = 6.0
"""Features are cut to this on both sides."""
(_CPU, _PEAK, _MEMORY, _IO, _NET, _RUN, _LATENCY, _RATE, _MISSES, _COST) = (
    COLUMN[n]
    for n in ("cpu", "cpu_peak", "memory", "io", "bandwidth", "running", "latency", "throughput", "misses", "cost")
)


def _describe(
    values: NDArray[np.float64],
    numbers: NDArray[np.float64],
    settled: int,
    limit: float,
    start: int,
    period: int,
    out: NDArray[np.float32],
) -> None:
    """Fill in the features of the situation after the last of these periods."""
    t = len(values) - 1
    day = max(1, DAY // period)
    first = max(0, t + 1 - day)
    yesterday = max(0, min(t, t + 1 - day))
    last_week = t + 1 - 7 * day
    if last_week < 0:
        last_week = yesterday
    c, v = numbers[t], values[t]
    tiny = 1e-3

    def cores(k: int) -> float:
        # Cores of the general family that were busy: the demand, unless machines were full.
        return float(max(tiny, values[k, _CPU] * values[k, _RUN] * numbers[k, C_CORES] * numbers[k, C_SPEED]))

    cpu = misses = total = before = 0.0
    memory = io = net = high = 0.0
    low = np.inf
    for k in range(first, t + 1):
        need = cores(k)
        cpu += values[k, _CPU]
        misses += values[k, _MISSES]
        memory = max(memory, values[k, _MEMORY])
        io = max(io, values[k, _IO] * numbers[k, C_IOPS] / c[C_IOPS])
        net = max(net, values[k, _NET] * numbers[k, C_GBIT] / c[C_GBIT])
        high = max(high, need)
        low = min(low, need)
        total += need
        before += cores(max(0, k - day))
    n = t + 1 - first
    one = c[C_CORES] * c[C_SPEED]
    floor = c[C_MINIMUM] * one * c[C_TARGET]
    ceiling = c[C_MAXIMUM] * one
    following = start + (t + 1) * period
    hour = 2 * np.pi * (following % DAY) / DAY
    y = values[yesterday]
    out[0] = np.log2(c[C_CORES])
    out[1] = np.log2(c[C_MEMORY] / c[C_CORES])
    out[2] = np.log2(max(c[C_PRICE], 1e-9) / c[C_CORES] / c[C_CHEAPEST])
    out[3] = c[C_STORAGE]
    out[4] = c[C_NETWORK]
    out[5] = np.log2(c[C_MINIMUM])
    out[6] = np.log2(c[C_MAXIMUM])
    out[7] = c[C_TARGET]
    out[8] = np.log2(c[C_COOLDOWN] / 300 + 1)
    out[9] = c[C_FIXED] * period / 3600 / max(v[_COST], 1e-9)
    out[10] = v[_CPU]
    out[11] = v[_PEAK]
    out[12] = cpu / n
    out[13] = v[_MEMORY]
    out[14] = memory
    out[15] = v[_IO]
    out[16] = io
    out[17] = y[_IO] * numbers[yesterday, C_IOPS] / c[C_IOPS]
    out[18] = v[_NET]
    out[19] = net
    out[20] = y[_NET] * numbers[yesterday, C_GBIT] / c[C_GBIT]
    out[21] = np.log2(max(v[_LATENCY], 1e-6) / limit)
    out[22] = np.sqrt(v[_MISSES])
    out[23] = np.sqrt(misses / n)
    out[24] = np.log2(max(v[_RUN], tiny) / c[C_MINIMUM])
    out[25] = np.log2(c[C_MAXIMUM] / max(v[_RUN], tiny))
    out[26] = np.log2(cores(yesterday) / floor)
    out[27] = np.log2(cores(last_week) / floor)
    out[28] = np.log2(low / floor)
    out[29] = np.log2(cores(yesterday) / ceiling)
    out[30] = np.log2(high / ceiling)
    out[31] = np.log2(cores(yesterday) / one)
    out[32] = np.log2(cores(t) / cores(max(0, t - 1)))
    out[33] = np.log2(total / before)
    out[34] = np.sin(hour)
    out[35] = np.cos(hour)
    out[36] = 1.0 if (following // DAY + 3) % 7 >= 5 else 0.0  # noqa: PLR2004  # see workload.demand
    share = period / 3600 / max(v[_COST], 1e-9)
    out[37] = np.log2(limit * max(v[_RATE], 1e-9) / cores(t))
    out[38] = np.log2(max(tiny, io) * c[C_IOPS] / c[C_IOPS_BELOW])
    out[39] = np.log2(max(tiny, net) * c[C_GBIT] / c[C_GBIT_BELOW])
    out[40] = c[C_STORAGE_SAVING] * share
    out[41] = c[C_NETWORK_SAVING] * share
    out[42] = c[C_STORAGE_EXTRA] * share
    out[43] = c[C_NETWORK_EXTRA] * share
    for k in range(1, 7):
        out[43 + k] = np.log2(cores(max(0, min(t, t - day + max(1, k * day // 6)))) * n / total)
    out[50] = np.log2(1.0 + min(settled, day))
    for k in range(51):
        out[k] = min(max(out[k], -BOUND), BOUND)


_compiled: Callable[..., None] = njit(cache=True, nogil=True, error_model="numpy")(_describe)


def situation(
    values: NDArray[np.float64],
    numbers: NDArray[np.float64],
    options: NDArray[np.float64],
    settled: int,
    limit: float,
    start: int,
    period: int,
) -> NDArray[np.float32]:
    """The situation after some periods.

    Args:
        values: Their metrics, float64 [periods, len(METRICS)]; the last eight days matter.
        numbers: Their configurations, float64 [periods, NUMBERS].
        options: What moves lead to, by `outlook.options_of` for the last configuration.
        settled: Periods since the last change.
        limit: Seconds.
        start: Unix time of the first of these periods.
        period: Seconds.

    Returns:
        float32 [len(FEATURES)], within `BOUND`.
    """
    out = np.empty(len(FEATURES), np.float32)
    _compiled(values, numbers, settled, limit, start, period, out)
    dollars = outlook(values, numbers, options, limit, period)
    last = values[-max(1, DAY // period) :]
    busy = (last[:, _CPU] * last[:, _RUN]).mean() * numbers[-1, C_CORES] * numbers[-1, C_SPEED]
    out[OUTLOOK] = np.clip(np.log2(dollars[KEEP] / max(busy, 1e-3)), -BOUND, BOUND)
    gain = 1 - np.minimum(dollars / dollars[KEEP], 1e3)
    out[OUTLOOK + 1 : OUTLOOK + len(MOVES)] = np.tanh(10 * gain[1:])
    clear = np.exp((gain - gain.max()) / SHARPNESS)
    out[OUTLOOK + len(MOVES) :] = clear / clear.sum()
    return out


def situations(account: Account, catalogue: Catalogue) -> NDArray[np.float32]:
    """The situation after every period of a history: float32 [periods, len(FEATURES)]."""
    numbers = numbers_of_history(account, catalogue)
    options = {c: options_of(c, account.data, catalogue) for c in set(account.configurations)}
    found = np.empty((len(account), len(FEATURES)), np.float32)
    settled = 0
    for t in range(len(account)):
        settled = settled + 1 if t and account.configurations[t] == account.configurations[t - 1] else 0
        window = max(0, t - 9 * max(1, DAY // account.period))
        found[t] = situation(
            account.values[window : t + 1],
            numbers[window : t + 1],
            options[account.configurations[t]],
            settled,
            account.limit,
            account.start + window * account.period,
            account.period,
        )
    return found
