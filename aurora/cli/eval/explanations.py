"""`aurora eval explanations`: measures explanations of decisions, of whole runs and of plans for clusters."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import model_options, options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.eval.results import emit_result
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.output import note
from aurora.cli.terminal.steps import note_compiling, steps

if TYPE_CHECKING:
    from aurora.evals.judge.judging import Judging

JUDGE = "judge"
"""Name for `--suite` of what only a judge measures."""


def explanations(
    decisions: int = options.count(500, most=100_000, help="Number of decisions, at most five of a run."),
    plans: int = options.count(50, least=0, most=10_000, help="Number of whole runs, and of plans for clusters."),
    suites: list[str] | None = options.text(
        None, "--suite", help="Suite to measure, such as faithfulness; may be repeated. Default: all."
    ),
    seed: int = options.seed("Random seed of scenarios, plans and changes."),
    out: Path = options.path(Path("runs/eval/explanations"), help="Folder of the evaluation; it is continued."),
    judge: str | None = options.text(
        None, help="PROVIDER:MODEL that rates explanations by a rubric too. Its figures change no others."
    ),
    trials: int = options.count(3, most=100, help="Ratings of each explanation by the judge."),
    items: Path | None = options.path(
        None, help="With --judge: key of the set to rate, of `aurora eval rate new`; default: the one of its defaults."
    ),
    ratings: list[Path] | None = typer.Option(
        None, parser=options.parse_path, help="With --judge: filled form of a person, CSV; may be repeated."
    ),
    max_calls: int | None = model_options.max_calls(),
    max_tokens: int | None = model_options.max_tokens(),
    max_dollars: float | None = model_options.max_dollars(),
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure explanations: whether they are complete, correct, faithful, consistent, calibrated and clear.

    Intervals take statements about one run, or one plan, as dependent. A judge's calls are recorded in the folder, and
    no answer is paid for twice.

    Example: aurora eval explanations --decisions 50 --plans 6 --suite completeness --suite correctness
    """
    from aurora.evals.explanations.evaluation import Settings, evaluate_explanations  # heavy, used here only
    from aurora.evals.results.provenance import provenance
    from aurora.evals.results.result import EvalResult

    if judge is None and (items is not None or ratings or JUDGE in (suites or ())):
        raise options.usage_error("--judge", "name the model that rates: PROVIDER:MODEL")
    note_compiling()
    judging = None if judge is None else _judging(items, ratings or [], trials, seed)
    chosen = tuple(s for s in suites or () if s != JUDGE)
    settings = Settings(decisions, plans, seed, chosen)
    command = shlex.join(["aurora", *sys.argv[1:]])
    kept = f"the samples measured so far are in {out}; the same command continues there"
    with explained(lambda: kept), steps() as progress:
        if suites and not chosen:
            result = EvalResult(kind="explanations", provenance=provenance(command, seeds=(seed,)))
        else:
            result = evaluate_explanations(out, settings, command=command, progress=progress)
        if judge is not None and judging is not None:
            from aurora.agents.models.budget import Budget
            from aurora.evals.judge.judging import judge_explanations
            from aurora.evals.results.calls import EvalModel

            model = EvalModel(judge, Budget(max_calls, max_tokens, max_dollars), timeout, answer_tokens)
            result = judge_explanations(out, result, model, judging, tell=note, progress=progress)
    emit_result(result, out, as_json=as_json)
    require_passed(fails, result.metrics)


def _judging(items: Path | None, ratings: list[Path], trials: int, seed: int) -> Judging:
    """Return what a judge rates: the items that people rate, with their ratings so far."""
    from aurora.evals.judge.judging import Judging
    from aurora.evals.ratings.items import load_key
    from aurora.evals.ratings.reading import read_forms
    from aurora.evals.ratings.sampling import FormSettings, sample_set

    rating_set = sample_set(FormSettings(seed=seed)) if items is None else load_key(items)
    return Judging(rating_set, read_forms(ratings, rating_set), trials)
