"""A plan that waits for a person's decision, as a card: what changes, its simulated effect, risks, money, expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from aurora.cluster.plans import folder
from aurora.cluster.plans.plan import inverse
from aurora.errors import AuroraError
from aurora.tools.desk import Desk
from aurora.web.views.plans.change import Change, change_of
from aurora.web.views.plans.effect import Amount
from aurora.web.views.plans.plan import PlanShown, plan_shown

Editable = Literal["", "node", "replicas"]
HOW: Mapping[str, Editable] = {"node": "node", "replicas": "replicas"}
"""Field that changes -> what a person may choose otherwise."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person may choose otherwise in a change.

    Attributes:
        change: The change.
        editable: `node` of a task, `replicas` of a workload; "": it may only be left out.
        value: What is chosen now.
    """

    change: Change
    editable: Editable = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalShown:
    """A plan that waits for a decision.

    Attributes:
        action: `apply` or `rollback`.
        title: The question.
        plan_id: The plan.
        sha256: Hash of exactly this plan; an approval holds for it alone.
        problem: What was wrong with the last answer; "": nothing.
        plan: The plan; None: it can't be read.
        changes: What is done, in order.
        may_edit: True: changes may be left out or altered.
        warning: Why it can't be approved; "": it can.
    """

    action: Literal["apply", "rollback"]
    title: str
    plan_id: str
    sha256: str
    problem: str = ""
    plan: PlanShown | None = None
    changes: tuple[Change, ...] = ()
    may_edit: bool = False
    warning: str = ""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The changes with what a person may choose otherwise."""
        return tuple(_choice(c) for c in self.changes)

    @property
    def expires(self) -> str:
        """Until when it may be applied; "": it is undone, or not known."""
        if self.plan is None or self.action != "apply":
            return ""
        if not self.plan.left:
            return f"Expired at {self.plan.expires}."
        return f"May be applied until {self.plan.expires}, for {self.plan.left}."


def approval_shown(request: Mapping[str, Any], desk: Desk, *, at: datetime | None = None) -> ApprovalShown:
    """Return the question about a plan as it is shown.

    Args:
        request: The question, as `aurora.graphs.chat.approval.request` makes it.
        desk: The open cluster, and the folder of plans.
        at: Time now; None: the clock's.
    """
    action = request["action_requests"][0]
    args = action["args"]
    kind: Literal["apply", "rollback"] = "apply" if action["name"] == "apply_plan" else "rollback"
    allowed = [d for c in request.get("review_configs", ()) for d in c["allowed_decisions"]]
    first = str(action.get("description") or "").split("\n", 1)[0]
    plan_id, sha256 = str(args["plan_id"]), str(args["sha256"])
    title = f"{'Apply' if kind == 'apply' else 'Undo'} plan {plan_id}?"
    problem = first if first.startswith("That was no decision") else ""
    try:
        plan = plan_shown(plan_id, desk, at)
        changes = plan.changes if kind == "apply" else _undone(plan_id, desk)
    except AuroraError as error:
        return ApprovalShown(kind, title, plan_id, sha256, problem, warning=str(error))
    if plan.sha256 != sha256:
        warning = "The plan has another hash than the one that is asked about. Reject it, and make a new plan."
        return ApprovalShown(kind, title, plan_id, sha256, problem, warning=warning)
    warning = _warning(plan) if kind == "apply" else ""
    return ApprovalShown(kind, title, plan_id, sha256, problem, plan, changes, "edit" in allowed, warning)


def _undone(plan_id: str, desk: Desk) -> tuple[Change, ...]:
    plan = inverse(folder.load(desk.plans, plan_id))
    return tuple(change_of(number, c) for number, c in enumerate(plan.changes, 1))


def _warning(plan: PlanShown) -> str:
    if not plan.left:
        return "It has expired. Reject it, and ask for a new plan."
    if plan.violations:
        return f"It can't be applied as it is: {'; '.join(plan.violations)}. Edit or reject it."
    return ""


def _choice(change: Change) -> Choice:
    found = next((f for f in change.fields if f.name in HOW), None)
    return Choice(change) if found is None else Choice(change, HOW[found.name], found.after)


def interval_text(amount: Amount) -> str:
    """Return an amount with the interval that it lies in.

    >>> interval_text(Amount("52 %", "47 %", "60 %"))
    '52 % (47 % to 60 %)'
    """
    return f"{amount.expected} ({amount.low} to {amount.high})" if amount.low else amount.expected
