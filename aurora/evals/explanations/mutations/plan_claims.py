"""False claims about a plan for a cluster, and about the plan that a whole run amounts to, by kind of falsehood."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aurora.agents.explain.run_plan import GroupOfTasks, PeakLoad, RunPlanClaim, UnusedNodes
from aurora.cluster.explanation.claims import (
    AvoidedClaim,
    ChangedClaim,
    ExpectedClaim,
    ExpectedOfTasksClaim,
    ForecastClaim,
    FullestClaim,
    GroupClaim,
    NearClaim,
    PlanClaim,
    RiskClaim,
    RoomClaim,
    SpikeClaim,
)
from aurora.cluster.explanation.replay import PlanCase

NUMBERS = ("share", "latency", "median", "low", "high", "now", "so_far", "ahead", "before", "after", "value", "level")
"""Fields that hold amounts."""
UNITS = (1000.0, 1 / 60)
"""Factors by which an amount changes that is given in another unit."""
STRANGE = "node.failures"
"""A feature that no plan's policy reads."""


def false_plan_claims(
    claims: Sequence[PlanClaim], case: PlanCase, rng: np.random.Generator
) -> Mapping[str, list[PlanClaim]]:
    """Return false claims about a plan by kind.

    Args:
        claims: Claims about the plan that hold.
        case: The plan.
        rng: Generator of the choices.
    """
    made: dict[str, list[PlanClaim]] = defaultdict(list)
    for claim in claims:
        made["wrong number"] += _amounts(claim, (float(rng.uniform(1.06, 2.0)),))
        made["wrong unit"] += _amounts(claim, UNITS)
        made["wrong node"] += _elsewhere(claim, case)
        made["wrong comparator"] += _turned(claim)
    groups = [c for c in claims if isinstance(c, GroupClaim)]
    for group in groups:
        others = [g for g in groups if (g.reason, g.features) != (group.reason, group.features)]
        made["cause of another decision"] += [group._replace(reason=g.reason, features=g.features) for g in others]
        made["true but irrelevant cause"] += [
            group._replace(reason="features", features=(*group.features, STRANGE)),
            group._replace(reason="features", features=(STRANGE,)),
        ]
        if others:
            tasks = tuple(dict.fromkeys(t for g in groups for t in g.tasks))
            nodes = tuple(dict.fromkeys(n for g in groups for n in g.nodes))
            made["misleading emphasis"].append(group._replace(tasks=tasks, nodes=nodes))
    made["misleading emphasis"] += _widened([c for c in claims if isinstance(c, AvoidedClaim)])
    made["right number, wrong subject"] += _swapped(claims)
    made["unsupported advice"] += _advice(claims, case)
    return made


def _amounts(claim: PlanClaim, factors: Sequence[float]) -> Iterator[PlanClaim]:
    for name, value in claim._asdict().items():
        if name in NUMBERS and isinstance(value, int | float) and not isinstance(value, bool) and value:
            yield from (claim._replace(**{name: value * f}) for f in factors)  # type: ignore[arg-type]  # amounts


def _elsewhere(claim: PlanClaim, case: PlanCase) -> Iterator[PlanClaim]:
    """Yield a claim with another node, or another task."""
    nodes = [n.node_id for n in case.snapshot.nodes]
    match claim:
        case GroupClaim() | RoomClaim():
            strange = next((n for n in nodes if n not in claim.nodes), "no-such-node")
            yield claim._replace(nodes=(strange, *claim.nodes[1:]))
        case AvoidedClaim():
            used = next(iter(case.planned.values()), "no-such-node")
            yield claim._replace(nodes=(used, *claim.nodes[1:]))
        case FullestClaim():
            yield claim._replace(node="no-such-node")


