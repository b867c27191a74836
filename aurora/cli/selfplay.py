"""`aurora selfplay`: self-play of attacker and defender, with an archive, a champion and a report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.agents.arena.sources import SOURCES
from aurora.cli import model_options, options
from aurora.cli.selfplay_model import asked_from, require_answers, settings_by_model, tell_when_asked
from aurora.cli.selfplay_notes import note_event
from aurora.cli.terminal.interrupts import Interrupted, explained
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.errors import RunError

if TYPE_CHECKING:  # heavy at run time
    from aurora.evals.champion import Verdict
    from aurora.evals.overfitting import Overfitting
    from aurora.evals.report.selfplay import Report
    from aurora.graphs.events import Event
    from aurora.graphs.result import SelfPlayResult
    from aurora.graphs.run import Run
    from aurora.graphs.settings import SelfPlaySettings
    from aurora.sim.policies.policy import Policy


SourceName = StrEnum("SourceName", {name: name for name in SOURCES})  # type: ignore[misc]  # names from the table
"""Sources of scenarios."""


class ProposerName(StrEnum):
    """Proposers of scenarios and policies."""

    search = "search"
    model = "model"
    both = "both"


class Tracker(StrEnum):
    """Experiment trackers."""

    wandb = "wandb"


"""Exit code after Ctrl-C, as in shells."""


def selfplay(  # one parameter an option
    iterations: int | None = options.count(None, most=1_000_000, help="Number of iterations at the end of the run."),
    source: SourceName = typer.Option(SourceName("generated"), help="Source of scenarios."),
    data: Path | None = options.path(
        None, help="Folder with the traces (openb/, swf/), or with your scenarios (--source files)."
    ),
    start: str | None = options.policy(
        None, help="Policy that the search starts from and is compared with: a file, or the name of one."
    ),
    shipped: bool = typer.Option(
        True, "--shipped/--no-shipped", help="Let the search cross with shipped champions that fit the source."
    ),
    seed: int = options.seed(),
    run: Path | None = options.path(None, help="Run directory; default runs/SOURCE-SEED."),
    resume: Path | None = options.path(None, help="Continue the run in this directory, as it was configured."),
    time_limit: float | None = options.number(
        None, least=1, most=options.YEAR, unit="seconds", help="Time after which the run stops."
    ),
    train_on: list[str] | None = options.text(
        None, help="Family of scenarios to train on, * for several; may be repeated. Default: the source's choice."
    ),
    validate_on: list[str] | None = options.text(
        None, help="Family on which the champion is chosen; may be repeated. Never one that is trained on."
    ),
    test_on: list[str] | None = options.text(
        None, help="Family on which the report tests the champion; may be repeated. Neither of the above."
    ),
    track: Tracker | None = typer.Option(None, help="Experiment tracker that receives the events as well."),
    proposer: ProposerName = typer.Option(
        ProposerName.search, help="Proposer of scenarios and policies: the search, a model, or both together."
    ),
    model: str | None = options.text(
        None, help="PROVIDER:MODEL (anthropic, openai, transformers); default: AURORA_MODEL."
    ),
    model_from_level: int = options.count(
        2, most=5, help="Lowest level at which the model is called; smaller problems are left to the search."
    ),
    evolve_prompts: int = options.count(
        0, least=0, most=1_000_000, help="Number of iterations after which prompts evolve, again and again; 0: never."
    ),
    max_calls: int | None = options.count(None, help="Most model calls of the run."),
    max_tokens: int | None = options.count(None, help="Most tokens of the run, in and out."),
    max_dollars: float | None = options.number(
        None, least=0, most=options.MAX_MONEY, unit="dollars", help="Most dollars of the run, by the price table."
    ),
    max_seconds: float | None = options.number(
        None, least=0, most=options.YEAR, unit="seconds", help="Most seconds of the run spent waiting for the model."
    ),
    replay: Path | None = options.path(None, help="Recording to answer from (a calls.jsonl); no model is called."),
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
    jobs: int = options.count(2, most=256, help="Number of threads; the result does not depend on it."),
    report: bool = typer.Option(True, help="Write report.html at the end."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Play attacker against defender; the run directory keeps the archive, the champion and a report.

    Example: aurora selfplay --iterations 5 --seed 1 --run runs/first
    """
    from aurora.agents.models.budget import Budget  # heavy siblings
    from aurora.agents.models.model import call_limits  # heavy siblings
    from aurora.evals.model_usage import model_usage  # heavy, used here only
    from aurora.graphs.partners import shipped_partners  # heavy, used here only
    from aurora.graphs.progress import progress_of_events  # heavy, used here only
    from aurora.graphs.run import open_run, settings_of  # heavy, used here only
    from aurora.graphs.settings import SelfPlaySettings  # heavy, used here only
    from aurora.memory.embedder import run_fingerprint  # heavy, used here only

    if evolve_prompts and proposer is ProposerName.search and resume is None:
        raise options.usage_error("--evolve-prompts", "the search has no prompts; take --proposer model or both")
    directory = resume or run or Path("runs") / f"{source.value}-{seed}"
    if resume is not None:
        settings = settings_of(resume)
    else:
        settings = SelfPlaySettings(
            source=source.value,
            data=None if data is None else str(data.absolute()),
            seed=seed,
            start=None if start is None else _start(start),
            training_families=tuple(train_on or ()),
            validation_families=tuple(validate_on or ()),
            test_families=tuple(test_on or ()),
            embedder=run_fingerprint(),
            evolve_prompts=evolve_prompts,
            **settings_by_model(proposer.value, model, model_from_level, offline=replay is not None),
        )
        if shipped:
            settings = settings.model_copy(update={"shipped": shipped_partners(settings)})
    _note_absent_extras(settings)
    if iterations is None and time_limit is None:
        iterations = 10
    note_compiling()
    with open_run(directory, settings) as opened:
        tell_when_asked(opened)
        with steps() as progress:
            show = progress_of_events(progress, iterations, time_limit)

            def tell(event: Event) -> None:
                note_event(event, iterations)
                show(event)

            finished = opened.play(
                iterations=iterations,
                jobs=jobs,
                time_limit=time_limit,
                tell=tell,
                track=None if track is None else track.value,
                budget=Budget(max_calls, max_tokens, max_dollars, max_seconds),
                replay=replay,
                limits=call_limits(timeout, answer_tokens),
            )
        if finished.reason == "interrupted":
            raise Interrupted(
                "interrupted; nothing committed is lost. "
                f"Go on with: aurora selfplay --resume {shlex.quote(str(directory))}"
            )
        if not finished.iterations:
            raise RunError(
                f"{directory} holds no finished iteration ({finished.reason}); "
                f"go on with a larger budget and --resume {shlex.quote(str(directory))}"
            )
        result = opened.result(finished.reason)
        usage = model_usage(directory, opened.store)
        if usage is not None:
            usage |= asked_from(opened)
        written = _reported(opened, jobs, result.iterations) if report else None
    if as_json:
        emit_json(
            {
                **result.to_json(),
                "model": usage,
                "report": None if written is None else str(written.path),
                "verdicts": [] if written is None else [v.to_json() for v in written.verdicts],
                "overfitting": None if written is None else written.overfitting.to_json(),
            }
        )
    else:
        _show(result, written)
    require_answers(settings, usage)


