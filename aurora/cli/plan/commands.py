"""`aurora plan`: makes, shows, approves, applies and undoes plans of changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from aurora.cli import options
from aurora.cli.person import person
from aurora.cli.plan import changes as parsing
from aurora.cli.plan.edit import edit
from aurora.cli.plan.explain import explain
from aurora.cli.plan.text import print_application, print_next, print_plan, typed
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.output import emit_json, emit_table, note, say

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.plans.targets.target import Target
    from aurora.cluster.snapshot import Snapshot

app = typer.Typer(
    help="Plans of changes for real systems: made from a snapshot, approved by hash, applied, undone.",
    no_args_is_help=True,
)

app.command()(edit)
app.command()(explain)

MAX_MINUTES = 7 * 24 * 60.0
"""Longest time for which an approval holds; a plan's own end comes first."""
TargetChoice = Literal["files", "kubernetes", "slurm", "inventory"]
PLAN_HELP = "Id of a plan, or its beginning."


_JSON = typer.Option(False, "--json", help="Print the result as JSON.")
_FOLDER = options.path(Path("runs/plans"), "--folder", help="Folder of the plans.")
_SNAPSHOT_NOW = options.text(
    None,
    "--snapshot",
    most=options.MAX_PATH,
    help="The system now. Default: as it was when the plan was made.",
)
_CONTEXT = options.text(None, help="Context of the kubeconfig, with --target kubernetes.")
_PATIENCE = options.number(
    300.0, least=1, most=86_400, unit="seconds", help="Until a workload must be well, with --target kubernetes."
)
_AS = options.text(None, "--as", help="User to act as, with --target kubernetes.")


