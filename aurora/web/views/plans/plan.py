"""One plan: its changes, effect, risks and money, who approved it, how far it is, and what may be done with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from aurora.cluster.plans import folder as plans_folder
from aurora.cluster.plans.execution import is_under_way
from aurora.cluster.plans.journal import Progress, read_entries
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.report import USUAL_TARGET, show_plan
from aurora.cluster.snapshot import Snapshot
from aurora.errors import AuroraError, InputError
from aurora.tools.desk import Desk
from aurora.web.views.plans.change import Change, change_of
from aurora.web.views.plans.effect import EffectRow, effect_note, effect_rows, money_lines
from aurora.web.views.plans.listing import time_left

_ID = re.compile(r"[0-9a-f]{6,12}")
Action = Literal["approve", "apply", "resume", "roll back", "edit"]


class ApprovalRow(NamedTuple):
    """An approval: who, when (UTC), until when, and whether it holds now."""

    who: str
    at: str
    until: str
    holds: bool


class StepRow(NamedTuple):
    """A step of an application and its state: waiting, begun, done, found or undone."""

    number: int
    text: str
    state: str


class Line(NamedTuple):
    """A line of the journal: when (UTC; empty: not recorded), who, and what."""

    at: str
    who: str
    text: str


class PlanShown(NamedTuple):
    """A plan as the page shows it.

    Attributes:
        plan_id, sha256: Id and hash, to which approvals are bound.
        status: How far it is; `interrupted` where nobody goes on with it.
        system, snapshot_id, source: What it is for, and who made it.
        made, expires: UTC.
        left: Time until it expires; empty: it has expired.
        changes: Its changes.
        effect: Simulated effect; empty: it was not simulated.
        effect_note: How it was simulated, and what the intervals hold.
        risks: Kind and text of each risk.
        money: Lines about the price of nodes.
        violations: What it breaks; then it can't be approved or applied.
        checked_on: What it was checked against.
        made_with: How it was made.
        approvals: The newest first.
        target: Where it is applied, in words.
        steps: Steps of its application.
        remarks: What was worth knowing, and why it stopped.
        journal: What was done, the newest first.
        actions: What may be done now.
        advice: What to do next, or why nothing can be done.
        replaced_by, replaces: Ids of plans; empty: none.
        is_under_way: Whether it is applied, or rolled back, at this moment.
        is_rollback: Whether it is being rolled back.
    """

    plan_id: str
    sha256: str
    status: str
    system: str
    snapshot_id: str
    source: str
    made: str
    expires: str
    left: str
    changes: tuple[Change, ...]
    effect: tuple[EffectRow, ...]
    effect_note: str
    risks: tuple[tuple[str, str], ...]
    money: tuple[str, ...]
    violations: tuple[str, ...]
    checked_on: str
    made_with: tuple[tuple[str, str], ...]
    approvals: tuple[ApprovalRow, ...]
    target: str
    steps: tuple[StepRow, ...]
    remarks: tuple[str, ...]
    journal: tuple[Line, ...]
    actions: tuple[Action, ...]
    advice: str
    replaced_by: str
    replaces: str
    is_under_way: bool
    is_rollback: bool


def known_plan(folder: Path, plan_id: str) -> Plan:
    """Return a plan by its id or the beginning of that; unlike `load`, never a file by its path.

    Args:
        folder: Folder of the plans.
        plan_id: What an address names.

    Raises:
        InputError: There is no such plan.
        FileError: A file can't be read.
        DataError: A file was altered or is damaged.
    """
    if not _ID.fullmatch(plan_id):
        raise InputError("that is no id of a plan; the list of plans has all", parameter="plan_id")
    return plans_folder.load(folder, plan_id)


def watched(folder: Path, plan_id: str) -> tuple[object, ...]:
    """Return what differs as soon as something was done with a plan; it is quick to compute."""
    journal = folder / f"{plan_id}.journal.jsonl"
    sizes = [p.stat().st_size if p.exists() else 0 for p in (journal, folder / plans_folder.APPROVALS)]
    plans = sum(1 for _ in folder.glob("?" * 12 + ".json"))
    return (*sizes, plans, is_under_way(journal))


def system_now(desk: Desk, plan: Plan) -> Snapshot | None:
    """Return the open cluster if a plan is for it; None if it is for another one."""
    cluster = desk.cluster
    return cluster if (cluster.system, cluster.snapshot_id) == (plan.system, plan.snapshot_id) else None


def plan_shown(plan_id: str, desk: Desk, at: datetime | None = None) -> PlanShown:
    """Return a plan of the desk's folder.

    Args:
        plan_id: Its id, or the beginning of it.
        desk: The open cluster and the folder.
        at: Time; default: now.

    Raises:
        InputError: There is no such plan.
        FileError: A file can't be read.
        DataError: A file was altered or is damaged.
    """
    now, folder = datetime.now(UTC) if at is None else at, desk.plans
    plan = known_plan(folder, plan_id)
    system = system_now(desk, plan)
    report = show_plan(plan.plan_id, folder, snapshot=system, at=now)
    progress = report.progress
    busy = is_under_way(plans_folder.journal_path(folder, plan))
    given = [a for a in plans_folder.approvals(folder) if a.plan_sha256 == plan.sha256]
    is_approved = any(a.at <= now < a.expires_at for a in given)
    replacement = plans_folder.replacement_of(folder, plan)
    status = _status(plan, progress, busy=busy, is_approved=is_approved, is_replaced=replacement is not None, at=now)
    is_broken = bool(report.violations) and progress.state == "not started"
    actions = _actions(status, progress, is_approved=is_approved, is_expired=plan.is_expired(now), is_broken=is_broken)
    how = "as it is open here"
    if system is None:
        how = "as it was when the plan was made; another system is open here"
    made = plan.provenance
    return PlanShown(
        plan_id=plan.plan_id,
        sha256=plan.sha256,
        status=status,
        system=plan.system,
        snapshot_id=plan.snapshot_id,
        source=plan.source,
        made=clock(plan.created_at),
        expires=clock(plan.expires_at),
        left=time_left(plan.expires_at - now),
        changes=tuple(change_of(k, c) for k, c in enumerate(plan.changes, 1)),
        effect=() if plan.effect is None else effect_rows(plan.effect),
        effect_note="" if plan.effect is None else effect_note(plan.effect),
        risks=tuple((r.code, r.message) for r in plan.risks),
        money=money_lines(plan),
        violations=tuple(v.text for v in report.violations) if progress.state == "not started" else (),
        checked_on=f"{plan.snapshot_id}, {how}",
        made_with=_made_with(plan),
        approvals=tuple(
            ApprovalRow(a.who, clock(a.at), clock(a.expires_at), a.at <= now < a.expires_at) for a in reversed(given)
        ),
        target=_target(plan, progress, desk),
        steps=tuple(StepRow(k + 1, s.text, progress.state_of(k)) for k, s in enumerate(progress.steps)),
        remarks=progress.remarks,
        journal=_journal(folder, plan, [(a.at, a.who, a.expires_at) for a in given]),
        actions=actions,
        advice=_advice(status, progress, actions, is_expired=plan.is_expired(now), is_broken=is_broken),
        replaced_by="" if replacement is None or progress.state != "not started" else replacement.plan_id,
        replaces="" if made is None or made.edited_from is None else made.edited_from[:12],
        is_under_way=busy,
        is_rollback=progress.direction == "rollback",
    )


def clock(time: datetime) -> str:
    """Return a time in UTC, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _status(plan: Plan, progress: Progress, *, busy: bool, is_approved: bool, is_replaced: bool, at: datetime) -> str:
    if busy or progress.state == "in progress":
        return "in progress" if busy else "interrupted"
    if progress.state != "not started":
        return progress.state
    if is_replaced:
        return "replaced"
    return "expired" if plan.is_expired(at) else "approved" if is_approved else "new"


