"""What a component is before it is fitted: its kind, the types it takes and gives, and its recipe."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from aurora.learning.composition.pipelines.value_types import ValueType, misfit
from aurora.types import Frozen

ComponentId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
"""Lower-case letters, digits, dots and hyphens: the text form of pipelines has other signs between ids."""
ComponentKind: TypeAlias = Literal["transformation", "model"]
Parameters: TypeAlias = Mapping[str, float | int | str | bool]

_SAME_PURPOSE = {"min-max": "standardise"}
"""Family of a transformation -> family whose place it takes: both scale columns."""
MAX_PRODUCT_WIDTH = 64
"""Most columns whose products are taken: 64 give 2,144 numbers."""
OWN = "own"
"""Family of components that are handed in as an ONNX file and never fitted."""


class Recipe(Frozen):
    """How a component is made.

    Attributes:
        family: Name of the method, such as `pca`; `aurora.learning.composition.components.fitting` has them.
        parameters: Its parameters.
    """

    family: str
    parameters: dict[str, float | int | str | bool] = Field(default_factory=dict)


class Component(Frozen):
    """A component that can stand in a pipeline.

    Attributes:
        id: Its id, unique in a catalogue.
        kind: Whether it transforms values or answers with a probability of each class.
        takes: Types that it takes; one of them has to fit.
        recipe: How it is made.
        version: Version of the recipe, from 1; another version is another component to everything that is measured.
        output: Type that it gives, where that does not follow from the recipe: own components.
    """

    id: ComponentId
    kind: ComponentKind
    takes: tuple[ValueType, ...]
    recipe: Recipe
    version: int = Field(1, ge=1)
    output: ValueType | None = None

    @property
    def purpose(self) -> str:
        """Return what it is for: its family, or `standardise` for every way to scale columns."""
        return _SAME_PURPOSE.get(self.recipe.family, self.recipe.family)

    def misfit(self, given: ValueType) -> str:
        """Return why a value of a type can't be given to the component, or an empty string if it can."""
        reason = misfit(given, self.takes)
        return reason or _too_narrow(self.recipe, given)

    def gives(self, given: ValueType) -> ValueType:
        """Return the type of what it makes of a value that fits.

        A model that is fitted gives a probability of whatever classes its task has: width and names are open.
        """
        if self.output is not None:
            return self.output
        if self.kind == "model":
            return ValueType("probability")
        return _OUTPUTS[self.recipe.family](given, self.recipe.parameters)


def _too_narrow(recipe: Recipe, given: ValueType) -> str:
    if given.width is None:
        return ""
    wanted = int(recipe.parameters.get("width", 0)) if recipe.family in ("pca", "select") else 0
    if given.width < wanted:
        return f"it needs at least {wanted} numbers, and is given {given}"
    if recipe.family == "products" and given.width > MAX_PRODUCT_WIDTH:
        return f"it takes at most {MAX_PRODUCT_WIDTH} numbers, and is given {given}"
    if recipe.family == "halve-image" and (math.isqrt(given.width) ** 2 != given.width or given.width % 4):
        return f"it takes square images with an even side, and is given {given}"
    return ""


def _same(given: ValueType, _: Parameters) -> ValueType:
    return given


def _embedding(_: ValueType, parameters: Parameters) -> ValueType:
    return ValueType("embedding", int(parameters["width"]))


def _products(given: ValueType, _: Parameters) -> ValueType:
    width = given.width or 0
    return ValueType("embedding", width + width * (width + 1) // 2)


def _halved(given: ValueType, _: Parameters) -> ValueType:
    return ValueType("image", (given.width or 0) // 4)


_OUTPUTS: Mapping[str, Callable[[ValueType, Parameters], ValueType]] = {
    "standardise": _same,
    "min-max": _same,
    "pca": _embedding,
    "select": _embedding,
    "products": _products,
    "halve-image": _halved,
    "hashing": _embedding,
    "tf-idf": _embedding,
    "minilm": _embedding,
    "static-embedding": _embedding,
}
