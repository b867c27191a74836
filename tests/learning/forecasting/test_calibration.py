"""Stated intervals hold: on data with a known law, the shares that come are those that are stated."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.learning.forecasting import conformal
from aurora.learning.forecasting.metrics import ENDS, MEDIAN
from aurora.learning.forecasting.peak import MIN_MOMENTS, forecast_peak
from aurora.learning.forecasting.zero_shot import forecast_by_best_baseline
from aurora.learning.series.series import QUANTILES, Series
from aurora.types import FloatArray

HORIZON = 12
DRAWS = 150
Law = Callable[[np.random.Generator, int], FloatArray]


def series_of(y: FloatArray) -> Series:
    return Series("s", 0, 300, y, np.ones(len(y), dtype=np.bool_))


def independent(rng: np.random.Generator, n: int) -> FloatArray:
    return rng.normal(5.0, 1.0, n)


def sluggish(rng: np.random.Generator, n: int) -> FloatArray:
    y = np.empty(n)
    y[0] = rng.normal()
    for k in range(1, n):
        y[k] = 0.98 * y[k - 1] + rng.normal(0.0, (1 - 0.98**2) ** 0.5)
    return 5.0 + y


def walk(rng: np.random.Generator, n: int) -> FloatArray:
    return 50.0 + 0.3 * np.cumsum(rng.normal(size=n))


def daily(rng: np.random.Generator, n: int) -> FloatArray:
    hours = (np.arange(n) + rng.integers(288)) * 2 * np.pi / 288
    return (5.0 + 2.0 * np.sin(hours)) * (1 + 0.05 * rng.normal(size=n))


LAWS: tuple[Law, ...] = (independent, sluggish, walk, daily)


def drawn(law: Law) -> Iterator[tuple[Series, FloatArray]]:
    """Yield pasts of different lengths, and what followed each."""
    for k in range(DRAWS):
        rng = np.random.default_rng(k)
        n = int(rng.integers(240, 1200))
        y = law(rng, n + HORIZON)
        yield series_of(y[:n]), y[n:]


@pytest.mark.parametrize("law", LAWS)
def test_the_highest_value_of_the_next_hour_lies_in_its_80_percent_interval_in_80_percent(law: Law) -> None:
    inside, below = [], []
    for past, after in drawn(law):
        made = forecast_peak(past, HORIZON)
        assert made is not None and made.moments >= MIN_MOMENTS
        inside.append(made.low <= after.max() <= made.high)
        below.append(after.max() <= made.median)
    assert 0.72 <= np.mean(inside) <= 0.90  # the deviation of 150 draws is 0.033
    assert 0.36 <= np.mean(below) <= 0.64


@pytest.mark.parametrize("law", LAWS)
def test_each_value_lies_in_its_intervals_as_often_as_they_state(law: Law) -> None:
    shares = {percent: list[float]() for percent in ENDS}
    for past, after in drawn(law):
        made = forecast_by_best_baseline(past, context=144, horizon=HORIZON, with_ets=False).forecast.quantiles
        for percent, (low, high) in ENDS.items():
            shares[percent].append(float(np.mean((made[:, low] <= after) & (after <= made[:, high]))))
    assert 0.42 <= np.mean(shares[50]) <= 0.62
    assert 0.72 <= np.mean(shares[80]) <= 0.88
    assert np.mean(shares[95]) >= 0.90


def test_a_peak_of_too_short_a_past_is_not_forecast() -> None:
    rng = np.random.default_rng(0)
    assert forecast_peak(series_of(rng.normal(size=MIN_MOMENTS * HORIZON)), HORIZON) is None
    made = forecast_peak(series_of(rng.normal(size=(MIN_MOMENTS + 1) * HORIZON)), HORIZON)
    assert made is not None and made.moments == MIN_MOMENTS
    with pytest.raises(InputError, match="horizon=0"):
        forecast_peak(series_of(rng.normal(size=99)), 0)


def test_a_peak_repeats_with_the_day_and_is_never_negative() -> None:
    day = np.random.default_rng(0).uniform(0, 100, 288)
    made = forecast_peak(series_of(np.tile(day, 4)), HORIZON)
    assert made is not None and made.rule == "day_before"
    assert made.low == made.median == made.high == day[:HORIZON].max()
    idle = np.where(np.arange(600) % 97 == 0, 3.0, 0.0)
    idle_made = forecast_peak(series_of(idle), HORIZON)
    assert idle_made is not None and 0 <= idle_made.low <= idle_made.median <= idle_made.high


def test_a_moment_after_which_a_value_was_filled_in_does_not_count() -> None:
    y = np.random.default_rng(0).normal(size=240)
    observed = np.ones(240, dtype=np.bool_)
    observed[60:204] = False
    made = forecast_peak(Series("s", 0, 300, y, observed), HORIZON)
    whole = forecast_peak(series_of(y), HORIZON)
    assert made is None and whole is not None


def test_offsets_by_step_are_the_ranks_worked_out_by_hand() -> None:
    quantiles = np.zeros((19, 1, len(QUANTILES)))
    offsets = conformal.own_offsets(quantiles, np.arange(1.0, 20.0)[:, None])
    # 19 values 1 to 19 above an interval of no width: 0.8 times 20 is the 16th, 0.5 the 10th, 0.95 the 19th
    pair = {percent: ends[0] for percent, ends in ENDS.items()}
    assert offsets[0, pair[80]] == pytest.approx(16.0)
    assert offsets[0, pair[50]] == pytest.approx(10.0)
    assert offsets[0, pair[95]] == pytest.approx(19.0)
    moved = conformal.widened_by_step(np.zeros((1, len(QUANTILES))), offsets)
    assert moved[0, ENDS[80][1]] == pytest.approx(16.0) and moved[0, MEDIAN] == 0
    assert not conformal.own_offsets(quantiles[:0], np.zeros((0, 1))).any()
