import math

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.statistics.ratios import ratio_interval


def test_an_exact_ratio_has_no_width() -> None:
    denominators = [np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0])]
    found = ratio_interval([0.8 * d for d in denominators], denominators)
    assert found.ratio == pytest.approx(0.8)
    assert (found.low, found.high) == (pytest.approx(0.8, abs=1e-6), pytest.approx(0.8, abs=1e-6))
    assert found.is_bounded


def test_the_interval_agrees_with_fieller_by_inverting_the_test() -> None:
    """At either bound, the t statistic of numerator - bound * denominator is that of the confidence."""
    from scipy.stats import t as student

    rng = np.random.default_rng(3)
    d = rng.normal(1.0, 0.4, 20)
    n = 0.7 * d + rng.normal(0, 0.3, 20)
    found = ratio_interval([n], [d])
    for bound in (found.low, found.high):
        rest = n - bound * d
        statistic = abs(rest.mean()) / (rest.std(ddof=1) / math.sqrt(20))
        assert statistic == pytest.approx(student.ppf(0.975, 19))


def test_a_denominator_that_may_be_zero_leaves_the_interval_open() -> None:
    rng = np.random.default_rng(1)
    found = ratio_interval([rng.normal(1, 1, 10)], [rng.normal(0, 1, 10)])
    assert not found.is_bounded
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_intervals_cover_the_true_ratio_at_the_stated_rate() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(1_000):
        denominators = [rng.exponential(1.0, 12) + 0.2, rng.normal(2.0, 0.5, 8)]
        numerators = [0.6 * d + rng.normal(0, 0.3, len(d)) for d in denominators]
        found = ratio_interval(numerators, denominators)
        covered += found.low <= 0.6 <= found.high
    assert 0.93 <= covered / 1_000 <= 0.97


@pytest.mark.parametrize(("numerators", "denominators"), [([], []), ([[1.0]], [[1.0]]), ([[1.0, 2.0]], [[1.0]])])
def test_too_few_or_unpaired_values_are_refused(numerators: list[list[float]], denominators: list[list[float]]) -> None:
    with pytest.raises(InputError):
        ratio_interval([np.array(n) for n in numerators], [np.array(d) for d in denominators])
