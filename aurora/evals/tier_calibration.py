"""Whether tiers keep their promises on days that nothing was learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.data import read_panel
from aurora.learning.forecasters import CONTEXT
from aurora.learning.outlook import MOST_ORIGINS, Predict, totals_of
from aurora.learning.paths import Dependence, dependence, stacked
from aurora.learning.series import Series
from aurora.learning.tiers import CONFIDENCES, Adjustment, cores_at, recalibration, unadjusted

HORIZON = 12
PATHS = 256
GROUPS = (20, 100)
FROM_MEMBERS = 20
"""Size of the groups whose sums are also forecast by paths of their members."""
SAME = 1e-9
"""Two demands that differ by less, as a share, are the same."""

LEARN_SHARE = 0.7
"""Of a series that is judged on its own end; the rest is held out."""

PLANETLAB = ("20110303", "20110306"), ("20110309", "20110322")
"""Days to learn from, and days held out: other machines mostly, at other times."""

WEEKS = (("google2019_week1_300s", "google2019_week2_300s"), ("azure_v2_week1", "azure_v2_week2"))
"""Likewise."""


class Promise(NamedTuple):
    """One tier on one kind of held-out data; a row of `aurora bench futures`.

    Attributes:
        data: What was held out.
        covers: `step`: each step alone; `horizon`: all steps of a horizon together.
        promised: The confidence.
        realised: Share that stayed within the tier.
        difference: Of both, percentage points.
        at_tier: Share that was exactly at the tier: whole percentages and idle machines make steps that no tier can
            divide, so one that keeps its promise covers up to so much more.
        taken_at_its_word: What would have been realised without recalibration.
        n: Steps, or horizons.
    """

    data: str
    covers: str
    promised: float
    realised: float
    difference: float
    at_tier: float
    taken_at_its_word: float
    n: int


class Said(NamedTuple):
    """Forecasts and what came.

    Attributes:
        quantiles: float64 [forecasts, steps, len(LEVELS)].
        realised: float64 [forecasts, steps].
        peaks: float64 [forecasts, 1, len(LEVELS)], of the highest step.
    """

    quantiles: NDArray[np.float64]
    realised: NDArray[np.float64]
    peaks: NDArray[np.float64]


def bench_tiers(data: Path, forecaster: Predict, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every tier on all held-out data; keys of `aurora bench futures --json` under `tiers`.

    Args:
        data: Folder with planetlab/, nab/ and dc_util/; those that are there are used.
        forecaster: Whose forecasts tiers are made of.
        tell: Told what is being judged.

    Raises:
        DataError: None of them is there.
    """
    rows: list[Promise] = []
    for folder, judge in (("planetlab", _planetlab), ("nab", _nab), ("dc_util", _data_centres)):
        if (data / folder).is_dir():
            tell(folder)
            rows += judge(data / folder, forecaster)
    if not rows:
        raise DataError(f"{data}: no folder planetlab, nab or dc_util in it; name the folder with the traces")
    worst = max(rows, key=lambda r: abs(r.difference))
    return {"tiers": [r._asdict() for r in rows], "worst": worst._asdict()}


def _planetlab(folder: Path, forecaster: Predict) -> list[Promise]:
    learn, held = ([_day(folder, day) for day in days] for days in PLANETLAB)
    rows = _pooled("planetlab machines", learn, held, forecaster)
    for size in GROUPS:
        before, after = ([_summed(day, size) for day in days] for days in (learn, held))
        rows += _pooled(f"planetlab sums of {size}", before, after, forecaster)
    return rows + _bottom_up(f"planetlab sums of {FROM_MEMBERS}, by paths of members", learn, held, forecaster)


def _nab(folder: Path, forecaster: Predict) -> list[Promise]:
    return [r for path in sorted(folder.glob("*cpu*")) for r in _in_order(*_split(_cpu(path)[0]), forecaster)]


