import numpy as np
import pytest

from aurora.errors import InputError
from aurora.statistics.repetition import pass_all_k, pass_at_k


@pytest.mark.parametrize("k", [1, 3])
def test_both_estimators_are_unbiased(k: int) -> None:
    rng = np.random.default_rng(1)
    p, trials = 0.6, 5
    hits = rng.binomial(trials, p, 20_000)
    assert np.mean([pass_at_k(int(h), trials, k) for h in hits]) == pytest.approx(1 - (1 - p) ** k, abs=0.01)
    assert np.mean([pass_all_k(int(h), trials, k) for h in hits]) == pytest.approx(p**k, abs=0.01)


def test_more_trials_than_made_are_refused() -> None:
    with pytest.raises(InputError):
        pass_at_k(1, 2, 3)
    with pytest.raises(InputError):
        pass_all_k(4, 3, 1)
