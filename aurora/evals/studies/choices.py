"""Settings that a study file may choose, with their limits, and the settings of a run that they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from aurora.agents.arena.sources import SOURCES
from aurora.errors import DataError, InputError
from aurora.evals.studies.documents import require_known
from aurora.evals.studies.study import Kind
from aurora.graphs.prompt_evolution.settings import EvolutionSettings, Method
from aurora.graphs.settings import SelfPlaySettings
from aurora.prompts.loader import EVOLVABLE, load_prompt
from aurora.sim.policies.policy import Policy
from aurora.types import Frozen
from aurora.validation import explain_validation

Settings = SelfPlaySettings | EvolutionSettings


class SelfPlayChoices(Frozen):
    """Settings of self-play that a study may choose."""

    source: str = Field("generated", description=f"Source of scenarios: {', '.join(SOURCES)}.")
    data: str | None = Field(None, description="Folder with traces or scenario files, from the folder of this file.")
    training_families: tuple[str, ...] = Field((), description="Families to train on; empty: the source's choice.")
    validation_families: tuple[str, ...] = Field((), description="Families that choose the champion; likewise.")
    population: int = Field(16, ge=2, le=10_000, description="Candidates in a generation of the search.")
    generations: int | None = Field(None, ge=1, le=10_000, description="Generations in an iteration; null: likewise.")
    training_per_family: int | None = Field(None, ge=1, le=10_000, description="Training scenarios of each family.")
    validation_per_family: int | None = Field(None, ge=1, le=10_000, description="Validation scenarios of each family.")
    proposer: Literal["search", "model", "both"] = Field(
        "search", description="Author of scenarios and policies: search, model or both."
    )
    model: str = Field("", description="PROVIDER:MODEL, for model and both; empty: AURORA_MODEL.")
    model_from_level: int = Field(2, ge=1, le=5, description="Lowest level at which the model is called.")
    evolve_prompts: int = Field(
        0, ge=0, le=1_000_000, description="Iterations between two evolutions of the prompts; 0: they do not evolve."
    )
    start: str | None = Field(None, description="Policy that the search starts from: a file, or a reference's name.")
    index: bool = Field(False, description="Similar scenarios are found by texts, which needs the extra [models].")


class EvolutionChoices(Frozen):
    """Settings of prompt evolution that a study may choose."""

    role: Literal["attacker", "defender", "explainer", "operator"] = Field(
        "defender", description=f"Agent whose prompt evolves: {', '.join(EVOLVABLE)}."
    )
    method: Method = Field("evolver", description=f"Author of variants: {', '.join(get_args(Method))}.")
    source: str = Field("generated", description=f"Source of scenarios: {', '.join(SOURCES)}.")
    data: str | None = Field(None, description="Folder with traces or scenario files, from the folder of this file.")
    families: tuple[str, ...] = Field((), description="Families of cases; empty: the bench's own choice.")
    model: str = Field("", description="PROVIDER:MODEL that works under the prompts; empty: AURORA_MODEL.")
    meta_model: str = Field("", description="PROVIDER:MODEL that writes variants; empty: the same.")
    variants: int = Field(2, ge=1, le=3, description="Variants of a generation.")
    selection: int = Field(4, ge=1, le=1_000, description="Selection cases of each family.")
    sealed: int = Field(4, ge=2, le=1_000, description="Sealed cases of each family.")
    level: int = Field(3, ge=1, le=5, description="Level of the scenarios, where the source has levels.")


CHOICES: dict[Kind, type[SelfPlayChoices] | type[EvolutionChoices]] = {
    "selfplay": SelfPlayChoices,
    "evolve-prompts": EvolutionChoices,
}
"""Settings that a study of a kind may choose."""


def parse_choices(kind: Kind, values: dict[str, Any], where: str) -> SelfPlayChoices | EvolutionChoices:
    """Check the settings of a variation.

    Args:
        kind: Kind of the study.
        values: Settings by name.
        where: Place of the settings in messages.

    Raises:
        DataError: A setting is unknown or its value is not valid.
    """
    model = CHOICES[kind]
    if "seed" in values:
        raise DataError(f"{where}: seed is no setting of a study; list seeds under `seeds`")
    require_known(where, values, model.model_fields)
    try:
        choices = model.model_validate(values)
    except ValidationError as error:
        raise DataError(f"{where}: {explain_validation(error)}") from None
    if choices.source not in SOURCES:
        raise DataError(f"{where}: there is no source {choices.source[:60]!r}; there are {', '.join(SOURCES)}")
    return choices


def settings_of_choices(choices: SelfPlayChoices | EvolutionChoices, folder: Path, where: str) -> Settings:
    """Return the settings of the runs of a variation, with the seed 0.

    Args:
        choices: Settings that the study chooses.
        folder: Folder of the study file; relative paths begin there.
        where: Place of the settings in messages.

    Raises:
        DataError: The policy to start from can't be read or used.
        ModelError: The model has no valid name, or there is no embedder for the index.
    """
    values = choices.model_dump()
    values["data"] = None if choices.data is None else str((folder / choices.data).absolute())
    if isinstance(choices, SelfPlayChoices):
        values.pop("index")
        values["start"] = None if choices.start is None else _start(choices.start, folder, where)
        return SelfPlaySettings(**values | _of_index(choices) | _of_model(choices))
    from aurora.agents.models.model import model_name  # noqa: PLC0415  # heavy, for models only
    from aurora.graphs.prompt_evolution.run import with_prompts  # noqa: PLC0415  # heavy, likewise

    values["model"] = str(model_name(choices.model or None))
    values["meta_model"] = str(model_name(choices.meta_model)) if choices.meta_model else ""
    return with_prompts(EvolutionSettings(**values))


def _of_index(choices: SelfPlayChoices) -> dict[str, Any]:
    if not choices.index:
        return {}
    from aurora.memory.embedder import open_embedder  # noqa: PLC0415  # heavy, where an index is wanted

    return {"embedder": open_embedder().fingerprint}


def _of_model(choices: SelfPlayChoices) -> dict[str, Any]:
    if choices.proposer == "search":
        return {"model": "", "model_from_level": SelfPlaySettings().model_from_level}
    from aurora.agents.models.model import model_name  # noqa: PLC0415  # heavy, for models only

    prompts = tuple(load_prompt(role).prompt_id for role in ("attacker", "defender"))
    return {"model": str(model_name(choices.model or None)), "prompts": prompts}


def _start(name: str, folder: Path, where: str) -> Policy:
    from aurora.champions.named import is_policy_name, load_policy  # noqa: PLC0415  # where one is named
    from aurora.errors import PolicyError  # noqa: PLC0415  # beside its use
    from aurora.graphs.start import checked_start  # noqa: PLC0415  # compiles policies, where one is named

    try:
        return checked_start(load_policy(name if is_policy_name(name) else str(folder / name)))
    except (PolicyError, InputError) as error:
        raise DataError(f"{where}, start: {error}") from None
