"""The folder of plans: their files, the snapshots that they were made from, approvals, and journals.

runs/plans/1a2b3c4d5e6f.json                a plan
runs/plans/1a2b3c4d5e6f.journal.jsonl       what was done of it
runs/plans/approvals.jsonl                  who approved which plan until when
runs/plans/snapshots/9f8e….json             a snapshot, by its hash
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from aurora import journal
from aurora.cluster.files import read_snapshot, snapshot_sha256, write_snapshot
from aurora.cluster.plans.approval import Approval
from aurora.cluster.plans.journal import Progress, read_progress
from aurora.cluster.plans.plan import ID_DIGITS, Plan, parse_plan
from aurora.cluster.snapshot import Snapshot
from aurora.errors import DataError, FileError, InputError
from aurora.files import write_atomically, writing
from aurora.reading import read_json

PLANS = Path("runs/plans")
"""The folder where none is given."""
APPROVALS, SNAPSHOTS = "approvals.jsonl", "snapshots"
_PLAN_FILE = re.compile(rf"[0-9a-f]{{{ID_DIGITS}}}\.json")

PlanStatus = Literal["new", "approved", "expired", "in progress", "stopped", "applied", "rolled back"]


class ListedPlan(NamedTuple):
    """A plan of a folder and how far it is.

    Attributes:
        plan: The plan.
        status: How far it is.
    """

    plan: Plan
    status: PlanStatus

    def to_json(self) -> dict[str, Any]:
        """Return it as a row of `aurora plan list --json`."""
        return {
            "plan_id": self.plan.plan_id,
            "status": self.status,
            "snapshot_id": self.plan.snapshot_id,
            "created_at": self.plan.created_at.isoformat(),
            "expires_at": self.plan.expires_at.isoformat(),
            "changes": len(self.plan.changes),
            "risks": [r.code for r in self.plan.risks],
            "source": self.plan.source,
        }


def save(folder: Path, plan: Plan, snapshot: Snapshot) -> Path:
    """Write a plan and the snapshot that it was made from; return the plan's file.

    Raises:
        FileError: A file can't be written.
    """
    with writing(folder):
        (folder / SNAPSHOTS).mkdir(parents=True, exist_ok=True)
    kept = folder / SNAPSHOTS / f"{snapshot_sha256(snapshot)}.json"
    if not kept.exists():
        write_snapshot(snapshot, kept)
    path = folder / f"{plan.plan_id}.json"
    write_atomically(path, json.dumps(plan.to_json(), indent=2, allow_nan=False) + "\n")
    return path


def load(folder: Path, plan_id: str) -> Plan:
    """Read a plan by its id, the beginning of its id, or the path of its file.

    Raises:
        InputError: No plan, or more than one, has an id that begins so.
        FileError: The file can't be read.
        DataError: It is not a plan, or was altered.
    """
    path = Path(plan_id)
    if path.suffix == ".json":
        return parse_plan(read_json(path), where=plan_id)
    ids = _ids(folder)
    found = [name for name in ids if plan_id and name.startswith(plan_id.lower()[:ID_DIGITS])]
    if len(found) != 1:
        have = ", ".join(ids[:5]) or "none"
        problem = "several plans have" if found else f"{folder} has no plan with"
        raise InputError(f"{problem} an id that begins so; it has {have}", parameter="plan_id", value=plan_id)
    path = folder / f"{found[0]}.json"
    plan = parse_plan(read_json(path), where=str(path))
    if plan.plan_id != found[0]:
        raise DataError(f"{path} holds plan {plan.plan_id}; give it its own name again")
    return plan


def snapshot_of(folder: Path, plan: Plan) -> Snapshot:
    """Read the snapshot that a plan was made from.

    Raises:
        FileError: It is not in the folder.
        DataError: It was altered.
    """
    path = folder / SNAPSHOTS / f"{plan.snapshot_sha256}.json"
    snapshot = read_snapshot(path)
    if snapshot_sha256(snapshot) != plan.snapshot_sha256:
        raise DataError(f"{path} was altered after it was written; make the plan anew")
    return snapshot


def journal_path(folder: Path, plan: Plan) -> Path:
    """Return the path of a plan's journal."""
    return folder / f"{plan.plan_id}.journal.jsonl"


def progress_of(folder: Path, plan: Plan) -> Progress:
    """Return how far the application of a plan is.

    Raises:
        FileError: The journal can't be read.
        DataError: It is damaged.
    """
    return read_progress(journal_path(folder, plan))


def list_plans(folder: Path, at: datetime) -> tuple[ListedPlan, ...]:
    """Return the plans of a folder, newest first.

    Raises:
        FileError: A file can't be read.
        DataError: A plan was altered, or a file is damaged.
    """
    given = approvals(folder)
    listed = []
    for name in _ids(folder):
        plan = load(folder, name)
        listed.append(ListedPlan(plan, _status(plan, progress_of(folder, plan), given, at)))
    return tuple(sorted(listed, key=lambda p: p.plan.created_at, reverse=True))


def _status(plan: Plan, progress: Progress, given: tuple[Approval, ...], at: datetime) -> PlanStatus:
    if progress.state != "not started":
        return progress.state
    if plan.is_expired(at):
        return "expired"
    is_approved = any(a.plan_sha256 == plan.sha256 and a.at <= at < a.expires_at for a in given)
    return "approved" if is_approved else "new"


def record_approval(folder: Path, approval: Approval) -> None:
    """Write down an approval.

    Raises:
        FileError: The file can't be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    journal.append(folder / APPROVALS, [approval.model_dump(mode="json")])


def approvals(folder: Path) -> tuple[Approval, ...]:
    """Return all approvals of a folder, oldest first.

    Raises:
        FileError: The file can't be read.
        DataError: It is damaged.
    """
    path = folder / APPROVALS
    try:
        return tuple(Approval.model_validate(r) for r in journal.read(path))
    except ValidationError:
        raise DataError(f"{path} holds something that is no approval; move it away and approve again") from None


def _ids(folder: Path) -> list[str]:
    try:
        names = sorted(p.name for p in folder.iterdir()) if folder.exists() else []
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"can't read {folder}: {reason}; give the folder of the plans") from None
    return [name.removesuffix(".json") for name in names if _PLAN_FILE.fullmatch(name)]
