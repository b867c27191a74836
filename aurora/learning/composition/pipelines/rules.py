"""What a task's pipelines may be made of: typed components, the type of its input, its classes and limits of size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from aurora.errors import InputError
from aurora.learning.composition.pipelines.value_types import ValueType, misfit

ComponentKind: TypeAlias = Literal["transformation", "model"]

LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.5, 1.0
"""Range of the probability at which the answer of a stage stands."""


class Fitting(Protocol):
    """What has to be known of a component to see what it fits to."""

    @property
    def id(self) -> str:
        """Return the id by which pipelines name it."""

    @property
    def kind(self) -> ComponentKind:
        """Return whether it is a transformation or a model."""

    @property
    def purpose(self) -> str:
        """Return what a transformation is for, such as `standardise`; empty if no other has its purpose."""

    def misfit(self, given: ValueType) -> str:
        """Return why it can't take a value of a type; empty if it can."""

    def gives(self, given: ValueType) -> ValueType:
        """Return the type of what it answers to a value of a type that it takes."""


class Component(Fitting, Protocol):
    """What validation has to know of a component; an entry of the catalogue satisfies it."""

    @property
    def deprecated(self) -> str:
        """Return why it is not to be used any more, such as `use pca-32`; empty if it may be used."""


@dataclass(frozen=True)
class TypedComponent:
    """A component that is no more than its types, for made-up catalogues and for tests.

    Attributes:
        id: Id by which pipelines name it.
        kind: Whether it is a transformation or a model.
        takes: Types that it takes.
        result: Type of what it answers; None for the type of what it is given, as a scaler does.
        deprecated: Why it is not to be used any more; empty if it may be used.
        purpose: What a transformation is for; empty if no other has its purpose.
    """

    id: str
    kind: ComponentKind
    takes: tuple[ValueType, ...]
    result: ValueType | None = None
    deprecated: str = ""
    purpose: str = ""

    def misfit(self, given: ValueType) -> str:
        """Return why it can't take a value of a type; empty if it can."""
        return misfit(given, self.takes)

    def gives(self, given: ValueType) -> ValueType:
        """Return the type of what it answers to a value of a type that it takes."""
        return given if self.result is None else self.result


@dataclass(frozen=True)
class Limits:
    """Limits of a pipeline's size, which make its space finite.

    Attributes:
        stages: Most stages.
        branches: Most branches of the last stage.
        gate_branches: Most branches of a stage that is not the last, which is asked for every request that reaches it.
        transformations: Most transformations of a branch.
        thresholds: Thresholds that edits and enumeration use, rising, each from 0.5 to 1. A pipeline may have others.
    """

    stages: int = 2
    branches: int = 3
    gate_branches: int = 1
    transformations: int = 2
    thresholds: tuple[float, ...] = (0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

    def __post_init__(self) -> None:
        for name in ("stages", "branches", "gate_branches"):
            if getattr(self, name) < 1:
                raise InputError("give at least 1", parameter=name, value=getattr(self, name))
        if self.transformations < 0:
            raise InputError("give 0 or more", parameter="transformations", value=self.transformations)
        if self.gate_branches > self.branches:
            raise InputError(f"give at most branches={self.branches}", parameter="gate_branches")
        if self.stages > 1 and not self.thresholds:
            raise InputError("give at least one: a stage before the last needs a threshold", parameter="thresholds")
        if list(self.thresholds) != sorted(set(self.thresholds)) or not all(is_threshold(t) for t in self.thresholds):
            raise InputError("give rising numbers from 0.5 to 1", parameter="thresholds", value=self.thresholds)

    def branches_of(self, stage: int, stages: int) -> int:
        """Return the most branches of a stage, counted from 0, in a pipeline of a number of stages."""
        return self.branches if stage == stages - 1 else self.gate_branches


@dataclass(frozen=True, eq=False)
class Rules:
    """What a task's pipelines may be made of.

    Attributes:
        components: Id -> component.
        input: Type of a request.
        classes: Names of the classes, in the order in which every model has to give them.
        limits: Limits of a pipeline's size.
    """

    components: Mapping[str, Component]
    input: ValueType
    classes: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for name, component in self.components.items():
            if name != component.id:
                raise InputError(f"{name!r} names a component whose id is {component.id!r}", parameter="components")

    def ids(self, kind: ComponentKind) -> tuple[str, ...]:
        """Return the ids of the components of a kind that can be used, sorted."""
        return tuple(sorted(c.id for c in self.components.values() if c.kind == kind and not c.deprecated))


def is_threshold(value: float) -> bool:
    """Return True for a number from 0.5 to 1."""
    return LOWEST_THRESHOLD <= value <= HIGHEST_THRESHOLD


def named(components: Iterable[Component]) -> dict[str, Component]:
    """Return components by their id.

    Raises:
        InputError: Two have one id.
    """
    found: dict[str, Component] = {}
    for component in components:
        if component.id in found:
            raise InputError(f"two components have the id {component.id!r}; name one anew", parameter="components")
        found[component.id] = component
    return found
