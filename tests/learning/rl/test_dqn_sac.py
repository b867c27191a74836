import numpy as np
import pytest
import torch

from aurora.errors import RunError
from aurora.learning.rl import checkpoint, dqn, offpolicy, sac
from aurora.learning.rl.networks import INFEASIBLE_SCORE, GreedyAgent, NetworkConfig
from aurora.learning.rl.vector_env import Observation
from tests.learning.rl.toys import Cheapest, ToyVecEnv, mean_return

NETWORK = NetworkConfig(3, 2, 16)


def make_env(block):
    return ToyVecEnv(Cheapest(16, 100 + block))


def config(algorithm, steps, **changes):
    if algorithm == "dqn":
        hyperparameters = dqn.DQNConfig(
            num_envs=16, learning_starts=300, target_update_interval=300, buffer_size=10_000
        )
    else:
        hyperparameters = sac.SACConfig(num_envs=16, learning_starts=300, buffer_size=10_000)
    return offpolicy.OffPolicyTrainingConfig(
        algorithm, steps, 0, NETWORK, hyperparameters, feature_columns=(0, 1), **changes
    )


@pytest.mark.parametrize(("algorithm", "steps"), [("dqn", 6_000), ("sac", 6_000)])
def test_agents_learn_to_take_the_cheapest_candidate(algorithm, steps):
    learner = offpolicy.new_learner(config(algorithm, steps), make_env)
    before = mean_return(learner.agent, Cheapest(32, 7), 40)
    offpolicy.learn(learner, make_env)
    assert mean_return(learner.agent, Cheapest(32, 7), 40) > max(before, 0.73)  # 0.78 is the best, 0.5 is chance
    assert learner.curve[-1].steps == learner.steps >= steps


@pytest.mark.parametrize("algorithm", ["dqn", "sac"])
def test_a_checkpoint_restores_the_trained_weights(tmp_path, algorithm):
    learner = offpolicy.new_learner(config(algorithm, 1_600, steps_per_block=800), make_env)

    def stop(part):
        checkpoint.save(tmp_path, offpolicy.to_state(part))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        offpolicy.learn(learner, make_env, on_block=stop)
    resumed = offpolicy.from_state(checkpoint.load(tmp_path), make_env)
    ours, theirs = learner.model.policy.state_dict(), resumed.model.policy.state_dict()
    assert all(torch.equal(ours[k], theirs[k]) for k in ours)
    assert resumed.curve == learner.curve
    offpolicy.learn(resumed, make_env)
    assert resumed.steps == 1_600
    assert resumed.blocks == 2


def test_a_checkpoint_of_ppo_is_refused(tmp_path):
    checkpoint.save(tmp_path, {"plan": {"algorithm": "ppo"}})
    with pytest.raises(RunError, match="neither DQN's nor SAC's"):
        offpolicy.from_state(checkpoint.load(tmp_path), make_env)


def test_dqn_explores_only_feasible_candidates():
    model = dqn.build_dqn(make_env(0), NETWORK, dqn.DQNConfig(num_envs=16), 0)
    mask = np.zeros((16, 6), np.bool_)
    mask[:, [1, 4]] = True
    observation = {
        "candidates": np.zeros((16, 6, 3), np.float32),
        "mask": mask,
        "context": np.zeros((16, 2), np.float32),
    }
    actions = {int(a) for _ in range(20) for a in model.predict(observation)[0]}
    assert actions == {1, 4}


def test_q_values_are_scores_shifted_to_the_mean_of_the_state_value():
    q_net = dqn.build_dqn(make_env(0), NETWORK, dqn.DQNConfig(num_envs=16), 0).q_net
    env = Cheapest(16, 3)
    observation = {k: torch.from_numpy(v) for k, v in env.reset()._asdict().items()}
    q = q_net(observation)
    mask = observation["mask"]
    assert (q[~mask] == INFEASIBLE_SCORE).all()
    greedy = GreedyAgent(q_net.network).act(Observation(*(v.numpy() for v in observation.values())))
    assert (q.argmax(1).numpy() == greedy).all()


def test_weights_choose_among_feasible_candidates_by_standardised_features():
    candidates = np.array([[[1, 500], [2, 300], [3, 100]]], np.float32)
    for mask, weights, best in (
        ([True, True, True], [-1, 0], 0),
        ([True, True, True], [0.5, 0.1], 2),
        ([True, True, True], [0.1, 0.5], 0),  # the scale of a feature does not count
        ([False, True, True], [-1, 0], 1),
    ):
        observation = Observation(candidates, np.array([mask]), np.zeros((1, 0), np.float32))
        assert sac.best_weighted(np.array([weights], np.float32), observation, (0, 1)).tolist() == [best]
