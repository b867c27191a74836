"""Applies plans and rolls them back, step by step, so that a killed process loses nothing and repeats nothing.

The state of a step's object decides what is done, and the journal says what was ours. `apply_plan` on a plan that is
half applied goes on; `roll_back` on one that is half applied, or half rolled back, ends with the old state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aurora.cluster.plans import journal
from aurora.cluster.plans.approval import Approval, check_approval
from aurora.cluster.plans.journal import Progress, read_progress
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.targets.target import Direction, Target
from aurora.cluster.plans.validation import Violation, validate
from aurora.cluster.snapshot import Snapshot
from aurora.errors import ConstraintError, InputError, PlanError
from aurora.files import is_locked, locked

MAX_VIOLATIONS_SHOWN = 5
OUTDATED = ("expired", "another system", "changed since")
"""Violations that no edit of the plan mends."""


@dataclass(frozen=True, slots=True)
class ApplicationReport:
    """What has come of applying a plan or rolling it back.

    Attributes:
        plan_id: The plan.
        progress: How far it is.
        journal: File of the journal.
    """

    plan_id: str
    progress: Progress
    journal: Path

    def to_json(self) -> dict[str, Any]:
        """Return the report as `aurora plan apply --json` prints it."""
        return {"plan_id": self.plan_id, "journal": str(self.journal), **self.progress.to_json()}


def apply_plan(  # noqa: PLR0913  # what an application depends on, each by its name
    plan: Plan,
    snapshot: Snapshot,
    target: Target,
    *,
    journal_path: Path,
    approvals: Iterable[Approval],
    at: datetime,
    allow_managed: Collection[str] = (),
    by: str = "",
) -> ApplicationReport:
    """Apply a plan, or go on with its application.

    Args:
        plan: The plan.
        snapshot: The system, as it is now or as it was when the plan was made.
        target: Where it is applied.
        journal_path: File of the journal.
        approvals: Approvals, of which one must be for this plan and hold now.
        at: Time of the application.
        allow_managed: Workloads owned by another tool that may be changed all the same.
        by: Who applies, for the journal; empty: not known.

    Raises:
        PlanError: It is not approved, has expired, can't be applied here, or stopped at a surprise.
        ConstraintError: It breaks a constraint.
        InputError: It was begun elsewhere, or was rolled back.
        FileError: The journal can't be written, or another process applies the plan.
        DataError: The journal is damaged.
    """
    with _alone(journal_path):
        progress = read_progress(journal_path)
        _check_same(progress, plan, target)
        if progress.direction == "rollback":
            raise InputError(
                f"plan {plan.plan_id} was rolled back, or is being so; finish that with `aurora plan rollback`, then "
                "make another plan",
                parameter="plan_id",
            )
        if progress.state == "applied":
            return ApplicationReport(plan.plan_id, progress, journal_path)
        approval = check_approval(plan, approvals, at)
        if progress.state == "not started":
            broken = validate(plan, snapshot, at=at, target=target.name, allow_managed=allow_managed)
            if broken:
                raise refusal(plan, broken)
            steps = target.prepare(plan, snapshot)
            journal.start(journal_path, plan.sha256, _identity(target), steps, approval.who, by=by)
        _forward(read_progress(journal_path), target, journal_path, by)
        journal.note_state(journal_path, "applied", "apply", by=by)
        return ApplicationReport(plan.plan_id, read_progress(journal_path), journal_path)


def is_under_way(journal_path: Path) -> bool:
    """Return whether a process applies a plan, or rolls it back, at this moment."""
    return is_locked(_lock(journal_path))


def refusal(plan: Plan, broken: Sequence[Violation]) -> ConstraintError:
    """Return the error for a plan that breaks constraints, with what can be done."""
    listed = "; ".join(v.text for v in broken[:MAX_VIOLATIONS_SHOWN])
    more = f"; and {len(broken) - MAX_VIOLATIONS_SHOWN} more" if len(broken) > MAX_VIOLATIONS_SHOWN else ""
    at_fault = sorted({v.change for v in broken} - {0})
    remedy = "make another plan from a new snapshot"
    if at_fault and all(v.code not in OUTDATED for v in broken):
        numbers = ",".join(map(str, at_fault))
        remedy = f"leave changes out with `aurora plan edit {plan.plan_id} --drop {numbers}`, or {remedy}"
    return ConstraintError(
        f"nothing was changed, plan {plan.plan_id} breaks constraints: {listed}{more}. To go on: {remedy}"
    )


def roll_back(plan: Plan, target: Target, *, journal_path: Path, by: str = "") -> ApplicationReport:
    """Undo what was done of a plan, last step first, or go on with that. It needs no approval and never expires.

    Args:
        plan: The plan.
        target: Where it was applied.
        journal_path: File of the journal.
        by: Who undoes it, for the journal; empty: not known.

    Raises:
        PlanError: It stopped at a surprise.
        InputError: It was not begun, or elsewhere.
        FileError: The journal can't be written, or another process applies the plan.
        DataError: The journal is damaged.
    """
    with _alone(journal_path):
        progress = read_progress(journal_path)
        _check_same(progress, plan, target)
        if progress.state == "not started":
            raise InputError(f"nothing was done of plan {plan.plan_id}", parameter="plan_id")
        if progress.state != "rolled back":
            _backward(progress, target, journal_path, by)
            journal.note_state(journal_path, "rolled back", "rollback", by=by)
        return ApplicationReport(plan.plan_id, read_progress(journal_path), journal_path)


def _forward(progress: Progress, target: Target, path: Path, by: str) -> None:
    for k, step in enumerate(progress.steps):
        if k in progress.done or k in progress.found:
            continue
        with _stopping(progress, k, "apply", path):
            state = target.state(step)
            if state == "new" and k not in progress.begun:
                journal.finish(path, k, "apply", found=True, remark=f"{step.text}: was so already")
                continue
            if k not in progress.begun:
                journal.intend(path, k, "apply", by=by)
            if state == "old":
                target.make(step, "apply")
            journal.finish(path, k, "apply", remark=target.settle(step, "apply"))


def _backward(progress: Progress, target: Target, path: Path, by: str) -> None:
    if progress.direction == "apply":
        journal.note_state(path, "in progress", "rollback", by=by)
    for k, step in reversed(list(enumerate(progress.steps))):
        if k in progress.undone or k not in progress.begun:
            continue
        with _stopping(progress, k, "rollback", path):
            if target.state(step) == "old":
                journal.finish(path, k, "rollback", found=True)
            elif not step.can_undo:
                journal.finish(path, k, "rollback", found=True, remark=f"{step.text}: stays as it is")
            else:
                journal.intend(path, k, "rollback", by=by)
                target.make(step, "rollback")
                journal.finish(path, k, "rollback", remark=target.settle(step, "rollback"))


@contextmanager
def _stopping(progress: Progress, step: int, direction: Direction, path: Path) -> Iterator[None]:
    """Write down why a step stopped the application, and say how to go on."""
    try:
        yield
    except PlanError as error:
        place = f"step {step + 1} of {len(progress.steps)} ({progress.steps[step].text})"
        journal.note_state(path, "stopped", direction, f"{place}: {error}")
        again = "`aurora plan apply` goes on, `aurora plan rollback` undoes what was done"
        if direction == "rollback":
            again = "`aurora plan rollback` goes on"
        raise PlanError(f"stopped at {place}: {error}. Nothing after it was done; {again}") from None


def _identity(target: Target) -> dict[str, str]:
    return {"name": target.name, **target.where()}


def _check_same(progress: Progress, plan: Plan, target: Target) -> None:
    if progress.state == "not started":
        return
    if progress.plan_sha256 != plan.sha256:
        raise InputError(f"the journal is of another plan than {plan.plan_id}", parameter="journal_path")
    if progress.target != _identity(target):
        begun = ", ".join(f"{k} {v}" for k, v in (progress.target or {}).items())
        raise InputError(f"plan {plan.plan_id} was begun at another place: {begun}", parameter="target")


def _alone(path: Path) -> AbstractContextManager[None]:
    return locked(_lock(path), busy="applies this plan; wait for it")


def _lock(path: Path) -> Path:
    return path.with_suffix(".lock")
