import numpy as np
import pytest

from aurora.errors import InputError
from aurora.statistics.repetition import (
    Outcomes,
    mean_pass_all_k,
    mean_pass_at_k,
    mean_share,
    pass_all_k,
    pass_at_k,
)


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


@pytest.mark.parametrize("samples", [10, 40])
@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2.0, 2.0), (8.0, 2.0), (30.0, 1.0)])
def test_intervals_cover_the_mean_over_samples(samples: int, k: int, a: float, b: float) -> None:
    """Chances of samples follow a beta law; the true pass^k is its k-th moment."""
    rng = np.random.default_rng([samples, k, int(a)])
    true = float(np.prod([(a + j) / (a + b + j) for j in range(k)]))
    covered, runs, trials = 0, 600, 4
    for _ in range(runs):
        hits = rng.binomial(trials, rng.beta(a, b, samples))
        found = mean_pass_all_k([Outcomes(int(h), trials) for h in hits], k)
        assert found is not None
        assert 0 <= found.low <= found.mean <= found.high <= 1
        covered += found.low <= true <= found.high
    assert covered / runs >= 0.90


def test_pass_at_k_rises_and_pass_all_k_falls_with_k_and_both_begin_at_the_mean() -> None:
    samples = [Outcomes(h, 5) for h in (0, 1, 3, 5, 5, 4)]
    at = [mean_pass_at_k(samples, k) for k in range(1, 6)]
    everything = [mean_pass_all_k(samples, k) for k in range(1, 6)]
    assert at[0] == everything[0]
    assert at[0] is not None
    assert at[0].mean == pytest.approx(18 / 30)
    assert [a.mean for a in at if a] == sorted(a.mean for a in at if a)
    assert [a.mean for a in everything if a] == sorted((a.mean for a in everything if a), reverse=True)
    assert at[-1] is not None
    assert at[-1].mean == pytest.approx(5 / 6)
    assert everything[-1] is not None
    assert everything[-1].mean == pytest.approx(2 / 6)


def test_samples_with_too_few_trials_are_left_out_and_none_gives_nothing() -> None:
    assert mean_pass_all_k([Outcomes(2, 2), Outcomes(0, 1)], 2) == (1.0, 0.0, 1.0)
    assert mean_pass_all_k([Outcomes(0, 1)], 2) is None
    perfect = mean_share(np.ones(20))
    assert perfect.mean == perfect.high == 1
    assert 0.8 < perfect.low < 1, "twenty samples don't prove that it never fails"
    with pytest.raises(InputError):
        mean_share(np.array([1.2]))
