"""Measurements of one fitted component on the output of the chain before it, and the file that keeps one."""

from __future__ import annotations

import statistics
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError, FileError
from aurora.files import replaced, writing
from aurora.learning.composition.components.memory import MemoryMeter
from aurora.learning.composition.components.runtimes import Step, open_step
from aurora.learning.composition.pipelines.value_types import Array, Batch
from aurora.learning.composition.tasks.task import SplitName

BATCH_SIZES = (1, 8, 32)
"""Sizes of batches whose times are measured."""
PASSES = 3
"""Times that each item is run; its time is the median."""
LONGEST_PASS = 5.0
"""Seconds of a pass above which an item is run once."""
BATCH_SECONDS = 0.05
"""Least seconds for which each size of batch is run, in at least `PASSES` batches."""
MEASURED_SPLITS: tuple[SplitName, ...] = ("select", "sealed")
"""Splits that are answered: items to choose by, and items that no choice sees."""


@dataclass(frozen=True, eq=False)
class StepMeasurement:
    """Measurement of one fitted component on the output of the chain before it.

    Attributes:
        seconds: Split -> time of each item as a request of its own, of shape (items,).
        probabilities: Split -> probability of each class, of shape (items, classes); empty for a transformation.
        batch_seconds: Size of a batch -> median time of one batch of that size, in seconds.
        memory: Resident memory that it adds to a process, in bytes.
        size: Size of its artefact on disk, in bytes.
    """

    seconds: Mapping[SplitName, NDArray[np.float64]]
    probabilities: Mapping[SplitName, Array]
    batch_seconds: Mapping[int, float]
    memory: float
    size: float


def measure_step(place: Path, values: Mapping[SplitName, Batch], meter: MemoryMeter) -> StepMeasurement:
    """Measure a fitted component.

    Args:
        place: Folder of its artefact.
        values: Split -> what it is given.
        meter: Measures the memory that it adds to a process.

    Raises:
        FileError: The artefact can't be read, or a package is absent.
        DataError: The artefact is not what it says.
        RunError: Its memory can't be measured.
    """
    manifest, step = open_step(place)
    seconds: dict[SplitName, NDArray[np.float64]] = {}
    probabilities: dict[SplitName, Array] = {}
    for name, value in values.items():
        seconds[name], rows = _item_seconds(step, value)
        if manifest.kind == "model":
            probabilities[name] = rows
    batches = {size: _batch_seconds(step, values["select"], size) for size in BATCH_SIZES}
    return StepMeasurement(seconds, probabilities, batches, meter(place), manifest.size)


def _item_seconds(step: Step, value: Batch) -> tuple[NDArray[np.float64], Array]:
    """Return the time of each item as a request of its own, and what was answered."""
    items = [value[k : k + 1] for k in range(len(value))]
    for item in items[:10]:
        step(item)
    clock = time.thread_time
    passes: list[list[float]] = []
    rows: list[Array] = []
    for k in range(PASSES):
        times = []
        for item in items:
            began = clock()
            row = step(item)
            times.append(clock() - began)
            if k == 0:
                rows.append(row)
        passes.append(times)
        if sum(times) > LONGEST_PASS:
            break
    return np.median(np.array(passes), axis=0), np.concatenate(rows)


def _batch_seconds(step: Step, value: Batch, size: int) -> float:
    """Return the median time of batches of a size."""
    batches = [value[k : k + size] for k in range(0, len(value) - size + 1, size)]
    clock = time.thread_time
    times: list[float] = []
    for k in range(1000):
        began = clock()
        step(batches[k % len(batches)])
        times.append(clock() - began)
        if k + 1 >= PASSES and sum(times) > BATCH_SECONDS:
            break
    return statistics.median(times)


def write_step_measurement(file: Path, step: StepMeasurement) -> None:
    """Write a measurement whole, or not at all.

    Raises:
        FileError: The file can't be written.
    """
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {
        "batch_sizes": np.array(list(step.batch_seconds), np.int64),
        "batch_seconds": np.array(list(step.batch_seconds.values())),
        "memory": np.array(step.memory),
        "size": np.array(step.size),
    }
    arrays |= {f"seconds_{name}": value for name, value in step.seconds.items()}
    arrays |= {f"probabilities_{name}": value for name, value in step.probabilities.items()}
    with replaced(file) as partial:
        np.savez(partial, **arrays)


def read_step_measurement(file: Path) -> StepMeasurement | None:
    """Return a kept measurement; None if there is none.

    Raises:
        FileError: The file can't be read.
        DataError: It holds no measurement.
    """
    try:
        with np.load(file, allow_pickle=False) as kept:
            return StepMeasurement(
                seconds={name: kept[f"seconds_{name}"] for name in MEASURED_SPLITS},
                probabilities={
                    name: kept[f"probabilities_{name}"] for name in MEASURED_SPLITS if f"probabilities_{name}" in kept
                },
                batch_seconds=dict(zip(kept["batch_sizes"].tolist(), kept["batch_seconds"].tolist(), strict=True)),
                memory=float(kept["memory"]),
                size=float(kept["size"]),
            )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(f"can't read {file}: {error}; check its permissions") from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{file} is no measurement ({error}); delete it, and it is measured again") from None
