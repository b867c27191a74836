"""Damaged files of tensors and trees raise a one-line error, and their content is never executed."""

import os
import pickle
import random
import zipfile

import lightgbm
import numpy as np
import pytest
import torch

from aurora.errors import DataError, RunError
from aurora.learning.rl import checkpoint, trainer
from aurora.learning.tensors import load_tensors, require_sizes, restore_optimizer, save_tensors
from aurora.learning.tree_text import plain_trees


def load(path):
    return load_tensors(path, error=DataError, remedy="train again")


def test_tensors_are_read_as_written(tmp_path):
    path = tmp_path / "a.pt"
    save_tensors({"a": torch.arange(3), "b": [1, "x"]}, path, error=DataError)
    assert load(path)["a"].tolist() == [0, 1, 2]


class Canary:
    def __reduce__(self):
        return os.mkdir, ("canary",)


def test_the_content_of_a_file_is_never_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Canary()}, tmp_path / "zip.pt")
    (tmp_path / "old.pt").write_bytes(pickle.dumps({"a": Canary()}))
    for name in ("zip.pt", "old.pt"):
        with pytest.raises(DataError, match="train again"):
            load(tmp_path / name)
    assert not (tmp_path / "canary").exists()


def test_any_damage_raises_a_one_line_error(tmp_path):
    path = tmp_path / "a.pt"
    save_tensors({"a": torch.arange(30.0), "b": {"c": [1, 2]}}, path, error=DataError)
    whole, rng = path.read_bytes(), random.Random(1)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(bytes(damaged[: rng.choice((len(damaged), rng.randrange(len(damaged))))]))
        try:
            load(path)
        except DataError as error:
            assert "\n" not in str(error)


def test_a_file_that_decompresses_to_gigabytes_is_refused(tmp_path):
    path = tmp_path / "a.pt"
    zeros = bytes(100 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parts:
        for k in range(11):
            parts.writestr(f"a/data/{k}", zeros)
    with pytest.raises(DataError, match="unpacks"):
        load(path)


@pytest.mark.parametrize("size", [10**9, -1, 2.5, "many", True, None])
def test_impossible_tensor_sizes_are_refused(size):
    with pytest.raises(ValueError, match="units"):
        require_sizes({"units": size}, {"w": torch.zeros(8, 4)})


def test_an_optimizer_of_other_shapes_is_refused():
    def trained_optimizer(units):
        layer = torch.nn.Linear(units, 1)
        optimizer = torch.optim.Adam(layer.parameters())
        layer(torch.ones(1, units)).sum().backward()
        optimizer.step()
        return optimizer

    restore_optimizer(trained_optimizer(3), trained_optimizer(3).state_dict())
    with pytest.raises(ValueError, match="shape"):
        restore_optimizer(trained_optimizer(3), trained_optimizer(4).state_dict())
    state = trained_optimizer(3).state_dict()
    state["param_groups"][0]["lr"] = "fast"
    with pytest.raises(ValueError, match="settings"):
        restore_optimizer(trained_optimizer(3), state)


CHANGES = [
    ("course", None),
    ("course", {"algorithm": "ppo"}),
    ("course", {"algorithm": "magic", "levels": [1], "steps": 1, "seed": 0, "width": 32}),
    ("course", {"algorithm": "ppo", "levels": [1], "steps": 1, "seed": 0, "width": 10**9}),
    ("inputs", 3),
    ("plan", []),
    ("steps", "many"),
    ("blocks", -1),
    ("curve", [1]),
    ("network", {}),
    ("network", None),
    ("optimizer", {"state": {}, "param_groups": []}),
]


@pytest.mark.parametrize(("field", "value"), CHANGES)
def test_a_checkpoint_with_a_field_of_the_wrong_type_is_refused(tmp_path, field, value):
    training = trainer.start_training(trainer.TrainingConfig("ppo", (1,), 100, 0))
    checkpoint.save(tmp_path, {**trainer.to_state(training), field: value})
    with pytest.raises(RunError) as error:
        trainer.load_training(tmp_path)
    assert "\n" not in str(error.value)


def trees():
    rng = np.random.default_rng(0)
    x = rng.random((300, 4))
    settings = {"objective": "quantile", "num_leaves": 5, "verbose": -1, "num_threads": 1}
    return lightgbm.train(settings, lightgbm.Dataset(x, x[:, 0] + x[:, 1]), 3).model_to_string()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("num_class=1\n", "num_class=1000000000\n"),
        ("max_feature_idx=3", "max_feature_idx=0"),
        ("max_feature_idx=3", "max_feature_idx=99999999999"),
        ("num_leaves=5", "num_leaves=6"),
        ("num_leaves=5", "num_leaves=-1"),
        ("left_child=", "left_child=9 "),
        ("left_child=1", "left_child=0"),
        ("split_feature=", "split_feature=99 "),
        ("leaf_value=", "leaf_value=x "),
        ("Tree=1", "Tree=7"),
        ("end of trees", ""),
        ("num_cat=0", "num_cat=3"),
        ("tree\n", "forest\n"),
    ],
)
def test_damaged_trees_never_reach_lightgbm(old, new):
    text = trees()
    assert old in text
    with pytest.raises(ValueError, match=r"\w"):
        plain_trees(text.replace(old, new, 1))


def test_restored_trees_make_the_same_predictions():
    text, x = trees(), np.random.default_rng(1).random((50, 4))
    before, after = (lightgbm.Booster(model_str=t).predict(x, num_threads=1) for t in (text, plain_trees(text)))
    assert (before == after).all()
    assert plain_trees(plain_trees(text)) == plain_trees(text)
