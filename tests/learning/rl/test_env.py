"""Environments: shapes, masks, rewards, restarts, and the checkers of Gymnasium and Stable-Baselines3."""

import warnings

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import InputError, ScenarioError
from aurora.learning.rl.env import PENALTY, AllocationEnv, Environments, feasible
from aurora.learning.rl.scenarios import level_scenarios
from aurora.sim.kernel import EncodedScenario, evaluate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.features import BOUND
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import score
from aurora.sim.scenarios.generators import FAMILIES
from tests.examples import examples


@pytest.fixture(scope="module")
def scenarios() -> tuple[EncodedScenario, ...]:
    return level_scenarios(1, 10, 3) + level_scenarios(2, 10, 3) + level_scenarios(3, 10, 3)


@given(seed=st.integers(0, 2**31), count=st.integers(1, 9))
@settings(max_examples=examples(15), deadline=None)
def test_observations_are_bounded_and_rewards_add_up(
    scenarios: tuple[EncodedScenario, ...], seed: int, count: int
) -> None:
    environments = Environments(scenarios, count, seed=seed)
    assert (environments.num_candidates, environments.candidate_features) == (25, len(CANDIDATE_INPUTS))
    assert environments.context_features == len(CONTEXT_INPUTS)
    rng, paid, ends = np.random.default_rng(seed), np.zeros(count), 0
    observation = environments.reset()
    while ends < 3:
        candidates, mask, context = observation
        assert candidates.dtype == context.dtype == np.float32 and mask.dtype == np.bool_
        assert candidates.shape == (count, 25, len(CANDIDATE_INPUTS)) and context.shape == (count, len(CONTEXT_INPUTS))
        assert (mask.sum(axis=1) >= 2).all()  # a single candidate is no decision
        assert np.isfinite(candidates).all() and np.abs(candidates).max() <= BOUND
        assert np.isfinite(context).all() and np.abs(context).max() <= BOUND
        assert not candidates[~mask].any()
        before = [array.copy() for array in observation]
        observation, reward, terminated, value = environments.step((rng.random(mask.shape) * mask).argmax(axis=1))
        for array, copy in zip((candidates, mask, context), before, strict=True):
            np.testing.assert_array_equal(array, copy)  # what was handed out is not overwritten
        assert reward.dtype == np.float32 and value.dtype == np.float64
        paid += environments.episodes.reward
        np.testing.assert_allclose(reward, environments.episodes.reward, rtol=1e-6)
        np.testing.assert_array_equal(np.isnan(value), ~terminated)
        np.testing.assert_allclose(paid[terminated], value[terminated], atol=1e-9)
        assert ((value[terminated] > 0) & (value[terminated] <= 1)).all()
        paid[terminated] = 0
        ends += int(terminated.sum())


def test_following_a_policy_returns_its_reward(scenarios: tuple[EncodedScenario, ...]) -> None:
    base = REFERENCES["cheapest"]
    environments = Environments(scenarios, 4, base=base, seed=1)
    environments.reset()
    expected = [score(evaluate(e, compile_policy(base)), e.scenario).reward for e in scenarios]
    seen = set()
    while len(seen) < 25:
        _, _, terminated, value = environments.step(environments.preferred())
        for k in np.flatnonzero(terminated):
            number = environments.episodes.ended[k]
            assert value[k] == pytest.approx(expected[number], abs=1e-12)
            seen.add(number)


def test_the_same_seed_gives_the_same_episodes(scenarios: tuple[EncodedScenario, ...]) -> None:
    def played(seed: int) -> list[float]:
        environments = Environments(scenarios, 3, seed=seed)
        mask, values = environments.reset().mask, list[float]()
        for _ in range(60):
            step = environments.step(mask.argmax(axis=1))
            mask = step.observation.mask
            values += step.episode_return[step.terminated].tolist()
        return values

    assert played(1) == played(1) != played(2)


def test_an_action_that_is_not_allowed_is_refused(scenarios: tuple[EncodedScenario, ...]) -> None:
    environments = Environments(scenarios, 2, candidates=30, seed=1)
    mask = environments.reset().mask
    assert mask.shape == (2, 30)
    for wrong in (29, 30, -1):
        with pytest.raises(InputError, match=f"environment 1 does not allow {wrong}"):
            environments.step(np.array([mask[0].argmax(), wrong]))
    with pytest.raises(InputError, match="2 whole numbers"):
        environments.step(np.array([0.0, 1.0]))
    with pytest.raises(InputError, match="2 whole numbers"):
        environments.step(np.array([0]))
    with pytest.raises(ScenarioError, match="room is for 4"):
        Environments(scenarios, 2, candidates=4, seed=1)


