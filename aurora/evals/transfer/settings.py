"""Settings of a transfer evaluation and of ablations, and the check that a folder continues the same one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aurora.errors import RunError
from aurora.files import write_atomically, writing
from aurora.graphs.settings import SelfPlaySettings
from aurora.reading import read_json

SETTINGS_FILE = "settings.json"


@dataclass(frozen=True, slots=True)
class Effort:
    """Effort of trainings and of their judgement.

    Attributes:
        evaluations: Largest number of simulations of a training.
        seeds: Random seeds of training; the first is that of the judged scenarios too.
        scenarios: Judged scenarios of each family and level.
        levels: Levels of the judged scenarios.
        population: Candidates of each generation of the search.
        generations: Generations of each iteration; None: the source's own choice.
        per_family: Training and validation scenarios of each family; None: the source's own choice.
    """

    evaluations: int = 12_000
    seeds: tuple[int, ...] = (1, 2, 3)
    scenarios: int = 8
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)
    population: int = 16
    generations: int | None = None
    per_family: tuple[int, int] | None = None

    def selfplay(
        self, seed: int, training: tuple[str, ...], validation: tuple[str, ...], **more: Any
    ) -> SelfPlaySettings:
        """Return the settings of a training.

        Args:
            seed: Random seed.
            training: Families to train on.
            validation: Families to choose the champion on.
            more: Other settings of the run.
        """
        counts = self.per_family or (None, None)
        return SelfPlaySettings(
            seed=seed,
            training_families=training,
            validation_families=validation,
            population=self.population,
            generations=self.generations,
            training_per_family=counts[0],
            validation_per_family=counts[1],
            **more,
        )

    def with_short_iterations(self, evaluations: int) -> Effort:
        """Return the effort with many small iterations, so that runs leave levels of the curriculum.

        A level is left after four iterations of five scenarios at the earliest.

        Args:
            evaluations: Largest number of simulations of a training.
        """
        population, generations, per_family = SHORT_ITERATIONS
        return replace(
            self, evaluations=evaluations, population=population, generations=generations, per_family=per_family
        )


SHORT_ITERATIONS = (8, 4, (2, 8))
"""Candidates, generations, and training and validation scenarios of each family, of a short iteration."""
QUICK = Effort(600, (1, 2), 2, (1, 2), population=4, generations=3, per_family=(2, 4))
"""Effort of a first look and of tests."""
ABLATED_PER_FAMILY = (2, 15)
"""Training and validation scenarios of each family in ablations, which train on all families at once."""


def claim(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Write the settings of a new evaluation to its folder, or check that it continues the same one.

    Args:
        folder: Folder of the evaluation; it is created.
        settings: Settings by name; those that only the folder has don't matter.

    Returns:
        The settings as JSON values.

    Raises:
        RunError: The folder holds an evaluation with other settings.
        FileError: The folder can't be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    file, document = folder / SETTINGS_FILE, json.dumps(dict(settings), indent=1)
    if not file.is_file():
        write_atomically(file, document + "\n")
    now: dict[str, Any] = json.loads(document)
    before = read_json(file)
    differing = sorted(k for k in now if before.get(k) != now[k])
    if differing:
        raise RunError(f"{folder} was begun with other settings ({', '.join(differing)}); name another folder")
    return now
