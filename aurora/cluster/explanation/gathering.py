"""Gathers the claims about a plan, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import get_args

from aurora.cluster.changes import Move, Place
from aurora.cluster.explanation.amounts import came, fullest, of_tasks, taken_share
from aurora.cluster.explanation.avoided import avoided
from aurora.cluster.explanation.claims import (
    AvoidedClaim,
    CameClaim,
    CameMeasure,
    ChangedClaim,
    ExpectedClaim,
    ExpectedOfTasksClaim,
    FullestClaim,
    GroupClaim,
    GroupReason,
    MadeClaim,
    NearClaim,
    PlanClaim,
    RiskClaim,
    RoomClaim,
    TaskMeasure,
    UpcomingClaim,
    WaitsClaim,
)
from aurora.cluster.explanation.load import forecast_of, series_of, spike_of
from aurora.cluster.explanation.replay import Placement, PlanCase
from aurora.cluster.feasibility import Room, summary
from aurora.cluster.files import snapshot_sha256
from aurora.cluster.plans.plan import ID_DIGITS
from aurora.cluster.plans.provenance import policy_sha256
from aurora.cluster.resources import CPU, MEMORY
from aurora.sim.explain.decision import cause, features_read, is_level
from aurora.sim.policies.features import FEATURE_INDEX

LATENCY = "fit.latency"
MAX_WAITING = 5
"""Most tasks without a node of which the reason is told."""


def gather(case: PlanCase) -> list[PlanClaim]:
    """Return the claims about a plan."""
    return [
        *_groups(case),
        *_room(case),
        *_near(case),
        *_avoided(case),
        *upcoming(case),
        *_changed(case),
        *_load(case),
        *_fullest(case),
        *_waits(case),
        *(RiskClaim(r.code, r.subjects) for r in case.plan.risks),
        *_expected(case),
        *_came(case),
        *made(case),
    ]


def decided_by(placement: Placement, targets: Collection[str]) -> tuple[GroupReason, tuple[str, ...]]:
    """Return the reason that decided for a placement, and the features for `features`.

    Args:
        placement: The placement.
        targets: Nodes that the plan uses: the best of the others is the rival, or the runner-up if there is no other.
    """
    if placement.chosen is None:
        return "none", ()
    if placement.chosen != placement.node_id:
        return "another", ()
    decision = placement.decision
    if decision is None or decision.runner_up is None:
        return "only", ()
    rival = next((o for o in decision.options if o.name not in targets), decision.runner_up)
    if is_level(decision, rival.features):
        return "draw", ()
    features = cause(decision, rival)
    return ("features", tuple(sorted(features, key=lambda f: FEATURE_INDEX[f]))) if features else ("many", ())


def _groups(case: PlanCase) -> Iterator[GroupClaim]:
    groups: dict[tuple[GroupReason, tuple[str, ...]], list[Placement]] = {}
    for placement in case.replay.placements:
        groups.setdefault(decided_by(placement, set(case.planned.values())), []).append(placement)
    for (reason, features), members in sorted(groups.items(), key=lambda g: -len(g[1])):
        nodes = tuple(dict.fromkeys(p.node_id for p in members))
        yield GroupClaim(reason, features, tuple(p.task_id for p in members), nodes)


def _room(case: PlanCase) -> Iterator[RoomClaim]:
    nodes = tuple(dict.fromkeys(case.planned.values()))
    for resource in (CPU, MEMORY) if nodes else ():
        taken = taken_share(case.snapshot, nodes, resource)
        if taken is not None:
            yield RoomClaim(nodes, resource, *taken)


def _near(case: PlanCase) -> Iterator[NearClaim]:
    latency, tasks = of_tasks(case.snapshot, case.planned, "network_latency")
    if tasks:
        yield NearClaim(tasks, latency, reads_latency(case))


def reads_latency(case: PlanCase) -> bool:
    """Return whether the policy reads the latency in any of its decisions about the plan's tasks."""
    return any(p.decision is not None and LATENCY in features_read(p.decision) for p in case.replay.placements)


def _avoided(case: PlanCase) -> Iterator[AvoidedClaim]:
    groups: dict[AvoidedClaim, list[str]] = {}
    for node_id, claim in avoided(case).items():
        groups.setdefault(claim._replace(nodes=()), []).append(node_id)
    for claim, nodes in sorted(groups.items(), key=lambda g: g[0].kind != "maintenance"):
        yield claim._replace(nodes=tuple(nodes))


def upcoming(case: PlanCase) -> Iterator[UpcomingClaim]:
    """Yield the maintenance that begins after the snapshot on nodes that take tasks."""
    for node_id in dict.fromkeys(case.planned.values()):
        for start, _, why in case.snapshot.nodes_by_id[node_id].maintenance:
            if start > case.snapshot.taken_at:
                yield UpcomingClaim(node_id, start.isoformat(), why)


def _changed(case: PlanCase) -> Iterator[ChangedClaim]:
    for number, planned in enumerate(case.plan.changes, 1):
        if not isinstance(planned.change, Place | Move):
            for field in planned.proposed:
                now, proposed = planned.now.get(field), planned.proposed.get(field)
                yield ChangedClaim(number, planned.subject, field, now, proposed)


def _load(case: PlanCase) -> Iterator[PlanClaim]:
    for series in series_of(case):
        for claim in (forecast_of(series), spike_of(series)):
            if claim is not None:
                yield claim


def _fullest(case: PlanCase) -> Iterator[FullestClaim]:
    found = fullest(case.after)
    if found is not None:
        yield FullestClaim(*found)


def _waits(case: PlanCase) -> Iterator[WaitsClaim]:
    room = Room(case.after)
    waiting = [t for t in case.after.tasks if t.state == "pending" and t.node_id is None]
    for task in waiting[:MAX_WAITING]:
        yield WaitsClaim(task.task_id, summary(room.all_reasons(task)))


def _expected(case: PlanCase) -> Iterator[PlanClaim]:
    effect = case.plan.effect or case.effect
    for m in effect.measures:
        yield ExpectedClaim(m.name, m.before.expected, m.after.expected, m.after.low, m.after.high, effect.level)
    for measure in get_args(TaskMeasure):
        value, tasks = of_tasks(case.snapshot, case.planned, measure)
        if tasks:
            yield ExpectedOfTasksClaim(measure, value, len(tasks))


def made(case: PlanCase) -> Iterator[MadeClaim]:
    """Yield how the plan was made, where a policy is recorded."""
    record = case.plan.provenance
    if record is not None and record.policy_id is not None:
        is_asked = record.policy_sha256 == policy_sha256(case.policy)
        yield MadeClaim(record.policy_id, is_asked, record.seed, snapshot_sha256(case.snapshot)[:ID_DIGITS])


def _came(case: PlanCase) -> Iterator[CameClaim]:
    for measure in get_args(CameMeasure) if case.later is not None else ():
        assert case.later is not None  # see above
        found = came(case.later, case.planned, case.snapshot, measure)
        if found is not None:
            yield CameClaim(measure, *found)
