"""`aurora compose adapt`: whether a running composition is still the right one, and a better one if it is not."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.compose import space_options
from aurora.cli.terminal import interrupts
from aurora.cli.terminal.output import emit_json, note, tell
from aurora.cli.terminal.steps import steps

MAX_BUDGET = 1000
MAX_RATE = 1e6
MAX_WEIGHT = 1e6


def adapt(  # one parameter an option
    name: str = options.text_argument(help="Name of a deployment that runs.", most=42),
    requests: Path = options.path(
        Path("requests.jsonl"), help="Recent requests, a JSON object a line: item, label if known, time in seconds."
    ),
    budget: int = options.count(20, most=MAX_BUDGET, help="Most compositions to measure."),
    accuracy: float = options.number(1.0, least=0, most=MAX_WEIGHT, help="Worth of accuracy."),
    latency: float = options.number(0.1, least=0, most=MAX_WEIGHT, help="Worth of --latency-scale of latency."),
    cost: float = options.number(0.05, least=0, most=MAX_WEIGHT, help="Worth of --cost-scale of cost."),
    latency_scale: float = options.number(
        0.05, least=1e-6, most=3600, unit="seconds", help="Latency that counts as 1: your limit."
    ),
    cost_scale: float = options.number(0.01, least=1e-9, most=1e9, help="Cost of 1,000 requests that counts as 1."),
    rate: float | None = options.number(
        None, least=1e-6, most=MAX_RATE, unit="requests a second", help="Load; left out: that of the requests, or 50."
    ),
    force: bool = typer.Option(False, "--force", help="Look for a better composition even where nothing changed."),
    prices: Path | None = space_options.PRICES,
    catalogue: Path = options.path(Path("runs/compose"), help="Folder of the catalogue and the measurements."),
    folder: Path = options.path(Path("runs/deployments"), help="Folder of the deployments."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Look for drift in recent requests; if something changed, find a better composition and let it take over.

    Every step is kept: after Ctrl-C the same command goes on. A composition takes over only if a test on labelled
    requests shows that it is better, and the engine's check on live requests does not refuse it.

    Example: aurora compose adapt machines --requests requests.jsonl --budget 20
    """
    from aurora.learning.composition.adaptation.loop import LoopSettings  # heavy, used here only
    from aurora.learning.composition.adaptation.loop import adapt as adapt_deployment  # likewise
    from aurora.learning.composition.scores.objective import Weights  # likewise
    from aurora.learning.composition.scores.prices import EXAMPLE, read_prices  # likewise
    from aurora.learning.composition.tasks.registry import load_task  # likewise

    settings = LoopSettings(
        Weights(accuracy, latency, cost, latency_scale, cost_scale),
        budget,
        rate,
        is_forced=force,
        catalogue=catalogue,
        prices=EXAMPLE if prices is None else read_prices(prices),
    )
    with interrupts.explained(lambda: "the same command goes on from there"), steps() as progress:
        found = adapt_deployment(folder / name, requests, load_task, settings, progress=progress)
    made = found.recomposed
    if as_json:
        result = None
        if made is not None:
            result = {
                "outcome": made.outcome,
                "running": str(made.running),
                "reason": made.reason,
                "trials": made.trials,
            }
        emit_json({"name": name, "changes": [c.model_dump(mode="json") for c in found.changes], "adaptation": result})
        return
    for change in found.changes:
        tell(str(change))
    if not found.changes:
        tell("nothing changed")
    if made is None:
        note("the running composition stays; --force looks for a better one all the same")
    else:
        tell(f"{made.outcome}: {made.reason}")
