"""Prepares measured demand: series that still run, over the time that they share, with the unit in cores."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from typing import NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.series.samples import unit_name
from aurora.learning.series.series import Panel, Series
from aurora.quantities import count, duration, moment

LATE_STEPS = 3
"""Most steps by which a series may end before the latest one and still be running; one that ends earlier has ended."""

MAX_QUANTITIES_SHOWN = 8
"""Most quantities that a message lists."""
MAX_IDS_SHOWN = 5
"""Most ids of series that a message lists."""
CORES, UNSTATED = "cores", "unstated"
_BUSY_SECONDS = "seconds/s"
"""Unit of the rate of a counter of CPU seconds, which is cores."""

_MEMORY = ("memory", "bytes", "kb", "mb", "gib")
_REMEDIES = {
    "percent": "give cores_per_unit=0.08 for machines of 8 cores, whose 1 % is 0.08 cores",
    "fraction": "give cores_per_unit=8 for machines of 8 cores",
    "mhz": "give cores_per_unit=0.0004 for cores of 2,500 MHz, of which 1 MHz is 0.0004",
}
_OTHER = "give cores_per_unit=0.01 where one core serves 100 of them, or choose a series of CPU"


class CoresPerUnit(NamedTuple):
    """Number of cores that a unit of some series stands for.

    Attributes:
        value: Cores in one unit.
        unit: Unit of the series; empty where none is stated.
        is_assumed: True where no unit is stated, and one unit is taken for one core.
    """

    value: float
    unit: str
    is_assumed: bool


def select(panel: Panel, pattern: str) -> Panel:
    """Return the series whose ids match a pattern, with their findings.

    Args:
        panel: All series.
        pattern: Pattern of the shell, such as `*/cpu`.

    Raises:
        InputError: No series matches, or those that do can't be summed.
    """
    series = tuple(s for s in panel.series if fnmatch(s.unique_id, pattern))
    if not series:
        ids = [s.unique_id for s in panel.series]
        more = f" and {len(ids) - MAX_IDS_SHOWN} more" if len(ids) > MAX_IDS_SHOWN else ""
        raise InputError(
            f"none matches; there are {', '.join(ids[:MAX_IDS_SHOWN])}{more}", parameter="series", value=pattern
        )
    check_one_quantity(series)
    selected = {s.unique_id for s in series}
    return Panel(series, tuple(f for f in panel.findings if f.unique_id in selected or f.defect == "notation"))


def check_one_quantity(
    series: Sequence[Series], remedy: str = "choose those of one quantity, for example series='*/cpu'"
) -> None:
    """Refuse series that can't be summed: of several metrics or units.

    Args:
        series: Series to be summed.
        remedy: How the caller chooses some of them, for the message.

    Raises:
        InputError: Their labels `metric` or `unit` differ.
    """
    kinds = sorted({(s.labels.get("metric", ""), unit_name(s.labels.get("unit") or UNSTATED)) for s in series})
    if len(kinds) > 1:
        shown = [
            f"{metric or 'no stated metric'} in {unit if unit != UNSTATED else 'no stated unit'}"
            for metric, unit in kinds[:MAX_QUANTITIES_SHOWN]
        ]
        more = ["..."] if len(kinds) > MAX_QUANTITIES_SHOWN else []
        raise InputError(f"the series are of {', '.join([*shown, *more])} and can't be summed; {remedy}")


def cores_per_unit(series: Sequence[Series], given: float | None = None) -> CoresPerUnit:
    """Return the cores that one unit of the series stands for; an unstated unit is taken for a core.

    Args:
        series: Series of one quantity, see `check_one_quantity`.
        given: Cores in one unit by the user's word; None if the user gave none.

    Raises:
        InputError: The unit is not cores, and `given` is None; names the unit and the remedy.
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
        raise InputError(
            f"series {series[0].unique_id}: y is {metric or 'a size'}{f' in {unit}' if stated else ''}, and plans are "
            f"made of cores; choose a series of CPU, or give cores_per_unit=0.25 where one unit of it"
            " takes 0.25 cores"
        )
    if stated:
        remedy = _REMEDIES.get(unit, _OTHER)
        raise InputError(f"series {series[0].unique_id}: y is in {unit}, not in cores; {remedy}")
    return CoresPerUnit(1.0, "", True)


class Running(NamedTuple):
    """Series that still run, cut to the time that they share.

    Attributes:
        series: At least one.
        notes: Series that were left out or cut, and what makes the future of one trivial; sentences.
    """

    series: tuple[Series, ...]
    notes: tuple[str, ...]


def running(series: Sequence[Series]) -> Running:
    """Return the series that go on to the end of the data, and notes on those that ended before and are left out.

    The future begins after the latest value. A series that ended earlier, such as a pod that is gone, has no demand in
    it; one that is late by a few steps holds the others back.

    Args:
        series: Series of equal steps.

    Raises:
        InputError: See `aligned`.
    """
    end = max((_end(s) for s in series), default=0)
    kept = tuple(s for s in series if not _has_ended(s, end))
    together = aligned(kept)
    notes = []
    if ended := ended_note(series):
        notes.append(f"{ended}; what has ended is left out of the future")
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
    notes += [f"series {s.unique_id}: {trivial}" for s in together if (trivial := _trivial(s))]
    return Running(together, tuple(notes))


def ended_note(series: Sequence[Series]) -> str:
    """Return a sentence on the series that ended before the others, empty if none did."""
    end = max((_end(s) for s in series), default=0)
    gone = sorted((s for s in series if _has_ended(s, end)), key=_end)
    if not gone:
        return ""
    latest = gone[-1]
    until = f"ended at {moment(_end(latest) - latest.step)}, {duration(end - _end(latest))} before the end of the data"
    if len(gone) == 1:
        return f"series {latest.unique_id} {until}"
    return f"{count(len(gone))} series ended before the others; the last of them, {latest.unique_id}, {until}"


def _has_ended(one: Series, end: int) -> bool:
    return end - _end(one) > LATE_STEPS * one.step


def _trivial(one: Series) -> str:
    """Return what makes the future of a series trivial; empty if nothing does."""
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
    """Cut series to the time that all of them cover.

    Raises:
        InputError: There are none, their steps differ, they do not overlap, or one has a negative or no finite value.
    """
    if not series:
        raise InputError("no series: give at least one file with measured demand")
    steps = {s.step for s in series}
    if len(steps) > 1:
        raise InputError(f"series have steps of {', '.join(map(str, sorted(steps)))} s; give series of one step")
    step = steps.pop()
    for one in series:
        if not len(one):
            raise InputError(f"series {one.unique_id} is empty; leave it out")
        if not np.isfinite(one.y).all():
            raise InputError(f"series {one.unique_id}: some values are not finite; `read_panel` repairs that")
        if one.y.min() < 0:
            raise InputError(
                f"series {one.unique_id}: a demand of {one.y.min():g}, and a demand can't be below 0; "
                "mend the values, or leave the series out"
            )
        if (one.start - series[0].start) % step:
            raise InputError(f"series {series[0].unique_id} and {one.unique_id}: their steps are not at the same times")
    first = max(s.start for s in series)
    last = min(_end(s) for s in series)
    if last <= first:
        raise InputError("the series have no time in common; give series of the same days")
    return tuple(s.between((first - s.start) // step, (last - s.start) // step) for s in series)
