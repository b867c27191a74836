"""A plan that waits for a person's decision, as a card: what changes, its simulated effect, risks, money, expiry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from aurora.cluster.changes import change_text
from aurora.cluster.plans import folder
from aurora.cluster.plans.plan import Effect, Estimate, Measure, Money, Plan, PlannedChange, inverse, value_text
from aurora.errors import AuroraError
from aurora.quantities import dollars, plain

MEASURES: Mapping[str, str] = {
    "pending": "tasks that wait",
    "cost_per_hour": "cost of all nodes",
    "fullest_node_cpu": "cores in use on the fullest node",
    "fullest_node_memory": "memory in use on the fullest node",
}
"""Name of a measure of an effect -> words."""
RISKS: Mapping[str, str] = {"not undone": "not undone by a rollback", "managed": "managed by another tool"}
"""Codes of risks that are not plain words by themselves."""
_HOUR = 60
Editable = Literal["", "node", "replicas"]


@dataclass(frozen=True, slots=True)
class FieldShown:
    """A field that changes.

    Attributes:
        name: Its name.
        now: Its value now.
        proposed: Its value afterwards.
    """

    name: str
    now: str
    proposed: str


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """A change of a plan.

    Attributes:
        number: Its number, from 1.
        title: What is done.
        reason: Why.
        fields: Fields that change.
        editable: What a person may choose otherwise: the node of a task, the replicas of a workload; "": nothing.
        subject: Task or workload that it is about.
        value: What is chosen now.
    """

    number: int
    title: str
    reason: str
    fields: tuple[FieldShown, ...]
    editable: Editable = ""
    subject: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class MeasureShown:
    """A measure of the simulated effect.

    Attributes:
        name: What is measured, in words.
        before: Value before, with its interval.
        after: Value afterwards, with its interval.
    """

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ApprovalShown:
    """A plan that waits for a decision.

    Attributes:
        action: `apply` or `rollback`.
        title: The question.
        plan_id: The plan.
        sha256: Hash of exactly this plan; an approval holds for it alone.
        place: Live cluster that it changes; "": files or scripts are written.
        problem: What was wrong with the last answer; "": nothing.
        changes: What is done, in order.
        effect: Simulated measures; empty: it was not simulated.
        effect_note: How it was simulated.
        money: What it costs and saves.
        risks: Kind of each risk, and what may happen.
        expires: Until when it may be applied.
        is_expired: True: that has passed.
        may_edit: True: changes may be left out or altered.
        warning: Why the plan can't be shown whole; "": it is.
    """

    action: Literal["apply", "rollback"]
    title: str
    plan_id: str
    sha256: str
    place: str = ""
    problem: str = ""
    changes: tuple[ChangeShown, ...] = ()
    effect: tuple[MeasureShown, ...] = ()
    effect_note: str = ""
    money: tuple[str, ...] = ()
    risks: tuple[tuple[str, str], ...] = ()
    expires: str = ""
    is_expired: bool = False
    may_edit: bool = False
    warning: str = ""


def approval_shown(
    request: Mapping[str, Any], plans: Path, *, place: str = "", at: datetime | None = None
) -> ApprovalShown:
    """Return the question about a plan as it is shown.

    Args:
        request: The question, as `aurora.graphs.chat.approval.request` makes it.
        plans: Folder of the plans.
        place: Live cluster that approved plans change; "": files or scripts are written.
        at: Time now; None: the clock's.
    """
    action = request["action_requests"][0]
    args = action["args"]
    kind: Literal["apply", "rollback"] = "apply" if action["name"] == "apply_plan" else "rollback"
    allowed = [d for c in request.get("review_configs", ()) for d in c["allowed_decisions"]]
    description = str(action.get("description") or "")
    problem = description.split("\n", 1)[0] if description.startswith("That was no decision") else ""
    plan_id, sha256 = str(args["plan_id"]), str(args["sha256"])
    title = f"{'Apply' if kind == 'apply' else 'Undo'} plan {plan_id}?"
    try:
        plan = folder.load(plans, plan_id)
    except AuroraError as error:
        return ApprovalShown(kind, title, plan_id, sha256, place=place, problem=problem, warning=str(error))
    if plan.sha256 != sha256:
        warning = "The plan has another hash than the one that is asked about. Reject it, and make a new plan."
        return ApprovalShown(kind, title, plan_id, sha256, place=place, problem=problem, warning=warning)
    return _of_plan(plan, kind, title, place, problem, "edit" in allowed, at or datetime.now(UTC))


def _of_plan(  # parts of one card
    plan: Plan,
    kind: Literal["apply", "rollback"],
    title: str,
    place: str,
    problem: str,
    may_edit: bool,  # likewise
    at: datetime,
) -> ApprovalShown:
    is_apply = kind == "apply"
    shown = plan if is_apply else inverse(plan)
    return ApprovalShown(
        action=kind,
        title=title,
        plan_id=plan.plan_id,
        sha256=plan.sha256,
        place=place,
        problem=problem,
        changes=tuple(_change(number, c) for number, c in enumerate(shown.changes, 1)),
        effect=_effect(plan.effect) if is_apply else (),
        effect_note=_effect_note(plan.effect) if is_apply else "",
        money=tuple(_money(plan.money)) if is_apply else (),
        risks=tuple((RISKS.get(r.code, r.code), r.message) for r in shown.risks),
        expires=_expires(plan, at) if is_apply else "",
        is_expired=is_apply and plan.is_expired(at),
        may_edit=may_edit,
    )


def _change(number: int, planned: PlannedChange) -> ChangeShown:
    change = planned.change
    names = dict.fromkeys([*planned.now, *planned.proposed])
    fields = tuple(
        FieldShown(n, value_text(n, planned.now.get(n)), value_text(n, planned.proposed.get(n)))
        for n in names
        if planned.now.get(n) != planned.proposed.get(n)
    )
    editable: Editable = "node" if change.kind in ("move", "place") else "replicas" if change.kind == "scale" else ""
    value = str(getattr(change, {"node": "node_id", "replicas": "replicas"}.get(editable, ""), ""))
    return ChangeShown(number, change_text(change), planned.reason, fields, editable, planned.subject, value)


def _effect(effect: Effect | None) -> tuple[MeasureShown, ...]:
    return () if effect is None else tuple(_measure(m) for m in effect.measures)


def _measure(measure: Measure) -> MeasureShown:
    name = MEASURES.get(measure.name, measure.name.replace("_", " "))
    dimension = "$/h" if measure.name.endswith("_per_hour") and measure.unit == "$" else measure.unit
    before, after = (_estimate(e, dimension) for e in (measure.before, measure.after))
    return MeasureShown(name, before, after)


def _estimate(estimate: Estimate, dimension: str) -> str:
    middle, low, high = (_amount(v, dimension) for v in (estimate.expected, estimate.low, estimate.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _amount(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.0f} %"
    if unit in ("$", "$/h"):
        return f"{dollars(value)}{'/h' if unit == '$/h' else ''}"
    return f"{plain(value)} {unit}".strip()


def _effect_note(effect: Effect | None) -> str:
    if effect is None:
        return "The effect was not simulated."
    times = "once" if effect.runs == 1 else f"{effect.runs} times"
    held = "" if effect.runs == 1 else f" In brackets: where {effect.level:.0%} of the simulations lie."
    return f"Simulated {times}: {effect.method}.{held}"


def _money(money: Money | None) -> Iterator[str]:
    if money is None:
        yield "Prices of the nodes are not known."
        return
    now, then = dollars(money.per_hour_now), dollars(money.per_hour_proposed)
    yield f"Nodes with work cost {now}/h now and {then}/h afterwards."
    if money.emptied:
        yield f"Saved only if these emptied nodes are given back: {', '.join(money.emptied)}."
    if money.unpriced:
        yield f"Left out, without a known price: {money.unpriced} nodes."


def _expires(plan: Plan, at: datetime) -> str:
    minutes = int((plan.expires_at - at).total_seconds() // 60)
    if minutes < 0:
        return f"Expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC. Reject it, and ask for a new plan."
    left = f"{minutes} min" if minutes < 2 * _HOUR else f"{minutes // _HOUR} h"
    return f"May be applied until {plan.expires_at:%Y-%m-%d %H:%M} UTC, for {left}."
