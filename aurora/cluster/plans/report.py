"""What `aurora plan` does and says: plans of a folder made, shown, approved, applied and rolled back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from aurora.cluster.plans import folder as plans_folder
from aurora.cluster.plans.approval import Approval, approve, check_prefix
from aurora.cluster.plans.editing import edit
from aurora.cluster.plans.execution import ApplicationReport, apply_plan, refusal, roll_back
from aurora.cluster.plans.journal import Progress
from aurora.cluster.plans.making import EffectOf, Proposal, Proposals, make_plan
from aurora.cluster.plans.plan import Plan, Provenance, inverse
from aurora.cluster.plans.targets.files import BASE, FilesTarget
from aurora.cluster.plans.targets.inventory import InventoryTarget
from aurora.cluster.plans.targets.slurm import SlurmTarget
from aurora.cluster.plans.targets.target import Target
from aurora.cluster.plans.validation import Violation, validate
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError

MAX_REMARKS = 3
"""Remarks that an error repeats."""
TargetName = Literal["files", "kubernetes", "slurm", "inventory"]
USUAL_TARGET: dict[str, TargetName] = {
    "kubernetes": "files",
    "slurm": "slurm",
    "csv": "inventory",
    "aurora": "inventory",
}
"""Target of a plan where none is named: never a live system."""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan with what it breaks and how far it is.

    Attributes:
        plan: The plan.
        violations: Constraints that it breaks on the snapshot.
        progress: How far its application is.
        remarks: What was left out when it was made.
        path: Its file; None if it was not read from a folder.
    """

    plan: Plan
    violations: tuple[Violation, ...]
    progress: Progress
    remarks: tuple[str, ...] = ()
    path: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the report as `aurora plan show --json` prints it."""
        return {
            "plan": self.plan.to_json(),
            "inverse": [c.model_dump(mode="json") for c in inverse(self.plan).changes],
            "violations": [v.to_json() for v in self.violations],
            "progress": self.progress.to_json(),
            "remarks": list(self.remarks),
            "path": None if self.path is None else str(self.path),
        }


def new_plan(
    snapshot: Snapshot,
    found: Proposals,
    folder: Path = plans_folder.PLANS,
    *,
    source: str = "aurora plan new",
    at: datetime | None = None,
    effect_of: EffectOf | None = None,
    provenance: Provenance | None = None,
) -> PlanReport:
    """Make a plan and keep it in a folder.

    Args:
        snapshot: The system.
        found: Changes with their reasons, and what was left out.
        folder: Folder of the plans.
        source: Who or what makes it.
        at: When; default: now.
        effect_of: Simulates the changes.
        provenance: How it is made.

    Raises:
        InputError: The changes don't fit the snapshot, or there are none.
        FileError: The folder can't be written.
    """
    created = datetime.now(UTC) if at is None else at
    proposals, remarks = found
    if not proposals and remarks:
        more = f"; and {len(remarks) - MAX_REMARKS} more" if len(remarks) > MAX_REMARKS else ""
        raise InputError(f"no change can be proposed: {'; '.join(remarks[:MAX_REMARKS])}{more}")
    plan = make_plan(snapshot, proposals, source=source, at=created, effect_of=effect_of, provenance=provenance)
    path = plans_folder.save(folder, plan, snapshot)
    return PlanReport(plan, validate(plan, snapshot, at=created), Progress(), remarks, path)


def edit_in_folder(
    plan_id: str,
    folder: Path = plans_folder.PLANS,
    *,
    without: Collection[int] = (),
    changes: Iterable[Proposal] = (),
    at: datetime | None = None,
    effect_of: EffectOf | None = None,
    provenance: Provenance | None = None,
) -> PlanReport:
    """Make another plan from one of a folder, which stays and is marked as replaced; see `editing.edit`.

    Args:
        plan_id: Its id, the beginning of that, or the path of its file.
        folder: Folder of the plans.
        without: Numbers of changes to leave out, from 1.
        changes: Changes in place of the plan's own ones of the same matter, or at the end.
        at: When; default: now.
        effect_of: Simulates the changes.
        provenance: How it is made.

    Raises:
        InputError: There is no such plan, it was begun, or the changes don't fit the snapshot that it was made from.
        PlanError: It has expired.
        FileError: A file can't be read or written.
        DataError: A file was altered or is damaged.
    """
    plan = plans_folder.load(folder, plan_id)
    state = plans_folder.progress_of(folder, plan).state
    if state not in ("not started", "rolled back"):
        undo = f"undo it with `aurora plan rollback {plan.plan_id}`, or make a plan of the system as it is now"
        raise InputError(f"plan {plan.plan_id} is {state}; {undo}", parameter="plan_id")
    snapshot = plans_folder.snapshot_of(folder, plan)
    created = datetime.now(UTC) if at is None else at
    other = edit(
        plan, snapshot, without=without, changes=changes, at=created, effect_of=effect_of, provenance=provenance
    )
    path = plans_folder.save(folder, other, snapshot)
    return PlanReport(other, validate(other, snapshot, at=created), Progress(), (), path)


def show_plan(
    plan_id: str,
    folder: Path = plans_folder.PLANS,
    *,
    snapshot: Snapshot | None = None,
    target: str | None = None,
    at: datetime | None = None,
) -> PlanReport:
    """Return a plan of a folder with what it breaks.

    Args:
        plan_id: Its id, the beginning of that, or the path of its file.
        folder: Folder of the plans.
        snapshot: The system now; None: the snapshot that it was made from.
        target: Where it would be applied; see `aurora.cluster.plans.validation.validate`.
        at: Time; default: now.

    Raises:
        InputError: There is no such plan.
        FileError: A file can't be read.
        DataError: A file was altered or is damaged.
    """
    plan = plans_folder.load(folder, plan_id)
    system = _system(plan, folder, snapshot)
    now = datetime.now(UTC) if at is None else at
    broken = validate(plan, system, at=now, target=target)
    progress = plans_folder.progress_of(folder, plan)
    return PlanReport(plan, broken, progress, path=folder / f"{plan.plan_id}.json")


def apply_from_folder(  # noqa: PLR0913  # what an application depends on, each by its name
    plan_id: str,
    target: Target | None,
    folder: Path = plans_folder.PLANS,
    *,
    place: Path | None = None,
    snapshot: Snapshot | None = None,
    allow_managed: Collection[str] = (),
    at: datetime | None = None,
    by: str = "",
) -> ApplicationReport:
    """Apply a plan of a folder, or go on with that.

    Args:
        plan_id: Its id or the beginning of that.
        target: Where it is applied; None: where it was begun, else files, scripts or an inventory, by its system.
        folder: Folder of the plans.
        place: Folder or file of a target that writes, if `target` is None.
        snapshot: The system now; None: the snapshot that it was made from.
        allow_managed: Workloads owned by another tool that may be changed all the same.
        at: Time of the application; default: now.
        by: Who applies, for the journal; empty: not known.

    Raises:
        PlanError: It is not approved, has expired, was replaced by an edit, or stopped at a surprise.
        ConstraintError: It breaks a constraint.
        InputError: There is no such plan, or it was begun elsewhere.
        FileError: A file can't be read or written.
        DataError: A file was altered or is damaged.
    """
    plan = plans_folder.load(folder, plan_id)
    plans_folder.check_current(folder, plan)
    now = datetime.now(UTC) if at is None else at
    return apply_plan(
        plan,
        _system(plan, folder, snapshot),
        target or _usual_target(plan, folder, place),
        journal_path=plans_folder.journal_path(folder, plan),
        approvals=plans_folder.approvals(folder),
        at=now,
        allow_managed=allow_managed,
        by=by,
    )


def roll_back_from_folder(
    plan_id: str, target: Target | None = None, folder: Path = plans_folder.PLANS, *, by: str = ""
) -> ApplicationReport:
    """Undo what was done of a plan of a folder, or go on with that.

    Args:
        plan_id: Its id or the beginning of that.
        target: Where it was applied; None for files, which the journal names.
        folder: Folder of the plans.
        by: Who undoes it, for the journal; empty: not known.

    Raises:
        PlanError: It stopped at a surprise.
        InputError: There is no such plan, or nothing was done of it.
        FileError: A file can't be read or written.
        DataError: A file was altered or is damaged.
    """
    plan = plans_folder.load(folder, plan_id)
    used = target or _usual_target(plan, folder, None)
    return roll_back(plan, used, journal_path=plans_folder.journal_path(folder, plan), by=by)


def approve_in_folder(
    plan_id: str,
    who: str,
    folder: Path = plans_folder.PLANS,
    *,
    minutes: float = 60.0,
    prefix: str | None = None,
    snapshot: Snapshot | None = None,
    at: datetime | None = None,
) -> Approval:
    """Approve a plan of a folder that may be applied as it is, or go on.

    Args:
        plan_id: Its id, or at least six digits of that.
        who: Person who approves.
        folder: Folder of the plans.
        minutes: How long the approval holds.
        prefix: First digits of the hash, which the person has seen; None: not asked for.
        snapshot: The system now; None: the snapshot that it was made from.
        at: When; default: now.

    Raises:
        PlanError: It has expired, or an edit has replaced it.
        ConstraintError: It breaks a constraint.
        InputError: There is no such plan, it was rolled back, or an argument is not valid.
        FileError: A file can't be read or written.
        DataError: The plan was altered.
    """
    plan = plans_folder.load(folder, plan_id)
    if not plan_id.endswith(".json"):
        check_prefix(plan, plan_id)
    if prefix is not None:
        check_prefix(plan, prefix)
    now = datetime.now(UTC) if at is None else at
    approval = approve(plan, who, now, timedelta(minutes=minutes))
    plans_folder.check_current(folder, plan)
    state = plans_folder.progress_of(folder, plan).state
    if state == "rolled back":
        raise InputError(f"plan {plan.plan_id} was rolled back; make another plan", parameter="plan_id")
    if state == "not started":
        broken = validate(plan, _system(plan, folder, snapshot), at=now)
        if broken:
            raise refusal(plan, broken)
    plans_folder.record_approval(folder, approval)
    return approval


def writing_target(name: TargetName, place: Path, *, base: str = BASE) -> Target:
    """Return a target that writes files.

    Args:
        name: `files`, `slurm` or `inventory`.
        place: Its folder, or the inventory.
        base: What an overlay of `files` builds on.

    Raises:
        InputError: It is `kubernetes`, which needs a connection.
    """
    match name:
        case "files":
            return FilesTarget(place, base=base)
        case "slurm":
            return SlurmTarget(place)
        case "inventory":
            return InventoryTarget(place)
        case _:
            raise InputError("a live cluster needs a connection: KubernetesTarget(connect())", parameter="name")


def _usual_target(plan: Plan, folder: Path, place: Path | None) -> Target:
    """Return the target at which a plan was begun, else the usual one of its system."""
    begun = plans_folder.progress_of(folder, plan).target
    name = (begun or {}).get("name", USUAL_TARGET[plan.system])
    if name == "kubernetes":
        raise InputError(f"plan {plan.plan_id} was begun on a live cluster; connect to it", parameter="target")
    if place is None and begun is not None:
        place = Path(begun["path"])
    chosen: TargetName = "slurm" if name == "slurm" else "inventory" if name == "inventory" else "files"
    ending = ".inventory.json" if chosen == "inventory" else f".{chosen}"
    return writing_target(chosen, place or folder / f"{plan.plan_id}{ending}")


def _system(plan: Plan, folder: Path, snapshot: Snapshot | None) -> Snapshot:
    return plans_folder.snapshot_of(folder, plan) if snapshot is None else snapshot
