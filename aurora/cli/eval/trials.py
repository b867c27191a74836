"""`aurora eval trials`: how reliably a model words explanations and answers operators' questions."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import typer

from aurora.cli import model_options, options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.eval.results import emit_result
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.output import note
from aurora.cli.terminal.steps import note_compiling, steps


def trials(
    model: str | None = options.text(None, help="PROVIDER:MODEL to measure; default: AURORA_MODEL."),
    suites: list[str] | None = options.text(
        None, "--suite", help="explanations (facts that the model arranges) or questions (of operators); default: both."
    ),
    cases: int = options.count(20, most=100_000, help="Number of cases of each suite."),
    trials: int = options.count(3, most=100, help="Trials of each case."),
    passing: float = options.number(0.9, least=0, most=1, unit="points", help="Points from which a trial passes."),
    seed: int = options.seed("Random seed of the cases."),
    out: Path = options.path(Path("runs/eval/trials"), help="Folder of the evaluation; it is continued."),
    max_calls: int | None = model_options.max_calls(),
    max_tokens: int | None = model_options.max_tokens(),
    max_dollars: float | None = model_options.max_dollars(),
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure how reliably a model does its work: pass@k and pass^k over repeated trials of the same cases.

    Code decides what passes. A killed evaluation continues, and no answer is paid for twice.

    Example: aurora eval trials --model openai:gpt-5-mini --suite explanations --cases 20 --trials 3
    """
    from aurora.agents.models.budget import Budget  # heavy, used here only
    from aurora.evals.results.calls import EvalModel
    from aurora.evals.trials.measuring import TrialSettings, evaluate_trials

    note_compiling()
    asked = EvalModel(model or "", Budget(max_calls, max_tokens, max_dollars), timeout, answer_tokens)
    settings = TrialSettings(tuple(suites or ()), cases, trials, seed, passing)
    kept = f"the trials measured so far are in {out}; the same command continues there"
    with explained(lambda: kept), steps() as progress:
        command = shlex.join(["aurora", *sys.argv[1:]])
        result = evaluate_trials(out, asked, settings, command=command, tell=note, progress=progress)
    emit_result(result, out, as_json=as_json)
    require_passed(fails, result.metrics)
