import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import DataError
from aurora.learning.rl import ppo
from aurora.learning.rl.networks import INFEASIBLE, ActorCritic, Greedy, Shape
from aurora.learning.rl.training import Plan, begin, train
from tests.learning.rl.toys import Cheapest, mean_value

QUICK = ppo.Settings(environments=32, length=16)


def learned(steps, *, seed=0):
    learner = begin(Plan(steps, seed, Shape(3, 2, width=16), QUICK))
    train(learner, lambda block: Cheapest(32, 100 + block))
    return learner


def test_it_learns_to_take_the_cheapest_candidate():
    learner = learned(20_000)
    least = np.random.default_rng(9).random((4000, 6))
    least[np.random.default_rng(8).random(least.shape) > 0.6] = 1
    untrained = mean_value(Greedy(ActorCritic(Shape(3, 2, 16))), Cheapest(32, 7), 40)
    trained = mean_value(Greedy(learner.network), Cheapest(32, 7), 40)
    assert trained > 0.97 * (1 - least.min(axis=1).mean()) > untrained


def test_it_never_chooses_what_is_not_feasible():
    learned(2_000)  # the toy asserts it


def test_an_infeasible_candidate_has_no_probability_and_no_influence():
    network = ActorCritic(Shape(3, 2))
    candidates, context = torch.randn(5, 4, 3), torch.randn(5, 2)
    mask = torch.tensor([True, False, True, True]).expand(5, 4)
    scores = network.scores(candidates, mask, context)
    changed = candidates.clone()
    changed[:, 1] = 1e6
    assert torch.equal(scores, network.scores(changed, mask, context))
    assert (scores[:, 1] == INFEASIBLE).all()
    assert (scores.softmax(1)[:, 1] == 0).all()


def test_scores_follow_the_order_of_candidates():
    network = ActorCritic(Shape(3, 2))
    candidates, context = torch.randn(5, 4, 3), torch.randn(5, 2)
    mask = torch.rand(5, 4) < 0.7
    order = torch.tensor([2, 0, 3, 1])
    scores = network.scores(candidates, mask, context)[:, order]
    assert torch.allclose(scores, network.scores(candidates[:, order], mask[:, order], context), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.5, 1), st.floats(0, 1))
def test_advantages_are_the_weighted_sums_that_define_them(seed, discount, smoothing):
    rng = np.random.default_rng(seed)
    steps, count = 7, 3
    rewards, values = rng.normal(size=(2, steps, count)).astype(np.float32)
    ended, ahead = rng.random((steps, count)) < 0.3, rng.normal(size=count).astype(np.float32)
    after = np.vstack((values[1:], ahead))
    surprise = rewards + discount * after * ~ended - values
    slow = np.zeros((steps, count))
    for t in range(steps):
        for i in range(count):
            weight = 1.0
            for k in range(t, steps):
                slow[t, i] += weight * surprise[k, i]
                if ended[k, i]:
                    break
                weight *= discount * smoothing
    found = ppo.advantages(rewards, values, ended, ahead, ppo.Settings(discount=discount, smoothing=smoothing))
    assert np.allclose(found, slow, atol=1e-4)


def test_a_probability_beyond_the_clip_gives_no_gradient():
    count = 8
    logits = torch.zeros(count, 2, requires_grad=True)
    gains = torch.linspace(-1, 1, count)
    old = torch.full((count,), np.log(0.5)) - torch.where(gains > 0, 1.0, -1.0)  # moved far, where the gain wanted it
    empty = torch.empty(0)
    rollout = ppo.Rollout(
        empty, empty, empty, empty, torch.zeros(count, dtype=torch.int64), old, torch.zeros(count), gains, *([None] * 3)
    )
    total, told = ppo.loss(rollout, torch.arange(count), logits, torch.zeros(count), ppo.Settings(), 0.0)
    total.backward()
    assert told.clipped == 1
    assert torch.allclose(logits.grad, torch.zeros(count, 2))


def test_the_same_seed_gives_the_same_weights():
    first, second, other = (learned(2_000, seed=s).network.state_dict() for s in (3, 3, 4))
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not torch.equal(first["score.weight"], other["score.weight"])


def test_a_plan_without_steps_is_refused():
    with pytest.raises(DataError, match="at least 1 step"):
        begin(Plan(0, 0, Shape(3, 2), QUICK))


def test_scores_do_not_change_when_features_and_their_means_are_shifted_and_scaled():
    network, scaled = ActorCritic(Shape(3, 2)), ActorCritic(Shape(3, 2))
    candidates, context, mask = torch.randn(50, 4, 3), torch.randn(50, 2), torch.rand(50, 4) < 0.7
    mask[:, 0] = True
    network.standardise(candidates, mask, context)
    scaled.load_state_dict(network.state_dict())
    other = 5 + 100 * candidates, mask, 7 - 30 * context
    scaled.standardise(*other)
    scaled.from_context.weight.data *= -1  # the context's sign was turned
    assert torch.allclose(network.scores(candidates, mask, context), scaled.scores(*other), atol=1e-5)
