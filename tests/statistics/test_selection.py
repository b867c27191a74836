import numpy as np
import pytest

from aurora.errors import InputError
from aurora.statistics.selection import select_best, split


def test_the_best_of_many_equals_is_not_reported_as_better() -> None:
    """Of twenty candidates without a difference, the best looks good on the selection, and is nothing when sealed."""
    optimism, sealed = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        on_selection = {str(k): rng.normal(size=25) for k in range(20)}
        on_sealed = {str(k): rng.normal(size=25) for k in range(20)}
        chosen = select_best(on_selection, on_sealed)
        optimism.append(chosen.optimism)
        sealed.append(chosen.sealed)
    assert np.mean(optimism) > 0.25
    assert abs(np.mean([s.mean for s in sealed])) < 0.05
    assert np.mean([s.low <= 0 <= s.high for s in sealed]) >= 0.9


def test_parts_are_disjoint_and_keep_their_samples_when_others_come() -> None:
    names = [f"s{k}" for k in range(1000)]
    whole, fewer = split(names, (0.5, 0.3, 0.2), seed=1), split(names[:400], (0.5, 0.3, 0.2), seed=1)
    assert sorted(whole.training + whole.selection + whole.sealed) == sorted(names)
    assert set(fewer.sealed) <= set(whole.sealed)
    assert set(fewer.training) <= set(whole.training)
    assert len(whole.training) == pytest.approx(500, abs=60)
    assert split(names, (0.5, 0.3, 0.2), seed=2) != whole


def test_a_candidate_without_sealed_values_is_not_reported() -> None:
    with pytest.raises(InputError, match="sealed"):
        select_best({"a": np.ones(3)}, {})
    with pytest.raises(InputError):
        select_best({}, {})


def test_shares_that_are_none_are_refused() -> None:
    with pytest.raises(InputError):
        split(["a"], (0.5, 0.2, 0.2))
    with pytest.raises(InputError):
        split(["a", "a"], (0.5, 0.3, 0.2))
