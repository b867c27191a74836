import json

import numpy as np
import pytest

from aurora.evals import cloning as bench
from aurora.learning import accounts
from aurora.learning.experts import experts, serving
from aurora.learning.experts.account_env import true_case
from aurora.learning.experts.cloning import Decisions, decisions_of

CATALOGUE = accounts.synthetic_catalogue()


@pytest.fixture(scope="module")
def population() -> accounts.Population:
    return accounts.generate(401, 5, 1.0, periods=50)


def decisions(moves: list[int]) -> Decisions:
    n = len(moves)
    masks = np.ones((n, len(accounts.MOVES)), bool)
    features = np.zeros((n, len(accounts.FEATURES)), np.float32)
    return Decisions(features, masks, np.array(moves), np.zeros(n, np.int64), np.zeros(n, np.int64))


def test_always_keeping_agrees_often_and_scores_zero_on_changes() -> None:
    data = decisions([0] * 8 + [1, 2])
    lazy = bench.agreement(np.zeros(10, np.int64), data)
    assert lazy["all"] == 0.8
    assert lazy["acting"] == 0.0
    assert lazy["f1"] == pytest.approx(16 / 18 / 3)
    assert bench.agreement(data.moves, data) == {"all": 1.0, "acting": 1.0, "f1": 1.0}


def test_nearest_neighbours_choose_the_move_of_an_identical_situation(population: accounts.Population) -> None:
    states = experts.expert_states(population.accounts, CATALOGUE)
    data = decisions_of(states, CATALOGUE)
    masks = np.zeros_like(data.masks)
    masks[np.arange(len(masks)), data.moves] = True
    chosen = bench.nearest_neighbours(data, states.scale)(data.features, masks)
    np.testing.assert_array_equal(chosen, data.moves)


def test_experts_agree_with_themselves_more_often_than_with_always_keeping(population: accounts.Population) -> None:
    data = decisions_of(experts.expert_states(population.accounts, CATALOGUE), CATALOGUE)
    again = bench.agreement(bench.asked_again(population, CATALOGUE, 1), data)
    assert again["all"] > bench.agreement(np.zeros_like(data.moves), data)["all"]
    assert again["acting"] > 0.4


def test_a_policy_that_always_keeps_equals_the_plain_simulation(population: accounts.Population) -> None:
    cases = [true_case(a, t, 6, 2) for a, t in zip(population.accounts, population.truth, strict=True)]
    served = serving.run_policy(lambda seen, _: np.zeros(len(seen), np.int64), cases, CATALOGUE)
    expected = [accounts.simulate(t, t.configuration, 6, 2).metric("cost").sum() for t in population.truth]
    np.testing.assert_allclose(served.cost, expected)
    assert not served.moves.any()


def test_a_policy_compared_with_itself_shows_no_change() -> None:
    served = serving.Served(np.array([1.0, 2.0]), np.array([0.1, 0.0]), np.array([0.0, 1.0]))
    result = serving.compare_served(served, served)
    assert set(result["cost_change"].values()) == {0.0}
    assert result["equal_service"]
    assert not result["cheaper"]
    dearer = served._replace(cost=served.cost * 1.1)
    assert serving.compare_served(served, dearer)["cost_change"]["mean"] == pytest.approx(0.1)


@pytest.mark.slow
def test_the_benchmark_runs_and_returns_json() -> None:
    result = bench.bench_cloning([3], accounts=60, held_out=20, steps=512)
    json.dumps(result, allow_nan=False)
    assert set(result["summary"]) == {"identification", "agreement", "policies", "fine_tuned_beside"}
    assert set(result["summary"]["policies"]) == {"clone", "neighbours", "fine_tuned", "scratch", "keep", "expert"}
