"""Measured samples of an evaluation, kept in a file that grows, so that resumed work repeats none of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from aurora import journal
from aurora.errors import InputError
from aurora.files import locked, write_atomically, writing
from aurora.types import Frozen, Progress, no_progress

SAMPLES_FILE = "samples.jsonl"
"""Name of the file with the samples in the folder of an evaluation."""
LOCK_FILE = ".lock"


class SampleKey(NamedTuple):
    """Identity of a sample.

    Attributes:
        suite: Benchmark or suite.
        subject: Policy, agent or prompt that is measured.
        sample: Name of the scenario, decision or question.
        trial: Number of the repetition, from 0.
    """

    suite: str
    subject: str
    sample: str
    trial: int = 0


def _is_empty(counts: dict[str, int]) -> bool:
    return not counts


class Sample(Frozen):
    """What was measured on a sample."""

    suite: str = Field("", description="Benchmark or suite that the sample belongs to.")
    subject: str = Field(description="Policy, agent or prompt that is measured.")
    sample: str = Field(description="Name of the scenario, decision or question.")
    trial: int = Field(0, ge=0, description="Number of the repetition, from 0.")
    stratum: str = Field("", description="Group that is always measured, such as a trace; its samples are drawn.")
    cluster: str = Field("", description="Samples that are not independent share one; empty: the sample by itself.")
    values: dict[str, float] = Field({}, description="Metric -> value; a metric that could not be measured is absent.")
    counts: dict[str, int] = Field(
        {}, exclude_if=_is_empty, description="Value that is a share -> number of statements that it is a share of."
    )
    failure: str = Field("", description="Reason why nothing was measured; empty: it was.")
    seconds: float = Field(0.0, ge=0, description="Duration of the measurement in seconds.")
    model_calls: int = Field(0, ge=0, description="Number of calls of a model.")
    dollars: float = Field(0.0, ge=0, description="Price of these calls in dollars.")

    @property
    def key(self) -> SampleKey:
        """Return what identifies the sample."""
        return SampleKey(self.suite, self.subject, self.sample, self.trial)

    @property
    def cluster_key(self) -> str:
        """Return the cluster, or the sample's own name."""
        return self.cluster or self.sample


def read_samples(folder: Path) -> list[Sample]:
    """Return the samples in the folder of an evaluation, in the order of measurement.

    A sample that was measured again after a failure counts once, as measured last.

    Raises:
        FileError: The file can't be read.
        DataError: A line is no sample.
    """
    samples = {s.key: s for s in journal.read_as(folder / SAMPLES_FILE, Sample, "sample")}
    return list(samples.values())


def measure_samples(
    folder: Path,
    wanted: Sequence[SampleKey],
    measure: Callable[[Sequence[SampleKey]], Iterable[Sample]],
    *,
    batch: int = 1,
    retry_failures: bool = True,
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> list[Sample]:
    """Measure the samples that the folder does not hold yet, and keep each batch at once.

    A run that is interrupted or killed loses at most the batch in progress; another call continues it.

    Args:
        folder: Folder of the evaluation; it is created.
        wanted: Samples to measure.
        measure: Function that measures a batch, in any order.
        batch: Number of samples of a batch.
        retry_failures: True: samples that failed before are measured again.
        interrupted: Function that returns True once the work must stop; it is called between batches.
        progress: Receives the number of samples done.

    Returns:
        The samples of `wanted` that are measured, in its order.

    Raises:
        FileError: The file can't be read or written, or another process measures into the folder.
        DataError: The file holds a line that is no sample.
        InputError: `measure` left out a sample.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK_FILE, busy=f"measures into {folder}; wait for it, or name another folder"):
        done = {s.key: s for s in read_samples(folder) if not (retry_failures and s.failure)}
        missing = [key for key in dict.fromkeys(wanted) if key not in done]
        known = len(set(wanted)) - len(missing)
        progress("samples", known, known + len(missing))
        for start in range(0, len(missing), batch):
            if interrupted():
                break
            part = missing[start : start + batch]
            measured = {s.key: s for s in measure(part)}
            absent = [key for key in part if key not in measured]
            if absent:
                reason = f"it left out sample {absent[0]}; it must return a sample for each key"
                raise InputError(reason, parameter="measure")
            journal.append(folder / SAMPLES_FILE, [measured[key].model_dump(mode="json") for key in part])
            done |= measured
            progress("samples", known + start + len(part), known + len(missing))
    return [done[key] for key in dict.fromkeys(wanted) if key in done]


def save_samples(folder: Path, samples: Iterable[Sample]) -> None:
    """Write the samples of an evaluation that is made at once, in place of those that the folder holds.

    Raises:
        FileError: The file can't be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(s.model_dump(mode="json"), sort_keys=True, allow_nan=False) + "\n" for s in samples]
    write_atomically(folder / SAMPLES_FILE, "".join(lines))


def by_subject(samples: Iterable[Sample]) -> Mapping[str, list[Sample]]:
    """Return the samples of each subject, in the order in which subjects first occur."""
    subjects: dict[str, list[Sample]] = {}
    for sample in samples:
        subjects.setdefault(sample.subject, []).append(sample)
    return subjects
