"""Small studies, and work for evaluators, for tests."""

import os
import signal
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.evals.studies.evaluators.protocol import Stopped
from aurora.evals.studies.running import StudyResult

TINY = """
base: {population: 2, generations: 1, training_per_family: 1, validation_per_family: 1,
       training_families: [batch], validation_families: [accelerators]}
grid: {population: [4]}
seeds: 0-1
budget: {iterations: 2}
judge: {per_family: 1, levels: [1]}
"""


def study_file(folder: Path, text: str = TINY) -> Path:
    """Write a study file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.yaml"
    path.write_text(text)
    return path


def figures(result: StudyResult) -> str:
    """Return the metrics and tables of a result as text."""
    assert result.result is not None
    return result.result.model_dump_json(include={"metrics", "tables", "notes"})


def square(item: int, stopped: Stopped) -> int:
    """Return the square of an item; odd ones of 100 and more fail."""
    if item >= 100 and item % 2:
        raise DataError(f"{item} is odd")
    if item == 102:
        raise ZeroDivisionError("a fault")
    return item * item


def dies_once(item: Any, stopped: Stopped) -> int:
    """Return a number; the first process that meets the item's file dies of it."""
    number, path = item
    if path is not None and not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return int(number)


def always_dies(item: int, stopped: Stopped) -> int:
    """Return a number; the process dies of 3."""
    if item == 3:
        os._exit(9)
    return item
