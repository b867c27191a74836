"""Puts claims into words for operators and engineers by templates, without a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from aurora.agents.explain.waiting_words import waiting_sentence
from aurora.quantities import energy, plain, with_unit
from aurora.sim.explain.claims import (
    FEASIBLE,
    CauseClaim,
    Claim,
    ComparisonClaim,
    FlipClaim,
    OutcomeClaim,
    ValueClaim,
)
from aurora.sim.explain.decision import Decision, Option
from aurora.sim.explain.flip import tried, would_flip
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import COUNT_FEATURES, NOUNS, Noun, moment, written_seconds
from aurora.sim.explain.waiting_claims import WaitingClaim
from aurora.sim.objectives import SHARES, WITH_TARGET
from aurora.sim.scenarios.whatif import CarbonChanges, Change, LoadChanges, NodeFails, NodeRemoved, PriceChanges

Audience = Literal["operator", "engineer"]


_AMOUNTS: Mapping[str, Callable[[float], str]] = {"s": written_seconds, "tasks": plain}
"""Formats of amounts that differ from `with_unit`; the name of a count is its unit."""
MEASURES: Mapping[str, Noun] = {
    "completed": Noun("completed tasks", plain),
    **{o.field: Noun(o.noun, _AMOUNTS.get(o.unit) or partial(with_unit, unit=o.unit)) for o in (*SHARES, *WITH_TARGET)},
}
"""Fields of `Summary` that describe a run."""


def called(feature: str, audience: Audience) -> str:
    """Return a feature's name for an audience."""
    return feature if audience == "engineer" or feature not in NOUNS else NOUNS[feature].words


def written(feature: str, value: float) -> str:
    """Format a feature's value with its unit."""
    return NOUNS[feature].written(value) if feature in NOUNS else plain(value)


def value_text(feature: str, value: float, audience: Audience) -> str:
    """Format a feature's value next to its name: a count omits the unit, which the name contains."""
    return plain(value) if audience == "operator" and feature in COUNT_FEATURES else written(feature, value)


def pair_texts(feature: str, first: float, second: float, audience: Audience) -> tuple[str, str]:
    """Format two values of a feature; energies in one unit, so that they can be compared at a glance."""
    if feature == "fit.energy":
        scale = max(abs(first), abs(second))
        return energy(first, scale), energy(second, scale)
    return value_text(feature, first, audience), value_text(feature, second, audience)


def sentence(claim: Claim, values: Mapping[tuple[str, str], float], audience: Audience) -> str:
    """Write a checked claim as a clause.

    Args:
        claim: Claim that holds.
        values: Values by (option, feature), as far as the clause shows them.
        audience: Reader of the clause.
    """
    if isinstance(claim, WaitingClaim):
        return waiting_sentence(claim)
    match claim:
        case ValueClaim(feature=feature, value=value) if feature == FEASIBLE:
            return f"{value:g} candidate{'' if value == 1 else 's'} had room"
        case ValueClaim(option, feature, value):
            verb = "are" if audience == "operator" and feature in COUNT_FEATURES else "is"
            return f"{called(feature, audience)} of {shown_name(option)} {verb} {value_text(feature, value, audience)}"
        case ComparisonClaim():
            return _comparison(claim, values, audience)
        case CauseClaim(other, features):
            names = [called(f, audience) for f in features]
            listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
            return f"{shown_name(other)} lost on {listed}"
        case FlipClaim(option, feature, threshold, is_below):
            side, name = "under" if is_below else "over", called(feature, audience)
            far, now = written(feature, threshold), written(feature, values[option, feature])
            if far == now:
                side, far = "slightly", "lower" if is_below else "higher"
            return f"{shown_name(option)} would have won if its {name} were {side} {far} (it was {now})"
        case OutcomeClaim(change, measure, value):
            noun = MEASURES.get(measure) or Noun(measure.replace("_", " "), plain)
            then = noun.written(value)
            return f"{noun.words}: {then}" if change is None else f"{_changed(change)}, {noun.words} would be {then}"


def no_flip_text(decision: Decision, option: Option, audience: Audience) -> list[str]:
    """Return the sentence that no change of one quantity of an option alone would have sufficed; none if one would.

    Args:
        decision: The decision.
        option: An option that lost it.
        audience: Reader of the sentence.
    """
    names = [called(f, audience) for f in tried(decision, option)]
    if not names or would_flip(decision, option):
        return []
    listed = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    return [f"No other {listed} of it alone, up to ten times as much, would have been enough."]


COUNT_RELATIONS = {"lower": "fewer", "higher": "more", "lowest": "fewest", "highest": "most"}
"""Relations between counts, in words."""
PLACE_RELATIONS = {"lower": "earlier", "higher": "later", "lowest": "earliest", "highest": "latest"}
"""Relations between places in a list, in words."""


def _comparison(claim: ComparisonClaim, values: Mapping[tuple[str, str], float], audience: Audience) -> str:
    name, value = called(claim.feature, audience), values[claim.option, claim.feature]
    is_count = audience == "operator" and claim.feature in COUNT_FEATURES
    words = (
        COUNT_RELATIONS
        if is_count
        else PLACE_RELATIONS
        if audience == "operator" and claim.feature == "node.index"
        else {}
    )
    relation = words.get(claim.relation, claim.relation)

    def write(amount: float) -> str:
        return value_text(claim.feature, amount, audience)

    match claim.relation:
        case "lowest" | "highest":
            return f"{relation} {name} of the candidates ({write(value)})"
        case "within" | "beyond":
            return _limit(claim, value, values[claim.option, claim.other], audience)
        case "equal":
            return f"same {name} as {shown_name(claim.other)} ({write(value)})"
    own, other = pair_texts(claim.feature, value, values[claim.other, claim.feature], audience)
    return f"{relation} {name} than {shown_name(claim.other)} ({own} against {other})"


def _limit(claim: ComparisonClaim, value: float, limit: float, audience: Audience) -> str:
    """Write that a value is within a limit or beyond it; for a deadline that had passed, how long ago."""
    if claim.other == "task.slack" and limit < 0:
        return f"was already {moment(-limit)} late when it was placed"
    name, own, most = called(claim.feature, audience), written(claim.feature, value), written(claim.other, limit)
    does = "meets" if claim.relation == "within" else "misses"
    return f"{does} its limit: {name} {claim.relation} the {called(claim.other, audience)} ({own} of {most})"


def _changed(change: Change) -> str:
    match change:
        case NodeFails():
            until = "for good" if change.duration is None else f"for {moment(change.duration)}"
            return f"if {shown_name(change.node_id)} failed at {moment(change.start)} {until}"
        case NodeRemoved():
            return f"without {shown_name(change.node_id)}"
        case LoadChanges():
            whose = "all tasks" if change.task_id is None else f"task {shown_name(change.task_id)}"
            return f"if {whose} asked for {change.factor:g} times as much"
        case PriceChanges():
            whose = "all nodes" if change.node_id is None else shown_name(change.node_id)
            return f"if {whose} cost {change.factor:g} times as much"
        case CarbonChanges():
            whose = "all nodes" if change.node_id is None else shown_name(change.node_id)
            return f"if {whose} emitted {change.factor:g} times as much CO2"
