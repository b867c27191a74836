"""Every chain that a set of components makes for a type of items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.rules import Fitting, Rules
from aurora.learning.composition.pipelines.validation import branch_misfits
from aurora.learning.composition.pipelines.value_types import ValueType

LONGEST = 2
"""Most transformations of a chain unless another limit is given."""


def chains(given: ValueType, components: Iterable[Fitting], longest: int = LONGEST) -> list[Branch]:
    """Return every chain whose components fit together, sorted; none has two transformations of one purpose.

    A pipeline may have a chain with two, such as two scalers; it is valid, but a search does not look at it.

    Args:
        given: Type of the items.
        components: What chains are made of.
        longest: Most transformations of a chain.
    """
    return sorted(_continued(given, (), tuple(components), longest))


def chains_of(rules: Rules) -> tuple[Branch, ...]:
    """Return every chain of a task by `chains`: within its limits, for its classes, of components not deprecated."""
    usable = [one for one in rules.components.values() if not one.deprecated]
    found = chains(rules.input, usable, rules.limits.transformations)
    return tuple(branch for branch in found if not branch_misfits(branch, rules))


def _continued(
    given: ValueType, before: tuple[Fitting, ...], components: Sequence[Fitting], longest: int
) -> Iterator[Branch]:
    for component in components:
        if component.misfit(given):
            continue
        if component.kind == "model":
            yield Branch(tuple(one.id for one in before), component.id)
        elif len(before) < longest and _purpose(component) not in map(_purpose, before):
            yield from _continued(component.gives(given), (*before, component), components, longest)


def _purpose(component: Fitting) -> str:
    return component.purpose or component.id
