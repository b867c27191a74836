"""Settings that determine a prompt evolution."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aurora.prompts.loader import Role
from aurora.types import Frozen

Method = Literal["evolver", "best-of", "rewording", "gepa"]
"""Method that proposes variants: the evolver with feedback, its meta-prompt without any, random rewording, or GEPA."""


class EvolutionSettings(Frozen):
    """Settings that determine an evolution; two with equal settings and answers have equal archives."""

    role: Role = "defender"
    method: Method = "evolver"
    source: str = "generated"
    data: str | None = None
    families: tuple[str, ...] = Field((), description="Families of cases; empty: the bench's own choice.")
    seed: int = 0
    model: str = Field("", description="Model that works under the prompts, as provider:model.")
    meta_model: str = Field("", description="Model that writes variants; empty: the same.")
    variants: int = Field(2, ge=1, le=3, description="Variants of a generation.")
    selection: int = Field(4, ge=1, description="Selection cases of each family.")
    sealed: int = Field(4, ge=2, description="Sealed cases of each family.")
    level: int = Field(3, ge=1, le=5, description="Level of the scenarios, where the source has levels.")
    first: str = Field("", description="Id of the prompt that the evolution begins with.")
    meta: str = Field("", description="Id of the meta-prompt.")
