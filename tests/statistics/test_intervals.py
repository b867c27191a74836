import math
from collections.abc import Callable

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.statistics.intervals import (
    cluster_means,
    independent_difference,
    mean_and_error,
    mean_interval,
    paired_interval,
    wilson,
)

Rng = np.random.Generator


def test_the_percentile_interval_has_its_nominal_coverage() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        interval = paired_interval(rng.normal(0.5, 1, 40), seed=seed)
        covered += interval.low <= 0.5 <= interval.high
    assert 0.90 <= covered / 200 <= 0.985


@pytest.mark.parametrize("sizes", [(4,), (12,), (40,), (10, 20, 30), (3, 5)])
@pytest.mark.parametrize(
    ("draw", "least"),
    [
        pytest.param(lambda rng, n: rng.normal(0, 1, n), 0.92, id="normal"),
        pytest.param(lambda rng, n: rng.uniform(-1, 1, n), 0.92, id="uniform"),
        pytest.param(lambda rng, n: rng.exponential(1, n) - 1, 0.86, id="skewed"),
    ],
)
def test_the_studentised_interval_covers_the_mean_at_its_rate(
    sizes: tuple[int, ...], draw: Callable[[Rng, int], np.ndarray], least: float
) -> None:
    rng = np.random.default_rng([7, *sizes])
    runs = 600
    covered = 0
    for seed in range(runs):
        interval = mean_interval([draw(rng, n) for n in sizes], seed=seed, resamples=600)
        covered += interval.low <= 0 <= interval.high
    assert least <= covered / runs <= 0.985


def test_the_studentised_interval_covers_skewed_means_better_than_the_percentile_one() -> None:
    rng = np.random.default_rng(3)
    samples = [rng.lognormal(0, 1, 20) - np.exp(0.5) for _ in range(400)]
    studentised = sum(i.low <= 0 <= i.high for i in (mean_interval([s], resamples=600) for s in samples))
    percentile = sum(i.low <= 0 <= i.high for i in (paired_interval(s) for s in samples))
    assert studentised > percentile


def test_seeds_of_one_scenario_are_one_observation() -> None:
    """Copies of the same scenario must not narrow the interval."""
    values = np.random.default_rng(2).normal(size=12)
    once = mean_interval([values])
    copied = np.repeat(values, 10)
    assert mean_interval([cluster_means(copied, list(np.repeat(np.arange(12), 10)))]) == pytest.approx(once)
    naive = mean_interval([copied])
    assert naive.high - naive.low < 0.5 * (once.high - once.low)


def test_every_stratum_counts_the_same() -> None:
    interval = mean_interval([np.array([0.0] * 50 + [0.1]), np.array([1.0, 1.1])])
    assert interval.mean == pytest.approx((0.1 / 51 + 1.05) / 2)


def test_equal_values_have_no_width_and_one_value_has_no_bounds() -> None:
    assert mean_interval([np.array([0.3] * 9)]) == pytest.approx((0.3, 0.3, 0.3))
    assert mean_interval([np.array([0.3])]) == (0.3, -np.inf, np.inf)


@pytest.mark.parametrize("strata", [[], [np.array([])], [np.array([1.0, np.nan])]])
def test_values_that_have_no_mean_are_refused(strata: list[np.ndarray]) -> None:
    with pytest.raises(InputError):
        mean_interval(strata)


def test_the_score_interval_covers_shares() -> None:
    rng = np.random.default_rng(4)
    for share in (0.05, 0.5, 0.9):
        hits = rng.binomial(30, share, 2000)
        covered = np.mean([low <= share <= high for low, high in (wilson(int(h), 30) for h in hits)])
        assert 0.93 <= covered <= 0.985


def test_the_difference_of_independent_means_counts_strata_alike_and_covers_at_its_rate() -> None:
    exact = independent_difference([np.array([1.0, 3.0]), np.array([8.0, 8.0, 8.0])], [np.array([1.0, 2.0])])
    assert exact.mean == pytest.approx((2 + 8) / 2 - 1.5)
    rng = np.random.default_rng(4)
    covered = 0
    for seed in range(200):
        first, second = [rng.normal(1, 1, 20), rng.normal(3, 2, 30)], [rng.normal(1.5, 1, 25)]
        interval = independent_difference(first, second, seed=seed)
        covered += interval.low <= 0.5 <= interval.high
    assert 0.90 <= covered / 200 <= 0.985
    with pytest.raises(InputError, match="each side"):
        independent_difference([], [np.ones(2)])


def test_a_mean_of_equal_weights_has_the_usual_error() -> None:
    values = np.array([1.0, 4.0, 2.0, 5.0])
    mean, error = mean_and_error(values)
    assert (mean, error) == pytest.approx((3.0, values.std(ddof=1) / 2))
    assert mean_and_error(values, np.full(4, 7.0)) == pytest.approx((mean, error))
    assert mean_and_error(np.array([2.0])) == (2.0, math.inf)


def test_the_error_of_a_weighted_mean_is_the_spread_of_its_repetitions() -> None:
    rng, weights = np.random.default_rng(0), np.array([1.0] * 4 + [0.25] * 16)
    spreads = np.array([1.0] * 4 + [3.0] * 16)
    drawn = [mean_and_error(rng.normal(0, spreads), weights) for _ in range(4000)]
    means, errors = np.array(drawn).T
    assert np.sqrt((errors**2).mean()) == pytest.approx(means.std(), rel=0.1)
