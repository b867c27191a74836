"""Measured demand as the futures need it: series that still run, over the time that they share, in cores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.errors import DataError
from aurora.learning.series.samples import unit_name
from aurora.learning.series.series import Series
from aurora.quantities import count, duration, moment

LATE_STEPS = 3
"""A series that ends so many steps before the latest one, or fewer, is late; one that ends earlier has ended."""

SHOWN = 8
"""Quantities that a message lists."""
CORES, UNSTATED = "cores", "unstated"
_BUSY_SECONDS = "seconds/s"
"""The unit of a counter of CPU seconds: seconds of a core in use, a second."""

_MEMORY = ("memory", "bytes", "kb", "mb", "gib")
_REMEDIES = {
    "percent": "say {option} 0.08 for machines of 8 cores, whose 1 % is 0.08 cores",
    "fraction": "say {option} 8 for machines of 8 cores",
    "mhz": "say {option} 0.0004 for cores of 2,500 MHz, of which 1 MHz is 0.0004",
}
_OTHER = "say with {option} how many cores one of them takes, 0.01 where a core does 100, or choose a series of CPU"


class CoresPerUnit(NamedTuple):
    """The value of a unit of some series in cores.

    Attributes:
        value: Cores that one unit needs.
        unit: Of the series; empty where none is stated.
        is_assumed: Whether nothing says that the values are cores.
    """

    value: float
    unit: str
    is_assumed: bool


def check_one_quantity(series: Sequence[Series], remedy: str) -> None:
    """Refuse series that can't be summed: of several metrics or units.

    Args:
        series: To be summed.
        remedy: How to choose some of them, for the message.

    Raises:
        DataError: Their labels `metric` or `unit` differ.
    """
    kinds = sorted({(s.labels.get("metric", ""), unit_name(s.labels.get("unit") or UNSTATED)) for s in series})
    if len(kinds) > 1:
        shown = [
            f"{metric or 'no stated metric'} in {unit if unit != UNSTATED else 'no stated unit'}"
            for metric, unit in kinds[:SHOWN]
        ]
        more = ["..."] if len(kinds) > SHOWN else []
        raise DataError(f"the series are of {', '.join([*shown, *more])} and can't be summed; {remedy}")


def cores_per_unit(series: Sequence[Series], given: float | None, option: str = "--cores-per-unit") -> CoresPerUnit:
    """Return what a unit of the series is in cores; only an unstated one is taken for a core.

    Args:
        series: Of one quantity, see `check_one_quantity`.
        given: What the user says; None if nothing.
        option: How it is said, for the message.

    Raises:
        DataError: The unit is known, is not cores, and nothing was said; names the unit and the remedy.
    """
    labels = series[0].labels if series else {}
    unit = unit_name(labels.get("unit") or UNSTATED)
    metric = labels.get("metric", "")
    stated = "" if unit == UNSTATED else unit
    if given is not None:
        return CoresPerUnit(given, stated, False)
    busy = unit == _BUSY_SECONDS and "cpu" in f"{metric} {series[0].unique_id}".lower()
    if unit == CORES or busy:
        return CoresPerUnit(1.0, stated, False)
    if any(metric.lower().startswith(m) for m in _MEMORY) or unit.removesuffix("/s") in _MEMORY:
        raise DataError(
            f"series {series[0].unique_id}: y is {metric or 'a size'}{f' in {unit}' if stated else ''}, and plans are "
            f"made of cores; choose a series of CPU, or say with {option} how many cores one of it takes"
        )
    if stated:
        remedy = _REMEDIES.get(unit, _OTHER).format(option=option)
        raise DataError(f"series {series[0].unique_id}: y is in {unit}, not in cores; {remedy}")
    return CoresPerUnit(1.0, "", True)


class Running(NamedTuple):
    """Series that still run, cut to the time that they share.

    Attributes:
        series: At least one.
        notes: What was left out or cut off, and other things that make the future what it is; sentences.
    """

    series: tuple[Series, ...]
    notes: tuple[str, ...]


def running(series: Sequence[Series]) -> Running:
    """Return the series that go on to the end of the data; what ended before is left out, and said.

    The future begins after the latest value. A series that ended earlier, such as a pod that is gone, has no demand in
    it; one that is late by a few steps holds the others back.

    Args:
        series: Of equal steps.

    Raises:
        DataError: See `aligned`.
    """
    end = max((_end(s) for s in series), default=0)
    kept = tuple(s for s in series if not _is_gone(s, end))
    together = aligned(kept)
    notes = []
    if said := told_gone(series):
        notes.append(f"{said}; what has ended is left out of the future")
    if (cut := end - _end(together[0])) > 0:
        late = min(kept, key=_end)
        notes.append(f"the last {_steps(cut, late.step)} are left out: series {late.unique_id} has no values there yet")
    first = min(s.start for s in kept)
    if (before := together[0].start - first) > 0:
        young = max(kept, key=lambda s: s.start)
        notes.append(
            f"what was measured before {moment(young.start)} is left out ({_steps(before, young.step)}): series "
            f"{young.unique_id} begins only then"
        )
    notes += [f"series {s.unique_id}: {odd}" for s in together if (odd := _odd(s))]
    return Running(together, tuple(notes))


def told_gone(series: Sequence[Series]) -> str:
    """Return a sentence on the series that ended before the others, empty if none did."""
    end = max((_end(s) for s in series), default=0)
    gone = sorted((s for s in series if _is_gone(s, end)), key=_end)
    if not gone:
        return ""
    latest = gone[-1]
    until = f"ended at {moment(_end(latest) - latest.step)}, {duration(end - _end(latest))} before the end of the data"
    if len(gone) == 1:
        return f"series {latest.unique_id} {until}"
    return f"{count(len(gone))} series ended before the others; the last of them, {latest.unique_id}, {until}"


def _is_gone(one: Series, end: int) -> bool:
    return end - _end(one) > LATE_STEPS * one.step


def _odd(one: Series) -> str:
    """What makes the future of a series trivial; empty if nothing does."""
    if not one.y.any():
        return "all values are 0, so its future is 0 as well"
    tail = len(one) - 1 - int(np.flatnonzero(one.y)[-1])
    if tail >= len(one) // 2:
        return f"it has been 0 since {moment(one.start + (len(one) - tail) * one.step)} (scaled to zero?)"
    if one.y.min() == one.y.max():
        return f"all values are {one.y[0]:g}, so its future is {one.y[0]:g} as well"
    return ""


def _steps(seconds: int, step: int) -> str:
    return f"{count(seconds // step)} steps"


def _end(one: Series) -> int:
    return one.start + len(one) * one.step


def aligned(series: Sequence[Series]) -> tuple[Series, ...]:
    """The series over the time that all of them cover.

    Raises:
        DataError: There are none, their steps differ, they do not overlap, or one has a negative or no finite value.
    """
    if not series:
        raise DataError("no series: give at least one file with measured demand")
    steps = {s.step for s in series}
    if len(steps) > 1:
        raise DataError(f"series have steps of {', '.join(map(str, sorted(steps)))} s; give series of one step")
    step = steps.pop()
    for each in series:
        if not len(each):
            raise DataError(f"series {each.unique_id} is empty; leave it out")
        if not np.isfinite(each.y).all():
            raise DataError(f"series {each.unique_id}: some values are not finite; `read_panel` repairs that")
        if each.y.min() < 0:
            raise DataError(
                f"series {each.unique_id}: a demand of {each.y.min():g}, and a demand can't be below 0; "
                "mend the values, or leave the series out"
            )
        if (each.start - series[0].start) % step:
            raise DataError(f"series {series[0].unique_id} and {each.unique_id}: their steps are not at the same times")
    first = max(s.start for s in series)
    last = min(_end(s) for s in series)
    if last <= first:
        raise DataError("the series have no time in common; give series of the same days")
    return tuple(s.between((first - s.start) // step, (last - s.start) // step) for s in series)
