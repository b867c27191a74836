"""Sentences on back-tests."""

from __future__ import annotations

import numpy as np

from aurora.learning.forecasting.backtest import Figures
from aurora.learning.forecasting.wording import back_test_lines
from aurora.learning.forecasting.zero_shot import BacktestedForecast
from aurora.learning.series.series import QUANTILES, Forecast

START, STEP = 1_780_272_000, 300


def backtested(model: str, wql: float, naive: float, last: float, span: int = 0) -> BacktestedForecast:
    def figure(value: float) -> Figures:
        return Figures(value, 0, 0, 0, 0, 0, 0, 24)

    quantiles = np.repeat(np.linspace(1, 2, len(QUANTILES))[None], 3, axis=0)
    one = Forecast("web", START, STEP, quantiles, model)
    return BacktestedForecast(one, {model: figure(wql), "seasonal_naive": figure(naive)}, figure(last), span)


def test_the_back_test_is_compared_with_naive_rules_and_a_flat_forecast_is_reported() -> None:
    (line,) = back_test_lines([backtested("recent_half", 0.06, 0.12, 0.05, span=6 * 3600)])
    assert "50 % below that of seasonal naive" in line and "20 % above that of the last value" in line
    assert "latest 6 h at every step" in line
    many = back_test_lines(
        [backtested("auto_ets", 0.06, 0.12, 0.05)] * 4 + [backtested("auto_ets", 0.06, 0.05, 0.05)] * 3
    )
    assert many[0] == "back-test: on 4 of 7 series better than seasonal naive, in the middle 50 % below"
    assert many[-1] == "7 of 7 forecasts are the same at every step"


def test_undefined_errors_are_not_compared() -> None:
    (line,) = back_test_lines([backtested("recent_half", float("nan"), float("nan"), float("nan"))])
    assert "all 0" in line and "nan" not in line
