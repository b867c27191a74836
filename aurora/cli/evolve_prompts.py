"""`aurora evolve-prompts`: variants of an agent's prompt, measured, selected and judged on sealed cases."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.agents.arena.sources import SOURCES
from aurora.cli import model_options, options
from aurora.cli.terminal.groups import with_default
from aurora.cli.terminal.interrupts import Interrupted
from aurora.cli.terminal.output import emit_json, emit_table, note, printable
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.files import write_atomically
from aurora.prompts.loader import EVOLVABLE

if TYPE_CHECKING:  # heavy at run time
    from aurora.graphs.prompt_evolution.bench import Bench, Cases
    from aurora.graphs.prompt_evolution.context import EvolutionEvent
    from aurora.graphs.prompt_evolution.evolution import Evolved
    from aurora.graphs.prompt_evolution.run import EvolutionRun
    from aurora.graphs.prompt_evolution.settings import EvolutionSettings
    from aurora.graphs.prompt_evolution.state import Standing
    from aurora.types import Progress

RoleName = StrEnum("RoleName", {name: name for name in EVOLVABLE})  # type: ignore[misc]  # names from the table
"""Roles whose prompts evolve."""
SourceName = StrEnum("SourceName", {name: name for name in SOURCES})  # type: ignore[misc]  # likewise
"""Sources of scenarios."""


class MethodName(StrEnum):
    """Methods that propose variants."""

    evolver = "evolver"
    best_of = "best-of"
    rewording = "rewording"
    gepa = "gepa"


app = typer.Typer(
    cls=with_default("run"),
    help="Evolve the prompt of an agent: variants are measured, selected, and judged on sealed cases.",
)
_RUN = options.path(..., help="Folder of the evolution.")
_VERSION = options.text_argument(help="Version: its id, the start of its id, or best.")


@app.command()
def run(  # one parameter an option
    role: RoleName = typer.Option(RoleName("defender"), help="Agent whose prompt evolves."),
    method: MethodName = typer.Option(
        MethodName.evolver,
        help="Author of variants: the evolver, the same without feedback, random rewording, or GEPA.",
    ),
    model: str | None = options.text(None, help="PROVIDER:MODEL that works under the prompts; default: AURORA_MODEL."),
    meta_model: str | None = options.text(None, help="PROVIDER:MODEL that writes variants; default: the same."),
    budget: str = options.text(
        "proposals=6,evaluations=120",
        help="Limits of the whole run: proposals, evaluations, tokens and dollars, such as "
        "proposals=6,evaluations=120,dollars=2.",
    ),
    generations: int = options.count(3, most=1000, help="Number of generations of the run at the end."),
    variants: int = options.count(2, most=3, help="Variants of a generation."),
    source: SourceName = typer.Option(SourceName("generated"), help="Source of scenarios (attacker and defender)."),
    data: Path | None = options.path(None, help="Folder with the traces (openb/, swf/), or with your scenarios."),
    families: list[str] | None = options.text(
        None, help="Family of cases; may be repeated. Default: three families, or levels or samples of the role."
    ),
    selection: int = options.count(4, most=1000, help="Selection cases of each family."),
    sealed: int = options.count(4, least=2, most=1000, help="Sealed cases of each family."),
    level: int = options.count(3, most=5, help="Level of the scenarios, where the source has levels."),
    seed: int = options.seed(),
    run: Path | None = options.path(None, help="Folder of the run; default runs/prompts-ROLE-SEED."),
    resume: Path | None = options.path(None, help="Continue the run in this folder, as it was configured."),
    replay: Path | None = options.path(None, help="Recording to answer from (a calls.jsonl); no model is called."),
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Evolve the prompt of an agent; the folder of the run keeps every version with its measurements.

    Example: aurora evolve-prompts --role defender --model openai:gpt-5-mini --budget evaluations=90,dollars=1
    """
    from aurora.agents.models.model import call_limits, model_name  # heavy siblings
    from aurora.evals.prompt_evolution import write_evaluation  # heavy, used here only
    from aurora.graphs.prompt_evolution.benches.opening import open_bench  # heavy, used here only
    from aurora.graphs.prompt_evolution.budget import parse_budget  # heavy, used here only
    from aurora.graphs.prompt_evolution.evolution import stated  # heavy, used here only
    from aurora.graphs.prompt_evolution.run import evolution_settings, open_evolution, with_prompts
    from aurora.graphs.prompt_evolution.settings import EvolutionSettings  # heavy, used here only

    limits = parse_budget(budget)
    directory = resume or run or Path("runs") / f"prompts-{role.value}-{seed}"
    if resume is not None:
        settings = evolution_settings(resume)
    else:
        settings = with_prompts(
            EvolutionSettings(
                role=role.value,
                method=method.value,
                source=source.value,
                data=None if data is None else str(data.absolute()),
                families=tuple(families or ()),
                seed=seed,
                model=str(model_name(model)),
                meta_model="" if meta_model is None else str(model_name(meta_model)),
                variants=variants,
                selection=selection,
                sealed=sealed,
                level=level,
            )
        )
    bench = open_bench(settings)
    note_compiling()
    with open_evolution(directory, settings) as opened:
        cases = opened.cases(bench)
        note(f"Budget: {stated(limits, cases, generations, settings.variants)}.")
        with steps() as progress:
            evolved = _evolved(
                opened,
                bench,
                generations=generations,
                budget=limits,
                tell=lambda event: _show(progress, event, limits.evaluations),
                replay=replay,
                limits=call_limits(timeout, answer_tokens),
            )
        standing, reason = evolved.standing, evolved.reason
        if standing.commits:
            write_evaluation(directory, settings, standing, bench, cases, f"aurora evolve-prompts --resume {directory}")
    go_on = f"aurora evolve-prompts --resume {shlex.quote(str(directory))}"
    if reason == "interrupted":
        raise Interrupted(f"interrupted; nothing committed is lost, and no answer is paid twice. Go on with: {go_on}")
    if reason == "budget spent":
        note(f"the budget is spent; go on with a larger one: {go_on} --budget ...")
    if as_json:
        emit_json(_json(opened, standing, cases, reason))
    else:
        _print(standing, cases, bench)


