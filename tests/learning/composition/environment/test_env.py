import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from aurora.errors import InputError
from aurora.learning.composition.environment.env import KEEP, PENALTY, CompositionEnv
from tests.learning.composition.made_up_search import made_up_problem


class Counting:
    def __init__(self, table):
        self.table, self.asked = table, []

    def __call__(self, pipeline):
        self.asked.append(pipeline)
        return self.table[pipeline]


def made_env(**options):
    problem, table = made_up_problem()
    evaluator = Counting(table)
    return CompositionEnv(problem, evaluator, **options), evaluator


def test_it_passes_the_checker_and_is_registered():
    problem, table = made_up_problem()
    env = gymnasium.make("aurora/Composition-v0", problem=problem, evaluator=table.__getitem__)
    check_env(env.unwrapped, skip_render_check=True)


def test_rewards_of_an_episode_add_up_to_the_worth_of_its_last_composition():
    env, evaluator = made_env()
    rng = np.random.default_rng(0)
    for seed in range(5):
        _, info = env.reset(seed=seed)
        total, done = 0.0, False
        while not done:
            mask = env.action_masks()
            assert (mask == info["mask"]).all() and mask[KEEP]
            _, reward, terminated, truncated, info = env.step(int(rng.choice(np.flatnonzero(mask))))
            total, done = total + reward, terminated or truncated
        measured = next(one for p, one in evaluator.table.items() if str(p) == info["pipeline"])
        assert total == pytest.approx(env.problem.worth(measured))
    assert len(evaluator.asked) == len(set(evaluator.asked))


def test_a_forbidden_edit_changes_nothing_and_costs():
    env, evaluator = made_env()
    _, info = env.reset(seed=0)
    env.step(int(np.flatnonzero(env.action_masks())[1]))
    before = env.pipeline
    _, reward, terminated, truncated, info = env.step(int(np.flatnonzero(~env.action_masks())[0]))
    assert (reward, terminated, truncated, info["refused"]) == (-PENALTY, False, False, True)
    assert env.pipeline == before and len(evaluator.asked) == 2


def test_an_episode_ends_by_keeping_or_at_its_last_step():
    env, _ = made_env(most_steps=2)
    with pytest.raises(InputError, match="reset"):
        env.step(KEEP)
    env.reset(seed=1)
    assert env.step(KEEP)[2:4] == (True, False)
    env.reset()
    edit = int(np.flatnonzero(env.action_masks())[1])
    assert env.step(edit)[2:4] == (False, False)
    assert env.step(int(np.flatnonzero(env.action_masks())[1]))[2:4] == (False, True)
    with pytest.raises(InputError, match="action"):
        env.step(10**9)


def test_the_observation_has_a_row_for_each_component_with_its_chain_s_profile():
    env, evaluator = made_env()
    pipeline = max(evaluator.table, key=lambda one: len(one.components))
    observation, _ = env.reset(options={"pipeline": pipeline})
    count = sum(len(branch.components) for stage in pipeline.stages for branch in stage.branches)
    assert observation["composition"][:, 0].sum() == count
    models = sum(len(stage.branches) for stage in pipeline.stages)
    assert observation["composition"][:, 1].sum() == models
    assert (observation["candidates"][observation["mask"] == 0] == 0).all()
