"""Runs a description in this process: for tests and notebooks; one call after the other, no limits of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError, RunError
from aurora.learning.composition.engine.answers import Answer, Partial
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.loading import Loaded, answer_stage, load_function
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import Batch


class InProcess:
    """A deployment in this process.

    Args:
        described: Its description.
        version: Number that its answers carry.

    Attributes:
        classes: Names of the classes.

    Raises:
        InputError: A branch can't be loaded, or branches have other classes than others.
        FileError: An artefact is absent, or not what it was.
    """

    def __init__(self, described: Deployment, version: int = 1) -> None:
        self.described = described
        self.version = version
        self.pipeline = described.graph()
        load = load_function(described.load)
        folder = Path(described.artefacts)
        branches = {branch for stage in self.pipeline.stages for branch in stage.branches}
        self._loaded: dict[Branch, Loaded] = {b: load(b, described.task, folder) for b in sorted(branches)}
        classes = {one.classes for one in self._loaded.values()}
        if len(classes) > 1:
            raise InputError("its branches have different classes", parameter="pipeline", value=described.pipeline)
        self.classes: tuple[str, ...] = classes.pop()

    def answer(self, items: Batch) -> Answer:
        """Have the pipeline answer items.

        Raises:
            RunError: A stage failed, and the description does not allow answers without it.
        """
        found = Partial.empty(len(items), len(self.classes))
        rows: NDArray[np.int64] = np.arange(len(items))
        for number, stage in enumerate(self.pipeline.stages):
            if not len(rows):
                break
            part: Batch = [items[row] for row in rows.tolist()] if isinstance(items, list) else items[rows]
            answered = answer_stage([(str(branch), self._loaded[branch]) for branch in stage.branches], part)
            faults = [f"stage {number + 1}: {fault}" for fault in answered.faults]
            is_usable = answered.probabilities is not None or number > 0
            if faults and not (self.described.degraded_answers and is_usable):
                raise RunError("; ".join(faults))
            found.degraded.update(dict.fromkeys(faults))
            if answered.probabilities is None:
                break
            rows = found.take(number, rows, answered.probabilities, stage.threshold)
        return found.final(self.version, self.classes)
