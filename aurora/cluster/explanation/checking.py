"""Recomputes every claim about a plan; a claim that names what is not there does not hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import get_args

from aurora.cluster.change_effects import Draft
from aurora.cluster.changes import apply_to_draft
from aurora.cluster.explanation.amounts import came, fullest, of_tasks, taken_share
from aurora.cluster.explanation.avoided import avoided
from aurora.cluster.explanation.claims import (
    AvoidedClaim,
    CameClaim,
    ChangedClaim,
    CheckedPlanClaim,
    ExpectedClaim,
    ExpectedOfTasksClaim,
    ForecastClaim,
    FullestClaim,
    GroupClaim,
    MadeClaim,
    NearClaim,
    PlanClaim,
    RiskClaim,
    RoomClaim,
    SpikeClaim,
    TaskMeasure,
    UpcomingClaim,
    WaitsClaim,
)
from aurora.cluster.explanation.gathering import decided_by, made, reads_latency, upcoming
from aurora.cluster.explanation.load import forecast_of, spike_of
from aurora.cluster.explanation.replay import PlanCase
from aurora.cluster.feasibility import Room, summary
from aurora.cluster.plans.making import values_of
from aurora.cluster.plans.plan import subject_of
from aurora.cluster.plans.risk import risks

PRECISION = 1e-9
"""Relative difference up to which two numbers are equal."""


def check(claims: Sequence[PlanClaim], case: PlanCase) -> tuple[CheckedPlanClaim, ...]:
    """Check claims about a plan."""
    checker = _Checker(case)
    return tuple(CheckedPlanClaim(claim, *checker.verdict(claim)) for claim in claims)


class _Checker:
    """Recomputes claims of a plan; what several need is computed once."""

    def __init__(self, case: PlanCase) -> None:
        self.case = case

    def verdict(self, claim: PlanClaim) -> tuple[bool, str]:
        """Return whether a claim holds, and what was recomputed."""
        match claim:
            case GroupClaim():
                return self._group(claim)
            case RoomClaim():
                return self._room(claim)
            case AvoidedClaim():
                return self._avoided(claim)
            case UpcomingClaim():
                windows = list(upcoming(self.case))
                return claim in windows, "; ".join(f"{w.node} from {w.since}" for w in windows) or "there is none"
            case NearClaim():
                latency, tasks = of_tasks(self.case.snapshot, self.case.planned, "network_latency")
                return _equal(claim, NearClaim(tasks, latency, reads_latency(self.case)))
            case ForecastClaim():
                series = next((s for s in self.case.history if s.unique_id == claim.series), None)
                return _equal(claim, None if series is None else forecast_of(series))
            case SpikeClaim():
                series = next((s for s in self.case.history if s.unique_id == claim.series), None)
                return _equal(claim, None if series is None else spike_of(series))
            case FullestClaim():
                found = fullest(self.case.after)
                return _equal(claim, None if found is None else FullestClaim(*found))
            case ChangedClaim():
                return self._changed(claim)
            case WaitsClaim():
                return self._waits(claim)
            case RiskClaim():
                found_risks = risks(self.case.snapshot, self.case.changes, self.case.after)
                true = [RiskClaim(r.code, r.subjects) for r in found_risks]
                return claim in true, f"risks: {', '.join(r.code for r in true) or 'none'}"
            case ExpectedClaim():
                return self._expected(claim)
            case ExpectedOfTasksClaim():
                if claim.measure not in get_args(TaskMeasure):
                    return False, "there is no such measure"
                value, tasks = of_tasks(self.case.snapshot, self.case.planned, claim.measure)
                return _equal(claim, ExpectedOfTasksClaim(claim.measure, value, len(tasks)) if tasks else None)
            case MadeClaim():
                return _equal(claim, next(made(self.case), None))
            case CameClaim():
                case = self.case
                if case.later is None:
                    return False, "no later snapshot is open"
                found_later = came(case.later, case.planned, case.snapshot, claim.measure)
                return _equal(claim, None if found_later is None else CameClaim(claim.measure, *found_later))

    @cached_property
    def _avoided_nodes(self) -> dict[str, AvoidedClaim]:
        return dict(avoided(self.case))

    def _group(self, claim: GroupClaim) -> tuple[bool, str]:
        known = {p.task_id: p for p in self.case.replay.placements}
        strange = [t for t in claim.tasks if t not in known]
        if strange or not claim.tasks or len(set(claim.tasks)) != len(claim.tasks):
            return False, f"the plan does not place {', '.join(strange) or 'these tasks'}"
        members = [known[t] for t in claim.tasks]
        nodes = tuple(dict.fromkeys(p.node_id for p in members))
        wrong = [
            p.task_id
            for p in members
            if decided_by(p, set(self.case.planned.values())) != (claim.reason, claim.features)
        ]
        evidence = (
            f"decided again: {len(members) - len(wrong)} of {len(members)} for this reason, on {', '.join(nodes)}"
        )
        return not wrong and nodes == claim.nodes, evidence

    def _room(self, claim: RoomClaim) -> tuple[bool, str]:
        nodes = tuple(dict.fromkeys(self.case.planned.values()))
        if claim.nodes != nodes:
            return False, f"the plan uses {', '.join(nodes) or 'no node'}"
        taken = taken_share(self.case.snapshot, nodes, claim.resource)
        return _equal(claim, None if taken is None else RoomClaim(nodes, claim.resource, *taken))

    def _avoided(self, claim: AvoidedClaim) -> tuple[bool, str]:
        true = self._avoided_nodes
        wrong = [n for n in claim.nodes if true.get(n) != claim._replace(nodes=(n,))]
        is_distinct = 0 < len(claim.nodes) == len(set(claim.nodes))
        found = {n: true[n].kind if n in true else "no such node is passed over" for n in wrong[:3]}
        return not wrong and is_distinct, "; ".join(f"{n}: {k}" for n, k in found.items()) or "holds for every task"

    def _changed(self, claim: ChangedClaim) -> tuple[bool, str]:
        changes = self.case.changes
        if not 1 <= claim.number <= len(changes):
            return False, f"the plan has changes 1 to {len(changes)}"
        draft = Draft(self.case.snapshot)
        for change in changes[: claim.number - 1]:
            apply_to_draft(draft, change)
        change = changes[claim.number - 1]
        now = values_of(draft, change)
        apply_to_draft(draft, change)
        proposed = values_of(draft, change)
        if claim.field not in proposed:
            return False, f"the change sets {', '.join(proposed)}"
        true = ChangedClaim(
            claim.number, subject_of(change), claim.field, now.get(claim.field), proposed.get(claim.field)
        )
        return _equal(claim, true)

    def _waits(self, claim: WaitsClaim) -> tuple[bool, str]:
        task = self.case.after.tasks_by_id.get(claim.task)
        if task is None or task.state != "pending" or task.node_id is not None:
            return False, "it does not wait after the plan"
        return _equal(claim, WaitsClaim(claim.task, summary(Room(self.case.after).all_reasons(task))))

    def _expected(self, claim: ExpectedClaim) -> tuple[bool, str]:
        m, level = self.case.effect.measure(claim.measure), self.case.effect.level
        if m is None:
            return False, "simulated again: not measured"
        true = ExpectedClaim(claim.measure, m.before.expected, m.after.expected, m.after.low, m.after.high, level)
        return _equal(claim, true)


def _equal(claim: PlanClaim, true: PlanClaim | None) -> tuple[bool, str]:
    """Compare a claim with the true one, numbers up to rounding."""
    if true is None:
        return False, "it can't be recomputed from what is open"
    holds = all(_close(a, b) for a, b in zip(claim, true, strict=True))
    return holds, "; ".join(f"{name}: {value}" for name, value in true._asdict().items())


def _close(a: object, b: object) -> bool:
    if (
        isinstance(a, int | float)
        and isinstance(b, int | float)
        and not isinstance(a, bool)
        and not isinstance(b, bool)
    ):
        return math.isclose(a, b, rel_tol=PRECISION, abs_tol=PRECISION)
    return a == b