def _data_centres(folder: Path, forecaster: Predict) -> list[Promise]:
    rows = []
    for pair in WEEKS:
        first, second = (_cpu(folder / f"{name}.csv.gz")[0] for name in pair)
        joined = Series(
            second.unique_id,
            first.start,
            first.step,
            np.concatenate([first.y, second.y]),
            np.concatenate([first.observed, second.observed]),
        )
        rows += _in_order(joined, len(first), forecaster)
    machines = _cpu(folder / "google2011_vm_cpu_mem.csv.gz")
    cut = int(len(machines[0]) * LEARN_SHARE)
    early = [s.between(0, cut) for s in machines]
    late = [s.between(cut - CONTEXT, len(s)) for s in machines]
    return rows + _pooled("google2011 machines, last 30 %", [early], [late], forecaster)


def _cpu(path: Path) -> tuple[Series, ...]:
    series = read_panel([path], detect=False).series
    return tuple(s for s in series if s.labels.get("metric") == "cpu")


def _day(folder: Path, day: str) -> list[Series]:
    return list(_cpu(folder / f"planetlab_{day}.csv.gz"))


def _summed(series: Sequence[Series], size: int) -> list[Series]:
    """Sums of as many machines each, drawn by a fixed seed."""
    return [
        Series(f"{size} machines, group {k}", group[0].start, group[0].step, sum(s.y for s in group), group[0].observed)  # type: ignore[arg-type]  # at least one
        for k, group in enumerate(_groups(series, size))
    ]


def _groups(series: Sequence[Series], size: int) -> list[list[Series]]:
    order = np.random.default_rng(0).permutation(len(series))
    return [[series[i] for i in order[k : k + size]] for k in range(0, len(series) - size + 1, size)]


def _split(one: Series) -> tuple[Series, int]:
    return one, int(len(one) * LEARN_SHARE)