def _actions(
    status: str, progress: Progress, *, is_approved: bool, is_expired: bool, is_broken: bool
) -> tuple[Action, ...]:
    """Return what may be done with a plan."""
    match status:
        case "new" | "approved":
            if is_broken:
                return ("edit",)
            return ("apply", "edit") if is_approved else ("approve", "edit")
        case "interrupted" | "stopped":
            if progress.direction == "rollback":
                return ("roll back",)
            if is_expired:
                return ("roll back",)
            return ("resume", "roll back") if is_approved else ("approve", "roll back")
        case "applied":
            return ("roll back",)
        case "rolled back" if not is_expired:
            return ("edit",)
    return ()


def _advice(status: str, progress: Progress, actions: tuple[Action, ...], *, is_expired: bool, is_broken: bool) -> str:
    """Return what to do next."""
    if status in ("interrupted", "stopped") and progress.direction == "rollback":
        return "The rollback did not end. Go on with it; what is undone already is not undone twice."
    if status in ("interrupted", "stopped"):
        why = "was interrupted" if status == "interrupted" else "stopped at a surprise"
        if is_expired:
            return f"The application {why}, and the plan has expired since. Roll it back, then make another plan."
        if "approve" in actions:
            return f"The application {why}, and the approval has ended. Approve it again to go on, or roll it back."
        return f"The application {why}. Go on from the step where it is, or roll back what was done."
    if is_broken:
        return "It can't be applied as it is. Leave out or alter the changes that break a constraint."
    texts = {
        "new": "Read what it changes and what may go wrong, then approve it.",
        "approved": "It is approved. Nothing is changed until it is applied.",
        "replaced": "An edit has replaced it. Nothing can be done with this one any more.",
        "expired": "It has expired. Make another plan from the system as it is now.",
        "in progress": "It is under way. This page shows each step as it is done.",
        "applied": "It is applied. A rollback puts back what can be put back.",
        "written": "Its files are written; no live system was changed. Commit or run them. A rollback removes them.",
        "rolled back": "It was rolled back. Edit it, or make another plan.",
    }
    is_written = status == "applied" and (progress.target or {}).get("name") in ("files", "slurm")
    return texts["written" if is_written else status]


