"""Approves, applies, rolls back and edits plans for a page: each once, whatever is clicked twice or reloaded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Literal

from aurora.cluster.plans import folder as plans_folder
from aurora.cluster.plans.approval import Approval
from aurora.cluster.plans.asks import Ask
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.report import apply_from_folder, approve_in_folder, roll_back_from_folder
from aurora.cluster.plans.targets.target import Target
from aurora.cluster.snapshot import Snapshot
from aurora.errors import AuroraError, PlanError
from aurora.tools.desk import Desk
from aurora.tools.plan_edits import edited_as_asked
from aurora.web.views.plans.plan import known_plan, problem_text, system_now

Work = Literal["apply", "roll back"]
MINUTES = {15: "15 minutes", 60: "1 hour", 240: "4 hours", 1440: "1 day"}
"""How long an approval may hold."""


def approve(plan_id: str, sha256: str, who: str, desk: Desk, *, minutes: float = 60.0) -> Approval:
    """Approve the plan that is shown; approving it twice leaves one approval of a person.

    Args:
        plan_id: Its id.
        sha256: Hash of the plan that the person sees.
        who: The person.
        desk: The open cluster and the folder.
        minutes: How long it holds.

    Raises:
        PlanError: It has another hash, has expired, or was replaced.
        ConstraintError: It breaks a constraint.
        InputError: There is no such plan, it was rolled back, or no name is given.
        FileError: A file can't be read or written.
        DataError: A file was altered or is damaged.
    """
    plan, now = _same(plan_id, sha256, desk), datetime.now(UTC)
    own = [a for a in plans_folder.approvals(desk.plans) if a.plan_sha256 == sha256 and a.who == who.strip()]
    holding = [a for a in own if a.at <= now < a.expires_at]
    if holding:
        return holding[-1]
    system = system_now(desk, plan)
    return approve_in_folder(
        plan.plan_id, who.strip(), desk.plans, minutes=minutes, prefix=sha256, snapshot=system, at=now
    )


def edit(
    plan_id: str, sha256: str, desk: Desk, *, without: Collection[int] = (), asks: Sequence[Ask] = (), who: str = ""
) -> Plan:
    """Make another plan from the plan that is shown; it needs its own approval.

    Args:
        plan_id: Its id.
        sha256: Hash of the plan that the person sees.
        desk: The open cluster, its measured use, policies and the folder.
        without: Numbers of changes to leave out, from 1.
        asks: Changes in its own ones' place, or at the end.
        who: The person.

    Raises:
        PlanError: It has another hash, or has expired.
        InputError: It was begun, or the changes don't fit.
        PolicyError: The policy of the plan is not known here.
        FileError: A file can't be read or written.
        DataError: A file was altered or is damaged.
    """
    plan = _same(plan_id, sha256, desk)
    left_out = [f"leave out {', '.join(map(str, sorted(without)))}"] if without else []
    command = "; ".join([f"page of plans: {who}", *left_out, *(a.text for a in asks)])
    return edited_as_asked(desk, plan.plan_id, without=without, asks=asks, command=command)


def _same(plan_id: str, sha256: str, desk: Desk) -> Plan:
    plan = known_plan(desk.plans, plan_id)
    if plan.sha256 != sha256:
        raise PlanError(f"plan {plan.plan_id} has another hash than the one that is shown; load the page again")
    return plan


class Applications:
    """Applications and rollbacks that were begun from pages; each goes on when its reader leaves.

    A plan is under way at most once: here by the list of names, and between processes by the lock of its journal.

    Args:
        desk: The open cluster and the folder.
        refresh: Reads the cluster anew.
    """

    def __init__(self, desk: Desk, refresh: Callable[[], Snapshot]) -> None:
        self._desk = desk
        self._refresh = refresh
        self._lock = threading.Lock()
        self._running: dict[str, threading.Thread] = {}
        self._problems: dict[str, str] = {}

    def start(self, plan_id: str, sha256: str, work: Work, who: str) -> bool:
        """Begin to apply a plan or to roll it back, or go on with that; False: it is under way already.

        Args:
            plan_id: Its id.
            sha256: Hash of the plan that the person sees.
            work: What to do.
            who: The person, for the journal.

        Raises:
            PlanError: It has another hash than the plan of the folder.
            InputError: There is no such plan.
            FileError: A file can't be read.
            DataError: A file was altered or is damaged.
        """
        plan = _same(plan_id, sha256, self._desk)
        with self._lock:
            if plan.plan_id in self._running:
                return False
            self._problems.pop(plan.plan_id, None)
            # Not a daemon: a server that is asked to end lets it come to its end, as the journal would want it anyway.
            thread = threading.Thread(target=self._work, args=(plan, work, who), name=f"plan {plan.plan_id}")
            self._running[plan.plan_id] = thread
        thread.start()
        return True

    def is_running(self, plan_id: str) -> bool:
        """Return whether a plan is under way here."""
        with self._lock:
            return plan_id in self._running

    def problem(self, plan_id: str) -> str:
        """Return why the last work on a plan ended early; empty: it did not."""
        with self._lock:
            return self._problems.get(plan_id, "")

    def wait(self, plan_id: str, seconds: float = 60.0) -> None:
        """Wait until nothing is under way with a plan here."""
        with self._lock:
            thread = self._running.get(plan_id)
        if thread is not None:
            thread.join(seconds)

    def _work(self, plan: Plan, work: Work, who: str) -> None:
        problem = ""
        try:
            self._do(plan, work, who)
        except AuroraError as error:
            problem = problem_text(error)
        finally:
            with self._lock:
                self._running.pop(plan.plan_id, None)
                if problem:
                    self._problems[plan.plan_id] = problem

    def _do(self, plan: Plan, work: Work, who: str) -> None:
        desk = self._desk
        target = self._target(plan)
        if work == "roll back":
            roll_back_from_folder(plan.plan_id, target, desk.plans, by=who)
            return
        if desk.is_live:
            self._refresh()
        apply_from_folder(plan.plan_id, target, desk.plans, snapshot=system_now(desk, plan), by=who)

    def _target(self, plan: Plan) -> Target | None:
        """Return the live cluster, if plans are applied there; None: where it was begun, or files."""
        begun = (plans_folder.progress_of(self._desk.plans, plan).target or {}).get("name")
        is_live = self._desk.target is not None and plan.system == "kubernetes" and begun in (None, "kubernetes")
        return self._desk.target() if is_live and self._desk.target is not None else None
