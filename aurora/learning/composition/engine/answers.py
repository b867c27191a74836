"""Answers of a pipeline to the items of a request, put together stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.composition.pipelines.value_types import Array


class Answer(NamedTuple):
    """Answers to the items of a request.

    Attributes:
        version: Number of the version that answered, all items alike.
        classes: Names of the classes.
        probabilities: Probability of each class, of shape (items, classes).
        stages: Number of the stage whose answer stands, of shape (items,).
        degraded: Stages and branches that were left out, with the reasons; empty if none was.
    """

    version: int
    classes: tuple[str, ...]
    probabilities: Array
    stages: NDArray[np.int64]
    degraded: tuple[str, ...] = ()


@dataclass(slots=True)
class Partial:
    """Answers that are not all final.

    Attributes:
        probabilities: The latest answer to each item, of shape (items, classes).
        stages: Stage of that answer; -1: none yet.
        degraded: Stages and branches that were left out, with the reasons.
    """

    probabilities: Array
    stages: NDArray[np.int64]
    degraded: dict[str, None] = field(default_factory=dict)

    @classmethod
    def empty(cls, items: int, classes: int) -> Partial:
        """Return answers to no item."""
        return cls(np.zeros((items, classes), np.float32), np.full(items, -1, np.int64))

    def take(self, stage: int, rows: NDArray[np.int64], found: Array, threshold: float | None) -> NDArray[np.int64]:
        """Take in the answers of a stage.

        Args:
            stage: Number of the stage.
            rows: The items that it answered.
            found: Its probabilities, of shape (len(rows), classes).
            threshold: Probability of the likeliest class at which the answer stands; None: it always stands.

        Returns:
            The items that the next stage is to answer.
        """
        self.probabilities[rows] = found
        self.stages[rows] = stage
        return rows[:0] if threshold is None else rows[found.max(axis=1) < threshold]

    def final(self, version: int, classes: tuple[str, ...]) -> Answer:
        """Return the answers as they are."""
        return Answer(version, classes, self.probabilities, self.stages, tuple(self.degraded))
