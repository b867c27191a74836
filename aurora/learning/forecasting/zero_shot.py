"""Forecasts without training: the baseline with the lowest error on a series' own past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aurora.learning.forecasting.backtest import Figures, figures
from aurora.learning.forecasting.metrics import MEDIAN
from aurora.learning.forecasting.models import baselines
from aurora.learning.forecasting.models.inputs import inputs_of
from aurora.learning.forecasting.models.members import MEMBERS, untrained
from aurora.learning.forecasting.windows import check_length, check_sizes, latest
from aurora.learning.series.series import QUANTILES, Forecast, Series

MAX_PAST_WINDOWS = 24
"""Most moments of a series' past at which the baselines are compared."""
UNTESTED_MODEL = "recent_quantiles"
"""Baseline of a series that is too short for a back-test."""


@dataclass(frozen=True, slots=True)
class BacktestedForecast:
    """A forecast, and the back-test by which its model was chosen.

    Attributes:
        forecast: Forecast by the baseline with the lowest wQL, or by a trained forecaster.
        figures: Figures of each baseline on the series' past; empty for a short series and for a trained forecaster.
        last_value: Figures of the last value as the forecast of every step, for comparison only; None without a
            back-test.
        span: Seconds of the past whose quantiles are the forecast of every step; 0 where it differs between steps.
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
        Forecast(series.unique_id, end, series.step, quantiles[name][-1], name),
        tested,
        last_value=figures(naive, past) if len(known) else None,
        span=round(baselines.SHARES.get(name, 0.0) * context) * series.step,
    )
