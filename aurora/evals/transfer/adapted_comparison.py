"""Judgement of the programs that a model adapts: as rows of the matrix, and against what they start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from aurora.evals.benchmark.suites import Judged
from aurora.evals.results.result import Cell, Metric, Table, metric
from aurora.evals.results.samples import Sample
from aurora.evals.transfer.adapted_policies import ByModel, Program
from aurora.evals.transfer.matrix import PERCENT, PROPOSAL, Transfer, transfers
from aurora.evals.transfer.measuring import measure_policies
from aurora.evals.transfer.values import SuiteValues
from aurora.sim.policies.policy import Policy
from aurora.statistics.intervals import Interval, mean_interval
from aurora.types import Progress, no_progress

ALONE = "model alone"
"""Subject of the programs that a model writes from nothing."""
_UNCHANGED = "unchanged"


class DomainSamples(NamedTuple):
    """Judgement of references and champions in a domain.

    Attributes:
        domain: Domain.
        reference: Best reference there, chosen on other scenarios.
        scenarios: Judged scenarios.
        samples: Samples of all references and champions on them.
    """

    domain: str
    reference: str
    scenarios: Sequence[Judged]
    samples: Sequence[Sample]


class Comparison(NamedTuple):
    """Adapted programs of a pair of domains, beside what they should be better than.

    Attributes:
        row: Adapted programs in the target, as a row of the matrix.
        source: Domain whose champions are adapted.
        unchanged: Gain over the best reference of the same champions as they were.
        alone: Gain of the programs from nothing; None: there is none.
        over_unchanged: Adapted less unchanged, on the same scenarios.
        over_alone: Adapted less alone, on the same scenarios; None: there is none.
        answers: Answers of the model for the adapted programs.
    """

    row: Transfer
    source: str
    unchanged: Interval
    alone: Interval | None
    over_unchanged: Interval
    over_alone: Interval | None
    answers: int


class JudgedPrograms(NamedTuple):
    """The programs of a model in a domain: rows of the matrix, and comparisons of the adapted ones."""

    rows: tuple[Transfer, ...]
    comparisons: tuple[Comparison, ...]


def adapted_name(source: str) -> str:
    """Return the subject of the programs that are adapted from a domain."""
    return f"{source}, adapted"


def judge_programs(
    folder: Path,
    judged: DomainSamples,
    programs: Sequence[Program],
    *,
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> JudgedPrograms:
    """Measure the programs of a domain on its judged scenarios, and compare them.

    Args:
        folder: Folder of the evaluation.
        judged: Judgement of references and champions there.
        programs: Programs of the model; those of other domains, and failed ones, are left out.
        interrupted: Function that returns True once the work must stop.
        progress: Receives the number of samples done.
    """
    valid = [p for p in programs if p.target == judged.domain and p.adapted is not None]
    if not valid:
        return JudgedPrograms((), ())
    measured = measure_policies(
        folder,
        f"{judged.domain}, by model",
        judged.scenarios,
        {policy.policy_id: (policy,) for policy in map(_policy_of, valid)},
        interrupted=interrupted,
        progress=progress,
    )
    by_subject: dict[str, list[Program]] = {}
    for program in valid:
        by_subject.setdefault(ALONE if program.source is None else adapted_name(program.source), []).append(program)
    samples = list(judged.samples)
    for subject, own in by_subject.items():
        samples += [s for trial, p in enumerate(own) for s in _renamed(measured, p, subject, trial)]
    rows = {r.subject: r for r in transfers(samples, judged.domain, judged.reference, list(by_subject))}
    compared = [
        _compared(samples, rows[name], own, rows.get(ALONE)) for name, own in by_subject.items() if name != ALONE
    ]
    return JudgedPrograms(tuple(rows.values()), tuple(compared))


def _policy_of(program: Program) -> Policy:
    assert program.adapted is not None  # valid ones only
    return program.adapted.policy


def _renamed(measured: Sequence[Sample], program: Program, subject: str, trial: int) -> list[Sample]:
    name = _policy_of(program).policy_id
    return [s.model_copy(update={"subject": subject, "trial": trial}) for s in measured if s.subject == name]


def _compared(
    samples: Sequence[Sample], row: Transfer, programs: Sequence[Program], alone: Transfer | None
) -> Comparison:
    """Compare the adapted programs of a source with the same champions unchanged, and with those from nothing."""
    source = programs[0].source or ""
    trials = {p.trial: place for place, p in enumerate(programs)}
    unchanged = [
        s.model_copy(update={"subject": _UNCHANGED, "trial": trials[s.trial]})
        for s in samples
        if s.subject == source and s.trial in trials
    ]
    values = SuiteValues([*samples, *unchanged])
    return Comparison(
        row=row,
        source=source,
        unchanged=mean_interval(values.gains(_UNCHANGED, row.reference)),
        alone=None if alone is None else alone.gain,
        over_unchanged=mean_interval(values.gains(row.subject, _UNCHANGED)),
        over_alone=None if alone is None else mean_interval(values.gains(row.subject, ALONE)),
        answers=sum(p.adapted.answers for p in programs if p.adapted is not None),
    )


def adapted_metrics(rows: Sequence[Comparison]) -> list[Metric]:
    """Return what adaptation adds to the unchanged champion, and to a program from nothing, of every pair."""
    metrics = []
    for c in rows:
        about = {"samples": c.row.scenarios, "subject": c.row.subject, "suite": c.row.judged, "better": "higher"}
        metrics.append(metric("adapted less unchanged", c.over_unchanged, **about))
        if c.over_alone is not None:
            metrics.append(metric("adapted less model alone", c.over_alone, **about))
    return metrics


def adapted_table(rows: Sequence[Comparison]) -> Table:
    """Return the adapted programs of every pair beside the unchanged champions and the programs from nothing."""
    cells: list[tuple[Cell, ...]] = []
    for c in rows:
        share = c.row.share
        shares = (share.ratio, share.low, share.high) if c.row.has_share else (None, None, None)
        cells.append(
            (
                c.source,
                c.row.judged,
                *(None if v is None else PERCENT * v for v in shares),
                PROPOSAL.get((c.source, c.row.judged)),
                c.unchanged.mean,
                *c.row.gain,
                *c.over_unchanged,
                None if c.alone is None else c.alone.mean,
                *((None,) * 3 if c.over_alone is None else c.over_alone),
                c.answers,
            )
        )
    return Table(
        title="policies adapted by a model",
        columns=(
            "trained in",
            "adapted to",
            "share, %",
            "low",
            "high",
            "proposal, %",
            "gain unchanged",
            "gain adapted",
            "low",
            "high",
            "less unchanged",
            "low",
            "high",
            "gain of the model alone",
            "less it",
            "low",
            "high",
            "answers",
        ),
        rows=tuple(cells),
        note="Adapted: the model is given the champion, both domains and typical scenarios. Alone: the same without "
        "the champion, with as many answers at most. The best of its programs on the typical scenarios is judged.",
    )


def adapted_notes(settings: ByModel, programs: Sequence[Program]) -> tuple[str, ...]:
    """Return remarks on the model, its answers, and the programs that failed."""
    refused = sum(len(p.adapted.refused) for p in programs if p.adapted is not None)
    failed = [f"{p.label}: {p.failure}" for p in programs if p.adapted is None]
    remarks = [
        f"{settings.model} had {settings.answers} answers at most for each program, and {settings.seeds} of the "
        f"seeds of training; {refused} answers were refused.",
    ]
    return (*remarks, *(f"No program for {text}" for text in failed))
