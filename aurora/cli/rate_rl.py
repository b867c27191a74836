"""`aurora policies rate`: a policy or a trained network against others, by Elo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.output import emit_json, emit_table
from aurora.cli.steps import note_compiling


def rate(
    player: str = options.text_argument(
        help="A policy file, or the folder of a training (a network with memory, too)."
    ),
    run: Path | None = options.path(None, "--run", help="Run whose best policies it meets, with their ratings."),
    top: int = options.count(10, most=200, help="How many of them."),
    level: str = options.text("1-3", help="Levels of the scenarios, like 2 or 1-3."),
    scenarios: int = options.count(100, most=10_000, help="Held-out scenarios of each level."),
    seed: int = options.seed("Of the scenarios."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Matches on held-out scenarios against the references and a run's best policies; nothing is changed.

    Example: aurora policies rate runs/ppo-1 --level 1 --scenarios 50
    """
    from aurora.cli.policies import _store  # the same archive
    from aurora.evals.rl import ranking  # heavy, used here only
    from aurora.learning import checkpoint, trainer  # heavy, used here only
    from aurora.learning.judging import agent_values, policy_values  # heavy, used here only
    from aurora.sim.references import PLACEMENT_REFERENCES, REFERENCES, load_policy  # heavy, used here only

    note_compiling()
    met = [
        e for part in trainer.held_out(options.parse_levels(level, "--level"), scenarios, seed).values() for e in part
    ]
    values: dict[str, Any] = {name: policy_values(REFERENCES[name], met) for name in PLACEMENT_REFERENCES}
    ratings: dict[str, float] = {}
    if run is not None:
        with _store(run) as store:
            rivals = {policy_id: store.policy(policy_id) for policy_id in store.leaders(top)}
            ratings = store.ratings([*rivals, *values])
        values |= {policy_id: policy_values(policy, met) for policy_id, policy in rivals.items()}
    if (Path(player) / checkpoint.NAME).is_file():
        trainee = trainer.resume(Path(player))
        ours = trainee.policy().policy_id if trainee.has_policy else Path(player).name
        values[ours] = agent_values(trainee.agent, met)
    else:
        policy = load_policy(player)
        ours = policy.policy_id
        values[ours] = policy_values(policy, met)
    rows = [row._asdict() for row in ranking(values, ratings)]
    if as_json:
        emit_json({"player": ours, "scenarios": len(met), "ranking": rows})
        return
    emit_table(
        f"{ours} among {len(rows)} on {len(met)} scenarios",
        ("", "policy", "elo", "mean", "won"),
        [("*" if r["policy_id"] == ours else "", *r.values()) for r in rows],
    )
