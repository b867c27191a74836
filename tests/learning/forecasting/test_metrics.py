"""Scores follow their definitions and do not depend on units."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from aurora.learning.forecasting import metrics
from aurora.learning.series.series import QUANTILES
from tests.examples import examples

seeds = st.integers(0, 2**32 - 1)


def some(seed: int, windows: int = 6, horizon: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.gamma(2, 10, (windows, horizon))
    return np.sort(random.gamma(2, 10, (windows, horizon, len(QUANTILES))), axis=-1), y


@given(seeds)
@settings(max_examples=examples(30), deadline=None)
def test_a_perfect_forecast_loses_nothing(seed):
    _, y = some(seed)
    perfect = np.repeat(y[..., None], len(QUANTILES), axis=-1)
    assert metrics.weighted_quantile_loss(perfect, y) == 0
    assert metrics.crps(perfect, y) == 0
    assert metrics.winkler(perfect, y) == 0
    assert metrics.coverage(perfect, y, 50) == 1


@given(seeds, st.floats(1e-6, 1e9))
@settings(max_examples=examples(30), deadline=None)
def test_the_weighted_loss_and_the_scaled_error_are_independent_of_units(seed, factor):
    quantiles, y = some(seed)
    past, series = np.random.default_rng(seed).gamma(2, 10, (6, 12)), np.array([0, 0, 0, 1, 1, 2])
    assert metrics.weighted_quantile_loss(quantiles * factor, y * factor) == pytest.approx(
        metrics.weighted_quantile_loss(quantiles, y)
    )
    assert metrics.mean_scaled_error(quantiles * factor, y * factor, past * factor, series) == pytest.approx(
        metrics.mean_scaled_error(quantiles, y, past, series)
    )
    assert metrics.crps(quantiles * factor, y * factor) == pytest.approx(factor * metrics.crps(quantiles, y))


def test_true_quantiles_have_nominal_coverage_and_the_least_loss():
    y = np.random.default_rng(0).normal(50, 5, (20_000, 1))
    true = np.broadcast_to(norm.ppf(QUANTILES, 50, 5), (20_000, 1, len(QUANTILES)))
    for percent in (50, 80, 95):
        assert metrics.coverage(true, y, percent) == pytest.approx(percent / 100, abs=0.01)
    for wrong in (true + 1, (true - 50) * 1.3 + 50, (true - 50) * 0.7 + 50):
        assert metrics.weighted_quantile_loss(wrong, y) > metrics.weighted_quantile_loss(true, y)
        assert metrics.winkler(wrong, y) > metrics.winkler(true, y)
    assert metrics.crps(true, y) == pytest.approx(5 / np.sqrt(np.pi), rel=0.02)  # closed form of the normal's CRPS


def test_the_weighted_loss_equals_a_hand_computed_value():
    quantiles = np.full((1, 1, len(QUANTILES)), 8.0)
    assert metrics.weighted_quantile_loss(quantiles, np.array([[10.0]])) == pytest.approx(2 * 0.5 * 2 / 10)
    assert np.isnan(metrics.weighted_quantile_loss(quantiles, np.array([[0.0]])))


def test_the_interval_score_equals_a_hand_computed_value():
    quantiles = np.zeros((1, 1, len(QUANTILES)))
    quantiles[..., QUANTILES.index(0.9) :] = 4.0
    assert metrics.winkler(quantiles, np.array([[2.0]])) == 4
    assert metrics.winkler(quantiles, np.array([[5.0]])) == pytest.approx(4 + 2 / 0.2 * 1)


def test_a_constant_series_is_excluded_from_the_scaled_error():
    quantiles, past = np.zeros((2, 1, len(QUANTILES))), np.array([[1.0, 1.0, 1.0], [0.0, 2.0, 0.0]])
    y = np.array([[1.0], [3.0]])
    assert metrics.mean_scaled_error(quantiles, y, past, np.array([0, 1])) == pytest.approx(1.5)
    assert np.isnan(metrics.mean_scaled_error(quantiles[:1], y[:1], past[:1], np.array([0])))
