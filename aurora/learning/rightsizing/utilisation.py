"""Usage of workloads of which only series of utilisation and the configuration are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from aurora.errors import DataError, InputError
from aurora.learning.accounts import Catalogue, Configuration, check_configuration
from aurora.learning.accounts.workload import DAY, STEP
from aurora.learning.rightsizing.usage import (
    MIN_DEMAND,
    RESOURCES,
    SATURATED,
    STEPS_A_DAY,
    Usage,
    fine_demand,
    growth_of,
    memory_of,
    needs_of,
    per_busy_core,
    was_measured,
)
from aurora.learning.series.samples import unit_name
from aurora.learning.series.series import Series
from aurora.types import FloatArray

DEFAULT_LIMIT, DEFAULT_SERVICE = 60.0, 0.1
"""Seconds. Without a promised response time a request is late where demand exceeds the capacity for about a minute."""
FIELDS = tuple(f.name for f in fields(Configuration))
METRICS = (*RESOURCES, "running")
MAX_SHARE = 1.05
"""Share of a capacity that rounding may reach; above it the unit or the inventory is wrong."""
LARGEST_VALUE = 1e9
"""Largest limit (seconds) and data (GiB)."""
MIN_OBSERVED_WEIGHT = 0.5
"""Least weight of measured values in an interpolated one."""
UNSTATED = "unstated"
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Entry:
    """A workload in an inventory.

    Attributes:
        configuration: Present configuration.
        limit: Promised response time, seconds; `DEFAULT_LIMIT` where nothing is promised.
        data: Stored data, GiB.
        tags: Tags such as do-not-resize or minimum=3.
    """

    configuration: Configuration
    limit: float
    data: float
    tags: tuple[str, ...]


def parse_entry(name: str, data: Any, catalogue: Catalogue) -> Entry:
    """Read one workload of an inventory: the fields of a configuration, perhaps `limit`, `data` and `tags`.

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
            raise DataError(f"{where}: field {field!r} must be a number, it is {str(value)[:40]!r}")
    configuration = Configuration(**{f: data[f] for f in FIELDS})
    check_configuration(configuration, catalogue, where)
    numbers = {"limit": data.get("limit", DEFAULT_LIMIT), "data": data.get("data", 0.0)}
    for field, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST_VALUE:
            raise DataError(
                f"{where}: field {field!r} must be a number from 0 to {LARGEST_VALUE:g}, it is {str(value)[:40]!r}"
            )
    if numbers["limit"] == 0:
        raise DataError(f"{where}: field 'limit' must be above 0 s; leave it out where no response time is promised")
    tags = data.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(t, str) for t in tags):
        raise DataError(f"{where}: field 'tags' must be a list of texts")
    return Entry(configuration, float(numbers["limit"]), float(numbers["data"]), tuple(tags))


def renamed(series: Sequence[Series], template: str, aliases: Mapping[str, str]) -> list[Series]:
    """Rename series to WORKLOAD/METRIC by a template, from the names that a monitoring system gave.

    Args:
        series: Series with labels.
        template: Template such as "{instance}/{metric}": labels in braces, `{name}` is the name without its labels.
        aliases: Name of a metric in the template's result -> cpu, memory, io, bandwidth or running.

    Raises:
        InputError: The template has no metric, or a series lacks a label or has another metric; the message names it.
    """
    found = []
    for s in series:
        values = {"name": s.unique_id.partition("{")[0], **s.labels}

        def value(match: re.Match[str], values: Mapping[str, str] = values, s: Series = s) -> str:
            if match[1] not in values:
                have = ", ".join(sorted(values))
                raise InputError(f"{s.unique_id} has no label {match[1]!r}; it has {have}", parameter="name")
            return values[match[1]]

        head, slash, tail = re.sub(r"\{(\w+)\}", value, template).rpartition("/")
        metric = aliases.get(tail, tail)
        if not (head and slash):
            reason = f"it gives {head or tail!r}; write WORKLOAD/METRIC, as in {{instance}}/cpu"
            raise InputError(reason, parameter="name", value=template)
        if metric not in METRICS:
            known = ", ".join(METRICS)
            raise InputError(
                f"{s.unique_id}: {tail!r} is none of {known}; say which it is, as in cpu={tail or 'NAME'}",
                parameter="metric",
            )
        found.append(replace(s, unique_id=f"{head}/{metric}", labels={**s.labels, "metric": metric}))
    return found


