import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.memory.elo import K_FACTOR, expected, round_robin
from aurora.memory.pareto import dominates, front, hypervolume

ratings = st.floats(500, 2500)
vectors = st.lists(st.tuples(*[st.integers(0, 6).map(float)] * 3), min_size=1, max_size=9)


@given(ratings, ratings)
def test_expected_scores_sum_to_one(a: float, b: float) -> None:
    assert expected(a, b) + expected(b, a) == pytest.approx(1)


@given(st.lists(st.tuples(ratings, st.integers(0, 5).map(float)), min_size=2, max_size=8))
def test_a_round_conserves_the_sum_of_ratings(players: list[tuple[float, float]]) -> None:
    before = {str(i): r for i, (r, _) in enumerate(players)}
    values = {str(i): v for i, (_, v) in enumerate(players)}
    after = round_robin(before, values)
    assert sum(after.values()) == pytest.approx(sum(before.values()))
    assert all(abs(after[p] - before[p]) <= K_FACTOR for p in before)
    shuffled = dict(reversed(values.items()))
    assert round_robin(before, shuffled) == after


def test_the_winner_of_an_even_match_gains_half_of_k() -> None:
    assert round_robin({"a": 1500, "b": 1500}, {"a": 2, "b": 1}) == {"a": 1516, "b": 1484}


@given(vectors)
def test_a_pareto_front_holds_exactly_the_nondominated_points(points: list[tuple[float, ...]]) -> None:
    named = {str(i): p for i, p in enumerate(points)}
    kept = front(named)
    assert kept
    for name, point in named.items():
        beaten = any(dominates(other, point) for other in named.values())
        assert (name in kept) != beaten


@given(vectors)
def test_hypervolume_counts_the_dominated_cells(points: list[tuple[float, ...]]) -> None:
    cells = itertools.product(range(7), repeat=3)
    count = sum(any(all(p <= c for p, c in zip(v, cell, strict=True)) for v in points) for cell in cells)
    assert hypervolume(points, (7.0, 7.0, 7.0)) == pytest.approx(count)


def test_a_dominating_point_adds_hypervolume() -> None:
    assert hypervolume([(1, 1)], (3, 3)) == 4
    assert hypervolume([(1, 1), (0, 2)], (3, 3)) == 5
    assert np.isclose(hypervolume([(4, 4)], (3, 3)), 0)
