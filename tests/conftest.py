"""Paths of real traces; tests that need absent ones are skipped."""

import os
import signal
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_configure() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` also where the shell started the tests in the background.

    There it is ignored, also by processes that tests start and interrupt.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder itself first.

    The longest tests are among them; last, they would keep one worker busy while the other is idle.
    """
    items.sort(key=lambda item: item.path.parent != HERE)


@pytest.fixture(scope="session")
def traces() -> Path:
    folder = Path(os.environ.get("AURORA_DATA") or "absent")
    if not (folder / "openb").is_dir():
        pytest.skip("AURORA_DATA names no folder with traces")
    return folder.absolute()
