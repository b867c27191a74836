"""From measured demand to thousands of futures, and to tiers whose promises past forecasts have kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.futures.demand import aligned
from aurora.learning.futures.paths import (
    LEAST_ORIGINS,
    Dependence,
    dependence,
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
from aurora.learning.series.series import LEVELS, Forecast, Series

Predict = Callable[[Sequence[Series], int], tuple[Forecast, ...]]
"""(series up to a moment, steps) -> what comes next, for each series."""

MOST_ORIGINS = 100
"""Back-tests beyond it add little and cost time."""

BACKTEST_PATHS = 512
MOST_VALUES = 4_000_000
"""Of the paths of one back-test; with many series fewer paths are drawn."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a forecaster said at past moments, and what came.

    Attributes:
        quantiles: float64 [origins, series, steps, len(LEVELS)].
        realised: float64 [origins, series, steps].
        origins: Positions of the first step of each.
    """

    quantiles: NDArray[np.float64]
    realised: NDArray[np.float64]
    origins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The demand to come.

    Attributes:
        series: Ids.
        start: Unix time of the first step.
        step: Seconds.
        model: Who made the forecasts.
        paths: float64 [futures, series, steps], cores; their total is recalibrated.
        by_step: float64 [steps, len(LEVELS)], quantiles of the total as forecast.
        peak: float64 [1, len(LEVELS)], of its highest step.
        past: How earlier forecasts fared.
        how: How series and steps go together.
        tiers: Capacity by confidence.
        now: Cores at the last measured step.
    """

    series: tuple[str, ...]
    start: int
    step: int
    model: str
    paths: NDArray[np.float64]
    by_step: NDArray[np.float64]
    peak: NDArray[np.float64]
    past: Past
    how: Dependence
    tiers: tuple[Tier, ...]
    now: float

    @property
    def totals(self) -> NDArray[np.float64]:
        """float64 [futures, steps], cores of all series."""
        return np.asarray(self.paths.sum(axis=1), np.float64)


