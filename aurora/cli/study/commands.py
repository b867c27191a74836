"""`aurora study`: many runs of self-play or prompt evolution by one file, their tables and comparison."""

from __future__ import annotations

import shlex
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.terminal.interrupts import Interrupted
from aurora.cli.terminal.output import emit_json, emit_table, note, printable
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.errors import RunError

if TYPE_CHECKING:  # heavy at run time
    from aurora.evals.results.result import EvalResult
    from aurora.evals.studies.plan import StudyPlan
    from aurora.evals.studies.running import StudyResult


class KindName(StrEnum):
    """Kinds of runs."""

    selfplay = "selfplay"
    evolve_prompts = "evolve-prompts"


class WorkersName(StrEnum):
    """Kinds of workers on this machine."""

    processes = "processes"
    threads = "threads"


app = typer.Typer(
    help="Many runs of self-play or prompt evolution by one file: run, resume, judge, compare.", no_args_is_help=True
)
_FOLDER = options.path_argument(help="Folder of the study.")


@app.command()
def new(
    file: Path = options.path_argument(help="File to write."),
    kind: KindName = typer.Option(KindName.selfplay, help="Kind of its runs."),
) -> None:
    """Write an example of a study file, with a comment for every field.

    Example: aurora study new population.yaml
    """
    from aurora.errors import FileError  # beside its use
    from aurora.evals.studies.example import example_study  # heavy, used here only
    from aurora.files import write_atomically

    if file.exists():
        raise FileError(f"{file} is there already; give another name, or remove it")
    write_atomically(file, example_study(kind.value))
    note(f"wrote {file}; check it with: aurora study run {shlex.quote(str(file))} --out FOLDER --dry-run")


