"""The usage behind measured series of utilisation, for workloads of which only that and the configuration are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from aurora.errors import DataError
from aurora.learning.accounts import Catalogue, Configuration, check_configuration
from aurora.learning.accounts.workload import DAY, STEP
from aurora.learning.series import Series
from aurora.learning.usage import MIN_DEMAND, SATURATED, STEPS_A_DAY, Usage, fine_demand, growth_of, needs_of

LIMIT, SERVICE = 60.0, 0.1
"""Seconds. Without a promised response time a request is late where demand exceeds the capacity for about a minute."""
FIELDS = tuple(f.name for f in fields(Configuration))
METRICS = ("cpu", "memory", "io", "bandwidth", "running")


@dataclass(frozen=True, slots=True)
class Entry:
    """A workload in an inventory.

    Attributes:
        configuration: That runs now.
        limit: Response time that is promised, seconds; `LIMIT` where nothing is.
        data: GiB stored.
        tags: Such as do-not-resize or minimum=3.
    """

    configuration: Configuration
    limit: float
    data: float
    tags: tuple[str, ...]


def parse_entry(name: str, data: Any, catalogue: Catalogue) -> Entry:
    """One workload of an inventory: the fields of a configuration, perhaps `limit`, `data` and `tags`.

    Raises:
        DataError: A field is absent or not what it should be; the message names it.
    """
    where = f"inventory, {name!r}"
    if not isinstance(data, dict):
        raise DataError(f"{where}: must be an object with {', '.join(FIELDS)}")
    lacking = [f for f in FIELDS if f not in data]
    if lacking:
        raise DataError(f"{where}: lacks {', '.join(lacking)}")
    kinds: Mapping[str, Any] = {"minimum": int, "maximum": int, "target": float, "cooldown": int}
    for field, kind in kinds.items():
        value = data[field]
        if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
            raise DataError(f"{where}: field {field!r} must be a number, it is {value!r}")
    configuration = Configuration(**{f: data[f] for f in FIELDS})
    check_configuration(configuration, catalogue, where)
    numbers = {"limit": data.get("limit", LIMIT), "data": data.get("data", 0.0)}
    for field, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise DataError(f"{where}: field {field!r} must be a number from 0 up, it is {value!r}")
    tags = data.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(t, str) for t in tags):
        raise DataError(f"{where}: field 'tags' must be a list of texts")
    return Entry(configuration, float(numbers["limit"]) or LIMIT, float(numbers["data"]), tuple(tags))


def by_workload(series: Sequence[Series]) -> dict[str, dict[str, Series]]:
    """Series by workload and metric: of `web-1/cpu` or of a label `metric`; without either it is the CPU.

    Raises:
        DataError: A workload has two series of one metric.
    """
    found: dict[str, dict[str, Series]] = {}
    for s in series:
        head, _, tail = s.unique_id.rpartition("/")
        metric = s.labels.get("metric", tail if head and tail in METRICS else "cpu")
        name = head if head and tail == metric else s.unique_id
        own = found.setdefault(name, {})
        if metric in own:
            raise DataError(f"workload {name!r} has two series of {metric}; name them WORKLOAD/METRIC")
        own[metric] = s
    return found


def values_needed(step: int, days: float) -> int:
    """How many values of a step cover so many days."""
    return math.ceil(days * DAY / step)


def usage_of_series(name: str, metrics: Mapping[str, Series], entry: Entry, catalogue: Catalogue) -> Usage:
    """The usage behind a workload's series.

    Args:
        name: Of the workload.
        metrics: `cpu` at least; `memory`, `io`, `bandwidth` and `running` (the number of instances) where measured.
        entry: Its configuration.
        catalogue: That the configuration names things from.

    Raises:
        DataError: There is no CPU, a step does not fit five minutes, the unit can't be used, or the number of
            instances is not known.
    """
    if "cpu" not in metrics:
        raise DataError(f"workload {name!r} has no series of cpu; there are {', '.join(metrics)}")
    configuration = entry.configuration
    kind = catalogue.instance[configuration.instance]
    cpu = metrics["cpu"]
    if configuration.minimum == configuration.maximum:
        running = np.full(len(cpu), float(configuration.minimum))
    elif "running" in metrics:
        running = _beside(cpu, metrics["running"], name)
    else:
        raise DataError(
            f"workload {name!r} runs {configuration.minimum} to {configuration.maximum} instances; give a series "
            f"{name}/running with how many did, so that utilisation can be turned into demand"
        )
    capacity = kind.cores * kind.speed * np.maximum(running, 1.0)
    busy = np.maximum(_amount(cpu, capacity, {"cores": kind.speed}, name), MIN_DEMAND)
    memory = np.zeros(len(busy))
    if "memory" in metrics:
        share = _beside(cpu, metrics["memory"], name)
        memory = _amount_of(share, metrics["memory"], kind.memory, {"gib": 1.0 / np.maximum(running, 1.0)}, name)
    base, per_core = nnls(np.column_stack([np.ones(len(busy)), busy / running]), memory)[0]
    iops, gbit = catalogue.storage_class[configuration.storage].iops, catalogue.network_tier[configuration.network].gbit
    per_busy = []
    for metric, most in (("io", iops), ("bandwidth", gbit)):
        if metric in metrics:
            used = _amount_of(_beside(cpu, metrics[metric], name), metrics[metric], most, {}, name)
            per_busy.append(float(used.sum() / busy.sum()))
        else:
            per_busy.append(0.0)
    demand = _five_minutes(cpu, busy, name)
    demand = demand[len(demand) % STEPS_A_DAY :]
    days = len(demand) // STEPS_A_DAY
    saturated = busy >= SATURATED * capacity
    return Usage(
        name,
        cpu.start + cpu.step * len(cpu) - DAY * days,
        demand,
        needs_of(
            level=float(busy.mean()),
            service=min(SERVICE, entry.limit / 10),
            memory_base=float(base),
            memory_per_core=float(per_core),
            io_per_core=per_busy[0],
            network_per_core=per_busy[1],
        ),
        entry.limit,
        entry.data,
        configuration,
        entry.tags,
        np.zeros(days),
        float(saturated.mean()),
        growth_of(busy, cpu.start, cpu.step),
    )


def _beside(cpu: Series, other: Series, name: str) -> NDArray[np.float64]:
    """The values of another metric at the times of the CPU's."""
    here = cpu.start + cpu.step * np.arange(len(cpu))
    there = other.start + other.step * np.arange(len(other))
    if there[-1] < here[0] or there[0] > here[-1]:
        raise DataError(f"workload {name!r}: {other.unique_id} was measured at other times than {cpu.unique_id}")
    return np.asarray(np.interp(here, there, other.y))


