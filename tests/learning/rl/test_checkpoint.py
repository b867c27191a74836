import os

import pytest
import torch

from aurora.errors import RunError
from aurora.learning.rl import checkpoint, ppo, trainer
from aurora.learning.rl.networks import NetworkConfig
from aurora.learning.rl.ppo_training import PPOTrainingConfig, from_state, learn, new_learner, to_state
from tests.learning.rl.toys import Cheapest, Cue


class KilledError(Exception):
    pass


@pytest.mark.parametrize(("toy", "lstm_size"), [(Cheapest, 0), (Cue, 8)])
def test_an_interrupted_training_ends_with_the_same_weights(tmp_path, toy, lstm_size):
    def learner():
        network = NetworkConfig(toy.candidate_features, toy.context_features, 16, lstm_size)
        hyperparameters = ppo.PPOConfig(num_envs=16, num_steps=16)
        return new_learner(PPOTrainingConfig(4_000, 1, network, hyperparameters, updates_per_block=3))

    whole, points = learner(), []
    learn(whole, lambda block: toy(16, block))

    def on_point(point):
        points.append(point)
        if len(points) == 8:  # in the middle of a block
            raise KilledError

    def save(part):
        checkpoint.save(tmp_path, to_state(part))

    with pytest.raises(KilledError):
        learn(learner(), lambda block: toy(16, block), on_point=on_point, on_block=save)
    resumed = from_state(checkpoint.load(tmp_path))
    assert 0 < resumed.steps < whole.steps
    learn(resumed, lambda block: toy(16, block))
    ours, theirs = whole.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(ours[k], theirs[k]) for k in ours)
    assert [p.mean_return for p in whole.curve] == [p.mean_return for p in resumed.curve]


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(RunError, match="no training to resume"):
        checkpoint.load(tmp_path)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    checkpoint.save(tmp_path, {"steps": 1})
    path = tmp_path / checkpoint.NAME
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match="damaged"):
        checkpoint.load(tmp_path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    torch.save({"format": 1, "network": Trap()}, tmp_path / checkpoint.NAME)
    with pytest.raises(RunError, match="damaged"):
        checkpoint.load(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_another_kind_of_checkpoint_is_refused(tmp_path):
    checkpoint.save(tmp_path, {"steps": 1})
    with pytest.raises(RunError, match=r"checkpoint\.pt is damaged or of another version"):
        trainer.load_training(tmp_path)
