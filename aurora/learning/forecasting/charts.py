"""Charts of forecasts."""

from __future__ import annotations

from datetime import UTC, datetime

from aurora.charts import BLACK, BLUE, Band, Chart, Line
from aurora.learning.forecasting.metrics import ENDS, MEDIAN
from aurora.learning.series.series import Forecast, Series

MIN_PAST_VALUES = 144
"""Fewest measured values before the forecast, where the series has them; four horizons for a long horizon."""


def fan_chart(series: Series, forecast: Forecast) -> Chart:
    """Draw the history, the median, and the 50, 80 and 95 % intervals; time in UTC."""
    horizon = len(forecast.quantiles)
    count = min(len(series), max(4 * horizon, MIN_PAST_VALUES))
    times = [datetime.fromtimestamp(forecast.start + k * series.step, UTC) for k in range(-count, horizon)]
    past, ahead = times[:count], times[count:]
    bands = [
        Band(f"{p} %", ahead, forecast.quantiles[:, low].tolist(), forecast.quantiles[:, high].tolist(), BLUE)
        for p in (95, 80, 50)
        for low, high in (ENDS[p],)
    ]
    marks: tuple[Line | Band, ...] = (
        Line("measured", past, series.y[-count:].tolist(), colour=BLACK),
        *bands,
        Line("median", ahead, forecast.quantiles[:, MEDIAN].tolist(), colour=BLUE),
    )
    unit = series.labels.get("unit", "") or "unit not stated"
    return Chart(f"{series.unique_id}, by {forecast.model}", "time, UTC", unit, marks)
