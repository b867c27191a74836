import numpy as np
import pytest
import torch

from aurora.errors import DataError, PolicyError, RunError
from aurora.learning.rl import checkpoint, trainer
from aurora.learning.rl import rollout as judging
from aurora.learning.rl.export import to_policy
from aurora.learning.rl.networks import ActorCritic, Greedy, Shape
from aurora.learning.rl.scenarios import level_scenarios
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.references import REFERENCES

HELD_OUT = level_scenarios(2, 30, 5, held_out=True)


def network(seed, memory=0):
    torch.manual_seed(seed)
    found = ActorCritic(Shape(len(CANDIDATE_INPUTS), len(CONTEXT_INPUTS), 16, memory))
    torch.nn.init.normal_(found.score.weight)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_a_network_decides_alike_in_the_environment_and_as_a_policy(seed):
    found = network(seed)
    rng = np.random.default_rng(seed)
    for part in (found.candidate_mean, found.context_mean):
        part.copy_(torch.from_numpy(rng.normal(0, 0.3, len(part))))
    found.candidate_spread.fill_(0.7)
    played = judging.agent_values(Greedy(found), HELD_OUT)
    simulated = judging.policy_values(to_policy(found), HELD_OUT)
    assert np.allclose(played, simulated, rtol=1e-9)
    assert not np.allclose(played, judging.policy_values(REFERENCES["first_fit"], HELD_OUT))


def test_a_network_with_memory_is_no_policy():
    with pytest.raises(PolicyError, match="memory"):
        to_policy(network(0, memory=8))


def test_playing_many_scenarios_at_once_is_playing_each_alone():
    agent = Greedy(network(1, memory=8))
    alone = [judging.agent_values(agent, [e])[0] for e in HELD_OUT[:10]]
    assert np.allclose(judging.agent_values(agent, HELD_OUT[:10]), alone, rtol=1e-9)


def test_differences_are_where_the_other_would_have_chosen_otherwise():
    cheapest, dearest = REFERENCES["cheapest"], REFERENCES["first_fit"]
    for encoded in HELD_OUT[:10]:
        assert judging.differences(cheapest, cheapest, encoded, 10) == []
        found = judging.differences(cheapest, dearest, encoded, 3)
        assert len(found) <= 3
        assert all(choice.ours != choice.theirs for choice in found)


@pytest.mark.parametrize("algorithm", trainer.ALGORITHMS)
def test_every_algorithm_trains_stops_and_goes_on(tmp_path, algorithm):
    course = trainer.Course(algorithm, (1, 2), 2_100, 3, width=8)
    trainee = trainer.begin(course)
    trainer.train(trainee, folder=tmp_path)
    again = trainer.resume(tmp_path)
    assert again.course == course
    assert again.learner.steps == trainee.learner.steps >= 2_100
    ours, theirs = (judging.agent_values(t.agent, HELD_OUT[:10]) for t in (trainee, again))
    assert (ours == theirs).all()
    if trainee.has_policy:
        assert np.allclose(judging.policy_values(again.policy(), HELD_OUT[:10]), theirs, rtol=1e-9)


def test_training_scenarios_differ_from_block_to_block():
    make = trainer.environments(trainer.Course("ppo", (1,), 1, 0), 4)
    first, again, second = (make(k).reset().context for k in (0, 0, 1))
    assert (first == again).all()
    assert (first != second).any()


def test_a_course_on_no_level_is_refused():
    with pytest.raises(DataError, match="levels 1 to 5"):
        trainer.begin(trainer.Course("ppo", (6,), 100, 0))


def test_a_checkpoint_of_other_features_is_refused(tmp_path):
    course = trainer.Course("ppo", (1,), 100, 0)
    checkpoint.save(tmp_path, trainer.state_of(trainer.begin(course)) | {"inputs": ["node.price"]})
    with pytest.raises(RunError, match="other features"):
        trainer.resume(tmp_path)
