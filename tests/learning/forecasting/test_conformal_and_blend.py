"""Recalibrated intervals keep their coverage on other data and under drift; the blend never uses the future."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from aurora.learning.forecasting import conformal
from aurora.learning.forecasting.blend import Blend, fit_blend
from aurora.learning.forecasting.comparison import compare
from aurora.learning.forecasting.metrics import ENDS, GRID, MEDIAN, coverage, weighted_quantile_loss
from aurora.learning.forecasting.window_features import features_of
from aurora.learning.forecasting.windows import rolling
from aurora.learning.series.series import QUANTILES
from tests.examples import examples
from tests.learning.series.panels import CONTEXT, HORIZON, series_of

NONE = np.zeros(len(conformal.PAIRS))


def normal(mean: float, width: float, windows: int) -> np.ndarray:
    return np.broadcast_to(norm.ppf(GRID, mean, width), (windows, HORIZON, len(QUANTILES))).copy()


def noise(seed: int, count: int = 800, mean: float = 50.0, width: float = 5.0):
    return series_of(np.random.default_rng(seed).normal(mean, width, count), f"n{seed}")


@pytest.mark.parametrize("width", [2.0, 9.0])
def test_recalibrated_intervals_have_nominal_coverage_on_other_data(width):
    seen, unseen = (rolling([noise(k)], CONTEXT, HORIZON, HORIZON) for k in (1, 2))
    wrong = normal(50, width, len(seen))
    by = conformal.offsets(wrong, seen.future, features_of(seen).scale)
    right = conformal.widened(normal(50, width, len(unseen)), features_of(unseen).scale, by)
    for percent in ENDS:
        assert coverage(right, unseen.future, percent) == pytest.approx(percent / 100, abs=0.04)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=examples(30), deadline=None)
def test_quantiles_never_cross_and_only_inner_ones_snap_to_measured_values(seed):
    random = np.random.default_rng(seed)
    past = np.round(random.gamma(2, 3, (5, 30)))
    quantiles = np.sort(random.gamma(2, 3, (5, 2, len(QUANTILES))), axis=-1)
    moved = conformal.to_measured(conformal.widened(quantiles, np.ones((5, 1)), random.normal(0, 1, 8)), past)
    assert (np.diff(moved, axis=-1) >= 0).all()
    plain = conformal.to_measured(quantiles, past)
    inner = plain[..., conformal.INNER]
    near = (
        np.abs(inner - quantiles[..., conformal.INNER]) <= conformal.MAX_MOVE * past.std(axis=1)[:, None, None] + 1e-9
    )
    assert near.all()


def test_integer_series_get_integer_forecasts_with_a_lower_loss():
    random = np.random.default_rng(0)
    one = series_of(random.poisson(3, 3000))
    windows = rolling([one], CONTEXT, HORIZON, HORIZON)
    smooth = normal(3.1, np.sqrt(3), len(windows))
    whole = conformal.to_measured(smooth, windows.past)
    assert np.mean(whole[..., conformal.INNER] % 1 == 0) > 0.5
    assert weighted_quantile_loss(whole, windows.future) < weighted_quantile_loss(smooth, windows.future)


def test_intervals_widen_with_the_variance_of_a_series():
    calm, wild = (np.random.default_rng(3).normal(50, width, 1500) for width in (2, 6))
    windows = rolling([series_of(np.r_[calm, wild])], CONTEXT, HORIZON, HORIZON)
    said = {"a": normal(50, 2, len(windows))}
    followed = Blend({"a": 1.0}, NONE, NONE).follow(said, windows, features_of(windows))
    late = windows.origin > 2200
    before = coverage(said["a"][late], windows.future[late], 80)
    assert before < 0.5
    assert coverage(followed[late], windows.future[late], 80) > before + 0.15


def test_the_blend_follows_the_best_member_of_each_series():
    series = [noise(1, mean=50), noise(2, mean=20)]
    windows = rolling(series, CONTEXT, HORIZON, HORIZON)
    said = {"fifty": normal(50, 5, len(windows)), "twenty": normal(20, 5, len(windows))}
    followed = Blend({"fifty": 0.5, "twenty": 0.5}, NONE, NONE).follow(said, windows, features_of(windows))
    late = windows.origin > 400
    for number, mean in ((0, 50), (1, 20)):
        assert followed[late & (windows.series == number)][..., MEDIAN].mean() == pytest.approx(mean, abs=1.5)


def test_the_blend_uses_no_outcome_before_it_is_known():
    windows = rolling([noise(1), noise(2)], CONTEXT, HORIZON, 2)  # windows that overlap
    said = {"a": normal(45, 5, len(windows)), "b": normal(55, 3, len(windows))}
    blend, look = Blend({"a": 0.5, "b": 0.5}, NONE + 0.1, NONE), features_of(windows)
    plain = blend.follow(said, windows, look)
    k = 40
    future = windows.future.copy()
    future[k] += 1000
    other = blend.follow(said, replace(windows, future=future), look)
    same_series = windows.series == windows.series[k]
    known = same_series & (windows.origin >= windows.origin[k] + HORIZON)
    assert np.array_equal(plain[~known], other[~known])
    assert not np.array_equal(plain[known], other[known])


def test_weights_favour_the_better_member_in_proportion_to_trust():
    windows = rolling([noise(k) for k in range(3)], CONTEXT, HORIZON, HORIZON)
    said = {"good": normal(50, 5, len(windows)), "bad": normal(80, 5, len(windows))}
    prior = {"good": 0.5, "bad": 0.5}
    trusted = fit_blend(said, windows, features_of(windows), prior=prior, trust=1.0, seed=0).weights
    doubted = fit_blend(said, windows, features_of(windows), prior=prior, trust=0.5, seed=0).weights
    assert trusted["good"] > 0.9
    assert 0.6 < doubted["good"] < 0.85


def test_a_better_forecaster_is_distinguished_from_chance():
    windows = rolling([noise(k, 200) for k in range(12)], CONTEXT, HORIZON, HORIZON)
    good, bad = normal(50, 5, len(windows)), normal(58, 5, len(windows))
    assert compare(good, bad, windows).p_value < 0.01
    assert compare(bad, good, windows).p_value > 0.5
    assert compare(good, good, windows) == (0.0, 1.0, 12)
