"""Forecasts without training: the baseline with the lowest error on a series' own past, and intervals that hold there.

A baseline's quantiles are those of recent values or errors. They are too narrow where a series moves on, and the choice
of the best one narrows them further. So its intervals are moved by what the series' own past says is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aurora.learning.forecasting import conformal
from aurora.learning.forecasting.backtest import Figures, figures
from aurora.learning.forecasting.metrics import MEDIAN
from aurora.learning.forecasting.models import baselines
from aurora.learning.forecasting.models.inputs import inputs_of
from aurora.learning.forecasting.models.members import MEMBERS, untrained
from aurora.learning.forecasting.windows import check_length, check_sizes, latest
from aurora.learning.series.series import QUANTILES, Forecast, Series
from aurora.types import FloatArray

MAX_PAST_WINDOWS = 24
"""Most moments of a series' past at which the baselines are compared."""
MAX_CALIBRATION_WINDOWS = 96
"""Most moments of a series' past from which the intervals are calibrated."""
UNTESTED_MODEL = "recent_quantiles"
"""Baseline of a series that is too short for a back-test."""


@dataclass(frozen=True, slots=True)
class BacktestedForecast:
    """A forecast, and the back-test by which its model was chosen.

    Attributes:
        forecast: Forecast by the baseline with the lowest wQL, with calibrated intervals, or by a trained forecaster.
        figures: Figures of each baseline, before calibration, on the series' past; empty for a short series and for a
            trained forecaster.
        last_value: Figures of the last value as the forecast of every step, for comparison only; None without a
            back-test.
        span: Seconds of the past whose median is the forecast of every step; 0 where it differs between steps.
    """

    forecast: Forecast
    figures: dict[str, Figures]
    last_value: Figures | None = None
    span: int = 0

    @property
    def own_figures(self) -> Figures | None:
        """Figures of the model that made the forecast; None without a back-test."""
        return self.figures.get(self.forecast.model)

    @property
    def is_flat(self) -> bool:
        """True if the median is the same at every step of several."""
        median = self.forecast.quantiles[:, MEDIAN]
        return len(median) > 1 and bool((median == median[0]).all())


def forecast_by_best_baseline(
    series: Series, *, context: int, horizon: int, with_ets: bool = True
) -> BacktestedForecast:
    """Forecast a series by the baseline with the lowest wQL at up to `MAX_PAST_WINDOWS` moments of its past.

    Its intervals are calibrated at up to `MAX_CALIBRATION_WINDOWS` moments.

    Args:
        series: The series.
        context: Values that a baseline looks at.
        horizon: Steps ahead.
        with_ets: Whether to include AutoETS, which takes half a second for each series.

    Raises:
        InputError: The series does not fill a context, or `context` or `horizon` is too small.
    """
    check_sizes(context, horizon)
    check_length(series, context)
    windows = latest(series, 0, context, horizon, MAX_PAST_WINDOWS)
    inputs = inputs_of([series], windows, ())
    models = {name: model for name, model in untrained().items() if with_ets or not MEMBERS[name].is_slow}
    quantiles = {name: model.quantiles(inputs) for name, model in models.items()}
    known = np.arange(len(windows) - 1)
    past = windows.chosen(known)
    tested = {name: figures(q[known], past) for name, q in quantiles.items()} if len(known) else {}
    losses = {name: f.wql for name, f in tested.items() if np.isfinite(f.wql)}
    name = min(losses, key=lambda n: losses[n]) if losses else UNTESTED_MODEL
    end = series.start + len(series) * series.step
    naive = np.broadcast_to(past.past[:, -1:, None], (len(known), horizon, len(QUANTILES)))
    return BacktestedForecast(
        Forecast(series.unique_id, end, series.step, _calibrated(series, name, quantiles[name][-1], context), name),
        tested,
        last_value=figures(naive, past) if len(known) else None,
        span=round(baselines.SHARES.get(name, 0.0) * context) * series.step,
    )


def _calibrated(series: Series, name: str, quantiles: FloatArray, context: int) -> FloatArray:
    """Move the ends of a baseline's intervals so that they hold their shares at past moments of the series.

    Args:
        series: The series.
        name: The baseline.
        quantiles: [horizon, len(QUANTILES)], its forecast.
        context: Values that it looks at.
    """
    horizon, model = len(quantiles), MEMBERS[name]
    if name in baselines.SHARES:  # it looks at the end of the context only, so that shorter windows say the same
        span = baselines.span_of(baselines.SHARES[name], context)
        windows = latest(series, 0, span, horizon, MAX_CALIBRATION_WINDOWS)
        past = baselines.recent_quantiles(windows, horizon, share=1.0)
    else:
        most = MAX_PAST_WINDOWS if model.is_slow else MAX_CALIBRATION_WINDOWS
        windows = latest(series, 0, context, horizon, most)
        past = model.member.quantiles(inputs_of([series], windows, ()))
    by = conformal.own_offsets(past[:-1], windows.future[:-1])
    moved = conformal.widened_by_step(quantiles, by)
    return np.maximum(moved, 0) if (series.y >= 0).all() else moved
