"""Public traces as cases of rightsizing: what was measured before a moment, and what followed.

A machine counts as a container of 8 cores and 32 GiB, so that VPA's buckets are fine compared with the values. Series
of one day are cut after 16 hours. Series of days are judged on each day of their second half.
"""

from __future__ import annotations

from collections.abc import Sequence
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
TUNE_DAYS = ("20110303", "20110306")
"""Days of PlanetLab for tuning; all others in the folder are judged, mostly of other machines."""
SPLIT_SEED = 0
"""Seed of the halves of the Google 2011 machines."""


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
    """

    name: str
    resource: Resource
    horizon: float
    moments: tuple[Moment, ...]


def cases(data: Path) -> list[Case]:
    """Return the cases of all traces in a folder.

    Args:
        data: Folder with any of planetlab/, dc_util/, nab/ and bitbrains/.

    Raises:
        FileError: The folder has none of them, or a file is absent.
    """
    found: list[Case] = []
    if (data / "planetlab").is_dir():
        found += _planetlab(data / "planetlab")
    if (data / "dc_util").is_dir():
        found += _google_2011(data / "dc_util" / "google2011_vm_cpu_mem.csv.gz")
    if long := _long_series(data):
        found.append(_daily("days of long series", long))
    if not found:
        raise FileError(f"{data}: no folder planetlab, dc_util, nab or bitbrains; name the folder with the traces")
    return found


def _planetlab(folder: Path) -> list[Case]:
    tuning = [folder / f"planetlab_{day}.csv.gz" for day in TUNE_DAYS]
    others = [path for path in sorted(folder.glob("planetlab_*.csv.gz")) if path not in tuning]
    if not others:
        raise FileError(f"{folder}: there are no other days than {' and '.join(TUNE_DAYS)}; add one to judge on")
    tune, judge = (
        [_demand(s, CORES / 100) for path in paths for s in _read(path, "cpu")] for paths in (tuning, others)
    )
    return [_unseen("planetlab, unseen machines", tune, judge), _rest("planetlab, rest of the day", judge)]


def _google_2011(path: Path) -> list[Case]:
    found = []
    resources: tuple[tuple[Resource, float], ...] = (("cpu", CORES / 100), ("memory", GIB / 100))
    for resource, unit in resources:
        every = [_demand(s, unit, resource) for s in _read(path, resource)]
        order = np.random.default_rng(SPLIT_SEED).permutation(len(every))
        half = len(every) // 2
        tune, judge = ([every[k] for k in part] for part in (order[:half], order[half:]))
        found.append(_unseen("google 2011, unseen machines", tune, judge))
        found.append(_rest("google 2011, rest of the day", every))
    return found


def _read(path: Path, metric: str) -> list[Series]:
    return [s for s in read_panel([path], detect=False).series if s.labels.get("metric") == metric]


def _demand(series: Series, unit: float, resource: Resource = "cpu") -> Demand:
    times = series.start + series.step * np.arange(len(series), dtype=np.float64)
    kept = series.observed
    pod = Samples(times[kept], np.maximum(series.y[kept] * unit, 0.0))
    return Demand(series.unique_id, resource, (pod,), float(times[-1]) + series.step, float(series.step))


def _cut(demand: Demand, seconds: float, ahead: float) -> tuple[Demand, FloatArray] | None:
    """Return the demand of the first seconds, and what followed, ascending; None if either is empty."""
    moment = demand.start + seconds
    before, after = demand.until(moment), demand.within(moment, moment + ahead)
    return None if before is None or not after else (before, np.sort(after[0].values))


def _unseen(name: str, tune: Sequence[Demand], judge: Sequence[Demand]) -> Case:
    """Tune on whole days of some machines, judge the rest of the day of others."""
    parts = [_cut(d, CUT, AHEAD) for d in tune]
    tests = tuple(BackTest(before, after, AHEAD, k) for k, (before, after) in enumerate(p for p in parts if p))
    return Case(name, judge[0].resource, AHEAD, (_moment(judge, tests),))


def _rest(name: str, judge: Sequence[Demand]) -> Case:
    """Tune on the first 16 hours of the same machines."""
    moment = _moment(judge, ())
    return Case(name, judge[0].resource, AHEAD, (moment._replace(tests=back_tests(moment.demands, AHEAD)),))


def _moment(judge: Sequence[Demand], tests: tuple[BackTest, ...]) -> Moment:
    parts = [p for d in judge if (p := _cut(d, CUT, AHEAD))]
    return Moment(tuple(p[0] for p in parts), tuple(p[1] for p in parts), tests, tuple(range(len(parts))))


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
    return Case(name, "cpu", DAY, tuple(m for m in moments if m.demands))
