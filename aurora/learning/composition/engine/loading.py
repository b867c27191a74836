"""Loads branches by the name of a load function, warms them up, and averages what the branches of a stage answer.

Imported by every worker: nothing heavy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import Array, Batch, ValueType

DEFAULT_LOAD = "aurora.learning.composition.components.loading:load_branch"
"""Load function of the catalogue's components."""

_LOAD_NAME = re.compile(r"aurora(\.[a-z_][a-z0-9_]*)+:[a-z_][a-z0-9_]*")
_LONGEST_REASON = 300


class Loaded(Protocol):
    """A branch in memory: answers a batch with probabilities of shape (items, classes)."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the probabilities."""

    @property
    def input(self) -> ValueType:
        """Type of the items that it takes."""

    def __call__(self, batch: Batch, /) -> Array:
        """Return the probabilities of the classes of each item."""


LoadFunction: TypeAlias = Callable[[Branch, str, Path], Loaded]


class StageAnswer(NamedTuple):
    """What the branches of a stage answered to a batch.

    Attributes:
        probabilities: Mean over the branches that answered, of shape (items, classes); None if none did.
        faults: Why the others did not, each with the name of its branch.
    """

    probabilities: Array | None
    faults: tuple[str, ...]


def check_load_name(name: str) -> None:
    """Refuse the name of a load function that is none of AURORA's: a description is data, and names no other code.

    Raises:
        InputError: The name has not the form `aurora.module:function`.
    """
    if not _LOAD_NAME.fullmatch(name):
        raise InputError("give a function of AURORA, as aurora.module:function", parameter="load", value=name)


def load_function(name: str) -> LoadFunction:
    """Return the load function of a name.

    Raises:
        InputError: There is no such function.
    """
    check_load_name(name)
    module, _, function = name.partition(":")
    try:
        found: LoadFunction = getattr(import_module(module), function)
    except (ModuleNotFoundError, AttributeError):
        raise InputError("there is no such function", parameter="load", value=name) from None
    return found


def sample(kind: ValueType, rows: int) -> Batch:
    """Return items of a type, for a warm-up: short texts, or zeros.

    Raises:
        InputError: The type does not say how many numbers an item has.
    """
    if kind.kind == "text":
        return ["This is a warm-up."] * rows
    if kind.width is None:
        raise InputError(f"the branch takes {kind} of no stated width, so it can't be warmed up")
    return np.zeros((rows, kind.width), np.float32)


def answer_branch(loaded: Loaded, batch: Batch) -> Array:
    """Return what a branch answers to a batch, checked.

    Raises:
        InputError: It has another shape than (items, classes), or holds what is no number.
    """
    found = np.asarray(loaded(batch))
    wanted = (len(batch), len(loaded.classes))
    if found.shape != wanted:
        raise InputError(f"it answered an array of shape {found.shape}; {wanted} is expected")
    if found.dtype.kind not in "fiu":
        raise InputError(f"it answered values of type {found.dtype}; numbers are expected")
    found = np.ascontiguousarray(found, np.float32)
    if not np.isfinite(found).all():
        raise InputError("it answered values that are no finite numbers")
    return found


def answer_stage(branches: Sequence[tuple[str, Loaded]], batch: Batch) -> StageAnswer:
    """Have the branches of a stage answer a batch; one that raises, or answers what it should not, is left out.

    Args:
        branches: Name and loaded branch of each.
        batch: The items.
    """
    answers, faults = [], []
    for name, loaded in branches:
        try:
            answers.append(answer_branch(loaded, batch))
        except Exception as error:  # whatever a component raises stays with its branch
            faults.append(f"{name}: {reason_of(error)}")
    return StageAnswer(mean(answers) if answers else None, tuple(faults))


def mean(answers: Sequence[Array]) -> Array:
    """Return the mean of probabilities."""
    if len(answers) == 1:
        return answers[0]
    total = answers[0].astype(np.float64)
    for one in answers[1:]:
        total += one
    return (total / len(answers)).astype(np.float32)


def reason_of(error: BaseException) -> str:
    """Return an error on one line, shortened."""
    text = " ".join(str(error).split())
    named = text if isinstance(error, InputError) and text else f"{type(error).__name__}: {text}".rstrip(": ")
    return named[:_LONGEST_REASON]
