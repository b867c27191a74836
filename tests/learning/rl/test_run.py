"""Training in one call."""

import pytest

import aurora
from aurora.errors import RunError


def test_a_training_gives_a_policy_and_goes_on_where_its_folder_is(tmp_path):
    points = []
    trained = aurora.train("ppo", steps=600, seed=3, folder=tmp_path / "ppo", tell=points.append)
    assert trained.policy().allocation_strategy.network is not None
    assert points[-1].steps >= 600
    again = aurora.train("ppo", steps=600, seed=3, folder=tmp_path / "ppo", tell=points.append)
    assert again.policy() == trained.policy()
    with pytest.raises(RunError, match="another folder"):
        aurora.train("ppo", steps=600, seed=4, folder=tmp_path / "ppo")
