"""A champion that ships: a policy, what it is for, how it was found, and what it achieves."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from aurora.errors import DataError
from aurora.sim.objectives import ObjectiveName
from aurora.sim.policies.policy import Policy
from aurora.types import Frozen
from aurora.validation import explain_validation

PREFIX = "champion:"
"""Start of the name under which a champion is used, such as `champion:gpu`."""
NAME_PATTERN = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
"""Form of a champion's own name, such as `gpu-four-lists`."""


class Licence(Frozen):
    """The data that a champion learned from."""

    data: str = Field(min_length=1, description="name of the data")
    licence: str = Field(min_length=1, description="licence or terms, as the source of the data states them")
    citation: str = Field(min_length=1, description="publication or repository to cite")


class Difference(Frozen):
    """The champion against another policy, on the same scenarios."""

    reference: str = Field(min_length=1, description="name of the other policy")
    reference_mean: float = Field(description="mean value of the other policy")
    mean: float = Field(description="champion less other policy: mean over families of the mean difference")
    low: float = Field(description="lower bound of the 95 % interval of the difference")
    high: float = Field(description="upper bound of the 95 % interval of the difference")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.mean <= self.high:
            raise ValueError(f"the difference {self.mean:g} is not between its bounds {self.low:g} and {self.high:g}")
        return self


class Judgement(Frozen):
    """Values of a champion on fresh scenarios of some families, which no training has met."""

    families: tuple[str, ...] = Field(min_length=1, description="families of the scenarios")
    scenarios: int = Field(ge=2, description="number of scenarios")
    seed: int = Field(ge=0, description="random seed of the scenarios")
    mean: float = Field(description="mean value of the champion")
    against: tuple[Difference, ...] = Field(min_length=1, description="differences to each reference, closest first")

    @property
    def closest(self) -> Difference:
        """Return the difference to the reference that comes closest."""
        return self.against[0]


class Loss(Frozen):
    """The loss without a part of the champion: a term, a rule or a choice."""

    part: str = Field(min_length=1, description="part that is removed, in words")
    mean: float = Field(description="value of the champion less that without the part, mean over families")
    low: float = Field(description="lower bound of the 95 % interval of the loss")
    high: float = Field(description="upper bound of the 95 % interval of the loss")


class Example(Frozen):
    """A scenario on which the champion is ahead of all references."""

    family: str = Field(min_length=1, description="family of the scenario")
    spec: dict[str, Any] = Field(description="spec of the scenario, which its source expands")
    value: float = Field(description="value of the champion")
    best_reference: str = Field(min_length=1, description="name of the best reference on it")
    best_reference_value: float = Field(description="value of the best reference")


class Provenance(Frozen):
    """How a champion was found."""

    source: str = Field(min_length=1, description="source of scenarios")
    unit: str = Field(min_length=1, description="unit of values")
    training_families: tuple[str, ...] = Field(min_length=1, description="families that it was trained on")
    validation_families: tuple[str, ...] = Field(min_length=1, description="families on which it was chosen")
    test_families: tuple[str, ...] = Field(description="families that neither training nor the choice met")
    seeds: tuple[int, ...] = Field(min_length=1, description="random seeds of the runs, that of the champion's first")
    iterations: int = Field(ge=1, description="iterations of the runs")
    simulations: int = Field(ge=1, description="simulations of the runs")
    seconds: float = Field(gt=0, description="wall-clock seconds of the runs, by their event logs")
    proposer: str = Field(min_length=1, description="author of the policies: search, model or both")
    parent: str = Field(description="policy that the run started from: a champion's name or an id; empty: a template")
    partners: tuple[str, ...] = Field(default=(), description="shipped champions that the search could cross with")
    files: dict[str, str] = Field(description="SHA-256 of each file of data that the run read, by name")
    data: tuple[Licence, ...] = Field(min_length=1, description="data that it learned from")
    commit: str = Field(description="commit of the source tree that ran; empty: the run did not record it")
    aurora: str = Field(min_length=1, description="version of AURORA that ran")
    judged_at: str = Field(min_length=1, description="commit of the source tree that measured the values here")


class Champion(Frozen):
    """A policy that ships."""

    format: Literal[1] = Field(description="version of this format")
    name: str = Field(pattern=f"^{NAME_PATTERN}$", max_length=40, description="name; `champion:NAME` is used")
    version: int = Field(ge=1, description="version of the champion of this name")
    purpose: str = Field(min_length=10, max_length=300, description="purpose in words")
    idea: str = Field(default="", max_length=600, description="what it does that heuristics don't, in words")
    policy: Policy = Field(description="the policy")
    weights: dict[ObjectiveName, float] = Field(
        default_factory=dict,
        description="weights of the objectives that it is made for and judged by; empty: those of each scenario",
    )
    provenance: Provenance = Field(description="how it was found")
    validation: Judgement = Field(description="values on fresh scenarios of the families on which it was chosen")
    test: Judgement | None = Field(default=None, description="values on families that no run met; null: none exist")
    parts: tuple[Loss, ...] = Field(default=(), description="loss without each of its parts, largest first")
    examples: tuple[Example, ...] = Field(description="scenarios on which it is ahead of all references")

    @model_validator(mode="after")
    def _is_named_alike(self) -> Self:
        if self.policy.policy_id != self.policy_name:
            raise ValueError(f"policy.policy_id is {self.policy.policy_id!r}, not {self.policy_name!r}")
        return self

    @property
    def policy_name(self) -> str:
        """Return the name under which the policy is used, such as `champion:gpu`."""
        return PREFIX + self.name

    @property
    def judgement(self) -> Judgement:
        """Return the values on test families; those on validation families where there are none."""
        return self.validation if self.test is None else self.test

    def summary(self) -> dict[str, Any]:
        """Return name, purpose, provenance and lead as JSON values, without the policy and the examples."""
        judgement = self.judgement
        return {
            "policy_id": self.policy_name,
            "version": self.version,
            "purpose": self.purpose,
            "source": self.provenance.source,
            "unit": self.provenance.unit,
            "judged_on": "validation" if self.test is None else "test",
            "families": list(judgement.families),
            "scenarios": judgement.scenarios,
            "mean": judgement.mean,
            "closest": judgement.closest.model_dump(),
            "simulations": self.provenance.simulations,
            "seconds": self.provenance.seconds,
            "commit": self.provenance.commit,
            "parent": self.provenance.parent,
            "data": [licence.model_dump() for licence in self.provenance.data],
        }


def parse_champion(data: object, *, where: str = "champion") -> Champion:
    """Validate parsed JSON as a champion.

    Args:
        data: Parsed JSON.
        where: Name of the file in messages.

    Raises:
        DataError: A field is absent, unknown or not valid.
    """
    try:
        return Champion.model_validate(data)
    except ValidationError as error:
        raise DataError(f"{where}: {explain_validation(error)}") from None
