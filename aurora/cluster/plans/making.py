"""Makes plans from a snapshot and changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from aurora.cluster.change_effects import Draft
from aurora.cluster.changes import (
    Cordon,
    Drain,
    Evict,
    Move,
    Place,
    PlanChange,
    Resize,
    Scale,
    Uncordon,
    apply_to_draft,
    change_text,
    expand_in_draft,
    inverse_in_draft,
    is_what_if,
)
from aurora.cluster.files import snapshot_sha256
from aurora.cluster.plans.means import can_undo, means
from aurora.cluster.plans.plan import Effect, Money, Plan, PlannedChange, Provenance, Values
from aurora.cluster.plans.risk import risks
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError

LIFETIME = timedelta(hours=24)
"""How long a plan may be applied after it was made."""
MAX_CHANGES = 2_000
CLOSED_MEANWHILE, OPENED_AGAIN = "so that no moved pod comes back to it", "the pods have moved"
"""Reasons of the changes that close a node while pods move away from it."""


class Proposal(NamedTuple):
    """A change and the reason for it."""

    change: PlanChange
    reason: str = ""


class Proposals(NamedTuple):
    """Proposed changes, and what could not be proposed.

    Attributes:
        proposals: Changes with their reasons.
        remarks: What was left out and why.
    """

    proposals: tuple[Proposal, ...]
    remarks: tuple[str, ...] = ()


EffectOf = Callable[[Snapshot, Sequence[PlanChange]], Effect | None]
"""Simulates changes of a snapshot."""


def make_plan(
    snapshot: Snapshot,
    proposals: Iterable[Proposal],
    *,
    source: str = "aurora",
    at: datetime | None = None,
    lifetime: timedelta = LIFETIME,
    effect_of: EffectOf | None = None,
    provenance: Provenance | None = None,
) -> Plan:
    """Return the plan of changes of a snapshot.

    A drain becomes a cordon, moves and evictions. In Kubernetes, the node that a pod moves away from is cordoned
    meanwhile, so that the pod does not come back to it. Changes that change nothing are left out.

    Args:
        snapshot: The system.
        proposals: Changes with their reasons, in the order of their application.
        source: Who or what makes the plan.
        at: When; default: now.
        lifetime: How long it may be applied.
        effect_of: Simulates the changes; None: the plan has no effect.
        provenance: How it is made; None: not recorded.

    Raises:
        InputError: There is no change, there are too many, one is a what-if, or one does not fit the snapshot.
    """
    draft, planned = Draft(snapshot), []
    steps = _guarded(snapshot, _expanded(snapshot, proposals))
    if not steps:
        raise InputError("there is nothing to change: the system is as proposed already", parameter="proposals")
    if len(steps) > MAX_CHANGES:
        raise InputError(f"{len(steps):,} changes; a plan has at most {MAX_CHANGES:,}", parameter="proposals")
    for change, reason in steps:
        undo = inverse_in_draft(draft, change) if can_undo(snapshot.system, change) else ()
        now = values_of(draft, change)
        apply_to_draft(draft, change)
        planned.append(
            PlannedChange(
                change=change,
                now=now,
                proposed=values_of(draft, change),
                reason=reason,
                carried_out=means(snapshot.system, change),
                undo=undo[0] if undo else None,
            )
        )
    after, created = draft.snapshot(), datetime.now(UTC) if at is None else at
    return Plan(
        source=source,
        system=snapshot.system,
        snapshot_id=snapshot.snapshot_id,
        snapshot_sha256=snapshot_sha256(snapshot),
        after_sha256=snapshot_sha256(after),
        created_at=created,
        expires_at=created + lifetime,
        changes=tuple(planned),
        effect=None if effect_of is None else effect_of(snapshot, [c.change for c in planned]),
        risks=risks(snapshot, [c.change for c in planned], after),
        money=money(snapshot, after),
        provenance=provenance,
    )


def values_of(draft: Draft, change: PlanChange) -> Values:
    """Return the fields that a change sets, as they are in a draft."""
    match change:
        case Place() | Move() | Evict():
            task = draft.task(change.task_id)
            return {"node": task.node_id if task.holds_resources else None}
        case Cordon() | Uncordon() | Drain():
            return {"cordoned": draft.node(change.node_id).is_cordoned}
        case Scale():
            return {"replicas": draft.replicas(change.workload_id)}
        case Resize():
            container = draft.container(change.workload_id, change.container)
            amounts = {"requests": container.requests, "limits": container.limits}
            asked = [("requests", r) for r in change.requests] + [("limits", r) for r in change.limits]
            return {f"{container.name} {field} {r}": amounts[field].get(r) for field, r in asked}


def money(before: Snapshot, after: Snapshot) -> Money | None:
    """Return the price of the nodes that hold work before and after; None where no price is known."""
    held, holds = _working(before), _working(after)
    priced = {n.node_id: n.price_per_hour for n in before.nodes if n.price_per_hour is not None}
    if not priced:
        return None
    return Money(
        per_hour_now=sum(priced.get(n, 0.0) for n in held),
        per_hour_proposed=sum(priced.get(n, 0.0) for n in holds),
        emptied=tuple(n.node_id for n in before.nodes if n.node_id in held - holds),
        unpriced=len(before.nodes) - len(priced),
    )


def _working(snapshot: Snapshot) -> set[str]:
    return {n for n, tasks in snapshot.tasks_by_node.items() if any(t.kind not in ("daemon", "static") for t in tasks)}


def _expanded(snapshot: Snapshot, proposals: Iterable[Proposal]) -> list[Proposal]:
    """Return proposals with drains in their parts, without those that change nothing."""
    draft = Draft(snapshot)
    steps: list[Proposal] = []
    for change, reason in proposals:
        if is_what_if(change):
            raise InputError(f"{change_text(change)}: a plan can't make it happen", parameter="proposals")
        for part in expand_in_draft(draft, change) if isinstance(change, Drain) else (change,):
            before = None if isinstance(part, Place | Move | Evict) else values_of(draft, part)
            apply_to_draft(draft, part)
            if before is None or before != values_of(draft, part):
                steps.append(Proposal(part, reason))
    return steps


def _guarded(snapshot: Snapshot, steps: list[Proposal]) -> list[Proposal]:
    """Cordon the nodes that pods of Kubernetes move away from, from the first such move to the last."""
    if snapshot.system != "kubernetes":
        return steps
    draft = Draft(snapshot)
    sources: list[str | None] = []
    for change, _ in steps:
        source = draft.task(change.task_id).node_id if isinstance(change, Move) and not change.is_pinned else None
        sources.append(None if source is None or draft.node(source).is_cordoned else source)
        apply_to_draft(draft, change)
    guarded: list[Proposal] = []
    for k, step in enumerate(steps):
        source = sources[k]
        if source is not None and source not in sources[:k]:
            guarded.append(Proposal(Cordon(node_id=source), CLOSED_MEANWHILE))
        guarded.append(step)
        if source is not None and source not in sources[k + 1 :]:
            guarded.append(Proposal(Uncordon(node_id=source), OPENED_AGAIN))
    return guarded