def _note_absent_extras(settings: SelfPlaySettings) -> None:
    """Note which features a run lacks because an extra of the package is not installed."""
    from aurora.extras import is_installed

    if not settings.embedder:
        note(
            "scenarios are compared by their statistics, without an index of texts; for one in new runs: "
            "pip install 'aurora-alloc[models]'"
        )
    if not is_installed("solver"):
        note(
            "without a solver, scenarios that no reference solves are rejected and bounds of small ones are looser; "
            "pip install 'aurora-alloc[solver]'"
        )


def _show(result: SelfPlayResult, written: Report | None) -> None:
    """Print the result as tables, and note the paths of the report and the champion."""
    _print_result(result, [] if written is None else written.verdicts)
    if written is not None:
        _print_overfitting(written.overfitting, result.unit)
        note(f"report: {written.path}")
    note(f"use the champion: aurora policies export --run {shlex.quote(str(result.run))} --best --out champion.json")


def _reported(run: Run, jobs: int, iterations: int) -> Report:
    """Write the report and show its progress; after an interrupt, note how to write it later."""
    from aurora.evals.report.selfplay import write_report  # heavy, used here only

    def kept() -> str:
        return (
            "interrupted while the report was written; the run is complete. Write its report with: "
            f"aurora selfplay --resume {shlex.quote(str(run.directory))} --iterations {iterations}"
        )

    with explained(kept), steps() as progress:
        return write_report(
            run.directory,
            run.settings,
            source=run.source,
            jobs=jobs,
            progress=progress,
        )


