"""A prompt evolution as an evaluation: its samples, gains and versions in the common form."""

from __future__ import annotations

from pathlib import Path

from aurora import journal
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult, Metric, Table, save_result
from aurora.evals.results.samples import SAMPLES_FILE, Sample, read_samples
from aurora.graphs.prompt_evolution.bench import Bench, Cases
from aurora.graphs.prompt_evolution.judging import told
from aurora.graphs.prompt_evolution.lineage import versions_of
from aurora.graphs.prompt_evolution.settings import EvolutionSettings
from aurora.graphs.prompt_evolution.state import Judged, Standing

SELECTION, SEALED = "selection", "sealed"
"""Suites of the samples."""


def write_evaluation(
    folder: Path, settings: EvolutionSettings, standing: Standing, bench: Bench, cases: Cases, command: str
) -> EvalResult:
    """Write an evolution's samples and result into its folder, for `aurora eval compare` and reports.

    Args:
        folder: Folder of the evolution.
        settings: Its settings.
        standing: Its state.
        bench: Bench of the role.
        cases: Its cases.
        command: Command that repeats it.

    Raises:
        FileError: A file can't be read or written.
        DataError: The file of samples is damaged.
    """
    known = {s.key for s in read_samples(folder)}
    fresh = [s for s in samples_of(standing, cases) if s.key not in known]
    if fresh:
        journal.append(folder / SAMPLES_FILE, [s.model_dump(mode="json") for s in fresh])
    use = standing.use
    result = EvalResult(
        kind="prompt evolution",
        provenance=provenance(
            command,
            seeds=(settings.seed,),
            settings=settings.model_dump(mode="json"),
            model=settings.model,
            model_calls=use.calls,
            dollars=use.dollars,
        ),
        metrics=tuple(m for judged in standing.judged for m in _metrics(judged, bench.unit)),
        tables=(_versions(standing, cases), _gains(standing)),
        notes=(
            f"{standing.proposals} proposals, {standing.evaluations} evaluations, {use.tokens} tokens.",
            f"Cases: {len(cases.selection)} for selection, {len(cases.sealed)} sealed. {told(standing)}",
        ),
    )
    save_result(folder, result)
    return result


def samples_of(standing: Standing, cases: Cases) -> list[Sample]:
    """Return the measurements in the common form; the family is the stratum."""
    sealed = {c.name for c in cases.sealed}
    return [
        Sample(
            suite=SEALED if s.case in sealed else SELECTION,
            subject=s.prompt_id,
            sample=s.case,
            stratum=s.family,
            values={} if s.value is None else {"value": s.value},
            failure=s.failure,
            model_calls=s.calls,
            dollars=s.dollars,
        )
        for s in standing.samples
    ]


def _metrics(judged: Judged, unit: str) -> list[Metric]:
    rows = ((SELECTION, judged.selection), (SEALED, judged.sealed))
    return [
        Metric(
            name="gain",
            value=value,
            low=low,
            high=high,
            unit=unit,
            better="higher",
            samples=judged.pairs if suite == SEALED else 0,
            subject=judged.prompt_id,
            suite=suite,
        )
        for suite, (value, low, high) in rows
    ]


def _versions(standing: Standing, cases: Cases) -> Table:
    rows = tuple(
        (
            v.variant.prompt_id,
            v.variant.parent_id,
            v.variant.generation,
            v.variant.changed or "the first prompt",
            v.mean,
            v.gain,
            v.cases,
            v.tokens,
            v.dollars,
            v.is_kept,
        )
        for v in versions_of(standing, cases)
    )
    columns = ("version", "parent", "generation", "changed", "mean", "gain", "cases", "tokens", "dollars", "kept")
    note = "Means and gains are of the selection cases, by which versions are chosen: they are biased upwards."
    return Table(title="versions", columns=columns, rows=rows, note=note)


def _gains(standing: Standing) -> Table:
    rows = tuple(
        (j.prompt_id, j.candidates, *j.selection, *j.sealed, j.pairs, j.p_value, j.verdict) for j in standing.judged
    )
    columns = (
        "version",
        "candidates",
        "selection gain",
        "its low",
        "its high",
        "sealed gain",
        "low",
        "high",
        "pairs",
        "p",
        "verdict",
    )
    return Table(title="gains over the first prompt", columns=columns, rows=rows)
