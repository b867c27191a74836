"""What an account asks for, made out from what was measured of it: demand step by step, and what each busy core needs.

Measurements are relative to the configuration that ran (a utilisation of 0.4 of what?), and coarse. Here they become
demand that another configuration can be tried against: busy cores of the general family every five minutes, with
memory, storage operations and traffic for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from aurora.errors import DataError
from aurora.learning.accounts import Account, Catalogue, Configuration
from aurora.learning.accounts.simulator import SWAP_FROM, SWAP_SLOWDOWN
from aurora.learning.accounts.workload import CORRELATION, DAY, STEP, WEEK, Workload

Floats = NDArray[np.float64]
STEPS_A_DAY = DAY // STEP
SATURATED = 0.98
"""Of the CPU's utilisation: from here on demand is at least what was served, and perhaps more."""
HIDDEN = ((0.5, 1.0, 0.0), (0.9, 1.15, 0.15), (0.99, 1.25, 0.35), (np.inf, 2.2, 0.6))
"""What was asked for over what was served, by the share of late requests below these bounds: median, and standard
deviation of the logarithm. Who waits too long gives up, and is in no measurement. Measured on generated accounts
(populations 1000 to 1002), so it rests on the simulator's patience; see docs/recommendations.md."""
DOUBT = 1.5
"""Factor on the standard error of growth, chosen on the same accounts: days are more alike than one lag says."""
MIN_DEMAND = 1e-3
"""Busy cores; the simulator wants some."""
GROWTH_PRIOR = 0.04
"""Standard deviation of demand's growth a week, before anything is seen."""
SATURDAY = 5


@dataclass(frozen=True)
class Usage:
    """What is known of one account or workload.

    Attributes:
        account: Its name.
        start: Unix time of the first step.
        demand: float64 [steps of five minutes], busy cores of the general family; whole days.
        needs: What a request and a busy core take; its `level` is the mean demand.
        limit: Response time that is promised, seconds.
        data: GiB stored.
        configuration: That runs now.
        tags: The account's own.
        doubt: float64 [days], standard deviation of the logarithm of what a day's demand may be beyond `demand`.
        saturated: Share of the measured periods in which demand may have been larger than what was served.
        growth: A week, relative: most likely value, and its standard deviation.
        account_history: Where it was made from one.
    """

    account: str
    start: int
    demand: Floats
    needs: Workload
    limit: float
    data: float
    configuration: Configuration
    tags: tuple[str, ...]
    doubt: Floats
    saturated: float
    growth: tuple[float, float]
    account_history: Account | None = None

    @property
    def days(self) -> float:
        """How long it was measured."""
        return len(self.demand) / STEPS_A_DAY


