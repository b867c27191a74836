"""The sequential test: exact error rates over all looks for any metric, and its components."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import InputError
from aurora.learning.experiments.sequential import (
    boundary,
    effects,
    look,
    mixture_radius,
    resample,
    running_outcomes,
    spending,
)

BLOCKS = tuple(np.arange(i, i + 8) for i in range(0, 64, 8))


def assignments(count=1000, seed=0):
    return resample(np.tile([True, False], 32), BLOCKS, count, seed)


def outcomes(seed, days=10):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(64, 1)) + 0.5 * np.cumsum(rng.normal(size=(64, days)), axis=1)


def test_false_alarms_over_all_days_are_at_most_alpha_for_any_metric():
    """Each assignment in turn is the actual one: the share with an alarm is the exact error rate."""
    drawn = assignments(500)
    z = running_outcomes(outcomes(1))
    estimate, se = effects(drawn, z, BLOCKS)
    statistic = np.abs(estimate / se)
    passed = (statistic > boundary(statistic, spending(0.05, 10))[:, None]).any(axis=0)
    assert 0.03 <= passed.mean() <= 0.05


def test_a_large_effect_stops_early_and_lies_in_the_interval():
    drawn = assignments()
    z = running_outcomes(outcomes(2) + 3.0 * drawn[:, :1])
    found = look(z, drawn, BLOCKS, spending(0.05, 10))
    assert found.stopped is not None
    assert found.stopped <= 2
    assert np.all((found.low <= 3.0) & (found.high >= 3.0))


def test_a_one_sided_test_gives_no_bound_on_the_other_side():
    drawn = assignments()
    z = running_outcomes(outcomes(2) - 3.0 * drawn[:, :1])
    found = look(z, drawn, BLOCKS, spending(0.05, 10), side="above")
    assert found.stopped is None
    assert np.all(np.isinf(found.high))


def test_no_error_probability_is_spent_before_the_earliest_day():
    drawn = assignments()
    z = running_outcomes(outcomes(2) + 9.0 * drawn[:, :1])
    found = look(z, drawn, BLOCKS, spending(0.05, 10, earliest=6))
    assert found.stopped == 5
    assert np.all(np.isinf(found.high[:5]))


@given(st.integers(0, 10**6), st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_the_estimate_follows_shift_and_scale(seed, shift, scale):
    drawn = assignments(3, seed)
    z = outcomes(seed % 7, days=3)
    estimate, se = effects(drawn, z, BLOCKS)
    again, wider = effects(drawn, scale * z + shift, BLOCKS)
    assert again == pytest.approx(scale * estimate, abs=1e-6 * scale)
    assert wider == pytest.approx(scale * se, rel=1e-6)


def test_the_effect_equals_the_weighted_mean_over_blocks_of_unequal_size():
    treated = np.array([True, True, True, False, False, True, False, False, True])
    blocks = (np.arange(5), np.arange(5, 9))
    z = np.random.default_rng(0).normal(size=(9, 2))
    estimate, se = effects(treated[:, None], z, blocks)
    by_hand, variance = np.zeros(2), np.zeros(2)
    for b in blocks:
        a, c = z[b][treated[b]], z[b][~treated[b]]
        by_hand += len(b) / 9 * (a.mean(axis=0) - c.mean(axis=0))
        variance += (len(b) / 9) ** 2 * (a.var(axis=0, ddof=1) / len(a) + c.var(axis=0, ddof=1) / len(c))
    assert estimate[:, 0] == pytest.approx(by_hand)
    assert se[:, 0] == pytest.approx(np.sqrt(variance))


def test_the_effect_adjusts_for_earlier_days_and_missing_ones():
    rng = np.random.default_rng(3)
    level = 10 * rng.normal(size=64)
    values = level[:, None] + rng.normal(size=(64, 14)) + 50 * (np.arange(14) % 7 == 6)
    values[:20, 6] = np.nan  # lacks a day on which everybody is high
    values[5] = np.nan
    plain, adjusted = running_outcomes(values), running_outcomes(values, level[:, None])
    assert adjusted[:, -1].std() < 0.1 * plain[:, -1].std()
    assert abs(adjusted[:20, -1].mean()) < 0.5
    assert np.all(adjusted[5] == 0)


def test_a_metric_that_never_differs_is_no_evidence():
    drawn = assignments(100)
    found = look(np.full((64, 4), 7.0), drawn, BLOCKS, spending(0.05, 4))
    assert found.stopped is None
    assert np.all(found.estimate == 0)


def test_inconsistent_days_and_blocks_are_refused():
    drawn = assignments(10)
    with pytest.raises(InputError, match="days"):
        look(outcomes(0), drawn, BLOCKS, spending(0.05, 9))
    lone = np.zeros((64, 10), dtype=bool)
    with pytest.raises(InputError, match="one arm"):
        look(outcomes(0), lone, BLOCKS, spending(0.05, 10))


def test_the_mixture_sequence_is_wider_than_a_single_look():
    se = np.linspace(1, 0.1, 20)
    assert np.all(mixture_radius(se, 0.05, 0.3) > 1.96 * se)
