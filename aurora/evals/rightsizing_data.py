"""Public traces as cases of rightsizing: what was measured before a moment, and what followed.

A machine counts as a container of 8 cores and 32 GiB, so that VPA's buckets are fine compared with the values. Series
of one day are cut after 16 hours. Series of weeks are cut once. The nine long series are judged on each day of their
second half.

`rightsizing_split.json` names the machines set aside for development: PlanetLab's of two days, half of Google's jobs,
half of Azure's virtual machines. AURORA's learned weights and the design rest on them alone. All others are judged. A
Google machine is a day of a job, so jobs are divided, not machines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import FileError
from aurora.learning.rightsizing.containers.risk import BackTest, back_tests
from aurora.learning.rightsizing.containers.use import Demand, Resource, Samples
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import Series
from aurora.types import FloatArray

HOUR, DAY = 3600.0, 86_400.0
CUT = 16 * HOUR
AHEAD = 8 * HOUR
CORES, GIB = 8.0, 32.0
"""Size of a machine."""
WEEK = 7 * DAY
AZURE_CUT, GOOGLE_CUT = 14 * DAY, 3 * DAY
"""Seconds after which the series of weeks are cut; a week follows."""


class Moment(NamedTuple):
    """Containers at a moment.

    Attributes:
        demands: What was measured before.
        after: What followed, each ascending, float64 [n].
        tests: Past moments to calibrate on; none is later than the moment, or of a judged machine's future.
        series: Position of the series of each demand, for the bootstrap.
    """

    demands: tuple[Demand, ...]
    after: tuple[FloatArray, ...]
    tests: tuple[BackTest, ...]
    series: tuple[int, ...]


class Case(NamedTuple):
    """A data set with a split.

    Attributes:
        name: Name of the data and of the split.
        resource: The resource.
        horizon: Seconds of what followed.
        moments: At least one; several where days are judged one after another.
        groups: Group of each series for the bootstrap: series of one job are not independent.
    """

    name: str
    resource: Resource
    horizon: float
    moments: tuple[Moment, ...]
    groups: tuple[str, ...] = ()


class Split(NamedTuple):
    """Machines set aside for development.

    Attributes:
        planetlab_days: Days of PlanetLab; a machine that is in one of them is judged on no other day.
        google_jobs: Numbers of Google's jobs.
        azure_machines: Names of Azure's virtual machines.
    """

    planetlab_days: frozenset[str]
    google_jobs: frozenset[str]
    azure_machines: frozenset[str]


@cache
def split() -> Split:
    """Return the machines set aside for development."""
    text = files("aurora.evals").joinpath("rightsizing_split.json").read_text(encoding="utf-8")
    row = json.loads(text)
    return Split(*(frozenset(row[name]) for name in Split._fields))


def cases(data: Path) -> list[Case]:
    """Return the cases of all traces in a folder.

    Args:
        data: Folder with any of planetlab/, dc_util/, nab/ and bitbrains/.

    Raises:
        FileError: The folder has none of them, or a file is absent.
    """
    found: list[Case] = []
    if (data / "planetlab").is_dir():
        tune, judge = planetlab(data / "planetlab")
        if not judge:
            raise FileError(f"{data / 'planetlab'}: there are no days but those set aside for tuning; add one to judge")
        found.append(_unseen("planetlab, unseen machines", tune, judge, CUT, AHEAD))
        found.append(_rest("planetlab, rest of the day", judge, CUT, AHEAD))
    for name, path, cut, ahead in (
        ("google 2011", data / "dc_util" / "google2011_vm_cpu_mem.csv.gz", CUT, AHEAD),
        ("google 2011, ten days", data / "google_2011_days" / "google_2011_days.csv.gz", GOOGLE_CUT, WEEK),
        ("azure 2017", data / "azure_vms" / "azure_2017_100.csv.gz", AZURE_CUT, WEEK),
    ):
        if path.is_file():
            rest = "rest of the day" if ahead < DAY else "next week"
            for resource in ("cpu", "memory"):
                tune, judge = machines(path, resource)
                if judge:
                    found.append(_unseen(f"{name}, unseen machines", tune, judge, cut, ahead))
                    found.append(_rest(f"{name}, {rest}", judge, cut, ahead))
    if long := _long_series(data):
        found.append(_daily("days of long series", long))
    if not found:
        raise FileError(f"{data}: no folder planetlab, dc_util, nab or bitbrains; name the folder with the traces")
    return [case for case in found if case.moments[0].demands]


def planetlab(folder: Path) -> tuple[list[Demand], list[Demand]]:
    """Return the CPU of the development days, and that of the other days' machines that are in none of them."""
    days = {path: path.name.removeprefix("planetlab_")[:8] for path in sorted(folder.glob("planetlab_*.csv.gz"))}
    set_aside = split().planetlab_days
    tune = [s for path, day in days.items() if day in set_aside for s in _read(path, "cpu")]
    known = {group_of(s.unique_id) for s in tune}
    others = [s for path, day in days.items() if day not in set_aside for s in _read(path, "cpu")]
    judge = [s for s in others if group_of(s.unique_id) not in known]
    return [_demand(s, CORES / 100) for s in tune], [_demand(s, CORES / 100) for s in judge]


def machines(path: Path, resource: Resource) -> tuple[list[Demand], list[Demand]]:
    """Return the development machines of a file, and the others."""
    unit = CORES / 100 if resource == "cpu" else GIB / 100
    tune: list[Demand] = []
    judge: list[Demand] = []
    for series in _read(path, resource):
        group = group_of(series.unique_id)
        is_aside = group in split().google_jobs or group in split().azure_machines
        (tune if is_aside else judge).append(_demand(series, unit, resource))
    return tune, judge


