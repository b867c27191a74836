"""Makes another plan from a plan: changes left out, altered or added; effect, risks, inverse and hash anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from aurora.cluster.changes import Cordon, Evict, Move, Place, PlanChange, Resize, Scale, Uncordon
from aurora.cluster.files import snapshot_sha256
from aurora.cluster.plans.approval import check_lifetime
from aurora.cluster.plans.making import CLOSED_MEANWHILE, OPENED_AGAIN, EffectOf, Proposal, make_plan
from aurora.cluster.plans.plan import Plan, PlannedChange, Provenance
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError


def edit(
    plan: Plan,
    snapshot: Snapshot,
    *,
    without: Collection[int] = (),
    changes: Iterable[Proposal] = (),
    at: datetime | None = None,
    effect_of: EffectOf | None = None,
    provenance: Provenance | None = None,
) -> Plan:
    """Return another plan with some changes left out, altered or added; the plan itself stays as it is.

    The other plan ends when the plan does: both are made from the same snapshot.

    Args:
        plan: The plan.
        snapshot: The snapshot that it was made from.
        without: Numbers of changes to leave out, from 1.
        changes: Changes. One of a task, a node's cordon, a workload's replicas or a container's sizes takes the place
            of the plan's own change of that; any other comes at the end.
        at: When it is edited; default: now.
        effect_of: See `aurora.cluster.plans.making.make_plan`.
        provenance: How it is made; the plan that it replaces is added.

    Raises:
        InputError: The snapshot is another one, nothing or everything would change, a number is none of the plan's or
            goes with others, or the changes don't fit any more.
        PlanError: The plan has expired.
    """
    created = datetime.now(UTC) if at is None else at
    check_lifetime(plan, created)
    if snapshot_sha256(snapshot) != plan.snapshot_sha256:
        raise InputError(f"plan {plan.plan_id} was made from another snapshot", parameter="snapshot")
    new = tuple(changes)
    if not without and not new:
        raise InputError("say which changes to leave out, or what to change", parameter="without")
    kept = _kept(plan, without)
    for proposal in new:
        kept = _with(kept, proposal)
    if not kept:
        raise InputError(f"no change of plan {plan.plan_id} would be left", parameter="without")
    return make_plan(
        snapshot,
        kept,
        source=f"edited from {plan.plan_id}",
        at=created,
        lifetime=plan.expires_at - created,
        effect_of=effect_of,
        provenance=(provenance or Provenance()).model_copy(update={"edited_from": plan.sha256}),
    )


def _kept(plan: Plan, without: Collection[int]) -> list[Proposal]:
    """Return the changes of a plan that stay, without those that only go with moves; they are made anew."""
    kept = []
    strange = sorted(set(without) - set(range(1, len(plan.changes) + 1)))
    if strange:
        raise InputError(f"the plan has changes 1 to {len(plan.changes)}", parameter="without", value=strange[0])
    for number, planned in enumerate(plan.changes, 1):
        if _goes_with_moves(planned):
            if number in without:
                what = f"change {number} closes or opens a node while pods move; leave out the moves instead"
                raise InputError(what, parameter="without", value=number)
        elif number not in without:
            kept.append(Proposal(planned.change, planned.reason))
    return kept


def _goes_with_moves(planned: PlannedChange) -> bool:
    return isinstance(planned.change, Cordon | Uncordon) and planned.reason in (CLOSED_MEANWHILE, OPENED_AGAIN)


def _with(kept: Sequence[Proposal], new: Proposal) -> list[Proposal]:
    """Return changes with a new one in place of those of the same matter, else at the end."""
    about = _matter(new.change)
    same = [k for k, old in enumerate(kept) if _matter(old.change) == about]
    if not same:
        return [*kept, new]
    change = _merged(kept[same[0]].change, new.change)
    return [
        Proposal(change, new.reason) if k == same[0] else old
        for k, old in enumerate(kept)
        if k == same[0] or k not in same
    ]


def _matter(change: PlanChange) -> tuple[str, ...]:
    """Return what a change sets: where a task is, whether a node is closed, replicas, or a container's sizes."""
    match change:
        case Place() | Move() | Evict():
            return "task", change.task_id
        case Scale():
            return "replicas", change.workload_id
        case Resize():
            return "sizes", change.workload_id, change.container
        case _:
            return "node", change.node_id


def _merged(old: PlanChange, new: PlanChange) -> PlanChange:
    """Return a new change with what the old one says besides."""
    if isinstance(old, Resize) and isinstance(new, Resize):
        amounts = {"requests": {**old.requests, **new.requests}, "limits": {**old.limits, **new.limits}}
        return new.model_copy(update=amounts)
    if isinstance(old, Move) and isinstance(new, Move):
        return new.model_copy(update={"is_pinned": old.is_pinned})
    return new
