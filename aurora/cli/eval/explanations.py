"""`aurora eval explanations`: measures explanations of decisions, of whole runs and of plans for clusters."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.eval.results import emit_result
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.steps import note_compiling, steps


def explanations(
    decisions: int = options.count(500, most=100_000, help="Number of decisions, at most five of a run."),
    plans: int = options.count(50, least=0, most=10_000, help="Number of whole runs, and of plans for clusters."),
    suites: list[str] | None = options.text(
        None, "--suite", help="Suite to measure, such as faithfulness; may be repeated. Default: all."
    ),
    seed: int = options.seed("Random seed of scenarios, plans and changes."),
    out: Path = options.path(Path("runs/eval/explanations"), help="Folder of the evaluation; it is continued."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure explanations: whether they are complete, correct, faithful, consistent, calibrated and clear.

    Intervals take statements about one run, or one plan, as dependent.

    Example: aurora eval explanations --decisions 50 --plans 6 --suite completeness --suite correctness
    """
    from aurora.evals.explanations.evaluation import Settings, evaluate_explanations  # heavy, used here only

    settings = Settings(decisions, plans, seed, tuple(suites or ()))
    note_compiling()
    kept = f"the samples measured so far are in {out}; the same command continues there"
    with explained(lambda: kept), steps() as progress:
        command = shlex.join(["aurora", *sys.argv[1:]])
        result = evaluate_explanations(out, settings, command=command, progress=progress)
    emit_result(result, out, as_json=as_json)
    require_passed(fails, result.metrics)