@app.command()
def new(
    snapshot: str = options.text_argument(
        help="Snapshot file, or a sample such as sample:web-shop.", most=options.MAX_PATH
    ),
    drain: list[str] = options.text([], help="Node to cordon and empty; may be repeated."),
    place_pending: bool = typer.Option(False, "--place-pending", help="Place the waiting tasks that fit somewhere."),
    scale: list[str] = options.text([], help=parsing.SCALE_HELP),
    resize: list[str] = options.text([], help=parsing.RESIZE_HELP),
    move: list[str] = options.text([], help=parsing.MOVE_HELP),
    move_away: list[str] = options.text(
        [], help="Task that is to leave its node, or node that its tasks are to leave; a policy chooses where to."
    ),
    remedy: list[str] = options.text(
        [], help="TASK or TASK=NODE: the smallest changes that let a node take a task, and its move there."
    ),
    cordon: list[str] = options.text([], help=parsing.CORDON_HELP),
    uncordon: list[str] = options.text([], help=parsing.UNCORDON_HELP),
    advice: Path | None = options.path(None, "--from", help="Advice of `aurora recommend containers --json`."),
    policy: str = options.policy("least_allocated", help="Reference, champion or policy file that chooses nodes."),
    history: Path | None = options.path(
        None, help="File of measured series of workloads, from which the effect is simulated. The web shop brings one."
    ),
    quick: bool = typer.Option(False, "--quick", help="Leave out the simulated effect."),
    seed: int = options.seed("Random seed of the simulated effect."),
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Make a plan from a snapshot and keep it in the folder of plans; nothing else is changed.

    Example: aurora plan new sample:web-shop --drain node-a1
    """
    from aurora.champions.named import load_policy
    from aurora.cluster.plans.requests import PlanRequest, make_requested
    from aurora.graphs.chat.opening import open_desk

    if not (drain or place_pending or scale or resize or move or move_away or remedy or cordon or uncordon or advice):
        raise options.usage_error(
            "--drain", "say what is to change: --drain, --place-pending, --scale, --resize, --move, --remedy or --from"
        )
    desk, chooser = open_desk(snapshot, history=history, plans=folder), load_policy(policy)
    asked = parsing.all_asked(desk.cluster, cordon=cordon, uncordon=uncordon, scale=scale, resize=resize, move=move)
    series = [desk.series(name) for name in desk.series_ids]
    report = make_requested(
        desk.cluster,
        PlanRequest(
            asked=tuple(asked),
            advice=advice,
            away=tuple(move_away),
            remedies=tuple(parsing.remedies(remedy)),
            drains=tuple(drain),
            places_pending=place_pending,
            policy=chooser,
            seed=None if quick else seed,
        ),
        folder,
        history=series,
        origin=str(history) if history is not None else snapshot if series else "",
        command=typed(),
    )
    if as_json:
        emit_json(report.to_json())
        return
    print_plan(report)
    note(f"wrote {report.path}")
    print_next(report.plan, is_valid=not report.violations)


@app.command()
def show(
    plan: str = options.text_argument(help=PLAN_HELP),
    snapshot: str | None = _SNAPSHOT_NOW,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Show a plan: changes, how they are carried out, effect, money, risks, what it breaks, how far it is.

    Example: aurora plan show 1a2b3c
    """
    from aurora.cluster.plans.report import show_plan

    report = show_plan(plan, folder, snapshot=_opened(snapshot))
    if as_json:
        emit_json(report.to_json())
        return
    print_plan(report)
    note(f"state: {report.progress.state}")


@app.command()
def diff(
    plan: str = options.text_argument(help=PLAN_HELP),
    inverse: bool = typer.Option(False, "--inverse", help="Print what undoes the plan instead."),
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Print every field that a plan changes, `subject: field now -> proposed`.

    Example: aurora plan diff 1a2b3c
    """
    from aurora.cluster.plans import plan as plans
    from aurora.cluster.plans.folder import load

    loaded = load(folder, plan)
    lines = plans.diff(plans.inverse(loaded) if inverse else loaded)
    emit_json({"diff": lines}) if as_json else say("\n".join(lines))


@app.command()
def approve(
    plan: str = options.text_argument(help=PLAN_HELP),
    minutes: float = options.number(60.0, least=1, most=MAX_MINUTES, unit="minutes", help="How long it holds."),
    who: str | None = options.text(None, help="Who approves; you by default."),
    snapshot: str | None = _SNAPSHOT_NOW,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Approve a plan by its hash, for some time; a plan that is edited has another hash and needs another approval.

    A plan that can't be applied, because it breaks a constraint or was edited, is not approved.

    Example: aurora plan approve 1a2b3c
    """
    from aurora.cluster.plans.report import approve_in_folder

    approval = approve_in_folder(plan, person(who), folder, minutes=minutes, snapshot=_opened(snapshot))
    if as_json:
        emit_json(approval.model_dump(mode="json"))
        return
    say(f"{approval.who} approved {approval.plan_sha256} until {approval.expires_at:%Y-%m-%d %H:%M} UTC")


@app.command()
def apply(
    plan: str = options.text_argument(help=PLAN_HELP),
    target: TargetChoice | None = typer.Option(
        None, "--target", help="Where; by default files (Kubernetes), scripts (Slurm) or an inventory, never live."
    ),
    out: Path | None = options.path(None, help="Folder for files or scripts, or the inventory to change."),
    base: str = options.text("../base", help="What the kustomize overlay of --target files builds on."),
    yes: str | None = options.text(None, help="First 6 or more digits of the plan's hash: approves it in passing."),
    who: str | None = options.text(None, help="Who approves with --yes; you by default."),
    allow_managed: list[str] = options.text([], help="Workload of Argo CD, Flux or Helm to change all the same."),
    context: str | None = _CONTEXT,
    user: str | None = _AS,
    patience: float = _PATIENCE,
    snapshot: str | None = _SNAPSHOT_NOW,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Apply an approved plan step by step, or go on with one that was interrupted.

    Example: aurora plan apply 1a2b3c --target files --out overlay
    """
    from aurora.cluster.plans.report import apply_from_folder, approve_in_folder

    now = _opened(snapshot)
    if yes is not None:
        approve_in_folder(plan, person(who), folder, prefix=yes, snapshot=now)
    with explained(lambda: _kept(plan, folder)):
        report = apply_from_folder(
            plan,
            _target(target, out, base, (context, user, patience), allow_managed),
            folder,
            place=out,
            snapshot=now,
            allow_managed=allow_managed,
            by=person(None),
        )
    emit_json(report.to_json()) if as_json else print_application(report)


@app.command()
def rollback(
    plan: str = options.text_argument(help=PLAN_HELP),
    target: TargetChoice | None = typer.Option(None, "--target", help="kubernetes, if it was applied there."),
    context: str | None = _CONTEXT,
    user: str | None = _AS,
    patience: float = _PATIENCE,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Undo what was done of a plan, last step first, or go on with that; it needs no approval.

    Example: aurora plan rollback 1a2b3c
    """
    from aurora.cluster.plans.report import roll_back_from_folder

    live = target if target == "kubernetes" else None
    with explained(lambda: _kept(plan, folder)):
        report = roll_back_from_folder(
            plan, _target(live, None, "", (context, user, patience), []), folder, by=person(None)
        )
    emit_json(report.to_json()) if as_json else print_application(report)


@app.command("list")
def list_(folder: Path = _FOLDER, as_json: bool = _JSON) -> None:
    """List the plans of a folder, newest first, with how far each is.

    Example: aurora plan list
    """
    from datetime import UTC, datetime

    from aurora.cluster.plans.folder import PLANS, list_plans
    from aurora.errors import FileError

    if not folder.exists() and folder != PLANS:
        raise FileError(f"there is no folder {folder}; --folder names the folder of the plans")
    listed = list_plans(folder, datetime.now(UTC))
    if as_json:
        emit_json({"plans": [p.to_json() for p in listed]})
        return
    rows = [
        (p.plan.plan_id, p.status, p.plan.snapshot_id, f"{p.plan.created_at:%Y-%m-%d %H:%M}", str(len(p.plan.changes)))
        for p in listed
    ]
    if not listed:
        note(f"no plan in {folder} yet; make one with `aurora plan new`")
    emit_table("plans", ("plan", "status", "system", "made (UTC)", "changes"), rows)


def _kept(plan: str, folder: Path) -> str:
    """Return how far a plan is whose application was interrupted, and how to go on."""
    from aurora.cluster.plans.folder import load, progress_of

    found = load(folder, plan)
    progress = progress_of(folder, found)
    if not progress.steps:
        return f"stopped; nothing of plan {found.plan_id} was changed"
    done = len((progress.begun | progress.done | progress.found) - progress.undone)
    return (
        f"stopped; {done} of {len(progress.steps)} steps of plan {found.plan_id} are made or begun. "
        f"Go on with the same command, or undo them: aurora plan rollback {found.plan_id}"
    )


def _opened(snapshot: str | None) -> Snapshot | None:
    from aurora.cluster.opening import open_snapshot

    return None if snapshot is None else open_snapshot(snapshot)


def _target(
    target: TargetChoice | None,
    out: Path | None,
    base: str,
    connection: tuple[str | None, str | None, float],
    allow_managed: list[str],
) -> Target | None:
    from aurora.cluster.plans.report import writing_target
    from aurora.cluster.plans.targets.api import connect
    from aurora.cluster.plans.targets.kubernetes import KubernetesTarget

    if target == "kubernetes":
        context, user, patience = connection
        return KubernetesTarget(connect(context, user), allow_managed=allow_managed, patience=patience)
    if target is None:
        return None
    if out is None:
        raise options.usage_error("--out", f"say where the {target} go")
    return writing_target(target, out, base=base)
