"""Reads requests that were recorded: one JSON object a line, with the item, its label if it is known, and its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from aurora import journal
from aurora.errors import DataError
from aurora.learning.composition.adaptation.watch import UNKNOWN
from aurora.learning.composition.pipelines.value_types import Batch, ValueType
from aurora.types import FloatArray, Frozen, IntArray

INTERVALS = 40
"""Intervals in which requests are counted."""


class RecordedRequest(Frozen):
    """One line of a file of requests.

    Attributes:
        item: A text, the numbers of the item, or its columns by name.
        label: Name of its class; None: not known yet.
        time: When it came, in seconds from any moment; None: not known.
    """

    item: str | tuple[float, ...] | dict[str, float]
    label: str | None = None
    time: float | None = Field(None, ge=0, allow_inf_nan=False)


@dataclass(frozen=True, eq=False)
class Recorded:
    """Requests, oldest first.

    Attributes:
        items: The items.
        labels: Number of each one's class, `UNKNOWN` where the label is not known, int64 [n].
        counts: Requests of each interval; empty where times are not known.
        seconds: Length of an interval.
    """

    items: Batch
    labels: IntArray
    counts: FloatArray
    seconds: float


def read_requests(path: Path, kind: ValueType, classes: Sequence[str]) -> Recorded:
    """Read a file of requests.

    Args:
        path: The file, the oldest request first.
        kind: Type of the items.
        classes: Names of the classes.

    Raises:
        FileError: The file can't be read.
        DataError: A line is no request of the task, or there is none.
    """
    lines = journal.read_as(path, RecordedRequest, "request")
    if not lines:
        raise DataError(f"{path} has no request; give one JSON object a line: item, label, time")
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.full(len(lines), UNKNOWN, np.int64)
    for number, line in enumerate(lines, 1):
        if line.label is not None and line.label not in numbers:
            names = ", ".join(classes)
            raise DataError(f"{path}, line {number}: {line.label[:80]!r} is no class of the task; there are {names}")
        if line.label is not None:
            labels[number - 1] = numbers[line.label]
    counts, seconds = _counts([line.time for line in lines])
    return Recorded(_items(path, lines, kind), labels, counts, seconds)


def _items(path: Path, lines: Sequence[RecordedRequest], kind: ValueType) -> Batch:
    if kind.kind == "text":
        for number, line in enumerate(lines, 1):
            if not isinstance(line.item, str):
                raise DataError(f"{path}, line {number}: the item is no text")
        return [str(line.item) for line in lines]
    rows = []
    for number, line in enumerate(lines, 1):
        row = line.item
        if isinstance(row, dict):
            if set(row) != set(kind.names):
                raise DataError(f"{path}, line {number}: give the columns {', '.join(kind.names)}")
            row = tuple(row[name] for name in kind.names)
        if isinstance(row, str) or len(row) != kind.width:
            raise DataError(f"{path}, line {number}: the item has not the form of {kind}")
        rows.append(row)
    return np.array(rows, np.float32)


def _counts(times: Sequence[float | None]) -> tuple[FloatArray, float]:
    known = np.array([time for time in times if time is not None])
    if len(known) < len(times) or len(known) < INTERVALS or known.max() <= known.min():
        return np.zeros(0), 1.0
    found, edges = np.histogram(known, INTERVALS)
    return found.astype(np.float64), float(edges[1] - edges[0])
