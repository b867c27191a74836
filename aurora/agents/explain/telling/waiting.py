"""Turns claims about a task's course into facts: its status, attempts, waits, and who held what."""

from __future__ import annotations

from collections.abc import Mapping

from aurora.agents.explain.telling.grammar import Slots
from aurora.agents.explain.telling.quantities import COUNT, Amount
from aurora.agents.explain.telling.readings import Fact, Reading
from aurora.sim.explain.shortage import Resource
from aurora.sim.explain.waiting_claims import (
    AttemptClaim,
    HoldClaim,
    InfeasibleClaim,
    StatusClaim,
    WaitClaim,
    WaitingClaim,
)

_DIMENSIONS: Mapping[Resource, str] = {
    "cpu": "cores",
    "memory": "GiB",
    "accelerators": "devices",
    "accelerator_share": "share",
    "bandwidth": "Gbit/s",
}
"""Resources with an amount; the others are present or absent."""


def waiting_fact(claim: WaitingClaim) -> Fact:
    """Return the fact of a claim about a task's course."""
    match claim:
        case WaitClaim():
            return Fact((Reading("wait", _wait(claim)),), "shortfall")
        case HoldClaim(task, where, resource, amount, start, end):
            held: Slots = {"task": task, "where": where, "held": Amount(amount, _DIMENSIONS[resource])}
            return Fact((Reading("hold", {**held, **_span(start, end)}),), "setting")
        case InfeasibleClaim():
            return Fact((Reading("infeasible", _infeasible(claim)),), "shortfall")
        case AttemptClaim(task, number, where, start, end, ending):
            slots = {
                "task": task,
                "number": Amount(number, COUNT),
                "option": where,
                "ending": ending,
                **_span(start, end),
            }
            return Fact((Reading("attempt", slots),), "setting" if ending == "completed" else "shortfall")
        case StatusClaim(task, status, late):
            what: dict[str, object] = {"task": task, "status": status}
            if status == "late":
                what["late"] = _seconds(late)
            return Fact((Reading("status", what),), "setting" if status == "completed" else "shortfall")


def names_in(claim: WaitingClaim) -> frozenset[str]:
    """Return the candidates and links that a claim names."""
    match claim:
        case HoldClaim(where=where) | AttemptClaim(where=where) | InfeasibleClaim(where=where):
            return frozenset((where,)) - {""}
        case WaitClaim(returned=returned):
            return frozenset(returned)
    return frozenset()


def _seconds(value: float) -> Amount:
    return Amount(value, "s")


def _span(start: float, end: float) -> Slots:
    return {"start": _seconds(start), "end": _seconds(end)}


def _wait(claim: WaitClaim) -> Slots:
    slots: dict[str, object] = {"task": claim.task, "reason": claim.reason, "start": _seconds(claim.start)}
    slots["lasts"] = "on" if claim.end is None else "over"
    if claim.end is not None:
        slots |= {"waited": _seconds(claim.end - claim.start), "end": _seconds(claim.end)}
    if claim.on:
        slots["tasks"] = frozenset(claim.on)
    if claim.returned:
        slots["nodes"] = frozenset(claim.returned)
    slots["by"] = "both" if claim.on and claim.returned else "tasks" if claim.on else "nodes" if claim.returned else ""
    return slots


def _infeasible(claim: InfeasibleClaim) -> Slots:
    dimension = _DIMENSIONS.get(claim.resource)
    slots: dict[str, object] = {
        "task": claim.task,
        "resource": claim.resource,
        "when": "never" if claim.time is None else "then",
        "what": "state" if dimension is None else "amount",
        "of": "one" if claim.where else "all",
    }
    if claim.time is not None:
        slots["time"] = _seconds(claim.time)
    if claim.where:
        slots["option"] = claim.where
    else:
        slots |= {"count": Amount(claim.lacking, COUNT), "total": Amount(claim.candidates, COUNT)}
    if dimension is not None:
        slots |= {"free": Amount(claim.most, dimension), "asked": Amount(claim.asked, dimension)}
    return slots
