"""A person's approval of a plan: the question in the form of LangChain's human in the loop, and its answer.

The form is the one of `interrupt_mode="batched"`, which agent-chat-ui and Studio know:
`{"action_requests": [...], "review_configs": [...]}`, answered by `{"decisions": [...]}`.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from aurora.agents.operator.answer import Approval
from aurora.cluster.plans.plan import Plan, diff_of, inverse
from aurora.errors import InputError

TOOL_OF_ACTION: dict[str, str] = {"apply": "apply_plan", "rollback": "roll_back_plan"}
"""Tool of the registry that carries out what is approved."""
MAX_LINES = 40
"""Most changes that a question lists."""
DECISIONS = ["approve", "edit", "reject"]
_NUMBERS = re.compile(r"\s*\[?[\d,\s]*\]?\s*")


class Decision(NamedTuple):
    """A person's decision.

    Attributes:
        kind: What was decided.
        message: Reason of a rejection.
        without: Numbers of changes to leave out, from 1; of an edit.
        plan_id: Another plan to look at instead; of an edit; "": the same one.
    """

    kind: Literal["approve", "edit", "reject"]
    message: str = ""
    without: tuple[int, ...] = ()
    plan_id: str = ""


def request(approval: Approval, plan: Plan, problem: str = "", place: str = "") -> dict[str, Any]:
    """Return the question to a person.

    Args:
        approval: What is to be approved.
        plan: The plan.
        problem: What was wrong with the last answer to it; "" if there was none.
        place: Live cluster that it changes; "": files or scripts are written.
    """
    name = TOOL_OF_ACTION[approval.action]
    args: dict[str, Any] = {"plan_id": approval.plan_id, "sha256": approval.sha256}
    if approval.action == "apply":
        args["without"] = []
    return {
        "action_requests": [{"name": name, "args": args, "description": described(approval, plan, problem, place)}],
        "review_configs": [
            {
                "action_name": name,
                "allowed_decisions": DECISIONS if approval.action == "apply" else ["approve", "reject"],
            }
        ],
    }


def described(approval: Approval, plan: Plan, problem: str = "", place: str = "") -> str:
    """Return a plan in the words in which a person is asked."""
    verb = "Apply" if approval.action == "apply" else "Undo"
    shown = plan if approval.action == "apply" else inverse(plan)
    lines = [f"{n}. {line}" for n, change in enumerate(shown.changes, start=1) for line in diff_of(change)]
    more = [f"... and {len(lines) - MAX_LINES} more"] if len(lines) > MAX_LINES else []
    return "\n".join(
        [
            *([problem] if problem else []),
            f"{verb} plan {plan.plan_id} ({_counted(len(plan.changes))}, hash {plan.sha256[:12]})"
            f"{f' on {place}, after a dry run on its server' if place else ''}?",
            *lines[:MAX_LINES],
            *more,
            *(f"risk: {r.message}" for r in plan.risks if approval.action == "apply"),
            *([f"It may be applied until {plan.expires_at:%Y-%m-%d %H:%M} UTC."] if approval.action == "apply" else []),
        ]
    )


def _counted(changes: int) -> str:
    return "1 change" if changes == 1 else f"{changes} changes"


def decision_of(value: Any) -> Decision:
    """Return the decision that answers a question.

    Args:
        value: `{"decisions": [{"type": "approve"}]}`, or one decision by itself.

    Raises:
        InputError: It is no decision, or several.
    """
    decisions = value.get("decisions", [value]) if isinstance(value, dict) else value
    if not isinstance(decisions, list) or len(decisions) != 1 or not isinstance(decisions[0], dict):
        raise InputError('one decision is asked for, such as {"decisions": [{"type": "approve"}]}')
    decision = decisions[0]
    match decision.get("type"):
        case "approve":
            return Decision("approve")
        case "reject":
            return Decision("reject", message=str(decision.get("message") or "")[:500])
        case "edit":
            return _edit(decision.get("edited_action"))
    raise InputError(f"a decision is one of {', '.join(DECISIONS)}", parameter="type", value=decision.get("type"))


def _edit(action: Any) -> Decision:
    args = action.get("args") if isinstance(action, dict) else None
    if not isinstance(args, dict):
        raise InputError('an edit has {"edited_action": {"name": ..., "args": {"without": [2, 3]}}}')
    without = args.get("without") or []
    if isinstance(without, str):  # agent-chat-ui edits every argument as text
        without = [int(n) for n in re.findall(r"\d+", without)] if _NUMBERS.fullmatch(without) else None
    if not isinstance(without, list) or not all(type(n) is int for n in without):
        raise InputError("`without` lists the numbers of changes to leave out", parameter="without", value=without)
    return Decision("edit", without=tuple(without), plan_id=str(args.get("plan_id") or ""))
