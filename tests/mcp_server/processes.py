"""`aurora mcp` as a process that does not outlive its test."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "aurora", "mcp", *words]


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill a process where its test fails: leaving `Popen` waits for its end."""
    try:
        yield
    except BaseException:
        process.kill()
        raise
