"""False claims about a decision, by the kind of falsehood, each derived from a true one.

That a claim is false follows from the features of the decision, not from the check that is tested with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from aurora.sim.explain.claims import (
    FEASIBLE,
    CauseClaim,
    Claim,
    ComparisonClaim,
    FlipClaim,
    Relation,
    ValueClaim,
    same,
)
from aurora.sim.explain.decision import MIN_LEAD_SHARE, Decision, Option, advantages, cause, features_read, rank

OPPOSITE: Mapping[Relation, Relation] = {
    "lower": "higher",
    "higher": "lower",
    "lowest": "highest",
    "highest": "lowest",
    "within": "beyond",
    "beyond": "within",
}
UNREAD = ("node.failures", "node.idle_power", "node.memory_load", "fit.carbon", "node.price", "node.speed")
"""Features that irrelevant causes are taken from, where the score does not read them."""
FACTORS = (0.5, 0.8, 1.2, 3.0)
"""Factors of wrong numbers."""


def false_claims(
    claims: Sequence[Claim], decision: Decision, others: Sequence[Decision], rng: np.random.Generator
) -> Mapping[str, list[Claim]]:
    """Return false claims about a decision by kind.

    Args:
        claims: Claims about the decision that hold.
        decision: The decision.
        others: Other decisions of the run.
        rng: Generator of the choices.
    """
    made: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        match claim:
            case ValueClaim():
                _of_value(claim, decision, made, rng)
            case ComparisonClaim():
                _of_comparison(claim, decision, made)
            case CauseClaim():
                _of_cause(claim, decision, others, made)
            case FlipClaim():
                _of_flip(claim, decision, made, rng)
    return made


def irrelevant(decision: Decision) -> list[ComparisonClaim]:
    """Return true comparisons with the runner-up that had no share in the decision."""
    other = decision.runner_up
    if other is None:
        return []
    lost, read = advantages(decision, other), features_read(decision)
    names = [n for n in (*read, *UNREAD) if lost.get(n, 0.0) <= 0]
    return _compared(decision, other, names)


def weak(decision: Decision) -> list[ComparisonClaim]:
    """Return true comparisons with the runner-up whose share of the lead is too small for a reason."""
    other = decision.runner_up
    if other is None:
        return []
    lost = advantages(decision, other)
    lead = rank(decision, decision.chosen.features) - rank(decision, other.features)
    named = cause(decision, other)
    return _compared(decision, other, [n for n, a in lost.items() if 0 < a < MIN_LEAD_SHARE * lead and n not in named])


def _compared(decision: Decision, other: Option, names: Sequence[str]) -> list[ComparisonClaim]:
    mine = decision.chosen.features
    return [
        ComparisonClaim(decision.chosen.name, n, "lower" if mine[n] < other.features[n] else "higher", other.name)
        for n in dict.fromkeys(names)
        if not same(mine[n], other.features[n])
    ]


def _of_value(claim: ValueClaim, decision: Decision, made: dict[str, list[Claim]], rng: np.random.Generator) -> None:
    if claim.feature == FEASIBLE:
        made["wrong number"] += [claim._replace(value=claim.value + n) for n in (1.0, float(rng.integers(2, 9)))]


def _of_comparison(claim: ComparisonClaim, decision: Decision, made: dict[str, list[Claim]]) -> None:
    if claim.relation in OPPOSITE:
        made["wrong comparator"].append(claim._replace(relation=OPPOSITE[claim.relation]))
    values = {o.name: o.features.get(claim.feature) for o in decision.options}
    if None in values.values():
        return  # the score, which is equal
    own = values[claim.option]
    assert own is not None  # see above
    for name, value in values.items():
        if value is None or name == claim.option:
            continue
        is_false = {"lower": own >= value, "higher": own <= value}.get(claim.relation, False)
        if claim.relation in ("lowest", "highest") and not same(value, own):
            made["right number, wrong subject"].append(claim._replace(option=name))
        if is_false and name != claim.other:
            made["wrong node"].append(claim._replace(other=name))
        if claim.relation == "lower" and value < own and claim.other:
            made["misleading emphasis"].append(ComparisonClaim(claim.option, claim.feature, "lowest", ""))
        if claim.relation == "higher" and value > own and claim.other:
            made["misleading emphasis"].append(ComparisonClaim(claim.option, claim.feature, "highest", ""))


def _of_cause(claim: CauseClaim, decision: Decision, others: Sequence[Decision], made: dict[str, list[Claim]]) -> None:
    loser = next(o for o in decision.options if o.name == claim.other)
    is_enough = _enough(decision, loser)
    foreign = {cause(d, d.runner_up) for d in others if d.runner_up is not None} - {(), claim.features}
    made["cause of another decision"] += [
        claim._replace(features=f) for f in sorted(foreign) if _differs(decision, loser, f, is_enough)
    ]
    unread = [n for n in UNREAD if n not in features_read(decision)]
    made["true but irrelevant cause"] += [claim._replace(features=(n,)) for n in unread[:2]]
    made["true but irrelevant cause"] += [claim._replace(features=(*claim.features, n)) for n in unread[:1]]
    if len(claim.features) > 1:
        made["misleading emphasis"] += [claim._replace(features=(n,)) for n in claim.features]
    made["wrong node"].append(claim._replace(other=decision.chosen.name))


def _enough(decision: Decision, loser: Option) -> Callable[[Sequence[str]], bool]:
    """Return a function that tells whether the winner's values of some features bring the loser level."""
    best = rank(decision, decision.chosen.features)
    return lambda names: rank(decision, {**loser.features, **{n: decision.chosen.features[n] for n in names}}) >= best


def _differs(
    decision: Decision, loser: Option, features: Sequence[str], is_enough: Callable[[Sequence[str]], bool]
) -> bool:
    """Return whether features are no cause: they aren't enough, or one of them is equal and so has no share."""
    mine = decision.chosen.features
    return not is_enough(features) or any(same(mine[n], loser.features[n]) for n in features)


def _of_flip(claim: FlipClaim, decision: Decision, made: dict[str, list[Claim]], rng: np.random.Generator) -> None:
    made["wrong comparator"].append(claim._replace(is_below=not claim.is_below))
    now = next(o for o in decision.options if o.name == claim.option).features[claim.feature]
    factor = FACTORS[int(rng.integers(len(FACTORS)))]
    made["wrong number"].append(claim._replace(threshold=now + factor * (claim.threshold - now)))
    made["right number, wrong subject"].append(claim._replace(option=decision.chosen.name))
