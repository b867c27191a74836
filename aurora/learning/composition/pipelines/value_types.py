"""Types of the values that flow between the components of a pipeline, and whether one fits another.

A batch of text is a list of strings. Every other batch is an array of float32 with one row an item: an image is
flattened, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError

Kind: TypeAlias = Literal["text", "image", "columns", "embedding", "probability"]
"""`columns` are measured quantities with names, `embedding` numbers without names, `probability` one number a class."""

Array: TypeAlias = NDArray[np.float32]
Batch: TypeAlias = list[str] | Array


MAX_WIDTH = 10_000_000
"""Most numbers of one value."""


@dataclass(frozen=True)
class ValueType:
    """Type of the values that a component takes or gives.

    Attributes:
        kind: What a value is.
        width: Numbers of one value: pixels, columns, dimensions or classes. None: any number, or text.
        names: Names of columns or of classes, in their order; empty where they have none, or where any will do.
    """

    kind: Kind
    width: int | None = None
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the type as people write it: `embedding[32]`."""
        return self.kind if self.width is None else f"{self.kind}[{self.width}]"


def parse_type(text: str, names: tuple[str, ...] = ()) -> ValueType:
    """Return the type that people write as `columns[12]`, `image[784]` or `text`.

    Args:
        text: The type.
        names: Names of columns or classes.

    Raises:
        InputError: It is no type.
    """
    kind, bracket, rest = text.strip().partition("[")
    width = rest.removesuffix("]")
    is_whole = not bracket or (rest.endswith("]") and width.isdecimal() and 0 < int(width) <= MAX_WIDTH)
    for known in get_args(Kind):
        if kind == known and is_whole:
            return ValueType(known, int(width) if bracket else None, names)
    listed = ", ".join(get_args(Kind))
    raise InputError(
        f"give one of {listed}, with a width in brackets, such as columns[12]", parameter="type", value=text
    )


def misfit(given: ValueType, wanted: tuple[ValueType, ...]) -> str:
    """Return why a value can't be given to a component, or an empty string if it can.

    Args:
        given: Type of the value.
        wanted: Types that the component takes; one of them has to fit.
    """
    reasons = [_reason(given, one) for one in wanted]
    return "" if "" in reasons else "; ".join(dict.fromkeys(reasons))


def _reason(given: ValueType, wanted: ValueType) -> str:
    if given.kind != wanted.kind:
        return f"it takes {wanted}, and is given {given}"
    if wanted.width is not None and given.width != wanted.width:
        return f"it takes {wanted}, and is given {given}"
    if wanted.names and given.names != wanted.names:
        missing = [name for name in wanted.names if name not in given.names]
        return f"it takes columns that are missing: {', '.join(missing)}" if missing else "the order of columns differs"
    return ""
