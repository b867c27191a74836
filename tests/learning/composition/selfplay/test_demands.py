"""Demands stay within their bounds, and scores under one are those of the items that it asks for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import InputError
from aurora.learning.composition.selfplay.attacker import mutation, openings
from aurora.learning.composition.selfplay.demands import Bounds, Demand, under, usual_demand
from tests.learning.composition.selfplay.tables import FAST, LABELS, SLOW, evaluator

USUAL = Demand(10.0, (0.7, 0.3))


def distance(demand):
    return sum(abs(a - b) for a, b in zip(demand.shares, USUAL.shares, strict=True)) / 2


def test_the_usual_demand_is_that_of_the_items():
    assert usual_demand(evaluator(), 2) == USUAL


@given(st.floats(1, 100), st.floats(0, 1), st.integers(0, 2**31))
def test_whatever_an_attacker_does_is_within_the_bounds(peak, shift, seed):
    bounds, random = Bounds(USUAL, peak, shift), np.random.default_rng(seed)
    demands = openings(bounds)
    for _ in range(20):
        demands.append(mutation(demands, random.random(len(demands)), bounds, random))
    for one in demands:
        assert 10.0 / peak * (1 - 1e-9) <= one.rate <= 10.0 * peak * (1 + 1e-9)
        assert distance(one) <= shift + 1e-9
        assert sum(one.shares) == pytest.approx(1)
        assert min(one.shares) >= 0


def test_a_class_without_items_gets_no_share():
    bounds, random = Bounds(Demand(10.0, (0.5, 0.0, 0.5)), 2.0, 1.0), np.random.default_rng(0)
    demands = openings(bounds)
    for _ in range(30):
        demands.append(mutation(demands, random.random(len(demands)), bounds, random))
    assert all(one.shares[1] == 0 for one in demands)


@given(st.floats(0, 1))
def test_accuracy_under_a_demand_is_that_of_its_classes(share):
    found = under(evaluator(), Demand(10.0, (1 - share, share)), 200)
    assert len(found.labels) == len(LABELS)
    assert found(FAST).accuracy == pytest.approx(1 - share, abs=1 / len(LABELS))


def test_a_higher_rate_overloads():
    slow = under(evaluator(), Demand(150.0, USUAL.shares), 500)
    assert np.isinf(slow(SLOW).latency)
    assert np.isfinite(slow(FAST).latency)


@pytest.mark.parametrize(("name", "value"), [("peak", 0.5), ("shift", 1.5), ("shift", -0.1)])
def test_bounds_out_of_range_are_named(name, value):
    with pytest.raises(InputError, match=name):
        Bounds(USUAL, **{name: value})