def back_test(
    series: Sequence[Series],
    forecaster: Predict,
    horizon: int,
    least: int,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Backtest:
    """Forecasts at past moments, the latest ones, no two of the same step where the series are long enough.

    Moments after which a value was not measured but filled in are left out: nobody knows what came.

    Args:
        series: Aligned.
        forecaster: Is shown each moment's past only.
        horizon: Steps.
        least: Values that it needs, or has been trained on.
        tell: Called with the moments done and all moments.

    Raises:
        DataError: The series are too short; says how many values are needed.
    """
    length = len(series[0])
    room = length - horizon - least
    if room < LEAST_ORIGINS - 1:
        raise DataError(
            f"{length} values, but {least + horizon + LEAST_ORIGINS - 1} are needed: {least} to forecast from or "
            f"trained on, {horizon} to compare it with, and {LEAST_ORIGINS} moments; give longer series"
        )
    stride = max(1, min(horizon, room // (3 * LEAST_ORIGINS)))
    measured = np.all([s.observed for s in series], axis=0)
    every = range(length - horizon, least - 1, -stride)
    origins = tuple(k for k in every if measured[k : k + horizon].all())[:MOST_ORIGINS][::-1]
    if len(origins) < LEAST_ORIGINS:
        raise DataError(
            f"the series have too many gaps: after {len(origins)} of {len(every)} moments all {horizon} steps were "
            f"measured, {LEAST_ORIGINS} are needed; give series with fewer gaps, or a shorter horizon"
        )
    made, came = [], []
    for done, origin in enumerate(origins, 1):
        made.append(stacked(forecaster([s.between(0, origin) for s in series], horizon)))
        came.append(np.stack([s.y[origin : origin + horizon] for s in series]))
        tell(done, len(origins))
    return Backtest(np.stack(made), np.stack(came), origins)


def totals_of(
    quantiles: NDArray[np.float64], how: Dependence, count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Quantiles of the sum of the series at each step and of its peak, from paths.

    Args:
        quantiles: float64 [series, steps, len(LEVELS)].
        how: How they go together.
        count: Paths.
        seed: Of the paths.

    Returns:
        float64 [steps, len(LEVELS)] and [1, len(LEVELS)].
    """
    totals = sample_paths(quantiles, how, count, seed=seed).sum(axis=1)
    by_step = np.quantile(totals, LEVELS, axis=0).T
    if len(quantiles) == 1:
        by_step = np.maximum(quantiles[0], 0.0)
    return by_step, np.quantile(totals.max(axis=1), LEVELS)[None]


class Aim(NamedTuple):
    """How far to look ahead, and in what terms.

    Attributes:
        horizon: Steps.
        futures: How many.
        cores_per_unit: Cores that one unit of the series needs.
        confidences: Of the tiers, ascending.
        least: Values that the forecaster needs.
        seed: Of the futures.
        since: Unix time from which on the forecaster has not been trained: it is back-tested on what came after.
    """

    horizon: int = 12
    futures: int = 1000
    cores_per_unit: float = 1.0
    confidences: tuple[float, ...] = CONFIDENCES
    least: int = 144
    seed: int = 0
    since: float = -np.inf


def look_ahead(
    series: Sequence[Series],
    forecaster: Predict,
    aim: Aim,
    adjusted: Adjustment | None = None,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Outlook:
    """Futures of the demand of some series together, and tiers.

    The forecaster is back-tested on the latest past. Where its forecasts fell gives how series and steps go
    together, and what the forecasts of the total and of its peak are worth: by that tiers and paths are recalibrated.

    Args:
        series: Measured demand; cut to the time that they share.
        forecaster: Must not have learned from the part that is back-tested.
        aim: How far, and in what terms.
        adjusted: What continuous comparison has taught.
        tell: Called with the back-tests done and all of them.

    Raises:
        DataError: See `aligned` and `back_test`, and `aim` asks for nothing.
    """
    horizon, count, cores_per_unit, confidences, least, seed, since = aim
    if not (np.isfinite(cores_per_unit) and cores_per_unit > 0):
        raise DataError(f"cores per unit: {cores_per_unit}; it must be above 0")
    if horizon < 1 or count < 1:
        raise DataError(f"horizon {horizon} and futures {count}: both must be at least 1")
    check_confidences(confidences)
    series = aligned(series)
    unseen = max(0, int(np.ceil((since - series[0].start) / series[0].step))) if np.isfinite(since) else 0
    past = back_test(series, forecaster, horizon, max(least, unseen), tell)
    how = dependence(past.quantiles, past.realised, seed=seed)
    said, came = past.quantiles * cores_per_unit, past.realised.sum(axis=1) * cores_per_unit
    few = max(64, min(BACKTEST_PATHS, MOST_VALUES // past.realised[0].size))
    before = [totals_of(q, how, few, seed + 1 + k) for k, q in enumerate(said)]
    past_steps = recalibration(np.stack([b[0] for b in before]), came, alike=True)
    past_peaks = recalibration(np.stack([b[1] for b in before]), came.max(axis=1)[:, None], alike=True)
    forecasts = forecaster(series, horizon)
    quantiles = stacked(forecasts) * cores_per_unit
    by_step, peak = totals_of(quantiles, how, max(count, few), seed)
    paths = recalibrated(sample_paths(quantiles, how, count, seed=seed), by_step, past_steps)
    tiers = tiers_of(by_step, peak, confidences, Past(past_steps, past_peaks), adjusted)
    last = series[0]
    return Outlook(
        tuple(s.unique_id for s in series),
        last.start + len(last) * last.step,
        last.step,
        forecasts[0].model,
        paths,
        by_step,
        peak,
        Past(past_steps, past_peaks),
        how,
        tiers,
        float(sum(s.y[-1] for s in series)) * cores_per_unit,
    )


def recalibrated(paths: NDArray[np.float64], by_step: NDArray[np.float64], past: Recalibration) -> NDArray[np.float64]:
    """Paths whose total at each step is distributed as past forecasts have taught; what belongs to whom stays.

    Args:
        paths: float64 [futures, series, steps].
        by_step: float64 [steps, len(LEVELS)], quantiles of their total as forecast.
        past: How earlier ones fared.
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
