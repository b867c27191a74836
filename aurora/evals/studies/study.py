"""The study file: base settings, variations, seeds, budget and judgement of many runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from aurora.errors import DataError
from aurora.evals.studies.documents import read_document, require_known
from aurora.types import Frozen
from aurora.validation import explain_validation

MAX_SEED = 2**31 - 1
"""Largest seed that all libraries take."""
MAX_SEEDS = 1_000
"""Most seeds of a study."""
MAX_NAME = 100
"""Most characters of the name of a variation, which is also the name of a folder."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+-]*")

Kind = Literal["selfplay", "evolve-prompts"]


def _seeds(given: Any) -> Any:
    """Return the seeds of `0-9`, of a number, or of a list."""
    if isinstance(given, bool) or not isinstance(given, int | str):
        return given
    if isinstance(given, int):
        return [given]
    match = re.fullmatch(r"\s*(\d{1,10})\s*-\s*(\d{1,10})\s*", given)
    if match is None or not int(match[1]) <= int(match[2]) <= int(match[1]) + MAX_SEEDS:
        raise ValueError(f"write seeds as a range such as 0-9, or as a list such as [1, 5], at most {MAX_SEEDS}")
    return list(range(int(match[1]), int(match[2]) + 1))


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed occurs twice; give each once")
    return seeds


Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)], ...],
    BeforeValidator(_seeds),
    AfterValidator(_distinct),
    Field(min_length=1, max_length=MAX_SEEDS),
]


class RunBudget(Frozen):
    """Limits of each run; a run stops at the first that it reaches."""

    iterations: int | None = Field(None, ge=1, le=1_000_000, description="Iterations, or generations of prompts.")
    evaluations: int | None = Field(
        None, ge=1, description="Simulations, or measurements of prompts; the iteration that reaches them is finished."
    )
    seconds: float | None = Field(
        None, gt=0, le=1e9, description="Seconds of self-play; such runs differ from machine to machine."
    )
    dollars: float | None = Field(None, ge=0, le=1e9, description="Price of the model's calls, in dollars.")
    calls: int | None = Field(None, ge=0, description="Calls of the model in self-play.")
    tokens: int | None = Field(None, ge=0, description="Tokens of the model, in and out.")
    proposals: int | None = Field(None, ge=1, description="Variants that the evolver asks for.")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.iterations is None and self.evaluations is None and self.seconds is None:
            raise ValueError("no run would end; give iterations, evaluations or seconds")
        return self


class Judge(Frozen):
    """Fresh scenarios on which every champion is judged; the same for all runs."""

    per_family: int = Field(2, ge=1, le=1_000, description="Scenarios of each family and level.")
    levels: tuple[Annotated[int, Field(ge=1, le=5)], ...] = Field(
        (), description="Levels of the scenarios, where the source has levels; empty: all."
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Random seed of the scenarios.")


class Study(Frozen):
    """A study as its file describes it."""

    format: Literal[1] = Field(1, description="Version of this format.")
    kind: Kind = Field("selfplay", description="Kind of its runs.")
    base: dict[str, Any] = Field({}, description="Settings of every run; what is absent has its default.")
    grid: dict[str, list[Any]] = Field({}, description="Setting -> its values; every combination is a variation.")
    variations: dict[str, dict[str, Any]] = Field({}, description="Name -> settings that differ from the base.")
    seeds: Seeds = Field(description="Random seeds; every variation runs with each.")
    budget: RunBudget = Field(description="Limits of each run.")
    judge: Judge = Field(Judge(), description="Judgement of the champions; self-play only.")

    @model_validator(mode="after")
    def _varies(self) -> Self:
        if self.grid and self.variations:
            raise ValueError("give a grid or variations, not both")
        empty = [name for name, values in self.grid.items() if not values]
        if empty:
            raise ValueError(f"grid.{empty[0]} is empty; list at least one value, or remove it")
        for name in self.variations:
            require_name(name)
        return self


def require_name(name: str) -> None:
    """Check the name of a variation, which becomes the name of a folder.

    Raises:
        ValueError: It has other characters, or too many.
    """
    if len(name) > MAX_NAME:
        raise ValueError(
            f"the name {name[:40]!r}... has {len(name)} characters, at most {MAX_NAME} are allowed; "
            "list variations with short names in place of the grid"
        )
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name[:MAX_NAME]!r} is no name of a variation; use letters, digits and . _ = , + - after the first"
        )


def read_study(path: Path) -> Study:
    """Read a study file, YAML or JSON.

    Raises:
        FileError: The file can't be read.
        DataError: It is not YAML, or not a study; the message names the field.
    """
    data = read_document(path)
    require_known(str(path), data, Study.model_fields)
    for part, model in (("budget", RunBudget), ("judge", Judge)):
        if isinstance(data.get(part), dict):
            require_known(f"{path}, {part}", data[part], model.model_fields)
    try:
        return Study.model_validate(data)
    except ValidationError as error:
        raise DataError(f"{path} is no study: {explain_validation(error)}; see `aurora study new`") from None
