"""Selection over families of scenarios."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.agents.search.family_selection import (
    balanced_means,
    epsilon_lexicase,
    family_means,
    pareto_order,
    pareto_ranks,
)
from aurora.errors import InputError
from tests.examples import examples

FAMILIES = ("a", "a", "b", "b", "c", "c")
VALUES = np.array(
    [
        [9.0, 9.2, 1.0, 1.0, 1.0, 1.0],  # best on a
        [1.0, 1.0, 9.0, 9.1, 1.0, 1.2],  # best on b
        [5.0, 5.0, 5.0, 5.0, 5.0, 5.0],  # best on c and in the mean
        [4.0, 4.0, 4.0, 4.0, 4.0, 4.0],  # dominated by the one before
        [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],  # dominated by all before
        [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
        [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
        [0.9, 0.9, 0.9, 0.9, 0.9, 0.9],
    ]
)


def test_means_count_each_family_once_however_many_scenarios_it_has() -> None:
    names, means = family_means(np.array([[1.0, 2.0, 3.0, 7.0]]), ["x", "y", "x", "x"])
    assert names == ("x", "y")
    assert means.tolist() == [[pytest.approx(11 / 3), 2.0]]


def test_lexicase_draws_the_best_of_each_family_and_not_only_the_best_mean() -> None:
    drawn = Counter(epsilon_lexicase(VALUES, FAMILIES, 3000, seed=1).tolist())
    assert set(drawn) == {0, 1, 2}
    for policy in drawn:  # a third of the orders begin with each one's family
        assert drawn[policy] / 3000 == pytest.approx(1 / 3, abs=0.05)


def test_lexicase_follows_its_seed() -> None:
    assert np.array_equal(
        epsilon_lexicase(VALUES, FAMILIES, 50, seed=3), epsilon_lexicase(VALUES, FAMILIES, 50, seed=3)
    )
    assert not np.array_equal(
        epsilon_lexicase(VALUES, FAMILIES, 50, seed=3), epsilon_lexicase(VALUES, FAMILIES, 50, seed=4)
    )


def test_a_difference_within_epsilon_eliminates_none() -> None:
    # Means 0.99 and 1.0 lie within the deviation 0.5 of this family; the other family then decides.
    values = np.array([[1.0, 0.0], [0.99, 1.0], [0.0, 0.0], [0.5, 0.0], [0.0, 0.0]])
    assert set(epsilon_lexicase(values, ["a", "b"], 200, seed=1).tolist()) == {1}
    assert set(epsilon_lexicase(values, ["a", "b"], 200, seed=1, scale=0).tolist()) == {0, 1}


def test_equal_policies_are_drawn_alike() -> None:
    drawn = Counter(epsilon_lexicase(np.ones((4, 6)), FAMILIES, 4000, seed=2).tolist())
    assert min(drawn.values()) > 900  # of 1000 expected


def test_ranks_are_fronts() -> None:
    assert pareto_ranks(VALUES, FAMILIES).tolist() == [0, 0, 0, 1, 2, 2, 2, 2]


def test_order_has_the_best_of_each_family_first() -> None:
    # Policy 1 lies between 0 and 2 on both families, and nearer to 0 than 3 is to its neighbours.
    values = np.array([[10.0, 0.0], [9.5, 0.5], [0.0, 10.0], [5.0, 5.0], [1.0, -1.0]])
    assert pareto_ranks(values, ["a", "b"]).tolist() == [0, 0, 0, 0, 1]
    assert pareto_order(values, ["a", "b"]).tolist() == [0, 2, 3, 1, 4]


@given(st.integers(0, 10_000))
@settings(max_examples=examples(50), deadline=None)
def test_fronts_are_what_pairwise_comparison_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, (int(rng.integers(1, 12)), 6)).astype(float)
    means, ranks = family_means(values, FAMILIES).means, pareto_ranks(values, FAMILIES)
    for one, rank in zip(means, ranks, strict=True):
        above = [r for other, r in zip(means, ranks, strict=True) if (other >= one).all() and (other > one).any()]
        assert rank == max(above, default=-1) + 1  # one front below the lowest that dominates it
    assert sorted(pareto_order(values, FAMILIES).tolist()) == list(range(len(values)))
    chosen = epsilon_lexicase(values, [str(i) for i in range(6)], 5, seed=seed)
    assert ((chosen >= 0) & (chosen < len(values))).all()


def test_no_policy_has_no_ranks_but_cannot_be_drawn_from() -> None:
    empty = np.empty((0, 6))
    assert pareto_ranks(empty, FAMILIES).tolist() == []
    assert pareto_order(empty, FAMILIES).tolist() == []
    with pytest.raises(InputError, match="no policy"):
        epsilon_lexicase(empty, FAMILIES, 1, seed=1)


@pytest.mark.parametrize(
    ("values", "families", "message"),
    [
        (np.array([[1.0, np.nan]]), ["a", "b"], "finite"),
        (np.array([1.0, 2.0]), ["a", "b"], "shape"),
        (np.empty((2, 0)), [], "shape"),
        (np.ones((2, 2)), ["a"], "1 families for 2 scenarios"),
    ],
)
def test_values_that_are_no_table_are_refused(values: np.ndarray, families: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pareto_ranks(values, families)


def test_every_family_counts_the_same_however_many_scenarios_it_has() -> None:
    values = np.array([[1.0, 1.0, 1.0, 5.0], [2.0, 2.0, 2.0, 1.0]])
    assert balanced_means(values, ("a", "a", "a", "b")).tolist() == [3.0, 1.5]
    assert balanced_means(values, ()).tolist() == [2.0, 1.75]
