"""`aurora policies rate`: a policy or a trained network against others, by Elo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table
from aurora.cli.terminal.steps import note_compiling

CHECKPOINT = "checkpoint.pt"
"""File of the folder of a training; `aurora.learning.rl.checkpoint` has it too, and takes seconds to import."""


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
    levels = options.parse_levels(level, "--level")
    from aurora.graphs.run_directory import open_archive  # heavy, used here only
    from aurora.sim.policies.references import PLACEMENT_REFERENCES, REFERENCES, load_policy  # heavy, used here only

    is_training = (Path(player) / CHECKPOINT).is_file()  # what can't be read is said before anything is simulated
    policy = None if is_training else load_policy(player)
    rivals: dict[str, Any] = {}
    ratings: dict[str, float] = {}
    if run is not None:
        with open_archive(run) as store:
            rivals = {policy_id: store.policy(policy_id) for policy_id in store.leaders(top)}
            ratings = store.ratings([*rivals, *PLACEMENT_REFERENCES])
    from aurora.evals.rl import ranking  # heavy, used here only
    from aurora.learning.rl import trainer  # heavy, used here only
    from aurora.learning.rl.rollout import agent_values, policy_values  # heavy, used here only

    trainee = trainer.resume(Path(player)) if is_training else None
    note_compiling()
    met = [e for part in trainer.held_out(levels, scenarios, seed).values() for e in part]
    others = {**{name: REFERENCES[name] for name in PLACEMENT_REFERENCES}, **rivals}
    values = {name: policy_values(other, met) for name, other in others.items()}
    if trainee is not None:
        ours = trainee.policy().policy_id if trainee.has_policy else Path(player).name
        values[ours] = agent_values(trainee.agent, met)
    elif policy is not None:
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
