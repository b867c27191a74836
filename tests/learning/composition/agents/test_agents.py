import numpy as np
import pytest
import torch

from aurora.learning.composition.agents.beliefs import Beliefs
from aurora.learning.composition.agents.dqn import DQN, DQNSettings, q_values
from aurora.learning.composition.agents.exploration import epsilon_greedy, softmax
from aurora.learning.composition.agents.model_env import HORIZON, PLACES, ModelEnvironments
from aurora.learning.composition.searching.search import search
from aurora.learning.rl.networks import INFEASIBLE_SCORE, ActorCritic, NetworkConfig, to_tensors
from tests.learning.composition.made_up_search import made_up_problem


def environments(measured=30, num_envs=8):
    problem, table = made_up_problem()
    beliefs = Beliefs(problem, 0)
    for pipeline in list(table)[:: len(table) // measured]:
        beliefs.add(pipeline, table[pipeline])
    env = ModelEnvironments(beliefs, num_envs, seed=1)
    env.begin_round()
    return env, beliefs


def test_exploration_stays_within_the_mask_and_follows_its_parameter():
    rng = np.random.default_rng(0)
    values = np.tile(np.array([3.0, 1.0, 2.0, 9.0], np.float32), (2000, 1))
    mask = np.tile(np.array([True, True, True, False]), (2000, 1))
    assert (epsilon_greedy(values, mask, 0.0, rng) == 0).all()
    shares = np.bincount(epsilon_greedy(values, mask, 0.6, rng), minlength=4) / 2000
    assert np.allclose(shares, [0.6, 0.2, 0.2, 0.0], atol=0.05)
    expected = np.exp([3, 1, 2]) / np.exp([3, 1, 2]).sum()
    assert np.allclose(np.bincount(softmax(values, mask, 1.0, rng), minlength=4)[:3] / 2000, expected, atol=0.05)


def test_rewards_in_the_model_add_up_and_episodes_end_in_time():
    env, _ = environments()
    observation, total, steps = env.reset(), np.zeros(8), np.zeros(8)
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert observation.candidates.shape[1] == PLACES and observation.mask[:, 0].all()
        actions = np.where(observation.mask, rng.random(observation.mask.shape), -1).argmax(1)
        result = env.step(actions)
        total, steps = total + result.reward, steps + 1
        assert np.allclose(total[result.terminated], result.episode_return[result.terminated], atol=1e-4)
        assert (result.terminated == ((actions == 0) | (steps >= HORIZON))).all()
        total[result.terminated] = steps[result.terminated] = 0
        observation = result.observation


def test_what_promises_most_was_never_measured():
    env, beliefs = environments()
    env.reset()
    promised = env.promising()
    assert promised is not None and promised not in beliefs.measured


def test_forbidden_candidates_have_no_value():
    env, _ = environments()
    network = ActorCritic(NetworkConfig(env.candidate_features, env.context_features))
    observation = env.reset()
    values = q_values(network, *to_tensors(observation))
    assert (values[~torch.from_numpy(observation.mask)] == INFEASIBLE_SCORE).all()
    assert torch.isfinite(values).all()


def test_q_learning_learns_to_gain_value_in_the_model():
    env, _ = environments(num_envs=16)
    agent = DQN(env, seed=0, settings=DQNSettings(steps=30))

    def gained(epsilon, episodes=32):
        observation, rng, returns = env.reset(), np.random.default_rng(5), []
        while len(returns) < episodes:
            with torch.no_grad():
                values = q_values(agent.network, *to_tensors(observation)).numpy()
            result = env.step(epsilon_greedy(values, observation.mask, epsilon, rng))
            returns += result.episode_return[result.terminated].tolist()
            observation = result.observation
        return np.mean(returns)

    by_chance = gained(1.0)
    agent.learn(env)
    assert gained(0.0) > by_chance + 0.3


@pytest.mark.slow
def test_agents_come_within_two_percent_with_a_fraction_of_the_space():
    problem, table = made_up_problem()
    best = max(map(problem.worth, table.values()))
    for agent in ("dqn", "dqn-softmax", "ppo"):
        found = search(problem, table.__getitem__, budget=len(table) // 25, agent=agent, seed=1)
        assert found.reward >= best - 0.02 * abs(best), agent
