from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import InputError
from aurora.statistics import paired_tests
from aurora.statistics.paired_tests import holm, mcnemar, sign_flip_test


@pytest.fixture(autouse=True)
def _fewer_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired_tests, "RESAMPLES", 800)


@pytest.mark.parametrize("sizes", [(6,), (30,), (10, 25)])
def test_the_paired_test_holds_its_level(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng([1, *sizes])
    p_values = np.array([sign_flip_test([rng.standard_t(4, n) for n in sizes], seed=k) for k in range(500)])
    for level in (0.05, 0.2):
        assert (p_values <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / 500)


def test_the_paired_test_holds_its_level_for_skewed_differences() -> None:
    rng = np.random.default_rng(2)
    p_values = np.array([sign_flip_test([rng.exponential(1, 60) - 1], seed=k) for k in range(400)])
    assert (p_values <= 0.05).mean() <= 0.11  # as the docstring says


def test_the_paired_test_finds_a_difference() -> None:
    rng = np.random.default_rng(3)
    assert sign_flip_test([rng.normal(0.8, 1, 60)]) < 0.01


def test_few_pairs_are_tested_exactly() -> None:
    """Of the 32 patterns of signs of five positive differences, two are as extreme."""
    assert sign_flip_test([np.array([1.0, 2.0, 3.0, 4.0, 5.0])]) == pytest.approx(2 / 32)


def test_equal_policies_differ_in_nothing() -> None:
    assert sign_flip_test([np.zeros(20)]) == 1.0


def test_holm_by_hand() -> None:
    """Holm 1979: the smallest of four is multiplied by four, the next by three, and none falls below one before."""
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})


def test_holm_holds_the_level_of_the_whole_family() -> None:
    rng = np.random.default_rng(5)
    families = rng.uniform(size=(2000, 8))
    rejected = np.mean([min(holm(dict(zip("abcdefgh", f, strict=True))).values()) <= 0.05 for f in families])
    assert rejected <= 0.065


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusted_values_keep_the_order_and_never_fall(values: list[float]) -> None:
    named = {str(k): v for k, v in enumerate(values)}
    adjusted = holm(named)
    assert all(named[k] <= adjusted[k] <= 1 for k in named)
    order = sorted(named, key=lambda k: (named[k], k))
    assert all(adjusted[a] <= adjusted[b] for a, b in pairwise(order))


def test_mcnemar_by_hand() -> None:
    """One against seven discordant pairs: 2 (1 + 8) / 256."""
    first = np.array([True] * 1 + [False] * 7 + [True] * 4)
    second = np.array([False] * 1 + [True] * 7 + [True] * 4)
    assert mcnemar(first, second) == (1, 7, pytest.approx(18 / 256))


def test_values_that_cannot_be_tested_are_refused() -> None:
    with pytest.raises(InputError):
        sign_flip_test([np.array([np.nan, 1.0])])
    with pytest.raises(InputError):
        holm({"a": 1.2})
    with pytest.raises(InputError):
        mcnemar(np.array([True]), np.array([True, False]))
