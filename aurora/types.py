"""Types that every package shares: arrays, wire types, numbers within limits, and the progress of work."""

from __future__ import annotations

from typing import Annotated, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LARGEST = 1e15
"""Largest size, time, price or power."""

SMALLEST = 1e-12
"""Smallest size, time, price or power above 0; quotients of two of them are finite, and sums of products too."""


def _not_tiny(value: float) -> float:
    if 0 < value < SMALLEST:
        raise ValueError(f"{value} is too small; give at least {SMALLEST}")
    return value


Identifier = Annotated[str, Field(min_length=1, max_length=128)]
NonNegative = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False), AfterValidator(_not_tiny)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False), AfterValidator(_not_tiny)]


class Frozen(BaseModel):
    """Base of every wire type: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Progress(Protocol):
    """Receives how far a long piece of work has come; what is shown, and how often, is the receiver's decision.

    A function with long work takes `progress: Progress = no_progress` and calls it in the thread it was called in,
    at the end of each step and once at the end of a stage, with `done == total`:

        for k, series in enumerate(panel):
            ...
            progress("back-tests", k + 1, len(panel))
    """

    def __call__(self, stage: str, done: int, total: int | None = None, detail: str = "") -> None:
        """Take note of a step.

        Args:
            stage: The piece of work, such as "trees"; each stage counts for itself.
            done: Steps done in this stage.
            total: Steps of this stage; None while it is not known.
            detail: A measured value that is worth showing, such as "loss 0.031".
        """


class Cancelled(Exception):  # noqa: N818  # no error: somebody's wish
    """Raised by a `Progress` to end work that nobody wants any more; whoever gave the `Progress` catches it."""


def no_progress(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
    """Show nothing."""
