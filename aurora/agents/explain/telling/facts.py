"""Turns checked claims into facts with slots, from which sentences are written and against which they are checked.

A fact has several readings where it can be stated of another subject ("n1 has a lower price than n2", "n2 has a
higher price than n1"), and where its figures can be stated alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aurora.agents.explain.names import NODES, RUNS, TASKS, Names
from aurora.agents.explain.telling.grammar import Slots
from aurora.agents.explain.telling.phrasings import vocabulary
from aurora.agents.explain.telling.quantities import COUNT, Amount, dimension_of
from aurora.agents.explain.telling.readings import Fact, Reading, Role
from aurora.agents.explain.telling.waiting import names_in, waiting_fact
from aurora.sim.explain.claims import (
    FEASIBLE,
    SCORE,
    CauseClaim,
    Claim,
    ComparisonClaim,
    FlipClaim,
    OutcomeClaim,
    ValueClaim,
    look_up,
)
from aurora.sim.explain.decision import MIN_LEAD_SHARE, Decision, advantages, cause, rank
from aurora.sim.explain.waiting_claims import WaitingClaim
from aurora.sim.objectives import OBJECTIVES
from aurora.sim.policies.features import FEATURES
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.whatif import CarbonChanges, Change, LoadChanges, NodeFails, NodeRemoved, PriceChanges

_UNITS = {f.name: dimension_of(f.unit) for f in FEATURES}
_MEASURES: Mapping[str, str] = {
    "latency_p95": "s",
    "latency_max": "s",
    "makespan": "s",
    "bounded_slowdown": "",
    "cpu_utilization": "share",
    "memory_utilization": "share",
    "accelerator_utilization": "share",
    "bandwidth_utilization": "share",
    **{o.field: dimension_of(o.unit) for o in OBJECTIVES if o.target},
}
"""Dimensions of the sums of an outcome; the others are counts."""
_OPPOSITE = {"lower": "higher", "higher": "lower"}


class KnownFacts(NamedTuple):
    """Facts that an explanation may state.

    Attributes:
        facts: Facts of the claims, in their order; claims are cited by number, from 1.
        background: Facts that need no citation: the placement, and that its score was the highest.
        names: Names that may be mentioned.
    """

    facts: tuple[Fact, ...]
    background: tuple[Fact, ...]
    names: Names


def known_of_decision(claims: Sequence[Claim], decision: Decision, scenario: Scenario) -> KnownFacts:
    """Return the facts of checked claims about a decision."""
    chosen, other = decision.chosen, decision.runner_up
    names = Names(
        _known_names(scenario, claims, [o.name for o in decision.options]),
        winner=chosen.name,
        runner_up=other.name if other else "",
        task=decision.task_id,
        words=vocabulary(),
    )
    background = [_fact("setting", Reading("placement", {"task": decision.task_id, "option": chosen.name}))]
    level = any(isinstance(c, ComparisonClaim) and c.feature == SCORE and c.relation == "equal" for c in claims)
    if other is None and decision.feasible > 1:
        background.append(_fact("reason", Reading("admitted", {"option": chosen.name})))
    else:
        background.append(_fact("setting" if level else "reason", Reading("best", {"option": chosen.name})))
    return KnownFacts(tuple(_of_decision(c, decision) for c in claims), tuple(background), names)


def known_of_way(claims: Sequence[WaitingClaim], task_id: str, scenario: Scenario) -> KnownFacts:
    """Return the facts of checked claims about a task's course, where no decision is explained."""
    facts = tuple(waiting_fact(c) for c in claims)
    became = [f for f in facts if f.readings[0].kind == "status"]
    return KnownFacts(facts, tuple(became), Names(_known_names(scenario, claims), task=task_id, words=vocabulary()))


