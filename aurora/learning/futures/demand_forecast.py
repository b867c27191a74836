"""Forecasts demand: sampled paths and capacity tiers, recalibrated on back-tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.learning.futures.demand import aligned
from aurora.learning.futures.paths import (
    MIN_ORIGINS,
    Dependence,
    estimate_dependence,
    sample_paths,
    stacked,
    value_at,
)
from aurora.learning.futures.tiers import (
    CONFIDENCES,
    Adjustment,
    Past,
    Recalibration,
    Tier,
    check_confidences,
    recalibration,
    tiers_of,
)
from aurora.learning.series.series import QUANTILES, Forecast, Series
from aurora.types import Progress, no_progress

Predict = Callable[[Sequence[Series], int], tuple[Forecast, ...]]
"""(series up to a moment, steps ahead) -> a forecast of each series."""

MAX_ORIGINS = 100
"""Most moments of a back-test; more add little and cost time."""

BACKTEST_PATHS = 512
"""Paths sampled for each moment of a back-test."""

MAX_PATH_VALUES = 4_000_000
"""Most values of the paths of one moment; with many series fewer paths are sampled."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Forecasts at past moments, and the values that followed.

    Attributes:
        quantiles: float64 [origins, series, steps, len(QUANTILES)].
        realised: float64 [origins, series, steps].
        origins: Position of the first step of each forecast.
    """

    quantiles: NDArray[np.float64]
    realised: NDArray[np.float64]
    origins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PastTotals:
    """Forecasts of the total at past moments, and the demand that followed, cores.

    Attributes:
        starts: Unix time of the first step of each forecast, ascending.
        by_step: float64 [moments, steps, len(QUANTILES)], quantiles of the total.
        peaks: float64 [moments, 1, len(QUANTILES)], quantiles of its highest step.
        realised: float64 [moments, steps].
    """

    starts: tuple[int, ...]
    by_step: NDArray[np.float64]
    peaks: NDArray[np.float64]
    realised: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DemandForecast:
    """A forecast of the demand of some series together, in cores.

    Attributes:
        series: Ids of the series.
        start: Unix time of the first step.
        step: Length of a step, seconds.
        model: Name of the forecasting model.
        paths: float64 [futures, series, steps], sampled demand in cores; the total is recalibrated.
        by_step: float64 [steps, len(QUANTILES)], quantiles of the total before recalibration.
        peak: float64 [1, len(QUANTILES)], quantiles of the total's highest step before recalibration.
        recalibration: Scores of earlier forecasts of the total and of its peak.
        dependence: Correlation of forecast errors between series and between steps.
        tiers: Capacity by confidence.
        now: Cores in use at the last measured step.
        past: Forecasts of the total at past moments, by which it was recalibrated.
    """

    series: tuple[str, ...]
    start: int
    step: int
    model: str
    paths: NDArray[np.float64]
    by_step: NDArray[np.float64]
    peak: NDArray[np.float64]
    recalibration: Past
    dependence: Dependence
    tiers: tuple[Tier, ...]
    now: float
    past: PastTotals

    @property
    def totals(self) -> NDArray[np.float64]:
        """Demand of all series together, float64 [futures, steps], cores."""
        return np.asarray(self.paths.sum(axis=1), np.float64)


def back_test(
    series: Sequence[Series],
    forecaster: Predict,
    horizon: int,
    least: int,
    progress: Progress = no_progress,
) -> Backtest:
    """Forecast at past moments, the latest ones, no two of the same step where the series are long enough.

    Moments after which a value was filled in are left out: nobody knows what came.

    Args:
        series: Series of the same times; see `aligned`.
        forecaster: Predictor; it is shown the past of each moment only.
        horizon: Steps ahead.
        least: Values that the predictor needs, or was trained on.
        progress: Receives the moments done.

    Raises:
        InputError: The series are too short; says how many values are needed.
    """
    length = len(series[0])
    room = length - horizon - least
    if room < MIN_ORIGINS - 1:
        raise InputError(
            f"{length} values, but {least + horizon + MIN_ORIGINS - 1} are needed: {least} to forecast from or "
            f"trained on, {horizon} to compare it with, and {MIN_ORIGINS} moments; give longer series"
        )
    stride = max(1, min(horizon, room // (3 * MIN_ORIGINS)))
    measured = np.all([s.observed for s in series], axis=0)
    candidates = range(length - horizon, least - 1, -stride)
    origins = tuple(k for k in candidates if measured[k : k + horizon].all())[:MAX_ORIGINS][::-1]
    if len(origins) < MIN_ORIGINS:
        raise InputError(
            f"the series have too many gaps: after {len(origins)} of {len(candidates)} moments all {horizon} steps "
            f"were measured, {MIN_ORIGINS} are needed; give series with fewer gaps, or a shorter horizon"
        )
    forecasts, realised = [], []
    for done, origin in enumerate(origins, 1):
        forecasts.append(stacked(forecaster([s.between(0, origin) for s in series], horizon)))
        realised.append(np.stack([s.y[origin : origin + horizon] for s in series]))
        progress("back-tests", done, len(origins))
    return Backtest(np.stack(forecasts), np.stack(realised), origins)


def totals_of(
    quantiles: NDArray[np.float64], dependence: Dependence, count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate quantiles of the sum of the series at each step, and of its peak, from sampled paths.

    Args:
        quantiles: float64 [series, steps, len(QUANTILES)].
        dependence: Correlation of forecast errors.
        count: Number of paths.
        seed: Random seed of the paths.

    Returns:
        float64 [steps, len(QUANTILES)] and [1, len(QUANTILES)].
    """
    totals = sample_paths(quantiles, dependence, count, seed=seed).sum(axis=1)
    by_step = np.quantile(totals, QUANTILES, axis=0).T
    if len(quantiles) == 1:
        by_step = np.maximum(quantiles[0], 0.0)
    return by_step, np.quantile(totals.max(axis=1), QUANTILES)[None]


