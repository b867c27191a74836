"""Paths of real traces; tests that need absent ones are skipped."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cli.command import aurora
from tests.examples import examples
from tests.processes import forked

HERE = Path(__file__).parent

os.environ.setdefault("OMP_NUM_THREADS", "1")  # each worker of pytest has a core

# A slow or busy machine is no fault of what is tested.
settings.register_profile(
    "aurora", max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("aurora")


def pytest_configure() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` also where the shell started the tests in the background.

    There it is ignored, also by processes that tests start and interrupt.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder itself first, then those that fork processes.

    The longest tests are among the first; last, they would keep one worker busy while the other is idle. The server
    that processes are forked from takes 15 s to load: together, their tests need it on the first worker only.
    """
    items.sort(key=lambda item: (item.path.parent != HERE, not _forks(item)))


def _forks(item: pytest.Item) -> bool:
    names = vars(item.module) if isinstance(item, pytest.Function) else {}
    return "processes" in getattr(item, "fixturenames", ()) or any(names.get(f.__name__) is f for f in (aurora, forked))


@pytest.fixture(scope="session")
def traces() -> Path:
    folder = Path(os.environ.get("AURORA_DATA") or "absent")
    if not (folder / "openb").is_dir():
        pytest.skip("AURORA_DATA names no folder with traces")
    return folder.absolute()