def group_of(name: str) -> str:
    """Return what a series is grouped by: the job of `vm_JOB_DAY/METRIC`, the machine of `DAY/MACHINE`.

    >>> group_of("vm_1218322450_7/cpu"), group_of("20110303/host_1"), group_of("223811")
    ('1218322450', 'host_1', '223811')
    """
    if match := re.match(r"vm_(\d+)_\d+(/|$)", name):
        return match[1]
    return name.rpartition("/")[2]


def _read(path: Path, metric: str) -> list[Series]:
    series = read_panel([path], detect=False).series
    return [s for s in series if s.labels.get("metric", "cpu") == metric]


def _demand(series: Series, unit: float, resource: Resource = "cpu") -> Demand:
    times = series.start + series.step * np.arange(len(series), dtype=np.float64)
    kept = series.observed
    pod = Samples(times[kept], np.maximum(series.y[kept] * unit, 0.0))
    return Demand(series.unique_id, resource, (pod,), float(times[-1]) + series.step, float(series.step))


def _cut(demand: Demand, seconds: float, ahead: float) -> tuple[Demand, FloatArray] | None:
    """Return the demand of the first seconds, and what followed, ascending; None if the series is too short."""
    moment = demand.start + seconds
    if demand.end < moment + ahead - demand.step:
        return None
    before, after = demand.until(moment), demand.within(moment, moment + ahead)
    return None if before is None or not after else (before, np.sort(after[0].values))


def _unseen(name: str, tune: Sequence[Demand], judge: Sequence[Demand], cut: float, ahead: float) -> Case:
    """Tune on the whole time of some machines, judge the rest of the time of others."""
    moment = _moment(judge, tests_of(tune, cut, ahead), cut, ahead)
    return Case(name, judge[0].resource, ahead, (moment,), _groups(moment))


def tests_of(demands: Sequence[Demand], cut: float, ahead: float) -> tuple[BackTest, ...]:
    """Return a back-test of each machine, of the time after the cut."""
    parts = [_cut(d, cut, ahead) for d in demands]
    return tuple(BackTest(before, after, ahead, k) for k, (before, after) in enumerate(p for p in parts if p))


def _rest(name: str, judge: Sequence[Demand], cut: float, ahead: float) -> Case:
    """Tune on the first part of the same machines."""
    moment = _moment(judge, (), cut, ahead)
    moment = moment._replace(tests=back_tests(moment.demands, ahead))
    return Case(name, judge[0].resource, ahead, (moment,), _groups(moment))


def _moment(judge: Sequence[Demand], tests: tuple[BackTest, ...], cut: float, ahead: float) -> Moment:
    parts = [p for d in judge if (p := _cut(d, cut, ahead))]
    return Moment(tuple(p[0] for p in parts), tuple(p[1] for p in parts), tests, tuple(range(len(parts))))


def _groups(moment: Moment) -> tuple[str, ...]:
    return tuple(group_of(d.name) for d in moment.demands)


def _long_series(data: Path) -> list[Series]:
    """Return CPU series of days to weeks: Google 2019, Azure 2019, Alibaba 2018, NAB and Bitbrains."""
    folder = data / "dc_util"
    found: list[Series] = []
    for names in (
        ("google2019_week1_300s", "google2019_week2_300s"),
        ("azure_v2_week1", "azure_v2_week2"),
        tuple(f"alibaba2018_day{k}_300s" for k in (1, 2, 3, 4)),
    ):
        paths = [folder / f"{name}.csv.gz" for name in names]
        if all(path.is_file() for path in paths):
            found.append(_joined([_read(path, "cpu")[0] for path in paths]))
    for pattern in ("nab/*cpu*.csv.gz", "bitbrains/*.csv.gz"):
        for path in sorted(data.glob(pattern)):
            found += _read(path, "cpu")
    return found


def _joined(parts: Sequence[Series]) -> Series:
    """Join the parts of a series by their times; a step that two of them have counts once."""
    step, first = parts[0].step, parts[0].start
    length = max((s.start - first) // step + len(s) for s in parts)
    y, observed = np.zeros(length), np.zeros(length, bool)
    for part in parts:
        place = slice((part.start - first) // step, (part.start - first) // step + len(part))
        y[place], observed[place] = part.y, part.observed
    return Series(parts[0].unique_id, first, step, y, observed, labels=parts[0].labels)


def _daily(name: str, every: Sequence[Series]) -> Case:
    """Judge each day of the second half of every series; calibrated anew each day, on what came before."""
    demands = []
    for series in every:
        half = series.y[: len(series) // 2]
        # A size of its own would let the largest series decide alone.
        demands.append(_demand(series, 1.0 / max(float(half.mean()), 1e-9)))
    halves = [np.ceil((d.end - d.start) / 2 / DAY) * DAY for d in demands]
    days = [int((d.end - d.start - half) // DAY) for d, half in zip(demands, halves, strict=True)]
    moments = []
    for day in range(max(days)):
        cuts = [
            (k, cut)
            for k, d in enumerate(demands)
            if day < days[k] and (cut := _cut(d, halves[k] + day * DAY, DAY)) is not None
        ]
        before = tuple(cut[0] for _, cut in cuts)
        after, series_of = tuple(cut[1] for _, cut in cuts), tuple(k for k, _ in cuts)
        moments.append(Moment(before, after, back_tests(before, DAY), series_of))
    names = tuple(d.name for d in demands)
    return Case(name, "cpu", DAY, tuple(m for m in moments if m.demands), names)