def test_feasible_replaces_a_forbidden_action_by_the_first_allowed() -> None:
    mask = np.array([[False, True, True], [True, False, True]])
    actions, replaced = feasible(np.array([0, 2]), mask)
    assert actions.tolist() == [1, 2]
    assert replaced.tolist() == [True, False]


def test_the_environment_passes_the_checkers_of_gymnasium_and_stable_baselines(
    scenarios: tuple[EncodedScenario, ...],
) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    for flat in (True, False):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            check_env(AllocationEnv(scenarios, flat=flat), skip_render_check=True)
            checker.check_env(AllocationEnv(scenarios, flat=flat))
        # Two dimensions of candidates are no image; algorithms flatten them.
        messages = [str(w.message) for w in caught if flat or "unconventional shape" not in str(w.message)]
        assert messages == []


def test_one_environment_plays_episodes_to_the_end(scenarios: tuple[EncodedScenario, ...]) -> None:
    env = AllocationEnv(scenarios, flat=True, seed=2)
    rng, replaced = np.random.default_rng(0), 0
    with pytest.raises(InputError, match="call reset first"):
        env.step(0)
    for _ in range(12):
        observation, info = env.reset()
        assert 0 <= info["scenario"] < len(scenarios)
        total, terminated = 0.0, False
        while not terminated:
            assert env.action_masks().any()
            action = int(rng.integers(25))
            allowed = bool(env.action_masks()[action])
            observation, reward, terminated, truncated, info = env.step(action)
            assert info["replaced"] == (not allowed) and not truncated
            replaced += not allowed
            total += reward + PENALTY * (not allowed)
        assert total == pytest.approx(info["value"], abs=1e-9)
        assert not observation.any()
        with pytest.raises(InputError, match="call reset first"):
            env.step(0)
    assert replaced > 0
    env.reset()
    with pytest.raises(InputError, match="action=25: it is not in Discrete"):
        env.step(25)


def test_stable_baselines_steps_all_environments_at_once(scenarios: tuple[EncodedScenario, ...]) -> None:
    contrib = pytest.importorskip("sb3_contrib")
    from aurora.learning.rl.sb3 import AllocationVecEnv

    for flat in (True, False):
        env = AllocationVecEnv(Environments(scenarios, 4, seed=1), flat=flat)
        env.seed(5)
        observation = env.reset()
        lengths, returns, ends = np.zeros(4, int), np.zeros(4), 0
        while ends < 4:
            masks = np.stack(env.env_method("action_masks"))
            np.testing.assert_array_equal(masks, env.action_masks())
            shown = observation[:, 25 * len(CANDIDATE_INPUTS) :][:, :25] if flat else observation["mask"]
            np.testing.assert_array_equal(shown, masks)
            observation, rewards, dones, infos = env.step(masks.argmax(axis=1))
            lengths, returns = lengths + 1, returns + rewards
            for k in np.flatnonzero(dones):
                assert infos[k]["episode"]["l"] == lengths[k]
                assert infos[k]["episode"]["r"] == pytest.approx(infos[k]["value"], abs=1e-5)
                assert returns[k] == pytest.approx(infos[k]["value"], abs=1e-5)
                lengths[k] = returns[k] = 0
                ends += 1
        with pytest.raises(AttributeError):
            env.set_attr("x", 1)
        model = contrib.MaskablePPO("MlpPolicy" if flat else "MultiInputPolicy", env, n_steps=8, batch_size=16)
        model.learn(32)


def test_a_forbidden_action_costs_the_penalty(scenarios: tuple[EncodedScenario, ...]) -> None:
    from aurora.learning.rl.sb3 import AllocationVecEnv

    rewards = []
    for penalty in (0.0, 0.5):
        env = AllocationVecEnv(Environments(scenarios, 2, candidates=26, seed=1), penalty=penalty)
        env.reset()
        rewards.append(env.step(np.array([25, env.action_masks()[1].argmax()]))[1])
    np.testing.assert_allclose(rewards[0] - rewards[1], [0.5, 0.0], atol=1e-6)


def test_held_out_scenarios_differ_and_a_longer_list_begins_with_the_shorter() -> None:
    few, many = level_scenarios(1, 10, 0), level_scenarios(1, 20, 0)
    assert [e.scenario for e in many[:10]] == [e.scenario for e in few]
    drawn = {e.scenario.scenario_id for e in level_scenarios(1, 60, 0)}
    held_out = {e.scenario.scenario_id for e in level_scenarios(1, 60, 0, held_out=True)}
    assert len(drawn) == len(held_out) == 60 and not drawn & held_out
    assert [e.scenario.scenario_id.split("-")[0] for e in few] == list(FAMILIES)
    with pytest.raises(InputError, match="no level 6"):
        level_scenarios(6, 1, 0)
    with pytest.raises(InputError, match="must not be negative"):
        level_scenarios(1, -1, 0)
