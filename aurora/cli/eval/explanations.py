"""`aurora eval explanations`: measures explanations of decisions, of whole runs and of plans for clusters."""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from aurora.cli import options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling, steps


def explanations(
    decisions: int = options.count(500, most=100_000, help="Number of decisions, at most five of a run."),
    plans: int = options.count(50, least=0, most=10_000, help="Number of whole runs, and of plans for clusters."),
    suites: list[str] | None = options.text(
        None, "--suite", help="Suite to measure, such as faithfulness; may be repeated. Default: all."
    ),
    seed: int = options.seed("Random seed of scenarios, plans and changes."),
    out: Path | None = options.path(
        None, help="Folder for samples and result; the same command continues there. Default: nothing is kept."
    ),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure explanations: whether they are complete, correct, faithful, consistent, calibrated and clear.

    Intervals take statements about one run, or one plan, as dependent.

    Example: aurora eval explanations --decisions 50 --plans 6 --suite completeness --suite correctness
    """
    from aurora.evals.explanations.evaluation import Settings, evaluate_explanations  # heavy, used here only

    note_compiling()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory())) if out is None else out
        kept = f"the samples measured so far are in {out}; the same command continues there" if out else ""
        stack.enter_context(explained(lambda: kept))
        result = evaluate_explanations(
            folder,
            Settings(decisions, plans, seed, tuple(suites or ())),
            command=shlex.join(["aurora", *sys.argv[1:]]),
            progress=stack.enter_context(steps()),
        )
    if as_json:
        emit_json(result.model_dump(mode="json"))
    else:
        for table in result.tables:
            emit_table(table.title, table.columns, table.rows)
    for text in result.notes:
        note(text)
    require_passed(fails, result.metrics)
