import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.learning.rl import ppo, recurrent
from aurora.learning.rl.networks import ActorCritic, GreedyAgent, LSTMState, NetworkConfig
from aurora.learning.rl.ppo_training import PPOTrainingConfig, learn, new_learner
from tests.examples import examples
from tests.learning.rl.toys import Cue, mean_return

CONFIG = ppo.PPOConfig(num_envs=64, num_steps=32, learning_rate=3e-3)


def trained_return(lstm_size, steps):
    learner = new_learner(PPOTrainingConfig(steps, 0, NetworkConfig(2, 2, 16, lstm_size), CONFIG))
    learn(learner, lambda block: Cue(64, 100 + block))
    return mean_return(GreedyAgent(learner.network), Cue(64, 7), 24)


def test_an_lstm_learns_a_task_that_needs_memory_and_plain_ppo_does_not():
    assert trained_return(lstm_size=16, steps=24_000) > 0.95
    assert trained_return(lstm_size=0, steps=24_000) < 0.65


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 9), st.integers(1, 5), st.floats(0, 1))
def test_sequences_hold_every_step_once_and_end_where_episodes_do(seed, steps, num_envs, rate):
    terminated = np.random.default_rng(seed).random((steps, num_envs)) < rate
    sequences = recurrent.split_sequences(terminated)
    packed = recurrent.pack_rows(sequences, np.arange(len(sequences.first_step)), num_envs)
    assert sorted(packed.rows.tolist()) == list(range(steps * num_envs))
    for first, env, length in zip(*sequences, strict=True):
        assert not terminated[first : first + length - 1, env].any()
        assert first + length == steps or terminated[first + length - 1, env]


def test_replaying_the_lstm_gives_the_outputs_of_the_rollout():
    network = ActorCritic(NetworkConfig(2, 2, 16, 8))
    env = Cue(12, 0, length=5)
    state = ppo.RolloutState(env, env.reset(), LSTMState(torch.randn(12, 8), torch.randn(12, 8)))
    rollout = ppo.collect_rollout(network, state, ppo.PPOConfig(num_steps=13), torch.Generator().manual_seed(0))
    sequences = recurrent.split_sequences(rollout.terminated)
    packed = recurrent.pack_rows(sequences, np.arange(len(sequences.first_step)), 12)
    lstm_output = recurrent.replay_lstm(network, rollout, sequences, packed)
    values = network.value(rollout.global_features[packed.rows], lstm_output)
    assert torch.allclose(values, rollout.values[packed.rows], atol=1e-5)