def _amount(series: Series, capacity: NDArray[np.float64], units: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    return _amount_of(series.y, series, capacity, units, name)


def _amount_of(
    y: NDArray[np.float64], series: Series, capacity: Any, units: Mapping[str, Any], name: str
) -> NDArray[np.float64]:
    """Values in absolute units from shares of a capacity, or from a unit that is absolute."""
    unit = series.labels.get("unit", "percent").lower()
    if unit == "percent":
        return np.asarray(y / 100 * capacity)
    if unit == "fraction":
        return np.asarray(y * capacity)
    if unit in units:
        return np.asarray(y * units[unit])
    usable = ", ".join(["percent", "fraction", *units])
    raise DataError(f"workload {name!r}: {series.unique_id} has the unit {unit!r}; usable are {usable}")


def _five_minutes(cpu: Series, busy: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Demand every five minutes from finer values (their mean, which keeps what has to be served) or coarser ones."""
    if cpu.step == STEP:
        return busy
    if cpu.step < STEP and STEP % cpu.step == 0:
        many = STEP // cpu.step
        return np.asarray(busy[len(busy) % many :].reshape(-1, many).mean(axis=1))
    if cpu.step % STEP == 0:
        return fine_demand(busy, busy, cpu.step // STEP)
    raise DataError(f"workload {name!r}: a step of {cpu.step} s neither divides five minutes nor is a multiple of them")