def _turned(claim: PlanClaim) -> Iterator[PlanClaim]:
    """Yield a claim with its comparison turned."""
    match claim:
        case ExpectedClaim() if claim.before != claim.after:
            yield claim._replace(before=claim.after, after=claim.before)
        case ForecastClaim() | SpikeClaim() if claim.low != claim.high:
            yield claim._replace(low=claim.high, high=claim.low)
        case RoomClaim():
            yield claim._replace(basis="used" if claim.basis == "requested" else "requested")
        case NearClaim():
            yield claim._replace(is_reason=not claim.is_reason)


def _swapped(claims: Sequence[PlanClaim]) -> Iterator[PlanClaim]:
    """Yield claims with the number of one about the subject of another."""
    for claim in claims:
        for other in claims:
            match claim, other:
                case RoomClaim(), RoomClaim() if claim.resource != other.resource and claim.share != other.share:
                    yield claim._replace(resource=other.resource)
                case ExpectedClaim(), ExpectedClaim() if claim[1:] != other[1:]:
                    yield claim._replace(measure=other.measure)
                case ExpectedOfTasksClaim(), ExpectedOfTasksClaim() if claim[1:] != other[1:]:
                    yield claim._replace(measure=other.measure)
                case ForecastClaim(), ForecastClaim() if claim[1:] != other[1:]:
                    yield claim._replace(series=other.series)


def _widened(avoided: Sequence[AvoidedClaim]) -> Iterator[PlanClaim]:
    """Yield a reason for which one group of nodes is passed over, stated of another group as well."""
    for claim in avoided:
        for other in avoided:
            if other._replace(nodes=()) != claim._replace(nodes=()):
                yield claim._replace(nodes=(*claim.nodes, *other.nodes))


def _advice(claims: Sequence[PlanClaim], case: PlanCase) -> Iterator[PlanClaim]:
    """Yield changes and risks that the plan does not have."""
    node = case.snapshot.nodes[0].node_id
    yield ChangedClaim(len(case.plan.changes) + 1, node, "cordoned", False, True)
    yield ChangedClaim(1, "shop/Deployment/other", "replicas", 1, 5)
    known = {c.code for c in claims if isinstance(c, RiskClaim)}
    yield from (RiskClaim(code, (node,)) for code in ("not undone", "autoscaled") if code not in known)


def false_run_claims(claims: Sequence[RunPlanClaim], rng: np.random.Generator) -> Mapping[str, list[RunPlanClaim]]:
    """Return false claims about the plan that a run amounts to, by kind.

    Args:
        claims: Claims that hold.
        rng: Generator of the choices.
    """
    made: dict[str, list[RunPlanClaim]] = defaultdict(list)
    groups = [c for c in claims if isinstance(c, GroupOfTasks)]
    for claim in claims:
        match claim:
            case PeakLoad():
                made["wrong number"].append(claim._replace(share=claim.share * float(rng.uniform(1.06, 2.0))))
                made["wrong unit"].append(claim._replace(share=claim.share * 100))
                made["wrong node"].append(claim._replace(node="no-such-node"))
            case GroupOfTasks():
                made["wrong number"].append(claim._replace(decisions=(*claim.decisions, -1)))
                made["wrong node"].append(claim._replace(nodes=("no-such-node", *claim.nodes[1:])))
                if claim.features:
                    made["true but irrelevant cause"].append(_renamed(claim, (*claim.features, STRANGE)))
            case UnusedNodes():
                made["wrong node"].append(claim._replace(nodes=("no-such-node", *claim.nodes[1:])))
    for claim in groups:
        for other in groups:
            if other.features and other.features != claim.features:
                made["cause of another decision"].append(claim._replace(features=other.features, reason=other.reason))
                wide = tuple(sorted({*claim.decisions, *other.decisions}))
                nodes = tuple(dict.fromkeys((*claim.nodes, *other.nodes)))
                made["misleading emphasis"].append(claim._replace(decisions=wide, nodes=nodes))
    return made


def _renamed(claim: GroupOfTasks, features: tuple[str, ...]) -> GroupOfTasks:
    return claim._replace(features=features, reason=" and ".join(features))