def _evolved(opened: EvolutionRun, bench: Bench, **options: Any) -> Evolved:
    """Run the method of the settings."""
    if opened.settings.method != "gepa":
        return opened.evolve(bench, **options)
    from aurora.evals.gepa_rival import evolve_with_gepa  # an optional extra

    with opened.working(bench, **options) as (context, first):
        return evolve_with_gepa(context, first)


@app.command("list")
def list_(
    run: Path = _RUN,
    as_json: bool = typer.Option(False, "--json", help="Print the versions as JSON."),
) -> None:
    """List the versions of an evolution with their parents, costs and gains.

    Example: aurora evolve-prompts list --run runs/prompts-defender-0
    """
    from aurora.graphs.prompt_evolution.lineage import versions_of  # heavy, used here only

    _, standing, bench, cases = _opened(run)
    if as_json:
        emit_json({"role": standing.role, "versions": [v.to_json() for v in versions_of(standing, cases)]})
    else:
        _print(standing, cases, bench)


@app.command()
def show(
    version: str = _VERSION,
    run: Path = _RUN,
    out: Path | None = options.path(None, help="File to write the prompt to."),
    as_json: bool = typer.Option(False, "--json", help="Print the version with its origin as JSON."),
) -> None:
    """Show a version: its text, what was changed and why, and the failures that its author was shown.

    Example: aurora evolve-prompts show best --run runs/prompts-defender-0 --out defender.md
    """
    from aurora.graphs.prompt_evolution.lineage import find_version  # heavy, used here only
    from aurora.graphs.prompt_evolution.run import standing_of

    found = find_version(standing_of(run), version)
    if out is not None:
        write_atomically(out, found.text)
        note(f"wrote {out}")
    if as_json:
        emit_json(found.model_dump(mode="json"))
        return
    if out is None:
        typer.echo(found.text)
    for name, text in (("parent", found.parent_id or "none"), ("changed", found.changed), ("why", found.why)):
        if text:
            note(f"{name}: {printable(text)}")
    for cause in found.causes:
        note(f"shown to its author: {printable(cause)}")


@app.command()
def diff(
    version: str = _VERSION,
    run: Path = _RUN,
    against: str | None = options.text(None, help="Version to compare with; default: its parent."),
    out: Path | None = options.path(None, help="File to write the patch to."),
) -> None:
    """Print the difference of a version from its parent as a patch that `git apply` takes.

    Example: aurora evolve-prompts diff best --run runs/prompts-defender-0 --out defender.patch
    """
    from aurora.graphs.prompt_evolution.lineage import diff_of, find_version  # heavy, used here only
    from aurora.graphs.prompt_evolution.run import standing_of

    standing = standing_of(run)
    other = None if against is None else find_version(standing, against)
    patch = diff_of(standing, find_version(standing, version), other)
    if out is not None:
        write_atomically(out, patch)
        note(f"wrote {out}")
    else:
        typer.echo(patch, nl=False)


