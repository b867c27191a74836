"""Derived covariates: known values, and no information from the future."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import AuroraError
from aurora.learning.forecasting.covariates import (
    Categories,
    CovariateSettings,
    calendar,
    changes,
    derive,
    interactions,
    rolling,
    seasonal,
)
from aurora.learning.series.quality.repair import repair
from aurora.learning.series.samples import Samples
from aurora.learning.series.series import Series
from tests.examples import examples

MONDAY = 1_714_953_600  # 2024-05-06 00:00 UTC
STEP = 3600


def series(y, start=MONDAY, **labels) -> Series:
    y = np.asarray(y, dtype=float)
    return Series("s", start, STEP, y, np.ones(len(y), dtype=bool), labels=labels)


@given(st.integers(0, 2**32 - 1), st.integers(1, 119))
@settings(max_examples=examples(40), deadline=None)
def test_covariates_do_not_depend_on_the_future(seed, now):
    rng = np.random.default_rng(seed)
    y = 50 + 10 * np.sin(2 * np.pi * np.arange(120) / 24) + rng.normal(size=120)
    other = y.copy()
    other[now:] = rng.uniform(-1e3, 1e3, 120 - now)
    hidden = rng.random(120) < 0.1
    hidden[0] = False
    one, two = (replace(series(values), observed=~hidden) for values in (y, other))
    columns, columns_too = derive(one), derive(two)
    assert set(columns) == set(columns_too)
    for name in columns:
        np.testing.assert_array_equal(columns[name][:now], columns_too[name][:now], err_msg=name)


def test_a_filled_gap_is_not_used_before_its_end():
    """A short gap is interpolated to the value after it, which is unknown during the gap."""
    times, y = MONDAY + STEP * np.arange(60.0), np.arange(60.0)
    kept = np.delete(np.arange(60), [30, 31])
    found = []
    for after in (32.0, 1e4):
        y[32:] = after
        one, _ = repair(Samples("s", times[kept], y[kept]))
        found.append(derive(one))
    for name in found[0]:
        np.testing.assert_array_equal(found[0][name][:32], found[1][name][:32], err_msg=name)


def test_calendar_covariates_have_known_values():
    found = calendar(series(np.zeros(7 * 24)))
    assert found["time_of_day_cos"][[0, 12, 24]] == pytest.approx([1, -1, 1])
    assert found["working_hours"].reshape(7, 24).sum(axis=1).tolist() == [8] * 5 + [0, 0]
    assert found["working_hours"][[8, 9, 16, 17]].tolist() == [0, 1, 1, 0]
    places = np.stack([found["day_of_week_sin"], found["day_of_week_cos"]]).round(9)
    assert np.unique(places, axis=1).shape == (2, 168)


def test_working_hours_follow_the_zone_through_summer_time():
    winter, summer = 1_704_672_000, 1_720_396_800  # Mondays, 8 January and 8 July 2024
    for start, first in ((winter, 8), (summer, 7)):
        found = calendar(series(np.zeros(24), start), "Europe/Berlin")["working_hours"]
        assert int(np.argmax(found)) == first and found.sum() == 8
    with pytest.raises(AuroraError, match="zone='Mars/Olympus': this time zone is not known"):
        calendar(series([1, 2]), "Mars/Olympus")


def test_a_relative_clock_has_no_weekdays():
    one = series(np.arange(48.0), clock="relative")
    assert set(calendar(one)) == {"time_of_day_sin", "time_of_day_cos"}
    assert "working_hours*mean_3600" not in derive(one)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.integers(2, 30))
@settings(max_examples=examples(100), deadline=None)
def test_rolling_means_and_deviations_are_those_of_the_window(values, width):
    y = np.array(values)
    found = rolling(y, 1, (width,))
    for k in range(len(y)):
        window = y[max(0, k - width + 1) : k + 1]
        assert found[f"mean_{width}"][k] == pytest.approx(window.mean(), abs=1e-6)
        assert found[f"deviation_{width}"][k] == pytest.approx(
            window.std(), abs=8
        )  # of up to 1e6: digits of the squares


def test_a_constant_has_no_deviation():
    assert not rolling(np.full(50, 1e9 + 0.1), 1, (10,))["deviation_10"].any()


def test_changes_are_per_hour():
    y = np.arange(10.0) * 3
    assert changes(y, 1800, (0, 3600))["change_0"].tolist() == [0] + [6] * 9
    assert changes(y, 1800, (0, 3600))["change_3600"].tolist() == [0, 0] + [6] * 8


def test_a_daily_pattern_is_separated_from_trend_and_residual():
    t = np.arange(24 * 10)
    course = 5 * np.sin(2 * np.pi * t / 24)
    found = seasonal(20 + course + np.random.default_rng(1).normal(0, 0.1, len(t)), STEP)
    assert not found["seasonal"][:48].any()
    assert np.abs(found["seasonal"] - course)[72:].max() < 0.5
    assert np.abs(found["trend"] - 20)[72:].max() < 0.5
    with pytest.raises(AuroraError, match="no whole number of steps"):
        seasonal(course, 7000)


def test_interactions_are_products_of_columns_that_exist():
    columns = {"a": np.array([1.0, 2]), "b": np.array([3.0, 4])}
    assert interactions(columns, [("a", "b")])["a*b"].tolist() == [3, 8]
    with pytest.raises(AuroraError, match="no column 'c'; there are a, b"):
        interactions(columns, [("a", "c")])


def test_own_covariates_come_first_and_all_are_finite():
    one = replace(series(np.arange(100.0)), covariates={"users": np.ones(100)})
    found = derive(one, CovariateSettings(period=0))
    assert next(iter(found)) == "users" and "seasonal" not in found
    assert all(values.shape == (100,) and np.isfinite(values).all() for values in found.values())


def test_categories_have_a_code_for_unknown_values():
    known = [series([1], tier=tier) for tier in ("gold", "iron", "gold")]
    categories = Categories.of(known, ["tier"])
    assert categories == Categories.of(known[::-1], ["tier"])
    assert [categories.codes(s)["tier"] for s in known] == [1, 2, 1]
    assert categories.codes(series([1], tier="tin")) == {"tier": 0} == categories.codes(series([1]))
    assert categories.sizes() == {"tier": 3}
    with pytest.raises(AuroraError, match="no series has a label 'rank'; there are tier"):
        Categories.of(known, ["rank"])
