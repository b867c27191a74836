import numpy as np
import pytest
import torch

from aurora.errors import RunError
from aurora.learning.rl import checkpoint, dqn, offpolicy, sac
from aurora.learning.rl.networks import INFEASIBLE, Greedy, Shape
from tests.learning.rl.toys import Cheapest, Shown, Stepping, mean_value

SHAPE = Shape(3, 2, 16)


def make(block):
    return Stepping(Cheapest(16, 100 + block))


def plan(algorithm, steps, **changes):
    if algorithm == "dqn":
        settings = dqn.Settings(environments=16, warm_up=300, target_every=300, replay=10_000)
    else:
        settings = sac.Settings(environments=16, warm_up=300, replay=10_000)
    return offpolicy.Plan(algorithm, steps, 0, SHAPE, settings, columns=(0, 1), **changes)


@pytest.mark.parametrize(("algorithm", "steps"), [("dqn", 6_000), ("sac", 6_000)])
def test_it_learns_to_take_the_cheapest_candidate(algorithm, steps):
    learner = offpolicy.begin(plan(algorithm, steps), make)
    before = mean_value(learner.agent, Cheapest(32, 7), 40)
    offpolicy.train(learner, make)
    assert mean_value(learner.agent, Cheapest(32, 7), 40) > max(before, 0.73)  # 0.78 is the best, 0.5 is chance
    assert learner.curve[-1].steps == learner.steps >= steps


@pytest.mark.parametrize("algorithm", ["dqn", "sac"])
def test_a_checkpoint_holds_what_was_learned(tmp_path, algorithm):
    learner = offpolicy.begin(plan(algorithm, 1_600, block=800), make)

    def stop(part):
        checkpoint.save(tmp_path, offpolicy.to_state(part))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        offpolicy.train(learner, make, save=stop)
    resumed = offpolicy.from_state(checkpoint.load(tmp_path), make)
    ours, theirs = learner.model.policy.state_dict(), resumed.model.policy.state_dict()
    assert all(torch.equal(ours[k], theirs[k]) for k in ours)
    assert resumed.curve == learner.curve
    offpolicy.train(resumed, make)
    assert resumed.steps == 1_600
    assert resumed.blocks == 2


def test_another_kind_of_checkpoint_is_refused(tmp_path):
    checkpoint.save(tmp_path, {"plan": {"algorithm": "ppo"}})
    with pytest.raises(RunError, match="neither DQN's nor SAC's"):
        offpolicy.from_state(checkpoint.load(tmp_path), make)


def test_dqn_explores_what_is_feasible_only():
    model = dqn.build(make(0), SHAPE, dqn.Settings(environments=16), 0)
    mask = np.zeros((16, 6), np.bool_)
    mask[:, [1, 4]] = True
    observation = {
        "candidates": np.zeros((16, 6, 3), np.float32),
        "mask": mask,
        "context": np.zeros((16, 2), np.float32),
    }
    found = {int(a) for _ in range(20) for a in model.predict(observation)[0]}
    assert found == {1, 4}


def test_a_q_value_is_the_scores_with_the_state_s_value_as_their_mean():
    duel = dqn.build(make(0), SHAPE, dqn.Settings(environments=16), 0).q_net
    batch = Cheapest(16, 3)
    observation = {k: torch.from_numpy(v) for k, v in batch.reset()._asdict().items()}
    q = duel(observation)
    mask = observation["mask"]
    assert (q[~mask] == INFEASIBLE).all()
    greedy = Greedy(duel.network).decide(Shown(*(v.numpy() for v in observation.values())))
    assert (q.argmax(1).numpy() == greedy).all()


def test_weights_choose_among_feasible_candidates_by_standardised_features():
    candidates = np.array([[[1, 500], [2, 300], [3, 100]]], np.float32)
    for mask, weights, best in (
        ([True, True, True], [-1, 0], 0),
        ([True, True, True], [0.5, 0.1], 2),
        ([True, True, True], [0.1, 0.5], 0),  # the scale of a feature does not count
        ([False, True, True], [-1, 0], 1),
    ):
        observation = Shown(candidates, np.array([mask]), np.zeros((1, 0), np.float32))
        assert sac.heaviest(np.array([weights], np.float32), observation, (0, 1)).tolist() == [best]
