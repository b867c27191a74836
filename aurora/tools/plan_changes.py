"""Tools that apply a plan or undo it. They change things, so that the harness runs them for an approving person only.

Approval is checked here once more: the plan of the folder must have the hash that was approved, and the approval, which
is in the folder too, must not have expired.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from aurora.cluster.plans import execution, folder
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.targets.files import FilesTarget
from aurora.cluster.plans.targets.slurm import SlurmTarget
from aurora.cluster.plans.targets.target import Target
from aurora.errors import PlanError
from aurora.tools.desk import Desk
from aurora.tools.plan_id import PlanId
from aurora.types import Frozen

MIN_HASH = 12
"""Fewest digits of a plan's hash by which it is applied."""


class ApplyArguments(Frozen):
    """A plan, bound by its hash."""

    plan_id: PlanId = Field(min_length=6, max_length=64, description="id of the plan")
    sha256: str = Field(min_length=MIN_HASH, max_length=64, description="hash of exactly this plan, as it was shown")


class RollBackArguments(Frozen):
    """A plan that was applied, as a whole or in part."""

    plan_id: PlanId = Field(min_length=6, max_length=64, description="id of the plan")


class StepRow(Frozen):
    """A step of an application."""

    text: str
    state: str = Field(description="done, undone, begun, found (was so already) or waiting")


class PlanOutcome(Frozen):
    """What has come of applying a plan or of undoing it."""

    plan_id: str
    state: str = Field(description="applied, rolled back, stopped or in progress")
    place: str = Field(description="where it was applied: a folder of files to commit or to run, or a live cluster")
    steps: tuple[StepRow, ...]
    done: int = Field(description="steps that were made, or found made")
    undone: int = Field(description="steps that were undone")
    remarks: tuple[str, ...]


def apply_plan(desk: Desk, arguments: ApplyArguments) -> PlanOutcome:
    """Apply a plan that a person has approved: write its files, with their inverses. The person is asked before."""
    plan = folder.load(desk.plans, arguments.plan_id)
    if not plan.sha256.startswith(arguments.sha256.lower()):
        raise PlanError(f"plan {plan.plan_id} has another hash than the one that was approved; look at it once more")
    folder.check_current(desk.plans, plan)
    target = target_of(desk, plan)
    report = execution.apply_plan(
        plan,
        folder.snapshot_of(desk.plans, plan),
        target,
        journal_path=folder.journal_path(desk.plans, plan),
        approvals=folder.approvals(desk.plans),
        at=datetime.now(UTC),
    )
    return _outcome(report, target)


def roll_back_plan(desk: Desk, arguments: RollBackArguments) -> PlanOutcome:
    """Undo what was done of a plan, the last step first. The person is asked before."""
    plan = folder.load(desk.plans, arguments.plan_id)
    target = target_of(desk, plan)
    report = execution.roll_back(plan, target, journal_path=folder.journal_path(desk.plans, plan))
    return _outcome(report, target)


def target_of(desk: Desk, plan: Plan) -> Target:
    """Return the target of a conversation's plans: patches or scripts in a folder beside the plan, to be read first.

    A person may have chosen a live cluster instead when they opened the conversation. A plan that was begun goes on, or
    is undone, where it was begun.

    Raises:
        PlanError: Plans of such a system are applied by `aurora plan apply` only, or it was begun on a live cluster
            that is not open.
    """
    plans = desk.plans
    begun = (folder.progress_of(plans, plan).target or {}).get("name")
    if begun == "kubernetes" and desk.target is None:
        raise PlanError(
            f"plan {plan.plan_id} was begun on a live cluster; open that one with --target kubernetes to go on"
        )
    if desk.target is not None and plan.system == "kubernetes" and begun in (None, "kubernetes"):
        return desk.target()
    if plan.system == "kubernetes":
        return FilesTarget(plans / f"{plan.plan_id}-files")
    if plan.system == "slurm":
        return SlurmTarget(plans / f"{plan.plan_id}-scripts")
    raise PlanError(f"plan {plan.plan_id} is for {plan.system}; apply it with `aurora plan apply`, which says where")


def place_of(target: Target) -> str:
    """Return where a target is, for people: its folder, or the address of its server."""
    where = target.where()
    return f"the live cluster at {where['server']}" if target.name == "kubernetes" else str(where["path"])


def _outcome(report: execution.ApplicationReport, target: Target) -> PlanOutcome:
    progress = report.progress
    return PlanOutcome(
        plan_id=report.plan_id,
        state=progress.state,
        place=place_of(target),
        steps=tuple(StepRow(text=s.text, state=progress.state_of(k)) for k, s in enumerate(progress.steps)),
        done=len(progress.done | progress.found),
        undone=len(progress.undone),
        remarks=progress.remarks,
    )
