"""A task: what comes in, which classes there are, and data with three fixed splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aurora.learning.composition.pipelines.value_types import Batch, ValueType

SplitName: TypeAlias = Literal["fit", "select", "sealed"]
"""Components are fitted on `fit`, pipelines are chosen on `select`, and `sealed` is opened for the last figure only."""
SPLITS: tuple[SplitName, ...] = ("fit", "select", "sealed")


class Split(NamedTuple):
    """Items with their classes.

    Attributes:
        items: The items, in the form that the task takes them.
        labels: Number of each item's class, of shape (items,).
        groups: Where each item is from, such as "tweets"; empty where all are from one source.
    """

    items: Batch
    labels: NDArray[np.int64]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Task:
    """A classification task.

    Attributes:
        name: Its name, such as `machines`.
        title: What is to be decided, in a few words.
        input: Type of an item.
        classes: Names of the classes, in the order of probabilities.
        fit: Items that components are fitted on.
        select: Items that pipelines are measured and chosen on.
        sealed: Items that no choice has seen.
        source: Where the data is from.
        licence: Its licence.
        best_accuracy: Accuracy that no classifier can exceed in expectation, where the law of the data is known.
    """

    name: str
    title: str
    input: ValueType
    classes: tuple[str, ...]
    fit: Split
    select: Split
    sealed: Split
    source: str
    licence: str
    best_accuracy: float | None = None

    def split(self, name: SplitName) -> Split:
        """Return one of the splits."""
        return {"fit": self.fit, "select": self.select, "sealed": self.sealed}[name]

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the type, the classes and all data, 16 hex digits: what was fitted on other data is another thing."""
        digest = hashlib.sha256(repr((self.input, self.classes)).encode())
        for name in SPLITS:
            items, labels, _ = self.split(name)
            content = "\0".join(items).encode() if isinstance(items, list) else np.ascontiguousarray(items).tobytes()
            digest.update(hashlib.sha256(content).digest() + labels.astype("<i8").tobytes())
        return digest.hexdigest()[:16]
