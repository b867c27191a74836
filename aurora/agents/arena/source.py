"""The contract of a source of scenarios, and what a source is held against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario


class Spec(Protocol):
    """A short, immutable description that expands to one scenario: a pydantic model with an id."""

    @property
    def spec_id(self) -> str:
        """Name of the spec and of its scenario, unique in a run."""

    def model_dump_json(self) -> str:
        """JSON that `Source.parse` reads back."""


SpecT = TypeVar("SpecT", bound=Spec, default=Any)


class Effort(NamedTuple):
    """Amount of work that a source asks for; noisier scenarios need more of them.

    Attributes:
        generations: Generations of the policy search an iteration; all of them meet the same training scenarios.
        training_per_family, validation_per_family: Scenarios of each family.
    """

    generations: int
    training_per_family: int
    validation_per_family: int


class Results(NamedTuple):
    """What many policies achieved on one scenario.

    Attributes:
        sums: float64 [policies, sums], in the order of `aurora.sim.outcome.Summary`.
        status: int8 [policies, tasks], a `Status` of each task; None where the source does not need it.
    """

    sums: NDArray[np.float64]
    status: NDArray[np.int8] | None


class Source(Protocol[SpecT]):
    """A source of scenarios, and the measure of policies on them.

    A source is a frozen dataclass: it reads its files when it is opened and never changes. A run replaces its families,
    templates and effort with `dataclasses.replace`. Everything random comes from the generator that is passed in, so
    equal generators give equal specs, and a spec always expands to the same scenario.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """Name on the command line."""

    @property
    def training(self) -> tuple[str, ...]:
        """Families of scenarios to train on."""

    @property
    def validation(self) -> tuple[str, ...]:
        """Families to choose the champion on; none is in `training`."""

    @property
    def test(self) -> tuple[str, ...]:
        """Families to judge the champion on after the run; none is in `training` or `validation`.

        Empty where the source has no scenarios left for them.
        """

    @property
    def effort(self) -> Effort:
        """Amount of work per iteration."""

    @property
    def templates(self) -> tuple[Policy, ...]:
        """Policies that the search starts from; the first one with enough weights is tuned."""

    @property
    def references(self) -> Mapping[str, Policy]:
        """Reference policies that set the mark, by name."""

    @property
    def has_levels(self) -> bool:
        """True if specs differ by the curriculum's level."""

    @property
    def must_complete(self) -> bool:
        """True if a scenario needs a witness that completes every task."""

    @property
    def queue_is_given(self) -> bool:
        """True if the protocol prescribes blocking and backfilling, so that no policy changes them."""

    @property
    def admission_is_given(self) -> bool:
        """True if the protocol places every task that fits, so that no policy changes `admit`."""

    @property
    def has_pareto_bonus(self) -> bool:
        """True if a match counts 1.2 times for a policy that no other dominates; the value is then a reward."""

    @property
    def unit(self) -> str:
        """Unit of the value."""

    @property
    def measure(self) -> str:
        """Definition of the value, for models."""

    @property
    def judged_per_family(self) -> int:
        """Number of fresh scenarios of each family on which a report compares the champion."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Files that it reads."""

    def sample(self, family: str, level: int, rng: np.random.Generator) -> SpecT:
        """Draw a spec of a family, at a level from 1 where the source has levels."""

    def mutate(self, spec: SpecT, rng: np.random.Generator) -> SpecT:
        """Return a variation of a spec under an id of its own."""

    def expand(self, spec: SpecT) -> Scenario:
        """Return the scenario that a spec describes.

        Raises:
            ScenarioError: There is no such scenario.
        """

    def parse(self, data: Any) -> SpecT:
        """Read a spec from the JSON values that it was archived as."""

    def value(self, scenario: Scenario, outcome: Outcome) -> float:
        """Return what a policy achieved on a scenario; higher is better."""

    @property
    def values_need_status(self) -> bool:
        """True if `values` reads how each task ended."""

    def values(self, scenario: Scenario, results: Results) -> NDArray[np.float64]:
        """Return `value` of many policies on a scenario, to the bit, float64 [policies]."""
