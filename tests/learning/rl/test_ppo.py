import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import InputError
from aurora.learning.rl import ppo
from aurora.learning.rl.networks import INFEASIBLE_SCORE, ActorCritic, GreedyAgent, NetworkConfig
from aurora.learning.rl.ppo_training import PPOTrainingConfig, learn, new_learner
from tests.examples import examples
from tests.learning.rl.toys import Cheapest, mean_return

CONFIG = ppo.PPOConfig(num_envs=32, num_steps=16)


def trained(steps, *, seed=0):
    learner = new_learner(PPOTrainingConfig(steps, seed, NetworkConfig(3, 2, hidden_size=16), CONFIG))
    learn(learner, lambda block: Cheapest(32, 100 + block))
    return learner


def test_ppo_learns_to_take_the_cheapest_candidate():
    learner = trained(10_000)
    least = np.random.default_rng(9).random((4000, 6))
    least[np.random.default_rng(8).random(least.shape) > 0.6] = 1
    before = mean_return(GreedyAgent(ActorCritic(NetworkConfig(3, 2, 16))), Cheapest(32, 7), 40)
    after = mean_return(GreedyAgent(learner.network), Cheapest(32, 7), 40)
    assert after > 0.97 * (1 - least.min(axis=1).mean()) > before


def test_ppo_never_chooses_an_infeasible_candidate():
    trained(2_000)  # the toy asserts it


def test_an_infeasible_candidate_has_no_probability_and_no_influence():
    network = ActorCritic(NetworkConfig(3, 2))
    candidates, context = torch.randn(5, 4, 3), torch.randn(5, 2)
    mask = torch.tensor([True, False, True, True]).expand(5, 4)
    scores = network.scores(candidates, mask, context)
    changed = candidates.clone()
    changed[:, 1] = 1e6
    assert torch.equal(scores, network.scores(changed, mask, context))
    assert (scores[:, 1] == INFEASIBLE_SCORE).all()
    assert (scores.softmax(1)[:, 1] == 0).all()


def test_scores_follow_the_order_of_candidates():
    network = ActorCritic(NetworkConfig(3, 2))
    candidates, context = torch.randn(5, 4, 3), torch.randn(5, 2)
    mask = torch.rand(5, 4) < 0.7
    order = torch.tensor([2, 0, 3, 1])
    scores = network.scores(candidates, mask, context)[:, order]
    assert torch.allclose(scores, network.scores(candidates[:, order], mask[:, order], context), atol=1e-6)


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 2**31), st.floats(0.5, 1), st.floats(0, 1))
def test_advantages_are_the_discounted_sums_of_td_errors(seed, gamma, gae_lambda):
    rng = np.random.default_rng(seed)
    steps, count = 7, 3
    rewards, values = rng.normal(size=(2, steps, count)).astype(np.float32)
    terminated, next_value = rng.random((steps, count)) < 0.3, rng.normal(size=count).astype(np.float32)
    td_errors = rewards + gamma * np.vstack((values[1:], next_value)) * ~terminated - values
    slow = np.zeros((steps, count))
    for t in range(steps):
        for i in range(count):
            weight = 1.0
            for k in range(t, steps):
                slow[t, i] += weight * td_errors[k, i]
                if terminated[k, i]:
                    break
                weight *= gamma * gae_lambda
    config = ppo.PPOConfig(gamma=gamma, gae_lambda=gae_lambda)
    advantages = ppo.compute_advantages(rewards, values, terminated, next_value, config)
    assert np.allclose(advantages, slow, atol=1e-4)


def test_a_probability_beyond_the_clip_gives_no_gradient():
    count = 8
    logits = torch.zeros(count, 2, requires_grad=True)
    advantages = torch.linspace(-1, 1, count)
    # Each probability has moved far in the direction that its advantage favours.
    old = torch.full((count,), np.log(0.5)) - torch.where(advantages > 0, 1.0, -1.0)
    empty = torch.empty(0)
    rollout = ppo.Rollout(
        *([empty] * 4),
        actions=torch.zeros(count, dtype=torch.int64),
        log_probs=old,
        values=torch.zeros(count),
        advantages=advantages,
        terminated=None,
        initial_lstm_state=None,
        episode_returns=None,
    )
    loss, stats = ppo.ppo_loss(rollout, torch.arange(count), logits, torch.zeros(count), ppo.PPOConfig(), 0.0)
    loss.backward()
    assert stats.clip_fraction == 1
    assert torch.allclose(logits.grad, torch.zeros(count, 2))


def test_the_same_seed_gives_the_same_weights():
    first, second, other = (trained(1_000, seed=s).network.state_dict() for s in (3, 3, 4))
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not torch.equal(first["score.weight"], other["score.weight"])


def test_a_training_without_steps_is_refused():
    with pytest.raises(InputError, match="at least 1 step"):
        new_learner(PPOTrainingConfig(0, 0, NetworkConfig(3, 2), CONFIG))


def test_scores_do_not_change_when_features_and_their_means_are_shifted_and_scaled():
    network, scaled = ActorCritic(NetworkConfig(3, 2)), ActorCritic(NetworkConfig(3, 2))
    candidates, context, mask = torch.randn(50, 4, 3), torch.randn(50, 2), torch.rand(50, 4) < 0.7
    mask[:, 0] = True
    network.fit_normalizer(candidates, mask, context)
    scaled.load_state_dict(network.state_dict())
    other = 5 + 100 * candidates, mask, 7 - 30 * context
    scaled.fit_normalizer(*other)
    scaled.from_context.weight.data *= -1  # the context's sign was turned
    assert torch.allclose(network.scores(candidates, mask, context), scaled.scores(*other), atol=1e-5)