def _known_names(
    scenario: Scenario, claims: Sequence[Claim], options: Sequence[str] = ()
) -> Mapping[str, frozenset[str]]:
    """Return the names of candidates with their links, and of tasks."""
    ids = [n.node_id for n in scenario.nodes] + [l.link_id for l in scenario.links]
    named = frozenset(name for c in claims if isinstance(c, WaitingClaim) for name in names_in(c))
    return {NODES: frozenset([*ids, *options]) | named, TASKS: frozenset(t.task_id for t in scenario.tasks)}


def known_of_run(
    claims: Sequence[Claim],
    scenario: Scenario,
    policy_id: str,
    placements: int,
    reasons: Mapping[frozenset[str] | str, int],
) -> KnownFacts:
    """Return the facts of checked claims about a whole run, and its deciding features.

    Args:
        claims: Claims that hold.
        scenario: Scenario of the run.
        policy_id: Policy of the run.
        placements: Number of decisions.
        reasons: Number of decisions by deciding features; a text as key stands for undecided ones.
    """
    total = Amount(placements, COUNT)
    run = {"policy": policy_id, "scenario": scenario.scenario_id, "count": total}
    headline = Reading("run", {**run, "total": Amount(len(scenario.tasks), COUNT)})
    facts = [_of_run(c, claims) for c in claims]
    for reason, count in reasons.items():
        counted = {"count": Amount(count, COUNT), "total": total}
        reason_slots = {"how": reason} if isinstance(reason, str) else {"features": reason}
        facts.append(
            _fact(
                "setting", Reading("undecided" if isinstance(reason, str) else "decided", {**reason_slots, **counted})
            )
        )
    names = Names(
        {**_known_names(scenario, ()), RUNS: frozenset((policy_id, scenario.scenario_id))},
        words=vocabulary(),
    )
    return KnownFacts(tuple(facts), (_fact("setting", headline),), names)


def _fact(role: Role, *readings: Reading) -> Fact:
    return Fact(readings, role)


def amount_of(feature: str, value: float) -> Amount:
    """Return a feature's value with its dimension."""
    return Amount(value, COUNT if feature == FEASIBLE else _UNITS.get(feature, ""))


def _of_decision(claim: Claim, decision: Decision) -> Fact:
    match claim:
        case ValueClaim(option, feature, value) if feature == FEASIBLE:
            room = Reading("room", {"count": amount_of(feature, value), "task": decision.task_id})
            if value == 1:
                return _fact("reason", Reading("lone", {"option": option, "task": decision.task_id}), room)
            return _fact("setting", room)
        case ValueClaim(option, feature, value):
            return _fact("setting", _value(option, feature, value))
        case ComparisonClaim():
            return _comparison(claim, decision)
        case CauseClaim(other, features):
            cause = {"chosen": decision.chosen.name, "other": other, "features": frozenset(features)}
            if decision.runner_up is not None and other == decision.runner_up.name:
                cause["rank"] = "runner-up"
            return _fact("reason", Reading("cause", cause))
        case FlipClaim(option, feature, threshold, is_below):
            now = look_up(decision, option, feature)
            slots: Slots = {
                "option": option,
                "feature": feature,
                "threshold": amount_of(feature, threshold),
                "side": "under" if is_below else "over",
                "now": None if now is None else amount_of(feature, now),
            }
            values = () if now is None else (_value(option, feature, now),)
            return _fact("counterfactual", Reading("flip", slots), *values)
    return waiting_fact(claim) if isinstance(claim, WaitingClaim) else _of_run(claim, ())


def _value(option: str, feature: str, value: float) -> Reading:
    return Reading("value", {"option": option, "feature": feature, "own": amount_of(feature, value)})


