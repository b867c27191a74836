"""Distributions, the choice of sizes for a risk, and calibration on back-tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.learning.rightsizing.containers.outlook import (
    CPU_SETTINGS,
    DRIFTS,
    MEMORY_SETTINGS,
    CpuSettings,
    Outlook,
    cpu_outlook,
    memory_outlook,
)
from aurora.learning.rightsizing.containers.risk import LARGEST_SHARE, allocate, back_tests, calibrate
from tests.learning.rightsizing.containers.made import DAY, STEP, demand

STILL = np.zeros(DRIFTS)


def fleet(count=30, days=3, seed=0):
    rng = np.random.default_rng(seed)
    n = days * DAY // STEP
    return [demand(rng.lognormal(rng.normal(0, 1), rng.uniform(0.05, 0.6), n)) for _ in range(count)]


def test_without_drift_the_distribution_is_that_of_the_past():
    values = np.random.default_rng(1).uniform(0, 1, 4000)
    outlook = cpu_outlook([demand(values)], [DAY], CpuSettings(np.inf, 1.0, 0.0), STILL)
    for size in (0.2, 0.5, 0.9, 0.99):
        assert outlook.chance(np.array([size]))[0] == pytest.approx((values > size).mean(), abs=0.05)
    assert outlook.chance(np.array([1.0]))[0] == 0


def test_older_values_count_less_under_a_half_life():
    values = np.concatenate([np.full(288, 2.0), np.full(288, 1.0)])
    outlook = cpu_outlook([demand(values)], [DAY], CpuSettings(1.0, 1.0, 0.0), STILL)
    # The older day has half the weight of the younger one: a third of all.
    assert outlook.chance(np.array([1.5]))[0] == pytest.approx(1 / 3, abs=0.03)


@pytest.mark.parametrize("settings_", CPU_SETTINGS)
def test_every_cpu_distribution_rises_in_size_and_falls_in_probability(settings_):
    drifts = np.linspace(-0.3, 0.5, DRIFTS)
    outlook = cpu_outlook(fleet(), [DAY] * 30, settings_, drifts)
    assert (np.diff(outlook.sizes, axis=1) >= 0).all()
    assert (np.diff(outlook.above, axis=1) <= 1e-12).all()
    assert outlook.above.min() >= 0 and outlook.above.max() <= 1


@pytest.mark.parametrize("settings_", MEMORY_SETTINGS)
def test_every_memory_distribution_rises_in_size_and_falls_in_probability(settings_):
    demands = [demand(d.values, "memory") for d in fleet()]
    outlook = memory_outlook(demands, [DAY] * 30, settings_, np.array([-0.5, 0.0, 0.2, 1.0]))
    assert (np.diff(outlook.sizes, axis=1) >= 0).all()
    assert (np.diff(outlook.above, axis=1) <= 1e-12).all()


def test_risk_is_spent_where_it_saves_most():
    # Each may have 10 percent more risk. The first saves 4 cores by it, the second 0.1.
    outlook = Outlook(np.array([[1.0, 5.0], [1.0, 1.1]]), np.array([[0.1, 0.0], [0.1, 0.0]]))
    assert allocate(outlook, 0.05).tolist() == [1.0, 1.1]


def test_no_container_bears_more_than_its_share_of_the_risk():
    sizes = np.tile([1.0, 2.0], (20, 1))
    above = np.tile([0.0, 0.0], (20, 1))
    sizes[0], above[0] = [1.0, 100.0], [0.9, 0.0]
    # The mean risk would be 4.5 percent, but the first alone would bear 90.
    assert allocate(Outlook(sizes, above), 0.05)[0] == 100.0
    assert LARGEST_SHARE * 0.05 < 0.9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.001, 0.3), st.floats(1.05, 20))
def test_no_size_is_smaller_at_a_smaller_risk(seed, risk, factor):
    demands = fleet(12, 2, seed)
    found = calibrate("cpu", back_tests(demands, DAY / 2))
    outlook = found.outlook(demands, [DAY / 2] * len(demands))
    sizes = [allocate(outlook, found.working_risk(r)) for r in (risk, risk / factor)]
    assert (sizes[1] >= sizes[0]).all()


def test_the_realised_risk_of_a_like_future_is_the_one_asked_for():
    demands = fleet(200, 3, 5)
    rng = np.random.default_rng(6)
    found = calibrate("cpu", back_tests(demands, DAY))
    outlook = found.outlook(demands, [DAY] * len(demands))
    for risk in (0.1, 0.05, 0.02):
        sizes = allocate(outlook, found.working_risk(risk))
        # What follows is drawn from the same values: the fleet's demand does not change.
        above = [(rng.choice(d.values, 288) > size).mean() for d, size in zip(demands, sizes, strict=True)]
        # Back-tests have less past than the last forecast, so their realised risk is a little higher.
        assert 0.6 * risk <= np.mean(above) <= 1.2 * risk


def test_kills_are_as_frequent_as_asked_for():
    rng = np.random.default_rng(7)
    n = 3 * DAY // STEP

    def memory(count):
        level = rng.lognormal(0, 1, (count, 1))
        return level * (1 + 0.1 * np.abs(rng.normal(size=(count, n)))) * rng.uniform(0.95, 1.05, (count, n))

    values = memory(300)
    demands = [demand(y[: 2 * n // 3], "memory") for y in values]
    found = calibrate("memory", back_tests(demands, DAY))
    sizes = allocate(found.outlook(demands, [DAY] * 300), found.working_risk(0.05))
    assert (values[:, 2 * n // 3 :].max(axis=1) > sizes).mean() == pytest.approx(0.05, abs=0.035)


def test_back_tests_are_a_horizon_apart_and_look_ahead_a_third_of_a_short_past():
    tests = back_tests([demand(np.arange(288))], 7 * DAY)
    assert [t.horizon for t in tests] == [DAY / 3, DAY / 3]
    assert [t.before.count for t in tests] == [192, 96]
    assert tests[0].after.tolist() == list(range(192, 288))


def test_without_back_tests_the_prior_stands_alone():
    found = calibrate("cpu", ())
    assert found.working_risk(0.02) == pytest.approx(0.02, rel=0.05)
    assert found.kept(0.02) is None
    sizes = allocate(found.outlook([demand(np.ones(600))], [DAY]), found.working_risk(0.02))
    assert 1.0 <= sizes[0] <= 1.25


def test_few_back_tests_give_no_certainty():
    found = calibrate("cpu", back_tests([demand(np.ones(600))], DAY))
    kept = found.kept(0.02)
    assert kept is not None and kept < 0.8
