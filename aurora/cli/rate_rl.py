"""`aurora policies rate`: rate a policy or a trained agent against others, by Elo."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table
from aurora.cli.terminal.steps import note_compiling


def rate(
    player: str = options.policy_argument(
        help="A policy's name or file, or the folder of a training (a network with an LSTM, too)."
    ),
    run: Path | None = options.path(None, "--run", help="Run whose best policies it meets, with their ratings."),
    top: int = options.count(10, most=200, help="Number of these policies."),
    level: str = options.text("1-3", help="Levels of the scenarios, like 2 or 1-3."),
    scenarios: int = options.count(100, most=10_000, help="Held-out scenarios of each level."),
    seed: int = options.seed("Random seed of the scenarios."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Rate a policy on held-out scenarios against the references and a run's best policies; nothing is changed.

    Example: aurora policies rate runs/ppo-1 --level 1 --scenarios 50
    """
    levels = options.parse_levels(level, "--level")
    from aurora.evals import rating  # heavy, used here only

    note_compiling()
    result = rating.rate(player, run=run, top=top, levels=levels, scenarios=scenarios, seed=seed)
    if as_json:
        emit_json(result.to_json())
        return
    emit_table(
        f"{result.player} among {len(result.ranking)} on {result.scenarios} scenarios",
        ("", "policy", "elo", "mean", "won"),
        [("*" if rank.policy_id == result.player else "", *rank) for rank in result.ranking],
    )
