import math

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.statistics.agreement import krippendorff, rank_correlation

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", example with missing data
_N = math.nan
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _N, _N, _N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _N, 3],
    [_N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _N],
]
UNITS = {str(u): {str(r): row[u] for r, row in enumerate(PUBLISHED) if not math.isnan(row[u])} for u in range(12)}


@pytest.mark.parametrize(("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_the_published_example_is_repeated(scale: str, alpha: float) -> None:
    result = krippendorff(UNITS, scale)  # type: ignore[arg-type]
    assert result.alpha == pytest.approx(alpha, abs=0.0006)
    assert result.low < result.alpha < result.high
    assert (result.units, result.raters, result.ratings) == (11, 4, 40)


def test_random_ratings_agree_by_chance_only() -> None:
    rng = np.random.default_rng(1)
    units = {str(u): {str(r): float(rng.integers(1, 6)) for r in range(3)} for u in range(400)}
    result = krippendorff(units)
    assert abs(result.alpha) < 0.08
    assert result.low < 0 < result.high


def test_ratings_of_one_person_have_no_agreement() -> None:
    result = krippendorff({"a": {"r": 1.0}, "b": {"r": 2.0}})
    assert math.isnan(result.alpha)
    assert result.units == 0


def test_equal_ratings_throughout_have_no_agreement_to_measure() -> None:
    assert math.isnan(krippendorff({"a": {"r": 3.0, "s": 3.0}, "b": {"r": 3.0, "s": 3.0}}).alpha)


def test_ratings_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError):
        krippendorff({"a": {"r": math.nan, "s": 1.0}})


def test_rank_correlation_equals_scipy_with_ties() -> None:
    from scipy import stats

    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 6, 50).astype(float), rng.normal(size=50)
    assert rank_correlation(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)
    assert math.isnan(rank_correlation(np.ones(5), first[:5]))
