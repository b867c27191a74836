import numpy as np
import pytest

from aurora.errors import InputError
from aurora.statistics.bradley_terry import CENTRE, SCALE, bradley_terry, fit, win_matrix


def _rounds(strengths: dict[str, float], count: int, seed: int) -> list[dict[str, float]]:
    """Draw rounds whose pairs follow the model: strengths with Gumbel noise (Thurstone-Mosteller of Luce's form)."""
    rng = np.random.default_rng(seed)
    return [{p: s + float(rng.gumbel()) for p, s in strengths.items()} for _ in range(count)]


def test_a_planted_order_and_its_distances_are_recovered() -> None:
    planted = {"a": 1.0, "b": 0.4, "c": 0.0, "d": -0.5, "e": -0.9}
    ratings = bradley_terry(_rounds(planted, 3000, 1), resamples=100)
    assert [r.player for r in ratings] == list(planted)
    for r in ratings:
        assert r.rating == pytest.approx(CENTRE + SCALE * planted[r.player], abs=25)


def test_intervals_cover_the_planted_ratings() -> None:
    planted = {"a": 0.6, "b": 0.0, "c": -0.6}
    covered = []
    for seed in range(20):
        for r in bradley_terry(_rounds(planted, 60, seed), resamples=120, seed=seed):
            covered.append(r.low <= CENTRE + SCALE * planted[r.player] <= r.high)
    assert 0.88 <= np.mean(covered) <= 0.99


def test_who_always_wins_has_a_finite_rating() -> None:
    ratings = bradley_terry([{"best": 2.0, "mid": 1.0, "last": 0.0}] * 20, resamples=50)
    assert [r.player for r in ratings] == ["best", "mid", "last"]
    assert all(np.isfinite([r.rating, r.low, r.high]).all() for r in ratings)


def test_equal_values_are_draws() -> None:
    a, b = bradley_terry([{"a": 1.0, "b": 1.0}] * 5, resamples=50)
    assert (a.rating, b.rating) == pytest.approx((CENTRE, CENTRE))
    assert (a.score, a.matches) == (0.5, 5)


def test_absent_players_play_no_match() -> None:
    wins = win_matrix(["a", "b", "c"], {"a": 1.0, "c": 0.0})
    assert wins.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_the_fit_is_where_expected_and_observed_wins_agree() -> None:
    wins = np.array([[0.0, 7, 3], [2, 0, 6], [5, 1, 0]])
    strength = fit(wins, prior_draws=0.0)
    p = 1 / (1 + np.exp(-(strength[:, None] - strength[None, :])))
    assert ((wins + wins.T) * p).sum(axis=1) == pytest.approx(wins.sum(axis=1))


def test_rounds_of_one_scenario_are_one_observation() -> None:
    rounds = _rounds({"a": 0.3, "b": 0.0}, 30, 1)
    repeated = [r for r in rounds for _ in range(10)]
    once = bradley_terry(rounds, resamples=200)[0]
    clustered = bradley_terry(repeated, [k // 10 for k in range(300)], resamples=200)[0]
    naive = bradley_terry(repeated, resamples=200)[0]
    assert naive.high - naive.low < 0.6 * (clustered.high - clustered.low)
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.35)


def test_one_player_cannot_be_rated() -> None:
    with pytest.raises(InputError):
        bradley_terry([{"a": 1.0}])
    with pytest.raises(InputError):
        bradley_terry([{"a": 1.0, "b": 0.0}], [1, 2])
