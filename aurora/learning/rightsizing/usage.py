"""Usage of an account, estimated from its measurements: demand step by step, and the needs of each busy core.

Measurements are coarse, and relative to the configuration that ran. Here they become demand that other configurations
can serve in a simulation: busy cores of the general family every five minutes, with memory, storage operations and
traffic for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from scipy.optimize import nnls
from scipy.signal import lfilter

from aurora.errors import DataError
from aurora.learning.accounts import Account, Catalogue, Configuration
from aurora.learning.accounts.simulator import SWAP_FROM, SWAP_SLOWDOWN
from aurora.learning.accounts.workload import CORRELATION, DAY, STEP, WEEK, Workload
from aurora.types import FloatArray

STEPS_A_DAY = DAY // STEP
SATURATED = 0.98
"""CPU utilisation from which on demand may have been larger than what was served."""
LATENT_DEMAND = ((0.5, 1.0, 0.0), (0.9, 1.15, 0.15), (0.99, 1.25, 0.35), (np.inf, 2.2, 0.6))
"""Demand over what was served, for shares of late requests below a bound: bound, median, standard deviation of the
logarithm. Users who wait too long give up, and are in no measurement. Measured on generated accounts
(populations 1000 to 1002), so it rests on the simulator's patience; see docs/explanation/recommendations.md."""
GROWTH_ERROR_FACTOR = 1.5
"""Factor on the standard error of growth, chosen on the same accounts: days are more alike than one lag says."""
MIN_DEMAND = 1e-3
"""Least demand, busy cores; the simulator needs some."""
GROWTH_PRIOR = 0.04
"""Standard deviation of demand's growth a week, before anything is seen."""
SATURDAY = 5
RESOURCES = ("cpu", "memory", "io", "bandwidth")
"""Resources of a configuration: processors, memory, storage operations, network."""
MIN_RUNNING = 1e-3
"""Mean instances of a period below which nothing ran."""
MIN_MEASURED_SHARE = 0.5
"""Least share of the periods that a resource must cover to count as measured."""


