import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.learning.rl import ppo, recurrent
from aurora.learning.rl.networks import ActorCritic, Greedy, Memory, Shape
from aurora.learning.rl.training import Plan, begin, train
from tests.learning.rl.toys import Cue, mean_value

QUICK = ppo.Settings(environments=64, length=32, learning_rate=3e-3)


def learned(memory):
    learner = begin(Plan(50_000, 0, Shape(2, 2, 16, memory), QUICK))
    train(learner, lambda block: Cue(64, 100 + block))
    return mean_value(Greedy(learner.network), Cue(64, 7), 24)


def test_it_learns_what_needs_memory_and_plain_ppo_can_not():
    assert learned(memory=16) > 0.95
    assert learned(memory=0) < 0.65


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 9), st.integers(1, 5), st.floats(0, 1))
def test_pieces_hold_every_step_once_and_cross_no_end(seed, steps, count, often):
    ended = np.random.default_rng(seed).random((steps, count)) < often
    found = recurrent.pieces(ended)
    layout = recurrent.packed(found, np.arange(len(found.first)), count)
    assert sorted(layout.rows.tolist()) == list(range(steps * count))
    for first, environment, length in zip(*found, strict=True):
        assert not ended[first : first + length - 1, environment].any()
        assert first + length == steps or ended[first + length - 1, environment]


def test_replayed_memory_is_what_it_was_when_it_was_collected():
    network = ActorCritic(Shape(2, 2, 16, 8))
    batch = Cue(12, 0, length=5)
    scene = ppo.Scene(batch, batch.reset(), Memory(torch.randn(12, 8), torch.randn(12, 8)))
    rollout = ppo.collect(network, scene, ppo.Settings(length=13), torch.Generator().manual_seed(0))
    found = recurrent.pieces(rollout.ended)
    layout = recurrent.packed(found, np.arange(len(found.first)), 12)
    recalled = recurrent.recall(network, rollout, found, layout)
    values = network.value(rollout.summary[layout.rows], recalled)
    assert torch.allclose(values, rollout.values[layout.rows], atol=1e-5)
