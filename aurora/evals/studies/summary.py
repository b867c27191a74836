"""The result of a study: means by variation with intervals over seeds, and paired differences from the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import Cell, EvalResult, Metric, Table, metric, save_result
from aurora.evals.results.samples import Sample, by_subject
from aurora.evals.results.summary import Difference, compare_pairs, mean_metric
from aurora.evals.studies.judging import GAIN, LEAD, PROMPTS, VALUE, opened
from aurora.evals.studies.plan import BASE, RunName, StudyPlan, budget_of_run
from aurora.evals.studies.playing import RunOutcome
from aurora.graphs.settings import SelfPlaySettings
from aurora.statistics.intervals import mean_interval

LEAST_SEEDS = 6
"""Number of seeds below which a paired test over them cannot reach 5 %: 2 of its 2^n patterns of signs are extreme."""


def write_result(
    folder: Path,
    plan: StudyPlan,
    outcomes: Mapping[RunName, RunOutcome],
    failures: Mapping[RunName, str],
    samples: Sequence[Sample],
) -> EvalResult:
    """Write the result of a study to its folder.

    Metrics and tables depend on the runs and samples alone, not on the order or the workers that made them.

    Args:
        folder: Folder of the study.
        plan: The study.
        outcomes: Outcome of each finished run.
        failures: Reason of each failed run.
        samples: Samples of the finished runs.

    Raises:
        FileError: The file can't be written, or a trace can't be read.
    """
    base = plan.by_variation[BASE]
    is_selfplay = isinstance(base, SelfPlaySettings)
    source = opened(base.model_dump_json()) if isinstance(base, SelfPlaySettings) else None
    unit = "" if source is None else source.unit
    names = (VALUE, LEAD) if is_selfplay else (GAIN,)
    suite = base.source if is_selfplay else PROMPTS
    metrics = _means(plan, samples, names, unit, suite)
    evaluations = _evaluations(plan, outcomes, suite)
    differences = differences_from_base(plan, samples, names[0], suite)
    result = EvalResult(
        kind="study",
        provenance=provenance(
            f"aurora study report {folder}",
            files=() if source is None else source.files,
            seeds=plan.study.seeds,
            settings=plan.study.model_dump(mode="json"),
            model=getattr(base, "model", ""),
            model_calls=sum(o.model_calls for o in outcomes.values()),
            dollars=sum(o.dollars for o in outcomes.values()),
        ),
        metrics=(*metrics, *evaluations, *(_as_metric(d, unit) for d in differences)),
        tables=(
            _variations(plan, outcomes, [*metrics, *evaluations], differences, names),
            _runs(plan, outcomes, failures),
        ),
        notes=_notes(plan, outcomes, failures, samples),
    )
    save_result(folder, result)
    return result


def _means(plan: StudyPlan, samples: Sequence[Sample], names: Sequence[str], unit: str, suite: str) -> list[Metric]:
    groups = by_subject(samples)
    means = [
        mean_metric(groups.get(v, []), name, unit=unit, better="higher", subject=v, suite=suite)
        for v in plan.variations
        for name in names
    ]
    return [m for m in means if m is not None]


def _evaluations(plan: StudyPlan, outcomes: Mapping[RunName, RunOutcome], suite: str) -> list[Metric]:
    metrics = []
    for variation in plan.variations:
        counts = np.array([o.evaluations for run, o in outcomes.items() if run.variation == variation], dtype=float)
        if len(counts):
            interval = mean_interval([counts])
            metrics.append(metric("evaluations", interval, samples=len(counts), subject=variation, suite=suite))
    return metrics


def differences_from_base(plan: StudyPlan, samples: Sequence[Sample], name: str, suite: str) -> list[Difference]:
    """Compare every variation with the base on the seeds and samples of both, with Holm's correction over all.

    Args:
        plan: The study.
        samples: Samples of the finished runs.
        name: Metric of the samples.
        suite: Suite that the result names.
    """
    groups = by_subject(samples)
    base = groups.get(BASE, [])
    measured = {(s.sample, s.trial) for s in base if name in s.values}
    pairs = [
        (name, variation, groups[variation], base)
        for variation in plan.variations
        if variation != BASE and any((s.sample, s.trial) in measured for s in groups.get(variation, []))
    ]
    tested = compare_pairs(pairs, "", suite=suite)
    return [d._replace(subject=d.rival, rival=BASE) for d in tested]


def _as_metric(difference: Difference, unit: str) -> Metric:
    return metric(
        f"{difference.name} less base",
        difference.difference,
        unit=unit,
        better="higher",
        samples=difference.clusters,
        subject=difference.subject,
        suite=difference.suite,
    )


def _variations(
    plan: StudyPlan,
    outcomes: Mapping[RunName, RunOutcome],
    metrics: Sequence[Metric],
    differences: Sequence[Difference],
    names: Sequence[str],
) -> Table:
    """Return the table by variation."""
    means = {(m.subject, m.name): m for m in metrics}
    changes = {d.subject: d for d in differences}
    rows = []
    for variation in plan.variations:
        done = sum(run.variation == variation for run in outcomes)
        row: list[Cell] = [variation, f"{done} of {len(plan.study.seeds)}"]
        for name in names:
            row += _bounds(means.get((variation, name)))
        change = changes.get(variation)
        row += _bounds(None if change is None else _as_metric(change, ""))
        row += [None if change is None else change.adjusted]
        spent = means.get((variation, "evaluations"))
        row += [None if spent is None else spent.value]
        rows.append(tuple(row))
    columns = ["variation", "runs"]
    for name in (*names, "less base"):
        columns += [name, f"{name}, low", f"{name}, high"]
    return Table(
        title="variations",
        columns=(*columns, "p, adjusted", "evaluations a run"),
        rows=tuple(rows),
        note="Intervals are 95 % over seeds. Differences are paired by seed and scenario, p-values adjusted by Holm.",
    )


def _bounds(value: Metric | None) -> list[Cell]:
    return [None, None, None] if value is None else [value.value, value.low, value.high]


def _runs(plan: StudyPlan, outcomes: Mapping[RunName, RunOutcome], failures: Mapping[RunName, str]) -> Table:
    """Return the table of all runs."""
    rows: list[tuple[Cell, ...]] = []
    for run in plan.runs:
        o = outcomes.get(run)
        if o is not None:
            rows.append((*run, o.reason, o.iterations, o.evaluations, o.selection_value, o.dollars))
        else:
            rows.append((*run, f"failed: {failures[run]}" if run in failures else "not finished", *[None] * 4))
    columns = ("variation", "seed", "ended", "iterations", "evaluations", "selection value", "dollars")
    note = "Champions and versions are chosen by the selection value; it is biased upwards."
    return Table(title="runs", columns=columns, rows=tuple(rows), note=note)


def _notes(
    plan: StudyPlan,
    outcomes: Mapping[RunName, RunOutcome],
    failures: Mapping[RunName, str],
    samples: Sequence[Sample],
) -> tuple[str, ...]:
    study = plan.study
    notes = [
        f"{len(outcomes)} of {len(plan.runs)} runs are finished: {len(plan.variations)} variations, "
        f"{len(study.seeds)} seeds. Limits of each run: {budget_of_run(study.budget)}."
    ]
    if study.kind == "selfplay":
        count = len({s.sample for s in samples})
        notes.append(
            f"Champions are judged on {count} fresh scenarios that no run has met, the same for all. Intervals are "
            "for other seeds on these scenarios."
        )
    if len(study.seeds) == 1:
        notes.append("With one seed there are no intervals; add seeds.")
    elif len(study.seeds) < LEAST_SEEDS:
        notes.append(f"With fewer than {LEAST_SEEDS} seeds no difference can reach p = 0.05; add seeds.")
    if failures:
        notes.append(f"{len(failures)} runs failed and count nowhere; the table of runs has their reasons.")
    lost = sum(bool(s.failure) for s in samples)
    if lost:
        reason = next(s.failure for s in samples if s.failure)
        notes.append(f"{lost} samples could not be measured and count nowhere, such as: {reason}")
    return tuple(notes)
