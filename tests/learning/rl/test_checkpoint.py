import os

import pytest
import torch

from aurora.errors import RunError
from aurora.learning.rl import checkpoint, ppo, trainer
from aurora.learning.rl.networks import Shape
from aurora.learning.rl.training import Plan, begin, from_state, to_state, train
from tests.learning.rl.toys import Cheapest, Cue


class KilledError(Exception):
    pass


@pytest.mark.parametrize(("toy", "memory"), [(Cheapest, 0), (Cue, 8)])
def test_an_interrupted_training_ends_with_the_same_weights(tmp_path, toy, memory):
    def learner():
        shape = Shape(toy.features, toy.context, 16, memory)
        return begin(Plan(4_000, 1, shape, ppo.Settings(environments=16, length=16), block=3))

    whole, told = learner(), []
    train(whole, lambda block: toy(16, block))

    def tell(point):
        told.append(point)
        if len(told) == 8:  # in the middle of a block
            raise KilledError

    def save(part):
        checkpoint.save(tmp_path, to_state(part))

    with pytest.raises(KilledError):
        train(learner(), lambda block: toy(16, block), tell=tell, save=save)
    resumed = from_state(checkpoint.load(tmp_path))
    assert 0 < resumed.steps < whole.steps
    train(resumed, lambda block: toy(16, block))
    ours, theirs = whole.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(ours[k], theirs[k]) for k in ours)
    assert [p.value for p in whole.curve] == [p.value for p in resumed.curve]


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
        trainer.resume(tmp_path)