@app.command()
def use(
    version: str = _VERSION,
    run: Path = _RUN,
    folder: Path | None = options.path(None, help="Folder of prompts in use; default: AURORA_PROMPTS, or prompts."),
) -> None:
    """Put a version into use: every command reads it while AURORA_PROMPTS names the folder.

    Example: aurora evolve-prompts use best --run runs/prompts-defender-0
    """
    from aurora.graphs.prompt_evolution.lineage import find_version  # heavy, used here only
    from aurora.graphs.prompt_evolution.run import standing_of
    from aurora.prompts.in_use import prompts_folder, put_in_use
    from aurora.prompts.loader import Prompt

    standing = standing_of(run)
    found = find_version(standing, version)
    verdicts = [j.verdict for j in standing.judged if j.prompt_id == found.prompt_id]
    if "gain" not in verdicts and found.prompt_id != standing.first:
        why = f"the verdict on the sealed cases is {verdicts[-1]}" if verdicts else "it was not judged on sealed cases"
        note(f"{found.prompt_id} is not shown to be better than the first prompt: {why}")
    place = folder or prompts_folder()
    in_use = put_in_use(place, Prompt(standing.role, found.text))
    note(f"wrote {in_use.path}")
    _note_folder(place)


@app.command()
def rollback(
    role: RoleName = typer.Option(..., help="Agent whose prompt is taken back."),
    folder: Path | None = options.path(None, help="Folder of prompts in use; default: AURORA_PROMPTS, or prompts."),
) -> None:
    """Take the version in use back: the one before it is in use again, or AURORA's own prompt.

    Example: aurora evolve-prompts rollback --role defender
    """
    from aurora.prompts.in_use import prompts_folder, take_back

    place = folder or prompts_folder()
    in_use = take_back(place, EVOLVABLE[[*RoleName].index(role)])
    note(f"{role.value}: {in_use.prompt_id} is in use" + ("" if in_use.path.exists() else ", AURORA's own prompt"))
    _note_folder(place)


def _note_folder(folder: Path) -> None:
    import os

    from aurora.prompts.in_use import prompts_folder
    from aurora.prompts.loader import PROMPTS_VARIABLE

    if not os.environ.get(PROMPTS_VARIABLE) or prompts_folder().absolute() != folder.absolute():
        note(f"commands read it with {PROMPTS_VARIABLE}={shlex.quote(str(folder.absolute()))} in the environment")


def _opened(directory: Path) -> tuple[EvolutionSettings, Standing, Bench, Cases]:
    from aurora.graphs.prompt_evolution.bench import draw_cases
    from aurora.graphs.prompt_evolution.benches.opening import open_bench
    from aurora.graphs.prompt_evolution.run import evolution_settings, standing_of

    settings, standing = evolution_settings(directory), standing_of(directory)
    bench = open_bench(settings)
    cases = draw_cases(bench.families, settings.selection, settings.sealed, settings.seed)
    return settings, standing, bench, cases


def _show(progress: Progress, event: EvolutionEvent, total: int) -> None:
    """Show the resources used so far, in the units of the budget."""
    cost = f", ${event['dollars']:.4f}" if event["dollars"] else ""
    used = f"{event['proposals']} proposals, {event['tokens']:,} tokens{cost}"
    progress("evaluations", event["evaluations"], total, used)
    if event["event"] == "generation":
        note(f"generation {event['generation'] - 1}: {event['evaluations']} evaluations, {used}; {event['text']}")
    elif event["event"] == "judged":
        note(f"sealed cases: {event['evaluations']} evaluations, {used}; {event['text']} against the first prompt")


def _print(standing: Standing, cases: Cases, bench: Bench) -> None:
    from aurora.graphs.prompt_evolution.judging import told  # heavy, used here only
    from aurora.graphs.prompt_evolution.lineage import versions_of

    emit_table(
        f"versions of the {standing.role}'s prompt, on selection cases ({bench.unit})",
        ("version", "parent", "generation", "changed", "mean", "gain", "cases", "tokens", "kept"),
        [
            (
                v.variant.prompt_id,
                v.variant.parent_id or "",
                v.variant.generation,
                v.variant.changed or "the first prompt",
                v.mean,
                v.gain,
                v.cases,
                v.tokens,
                "yes" if v.is_kept else "",
            )
            for v in versions_of(standing, cases)
        ],
    )
    note(told(standing))


def _json(opened: EvolutionRun, standing: Standing, cases: Cases, reason: str) -> dict[str, Any]:
    from aurora.graphs.prompt_evolution.lineage import versions_of

    return {
        "run": str(opened.directory),
        "role": standing.role,
        "method": opened.settings.method,
        "reason": reason,
        "generations": max(0, standing.generation - 1),
        "proposals": standing.proposals,
        "evaluations": standing.evaluations,
        "calls": standing.use.calls,
        "tokens": standing.use.tokens,
        "dollars": standing.use.dollars,
        "versions": [v.to_json() for v in versions_of(standing, cases)],
        "judged": [j.model_dump(mode="json") for j in standing.judged],
    }