def _comparison(claim: ComparisonClaim, decision: Decision) -> Fact:
    option, feature, relation, other = claim
    own = look_up(decision, option, feature)
    assert own is not None  # it was checked
    about = {"option": option, "feature": feature, "own": amount_of(feature, own)}
    value = _value(option, feature, own)
    if relation in ("lowest", "highest"):
        opposite = "lower" if relation == "lowest" else "higher"
        readings = [Reading("top", {**about, "relation": relation}), Reading("none", {**about, "relation": opposite})]
        return _fact(_role(claim, decision), *readings, value)
    if relation in ("within", "beyond"):
        limit = look_up(decision, option, other)
        assert limit is not None  # likewise
        if other == "task.slack" and limit < 0:
            late = {"task": decision.task_id, "late": Amount(-limit, "s")}
            return _fact("shortfall", Reading("overdue", late), value)
        slots = {**about, "relation": relation, "limit": other, "of": amount_of(other, limit)}
        role: Role = "shortfall" if relation == "beyond" else "setting"
        return _fact(role, Reading("limit", slots), value, _value(option, other, limit))
    theirs = look_up(decision, other, feature)
    assert theirs is not None  # likewise
    turned = {"option": other, "feature": feature, "own": amount_of(feature, theirs), "other": option}
    if relation == "equal":
        same = [
            Reading("equal", {**about, "other": other}),
            Reading("equal", turned),
            value,
            _value(other, feature, theirs),
        ]
        if feature == SCORE and option == decision.chosen.name:
            return _fact("reason", Reading("draw", {**about, "other": other}), *same)
        return _fact("setting", *same)
    pair = {**about, "relation": relation, "other": other, "against": turned["own"]}
    inverse = {**turned, "relation": _OPPOSITE[relation], "against": about["own"]}
    return _fact(
        _role(claim, decision), Reading("pair", pair), Reading("pair", inverse), value, _value(other, feature, theirs)
    )


def _role(claim: ComparisonClaim, decision: Decision) -> Role:
    """Return the role of a comparison: a reason gave the winner its lead over the other or over the runner-up.

    An advantage that makes up less than `MIN_LEAD_SHARE` of the lead, and is no part of the cause, is none.
    """
    chosen, rival = decision.chosen, next((o for o in decision.options if o.name == claim.other), decision.runner_up)
    if claim.option != chosen.name or rival is None or rival is chosen:
        return "setting"
    advantage = advantages(decision, rival).get(claim.feature, 0.0)
    if advantage <= 0:
        return "setting"
    lead = rank(decision, chosen.features) - rank(decision, rival.features)
    is_weighty = advantage >= MIN_LEAD_SHARE * lead or claim.feature in cause(decision, rival)
    return "reason" if is_weighty else "setting"


def measured(name: str, value: float) -> Amount:
    """Return a total of an outcome with its dimension."""
    return Amount(value, _MEASURES.get(name, COUNT))


def _of_run(claim: Claim, others: Sequence[Claim]) -> Fact:
    if not isinstance(claim, OutcomeClaim):
        raise TypeError(f"a {type(claim).__name__} is about a decision, not about a run")
    slots: dict[str, object] = {"measure": claim.measure, "value": measured(claim.measure, claim.value)}
    slots["number"] = "many" if measured(claim.measure, 0.0).dimension == COUNT else "one"
    if claim.change is None:
        missed = [Reading("none_missed", {})] if claim.measure == "sla_violations" and claim.value == 0 else []
        return _fact("setting", Reading("outcome", slots), *missed)
    known = (c for c in others if isinstance(c, OutcomeClaim) and c.change is None and c.measure == claim.measure)
    now = next(known, None)
    if now is not None and now.value != claim.value:
        slots |= {"now": measured(claim.measure, now.value), "direction": "rise" if claim.value > now.value else "fall"}
    return _fact("counterfactual", Reading("what_if", {**slots, **_changed(claim.change)}))


def _changed(change: Change) -> Slots:
    match change:
        case NodeFails():
            lasting = None if change.duration is None else Amount(change.duration, "s")
            return {
                "change": change.kind,
                "node": change.node_id,
                "start": Amount(change.start, "s"),
                "duration": lasting,
            }
        case NodeRemoved():
            return {"change": change.kind, "node": change.node_id}
        case LoadChanges():
            return {"change": change.kind, "task": change.task_id, "factor": Amount(change.factor, "")}
        case PriceChanges() | CarbonChanges():
            return {"change": change.kind, "node": change.node_id, "factor": Amount(change.factor, "")}
