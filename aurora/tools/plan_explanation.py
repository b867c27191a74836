"""A tool that explains a plan of the conversation's folder."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from aurora.cluster.explanation import explain
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans import folder
from aurora.tools.desk import Desk
from aurora.tools.plan_id import PlanId
from aurora.types import Frozen

KEYS = {
    "node": "node_id",
    "task": "task_id",
    "series": "unique_id",
    "ahead": "seconds_ahead",
    "so_far": "seconds_so_far",
    "latency": "latency_seconds",
    "share": "requested_share",
}
"""Fields of claims as other tools call them, so that evidence is read alike: whose it is, and in which unit."""


class ExplainPlanArguments(Frozen):
    """A plan, and the policy that is asked for its decisions."""

    plan_id: PlanId = Field(min_length=6, max_length=64, description="id of the plan")
    policy_id: str = Field(default="", description="policy that is asked; empty: the one that the plan was made with")


class ClaimRow(Frozen):
    """A claim that was recomputed and holds."""

    kind: str = Field(
        description="group (reason of some tasks), room, avoided (nodes passed over), upcoming (maintenance), near, "
        "forecast, spike, fullest, changed, waits, risk, expected, expected of tasks, came"
    )
    text: str
    fields: dict[str, Any] = Field(description="names, amounts in cores, GiB, seconds and dollars, and shares of 1")


class PlanExplained(Frozen):
    """Why a plan is as it is, what is expected of it, and what came."""

    plan_id: str
    policy_id: str
    text: str = Field(description="the claims as one text")
    claims: tuple[ClaimRow, ...]
    left_out: tuple[str, ...] = Field(description="claims that could not be recomputed, each with what was found")


def explain_plan(desk: Desk, arguments: ExplainPlanArguments) -> PlanExplained:
    """Why a plan puts tasks where it does, which nodes it passes over, what it is expected to do, and what came."""
    plan = folder.load(desk.plans, arguments.plan_id)
    snapshot = folder.snapshot_of(desk.plans, plan)
    recorded = "" if plan.provenance is None else plan.provenance.policy_id
    now = desk.cluster
    is_later = now.snapshot_id == snapshot.snapshot_id and now.taken_at > snapshot.taken_at
    explanation = explain(
        plan,
        snapshot,
        desk.policy(arguments.policy_id or recorded or DEFAULT_POLICY.policy_id),
        history=[desk.series(name) for name in desk.series_ids],
        later=now if is_later else None,
    )
    held = [c.to_json() for c in explanation.checked if c.holds]
    return PlanExplained(
        plan_id=explanation.plan_id,
        policy_id=explanation.policy_id,
        text=explanation.text,
        claims=tuple(ClaimRow(kind=c["kind"], text=c["text"], fields=_fields(c["kind"], c["fields"])) for c in held),
        left_out=tuple(f"{c.text}: {c.evidence}" for c in explanation.dropped),
    )


def _fields(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a claim with the keys and units by which evidence is read."""
    named = {KEYS.get(key, key): value for key, value in fields.items()}
    if fields.get("basis") == "used":
        named["used_share"] = named.pop("requested_share")
    return named | ({"unit": "cores", "interval_share": 0.8} if kind == "forecast" else {})
