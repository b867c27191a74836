"""`aurora compose search`: the composition that is worth most by the user's weights, found with few measurements."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from aurora.cli import model_options, options
from aurora.cli.compose import space_options
from aurora.cli.terminal import interrupts
from aurora.cli.terminal.output import emit_json, emit_table, note, say, tell
from aurora.cli.terminal.steps import steps

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.composition.environment.problem import MakeStrategy
    from aurora.learning.composition.scores.objective import Measured
    from aurora.learning.composition.searching.search import SearchResult

MAX_BUDGET = 100_000
MAX_WEIGHT = 1e6
NAMES = ("accuracy", "latency", "cost")
HOW = "computed from the measured answers and times of its chains; latency is predicted under the load"
AgentName = Literal["dqn", "dqn-softmax", "ppo", "bayesian", "greedy", "hill-climbing", "random", "exhaustive", "model"]
MODEL = "model"
WEIGHTS = options.text(
    "accuracy=1,latency=0.1,cost=0.05",
    "--weights",
    help="What each is worth; latency and cost in units of the slowest and the dearest single chain.",
    most=200,
)


def search(  # one parameter an option
    task: str = space_options.TASK,
    weights: str = WEIGHTS,
    budget: int = options.count(60, most=MAX_BUDGET, help="Most compositions to measure."),
    agent: AgentName = typer.Option("ppo", help="Way of searching; `model`: the language model of --model proposes."),
    model: str | None = options.text(None, help="PROVIDER:MODEL for `--agent model`; default: AURORA_MODEL."),
    record: Path | None = model_options.record(),
    replay: Path | None = model_options.replay(),
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
    seed: int = options.seed("Random seed."),
    folder: Path = space_options.FOLDER,
    chains: int = space_options.CHAINS,
    stages: int = space_options.STAGES,
    branches: int = space_options.BRANCHES,
    transformations: int = space_options.TRANSFORMATIONS,
    rate: float = space_options.RATE,
    workers: int = space_options.WORKERS,
    prices: Path | None = space_options.PRICES,
    plot: Path | None = options.path(None, help="File for a chart of the front and the path, .html or .png."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Search the composition that is worth most by your weights, and print the Pareto set beside it.

    Measures the chains of the task first, which takes minutes. Every measurement is kept in the folder: after Ctrl-C
    the same command goes on, and no composition is measured twice.

    Example: aurora compose search machines --weights accuracy=1,latency=0.2,cost=0.1 --budget 60 --plot front.html
    """
    amounts = parse_weights(weights, "--weights")
    if model is not None and agent != MODEL:
        raise options.usage_error("--model", f"it is for --agent {MODEL}; this search is by {agent}")
    from aurora.charts import check_plot_path, write_charts  # heavy, used here only
    from aurora.learning.composition.environment.problem import with_known  # likewise
    from aurora.learning.composition.environment.task_problem import open_task_problem  # likewise
    from aurora.learning.composition.searching import search as searching  # likewise
    from aurora.learning.composition.searching.choice_text import in_words, search_chart  # likewise
    from aurora.learning.composition.searching.measurement_journal import COMPOSITIONS, MeasurementJournal  # likewise
    from aurora.learning.composition.tasks.registry import load_task  # likewise

    check_plot_path(plot)
    settings = space_options.space_settings(chains, (stages, branches, 1, transformations), (rate, workers), prices)
    with ExitStack() as stack:
        stack.enter_context(interrupts.explained(lambda: "the same command goes on from there"))
        strategy: str | MakeStrategy = agent
        if agent == MODEL:
            from aurora.agents.models.access import ModelAccess, opened  # heavy, used here only
            from aurora.agents.roles.composer import composer  # likewise
            from aurora.prompts.loader import load_prompt  # likewise

            asked = stack.enter_context(opened(ModelAccess(model, record, replay, timeout, answer_tokens), note))
            strategy = composer(asked, load_prompt("composer"), task, budget, note)
        progress = stack.enter_context(steps())
        found = open_task_problem(
            load_task(task), amounts, folder, settings, enumerated=agent in searching.NEED_THE_SPACE, progress=progress
        )
        journal = MeasurementJournal(folder / COMPOSITIONS, found.subject, settings.prices.currency)
        problem = with_known(found.problem, journal.usable) if agent == MODEL else found.problem
        result = searching.search(
            problem,
            found.evaluator,
            budget=budget,
            seed=seed,
            agent=strategy,
            journal=journal,
            how=HOW,
            progress=progress,
        )
    for chain, reason in found.failures.items():
        note(f"{chain} is left out: {reason}")
    words = in_words(result, problem, settings.prices.currency)
    if plot is not None:
        write_charts([search_chart(f"{task}: search by {agent}", result, problem)], plot)
        note(f"wrote {plot}")
    if as_json:
        emit_json(_json(task, agent, seed, found.size, words, result) | {"currency": settings.prices.currency})
        return
    tell(words)
    say("")
    rows = [("*" if p == result.choice else "", str(p), *_figures(one)) for p, one in result.pareto]
    cost = f"{settings.prices.currency} / 1000"
    emit_table(f"Pareto set of {task}", ("", "pipeline", "accuracy", "p95 ms", cost, "memory MB"), rows, keys=2)
    note(
        f"{len(result.steps)} of {found.size:,} compositions were asked for, {result.fresh} of them measured now, "
        f"beside {len(problem.known)} that were known; {result.how}"
    )


def parse_weights(text: str, option: str) -> tuple[float, float, float]:
    """Return the weights of `accuracy=1,latency=0.2,cost=0.1`; what is left out has weight 0.

    Args:
        text: The text.
        option: Option that it was given for.

    Raises:
        BadParameter: A name or a number is not one, a name occurs twice, or all weights are 0.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, mark, number = (piece.strip() for piece in part.partition("="))
        if name not in NAMES or not mark or name in found:
            raise options.usage_error(option, f"{options.shown(part)} is not {'=, '.join(NAMES)}= once each")
        try:
            value = float(number)
        except ValueError:
            raise options.usage_error(option, f"{options.shown(number)} is no number") from None
        if not (0 <= value <= MAX_WEIGHT) or math.isnan(value):
            raise options.usage_error(option, f"{name} is {number}; give a number from 0 to {MAX_WEIGHT:g}")
        found[name] = value
    if not any(found.values()):
        raise options.usage_error(option, "all weights are 0; give accuracy=1 at least")
    return found.get("accuracy", 0.0), found.get("latency", 0.0), found.get("cost", 0.0)


def _figures(one: Measured) -> tuple[float | None, ...]:
    finite = [value if math.isfinite(value) else None for value in (one.accuracy, one.latency * 1e3, one.cost)]
    return (*finite, one.memory / 1e6)


def _json(task: str, agent: str, seed: int, size: int, words: str, result: SearchResult) -> dict[str, Any]:
    return {
        "task": task,
        "agent": agent,
        "seed": seed,
        "space": size,
        "choice": {"pipeline": str(result.choice), "reward": _number(result.reward), **_scores(result.measured)},
        "why": words,
        "how": result.how,
        "pareto": [{"pipeline": str(pipeline), **_scores(one)} for pipeline, one in result.pareto],
        "path": [
            {
                "pipeline": str(step.pipeline),
                **_scores(step.measured),
                "reward": _number(step.reward),
                "best": _number(step.best),
            }
            for step in result.steps
        ],
        "asked": len(result.steps),
        "fresh": result.fresh,
        "failures": {str(pipeline): reason for pipeline, reason in result.failures.items()},
    }


def _scores(measured: Measured) -> dict[str, float | None]:
    return {name: _number(value) for name, value in measured._asdict().items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