def by_workload(series: Sequence[Series]) -> dict[str, dict[str, Series]]:
    """Group series by workload and metric: of `web-1/cpu` or of a label `metric`; without either it is the CPU.

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


def ended_early(workloads: Mapping[str, Mapping[str, Series]]) -> dict[str, float]:
    """Return the days by which workloads ended before the last one, where it is a day or more: they may be gone."""
    ends = {name: max(s.start + s.step * (len(s) - 1) for s in metrics.values()) for name, metrics in workloads.items()}
    last = max(ends.values(), default=0.0)
    return {name: (last - end) / DAY for name, end in ends.items() if last - end >= DAY}


def usage_of_series(name: str, metrics: Mapping[str, Series], entry: Entry, catalogue: Catalogue) -> Usage:
    """Estimate the usage of a workload from its series.

    Args:
        name: Name of the workload.
        metrics: `cpu` at least; `memory`, `io`, `bandwidth` and `running` (the number of instances) where measured.
        entry: Configuration of the workload.
        catalogue: Catalogue that the configuration names things from.

    Raises:
        DataError: There is no CPU, a step does not fit five minutes, the unit can't be used or is not stated where it
            matters, or the number of instances is not known.
    """
    if "cpu" not in metrics:
        raise DataError(f"workload {name!r} has no series of cpu; there are {', '.join(metrics)}")
    cpu, configuration = metrics["cpu"], entry.configuration
    kind = catalogue.instance[configuration.instance]
    running = _running(name, metrics, configuration)
    shares, assumptions = _shares(name, metrics, configuration, catalogue, running)
    capacity = kind.cores * kind.speed * np.maximum(running, 1.0)
    busy = np.maximum(shares["cpu"] * capacity, MIN_DEMAND)
    base = per_core = 0.0
    if "memory" in shares:
        base, per_core = memory_of(shares["memory"] * kind.memory, busy, running)
    iops, gbit = catalogue.storage_class[configuration.storage].iops, catalogue.network_tier[configuration.network].gbit
    demand = _five_minutes(cpu, busy, name)
    demand = demand[len(demand) % STEPS_A_DAY :]
    days = len(demand) // STEPS_A_DAY
    if entry.limit == DEFAULT_LIMIT:
        assumptions += (
            f"a request counts as late after {DEFAULT_LIMIT:.0f} s (set `limit` in the inventory to change that)",
        )
    return Usage(
        name,
        cpu.start + cpu.step * len(cpu) - DAY * days,
        demand,
        needs_of(
            level=float(busy.mean()),
            service=min(DEFAULT_SERVICE, entry.limit / 10),
            memory_base=base,
            memory_per_core=per_core,
            io_per_core=per_busy_core(shares["io"] * iops, busy) if "io" in shares else 0.0,
            network_per_core=per_busy_core(shares["bandwidth"] * gbit, busy) if "bandwidth" in shares else 0.0,
        ),
        entry.limit,
        entry.data,
        configuration,
        entry.tags,
        np.zeros(days),
        float((busy >= SATURATED * capacity).mean()),
        growth_of(busy, cpu.start, cpu.step),
        {r: y[cpu.observed & np.isfinite(y)] for r, y in shares.items()},
        running[cpu.observed],
        assumptions,
    )


def _running(name: str, metrics: Mapping[str, Series], configuration: Configuration) -> FloatArray:
    """Return the instances that ran at the times of the CPU's values."""
    cpu = metrics["cpu"]
    if "running" in metrics:
        found = _beside(cpu, metrics["running"], name, is_count=True)
        if np.isnan(found).any():
            raise DataError(
                f"workload {name!r}: {metrics['running'].unique_id} does not cover all times of {cpu.unique_id}; give "
                "both for the same days"
            )
        return found
    if configuration.minimum == configuration.maximum:
        return np.full(len(cpu), float(configuration.minimum))
    raise DataError(
        f"workload {name!r} runs {configuration.minimum} to {configuration.maximum} instances; give a series "
        f"{name}/running with how many did, so that utilisation can be turned into demand"
    )