@app.command()
def run(
    file: Path = options.path_argument(help="Study file."),
    out: Path = options.path(..., help="Folder of the study; the same folder continues it."),
    jobs: int = options.count(2, most=1024, help="Number of runs at a time; results do not depend on it."),
    workers: WorkersName = typer.Option(WorkersName.processes, help="Kind of workers on this machine."),
    ray: str | None = options.text(
        None, help="Address of a Ray cluster whose actors play the runs; local starts one here. Needs the extra ray."
    ),
    retry: bool = typer.Option(True, help="Play runs again that failed before."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Check the file, print the runs and limits, and stop."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Play every run of a study, judge the champions on the same fresh scenarios, and print the table.

    Example: aurora study run population.yaml --out runs/population --jobs 2
    """
    from aurora.evals.studies.plan import plan_study  # heavy, used here only
    from aurora.evals.studies.running import run_study  # heavy, used here only

    plan = plan_study(file)
    _note_plan(plan)
    if dry_run:
        if as_json:
            emit_json(_plan_json(plan))
        return
    note_compiling()
    with steps() as progress:
        result = run_study(
            plan,
            out,
            jobs=jobs,
            workers=workers.value,
            ray=ray,
            retry=retry,
            progress=progress,
        )
    again = f"aurora study run {shlex.quote(str(file))} --out {shlex.quote(str(out))}"
    if result.is_interrupted:
        raise Interrupted(
            f"interrupted; {result.done} of {result.runs} runs are finished, and the others continue from their last "
            f"iteration. Go on with: {again}"
        )
    _print(result, out, fails, as_json=as_json, again=again)


@app.command()
def status(
    folder: Path = _FOLDER,
    as_json: bool = typer.Option(False, "--json", help="Print the states as JSON."),
) -> None:
    """Show which runs of a study are done, failed, begun or waiting; it may be running meanwhile.

    Example: aurora study status runs/population
    """
    from aurora.evals.studies.folder import is_running, study_status  # heavy, used here only

    rows = study_status(folder)
    counts = Counter(row.state for row in rows)
    if as_json:
        emit_json(
            {
                "is_running": is_running(folder),
                "counts": dict(counts),
                "runs": [{**row.run._asdict(), **row._asdict(), "run": str(row.run)} for row in rows],
            }
        )
        return
    emit_table(
        "runs",
        ("variation", "seed", "state", "iterations", "evaluations", "reason"),
        [(*row.run, row.state, row.iterations, row.evaluations, printable(row.failure)) for row in rows],
        keys=2,
    )
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    works = "A process is working on it." if is_running(folder) else "No process works on it."
    note(f"{len(rows)} runs: {states}. {works}")


@app.command()
def report(
    folder: Path = _FOLDER,
    jobs: int = options.count(2, most=1024, help="Number of threads; results do not depend on it."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Judge the champions of the runs that are finished so far, and print the table.

    Example: aurora study report runs/population
    """
    from aurora.evals.studies.running import report_study  # heavy, used here only

    note_compiling()
    with steps() as progress:
        result = report_study(folder, jobs=jobs, progress=progress)
    again = f"aurora study report {shlex.quote(str(folder))}"
    if result.is_interrupted:
        raise Interrupted(f"interrupted; the samples so far are kept. Go on with: {again}")
    _print(result, folder, fails, as_json=as_json, again="aurora study run")


@app.command()
def compare(
    first: Path = options.path_argument(help="Folder of the study to compare with."),
    second: Path = options.path_argument(help="Folder of the study in question."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the comparison as JSON."),
) -> None:
    """Compare two studies by variation, paired by seed and scenario: second less first, with intervals.

    A condition of `--fail-on` is about the difference.

    Example: aurora study compare runs/before runs/after --fail-on "value.high<0"
    """
    from aurora.evals.studies.comparison import compare_studies  # heavy, used here only

    result = compare_studies(first, second)
    if as_json:
        emit_json(result.to_json())
    else:
        emit_table(
            "second less first",
            ("variation", "metric", "difference", "low", "high", "p, adjusted", "seeds", "evaluations", "before"),
            [
                (d.subject, d.name, *d.difference, d.adjusted, d.clusters, *reversed(result.evaluations[d.subject]))
                for d in result.samples.differences
            ],
            keys=2,
        )
        note("evaluations: mean of a run in the second, and before that in the first.")
    require_passed(fails, result.samples.metrics())


def _note_plan(plan: StudyPlan) -> None:
    """Note the number of runs and every limit, of a run and of all."""
    study = plan.study
    note(f"{len(plan.runs)} runs: {len(plan.variations)} variations with {len(study.seeds)} seeds each.")
    for unit, each, total in plan.totals():
        if each is not None:
            sign = "$" if unit == "dollars" else ""
            note(f"  {unit}: at most {sign}{each:,g} a run, {sign}{total:,g} in all")
    absent = [unit for unit, each, _ in plan.totals() if each is None]
    calls_model = any(getattr(settings, "model", "") for settings in plan.by_variation.values())
    if not calls_model:
        absent = [unit for unit in absent if unit in ("iterations", "evaluations", "seconds")]
        note("  no model is called: no calls, tokens or dollars")
    if absent:
        note(f"  no limit of {', '.join(absent)}")


def _plan_json(plan: StudyPlan) -> dict[str, Any]:
    return {
        "runs": [run._asdict() for run in plan.runs],
        "variations": plan.variations,
        "limits": {unit: {"run": each, "all": total} for unit, each, total in plan.totals()},
    }


def _print(result: StudyResult, folder: Path, fails: list[str], *, as_json: bool, again: str) -> None:
    """Print the result, then every failed run with its reason; failed runs end the command with an error.

    Raises:
        RunError: A run failed.
    """
    assert result.result is not None  # it was not interrupted
    if as_json:
        emit_json({**result.result.model_dump(mode="json"), "failures": _failures(result)})
    else:
        _print_tables(result.result)
        note(f"result: {folder}; report: aurora eval report {shlex.quote(str(folder))}")
    for failure in _failures(result):
        note(f"failed: {failure['variation']}, seed {failure['seed']}: {printable(failure['reason'])}")
    require_passed(fails, result.result.metrics)
    if result.failures:
        raise RunError(f"{len(result.failures)} of {result.runs} runs failed; play them again with: {again}")


def _failures(result: StudyResult) -> list[dict[str, Any]]:
    return [{**run._asdict(), "reason": reason} for run, reason in result.failures.items()]


def _print_tables(result: EvalResult) -> None:
    table = result.tables[0]
    emit_table(table.title, table.columns, table.rows)
    for text in (table.note, *result.notes):
        note(text)