@dataclass(frozen=True)
class Usage:
    """Usage of one account or workload.

    Attributes:
        account: Name of the account.
        start: Unix time of the first step.
        demand: Busy cores of the general family in steps of five minutes over whole days, float64 [steps].
        needs: Needs of a request and of a busy core; its `level` is the mean demand.
        limit: Promised response time, seconds.
        data: Stored data, GiB.
        configuration: Present configuration.
        tags: Tags of the account.
        doubt: Standard deviation of the logarithm of a day's demand, relative to `demand`, float64 [days].
        saturated: Share of the measured periods in which demand may have been larger than what was served.
        growth: Relative growth a week: most likely value, and its standard deviation.
        seen: Resource, of `RESOURCES` -> measured utilisation as shares, float64 [values]. A resource that was not
            measured is not in it; its part of `needs` is 0, which has no meaning.
        running: Measured number of instances, float64 [values]; empty where only the configuration is known.
        assumptions: Assumptions about the data, in sentences.
        account_history: Complete history that the usage was estimated from, if there is one.
    """

    account: str
    start: int
    demand: FloatArray
    needs: Workload
    limit: float
    data: float
    configuration: Configuration
    tags: tuple[str, ...]
    doubt: FloatArray
    saturated: float
    growth: tuple[float, float]
    seen: Mapping[str, FloatArray] = field(default_factory=dict)
    running: FloatArray = field(default_factory=lambda: np.empty(0))
    assumptions: tuple[str, ...] = ()
    account_history: Account | None = None

    @cached_property
    def measured(self) -> dict[str, bool]:
        """Whether each resource was measured."""
        return {r: r in self.seen for r in RESOURCES}

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Resources that were not measured."""
        return tuple(r for r in RESOURCES if r not in self.seen)

    @property
    def days(self) -> float:
        """Length of the measurements, days."""
        return len(self.demand) / STEPS_A_DAY


def usage_of(account: Account, catalogue: Catalogue) -> Usage:
    """Estimate the usage of an account from its history.

    Args:
        account: History of at least two periods; metrics that may be absent from a history may hold NaN.
        catalogue: Catalogue that its configurations name things from.

    Raises:
        DataError: The account's period is not a multiple of five minutes that fits into a day.
    """
    if account.period % STEP or DAY % account.period:
        raise DataError(
            f"account {account.account_id!r} has periods of {account.period} s; they must be a multiple of {STEP} s "
            "and fit into a day, so add up or average its rows"
        )
    kinds = [catalogue.instance[c.instance] for c in account.configurations]
    instances = account.metric("running")
    seen = {r: account.metric(r) for r in RESOURCES if was_measured(account.metric(r))}
    swapping = np.ones(len(account))
    if "memory" in seen:
        swapping += SWAP_SLOWDOWN * np.maximum(0.0, np.nan_to_num(seen["memory"]) - SWAP_FROM)
    cores = np.array([k.cores * k.speed for k in kinds]) * instances / swapping
    cpu, throughput = account.metric("cpu"), account.metric("throughput")
    busy = cpu * cores
    is_served = (throughput > 0) & (busy > 0)
    service = float(np.median(busy[is_served] / throughput[is_served])) if is_served.any() else account.limit / 10
    mean = np.maximum(np.where(is_served, throughput * service, busy), MIN_DEMAND)
    peak = np.maximum(mean, account.metric("cpu_peak") * cores)
    late = np.nan_to_num(account.metric("misses"))
    rung = np.searchsorted([h[0] for h in LATENT_DEMAND], late, side="right")
    more = np.array([h[1] for h in LATENT_DEMAND])[rung]
    base = per_core = 0.0
    if "memory" in seen:
        base, per_core = memory_of(seen["memory"] * np.array([k.memory for k in kinds]), mean, instances)
    iops = np.array([catalogue.storage_class[c.storage].iops for c in account.configurations])
    gbit = np.array([catalogue.network_tier[c.network].gbit for c in account.configurations])
    needs = needs_of(
        level=float(mean.mean()),
        service=service,
        memory_base=base,
        memory_per_core=per_core,
        io_per_core=per_busy_core(seen["io"] * iops, mean) if "io" in seen else 0.0,
        network_per_core=per_busy_core(seen["bandwidth"] * gbit, mean) if "bandwidth" in seen else 0.0,
    )
    demand = _whole_days(fine_demand(more * mean, more * peak, account.period // STEP))
    doubt = _whole_days(np.repeat(np.array([h[2] for h in LATENT_DEMAND])[rung], account.period // STEP))
    weights = demand.reshape(-1, STEPS_A_DAY)
    return Usage(
        account.account_id,
        account.start + account.period * len(account) - DAY * len(weights),
        demand,
        needs,
        account.limit,
        account.data,
        account.present,
        account.tags,
        (doubt.reshape(weights.shape) * weights).sum(axis=1) / weights.sum(axis=1),
        float((account.metric("cpu_peak") >= SATURATED).mean()),
        growth_of(more * mean, account.start, account.period),
        {r: v[np.isfinite(v)] for r, v in seen.items()},
        instances,
        _assumed(account),
        None if account.incomplete or account.present != account.configurations[-1] else account,
    )


def _assumed(account: Account) -> tuple[str, ...]:
    """Assumptions in the place of columns that are absent."""
    found = []
    if not (account.metric("throughput") > 0).any():
        found.append("throughput was not measured: a request is taken to need a tenth of the limit of one core")
    if np.isnan(account.metric("misses")).all():
        found.append("late requests were not measured: demand is taken to be what was served")
    return tuple(found)


def was_measured(share: FloatArray) -> bool:
    """Whether a column says anything: most of it is there, and not all of it is 0, which no running machine is."""
    known = np.isfinite(share)
    return bool(known.mean() >= MIN_MEASURED_SHARE and (share[known] > 0).any())


def memory_of(gib: FloatArray, busy: FloatArray, instances: FloatArray) -> tuple[float, float]:
    """GiB that an instance takes whatever the demand, and for each busy core; a regression from 0 up.

    Args:
        gib: float64 [values], on each instance; NaN where it was not measured.
        busy: float64 [values], busy cores.
        instances: float64 [values]; where none ran there is nothing to learn.
    """
    known = np.isfinite(gib) & (instances > MIN_RUNNING)
    design = np.column_stack([np.ones(int(known.sum())), busy[known] / instances[known]])
    base, per_core = nnls(design, gib[known])[0]
    return float(base), float(per_core)


def per_busy_core(used: FloatArray, busy: FloatArray) -> float:
    """Return how much of something a busy core takes, over the values that were measured (not NaN)."""
    known = np.isfinite(used)
    return float(used[known].sum() / busy[known].sum())


def _whole_days(values: FloatArray) -> FloatArray:
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


def fine_demand(mean: FloatArray, peak: FloatArray, steps: int) -> FloatArray:
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
    shape = (line * np.exp(0.1 * _noise(periods * steps))).reshape(periods, steps)
    shape -= shape.mean(axis=1, keepdims=True)
    top = shape.max(axis=1)
    stretch = np.where(top > 0, (peak - mean) / np.where(top > 0, top, 1.0), 0.0)
    return np.asarray(np.maximum(mean[:, None] + stretch[:, None] * shape, 0.02 * mean[:, None]).ravel())


@lru_cache(maxsize=8)
def _noise(steps: int) -> FloatArray:
    shocks = np.random.default_rng(0).normal(0.0, np.sqrt(1 - CORRELATION**2), steps)
    return np.asarray(lfilter([1.0], [1.0, -CORRELATION], shocks))


def growth_of(mean: FloatArray, start: int, period: int) -> tuple[float, float]:
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
    error = GROWTH_ERROR_FACTOR * spread / float(np.sqrt((weeks**2).sum()))
    weight = GROWTH_PRIOR**2 / (GROWTH_PRIOR**2 + error**2)
    return float(weight * solution[1]), float(np.sqrt(weight) * error)
