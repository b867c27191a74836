"""`aurora plan edit`: another plan from a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.plan import changes as parsing
from aurora.cli.plan.text import print_next, print_plan, typed
from aurora.cli.terminal.output import emit_json, note

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.plans.plan import Plan
    from aurora.sim.policies.policy import Policy


def edit(
    plan: str = options.text_argument(help="Id of a plan, or its beginning."),
    drop: list[str] = options.text([], help="Numbers of changes to leave out, such as 2,5 or 3-6; may be repeated."),
    move: list[str] = options.text([], help=parsing.MOVE_HELP),
    scale: list[str] = options.text([], help=parsing.SCALE_HELP),
    resize: list[str] = options.text([], help=parsing.RESIZE_HELP),
    cordon: list[str] = options.text([], help=parsing.CORDON_HELP),
    uncordon: list[str] = options.text([], help=parsing.UNCORDON_HELP),
    policy: str | None = options.policy(None, help="Policy of the simulated effect. Default: that of the plan."),
    history: str | None = options.text(
        None, most=options.MAX_PATH, help="Measured series of workloads. Default: those of the plan."
    ),
    quick: bool = typer.Option(False, "--quick", help="Leave out the simulated effect."),
    seed: int = options.seed("Random seed of the simulated effect."),
    folder: Path = options.path(Path("runs/plans"), "--folder", help="Folder of the plans."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Make another plan from a plan: leave changes out, alter them, or add some. The plan itself is kept, as replaced.

    A task, replicas, a node or a container's sizes that the plan changes already take the new value. Effect, risks and
    what undoes it are computed anew; the new plan has another hash and needs its own approval.

    Example: aurora plan edit 1a2b3c --drop 2,5 --move shop/web-1=node-a3
    """
    from functools import partial

    from aurora.cluster.opening import open_history
    from aurora.cluster.plans.effect import simulate_effect
    from aurora.cluster.plans.folder import load, snapshot_of
    from aurora.cluster.plans.provenance import record
    from aurora.cluster.plans.report import edit_in_folder

    if not (drop or move or scale or resize or cordon or uncordon):
        raise options.usage_error("--drop", "say what to change: --drop, --move, --scale, --resize or --cordon")
    old = load(folder, plan)
    changes = parsing.all_asked(
        snapshot_of(folder, old), cordon=cordon, uncordon=uncordon, scale=scale, resize=resize, move=move
    )
    chooser, origin = policy_of(old, policy), _history(old, history)
    series = open_history(origin) if origin and not quick else ()
    report = edit_in_folder(
        plan,
        folder,
        without=parsing.dropped(drop),
        changes=changes,
        effect_of=None if quick else partial(simulate_effect, policy=chooser, history=series, seed=seed),
        provenance=record(chooser, seed=None if quick else seed, history=origin, command=typed()),
    )
    if as_json:
        emit_json(report.to_json())
        return
    print_plan(report)
    note(f"wrote {report.path}; plan {old.plan_id} is replaced")
    print_next(report.plan, is_valid=not report.violations)


def policy_of(plan: Plan, named: str | None) -> Policy:
    """Return the policy that is named, else the one that the plan was made with."""
    from aurora.champions.champion import PREFIX
    from aurora.champions.named import load_policy, named_policy
    from aurora.cluster.placement import DEFAULT_POLICY
    from aurora.cluster.plans.provenance import policy_sha256

    if named is not None:
        return load_policy(named)
    origin = plan.provenance
    if origin is None or origin.policy_id is None:
        return DEFAULT_POLICY
    made = named_policy(origin.policy_id)
    if made is None or (made.policy_id.startswith(PREFIX) and policy_sha256(made) != origin.policy_sha256):
        raise options.usage_error(
            "--policy", f"plan {plan.plan_id} was made with {origin.policy_id}; give the file of it"
        )
    return made


def _history(plan: Plan, named: str | None) -> str:
    """Return where measured use comes from: what is named, else what the plan was made with."""
    if named is not None:
        return named
    origin = plan.provenance.history if plan.provenance is not None else ""
    if not origin and plan.effect is not None and plan.effect.runs > 1:
        note("the measured use of the plan is not recorded; --history names it, else one time is simulated")
    return origin
