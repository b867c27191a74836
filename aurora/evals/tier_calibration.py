"""Calibration of capacity tiers on held-out days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import FileError
from aurora.learning.futures.demand_forecast import MAX_ORIGINS, Predict, totals_of
from aurora.learning.futures.paths import Dependence, estimate_dependence, stacked
from aurora.learning.futures.predictors import CONTEXT
from aurora.learning.futures.tiers import CONFIDENCES, Adjustment, Past, cores_at, recalibration, unadjusted
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import Series

HORIZON = 12
SAMPLED_PATHS = 192
GROUP_SIZES = (20, 100)
MEMBERS_PER_SUM = 20
"""Size of the groups of machines whose sums are also forecast from paths of their members."""
TOLERANCE = 1e-9
"""Relative difference below which two demands are equal."""

LEARN_SHARE = 0.7
"""Share of a series before its held-out part, for series that are judged on their own last part."""

PLANETLAB = ("20110303", "20110306"), ("20110309", "20110322")
"""Days for training, and held-out days, mostly of other machines."""

WEEKS = (("google2019_week1_300s", "google2019_week2_300s"), ("azure_v2_week1", "azure_v2_week2"))
"""Weeks for training, and held-out weeks."""


class Promise(NamedTuple):
    """A tier judged on a kind of held-out data; a row of `aurora bench futures`.

    Attributes:
        data: Name of the held-out data.
        covers: "step" for each step alone; "horizon" for all steps of a horizon together.
        promised: Confidence of the tier.
        realised: Share of the held-out steps or horizons within the tier.
        difference: Realised minus promised, percentage points.
        at_tier: Share exactly at the tier. Values of idle machines and whole percentages repeat, so a tier that keeps
            its promise covers up to this share more.
        recalibrated_once: Realised share without adjustment after every round.
        taken_at_its_word: Realised share without recalibration.
        n: Number of steps, or of horizons.
    """

    data: str
    covers: str
    promised: float
    realised: float
    difference: float
    at_tier: float
    recalibrated_once: float
    taken_at_its_word: float
    n: int


class Round(NamedTuple):
    """Forecasts at a moment, and the values that followed.

    Attributes:
        quantiles: Forecast quantiles of each step, float64 [forecasts, steps, len(QUANTILES)].
        realised: Values of each step, float64 [forecasts, steps].
        peaks: Forecast quantiles of the highest step, float64 [forecasts, 1, len(QUANTILES)].
        highest: Values of the highest step, float64 [forecasts, 1].
    """

    quantiles: NDArray[np.float64]
    realised: NDArray[np.float64]
    peaks: NDArray[np.float64]
    highest: NDArray[np.float64]


def bench_tiers(data: Path, forecaster: Predict, tell: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Judge every tier on all held-out data; the result has the keys of `aurora bench futures --json`.

    Args:
        data: Folder with any of planetlab/, nab/ and dc_util/.
        forecaster: Predictor of the quantiles from which tiers are computed.
        tell: Function that receives the name of the data being judged.

    Raises:
        FileError: The folder has none of these folders.
    """
    rows: list[Promise] = []
    for folder, judge in (("planetlab", _planetlab), ("nab", _nab), ("dc_util", _data_centres)):
        if (data / folder).is_dir():
            tell(folder)
            rows += judge(data / folder, forecaster)
    if not rows:
        raise FileError(f"{data}: no folder planetlab, nab or dc_util in it; name the folder with the traces")
    worst = max(rows, key=lambda r: abs(r.difference))
    return {"tiers": [r._asdict() for r in rows], "worst": worst._asdict()}


def _planetlab(folder: Path, forecaster: Predict) -> list[Promise]:
    learn, held = ([_day(folder, day) for day in side] for side in PLANETLAB)
    rows = _apart("planetlab machines", learn, held, forecaster)
    for size in GROUP_SIZES:
        before, after = ([_summed(day, size) for day in side] for side in (learn, held))
        rows += _apart(f"planetlab sums of {size}", before, after, forecaster)
    return rows + _from_members(f"planetlab sums of {MEMBERS_PER_SUM}, by paths of members", learn, held, forecaster)


def _nab(folder: Path, forecaster: Predict) -> list[Promise]:
    rows = []
    for path in sorted(folder.glob("*cpu*")):
        (series,) = _cpu(path)
        rows += _in_order(series.unique_id, [series], int(len(series) * LEARN_SHARE), forecaster)
    return rows