def _forecasts(series: Sequence[Series], forecaster: Predict) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forecasts at every horizon-th moment: float64 [origins, series, steps, len(LEVELS)], and what came."""
    origins = range(CONTEXT, len(series[0]) - HORIZON + 1, HORIZON)
    said = [stacked(forecaster([s.between(0, origin) for s in series], HORIZON)) for origin in origins]
    came = [np.stack([s.y[origin : origin + HORIZON] for s in series]) for origin in origins]
    return np.stack(said), np.stack(came)


def _along(days: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Dependence:
    """How steps go together, from all series of all days."""
    said, came = (np.concatenate([d[k].reshape(-1, *d[k].shape[2:]) for d in days]) for k in (0, 1))
    return dependence(said[:, None], came[:, None])


def _said(days: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], how: Dependence) -> Said:
    said = np.concatenate([d[0].reshape(-1, *d[0].shape[2:]) for d in days])
    came = np.concatenate([d[1].reshape(-1, *d[1].shape[2:]) for d in days])
    peaks = np.stack([totals_of(q[None], how, PATHS, k)[1] for k, q in enumerate(said)])
    return Said(said, came, peaks)


def _pooled(
    name: str, learn: Sequence[Sequence[Series]], held: Sequence[Sequence[Series]], forecaster: Predict
) -> list[Promise]:
    """Tiers of many series, recalibrated once by other series on other days."""
    before, after = ([_forecasts(day, forecaster) for day in days] for days in (learn, held))
    how = _along(before)
    return _judged(name, _said(before, how), _said(after, how))


def _bottom_up(
    name: str, learn: Sequence[Sequence[Series]], held: Sequence[Sequence[Series]], forecaster: Predict
) -> list[Promise]:
    """Likewise of sums, from paths of their members: any two machines are taken to go together alike."""
    size = FROM_MEMBERS
    sides = [[_forecasts(group, forecaster) for day in days for group in _groups(day, size)] for days in (learn, held)]
    along = _along(sides[0])
    # Few moments and many machines: what any two have in common is the mean over all pairs of all groups.
    pairs = [dependence(*group).series for group in sides[0]]
    shared = float(np.mean([(m.sum() - size) / (size * (size - 1)) for m in pairs]))
    how = Dependence((1 - shared) * np.eye(size) + shared, along.steps, along.origins)
    found = []
    for side in sides:
        made = [totals_of(q, how, PATHS, k) for k, q in enumerate(q for said, _ in side for q in said)]
        came = np.concatenate([values.sum(axis=1) for _, values in side])
        found.append(Said(np.stack([m[0] for m in made]), came, np.stack([m[1] for m in made])))
    return _judged(name, *found)


def _judged(name: str, before: Said, after: Said) -> list[Promise]:
    by_step = recalibration(before.quantiles, before.realised, alike=True)
    by_peak = recalibration(before.peaks, _peaks(before), alike=True)
    rows = []
    for covers, quantiles, came, past in (
        ("step", after.quantiles, after.realised, by_step),
        ("horizon", after.peaks, _peaks(after), by_peak),
    ):
        for promised in CONFIDENCES:
            tier = cores_at(quantiles, promised, past)
            plain = float((came <= cores_at(quantiles, promised)).mean())
            rows.append(_row(name, covers, promised, [_place(tier, came)], plain, came.size))
    return rows


def _peaks(said: Said) -> NDArray[np.float64]:
    return np.asarray(said.realised.max(axis=1)[:, None], np.float64)


class _Place(NamedTuple):
    inside: float
    at_tier: float


def _place(tier: NDArray[np.float64], came: NDArray[np.float64]) -> _Place:
    """Shares of what came that lay within a tier, and exactly at it."""
    near = np.abs(came - tier) <= SAME * np.maximum(1.0, np.abs(tier))
    return _Place(float(((came <= tier) | near).mean()), float(near.mean()))


def _row(name: str, covers: str, promised: float, places: Sequence[_Place], plain: float, n: int) -> Promise:
    realised, at_tier = np.mean(places, axis=0)
    return Promise(
        name, covers, promised, float(realised), 100 * (float(realised) - promised), float(at_tier), plain, n
    )


def _in_order(one: Series, cut: int, forecaster: Predict) -> list[Promise]:
    """Tiers of one series as continuous mode has them: each round learns from those before it, and from no later one.

    Rounds of the first part teach how steps go together; its second half lets the adaptive confidences settle.
    """
    said, came = (a[:, 0] for a in _forecasts([one], forecaster))
    ends = CONTEXT + HORIZON * np.arange(1, len(said) + 1)
    held = int(np.searchsorted(ends, cut, side="right"))
    how = dependence(said[:held, None], came[:held, None])
    every = _said([(said[:, None], came[:, None])], how)
    asked = unadjusted(CONFIDENCES)
    inside, peak_inside = [], []
    for k in range(held // 2, len(said)):
        recent = slice(max(0, k - MOST_ORIGINS), k)
        by_step = recalibration(every.quantiles[recent], every.realised[recent], alike=True)
        by_peak = recalibration(every.peaks[recent], _peaks(every)[recent], alike=True)
        highest = came[k].max(keepdims=True)
        steps = [_place(cores_at(every.quantiles[k], asked.steps.asked(p), by_step), came[k]) for p in CONFIDENCES]
        peaks = [_place(cores_at(every.peaks[k], asked.peaks.asked(p), by_peak), highest) for p in CONFIDENCES]
        asked = Adjustment(asked.steps.after([s.inside for s in steps]), asked.peaks.after([s.inside for s in peaks]))
        if k >= held:
            inside.append(steps)
            peak_inside.append(peaks)
    rows = []
    for covers, places, quantiles, values in (
        ("step", inside, every.quantiles[held:], every.realised[held:]),
        ("horizon", peak_inside, every.peaks[held:], _peaks(every)[held:]),
    ):
        for p, promised in enumerate(CONFIDENCES):
            plain = float((values <= cores_at(quantiles, promised)).mean())
            rows.append(_row(one.unique_id, covers, promised, [row[p] for row in places], plain, values.size))
    return rows
