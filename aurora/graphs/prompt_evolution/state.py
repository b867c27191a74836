"""The state of prompt evolution: variants, their measurements, and what the nodes set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import Field
from typing_extensions import TypedDict

from aurora.graphs.prompt_evolution.budget import Use
from aurora.prompts.loader import Prompt, Role
from aurora.types import Frozen

Stop = Literal["", "done", "interrupted", "budget spent"]
"""Reason why an evolution stopped; "" while it continues."""


class Variant(Frozen):
    """A version of a prompt with its origin."""

    prompt_id: str = Field(description="Hash of the text.")
    text: str = Field(description="The whole prompt.")
    parent_id: str | None = Field(None, description="Version that it was made from; null: the evolution began with it.")
    generation: int = Field(0, ge=0, description="Generation in which it was proposed; 0: the first prompt.")
    by: str = Field("", description="Method that proposed it.")
    changed: str = Field("", description="What its author says was changed.")
    why: str = Field("", description="Why its author changed it.")
    causes: tuple[str, ...] = Field((), description="Failures that its author was shown.")


class Sample(Frozen):
    """A measurement of a prompt on a case."""

    prompt_id: str = Field(description="Version of the prompt.")
    case: str = Field(description="Name of the case.")
    family: str = Field(description="Family of the case.")
    value: float | None = Field(None, description="Value, higher is better; null: nothing was measured.")
    failure: str = Field("", description="Reason why nothing was measured.")
    calls: int = Field(0, ge=0, description="Answered calls of the model.")
    tokens: int = Field(0, ge=0, description="Tokens in and out.")
    dollars: float = Field(0.0, ge=0, description="Price of the calls.")
    simulations: int = Field(0, ge=0, description="Simulations.")
    outcomes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


class Judged(Frozen):
    """A variant compared with the first prompt on the sealed cases."""

    prompt_id: str = Field(description="Version that was selected.")
    candidates: int = Field(ge=1, description="Versions among which it was selected.")
    judgements: int = Field(ge=1, description="Judgements on these sealed cases so far, this one included.")
    selection: tuple[float, float, float] = Field(
        description="Gain over the first prompt on the selection cases with its 95 % interval; biased upwards."
    )
    sealed: tuple[float, float | None, float | None] = Field(
        description="Gain on the sealed cases with its 95 % interval; null: a bound is open."
    )
    p_value: float = Field(ge=0, le=1, description="Two-sided p-value of a paired test, times judgements.")
    pairs: int = Field(ge=1, description="Sealed cases that both were measured on.")
    verdict: Literal["gain", "none", "loss"] = Field(description="none: 0 is in the sealed interval, or p > 0.05.")


class Standing(Frozen):
    """The state of an evolution between generations; the archive keeps it with each commit."""

    role: Role
    first: str = Field(description="Version that the evolution began with.")
    variants: tuple[Variant, ...]
    samples: tuple[Sample, ...] = ()
    kept: tuple[str, ...] = Field((), description="Versions that are kept, the best on average first.")
    generation: int = Field(0, ge=0, description="Generations that are committed.")
    commits: int = Field(0, ge=0, description="Commits of the archive.")
    proposals: int = Field(0, ge=0, description="Variants that were asked for.")
    evaluations: int = Field(0, ge=0, description="Measurements.")
    proposing: Use = Field(Use(), description="Resources that proposals used.")
    refusals: tuple[str, ...] = Field((), description="Reasons against the latest refused variants.")
    judged: tuple[Judged, ...] = ()

    def variant(self, prompt_id: str) -> Variant:
        """Return a version by its id."""
        return next(v for v in self.variants if v.prompt_id == prompt_id)

    @property
    def use(self) -> Use:
        """Return the resources used so far."""
        return Use(
            self.proposing.calls + sum(s.calls for s in self.samples),
            self.proposing.tokens + sum(s.tokens for s in self.samples),
            self.proposing.dollars + sum(s.dollars for s in self.samples),
        )


class Proposal(NamedTuple):
    """A variant that was not yet checked.

    Attributes:
        parent: Version that it was made from.
        text: The whole prompt.
        changed, why: What was changed, and why.
        causes: Failures that its author was shown.
    """

    parent: str
    text: str
    changed: str
    why: str
    causes: tuple[str, ...] = ()


class Proposed(NamedTuple):
    """Variants of a generation.

    Attributes:
        proposals: Variants.
        asked: Number that was asked for.
        refused: Reasons against those that were sent back.
        use: Resources used.
    """

    proposals: tuple[Proposal, ...] = ()
    asked: int = 0
    refused: tuple[str, ...] = ()
    use: Use = Use()


class Checked(NamedTuple):
    """Variants that may be measured, and the reasons against the others."""

    variants: tuple[Variant, ...] = ()
    refused: tuple[str, ...] = ()


class Selection(NamedTuple):
    """Versions that are kept, the best on average first, and those on the front of the families."""

    kept: tuple[str, ...]
    front: tuple[str, ...]


class State(TypedDict):
    """State within a generation; a node reads only what the nodes before it have set."""

    standing: Standing
    stop: Stop
    proposed: Proposed
    checked: Checked
    samples: tuple[Sample, ...]
    selection: Selection


class Update(TypedDict, total=False):
    """The keys of the state that a node sets."""

    standing: Standing
    stop: Stop
    proposed: Proposed
    checked: Checked
    samples: tuple[Sample, ...]
    selection: Selection


def first_standing(prompt: Prompt) -> Standing:
    """Return the state before the first generation."""
    first = Variant(prompt_id=prompt.prompt_id, text=prompt.text, by="first")
    return Standing(role=prompt.role, first=first.prompt_id, variants=(first,))


def values_of(samples: Sequence[Sample], prompt_id: str) -> dict[str, float]:
    """Return what a version achieved, by case."""
    return {s.case: s.value for s in samples if s.prompt_id == prompt_id and s.value is not None}


def family_means(samples: Sequence[Sample], prompt_id: str) -> Mapping[str, float]:
    """Return a version's mean by family, over the cases that were measured."""
    families: dict[str, list[float]] = {}
    for sample in samples:
        if sample.prompt_id == prompt_id and sample.value is not None:
            families.setdefault(sample.family, []).append(sample.value)
    return {family: sum(values) / len(values) for family, values in families.items()}
