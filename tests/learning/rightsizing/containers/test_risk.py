"""Distributions, the choice of sizes for a risk, and calibration on back-tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.learning.rightsizing.containers.features import NAMES, features
from aurora.learning.rightsizing.containers.learned import fitted, learned
from aurora.learning.rightsizing.containers.outlook import Outlook, outlook_of
from aurora.learning.rightsizing.containers.risk import LARGEST_SHARE, allocate, back_tests, calibrate, same_hours
from tests.examples import examples
from tests.learning.rightsizing.containers.made import DAY, STEP, demand


def fleet(count=30, days=3, seed=0):
    rng = np.random.default_rng(seed)
    n = days * DAY // STEP
    return [demand(rng.lognormal(rng.normal(0, 1), rng.uniform(0.05, 0.6), n)) for _ in range(count)]


def test_the_shares_above_are_those_of_krr_and_vpa():
    values = np.concatenate([np.full(288, 2.0), np.full(288, 1.0)])
    rows = features(demand(values), DAY, np.array([0.5, 1.5]))
    shares = dict(zip(NAMES["cpu"], rows.T, strict=True))
    # Half of all values are above 1.5; under VPA's half-life the older day has half the weight: a third of all.
    assert shares["share above, no decay"][1] == pytest.approx(0.0, abs=1e-9)
    assert shares["share above, half-life of 24 hours"][1] == pytest.approx(np.log(0.5), abs=0.05)
    # 40 values at most count: of all, 0.3 more, and as much below.
    assert shares["share above, no decay"][0] == pytest.approx(np.log(40.3 / 0.3))


@pytest.mark.parametrize("resource", ["cpu", "memory"])
@pytest.mark.parametrize("values", [np.zeros(300), np.ones(300), np.linspace(0, 5, 300)])
def test_every_distribution_rises_in_size_and_falls_in_probability(resource, values):
    demands = [demand(values, resource), *[demand(d.values, resource) for d in fleet(5, 2)]]
    outlook = outlook_of(demands, [DAY] * 6, learned(resource).weights)
    assert (np.diff(outlook.sizes, axis=1) >= 0).all() and np.isfinite(outlook.sizes).all()
    assert (np.diff(outlook.above, axis=1) <= 1e-12).all()
    assert outlook.above.min() >= 0 and outlook.above.max() <= 1


@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_probabilities_do_not_depend_on_the_unit(resource):
    values = np.random.default_rng(3).lognormal(0, 0.4, 600)
    weights = learned(resource).weights
    one, ten = (outlook_of([demand(f * values, resource)], [DAY], weights) for f in (1, 10))
    assert ten.above == pytest.approx(one.above, rel=1e-4)
    assert ten.sizes == pytest.approx(10 * one.sizes)


def test_the_learned_weights_fit_the_features():
    for resource, names in NAMES.items():
        weights, information = learned(resource)
        assert weights.shape == (len(names),) and information.shape == (len(names),) * 2
        assert np.allclose(information, information.T, rtol=1e-3) and (np.linalg.eigvalsh(information) > 0).all()


def test_weights_are_found_again_and_drawn_to_where_they_start():
    rng = np.random.default_rng(4)
    rows = np.stack([np.ones(20_000), rng.normal(size=20_000)], axis=1)
    above = (rng.uniform(size=20_000) < 1 / (1 + np.exp(-(rows @ [-1.0, 2.0])))).astype(float)
    free = fitted(rows, above, np.ones(20_000), np.zeros(2), 1e-6 * np.eye(2))
    assert free == pytest.approx([-1.0, 2.0], abs=0.1)
    assert fitted(rows, above, np.ones(20_000), np.ones(2), 1e9 * np.eye(2)) == pytest.approx([1.0, 1.0], abs=1e-3)


def test_back_tests_teach_a_fleet_that_differs_from_the_learned_one():
    rng = np.random.default_rng(5)
    demands = [demand(np.concatenate([rng.uniform(0, 1, 576), rng.uniform(0, 3, 288)])) for _ in range(300)]
    tests = [t for t in back_tests(demands, DAY) if t.before.count == 576]
    taught = calibrate("cpu", tests).outlook([t.before for t in tests], [DAY] * 300)
    untaught = outlook_of([t.before for t in tests], [DAY] * 300, learned("cpu").weights)
    size = np.full(300, 1.2)  # demand to come is above it in 60 % of the time
    assert taught.chance(size).mean() > 5 * untaught.chance(size).mean()


def test_parts_of_a_day_are_tested_only_at_their_own_times_of_day():
    hour = 3600.0
    assert same_hours(0, 8 * hour, 16 * hour, 8 * hour) == 0
    assert same_hours(0, 8 * hour, 24 * hour, 8 * hour) == 1
    assert same_hours(0, 8 * hour, 28 * hour, 8 * hour) == pytest.approx(0.5)
    assert same_hours(4 * hour, 8 * hour, 24 * hour, 8 * hour) == pytest.approx(0.5)
    assert same_hours(0, 8 * hour, 16 * hour, DAY) == 1
    # Sixteen hours have no eight hours at the times of day that come next.
    assert back_tests([demand(np.arange(192.0))], 8 * hour) == ()
    assert [t.share for t in back_tests([demand(np.arange(4 * 288.0))], 8 * hour)] == [1.0]


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


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 1000), st.floats(0.001, 0.3), st.floats(1.05, 20))
def test_no_size_is_smaller_at_a_smaller_risk(seed, risk, factor):
    demands = fleet(12, 2, seed)
    found = calibrate("cpu", back_tests(demands, DAY / 2))
    outlook = found.outlook(demands, [DAY / 2] * len(demands))
    sizes = [allocate(outlook, found.working_risk(r)) for r in (risk, risk / factor)]
    assert (sizes[1] >= sizes[0]).all()


def test_the_realised_risk_of_a_like_future_is_the_one_asked_for():
    demands = fleet(600, 3, 5)
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
