import numpy as np
import pytest
import torch

from aurora.errors import InputError, PolicyError, RunError
from aurora.learning.rl import checkpoint, trainer
from aurora.learning.rl.evaluation import agent_rewards, first_disagreements, policy_rewards
from aurora.learning.rl.export import to_policy
from aurora.learning.rl.networks import ActorCritic, GreedyAgent, NetworkConfig
from aurora.learning.rl.scenarios import level_scenarios
from aurora.learning.rl.trainer import TrainingConfig
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.references import REFERENCES

HELD_OUT = level_scenarios(2, 12, 5, held_out=True)


def random_network(seed, lstm_size=0):
    torch.manual_seed(seed)
    network = ActorCritic(NetworkConfig(len(CANDIDATE_INPUTS), len(CONTEXT_INPUTS), 16, lstm_size))
    torch.nn.init.normal_(network.score.weight)
    return network


@pytest.mark.parametrize("seed", range(3))
def test_a_network_has_the_same_reward_in_the_environment_and_as_a_policy(seed):
    network = random_network(seed)
    rng = np.random.default_rng(seed)
    for part in (network.candidate_mean, network.context_mean):
        part.copy_(torch.from_numpy(rng.normal(0, 0.3, len(part))))
    network.candidate_spread.fill_(0.7)
    played = agent_rewards(GreedyAgent(network), HELD_OUT)
    simulated = policy_rewards(to_policy(network), HELD_OUT)
    assert np.allclose(played, simulated, rtol=1e-9)
    assert not np.allclose(played, policy_rewards(REFERENCES["first_fit"], HELD_OUT))


def test_a_network_with_an_lstm_is_no_policy():
    with pytest.raises(PolicyError, match="LSTM"):
        to_policy(random_network(0, lstm_size=8))


def test_playing_scenarios_together_or_alone_gives_the_same_rewards():
    agent = GreedyAgent(random_network(1, lstm_size=8))
    alone = [agent_rewards(agent, [e])[0] for e in HELD_OUT[:10]]
    assert np.allclose(agent_rewards(agent, HELD_OUT[:10]), alone, rtol=1e-9)


def test_disagreements_name_both_candidates():
    cheapest, dearest = REFERENCES["cheapest"], REFERENCES["first_fit"]
    for encoded in HELD_OUT[:10]:
        assert first_disagreements(cheapest, cheapest, encoded, 10) == []
        disagreements = first_disagreements(cheapest, dearest, encoded, 3)
        assert len(disagreements) <= 3
        assert all(d.chosen != d.other for d in disagreements)


@pytest.mark.parametrize("algorithm", trainer.ALGORITHMS)
def test_every_algorithm_trains_and_is_loaded_from_its_checkpoint(tmp_path, algorithm):
    config = TrainingConfig(algorithm, (1, 2), 1_100, 3, hidden_size=8)
    training = trainer.start_training(config)
    trainer.run_training(training, folder=tmp_path)
    loaded = trainer.load_training(tmp_path)
    assert loaded.config == trainer.load_config(tmp_path) == config
    assert loaded.learner.steps == training.learner.steps >= 1_100
    before, after = (agent_rewards(t.agent, HELD_OUT[:10]) for t in (training, loaded))
    assert (before == after).all()
    if training.is_exportable:
        assert np.allclose(policy_rewards(loaded.policy(), HELD_OUT[:10]), after, rtol=1e-9)
    else:
        with pytest.raises(PolicyError, match="can't be a policy"):
            loaded.policy()


def test_training_scenarios_differ_from_block_to_block():
    make_env = trainer.env_factory(TrainingConfig("ppo", (1,), 1, 0), 4)
    first, again, second = (make_env(k).reset().context for k in (0, 0, 1))
    assert (first == again).all()
    assert (first != second).any()


def test_a_level_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="levels from 1 to 5"):
        trainer.start_training(TrainingConfig("ppo", (6,), 100, 0))


def test_a_checkpoint_of_other_features_is_refused(tmp_path):
    training = trainer.start_training(TrainingConfig("ppo", (1,), 100, 0))
    checkpoint.save(tmp_path, trainer.to_state(training) | {"inputs": ["node.price"]})
    with pytest.raises(RunError, match="other features"):
        trainer.load_training(tmp_path)
