"""`aurora compose attack`: loads and shifts under which a composition does badly, and one that stands them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.compose import space_options
from aurora.cli.compose.search import WEIGHTS, parse_weights
from aurora.cli.terminal.output import emit_json, emit_table, note, tell
from aurora.cli.terminal.steps import steps

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.composition.selfplay.demands import Demand
    from aurora.learning.composition.selfplay.playing import Played, Standing

MAX_PEAK, MAX_ROUNDS, MAX_TRIES = 1000.0, 100, 1000


def attack(  # one parameter an option
    task: str = space_options.TASK,
    weights: str = WEIGHTS,
    peak: float = options.number(4.0, least=1, most=MAX_PEAK, help="Largest load, in the usual one."),
    shift: float = options.share(
        0.3, least=0, most=1, help="Largest share of the requests that may be of another class than usual."
    ),
    rounds: int = options.count(6, most=MAX_ROUNDS, help="Most rounds of attack and answer."),
    tries: int = options.count(40, most=MAX_TRIES, help="Demands that the attacker tries in a round."),
    seed: int = options.seed("Random seed of the attacker."),
    folder: Path = space_options.FOLDER,
    chains: int = space_options.CHAINS,
    stages: int = space_options.STAGES,
    branches: int = space_options.BRANCHES,
    transformations: int = space_options.TRANSFORMATIONS,
    rate: float = space_options.RATE,
    workers: int = space_options.WORKERS,
    prices: Path | None = space_options.PRICES,
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Find the loads and shifts under which the best composition loses most, and a composition that stands them.

    An attacker looks for the demand under which the present composition is furthest from the best one. A composer then
    takes the composition that loses least over all demands found. Measures the chains of the task first.

    Example: aurora compose attack machines --rate 200 --peak 8 --shift 0.3
    """
    amounts = parse_weights(weights, "--weights")
    from aurora.learning.composition.environment.task_problem import open_task_problem  # heavy, used here only
    from aurora.learning.composition.selfplay.contenders import contenders  # likewise
    from aurora.learning.composition.selfplay.demands import Bounds, usual_demand  # likewise
    from aurora.learning.composition.selfplay.playing import PlaySettings, play  # likewise
    from aurora.learning.composition.tasks.registry import load_task  # likewise

    settings = space_options.space_settings(chains, (stages, branches, 1, transformations), (rate, workers), prices)
    loaded = load_task(task)
    with steps() as progress:
        found = open_task_problem(loaded, amounts, folder, settings, progress=progress)
        worth = found.problem.weights
        compositions = contenders(found.evaluator, settings.limits, worth, peak, progress=progress)
        bounds = Bounds(usual_demand(found.evaluator, len(loaded.classes)), peak, shift)
        lasting = PlaySettings(rounds, tries, seed)
        made = play(found.evaluator, compositions, worth, bounds, lasting, progress=progress)
    for chain, reason in found.failures.items():
        note(f"{chain} is left out: {reason}")
    if as_json:
        emit_json(_json(task, loaded.classes, made))
        return
    shown = [("best as usual", made.usual), ("most robust", made.robust)]
    if made.usual == made.robust:
        shown = [("best as usual, most robust", made.usual)]
    columns = ("", "composition", "reward as usual", "at worst", "largest loss")
    emit_table(f"{task}: under attack", columns, [_row(name, one) for name, one in shown], keys=2)
    for name, one in shown:
        worst = one.weakness
        tell(
            f"{name}: at {_in_words(worst.demand, loaded.classes)} it is worth {worst.reward:.4f}; "
            f"{worst.best} is worth {worst.best_reward:.4f}"
        )
    rounds_text = "1 round" if len(made.rounds) == 1 else f"{len(made.rounds)} rounds"
    note(
        f"{made.demands} demands against {made.compositions} compositions in {rounds_text}; a random mix of "
        f"compositions would lose at most {made.mixed_regret:.4f} on average"
    )


def _row(name: str, one: Standing) -> tuple[object, ...]:
    return name, str(one.pipeline), one.usual, one.weakness.reward, one.weakness.regret


def _in_words(demand: Demand, classes: tuple[str, ...]) -> str:
    shares = ", ".join(f"{share:.0%} {name}" for name, share in zip(classes, demand.shares, strict=True))
    return f"{demand.rate:.4g} requests a second ({shares})"


def _json(task: str, classes: tuple[str, ...], made: Played) -> dict[str, Any]:
    return {
        "task": task,
        "usual": _standing(classes, made.usual),
        "robust": _standing(classes, made.robust),
        "rounds": [
            {
                "attacked": str(one.attacked),
                "regret": one.regret,
                "answer": str(one.answer),
                "answer_regret": one.answer_regret,
            }
            for one in made.rounds
        ],
        "demands": made.demands,
        "compositions": made.compositions,
        "mixed_regret": made.mixed_regret,
    }


def _standing(classes: tuple[str, ...], one: Standing) -> dict[str, Any]:
    worst = one.weakness
    return {
        "pipeline": str(one.pipeline),
        "reward": one.usual,
        "worst": {
            "rate": worst.demand.rate,
            "shares": dict(zip(classes, worst.demand.shares, strict=True)),
            "reward": worst.reward,
            "regret": worst.regret,
            "best": str(worst.best),
            "best_reward": worst.best_reward,
        },
    }
