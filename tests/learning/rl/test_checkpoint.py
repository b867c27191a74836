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
        return new_learner(PPOTrainingConfig(2_800, 1, network, hyperparameters, updates_per_block=3))

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


STORED = {
    "ppo": "clip discount divergence entropy environments epochs gradient_norm learning_rate length minibatches "
    "smoothing value_weight",
    "dqn": "batch discount environments exploration gradient_steps learning_rate least_exploration replay "
    "target_every warm_up",
    "sac": "batch discount environments gradient_steps learning_rate replay temperature warm_up",
}
"""Names of hyperparameters in checkpoints of format 1."""


@pytest.mark.parametrize("algorithm", STORED)
def test_names_in_a_checkpoint_are_those_of_format_1(algorithm):
    state = trainer.to_state(trainer.start_training(trainer.TrainingConfig(algorithm, (1,), 100, 0)))
    assert sorted(state["course"]) == ["algorithm", "levels", "seed", "steps", "width"]
    assert {"steps", "seed", "shape", "settings", "block"} <= set(state["plan"])
    assert sorted(state["plan"]["shape"]) == ["context", "features", "memory", "width"]
    assert sorted(state["plan"]["settings"]) == STORED[algorithm].split()


def test_names_of_a_learning_curve_are_those_of_format_1():
    training = trainer.start_training(trainer.TrainingConfig("ppo", (1,), 100, 0))
    trainer.run_training(training)
    (point,) = trainer.to_state(training)["curve"]
    assert sorted(point) == ["episodes", "measures", "seconds", "steps", "value"]
    assert sorted(point["measures"]) == ["clipped", "divergence", "entropy", "policy_loss", "value_loss"]


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


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    checkpoint.save(tmp_path, {"steps": 1})
    with pytest.raises(RunError, match=r"checkpoint\.pt is damaged or of another version"):
        trainer.load_training(tmp_path)