def _data_centres(folder: Path, forecaster: Predict) -> list[Promise]:
    rows = []
    for pair in WEEKS:
        first, second = (_cpu(folder / f"{name}.csv.gz")[0] for name in pair)
        y, observed = np.concatenate([first.y, second.y]), np.concatenate([first.observed, second.observed])
        both = Series(second.unique_id, first.start, first.step, y, observed)
        rows += _in_order(second.unique_id, [both], len(first), forecaster)
    machines = _cpu(folder / "google2011_vm_cpu_mem.csv.gz")
    cut = int(len(machines[0]) * LEARN_SHARE)
    return rows + _in_order(f"google2011, {len(machines)} machines", machines, cut, forecaster)


def _cpu(path: Path) -> tuple[Series, ...]:
    series = read_panel([path], detect=False).series
    return tuple(s for s in series if s.labels.get("metric") == "cpu")


def _day(folder: Path, day: str) -> list[Series]:
    return list(_cpu(folder / f"planetlab_{day}.csv.gz"))


def _summed(series: Sequence[Series], size: int) -> list[Series]:
    """Sum groups of `size` machines each, drawn with a fixed seed."""
    return [
        Series(f"group {k}", g[0].start, g[0].step, np.sum([s.y for s in g], axis=0), g[0].observed)
        for k, g in enumerate(_groups(series, size))
    ]


def _groups(series: Sequence[Series], size: int) -> list[list[Series]]:
    order = np.random.default_rng(0).permutation(len(series))
    return [[series[i] for i in order[k : k + size]] for k in range(0, len(series) - size + 1, size)]