def _made_with(plan: Plan) -> tuple[tuple[str, str], ...]:
    made = plan.provenance
    rows = [("Made by", plan.source), ("Snapshot", plan.snapshot_sha256[:12])]
    if made is not None:
        rows += [
            ("Policy", made.policy_id or ""),
            ("Seed", "" if made.seed is None else str(made.seed)),
            ("Measured use", made.history),
            ("Command", made.command),
        ]
    return tuple((name, value) for name, value in rows if value)


def _target(plan: Plan, progress: Progress, desk: Desk) -> str:
    """Return where a plan was begun, or would be applied."""
    begun = progress.target
    if begun is not None:
        return f"the live cluster at {begun.get('server', '')}" if begun["name"] == "kubernetes" else begun["path"]
    if desk.target is not None and plan.system == "kubernetes":
        return "the live cluster"
    name = USUAL_TARGET[plan.system]
    what = {"files": "manifests", "slurm": "scripts", "inventory": "an inventory"}[name]
    ending = ".inventory.json" if name == "inventory" else f".{name}"
    return f"{what} in {desk.plans / f'{plan.plan_id}{ending}'}; no live system is changed"


def _journal(folder: Path, plan: Plan, given: list[tuple[datetime, str, datetime]]) -> tuple[Line, ...]:
    """Return what was done with a plan, the newest first."""
    lines = [(plan.created_at, "", f"made by {plan.source}")]
    lines += [(at, who, f"approved until {clock(until)}") for at, who, until in given]
    last = plan.created_at
    for entry in read_entries(plans_folder.journal_path(folder, plan)):
        last = entry.at or last
        lines.append((last, entry.who, entry.text))
    ordered = sorted(enumerate(lines), key=lambda pair: (pair[1][0], pair[0]), reverse=True)
    return tuple(Line(f"{at:%Y-%m-%d %H:%M:%S} UTC", who, text) for _, (at, who, text) in ordered)


def problem_text(error: AuroraError) -> str:
    """Return an error as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:]