def _start(name: str) -> Policy:
    """Read the policy that a run starts from; note if it has too few weights to tune."""
    from aurora.agents.search.lineage import is_tunable  # heavy, used here only
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.graphs.start import checked_start  # heavy, used here only

    start = checked_start(load_policy(name))
    if not is_tunable(start):
        note(
            f"{name} has too few weights to tune (numbers that multiply a feature in its order or scores): the search "
            "tunes its own template, and varies, crosses and compares with yours"
        )
    return start


def _print_result(result: SelfPlayResult, verdicts: list[Verdict]) -> None:
    """Print ratings, the champion on fresh scenarios and its gains, each with a sentence on how to read it."""
    champion = result.champion.policy_id
    emit_table(
        "policies by Elo",
        ("policy", "elo", "games", "iteration", ""),
        [(p["name"], f"{p['elo']:.0f}", p["games"], p["iteration"] + 1, _mark(p, champion)) for p in result.top],
    )
    note(
        f"champion {champion}: best on validation scenarios ({result.validation_advantage:+.4f} over the best "
        "reference of each, chosen with hindsight). Elo comes from the attacker's scenarios, so another may lead it."
    )
    if not verdicts:
        return
    from aurora.evals.report.selfplay.words import change_text, opening, value_text  # heavy siblings

    emit_table(
        f"the champion on fresh scenarios, {result.unit}",
        ("level", "closest reference", "its mean", "start", "champion", "bound", "ahead of all"),
        [_verdict_row(v) for v in verdicts],
    )
    emit_table(
        "differences [95 %]",
        ("level", "champion less reference", "champion less start", "gap to the bound", "gap to the best known plan"),
        [_difference_row(v) for v in verdicts],
    )
    if verdicts[0].gains:
        emit_table(
            "the champion per task, and against the closest reference [95 %]",
            ("level", *("within SLA" if g.objective == "sla" else g.objective for g in verdicts[0].gains)),
            [(v.level or "all", *(f"{value_text(g, g.after)}, {change_text(g)}" for g in v.gains)) for v in verdicts],
        )
    note(opening(verdicts, result.unit))


def _print_overfitting(found: Overfitting, unit: str) -> None:
    """Print the champion on training, validation and test, and the gaps between them."""
    from aurora.evals.report.selfplay.overfitting import gap_rows, set_rows  # heavy siblings

    emit_table(
        f"the champion over the best reference of each scenario, {unit}",
        ("set", "families", "scenarios", "advantage [95 %]", "gain over the start [95 %]"),
        set_rows(found),
    )
    emit_table("over-fitting", ("gap", "champion [95 %]", "start [95 %]"), gap_rows(found))


def _mark(policy: Mapping[str, Any], champion: str) -> str:
    if policy["policy_id"] == champion:
        return "champion"
    return "reference" if policy["origin"] == "reference" else ""


def _verdict_row(verdict: Verdict) -> tuple[object, ...]:
    closest, far = verdict.comparisons[0], verdict.distance
    return (
        verdict.level or "all",
        closest.reference,
        f"{closest.reference_mean:.4f}",
        f"{verdict.start.reference_mean:.4f}",
        f"{verdict.mean:.4f}",
        "-" if far is None else f"{far.bound if far.joint is None else far.joint.bound:.4f}",
        "yes" if verdict.is_ahead else "no",
    )


def _difference_row(verdict: Verdict) -> tuple[object, ...]:
    from aurora.evals.report.selfplay.words import interval_text  # heavy siblings

    far = verdict.distance
    joint = None if far is None else far.joint
    gaps = (None if far is None else far.gap, None) if joint is None else (joint.gap, joint.plan_gap)
    return (
        verdict.level or "all",
        interval_text(*verdict.comparisons[0].difference),
        interval_text(*verdict.start.difference),
        *("-" if gap is None else f"{gap.mean:.4f} [{gap.low:.4f}, {gap.high:.4f}]" for gap in gaps),
    )
