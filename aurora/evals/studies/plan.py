"""Expands a study into its runs, and checks all of them before the first begins."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from aurora.errors import AuroraError, DataError
from aurora.evals.studies.choices import Settings, parse_choices, settings_of_choices
from aurora.evals.studies.study import RunBudget, Study, read_study, require_name
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.types import Frozen

MAX_RUNS = 1_000
"""Most runs of a study."""
BASE = "base"
"""Name of the variation that changes nothing, which the others are compared with."""
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")


class RunName(NamedTuple):
    """Identity of a run within its study.

    Attributes:
        variation: Name of the variation.
        seed: Random seed.
    """

    variation: str
    seed: int

    def __str__(self) -> str:
        return f"{self.variation}, seed {self.seed}"

    def folder(self, study: Path) -> Path:
        """Return the run directory in the folder of a study."""
        return study / "runs" / self.variation / str(self.seed)


class StudyPlan(Frozen):
    """A study with the settings of its runs, checked.

    Its JSON form is kept in the folder of the study, and holds no path of the study file.
    """

    study: Study = Field(description="The study as its file describes it.")
    variations: dict[str, dict[str, Any]] = Field(description="Variation -> settings of its runs, but for the seed.")

    @property
    def runs(self) -> list[RunName]:
        """Return all runs, seed by seed, so that an early stop leaves variations that can be compared."""
        return [RunName(name, seed) for seed in self.study.seeds for name in self.variations]

    @cached_property
    def by_variation(self) -> Mapping[str, Settings]:
        """Return the settings of each variation, with the seed 0."""
        model: Any = settings_type(self.study)
        return {name: model.model_validate(values) for name, values in self.variations.items()}

    def settings(self, run: RunName) -> Settings:
        """Return the settings of a run."""
        return self.by_variation[run.variation].model_copy(update={"seed": run.seed})

    def totals(self) -> list[tuple[str, float | None, float | None]]:
        """Return each limit: its unit, the limit of a run and of all runs; None: no limit."""
        count = len(self.runs)
        limits = self.study.budget.model_dump()
        return [(unit, limit, None if limit is None else limit * count) for unit, limit in limits.items()]


def settings_type(study: Study) -> type[Settings]:
    """Return the type of the settings of a study's runs."""
    if study.kind == "selfplay":
        return SelfPlaySettings
    from aurora.graphs.prompt_evolution.settings import EvolutionSettings  # noqa: PLC0415  # for its kind only

    return EvolutionSettings


def plan_study(path: Path) -> StudyPlan:
    """Read a study file and check every run of it: settings, sources, policies, names and number.

    Raises:
        FileError: The file, or a trace, can't be read.
        DataError: The file is no study, a setting is not valid, or there are too many runs.
        ModelError: A model has no valid name.
        ScenarioError: A scenario file of the source `files` is not valid.
    """
    study = read_study(path)
    changes = _changes(study, path)
    _require_few(study, len(changes), path)
    variations: dict[str, dict[str, Any]] = {}
    for name, changed in changes.items():
        where = f"{path}, {'base' if not changed else f'variation {name}'}"
        choices = parse_choices(study.kind, study.base | changed, where)
        settings = settings_of_choices(choices, path.parent, where)
        _require_source(settings, where)
        values = settings.model_dump(mode="json", exclude={"seed"})
        twin = next((n for n, v in variations.items() if v == values), None)
        if twin is None:
            variations[name] = values
        elif twin != BASE or study.variations:
            raise DataError(f"{where}: its settings are those of {twin}; leave one of them out")
    _require_limits(study, path)
    return StudyPlan(study=study, variations=variations)


def _changes(study: Study, path: Path) -> dict[str, dict[str, Any]]:
    """Return the settings that each variation changes, by its name; the base first."""
    changes: dict[str, dict[str, Any]] = {BASE: {}}
    if study.variations.get(BASE):
        raise DataError(f"{path}, variations.{BASE}: this name is that of the base settings; give another name")
    for name, changed in study.variations.items():
        changes[name] = changed
    if math.prod(len(v) for v in study.grid.values()) > MAX_RUNS:
        _require_few(study, math.prod(len(v) for v in study.grid.values()), path)
    for values in itertools.product(*study.grid.values()) if study.grid else ():
        changed = dict(zip(study.grid, values, strict=True))
        name = ",".join(f"{key}={_word(value)}" for key, value in changed.items())
        try:
            require_name(name)
        except ValueError as error:
            raise DataError(f"{path}, grid: {error}") from None
        if name in changes:
            raise DataError(f"{path}, grid: two combinations are named {name}; list variations with names of your own")
        changes[name] = changed
    return changes


def _word(value: Any) -> str:
    """Return a value as a part of a folder's name."""
    if isinstance(value, list):
        return "+".join(map(_word, value)) or "none"
    text = {None: "none", True: "yes", False: "no"}.get(value) if value is None or isinstance(value, bool) else None
    return text or _UNFIT.sub("-", str(value)) or "empty"


def _require_few(study: Study, variations: int, path: Path) -> None:
    count = variations * len(study.seeds)
    if count > MAX_RUNS:
        raise DataError(
            f"{path}: {variations:,} variations with {len(study.seeds):,} seeds are {count:,} runs, at most "
            f"{MAX_RUNS:,} are allowed; shorten the grid or the seeds"
        )


def _require_source(settings: Settings, where: str) -> None:
    """Raise an error that names the place in the study file unless the source of the settings opens."""
    try:
        if isinstance(settings, SelfPlaySettings):
            chosen_source(settings)
        else:
            from aurora.graphs.prompt_evolution.benches.opening import open_bench  # noqa: PLC0415  # for its kind only

            open_bench(settings)
    except AuroraError as error:
        raise DataError(f"{where}: {error}") from None


def _require_limits(study: Study, path: Path) -> None:
    """Raise `DataError` for limits that a kind of study does not have."""
    given = study.budget.model_dump(exclude_none=True)
    foreign = {"selfplay": {"proposals"}, "evolve-prompts": {"seconds", "calls"}}[study.kind] & set(given)
    if foreign:
        raise DataError(f"{path}, budget.{min(foreign)}: a study of {study.kind} has no such limit; remove it")
    if study.kind == "evolve-prompts" and "judge" in study.model_fields_set:
        raise DataError(f"{path}, judge: prompts are judged on their own sealed cases (base.sealed); remove it")


def budget_of_run(budget: RunBudget) -> str:
    """Return the limits of a run in words."""
    given = budget.model_dump(exclude_none=True)
    return ", ".join(f"${v:,.2f}" if unit == "dollars" else f"{v:,g} {unit}" for unit, v in given.items())