def _forecasts(series: Sequence[Series], forecaster: Predict) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forecast at every horizon-th moment: float64 [moments, series, steps, len(QUANTILES)], and the outcomes."""
    origins = range(CONTEXT, len(series[0]) - HORIZON + 1, HORIZON)
    forecasts = [stacked(forecaster([s.between(0, origin) for s in series], HORIZON)) for origin in origins]
    outcomes = [np.stack([s.y[origin : origin + HORIZON] for s in series]) for origin in origins]
    return np.stack(forecasts), np.stack(outcomes)


def _along(forecasts: NDArray[np.float64], outcomes: NDArray[np.float64]) -> Dependence:
    """Estimate the dependence between steps from all forecasts together."""
    return estimate_dependence(
        forecasts.reshape(-1, 1, *forecasts.shape[-2:]), outcomes.reshape(-1, 1, outcomes.shape[-1])
    )


def _rounds(forecasts: NDArray[np.float64], outcomes: NDArray[np.float64], how: Dependence) -> list[Round]:
    rounds = []
    for k, (quantiles, values) in enumerate(zip(forecasts, outcomes, strict=True)):
        peaks = np.stack([totals_of(q[None], how, SAMPLED_PATHS, k)[1] for q in quantiles])
        rounds.append(Round(quantiles, values, peaks, values.max(axis=1)[:, None]))
    return rounds


def _apart(
    name: str, learn: Sequence[Sequence[Series]], held: Sequence[Sequence[Series]], forecaster: Predict
) -> list[Promise]:
    """Judge tiers of many series, recalibrated on other series of other days."""
    before, after = ([_forecasts(day, forecaster) for day in days] for days in (learn, held))
    how = _along(*(np.concatenate([d[k].reshape(-1, *d[k].shape[2:]) for d in before]) for k in (0, 1)))
    rounds = [r for side in (before, after) for day in side for r in _rounds(*day, how)]
    return _judged(name, rounds, sum(len(day[0]) for day in before), rolling=False)


def _in_order(name: str, series: Sequence[Series], cut: int, forecaster: Predict) -> list[Promise]:
    """Judge tiers of continuing series: each round learns from the rounds before it.

    The dependence between steps is estimated from the rounds before `cut`. The adapted confidences settle in the second
    half of those rounds.
    """
    forecasts, outcomes = _forecasts(series, forecaster)
    held = int(np.searchsorted(CONTEXT + HORIZON * np.arange(1, len(forecasts) + 1), cut, side="right"))
    return _judged(name, _rounds(forecasts, outcomes, _along(forecasts[:held], outcomes[:held])), held, rolling=True)


def _from_members(
    name: str, learn: Sequence[Sequence[Series]], held: Sequence[Sequence[Series]], forecaster: Predict
) -> list[Promise]:
    """Judge tiers of sums, from paths of their members; all pairs of machines have the same correlation."""
    size = MEMBERS_PER_SUM
    sides = [[[_forecasts(g, forecaster) for g in _groups(day, size)] for day in days] for days in (learn, held)]
    groups = [g for day in sides[0] for g in day]
    along = _along(np.concatenate([g[0] for g in groups]), np.concatenate([g[1] for g in groups]))
    # With few moments and many machines, the common correlation is the mean over all pairs of all groups.
    pairs = [estimate_dependence(*group).series for group in groups]
    shared = float(np.mean([(m.sum() - size) / (size * (size - 1)) for m in pairs]))
    how = Dependence((1 - shared) * np.eye(size) + shared, along.steps, along.origins)
    rounds = []
    for day in (*sides[0], *sides[1]):
        for moment in range(len(day[0][0])):
            made = [totals_of(forecasts[moment], how, SAMPLED_PATHS, k) for k, (forecasts, _) in enumerate(day)]
            outcomes = np.stack([values[moment].sum(axis=0) for _, values in day])
            peaks = np.stack([m[1] for m in made])
            rounds.append(Round(np.stack([m[0] for m in made]), outcomes, peaks, outcomes.max(axis=1)[:, None]))
    return _judged(name, rounds, sum(len(day[0][0]) for day in sides[0]), rolling=False)


class _Place(NamedTuple):
    inside: float
    at_tier: float


def _place(tier: NDArray[np.float64], outcomes: NDArray[np.float64]) -> _Place:
    """Return the shares of realised values within a tier, and exactly at it."""
    near = np.abs(outcomes - tier) <= TOLERANCE * np.maximum(1.0, np.abs(tier))
    return _Place(float(((outcomes <= tier) | near).mean()), float(near.mean()))


def _past(rounds: Sequence[Round]) -> Past:
    quantiles, realised, peaks, highest = (np.concatenate(column) for column in zip(*rounds, strict=True))
    return Past(recalibration(quantiles, realised, alike=True), recalibration(peaks, highest, alike=True))


def _judged(name: str, rounds: Sequence[Round], held: int, *, rolling: bool) -> list[Promise]:
    """Judge the promises that continuous mode makes in the rounds from `held` on.

    Args:
        name: Name of the data.
        rounds: Rounds in order of time.
        held: Position of the first held-out round.
        rolling: True to take scores from the latest rounds; False to take them from the rounds before `held`.
    """
    once = _past(rounds[:held])
    asked = unadjusted(CONFIDENCES)
    places: dict[str, list[list[_Place]]] = {"step": [], "horizon": []}
    for k in range(held // 2 if rolling else held, len(rounds)):
        now = rounds[k]
        past = _past(rounds[max(0, k - MAX_ORIGINS) : k]) if rolling else once
        steps = [_place(cores_at(now.quantiles, asked.steps.asked(p), past.steps), now.realised) for p in CONFIDENCES]
        peaks = [_place(cores_at(now.peaks, asked.peaks.asked(p), past.peaks), now.highest) for p in CONFIDENCES]
        asked = Adjustment(asked.steps.after([s.inside for s in steps]), asked.peaks.after([s.inside for s in peaks]))
        if k >= held:
            places["step"].append(steps)
            places["horizon"].append(peaks)
    quantiles, realised, peak, highest = (np.concatenate(column) for column in zip(*rounds[held:], strict=True))
    rows = []
    for covers, forecasts, outcomes, scores in (
        ("step", quantiles, realised, once.steps),
        ("horizon", peak, highest, once.peaks),
    ):
        weights = [len(r.realised) for r in rounds[held:]]
        for p, promised in enumerate(CONFIDENCES):
            inside, at_tier = np.average([row[p] for row in places[covers]], axis=0, weights=weights)
            unmoved, plain = (_place(cores_at(forecasts, promised, how), outcomes).inside for how in (scores, None))
            difference = 100 * (float(inside) - promised)
            rows.append(
                Promise(
                    name, covers, promised, float(inside), difference, float(at_tier), unmoved, plain, outcomes.size
                )
            )
    return rows
