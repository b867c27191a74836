"""Paths have the forecast's marginal distributions and the measured dependence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import kstest, spearmanr

from aurora.errors import AuroraError
from aurora.learning.futures.paths import (
    Dependence,
    estimate_dependence,
    independent,
    probabilities,
    quantile_at,
    sample_paths,
    stacked,
)
from aurora.learning.series.series import QUANTILES, Forecast
from tests.examples import examples
from tests.learning.forecasting.forecasters import NORMAL

values = st.floats(-1e6, 1e6, allow_nan=False, width=32)
rows = st.lists(values, min_size=len(QUANTILES), max_size=len(QUANTILES)).map(lambda v: np.sort(np.array(v)))


def decaying(steps, rho):
    return rho ** np.abs(np.subtract.outer(np.arange(steps), np.arange(steps)))


def test_marginal_distributions_equal_the_forecast():
    rng = np.random.default_rng(0)
    # One skewed, one of plateaus, one normal.
    quantiles = np.stack([np.exp(NORMAL), np.round(2 * NORMAL + 5), 10 + NORMAL])[:, None].repeat(4, axis=1)
    how = Dependence(np.full((3, 3), 0.5) + 0.5 * np.eye(3), decaying(4, 0.8), 100)
    paths = sample_paths(quantiles, how, 20_000, seed=int(rng.integers(100)), floor=None)
    for s in range(3):
        for t in range(4):
            below = (paths[:, s, t, None] <= quantiles[s, t] + 1e-9).mean(axis=0)
            expected = [
                max(p for p, q in zip(QUANTILES, quantiles[s, t], strict=True) if q == v) for v in quantiles[s, t]
            ]
            assert np.abs(below - expected).max() < 0.012
    # Mirrored pairs are not independent, so every other path is tested.
    uniform = probabilities(quantiles[2, 1][None].repeat(10_000, 0), paths[::2, 2, 1])[0]
    assert kstest(uniform, "uniform").pvalue > 1e-3


def test_rank_correlations_match_the_target():
    series = np.array([[1.0, 0.7, -0.4], [0.7, 1.0, 0.1], [-0.4, 0.1, 1.0]])
    how = Dependence(series, decaying(5, 0.6), 100)
    quantiles = np.exp(NORMAL)[None, None].repeat(3, axis=0).repeat(5, axis=1)
    paths = sample_paths(quantiles, how, 40_000, seed=1)
    found = spearmanr(paths.reshape(40_000, 15)).statistic
    expected = 6 / np.pi * np.arcsin(np.kron(series, how.steps) / 2)  # of normal copulas (Nelsen 2006, section 5.1)
    assert np.abs(found - expected).max() < 0.02


def test_dependence_is_recovered_from_samples():
    target = Dependence(np.array([[1.0, 0.6], [0.6, 1.0]]), decaying(6, 0.7), 100)
    quantiles = np.exp(NORMAL)[None, None].repeat(2, axis=0).repeat(6, axis=1)
    came = sample_paths(quantiles, target, 600, seed=2)
    found = estimate_dependence(np.broadcast_to(quantiles, (600, *quantiles.shape)), came)
    assert np.abs(found.series - target.series).max() < 0.07
    assert np.abs(found.steps - target.steps).max() < 0.08


def test_dependence_of_few_origins_is_positive_definite():
    rng = np.random.default_rng(3)
    quantiles = np.tile(NORMAL, (8, 30, 12, 1))
    common = rng.normal(size=(8, 1, 12))
    for came in (common + 0.01 * rng.normal(size=(8, 30, 12)), np.zeros((8, 30, 12))):
        found = estimate_dependence(quantiles, came)
        for matrix in (found.series, found.steps):
            assert np.linalg.eigvalsh(matrix).min() > 0 and np.diag(matrix) == pytest.approx(1)
            np.linalg.cholesky(matrix)


def test_paths_depend_on_the_seed_and_share_random_numbers():
    quantiles = (5 + NORMAL)[None, None].repeat(3, axis=1)
    how = Dependence(np.eye(1), decaying(3, 0.5), 50)
    first = sample_paths(quantiles, how, 101, seed=4)
    assert (first == sample_paths(quantiles, how, 101, seed=4)).all() and first.shape == (101, 1, 3)
    assert (first != sample_paths(quantiles, how, 101, seed=5)).any()
    assert sample_paths(2 * quantiles, how, 101, seed=4) == pytest.approx(2 * first)
    # Mirrored pairs: their mean is the median where the margin is symmetric.
    assert first[:100].reshape(50, 2, 3).mean(axis=1) == pytest.approx(5, abs=0.02)


@settings(max_examples=examples(200), deadline=None)
@given(rows, st.floats(0.0, 1.0))
def test_quantiles_increase_and_are_finite(row, u):
    several = quantile_at(row, np.array([0.0, u / 2, u, 1.0]))
    assert np.isfinite(several).all() and (np.diff(several) >= 0).all()
    assert quantile_at(row, np.array(QUANTILES)) == pytest.approx(row, rel=1e-9, abs=1e-6)


@settings(max_examples=examples(200), deadline=None)
@given(rows, values, st.floats(0.001, 0.999))
def test_a_value_is_within_a_quantile_exactly_where_its_probability_is_within_the_level(row, value, u):
    low, high = (p[0] for p in probabilities(row[None], np.array([value])))
    assert 0 <= low <= high <= 1
    reached = float(quantile_at(row, u))
    if abs(value - reached) > 1e-6 * (1 + abs(value)):  # not decided by rounding
        assert (value <= reached) == (low <= u) or abs(low - u) < 1e-9


def test_tails_follow_their_definition():
    row = 5 + NORMAL
    b = (row[-1] - row[-2]) / np.log(0.025 / 0.01)
    assert quantile_at(row, 0.999) == pytest.approx(row[-1] + b * np.log(10))
    assert quantile_at(row, 0.001) == pytest.approx(2 * 5 - quantile_at(row, 0.999))
    assert quantile_at(row, 0.999) < 5 + 1.15 * ndtri(0.999)


def test_invalid_arguments_are_refused():
    good = Forecast("a", 0, 300, np.tile(NORMAL, (3, 1)), "m")
    with pytest.raises(AuroraError, match="no forecasts"):
        stacked([])
    with pytest.raises(AuroraError, match="same times"):
        stacked([good, Forecast("b", 300, 300, good.quantiles, "m")])
    with pytest.raises(AuroraError, match="not finite, or fall"):
        stacked([Forecast("b", 0, 300, good.quantiles[:, ::-1], "m")])
    with pytest.raises(AuroraError, match="at least 8"):
        estimate_dependence(np.tile(NORMAL, (7, 1, 3, 1)), np.zeros((7, 1, 3)))
    with pytest.raises(AuroraError, match="back-test with the same"):
        sample_paths(np.tile(NORMAL, (2, 3, 1)), independent(1, 3), 10, seed=0)