def usage_of(account: Account, catalogue: Catalogue) -> Usage:
    """The usage behind an account's history.

    Args:
        account: At least two periods.
        catalogue: That its configurations name things from.

    Raises:
        DataError: Its period is not a multiple of five minutes that fits into a day.
    """
    if account.period % STEP or DAY % account.period:
        raise DataError(
            f"account {account.account_id!r} has periods of {account.period} s; they must be a multiple of {STEP} s "
            "and fit into a day, so add up or average its rows"
        )
    kinds = [catalogue.instance[c.instance] for c in account.configurations]
    instances = account.metric("running")
    memory_share = account.metric("memory")
    swapping = 1 + SWAP_SLOWDOWN * np.maximum(0.0, memory_share - SWAP_FROM)
    cores = np.array([k.cores * k.speed for k in kinds]) * instances / swapping
    cpu, throughput = account.metric("cpu"), account.metric("throughput")
    busy = cpu * cores
    is_served = throughput > 0
    service = float(np.median(busy[is_served] / throughput[is_served])) if is_served.any() else account.limit / 10
    mean = np.maximum(np.where(is_served, throughput * service, busy), MIN_DEMAND)
    peak = np.maximum(mean, account.metric("cpu_peak") * cores)
    late = account.metric("misses")
    rung = np.searchsorted([h[0] for h in HIDDEN], late, side="right")
    more = np.array([h[1] for h in HIDDEN])[rung]
    memory = memory_share * np.array([k.memory for k in kinds])
    base, per_core = nnls(np.column_stack([np.ones(len(mean)), mean / instances]), memory)[0]
    iops = np.array([catalogue.storage_class[c.storage].iops for c in account.configurations])
    gbit = np.array([catalogue.network_tier[c.network].gbit for c in account.configurations])
    total = float(mean.sum())
    needs = needs_of(
        level=float(mean.mean()),
        service=service,
        memory_base=float(base),
        memory_per_core=float(per_core),
        io_per_core=float((account.metric("io") * iops).sum()) / total,
        network_per_core=float((account.metric("bandwidth") * gbit).sum()) / total,
    )
    demand = _whole_days(fine_demand(more * mean, more * peak, account.period // STEP))
    doubt = _whole_days(np.repeat(np.array([h[2] for h in HIDDEN])[rung], account.period // STEP))
    weights = demand.reshape(-1, STEPS_A_DAY)
    return Usage(
        account.account_id,
        account.start + account.period * len(account) - DAY * len(weights),
        demand,
        needs,
        account.limit,
        account.data,
        account.configurations[-1],
        account.tags,
        (doubt.reshape(weights.shape) * weights).sum(axis=1) / weights.sum(axis=1),
        float((account.metric("cpu_peak") >= SATURATED).mean()),
        growth_of(more * mean, account.start, account.period),
        account,
    )


def _whole_days(values: Floats) -> Floats:
    """Without the oldest steps, so that days remain."""
    return values[len(values) % STEPS_A_DAY :]


def needs_of(
    *,
    level: float,
    service: float,
    memory_base: float,
    memory_per_core: float,
    io_per_core: float,
    network_per_core: float,
) -> Workload:
    """What a request and a busy core take, without a model of when demand comes."""
    return Workload(
        level=level,
        daily=0.0,
        peak_hour=0.0,
        weekend=1.0,
        trend=0.0,
        noise=0.0,
        bursts=0.0,
        burst_factor=1.0,
        burst_hours=1.0,
        service=service,
        memory_base=memory_base,
        memory_per_core=memory_per_core,
        io_per_core=max(io_per_core, 1e-9),
        network_per_core=max(network_per_core, 1e-9),
    )


def fine_demand(mean: Floats, peak: Floats, steps: int) -> Floats:
    """Demand in steps whose mean and largest value in each period are the measured ones.

    Between them it moves as a smooth line through the means with slowly changing noise on it (the same for everyone,
    so that the result is determined by what was measured).

    Args:
        mean: float64 [periods].
        peak: float64 [periods], not below the mean.
        steps: In each period.

    Returns:
        float64 [periods * steps].
    """
    if steps == 1:
        return mean.copy()
    periods = len(mean)
    middle = (np.arange(periods) + 0.5) * steps
    line = np.interp(np.arange(periods * steps) + 0.5, middle, mean)
    shocks = np.random.default_rng(0).normal(0.0, np.sqrt(1 - CORRELATION**2), periods * steps)
    noise = np.empty(periods * steps)
    last = 0.0
    for k, shock in enumerate(shocks):
        last = CORRELATION * last + shock
        noise[k] = last
    shape = (line * np.exp(0.1 * noise)).reshape(periods, steps)
    shape -= shape.mean(axis=1, keepdims=True)
    top = shape.max(axis=1)
    stretch = np.where(top > 0, (peak - mean) / np.where(top > 0, top, 1.0), 0.0)
    return np.asarray(np.maximum(mean[:, None] + stretch[:, None] * shape, 0.02 * mean[:, None]).ravel())


def growth_of(mean: Floats, start: int, period: int) -> tuple[float, float]:
    """Growth a week: a line through the daily means, with weekends apart, drawn towards none as far as it is uncertain.

    The posterior is that of a normal prior with mean 0 and standard deviation `GROWTH_PRIOR`; with less than two
    weeks it is the prior.

    Args:
        mean: float64 [periods], demand.
        start: Unix time of the first.
        period: Seconds.

    Returns:
        Most likely value and standard deviation, relative to the mean demand.
    """
    a_day = max(1, DAY // period)
    days = len(mean) // a_day
    if days < 2 * WEEK // DAY:
        return 0.0, GROWTH_PRIOR
    first = len(mean) - days * a_day
    daily = mean[first:].reshape(days, a_day).mean(axis=1) / mean.mean()
    weeks = (np.arange(days) - (days - 1) / 2) / 7
    is_weekend = (start // DAY + first // a_day + np.arange(days) + 3) % 7 >= SATURDAY  # 1 January 1970: a Thursday
    design = np.column_stack([np.ones(days), weeks, is_weekend])
    solution, *_ = np.linalg.lstsq(design, daily, rcond=None)
    left = daily - design @ solution
    memory = float(np.clip((left[1:] * left[:-1]).sum() / max((left**2).sum(), 1e-12), 0.0, 0.8))
    spread = float(left.std(ddof=3)) * np.sqrt((1 + memory) / (1 - memory))  # neighbouring days are alike
    error = DOUBT * spread / float(np.sqrt((weeks**2).sum()))
    weight = GROWTH_PRIOR**2 / (GROWTH_PRIOR**2 + error**2)
    return float(weight * solution[1]), float(np.sqrt(weight) * error)
