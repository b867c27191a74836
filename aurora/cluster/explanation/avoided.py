"""Why a node takes none of a plan's tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from aurora.cluster.explanation.claims import AvoidedClaim
from aurora.cluster.explanation.replay import PlanCase
from aurora.cluster.feasibility import Reason, ReasonKind, Room
from aurora.sim.explain.decision import Decision, cause

ORDER: tuple[ReasonKind, ...] = (
    "maintenance",
    "not ready",
    "cordoned",
    "taint",
    "selector",
    "affinity",
    "model",
    "with tasks",
    "apart from tasks",
    "spread",
    "insufficient",
)
"""Kinds of reasons, those that say most first: one that holds for every task is named."""


def avoided(case: PlanCase) -> Mapping[str, AvoidedClaim]:
    """Return, for every node that takes none of the plan's tasks, a claim about it alone; empty without placements."""
    replay = case.replay
    if not replay.placements:
        return {}
    targets = {p.node_id for p in replay.placements}
    tasks = [replay.asked.tasks_by_id[p.task_id] for p in replay.placements]
    reasons: dict[str, list[tuple[Reason, ...]]] = {n.node_id: [] for n in replay.asked.nodes}
    rooms = {c: Room(replay.asked, clearance=c) for c in {p.clearance for p in replay.placements}}
    for task, placement in zip(tasks, replay.placements, strict=True):
        for node_id, found in rooms[placement.clearance].all_reasons(task):
            reasons[node_id].append(found)
    sources = {t.node_id for t in case.snapshot.tasks if t.task_id in case.planned}
    return {
        node_id: _avoided(case, node_id, found)
        for node_id, found in reasons.items()
        if node_id not in targets and node_id not in sources
    }


def _avoided(case: PlanCase, node_id: str, by_task: list[tuple[Reason, ...]]) -> AvoidedClaim:
    if all(by_task):
        shared = set.intersection(*({r.kind for r in found} for found in by_task))
        kind = next((k for k in ORDER if k in shared), None)
        if kind is None:
            return AvoidedClaim((node_id,), "several")
        subjects = [{r.subject for r in found if r.kind == kind} for found in by_task]
        common = set.intersection(*subjects)
        subject = min(common) if common else ""
        return AvoidedClaim((node_id,), kind, subject, _since(case, node_id, subject) if kind == "maintenance" else "")
    fitted = {p.task_id for p, found in zip(case.replay.placements, by_task, strict=True) if not found}
    decided = [p.decision for p in case.replay.placements if p.task_id in fitted and p.decision is not None]
    ranked = [d for d in decided if any(o.name == node_id for o in d.options)]
    if not ranked:
        return AvoidedClaim((node_id,), "filled")
    causes = Counter(_cause(d, node_id) for d in ranked)
    return AvoidedClaim((node_id,), "outscored", features=next(iter(causes)) if len(causes) == 1 else ())


def _cause(decision: Decision, node_id: str) -> tuple[str, ...]:
    option = next(o for o in decision.options if o.name == node_id)
    return () if option is decision.chosen else cause(decision, option)


def _since(case: PlanCase, node_id: str, subject: str) -> str:
    windows = case.replay.asked.nodes_by_id[node_id].maintenance
    now = case.replay.asked.taken_at
    return min((start.isoformat() for start, end, why in windows if why == subject and end > now), default="")
