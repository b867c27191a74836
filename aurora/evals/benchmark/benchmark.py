"""Runs a benchmark: trains the contestants, measures everyone on every suite, and writes the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aurora.errors import InputError
from aurora.evals.benchmark.contestants import METHODS, Contestant, Method, network_agent, trained
from aurora.evals.benchmark.measuring import BOUND, Subject, keys_of, measurer, of_agents, of_policies
from aurora.evals.benchmark.suites import SUITES, Judged, suite
from aurora.evals.benchmark.tables import (
    CHAMPION,
    bound_rows,
    contended_table,
    differences,
    suite_metrics,
    suite_table,
    summary_table,
    with_pareto,
)
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult, Table, save_result
from aurora.evals.results.samples import Sample, SampleKey, measure_samples
from aurora.evals.results.summary import Difference
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.types import Progress, no_progress

TRAINED_FOLDER = "trained"
BOUNDED_SUITES = ("level1", "level2", "level3")
"""Suites that are small enough for bounds and Pareto tests."""
PROVED_RIVALS = ("cheapest", "nearest")
"""References that are tested for Pareto-optimality too. A test takes seconds, and these come closest."""
PROPOSAL_ROWS = ("random", "first_fit", "dqn", "ppo", "ppo_lstm", CHAMPION)


@dataclass(frozen=True, slots=True)
class BenchmarkSettings:
    """Settings that determine a benchmark.

    Attributes:
        suites: Names of the suites.
        scenarios: Scenarios of each stratum.
        seeds: Random seeds of training; the first is that of the judged scenarios too.
        seconds: Processor time of each training.
        methods: Methods whose policies are trained; `champion` is AURORA's search.
        proofs: Scenarios of each stratum, on levels 1 to 3, with bounds and Pareto tests.
    """

    suites: tuple[str, ...]
    scenarios: int = 10
    seeds: tuple[int, ...] = (1, 2, 3)
    seconds: float = 120.0
    methods: tuple[Method, ...] = METHODS
    proofs: int = 0


def run_benchmark(
    folder: Path,
    settings: BenchmarkSettings,
    *,
    data: Path | None = None,
    policies: Mapping[str, Policy] | None = None,
    command: str = "",
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> EvalResult:
    """Train the contestants, measure everyone on every suite, and write the result to a folder.

    What the folder holds already is not trained or measured again, so an interrupted benchmark continues.

    Args:
        folder: Folder of the evaluation; it is created.
        settings: Settings of the benchmark.
        data: Folder with the traces; None: only suites that need none can be chosen.
        policies: Policies of the caller to measure as well, by name; None: none.
        command: Command that repeats it.
        interrupted: Function that returns True once the work must stop.
        progress: Receives the steps done.

    Raises:
        InputError: A suite is unknown, or needs the folder with the traces.
        RunError: The folder holds trainings of other settings, or another process uses it.
        DataError: A trace is not valid.
        FileError: A file is absent, or can't be written.
    """
    started = time.perf_counter()
    for name in settings.suites:
        if suite(name).data and data is None:
            raise InputError(f"suite {name} needs the folder that holds {SUITES[name].data}", parameter="data")
    samples: list[Sample] = []
    files: set[Path] = set()
    notes: list[str] = []
    for place, name in enumerate(settings.suites):
        chosen = suite(name)
        source = chosen.open(data)
        files |= set(source.files)
        contestants = _train_all(folder, settings, name, data, progress)
        subjects = _subjects(chosen.rivals, contestants, policies or {})
        progress("suites", place, len(settings.suites), name)
        judged = chosen.judged(source, data, settings.scenarios, settings.seeds[0])
        keys = keys_of(name, judged, subjects)
        proofs = settings.proofs if name in BOUNDED_SUITES else 0
        keys += _bounded(name, judged, proofs)
        measure = measurer(name, chosen, source, judged, subjects, proofs)
        measured = measure_samples(
            folder, keys, measure, batch=max(1, len(subjects)), interrupted=interrupted, progress=progress
        )
        samples += with_pareto([s for s in measured if not s.failure])
        notes += [_trained_note(c) for c in contestants.values() if c]
        progress("suites", place + 1, len(settings.suites), name)
    compared = {name: differences(name, [s for s in samples if s.suite == name]) for name in settings.suites}
    result = EvalResult(
        kind="benchmark",
        provenance=provenance(
            command,
            files=sorted(files),
            seeds=settings.seeds,
            settings={
                "suites": list(settings.suites),
                "scenarios": settings.scenarios,
                "seconds": settings.seconds,
                "methods": list(settings.methods),
                "proofs": settings.proofs,
            },
            seconds=time.perf_counter() - started,
        ),
        metrics=tuple(m for name in settings.suites for m in suite_metrics(name, _of(samples, name))),
        tables=_tables(settings, samples, compared),
        notes=tuple(dict.fromkeys(notes)),
    )
    save_result(folder, result)
    return result


def _of(samples: Sequence[Sample], name: str) -> list[Sample]:
    return [s for s in samples if s.suite == name]


def _bounded(name: str, judged: Sequence[Judged], proofs: int) -> list[SampleKey]:
    """Return the keys of the bounds of the first scenarios of each stratum."""
    by_stratum: dict[str, list[str]] = {}
    for j in judged:
        by_stratum.setdefault(j.stratum, []).append(j.name)
    return [SampleKey(name, BOUND, sample) for names in by_stratum.values() for sample in names[:proofs]]


def _train_all(
    folder: Path, settings: BenchmarkSettings, name: str, data: Path | None, progress: Progress
) -> dict[Method, list[Contestant]]:
    """Train every method on the suite's source, which suites of the same source share."""
    chosen = suite(name)
    source = chosen.open(data)
    methods = [m for m in settings.methods if m == CHAMPION or chosen.learns]
    contestants: dict[Method, list[Contestant]] = {}
    for k, method in enumerate(methods):
        contestants[method] = []
        for seed in settings.seeds:
            progress("training", k, len(methods), f"{source.name}: {method}, seed {seed}")
            place = folder / TRAINED_FOLDER / source.name / f"{method}-{seed}"
            needs = data if chosen.data else None
            contestants[method].append(
                trained(place, method, source.name, source, needs, seed=seed, seconds=settings.seconds)
            )
    if methods:
        progress("training", len(methods), len(methods), source.name)
    return contestants


