"""The source `files`: the user's own scenarios, each varied by drawing its tasks anew."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.reward import GENERAL_REFERENCES, REWARD_MEASURE, reward_less_undone, rewards_less_undone
from aurora.agents.arena.source import Effort, Results
from aurora.agents.arena.templates import general_template
from aurora.errors import DataError, FileError
from aurora.sim.kernel import encode
from aurora.sim.optimum.witness import unplaceable
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.reader import load_scenario
from aurora.sim.scenarios.resample import LEAST_GROUPS, Part, ResampleSpec, groups_of, resampled
from aurora.sim.scenarios.scenario import Scenario

HELD_OUT = ".held-out"
"""Ending of the family that draws from a file's last third."""
MAX_FILES = 100
MAX_NAME_LENGTH = 64
TRAINING, VALIDATION = 24, 60
"""About how many scenarios training has an iteration, and validation; at least one of each file."""


@dataclass(frozen=True)
class FilesSource:
    """The scenario and spec files (`*.json`) of a folder; see `Source`.

    A file gives two families: variants of its first two thirds of tasks by arrival to train on, and of the last third
    to validate on. Most files have too few tasks for a third one, so there are no families for a test.

    Attributes:
        scenarios: Content of the files by name, without the ending.
    """

    scenarios: Mapping[str, Scenario]
    files: tuple[Path, ...]
    training: tuple[str, ...]
    validation: tuple[str, ...]
    effort: Effort
    templates: tuple[Policy, ...] = (general_template(),)
    test: tuple[str, ...] = ()

    name: ClassVar[str] = "files"
    references: ClassVar[Mapping[str, Policy]] = GENERAL_REFERENCES
    has_levels: ClassVar[bool] = False
    must_complete: ClassVar[bool] = False
    queue_is_given: ClassVar[bool] = False
    admission_is_given: ClassVar[bool] = False
    has_pareto_bonus: ClassVar[bool] = True
    values_need_status: ClassVar[bool] = False
    unit: ClassVar[str] = "reward"
    measure: ClassVar[str] = REWARD_MEASURE
    judged_per_family: ClassVar[int] = 20

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the files of a folder; files in folders below it are not read.

        Raises:
            FileError: There is no such folder, or no such file in it.
            DataError: There are too many files, or a file has too few tasks or one that fits nowhere.
            ScenarioError: A file is not a scenario or a spec.
        """
        paths = _paths(folder)
        scenarios = {path.stem: _checked(path) for path in paths}
        for name in scenarios:
            if name + HELD_OUT in scenarios:
                raise DataError(
                    f"{folder / name}{HELD_OUT}.json: its name is that of a family of {name}.json; rename it"
                )
        return cls(
            scenarios,
            paths,
            training=tuple(scenarios),
            validation=tuple(name + HELD_OUT for name in scenarios),
            effort=Effort(12, math.ceil(TRAINING / len(paths)), math.ceil(VALIDATION / len(paths))),
        )

    def sample(self, family: str, level: int, rng: np.random.Generator) -> ResampleSpec:
        """Draw a variant of a file; the level does not count."""
        name, part = _file_of(family, self.scenarios)
        seed = int(rng.integers(2**31))
        return ResampleSpec(
            spec_id=f"{family}-{seed}",
            family=family,
            scenario=name,
            part=part,
            gap_factor=round(float(np.exp(rng.normal(0, 0.1))), 3),
            duration_spread=0.2,
            seed=seed,
        )

    def mutate(self, spec: ResampleSpec, rng: np.random.Generator) -> ResampleSpec:
        """Return another variant of the same file, at another pace."""
        seed = int(rng.integers(2**31))
        gap = float(np.clip(spec.gap_factor * np.exp(rng.normal(0, 0.2)), 0.3, 3))
        update = {"spec_id": f"{spec.family}-mutant-{seed}", "gap_factor": round(gap, 3), "seed": seed}
        return spec.model_copy(update=update)

    def expand(self, spec: ResampleSpec) -> Scenario:
        """Return the scenario that a spec describes."""
        return resampled(spec, self.scenarios[spec.scenario])

    def parse(self, data: Any) -> ResampleSpec:
        """Read a spec from JSON values."""
        return ResampleSpec.model_validate(data)

    def value(self, scenario: Scenario, outcome: Outcome) -> float:
        """Return the reward less what leaving tasks undone costs."""
        return reward_less_undone(scenario, outcome)

    def values(self, scenario: Scenario, results: Results) -> NDArray[np.float64]:
        """Return `value` of many policies on a scenario."""
        return rewards_less_undone(scenario, results.sums)


def _file_of(family: str, scenarios: Mapping[str, Scenario]) -> tuple[str, Part]:
    """Return the file and the stretch of its tasks that a family draws from."""
    return (family, "training") if family in scenarios else (family.removesuffix(HELD_OUT), "validation")


def _paths(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise FileError(f"{folder} is not a folder; give the folder that holds the scenario files (*.json)")
    paths = tuple(sorted(folder.glob("*.json")))
    if not paths:
        raise FileError(f"no *.json in {folder}; put scenarios or specs there (aurora scenarios new writes one)")
    if len(paths) > MAX_FILES:
        raise DataError(f"{folder} holds {len(paths)} files; at most {MAX_FILES} are taken")
    long = next((p for p in paths if len(p.stem) > MAX_NAME_LENGTH), None)
    if long is not None:
        raise DataError(f"{long}: its name has {len(long.stem)} characters; at most {MAX_NAME_LENGTH} are taken")
    return paths


def _checked(path: Path) -> Scenario:
    scenario = load_scenario(path)
    groups = len(groups_of(scenario))
    if groups < LEAST_GROUPS:
        raise DataError(
            f"{path}: {groups} tasks or groups of tasks that depend on each other; at least {LEAST_GROUPS} are needed, "
            "because variants are drawn from them and a third is held back for validation"
        )
    hopeless = unplaceable(encode(scenario))
    if hopeless:
        raise DataError(f"{path}: {hopeless}; take these tasks out, or give a node or a link more room")
    return scenario
