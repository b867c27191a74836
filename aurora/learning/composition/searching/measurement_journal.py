"""Keeps every measurement of a composition on disk, so that none is made twice and a search can go on after a stop."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import Field

from aurora import journal
from aurora.errors import DataError
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured
from aurora.learning.composition.scores.prices import EXAMPLE
from aurora.types import Frozen, NonNegative

COMPOSITIONS = "compositions.jsonl"
"""File of the measurements in the folder of the catalogue."""
UNUSABLE = Measured(0.0, math.inf, math.inf)
"""Measurement of a pipeline that could not be run."""


class Record(Frozen):
    """One line of a journal.

    Attributes:
        subject: What was measured and how: task, version of its data, load, machine. Others' lines are left alone.
        pipeline: The pipeline as people write it.
        accuracy: As in `Measured`.
        latency: As in `Measured`; None: without bound, because the load is more than the pipeline can serve.
        cost: As in `Measured`; None: without bound.
        memory: As in `Measured`.
        size: As in `Measured`.
        failure: Why it could not be run; empty where it was measured.
        currency: What the cost is in.
    """

    subject: str = Field(max_length=1000)
    pipeline: str = Field(min_length=1)
    accuracy: float = Field(ge=0, le=1)
    latency: NonNegative | None
    cost: NonNegative | None
    memory: NonNegative = 0.0
    size: NonNegative = 0.0
    failure: str = ""
    currency: str = EXAMPLE.currency

    def to_measured(self) -> Measured:
        """Return the measurement of the line."""
        latency = math.inf if self.latency is None else self.latency
        cost = math.inf if self.cost is None else self.cost
        return Measured(self.accuracy, latency, cost, self.memory, self.size)


def read_measurements(path: Path, subject: str) -> dict[Pipeline, Measured]:
    """Return what was measured of all subjects that begin alike; of two measurements, the later one.

    Args:
        path: The file; there need not be one.
        subject: How the subjects begin: a task and a machine, under any load, prices and limits.

    Raises:
        FileError: The file can't be read.
        DataError: A line before the last is not a measurement.
    """
    found: dict[Pipeline, Measured] = {}
    for number, record in enumerate(journal.read_as(path, Record, "measurement"), 1):
        if record.subject.startswith(f"{subject} ") and not record.failure:
            found[_pipeline_of(record, path, number)] = record.to_measured()
    return found


class MeasurementJournal:
    """Measurements of one subject in a file of JSON lines that only grows.

    Args:
        path: The file; it is made with the first measurement.
        subject: What is measured and how. Measurements of another subject are neither used nor changed.
        currency: What costs are in.

    Attributes:
        measured: Pipeline -> its measurement, in the order in which they were made.
        failures: Pipeline -> why it could not be run.

    Raises:
        FileError: The file can't be read.
        DataError: A line before the last is not a measurement.
    """

    def __init__(self, path: Path, subject: str, currency: str = EXAMPLE.currency) -> None:
        self.path, self.subject, self.currency = path, subject, currency
        self.measured: dict[Pipeline, Measured] = {}
        self.failures: dict[Pipeline, str] = {}
        for number, record in enumerate(journal.read_as(path, Record, "measurement"), 1):
            if record.subject != subject:
                continue
            pipeline = _pipeline_of(record, path, number)
            self.measured[pipeline] = record.to_measured()
            if record.failure:
                self.failures[pipeline] = record.failure

    @property
    def usable(self) -> dict[Pipeline, Measured]:
        """Measurements of the pipelines that could be run."""
        return {pipeline: one for pipeline, one in self.measured.items() if pipeline not in self.failures}

    def add(self, pipeline: Pipeline, measured: Measured, failure: str = "") -> None:
        """Keep a measurement; it is on disk when this returns.

        Raises:
            FileError: The file can't be written, or another process writes to it.
        """
        latency, cost = (None if math.isinf(one) else float(one) for one in (measured.latency, measured.cost))
        record = Record(
            subject=self.subject,
            pipeline=str(pipeline),
            accuracy=float(measured.accuracy),
            latency=latency,
            cost=cost,
            memory=float(measured.memory),
            size=float(measured.size),
            failure=failure,
            currency=self.currency,
        )
        journal.append(self.path, [record.model_dump()])
        self.measured[pipeline] = measured
        if failure:
            self.failures[pipeline] = failure


def _pipeline_of(record: Record, path: Path, number: int) -> Pipeline:
    try:
        return parse_pipeline(record.pipeline)
    except ValueError as error:
        raise DataError(f"{path}, line {number}: {error}; restore the file from a copy") from None
