"""Memory of the server stays as it is over many turns: the benchmark `web_load.py`, here for a short while."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 20.0
"""MiB per 1,000 turns. A server that keeps each request of a model grows by over 100."""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_turns() -> None:
    command = [sys.executable, "benchmarks/web_load.py", "memory", "--rate", "3", "--seconds", "120"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = re.search(r"MiB per 1,000 turns\t(-?[\d.]+) \((-?[\d.]+) to", ran.stdout)
    assert found is not None, ran.stdout
    assert float(found[2]) < MOST, ran.stdout
