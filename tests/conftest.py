"""Paths of real traces; tests that need absent ones are skipped."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def traces() -> Path:
    folder = Path(os.environ.get("AURORA_DATA") or "absent")
    if not (folder / "openb").is_dir():
        pytest.skip("AURORA_DATA names no folder with traces")
    return folder.absolute()