def _subjects(
    rivals: Sequence[str],
    contestants: Mapping[Method, Sequence[Contestant]],
    policies: Mapping[str, Policy],
) -> list[Subject]:
    subjects = [of_policies(name, [REFERENCES[name]], is_proved=name in PROVED_RIVALS) for name in rivals]
    subjects += [of_policies(name, [policy], is_proved=True) for name, policy in policies.items()]
    for method, trainings in contestants.items():
        learned = [c.policy for c in trainings if c.policy is not None]
        if learned:
            subjects.append(of_policies(method, learned, is_proved=method == CHAMPION))
        elif trainings:
            subjects.append(of_agents(method, [network_agent(c.folder) for c in trainings]))
    return subjects


def _trained_note(trainings: Sequence[Contestant]) -> str:
    """Say how long a method was trained, and on how many simulations or decisions."""
    record = trainings[0].record
    unit = "simulations" if record.method == CHAMPION else "decisions"
    each = ", ".join(f"{c.record.seconds:.0f} s of the processor ({c.record.effort:,} {unit})" for c in trainings)
    return f"{record.method} was trained on {record.source}, seed by seed, for {each}."


def _tables(
    settings: BenchmarkSettings, samples: Sequence[Sample], compared: Mapping[str, Sequence[Difference]]
) -> tuple[Table, ...]:
    tables = []
    if any(compared.values()):
        tables.append(summary_table(compared))
    shown = [s for s in PROPOSAL_ROWS if any(x.subject == s for x in samples)]
    tables.append(contended_table(samples, shown))
    rows = [row for name in settings.suites if (row := bound_rows(name, _of(samples, name))) is not None]
    if rows:
        shares = ("proved optimal, %", "dominated, %", "tested")
        joint = ("joint bound less champion", "low, joint", "high, joint")
        columns = ("suite", "bound less champion", "low", "high", "scenarios", *shares, *joint)
        note = (
            "Bounds take each objective by itself, joint bounds all together. The test is of latency and cost, "
            "against every plan (CP-SAT)."
        )
        tables.append(Table(title="distance to the optimum", columns=columns, rows=tuple(rows), note=note))
    tables += [suite_table(name, _of(samples, name), compared[name]) for name in settings.suites if _of(samples, name)]
    return tuple(tables)
