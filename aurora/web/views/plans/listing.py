"""The list of plans, with search by text and by status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, get_args

from aurora.cluster.changes import change_text
from aurora.cluster.plans.execution import is_under_way
from aurora.cluster.plans.folder import ListedPlan, PlanStatus, journal_path, readable_plans
from aurora.quantities import duration

STATUSES: tuple[PlanStatus, ...] = get_args(PlanStatus)
"""How far a plan may be."""
CHANGES_NAMED = 2
"""Changes that a line of the list names."""


class PlanRow(NamedTuple):
    """A plan of the list.

    Attributes:
        plan_id: Its id.
        status: How far it is; `interrupted` where nobody goes on with it.
        system: Name of the system that it is for.
        summary: Its first changes.
        made, expires: UTC.
        left: Time until it expires; empty: it has, or it was begun.
        changes, risks: Numbers of both.
        source: Who or what made it.
        replaced_by: Id of the plan that replaces it; empty: none.
    """

    plan_id: str
    status: str
    system: str
    summary: str
    made: str
    expires: str
    left: str
    changes: int
    risks: int
    source: str
    replaced_by: str


class Listing(NamedTuple):
    """The plans of a folder.

    Attributes:
        rows: Plans, the newest first.
        problems: Why a file could not be read, for each.
        counts: Number of plans by status.
    """

    rows: tuple[PlanRow, ...]
    problems: tuple[str, ...]
    counts: dict[str, int]


def listing(folder: Path, at: datetime) -> Listing:
    """Return the plans of a folder.

    Args:
        folder: Folder of the plans.
        at: Time.

    Raises:
        FileError: The folder can't be read.
        DataError: The approvals are damaged.
    """
    plans, problems = readable_plans(folder, at)
    rows = tuple(_row(p, folder, at) for p in plans)
    return Listing(rows, problems, dict(Counter(r.status for r in rows)))


def _row(listed: ListedPlan, folder: Path, at: datetime) -> PlanRow:
    plan = listed.plan
    texts = [change_text(c.change) for c in plan.changes]
    more = f", and {len(texts) - CHANGES_NAMED} more" if len(texts) > CHANGES_NAMED else ""
    status: str = listed.status
    if status == "in progress" and not is_under_way(journal_path(folder, plan)):
        status = "interrupted"
    return PlanRow(
        plan_id=plan.plan_id,
        status=status,
        system=plan.snapshot_id,
        summary=", ".join(texts[:CHANGES_NAMED]) + more,
        made=f"{plan.created_at:%Y-%m-%d %H:%M}",
        expires=f"{plan.expires_at:%Y-%m-%d %H:%M}",
        left=time_left(plan.expires_at - at) if status in ("new", "approved") else "",
        changes=len(plan.changes),
        risks=len(plan.risks),
        source=plan.source,
        replaced_by=listed.replaced_by,
    )


def time_left(left: timedelta) -> str:
    """Return a time that is left in words; empty: none is."""
    seconds = left.total_seconds()
    return duration(60 * round(seconds / 60)) if seconds >= 60 else "less than a minute" if seconds > 0 else ""  # noqa: PLR2004


def matching(rows: Sequence[PlanRow], text: str = "", status: str = "") -> tuple[PlanRow, ...]:
    """Return the rows that hold a text in id, changes, system or source, and have a status.

    Args:
        rows: Rows of a list.
        text: Words that all must occur, in any case; empty: any row.
        status: A status; empty: any.
    """
    words = text.lower().split()
    return tuple(
        r
        for r in rows
        if (not status or r.status == status)
        and all(w in f"{r.plan_id} {r.system} {r.summary} {r.source}".lower() for w in words)
    )
