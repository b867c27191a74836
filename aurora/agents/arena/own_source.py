"""The source `files`: the user's own scenarios, each varied by drawing its tasks anew."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from aurora.agents.arena.sources import PLACED, REWARD_MEASURE, Effort, Source, Spec, reward_less_undone
from aurora.agents.arena.templates import general_template
from aurora.errors import DataError
from aurora.sim.kernel import encode
from aurora.sim.optimum.witness import unplaceable
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.reader import load_scenario
from aurora.sim.scenarios.resample import LEAST_GROUPS, Part, ResampleSpec, groups_of, resampled
from aurora.sim.scenarios.scenario import Scenario

HELD_OUT = ".held-out"
"""What the family of a file's last third is called, after the file's name."""
MOST_FILES = 100
LONGEST_NAME = 64
TRAINING, VALIDATION = 24, 60
"""Scenarios of an iteration and of validation, about; of each file at least one."""


def files_source(folder: Path) -> Source:
    """Return the source of the scenario and spec files (`*.json`) in a folder.

    A file gives two families: variants of its first two thirds of tasks by arrival to train on, and of the last third
    to validate on.

    Args:
        folder: The folder; what lies in folders below it is not read.

    Raises:
        DataError: There are no such files or too many, or a file has too few tasks or one that fits nowhere.
        ScenarioError: A file is not a scenario or a spec.
    """
    paths = _paths(folder)
    scenarios = {path.stem: _checked(path) for path in paths}
    families: dict[str, tuple[str, Part]] = {name: (name, "training") for name in scenarios}
    for name in scenarios:
        if name + HELD_OUT in families:
            raise DataError(f"{folder / name}{HELD_OUT}.json: its name is that of a family of {name}.json; rename it")
        families[name + HELD_OUT] = (name, "validation")

    def sample(family: str, level: int, rng: np.random.Generator) -> Spec:
        name, part = families[family]
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

    def mutate(spec: Spec, rng: np.random.Generator) -> Spec:
        assert isinstance(spec, ResampleSpec)
        seed = int(rng.integers(2**31))
        gap = float(np.clip(spec.gap_factor * np.exp(rng.normal(0, 0.2)), 0.3, 3))
        update = {"spec_id": f"{spec.family}-mutant-{seed}", "gap_factor": round(gap, 3), "seed": seed}
        return spec.model_copy(update=update)

    def expand(spec: Spec) -> Scenario:
        assert isinstance(spec, ResampleSpec)
        return resampled(spec, scenarios[spec.scenario])

    return Source(
        name="files",
        training=tuple(scenarios),
        validation=tuple(name + HELD_OUT for name in scenarios),
        effort=Effort(12, math.ceil(TRAINING / len(paths)), math.ceil(VALIDATION / len(paths))),
        has_levels=False,
        must_complete=False,
        queue_is_given=False,
        references={n: REFERENCES[n] for n in PLACED},
        templates=(general_template(),),
        sample=sample,
        mutate=mutate,
        expand=expand,
        parse=ResampleSpec.model_validate,
        value=reward_less_undone,
        unit="reward",
        measure=REWARD_MEASURE,
        has_pareto_bonus=True,
        files=paths,
    )


def _paths(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; --data names the folder that holds the scenario files (*.json)")
    paths = tuple(sorted(folder.glob("*.json")))
    if not paths:
        raise DataError(f"no *.json in {folder}; put scenarios or specs there (aurora scenarios new writes one)")
    if len(paths) > MOST_FILES:
        raise DataError(f"{folder} holds {len(paths)} files; at most {MOST_FILES} are taken")
    long = next((p for p in paths if len(p.stem) > LONGEST_NAME), None)
    if long is not None:
        raise DataError(f"{long}: its name has {len(long.stem)} characters; at most {LONGEST_NAME} are taken")
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
