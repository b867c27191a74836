"""The folder of plans: their files, the snapshots that they were made from, approvals, and journals.

runs/plans/1a2b3c4d5e6f.json                a plan
runs/plans/1a2b3c4d5e6f.journal.jsonl       what was done of it
runs/plans/approvals.jsonl                  who approved which plan until when
runs/plans/snapshots/9f8e….json             a snapshot, by its hash
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
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
from aurora.errors import DataError, FileError, InputError, PlanError
from aurora.files import write_atomically, writing
from aurora.reading import read_json

PLANS = Path("runs/plans")
"""The folder where none is given."""
APPROVALS, SNAPSHOTS = "approvals.jsonl", "snapshots"
_PLAN_FILE = re.compile(rf"[0-9a-f]{{{ID_DIGITS}}}\.json")

PlanStatus = Literal["new", "approved", "replaced", "expired", "in progress", "stopped", "applied", "rolled back"]


class ListedPlan(NamedTuple):
    """A plan of a folder and how far it is.

    Attributes:
        plan: The plan.
        status: How far it is.
        replaced_by: Id of the plan that was made by editing it, the newest of several; empty: there is none.
    """

    plan: Plan
    status: PlanStatus
    replaced_by: str = ""

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
            "replaced_by": self.replaced_by or None,
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
        if not folder.exists():
            raise InputError(f"there is no folder {folder}, so no plan either", parameter="folder", value=str(folder))
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
    plans = [load(folder, name) for name in _ids(folder)]
    return _listed([(p, progress_of(folder, p)) for p in plans], approvals(folder), at)


def readable_plans(folder: Path, at: datetime) -> tuple[tuple[ListedPlan, ...], tuple[str, ...]]:
    """Return the plans of a folder that can be read, newest first, and for each other file why it can't.

    Raises:
        FileError: The folder or the approvals can't be read.
        DataError: The approvals are damaged.
    """
    read: list[tuple[Plan, Progress]] = []
    problems = []
    for name in _ids(folder):
        try:
            plan = load(folder, name)
            read.append((plan, progress_of(folder, plan)))
        except (FileError, DataError) as error:
            problems.append(str(error))
    return _listed(read, approvals(folder), at), tuple(problems)


def _listed(read: Sequence[tuple[Plan, Progress]], given: tuple[Approval, ...], at: datetime) -> tuple[ListedPlan, ...]:
    """Return plans with how far each is, newest first."""
    newest_first = sorted(read, key=lambda pair: pair[0].created_at, reverse=True)
    newer: dict[str, str] = {}
    for plan, _ in newest_first:
        if plan.provenance is not None and plan.provenance.edited_from is not None:
            newer.setdefault(plan.provenance.edited_from, plan.plan_id)
    return tuple(
        ListedPlan(p, _status(p, progress, given, at, p.sha256 in newer), replaced_by=newer.get(p.sha256, ""))
        for p, progress in newest_first
    )


def _status(plan: Plan, progress: Progress, given: tuple[Approval, ...], at: datetime, is_replaced: bool) -> PlanStatus:
    if progress.state != "not started":
        return progress.state
    if is_replaced:
        return "replaced"
    if plan.is_expired(at):
        return "expired"
    is_approved = any(a.plan_sha256 == plan.sha256 and a.at <= at < a.expires_at for a in given)
    return "approved" if is_approved else "new"


def replacement_of(folder: Path, plan: Plan) -> Plan | None:
    """Return the plan that was made by editing a plan, the newest of several; None if there is none.

    A file that is no plan, or was altered, replaces nothing.

    Raises:
        FileError: A file can't be read.
    """
    edits = []
    for name in _ids(folder):
        try:
            data = read_json(folder / f"{name}.json")
            made = data.get("provenance") if isinstance(data, dict) else None
            if isinstance(made, dict) and made.get("edited_from") == plan.sha256:
                edits.append(load(folder, name))
        except DataError:
            continue
    return max(edits, key=lambda p: p.created_at, default=None)


def check_current(folder: Path, plan: Plan) -> None:
    """Check that no edit has replaced a plan of which nothing was done yet.

    Raises:
        PlanError: One has.
        FileError: A file can't be read.
        DataError: The plan's journal is damaged.
    """
    if progress_of(folder, plan).state != "not started":
        return
    other = replacement_of(folder, plan)
    if other is not None:
        raise PlanError(
            f"plan {plan.plan_id} was replaced by plan {other.plan_id}, an edit of it; read that one: "
            f"aurora plan show {other.plan_id}"
        )


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
