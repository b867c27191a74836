"""Windows separate past from future; baselines follow their definitions."""

import numpy as np
import pytest

from aurora.errors import AuroraError
from aurora.learning.forecasting.metrics import MEDIAN
from aurora.learning.forecasting.models import baselines
from aurora.learning.forecasting.windows import latest, rolling
from aurora.learning.forecasting.zero_shot import forecast_by_best_baseline
from aurora.learning.series.series import QUANTILES, Series
from tests.learning.series.panels import START, STEP, daily, series_of


def test_windows_follow_each_other_without_a_gap_or_an_overlap():
    one = series_of(np.arange(100.0))
    windows = rolling([one], 20, 5, 5)
    assert np.array_equal(windows.future.ravel(), np.arange(20.0, 100.0))
    assert np.array_equal(windows.past[:, -1] + 1, windows.future[:, 0])
    assert windows.clock[0] == START + 20 * STEP


def test_filled_values_are_not_forecast_targets():
    observed = np.ones(100, dtype=bool)
    observed[52] = False
    one = Series("a", START, STEP, np.arange(100.0), observed)
    assert 50 not in rolling([one], 20, 5, 5).origin
    assert 55 in rolling([one], 20, 5, 5).origin  # in the past it may stand


def test_the_latest_window_ends_with_the_series_and_has_no_future():
    windows = latest(series_of(np.arange(100.0)), 0, 20, 5, before=3)
    assert windows.origin.tolist() == [85, 90, 95, 100]
    assert np.isnan(windows.future[-1]).all()
    assert np.array_equal(windows.future[0], np.arange(85.0, 90.0))
    assert windows.past[-1, -1] == 99


@pytest.mark.parametrize(("context", "horizon", "named"), [(3, 4, "context=3"), (20, 0, "horizon=0")])
def test_sizes_without_any_window_are_refused_by_name(context, horizon, named):
    with pytest.raises(AuroraError, match=named):
        rolling([series_of(np.arange(100.0))], context, horizon, 1)


def test_seasonal_naive_is_perfect_on_daily_repetition():
    day = np.random.default_rng(0).uniform(0, 100, 288)
    one = series_of(np.tile(day, 3))
    windows = rolling([one], 144, 12, 12, first=300)
    assert np.allclose(baselines.seasonal_naive([one], windows, 12), windows.future[..., None])


def test_auto_ets_quantiles_increase_and_stay_positive_for_positive_series():
    windows = rolling([series_of(np.abs(daily(1, 60, level=1.0)))], 36, 4, 12)
    said = baselines.auto_ets(windows, 4)
    assert said.shape == (len(windows), 4, len(QUANTILES))
    assert (np.diff(said, axis=-1) >= 0).all()
    assert (said >= 0).all()
    still = rolling([series_of(np.full(60, 7.0))], 36, 4, 12)
    assert (baselines.auto_ets(still, 4) == 7).all()


def test_the_best_baseline_of_each_series_is_selected():
    repeating = series_of(np.tile(np.random.default_rng(0).uniform(0, 100, 288), 4))
    assert (
        forecast_by_best_baseline(repeating, context=144, horizon=12, with_ets=False).forecast.model == "seasonal_naive"
    )
    walk = series_of(100 + np.cumsum(np.random.default_rng(1).normal(0, 1, 600)))
    assert forecast_by_best_baseline(walk, context=144, horizon=12).forecast.model == "auto_ets"


@pytest.mark.parametrize("y", [np.zeros(60), np.full(60, -3.0), np.r_[np.zeros(59), 9.0]])
def test_a_series_of_zeros_or_one_value_has_a_forecast(y):
    made = forecast_by_best_baseline(series_of(y), context=24, horizon=3).forecast
    assert np.isfinite(made.quantiles).all()
    assert made.start == START + 60 * STEP
    assert made.quantiles[0, MEDIAN] == np.median(y[-24:])


def test_a_series_that_is_too_short_is_refused():
    with pytest.raises(AuroraError, match=r"'a' has 10 values .* context=24"):
        forecast_by_best_baseline(series_of(np.arange(10.0)), context=24, horizon=3)
