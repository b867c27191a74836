"""`aurora eval report`: one page or one Markdown over evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.eval.gates import fail_on
from aurora.cli.terminal.output import emit_json, note

if TYPE_CHECKING:
    from aurora.evals.report.evaluations import Evaluation
    from aurora.evals.report.evaluations.comparisons import Compared
    from aurora.evals.results.gates import Failed

PAGE = Path("report.html")


def report(
    folders: list[Path] = options.path_argument(help="Folders of evaluations, or files with their results."),
    out: Path | None = options.path(None, help="File of the page; report.html unless --markdown is given."),
    markdown: Path | None = options.path(None, help="File of a Markdown with the same content."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print results, ratings and comparisons as JSON."),
) -> None:
    """Write a report of evaluations: purpose, figures with intervals, tables, notes, and the commands to repeat them.

    Evaluations of the same kind are compared with the first of them, on top of the report. Without a file, `--json`
    writes none.

    Example: aurora eval report runs/eval/benchmark --out benchmark.html --markdown benchmark.md
    """
    from aurora.evals.report.evaluations import evaluation_report, read_evaluations, write_evaluation_report
    from aurora.evals.report.evaluations.comparisons import compare_all

    evaluations = read_evaluations(folders)
    failed = failed_conditions(fails, evaluations)
    compared = compare_all(evaluations)
    page = PAGE if out is None and markdown is None and not as_json else out
    document = evaluation_report(evaluations, compared)
    files = write_evaluation_report(document, page=page, markdown=markdown)
    if as_json:
        emit_json(report_json(evaluations, compared, failed, files))
    else:
        for file in files:
            note(f"Written: {file}")
    for evaluation, reason in failed:
        note(f"{evaluation.name}: {reason}" if len(evaluations) > 1 else str(reason))
    if failed:
        raise typer.Exit(1)


def failed_conditions(conditions: list[str], evaluations: list[Evaluation]) -> list[tuple[Evaluation, Failed]]:
    """Return the metrics that fail a condition; a condition is about every evaluation that has its metric.

    Raises:
        InputError: A condition is not valid, or names a metric of no evaluation.
    """
    from aurora.evals.results.gates import failed_gates, parse_gate

    gates = [parse_gate(text) for text in conditions]
    failed_gates(gates, [m for e in evaluations for m in e.result.metrics])  # a name that nothing has is refused
    return [
        (evaluation, failure)
        for evaluation in evaluations
        for gate in gates
        if any(gate.key in (m.key, m.name) for m in evaluation.result.metrics)
        for failure in failed_gates([gate], evaluation.result.metrics)
    ]


def report_json(
    evaluations: list[Evaluation],
    compared: list[Compared],
    failed: list[tuple[Evaluation, Failed]],
    files: list[Path],
) -> dict[str, Any]:
    """Return the keys of `aurora eval report --json`."""
    from aurora.evals.report.evaluations.kinds import kind_of
    from aurora.evals.report.evaluations.overview import ratings, suite_ratings

    return {
        "evaluations": [
            {
                "name": e.name,
                "folder": str(e.path),
                "samples": len(e.samples),
                "failures": sum(bool(s.failure) for s in e.samples),
                "ratings": [r._asdict() for r in ratings(e, kind_of(e.result))],
                "ratings_by_suite": {
                    suite: [r._asdict() for r in rated] for suite, rated in suite_ratings(e, kind_of(e.result)).items()
                },
                "result": e.result.model_dump(mode="json"),
            }
            for e in evaluations
        ],
        "comparisons": [
            {
                "first": c.first.name,
                "second": c.second.name,
                "reason": c.reason,
                "comparison": None if c.comparison is None else c.comparison.to_json(),
            }
            for c in compared
        ],
        "failed": [
            {"evaluation": e.name, "condition": f.gate.text, "metric": f.metric, "value": f.value} for e, f in failed
        ],
        "files": [str(file) for file in files],
    }