class Aim(NamedTuple):
    """Settings of a demand forecast.

    Attributes:
        horizon: Steps ahead.
        futures: Number of sampled futures.
        cores_per_unit: Cores that one unit of the series needs.
        confidences: Confidences of the tiers, ascending.
        least: Values that the predictor needs.
        seed: Random seed of the futures.
        since: Unix time up to which the predictor was trained; it is back-tested on later values.
    """

    horizon: int = 12
    futures: int = 1000
    cores_per_unit: float = 1.0
    confidences: tuple[float, ...] = CONFIDENCES
    least: int = 144
    seed: int = 0
    since: float = -np.inf


def forecast_demand(
    series: Sequence[Series],
    forecaster: Predict,
    aim: Aim,
    adjusted: Adjustment | None = None,
    progress: Progress = no_progress,
) -> DemandForecast:
    """Sample futures of the demand of some series together, and derive tiers.

    The predictor is back-tested on the latest past. Its errors give the correlation of series and steps, and the
    calibration of the total and of its peak, by which paths and tiers are recalibrated.

    Args:
        series: Measured demand; cut to the time that all series share.
        forecaster: Predictor that was not trained on the part that is back-tested; see `Aim.since`.
        aim: Settings.
        adjusted: Confidences learned by continuous comparison; None for those of `aim`.
        progress: Receives the back-tests done.

    Raises:
        InputError: See `aligned` and `back_test`, or a setting is out of range.
    """
    horizon, count, cores_per_unit, confidences, least, seed, since = aim
    if not (np.isfinite(cores_per_unit) and cores_per_unit > 0):
        raise InputError("it must be above 0", parameter="cores_per_unit", value=cores_per_unit)
    if horizon < 1 or count < 1:
        raise InputError(f"horizon={horizon} and futures={count}: both must be at least 1")
    check_confidences(confidences)
    series = aligned(series)
    unseen = max(0, int(np.ceil((since - series[0].start) / series[0].step))) if np.isfinite(since) else 0
    past = back_test(series, forecaster, horizon, max(least, unseen), progress)
    dependence = estimate_dependence(past.quantiles, past.realised, seed=seed)
    forecast_before, realised = past.quantiles * cores_per_unit, past.realised.sum(axis=1) * cores_per_unit
    few = max(64, min(BACKTEST_PATHS, MAX_PATH_VALUES // past.realised[0].size))
    before = [totals_of(q, dependence, few, seed + 1 + k) for k, q in enumerate(forecast_before)]
    totals = PastTotals(
        tuple(series[0].start + k * series[0].step for k in past.origins),
        np.stack([b[0] for b in before]),
        np.stack([b[1] for b in before]),
        realised,
    )
    past_steps = recalibration(totals.by_step, realised, alike=True)
    past_peaks = recalibration(totals.peaks, realised.max(axis=1)[:, None], alike=True)
    forecasts = forecaster(series, horizon)
    quantiles = stacked(forecasts) * cores_per_unit
    by_step, peak = totals_of(quantiles, dependence, max(count, few), seed)
    paths = recalibrated(sample_paths(quantiles, dependence, count, seed=seed), by_step, past_steps)
    tiers = tiers_of(by_step, peak, confidences, Past(past_steps, past_peaks), adjusted)
    last = series[0]
    return DemandForecast(
        tuple(s.unique_id for s in series),
        last.start + len(last) * last.step,
        last.step,
        forecasts[0].model,
        paths,
        by_step,
        peak,
        Past(past_steps, past_peaks),
        dependence,
        tiers,
        float(sum(s.y[-1] for s in series)) * cores_per_unit,
        totals,
    )


def recalibrated(paths: NDArray[np.float64], by_step: NDArray[np.float64], past: Recalibration) -> NDArray[np.float64]:
    """Rescale paths so that their total at each step has the recalibrated distribution; shares of the series stay.

    Args:
        paths: float64 [futures, series, steps].
        by_step: float64 [steps, len(QUANTILES)], quantiles of their total as forecast.
        past: Scores of earlier forecasts.
    """
    futures, _, steps = paths.shape
    totals = paths.sum(axis=1)
    places = (totals.argsort(axis=0).argsort(axis=0) + 0.5) / futures
    scores = np.broadcast_to(past.scores, (steps, past.scores.shape[1]))
    odds = np.stack([np.quantile(scores[k], places[:, k]) for k in range(steps)], axis=1)
    wanted = np.maximum(value_at(by_step[None], odds, past.tails), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = wanted / totals
    even = np.repeat((wanted / paths.shape[1])[:, None], paths.shape[1], axis=1)
    return np.where((totals > 0)[:, None], paths * np.where(totals > 0, factor, 0.0)[:, None], even)