def _shares(
    name: str, metrics: Mapping[str, Series], configuration: Configuration, catalogue: Catalogue, running: FloatArray
) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    """Return measured values as shares of the capacity (NaN where missing), and the assumptions about units."""
    kind = catalogue.instance[configuration.instance]
    iops, gbit = catalogue.storage_class[configuration.storage].iops, catalogue.network_tier[configuration.network].gbit
    here = np.maximum(running, 1.0)
    gib = 1.0 / (kind.memory * here)
    units: Mapping[str, Mapping[str, Any]] = {
        "cpu": {"cores": 1.0 / (kind.cores * here)},
        "memory": {"gib": gib, "mb": gib * 1e6 / GIB, "kb": gib * 1e3 / GIB, "bytes": gib / GIB},
        "io": {"operations/s": 1.0 / iops},
        "bandwidth": {"gbit/s": 1.0 / gbit, "bytes/s": 8e-9 / gbit, "kb/s": 8e-6 / gbit},
    }
    found: dict[str, FloatArray] = {}
    assumed = []
    for metric in RESOURCES:
        if metric not in metrics:
            continue
        series = metrics[metric]
        # The CPU's own gaps are filled in: demand is needed at every step. `usage_of_series` counts what was observed.
        values = series.y if metric == "cpu" else _beside(metrics["cpu"], series, name)
        share, guess = _share(values, series, units[metric], name)
        if metric == "cpu" or was_measured(share):
            found[metric] = share
            assumed += [guess] if guess else []
        else:
            assumed.append(f"{series.unique_id} covers too few times of the CPU, or is 0: taken as not measured")
    if found["cpu"].max() > MAX_SHARE:
        raise DataError(
            f"workload {name!r}: {metrics['cpu'].unique_id} reaches {found['cpu'].max():.0%} of what the inventory has "
            f"({configuration.instance}); check its instance and the unit (where 100 % is one core, give cores)"
        )
    return found, tuple(assumed)


def _beside(cpu: Series, other: Series, name: str, *, is_count: bool = False) -> FloatArray:
    """Return another metric at the times of the CPU's values; NaN where none is near. Counts stay until they change."""
    here = cpu.start + cpu.step * np.arange(len(cpu))
    there = other.start + other.step * np.arange(len(other))
    if there[-1] < here[0] or there[0] > here[-1]:
        raise DataError(f"workload {name!r}: {other.unique_id} was measured at other times than {cpu.unique_id}")
    values = np.interp(here, there, other.y)
    near = max(cpu.step, other.step)
    values[(here < there[0] - near) | (here > there[-1] + near)] = np.nan
    if not is_count:
        values[np.interp(here, there, other.observed) < MIN_OBSERVED_WEIGHT] = np.nan
    return np.asarray(values)


def _share(y: FloatArray, series: Series, units: Mapping[str, Any], name: str) -> tuple[FloatArray, str]:
    """Return values as shares of a capacity, and the assumption about their unit: "" where it is stated."""
    unit = unit_name(series.labels.get("unit", UNSTATED))
    if unit in units:
        return np.asarray(y * units[unit]), ""
    if unit == "fraction":
        return y, ""
    if unit == "percent":
        most = float(np.nanmax(y, initial=0.0))
        is_odd = 0 < most <= 1
        told = f"{series.unique_id} is never above {most:.3g} %, as its unit says; the unit of shares of 1 is fraction"
        return np.asarray(y / 100), told if is_odd else ""
    usable = ", ".join(["percent", "fraction", *units])
    if unit != UNSTATED:
        raise DataError(f"workload {name!r}: {series.unique_id} has the unit {unit!r}; usable are {usable}")
    top = float(np.nanmax(y))
    if not 1.0 < top <= 100 * MAX_SHARE:
        raise DataError(
            f"workload {name!r}: {series.unique_id} has no unit, and its values reach {top:g}: they may be anything; "
            f"add a column `unit` ({usable})"
        )
    return np.asarray(y / 100), f"{series.unique_id} has no unit: taken as percent"


def _five_minutes(cpu: Series, busy: FloatArray, name: str) -> FloatArray:
    """Return demand every five minutes from finer values (by their mean, which keeps the sum) or coarser ones."""
    if cpu.step == STEP:
        return busy
    if cpu.step < STEP and STEP % cpu.step == 0:
        many = STEP // cpu.step
        return np.asarray(busy[len(busy) % many :].reshape(-1, many).mean(axis=1))
    if cpu.step % STEP == 0:
        return fine_demand(busy, busy, cpu.step // STEP)
    raise DataError(f"workload {name!r}: a step of {cpu.step} s neither divides five minutes nor is a multiple of them")
