"""Repair of series: planted defects are counted, clean series are unchanged, and row order does not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import DataError
from aurora.learning.series.quality.counters import is_counter
from aurora.learning.series.quality.defects import Findings
from aurora.learning.series.quality.repair import repair
from aurora.learning.series.samples import Samples
from tests.examples import examples

START, STEP = 1_700_000_000, 300
PERCENT = {"metric": "cpu", "unit": "percent"}

seeds = st.integers(0, 2**32 - 1)


def clean(seed: int, count: int = 400, step: int = STEP) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    course = 10 * np.sin(2 * np.pi * np.arange(count) * step / 86_400 + rng.uniform(0, 6))
    return START + step * np.arange(count, dtype=float), 40 + course + rng.uniform(-2, 2, count)


def counts(findings) -> dict[str, int]:
    return {f.defect: f.count for f in findings}


def assert_same(one, other) -> None:
    assert (one.unique_id, one.start, one.step, one.labels) == (other.unique_id, other.start, other.step, other.labels)
    np.testing.assert_array_equal(one.y, other.y)
    np.testing.assert_array_equal(one.observed, other.observed)
    assert set(one.covariates) == set(other.covariates)
    for name in one.covariates:
        np.testing.assert_array_equal(one.covariates[name], other.covariates[name])


@given(seeds, st.integers(2, 500), st.sampled_from([1, 15, 60, 300, 3600, 86_400]))
@settings(max_examples=examples(60), deadline=None)
def test_a_clean_series_is_returned_bit_for_bit_without_findings(seed, count, step):
    times, y = clean(seed, count, step)
    series, findings = repair(Samples("s", times, y, covariates={"users": y * 2}, labels=PERCENT), detect=False)
    assert findings == ()
    assert (series.start, series.step) == (START, step)
    assert series.y.tobytes() == y.tobytes()
    assert series.covariates["users"].tobytes() == (y * 2).tobytes()
    assert series.observed.all()


def test_clean_series_give_no_false_alarms():
    for count, step in ((100, STEP), (288, STEP), (2016, STEP), (500, 3600)):
        for seed in range(60):
            times, y = clean(seed, count, step)
            assert repair(Samples("s", times, y, labels=PERCENT))[1] == (), (count, step, seed)


@st.composite
def spoiled(draw):
    """Return a series with planted defects, and the number of each kind."""
    rng = np.random.default_rng(draw(seeds))
    count = draw(st.integers(60, 400))
    times, y = clean(int(rng.integers(2**32)), count)
    most = count // 12
    amounts = [draw(st.integers(0, most)) for _ in range(5)]
    picked = rng.permutation(np.arange(1, count - 1))
    lost, below, holes, doubled, differing = np.split(picked[: sum(amounts)], np.cumsum(amounts)[:-1])
    y[lost] = rng.choice([np.nan, np.inf, -np.inf], len(lost))
    y[below] = -rng.uniform(0.1, 5, len(below))
    rows = np.setdiff1d(np.arange(count), holes)
    times = np.concatenate([times[rows], times[doubled], times[differing]])
    values = np.concatenate([y[rows], y[doubled], y[differing] + 1.0])
    if draw(st.booleans()):
        order = rng.permutation(len(times))
        times, values = times[order], values[order]
    planted = {
        "not_a_number": len(lost),
        "negative": len(below),
        "gap": len(holes),
        "duplicate": len(doubled) + len(differing),
        "unsorted": int((np.diff(times) < 0).sum()),
    }
    return Samples("s", times, values, labels=PERCENT), {k: v for k, v in planted.items() if v}


@given(spoiled())
@settings(max_examples=examples(100), deadline=None)
def test_planted_defects_are_found_with_their_counts(case):
    samples, planted = case
    series, findings = repair(samples, detect=False)
    assert counts(findings) == planted
    assert np.isfinite(series.y).all()
    filled = sum(planted.get(defect, 0) for defect in ("gap", "not_a_number", "negative"))
    assert int((~series.observed).sum()) == filled


@given(spoiled(), seeds)
@settings(max_examples=examples(60), deadline=None)
def test_the_order_of_rows_changes_only_its_own_finding(case, seed):
    samples, _ = case
    order = np.random.default_rng(seed).permutation(len(samples.y))
    mixed = Samples("s", samples.times[order], samples.y[order], labels=PERCENT)
    one, found = repair(samples)
    other, found_too = repair(mixed)
    assert_same(one, other)
    without = [f for f in found if f.defect != "unsorted"], [f for f in found_too if f.defect != "unsorted"]
    assert without[0] == without[1]


@given(spoiled())
@settings(max_examples=examples(60), deadline=None)
def test_repairing_again_changes_nothing(case):
    once, found = repair(case[0])
    times = once.start + once.step * np.arange(len(once), dtype=float)
    twice, found_again = repair(Samples("s", times, once.y, once.observed, once.covariates, once.labels))
    assert_same(once, twice)
    assert found_again == tuple(f for f in found if f.defect in ("step", "outlier"))


def test_different_values_of_the_same_time_are_averaged():
    times = np.array([0, 300, 300, 300, 600, 900.0])
    series, findings = repair(Samples("s", times, np.array([1, 2, 4, 6, 7, 8.0])))
    assert series.y.tolist() == [1, 4, 7, 8]
    assert counts(findings) == {"duplicate": 2}
    assert "differ" in findings[0].message


def test_a_number_replaces_nan_of_the_same_time():
    series, findings = repair(Samples("s", np.array([0, 300, 300, 600.0]), np.array([1, np.nan, 2, 3])))
    assert series.y.tolist() == [1, 2, 3] and series.observed.all()
    assert counts(findings) == {"not_a_number": 1, "duplicate": 1}


def test_short_gaps_are_interpolated_and_long_ones_copy_the_previous_day():
    times, y = clean(1, 3 * 288)
    short, long = np.arange(400, 404), np.arange(600, 640)
    kept = np.setdiff1d(np.arange(len(y)), np.concatenate([short, long]))
    series, findings = repair(Samples("s", times[kept], y[kept]))
    np.testing.assert_allclose(series.y[short], np.interp(short, [399, 404], y[[399, 404]]))
    np.testing.assert_array_equal(series.y[long], series.y[long - 288])
    assert counts(findings)["gap"] == 44
    assert np.flatnonzero(~series.observed).tolist() == [*short, *long]


def test_a_long_gap_on_the_first_day_repeats_the_last_known_value():
    times, y = clean(2, 200)
    kept = np.r_[0:50, 90:200]
    series, _ = repair(Samples("s", times[kept], y[kept]))
    assert (series.y[50:90] == y[49]).all()


def test_missing_values_at_the_ends_are_trimmed():
    times, y = clean(3, 50)
    y[:3] = y[-2:] = np.nan
    series, findings = repair(Samples("s", times, y))
    assert (len(series), series.start) == (45, int(times[3]))
    assert counts(findings) == {"not_a_number": 5}


def test_mixed_steps_are_resampled_to_the_most_common_one():
    coarse = np.concatenate([np.arange(0, 30_000, 300), np.arange(30_000, 31_200, 60), np.arange(31_200, 60_000, 300)])
    series, findings = repair(Samples("s", coarse + 0.0, coarse + 0.0))
    assert series.step == 300 and len(series) == 200
    assert counts(findings) == {"mixed_steps": 16}  # of twenty in five steps, four lie on the grid
    assert np.abs(series.y - 300 * np.arange(200)).max() <= 60  # means about their places


def test_jittering_times_are_snapped_to_the_grid():
    rng = np.random.default_rng(5)
    times = START + 300.0 * np.arange(2000) + rng.integers(-12, 13, 2000)
    series, findings = repair(Samples("s", times, np.arange(2000.0)))
    assert series.step == 300
    assert np.abs(series.y - np.arange(len(series))).max() <= 2
    assert findings[0].defect == "mixed_steps"


def test_a_counter_becomes_a_rate_and_its_resets_are_reported():
    times = START + 60.0 * np.arange(100)
    total = np.cumsum(np.full(100, 120.0))
    total[40:] -= total[40] - 30
    total[70:] -= total[70] - 0
    for labels in ({"metric": "http_requests_total"}, {"kind": "counter"}, {}):
        series, findings = repair(Samples("s", times, total, labels=labels))
        assert len(series) == 99 and series.start == START + 60
        expected = np.full(99, 2.0)
        expected[39], expected[69] = 0.5, 0.0
        np.testing.assert_array_equal(series.y, expected)
        assert counts(findings)["reset"] == 2
        assert series.labels["kind"] == "rate" and series.labels["unit"] == "count/s"


def test_a_rate_is_not_mistaken_for_a_counter():
    series, _ = repair(Samples("s", 60.0 * np.arange(100), np.arange(100.0), labels={"metric": "x_total"}))
    again, findings = repair(Samples("s", 60.0 * np.arange(1, 100), series.y, labels=series.labels))
    assert_same(series, again)
    assert not findings


def test_a_sawtooth_of_a_share_is_no_counter():
    y = np.tile(np.arange(0.0, 100, 2), 4)
    series, findings = repair(Samples("s", 60.0 * np.arange(200), y, labels=PERCENT), detect=False)
    assert not findings and series.y.tobytes() == y.tobytes()


def test_negative_values_are_accepted_where_the_unit_allows_them():
    y = np.linspace(-5, 5, 20)
    for labels, found in (({"unit": "celsius"}, {}), ({}, {}), (PERCENT, {"negative": 10})):
        assert counts(repair(Samples("s", 60.0 * np.arange(20), y, labels=labels))[1]) == found


def test_a_level_shift_is_located_and_kept():
    times, y = clean(7, 7 * 288)
    y[1000:] += 15
    series, findings = repair(Samples("s", times, y, labels=PERCENT))
    assert series.y.tobytes() == y.tobytes()
    (found,) = findings
    assert found.defect == "step" and abs(found.first - times[1000]) <= 2 * STEP


def test_outliers_are_found_and_kept():
    times, y = clean(8, 7 * 288)
    y[[0, 900, 2015]] = 99
    series, findings = repair(Samples("s", times, y, labels=PERCENT))
    assert series.y.tobytes() == y.tobytes()
    assert counts(findings) == {"outlier": 3} and findings[0].first == times[0]


def test_a_nightly_peak_is_no_outlier_but_a_spike_at_another_time_is():
    times, y = clean(10, 7 * 288)
    for night in range(7):
        y[night * 288 + 36 + night % 3] += 50
    y[3 * 288 + 200] += 60
    _, findings = repair(Samples("s", times, y, labels=PERCENT))
    assert counts(findings) == {"outlier": 1} and findings[0].first == times[3 * 288 + 200]


def test_covariates_share_the_grid_and_the_report():
    times, y = clean(9, 30)
    users = np.arange(30.0)
    users[5] = np.nan
    kept = np.delete(np.arange(30), 12)
    series, findings = repair(Samples("s", times[kept], y[kept], covariates={"users": users[kept]}))
    assert series.covariates["users"][[5, 12]].tolist() == [4, 11]
    assert [f.defect for f in findings] == ["not_a_number", "gap"] and "users" in findings[0].message


@pytest.mark.parametrize(
    ("times", "y", "labels", "says"),
    [
        ([], [], {}, "empty"),
        ([0.0], [1.0], {}, "a single value is left of 1"),
        ([0.0, 0.0], [1.0, 3.0], {}, "a single value"),
        ([0.0, 300.0, 600.0], [np.nan] * 3, {}, "none of its 3 values is a number"),
        ([0.0, 300.0], [-1.0, -2.0], PERCENT, "no value is left"),
        ([0.0, 300.0, np.nan], [1.0, 2.0, 3.0], {}, "time 3 is not a finite number"),
        ([0.0, 300.0], [1.0, 2.0], {"unit": "furlongs"}, "'furlongs' is not known; use one of percent"),
        ([0.0, 0.1, 0.2, 0.3], [1.0, 2.0, 3.0, 4.0], {}, "whole seconds"),
        ([0.0, 300.0, 600.0, 4e9], [1.0, 2.0, 3.0, 4.0], {}, "a time must be wrong"),
        ([0.0, 300.0], [1.0], {}, "2 times for 1 values"),
    ],
)
def test_an_unrepairable_series_is_refused_with_the_reason(times, y, labels, says):
    with pytest.raises(DataError, match=says):
        repair(Samples("s", np.array(times), np.array(y), labels=labels))


def test_times_without_a_common_step_are_refused():
    times = np.cumsum(np.random.default_rng(1).uniform(1, 600, 500))
    with pytest.raises(DataError, match="no usual step"):
        repair(Samples("s", times, times))


def test_a_series_called_total_is_a_counter_if_it_rises():
    def read(name, values):
        y = np.asarray(values, dtype=float)
        return is_counter(Samples(name, 300.0 * np.arange(len(y)), y), y, Findings(name))

    sawtooth = np.arange(40) * 100 % 1500
    assert read('api/http_requests_total{code="200"}', sawtooth) and read("http_requests_total", sawtooth)
    assert not read("http_requests", sawtooth)
    assert not read("memory_total", np.full(40, 64.0)) and not read("battery_total", sawtooth[::-1])
