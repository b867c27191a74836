"""The contract of a source of scenarios, and what a source is held against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
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


class Source(Protocol[SpecT]):
    """A source of scenarios, and the measure of policies on them.

    A source is a frozen dataclass: it reads its files when it is opened and never changes. A run replaces its families,
    templates and effort with `dataclasses.replace`. Everything random comes from the generator that is passed in, so
    equal generators give equal specs, and a spec always expands to the same scenario.

    Attributes:
        name: Name on the command line.
        training, validation: Families of scenarios; no family is in both.
        effort: Amount of work an iteration.
        templates: Policies that the search starts from; the first one that has enough weights is tuned.
        references: Policies that set the mark, by name.
        has_levels: Whether specs differ by the curriculum's level.
        must_complete: Whether a scenario needs a witness that completes every task.
        queue_is_given: Whether blocking and backfilling belong to the protocol, so that no policy changes them.
        has_pareto_bonus: Whether the value is a reward, which counts 1.2 times in matches where no other policy on that
            scenario dominates.
        unit: Unit of the value.
        measure: Definition of the value, for models.
        judged_per_family: Fresh scenarios of each family on which a report judges the champion.
        files: Files that it reads.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str: ...  # noqa: D102  # described above, as are the others
    @property
    def training(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def validation(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def effort(self) -> Effort: ...  # noqa: D102
    @property
    def templates(self) -> tuple[Policy, ...]: ...  # noqa: D102
    @property
    def references(self) -> Mapping[str, Policy]: ...  # noqa: D102
    @property
    def has_levels(self) -> bool: ...  # noqa: D102
    @property
    def must_complete(self) -> bool: ...  # noqa: D102
    @property
    def queue_is_given(self) -> bool: ...  # noqa: D102
    @property
    def has_pareto_bonus(self) -> bool: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def measure(self) -> str: ...  # noqa: D102
    @property
    def judged_per_family(self) -> int: ...  # noqa: D102
    @property
    def files(self) -> tuple[Path, ...]: ...  # noqa: D102

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
