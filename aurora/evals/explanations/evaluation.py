"""Runs the suites on sampled decisions, runs and plans, and summarises them: `aurora eval explanations`."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import AuroraError, InputError
from aurora.evals.explanations.sampling import sampled_decisions, sampled_plan, sampled_run
from aurora.evals.explanations.shares import share_metric
from aurora.evals.explanations.suites import (
    agreement,
    calibration,
    clarity,
    completeness,
    consistency,
    correctness,
    faithfulness,
    mutation,
)
from aurora.evals.explanations.suites.suite import Measured, Suite, listed
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult, Metric, Table, save_result
from aurora.evals.results.samples import Sample, SampleKey, measure_samples
from aurora.evals.results.summary import mean_metric
from aurora.types import Progress, no_progress

DECISIONS, RUNS, PLANS = "decisions", "runs", "plans"
"""Subjects of the samples."""
SUITES: Mapping[str, Suite] = {
    s.SUITE.name: s.SUITE
    for s in (
        completeness,
        correctness,
        faithfulness,
        consistency,
        agreement,
        calibration,
        clarity,
        mutation,
    )
}
"""Every suite by name."""
BATCH = 50
"""Samples that are written at once."""


class Settings(NamedTuple):
    """What is measured.

    Attributes:
        decisions: Number of decisions, at most five of a run.
        plans: Number of whole runs, and of plans for clusters.
        seed: Random seed of scenarios, plans and changes.
        suites: Names of suites; empty: all.
    """

    decisions: int = 500
    plans: int = 50
    seed: int = 0
    suites: tuple[str, ...] = ()


def evaluate_explanations(
    folder: Path,
    settings: Settings,
    *,
    command: str = "",
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> EvalResult:
    """Measure the explanations of sampled decisions, of their runs, and of plans; write samples and result to a folder.

    Samples that the folder holds already are not measured again.

    Args:
        folder: Folder of the evaluation.
        settings: What is measured.
        command: Command that repeats it.
        interrupted: Function that returns True once the work must stop; called between batches.
        progress: Receives the number of samples done.

    Raises:
        InputError: There is no such suite.
        FileError: The folder can't be read or written, or another process measures into it.
        DataError: The folder's file of samples is damaged.
    """
    chosen = [_suite(name) for name in settings.suites] or list(SUITES.values())
    began = time.perf_counter()
    keys = list(sample_keys(chosen, settings))
    samples = measure_samples(folder, keys, measure_keys, batch=BATCH, interrupted=interrupted, progress=progress)
    metrics = summarise(samples)
    failed = [s for s in samples if s.failure]
    result = EvalResult(
        kind="explanations",
        provenance=provenance(
            command,
            seeds=(settings.seed,),
            settings=settings._asdict() | {"suites": [s.name for s in chosen]},
            seconds=time.perf_counter() - began,
        ),
        metrics=tuple(metrics),
        tables=tuple(_tables(metrics)),
        notes=(
            *(f"{s.suite} of {s.subject} {s.sample} failed: {s.failure}" for s in failed),
            *([f"{len(keys) - len(samples)} of {len(keys)} samples are left to measure."] * (len(samples) < len(keys))),
        ),
    )
    save_result(folder, result)
    return result


def sample_keys(suites: Sequence[Suite], settings: Settings) -> Iterator[SampleKey]:
    """Yield the samples of suites, those of one run next to each other."""
    of_run: dict[int, list[str]] = {}
    for key in sampled_decisions(settings.decisions, settings.seed):
        of_run.setdefault(key.run, []).append(key.name)
    for place, (number, names) in enumerate(of_run.items()):
        for suite in suites:
            if suite.of_decision is not None:
                yield from (SampleKey(suite.name, DECISIONS, name) for name in names)
            if suite.of_run is not None and place < settings.plans:
                yield SampleKey(suite.name, RUNS, f"{settings.seed}/{number}")
    for number in range(settings.plans):
        for suite in suites:
            if suite.of_plan is not None:
                yield SampleKey(suite.name, PLANS, f"{settings.seed}/{number}")


def _suite(name: str) -> Suite:
    if name not in SUITES:
        raise InputError(f"there are {', '.join(SUITES)}", parameter="suite", value=name)
    return SUITES[name]


def measure_keys(keys: Sequence[SampleKey]) -> Iterable[Sample]:
    """Yield what the suites measure on samples; one that can't be explained has a failure in place of values."""
    for key in keys:
        began = time.perf_counter()
        seed, number = (int(part) for part in key.sample.split("/")[:2])
        fields = {"suite": key.suite, "subject": key.subject, "sample": key.sample, "cluster": f"{seed}/{number}"}
        try:
            measured = _measured(key, seed, number)
        except AuroraError as error:
            yield Sample(**fields, failure=str(error), seconds=time.perf_counter() - began)
            continue
        shares = {n: (true, of) for n, (true, of) in measured.shares.items() if of}
        yield Sample(
            **fields,
            values={n: true / of for n, (true, of) in shares.items()} | dict(measured.amounts),
            counts={n: of for n, (_, of) in shares.items()},
            seconds=time.perf_counter() - began,
        )


def _measured(key: SampleKey, seed: int, number: int) -> Measured:
    suite = SUITES[key.suite]
    rng = np.random.default_rng([*(int(part) for part in key.sample.split("/")), zlib.crc32(key.suite.encode())])
    if key.subject == DECISIONS:
        assert suite.of_decision is not None  # see `sample_keys`
        return suite.of_decision(sampled_run(seed, number), int(key.sample.split("/")[2]), rng)
    if key.subject == RUNS:
        assert suite.of_run is not None  # likewise
        return suite.of_run(sampled_run(seed, number), rng)
    assert suite.of_plan is not None  # likewise
    return suite.of_plan(sampled_plan(seed, number), rng)


def summarise(samples: Sequence[Sample]) -> list[Metric]:
    """Return every value as a metric by suite and subject: shares of statements, and means of amounts."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for s in samples:
        groups.setdefault((s.suite, s.subject), []).append(s)
    metrics = []
    for (name, subject), members in sorted(groups.items(), key=lambda g: list(SUITES).index(g[0][0])):
        suite = SUITES[name]
        shares = {n for s in members for n in s.counts}
        for value in dict.fromkeys(n for s in members for n in s.values):
            better = suite.better.get(value, "higher")
            if value in shares:
                made = share_metric(members, value, better=better, subject=subject, suite=name)
            else:
                unit = suite.units.get(value, "")
                made = mean_metric(members, value, unit=unit, better=better, subject=subject, suite=name)
            metrics += [made] if made is not None else []
    return metrics


def _tables(metrics: Sequence[Metric]) -> Iterator[Table]:
    """Yield the tables of each suite."""
    for name, suite in SUITES.items():
        rows = [m for m in metrics if m.suite == name]
        if rows:
            yield from [listed(suite, rows)] if suite.tables is None else suite.tables(rows)
