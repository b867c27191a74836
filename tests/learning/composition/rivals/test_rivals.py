from dataclasses import replace

import pytest

from aurora.learning.composition.searching.search import search
from tests.learning.composition.made_up_search import made_up_problem


def test_greedy_ends_where_no_edit_is_better():
    problem, table = made_up_problem()
    result = search(problem, table.__getitem__, budget=len(table), agent="greedy")
    rewards = [problem.worth(table[neighbour]) for _, neighbour in problem.moves.neighbours(result.choice)]
    assert max(rewards) <= result.reward
    assert {step.pipeline for step in result.steps[: len(problem.chains)]} == set(problem.singles)


@pytest.mark.parametrize(("agent", "share"), [("random", 1.0), ("hill-climbing", 0.3)])
def test_restarts_go_on_after_the_first_local_optimum(agent, share):
    problem, table = made_up_problem()
    result = search(problem, table.__getitem__, budget=len(table), agent=agent)
    assert len(result.steps) >= share * len(table)


def test_random_search_walks_where_the_space_is_not_enumerated():
    problem, table = made_up_problem()
    result = search(replace(problem, space=()), table.__getitem__, budget=20, agent="random")
    assert len({step.pipeline for step in result.steps}) == 20


def test_the_model_finds_the_optimum_with_fewer_measurements_than_chance():
    problem, table = made_up_problem()
    best = max(map(problem.worth, table.values()))
    found = [search(problem, table.__getitem__, budget=40, agent="bayesian", seed=seed).reward for seed in range(2)]
    assert max(found) > best - 0.005 and min(found) > best - 0.02 * abs(best)
