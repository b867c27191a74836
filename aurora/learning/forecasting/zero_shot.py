"""A forecast at once: the baseline that would have served a series best so far, without any training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aurora.learning.forecasting import baselines
from aurora.learning.forecasting.backtest import Figures, figures
from aurora.learning.forecasting.inputs import inputs_of
from aurora.learning.forecasting.members import MEMBERS, untrained
from aurora.learning.forecasting.windows import check_length, check_sizes, latest
from aurora.learning.series.series import QUANTILES, Forecast, Series

PAST_WINDOWS = 24
"""Moments in a series' own past at which the baselines are compared."""
UNTESTED = "recent_quantiles"
"""What is used where a series is too short for a back-test."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A forecast, and why this baseline made it.

    Attributes:
        forecast: By the baseline with the lowest wQL.
        figures: Of each baseline on the series' own past; empty where it is too short for a back-test.
        last_value: Of the last value as the forecast of all that follows, a yardstick that is never chosen; None
            where there was no back-test.
        span: Seconds of the past whose quantiles the forecast has at every step; 0 where it differs from step to step.
    """

    forecast: Forecast
    figures: dict[str, Figures]
    last_value: Figures | None = None
    span: int = 0


def forecast_by_best_baseline(one: Series, *, context: int, horizon: int, with_ets: bool = True) -> Picked:
    """Forecast a series by the baseline with the lowest wQL at up to 24 moments of its past.

    Args:
        one: The series.
        context: Values that a baseline looks at.
        horizon: Steps ahead.
        with_ets: Whether AutoETS is among them; it takes half a second for each series.

    Raises:
        InputError: The series does not fill a context, or `context` or `horizon` is too small.
    """
    check_sizes(context, horizon)
    check_length(one, context)
    windows = latest(one, 0, context, horizon, PAST_WINDOWS)
    inputs = inputs_of([one], windows, ())
    models = {name: model for name, model in untrained().items() if with_ets or not MEMBERS[name].is_slow}
    said = {name: model.quantiles(inputs) for name, model in models.items()}
    known = np.arange(len(windows) - 1)
    past = windows.chosen(known)
    tested = {name: figures(q[known], past) for name, q in said.items()} if len(known) else {}
    losses = {name: f.wql for name, f in tested.items() if np.isfinite(f.wql)}
    name = min(losses, key=lambda n: losses[n]) if losses else UNTESTED
    forecast = Forecast(one.unique_id, one.start + len(one) * one.step, one.step, said[name][-1], name)
    naive = np.broadcast_to(past.past[:, -1:, None], (len(known), horizon, len(QUANTILES)))
    share = baselines.SHARES.get(name, 0.0)
    return Picked(forecast, tested, figures(naive, past) if len(known) else None, round(share * context) * one.step)
