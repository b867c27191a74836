"""Every chain that a set of components makes for a type of items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aurora.learning.composition.components.component import Component
from aurora.learning.composition.pipeline import Branch
from aurora.learning.composition.value_types import ValueType

_SAME_PURPOSE = {"min-max": "standardise"}
"""Families of which a chain has one at most, by the family that they stand for."""
LONGEST = 2
"""Most transformations of a chain unless another limit is given."""


def chains(given: ValueType, components: Iterable[Component], longest: int = LONGEST) -> list[Branch]:
    """Return every chain whose components fit together, sorted; none has a transformation of one purpose twice.

    Args:
        given: Type of the items.
        components: What chains are made of.
        longest: Most transformations of a chain.
    """
    listed = tuple(components)
    return sorted(_continued(given, (), listed, longest))


def _continued(
    given: ValueType, before: tuple[Component, ...], components: Sequence[Component], longest: int
) -> Iterator[Branch]:
    for component in components:
        if component.misfit(given):
            continue
        if component.kind == "model":
            yield Branch(tuple(one.id for one in before), component.id)
        elif len(before) < longest and _purpose(component) not in map(_purpose, before):
            yield from _continued(component.gives(given), (*before, component), components, longest)


def _purpose(component: Component) -> str:
    return _SAME_PURPOSE.get(component.recipe.family, component.recipe.family)
