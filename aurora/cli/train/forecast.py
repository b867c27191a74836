"""`aurora train forecast`: a forecaster that replaces the one in service where it is better."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, note
from aurora.cli.terminal.steps import steps


def forecast(  # one parameter an option
    data: list[Path] = options.path_argument(
        ..., help="Files with series: CSV or Parquet in long form, or a known trace."
    ),
    out: Path = options.path(..., help="Folder of the forecasters; the one in service lies in it."),
    context: int = options.count(144, least=12, most=options.MAX_CONTEXT, help="Values that a forecast looks at."),
    horizon: int = options.count(12, most=options.MAX_HORIZON, help="Steps ahead."),
    seed: int = options.seed("Random seed of training and of the hold-out."),
    as_json: bool = typer.Option(False, "--json", help="Print the decision as JSON."),
) -> None:
    """Train a forecaster; it serves if it is better than the one in service, both are kept.

    After Ctrl-C the same command goes on where it was.

    Example: aurora train forecast cpu.csv --out forecaster
    """
    from aurora.learning.forecasting.champion import retrain  # heavy, used here only
    from aurora.learning.series.read import read_panel  # likewise

    panel = read_panel(data, detect=False)
    with steps() as progress:
        decision = retrain(panel, out, context=context, horizon=horizon, seed=seed, progress=progress)
    if as_json:
        emit_json(decision.to_json())
        return
    if not decision.champion:
        note(f"forecaster {decision.challenger} serves: it is the first in {out}")
        return
    verdict = "replaces" if decision.replaced else "does not replace"
    note(
        f"forecaster {decision.challenger} {verdict} {decision.champion}: wQL {decision.challenger_loss:.4f} beside "
        f"{decision.champion_loss:.4f} on {decision.windows} windows of {decision.machines} machines, "
        f"gain {decision.gain:.2%}, p = {decision.p_value:.3f}"
    )
