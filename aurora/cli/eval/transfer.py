"""`aurora eval transfer` and `aurora eval ablations`: champions of other domains, and of self-play without a part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.eval.results import emit_result
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.steps import note_compiling, steps

if TYPE_CHECKING:  # heavy at run time
    from aurora.agents.models.budget import Budget
    from aurora.evals.transfer.adapted_policies import ByModel
    from aurora.evals.transfer.settings import Effort

EVALUATIONS = 12_000
FORGETTING = 12_000
SEEDS = "1-3"


def transfer(  # one parameter an option
    domains: str = options.text("cloud,edge,network,hybrid", help="Domains, separated by commas."),
    evaluations: int = options.count(EVALUATIONS, help="Largest number of simulations of each training."),
    adaptation: int = options.count(
        8_000, least=0, help="Largest number of simulations of each search after a change; 0: none is measured."
    ),
    adapted: str = options.text("edge", help="Domain whose champions adapt to changed constraints."),
    forgetting: int = options.count(
        FORGETTING,
        least=0,
        help="Largest number of simulations of each training for forgetting, with short iterations; 0: none.",
    ),
    seeds: str = options.text(SEEDS, help="Random seeds of training: a range (1-3) or a list (1,5)."),
    scenarios: int = options.count(8, least=2, most=1000, help="Judged scenarios of each family and level."),
    model: str | None = options.text(
        None, help="PROVIDER:MODEL that adapts champions to the target; without it, they run unchanged."
    ),
    answers: int = options.count(3, most=10, help="Most answers of the model for each program."),
    model_seeds: int = options.count(1, help="Number of seeds whose champions the model adapts."),
    dollars: float | None = options.number(None, least=0, most=options.MAX_MONEY, help="Budget of the model."),
    quick: bool = typer.Option(False, "--quick", help="A first look in less than a minute, with a small effort."),
    out: Path = options.path(Path("runs/eval/transfer"), help="Folder of the evaluation; it is continued."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Train a champion in every domain, and run it unchanged in the others; measure forgetting and adaptation.

    The default trains 15 champions, searches 18 times after a change, and trains 12 times for forgetting: about 470,000
    simulations, then judgement. --model and --forgetting may be added to a finished evaluation.

    Example: aurora eval transfer --quick --out runs/eval/transfer-quick
    """
    from aurora.evals.transfer.transfer import QUICK_CHANGES, TransferSettings, run_transfer  # heavy

    settings = TransferSettings(
        effort=_effort(evaluations, seeds, scenarios, quick=quick),
        domains=tuple(name.strip() for name in domains.split(",") if name.strip()),
        adapted=adapted,
        adaptation=adaptation,
        forgetting=forgetting,
        by_model=_by_model(model, answers, model_seeds, dollars),
    )
    if quick:
        settings = replace(settings, changes=QUICK_CHANGES, adaptation=settings.effort.evaluations, forgetting=0)
    if not adaptation:
        settings = replace(settings, changes=())
    words = (
        "--quick"
        if quick
        else f"--domains {domains} --evaluations {evaluations} --adaptation {adaptation} --adapted {adapted} "
        f"--seeds {seeds} --scenarios {scenarios}"
    )
    words += f" --forgetting {forgetting}" * (forgetting != FORGETTING and not quick)
    words += "" if model is None else f" --model {model} --answers {answers} --model-seeds {model_seeds}"
    _run(lambda **given: run_transfer(out, settings, **given), f"aurora eval transfer {words}", out, fails, as_json)


def ablations(  # one parameter an option
    variants: str = options.text(
        "all", help="Variants by name, separated by commas; `all` parts of self-play; `search`: parts of its search."
    ),
    evaluations: int = options.count(EVALUATIONS, help="Largest number of simulations of each training."),
    seeds: str = options.text(SEEDS, help="Random seeds of training: a range (1-3) or a list (1,5)."),
    scenarios: int = options.count(8, least=2, most=1000, help="Judged scenarios of each family and level."),
    model: str | None = options.text(None, help="PROVIDER:MODEL for `both`; without it, the search works alone."),
    dollars: float | None = options.number(None, least=0, most=options.MAX_MONEY, help="Budget of each training."),
    quick: bool = typer.Option(False, "--quick", help="A first look in less than a minute, with a small effort."),
    out: Path = options.path(Path("runs/eval/ablations"), help="Folder of the evaluation; it is continued."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Train self-play without one of its parts at an equal number of evaluations, and compare on the same scenarios.

    The default trains 15 champions: about 180,000 simulations, and then judgement.

    Example: aurora eval ablations --quick --out runs/eval/ablations-quick
    """
    from aurora.evals.transfer.ablations import AblationSettings, run_ablations  # heavy
    from aurora.evals.transfer.settings import ABLATED_PER_FAMILY
    from aurora.evals.transfer.variants import DEFAULT_VARIANTS, SEARCH_PARTS

    sets = {"all": DEFAULT_VARIANTS, "search": tuple(f"no {part}" for part in SEARCH_PARTS)}
    chosen = sets.get(variants) or tuple(v.strip() for v in variants.split(",") if v.strip())
    effort = _effort(evaluations, seeds, scenarios, quick=quick)
    if not quick:
        effort = replace(effort, per_family=ABLATED_PER_FAMILY)
    name, budget = _connected(model, dollars)
    settings = AblationSettings(effort, chosen, name)
    words = "--quick" if quick else f"--evaluations {evaluations} --seeds {seeds} --scenarios {scenarios}"
    command = f"aurora eval ablations {words}" + f" --variants '{variants}'" * (variants != "all")
    command += "" if model is None else f" --model {model}"
    _run(lambda **given: run_ablations(out, settings, budget=budget, **given), command, out, fails, as_json)


def _effort(evaluations: int, seeds: str, scenarios: int, *, quick: bool) -> Effort:
    from aurora.evals.transfer.settings import QUICK, Effort  # heavy

    if quick:
        return QUICK
    return Effort(evaluations, tuple(options.parse_seeds(seeds, "--seeds")), scenarios)


def _by_model(model: str | None, answers: int, seeds: int, dollars: float | None) -> ByModel | None:
    """Return the settings of adaptation by a model; None: there is no model."""
    from aurora.evals.transfer.adapted_policies import ByModel  # heavy

    name, budget = _connected(model, dollars)
    return ByModel(name, answers, seeds, budget) if name else None


def _connected(model: str | None, dollars: float | None) -> tuple[str, Budget]:
    """Return the whole name of a model and its budget, or fail before anything is trained; "" without a model."""
    from aurora.agents.models.budget import Budget, price_of  # heavy siblings
    from aurora.agents.models.model import connect, model_name  # heavy siblings

    budget = Budget() if dollars is None else Budget(dollars=dollars)
    if model is None:
        return "", budget
    name = model_name(model)
    connect(name)
    price_of(str(name), needed=dollars is not None)
    return str(name), budget


def _run(work: Any, command: str, out: Path, fails: list[str], as_json: bool) -> None:
    """Run an evaluation with progress, and print its result."""
    note_compiling()
    with explained(lambda: f"stopped; {out} keeps what is done, and the same command goes on"), steps() as progress:
        result = work(command=command, progress=progress)
    emit_result(result, out, as_json=as_json)
    require_passed(fails, result.metrics)
