"""The result of an evaluation: its metrics with intervals, its tables, and how it was made."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from aurora.errors import DataError
from aurora.files import write_atomically
from aurora.reading import TABLE_BYTES, decode, parse_json, read_bytes
from aurora.statistics.intervals import Interval
from aurora.types import Frozen
from aurora.validation import explain_validation

RESULT_FILE = "result.json"
"""Name of the file with the result in the folder of an evaluation."""

Better = Literal["higher", "lower", "neither"]
Cell = str | float | int | bool | None


class Metric(Frozen):
    """A measured value with its 95 % interval."""

    name: str = Field(description="Name of the metric, such as reward or correctness.", min_length=1)
    value: float = Field(description="Measured value.")
    low: float | None = Field(None, description="Lower bound of the 95 % interval; null: there is none.")
    high: float | None = Field(None, description="Upper bound of the 95 % interval; null: there is none.")
    unit: str = Field("", description="Unit of the value; empty: a number without a unit.")
    better: Better = Field("neither", description="Direction in which the metric improves.")
    samples: int = Field(0, ge=0, description="Number of samples that it is measured on.")
    subject: str = Field("", description="Policy, agent or prompt that is measured; empty: there is only one.")
    suite: str = Field("", description="Benchmark or suite that it belongs to; empty: there is only one.")

    @property
    def key(self) -> str:
        """Return the name with suite and subject: `suite/subject:name`."""
        return f"{self.suite}/" * bool(self.suite) + f"{self.subject}:" * bool(self.subject) + self.name


def metric(name: str, interval: Interval, **fields: Any) -> Metric:
    """Return a metric with the bounds of an interval; bounds that are infinite are left out.

    Args:
        name: Name of the metric.
        interval: Mean with its bounds.
        fields: Other fields of `Metric`.
    """
    low, high = (bound if math.isfinite(bound) else None for bound in (interval.low, interval.high))
    return Metric(name=name, value=interval.mean, low=low, high=high, **fields)


class Table(Frozen):
    """A table of a result."""

    title: str = Field(description="Title of the table.")
    columns: tuple[str, ...] = Field(description="Headings, with units where the cells have one.")
    rows: tuple[tuple[Cell, ...], ...] = Field(description="Cells, a row for each entry; null: not measured.")
    note: str = Field("", description="Remark that belongs to the table.")

    @model_validator(mode="after")
    def _is_rectangular(self) -> Self:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"table {self.title!r}: every row needs {len(self.columns)} cells")
        return self


class Provenance(Frozen):
    """How a result was made, so that anyone can repeat it."""

    command: str = Field(description="Command that repeats it.")
    created: str = Field(description="Time at which it ended, ISO 8601 in UTC.")
    version: str = Field(description="Version of AURORA.")
    commit: str = Field("", description="Commit of the source tree, with + if files differed; empty: not in a tree.")
    seeds: tuple[int, ...] = Field((), description="Random seeds.")
    settings: dict[str, Any] = Field({}, description="Settings by name.")
    data: dict[str, str] = Field({}, description="File of data -> SHA-256 of its content.")
    machine: str = Field("", description="Processor cores and system that it ran on.")
    seconds: float = Field(0.0, ge=0, description="Duration in seconds.")
    model: str = Field("", description="Model as provider:model; empty: none.")
    model_calls: int = Field(0, ge=0, description="Number of calls of the model.")
    dollars: float = Field(0.0, ge=0, description="Price of these calls in dollars.")


class EvalResult(Frozen):
    """The result of an evaluation."""

    format: Literal[1] = Field(1, description="Version of this format.")
    kind: str = Field(description="Kind of evaluation, such as benchmark, transfer or explanations.", min_length=1)
    provenance: Provenance
    metrics: tuple[Metric, ...] = Field((), description="Metrics, each with its own key.")
    tables: tuple[Table, ...] = Field((), description="Tables, in the order in which a report shows them.")
    notes: tuple[str, ...] = Field((), description="Remarks on the whole, such as splits of the data and exclusions.")

    @model_validator(mode="after")
    def _has_unique_metrics(self) -> Self:
        keys = [m.key for m in self.metrics]
        twice = next((k for k in keys if keys.count(k) > 1), None) if len(set(keys)) < len(keys) else None
        if twice is not None:
            raise ValueError(f"metric {twice!r} occurs twice; give each its own suite, subject and name")
        return self


def save_result(folder: Path, result: EvalResult) -> None:
    """Write a result to its folder, whole or not at all.

    Raises:
        FileError: The file can't be written.
    """
    write_atomically(folder / RESULT_FILE, result.model_dump_json(indent=1) + "\n")


def load_result(path: Path) -> EvalResult:
    """Read the result in a folder, or in a file.

    Raises:
        FileError: The file can't be read.
        DataError: The file is not the result of an evaluation.
    """
    file = path / RESULT_FILE if path.is_dir() else path
    data = parse_json(decode(read_bytes(file, limit=TABLE_BYTES), str(file)), str(file))
    try:
        return EvalResult.model_validate(data)
    except ValidationError as error:
        raise DataError(
            f"{file} is no result of an evaluation: {explain_validation(error)}; name the folder of one"
        ) from None
