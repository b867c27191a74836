"""Fixtures: a tiny local model, built once a session."""

import pytest

from tests.agents.models.tiny_model import save_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    import torch

    torch.set_num_threads(1)  # of a model this small, threads only get in each other's way
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))
