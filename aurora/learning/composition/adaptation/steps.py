"""The journal of adaptation: every step with why, on what, its figures and verdict; and what was left unfinished."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field

from aurora import journal
from aurora.files import writing
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured
from aurora.types import Frozen

StepName: TypeAlias = Literal[
    "started", "refitted", "measured", "unusable", "shadowed", "swapping", "swapped", "rolled back", "ended"
]
FILE = "adaptation.jsonl"


class Step(Frozen):
    """A step of an adaptation.

    Attributes:
        time: When it was done, ISO 8601 in UTC.
        number: Number of the adaptation, from 1.
        step: What was done. `ended` is the last one of each adaptation.
        pipeline: The composition that it concerns, as text; empty: none.
        verdict: What came of it, in a word, such as `better` or `kept`; empty: nothing was judged.
        reason: Why, in a sentence.
        figures: Name -> measured value; what is not finite is left out.
        changes: What led to the adaptation, in `started`.
    """

    time: str
    number: int = Field(ge=1)
    step: StepName
    pipeline: str = ""
    verdict: str = ""
    reason: str = ""
    figures: dict[str, float] = Field(default_factory=dict)
    changes: tuple[Change, ...] = ()


def now() -> str:
    """Return the time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(eq=False)
class AdaptationJournal:
    """Steps of a deployment's adaptations, on disk as they are taken.

    Attributes:
        path: File of the steps, a JSON object a line.
        clock: Returns the time of a step.
        steps: All steps, the oldest first.
    """

    path: Path
    clock: Callable[[], str] = now
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def opened(cls, path: Path, clock: Callable[[], str] = now) -> AdaptationJournal:
        """Return the journal of a file, which need not exist yet.

        Raises:
            FileError: The file can't be read, or its folder can't be made.
            DataError: A line is no step.
        """
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path, clock, read_steps(path))

    @property
    def unfinished(self) -> list[Step]:
        """Steps of the last adaptation if it has not ended; else none."""
        if not self.steps or self.steps[-1].step == "ended":
            return []
        return [step for step in self.steps if step.number == self.steps[-1].number]

    @property
    def finished(self) -> list[Step]:
        """Steps of all adaptations that have ended."""
        return self.steps[: len(self.steps) - len(self.unfinished)]

    def begin(self, changes: Sequence[Change], running: Pipeline) -> list[Step]:
        """Begin an adaptation and return its first step, or return the steps of the one that is unfinished.

        Raises:
            FileError: The file can't be written.
        """
        if unfinished := self.unfinished:
            return unfinished
        number = self.steps[-1].number + 1 if self.steps else 1
        reason = "; ".join(map(str, changes))
        return [self._append(number, "started", running, reason=reason, changes=tuple(changes))]

    def add(
        self,
        step: StepName,
        pipeline: Pipeline | None = None,
        *,
        verdict: str = "",
        reason: str = "",
        figures: Mapping[str, float] | None = None,
    ) -> Step:
        """Append a step of the adaptation that has begun, and wait until it is on disk.

        Raises:
            FileError: The file can't be written.
        """
        return self._append(
            self.steps[-1].number, step, pipeline, verdict=verdict, reason=reason, figures=dict(figures or {})
        )

    def _append(self, number: int, step: StepName, pipeline: Pipeline | None, **fields: object) -> Step:
        kept = Step.model_validate(
            {
                "time": self.clock(),
                "number": number,
                "step": step,
                "pipeline": "" if pipeline is None else str(pipeline),
                **fields,
            }
        )
        journal.append(self.path, [kept.model_dump(mode="json", exclude_defaults=True)])
        self.steps.append(kept)
        return kept


def read_steps(path: Path) -> list[Step]:
    """Return all steps of a file, the oldest first; none if there is no file.

    Raises:
        FileError: The file can't be read.
        DataError: A line is no step.
    """
    return journal.read_as(path, Step, "step of an adaptation")


def figures_of(measured: Measured) -> dict[str, float]:
    """Return a measurement as figures; an infinite latency, that of an overloaded composition, is left out."""
    return {name: value for name, value in measured._asdict().items() if math.isfinite(value)}


def measured_of(figures: Mapping[str, float]) -> Measured:
    """Return the measurement that `figures_of` wrote."""
    return Measured(
        accuracy=figures["accuracy"],
        latency=figures.get("latency", math.inf),
        cost=figures.get("cost", math.inf),
        memory=figures.get("memory", 0.0),
        size=figures.get("size", 0.0),
    )
