"""The claims that an explanation may make, and the check of each kind before it is shown.

A claim is a statement about one decision (a value, a comparison, a cause or a prediction), about a whole run, or about
a task's way through it (`aurora.sim.explain.waiting_claims`). Values and comparisons are looked up in the trace, a
cause is tested by deciding again with other features, a prediction by simulating, and waits are recomputed from the
placements of the run. `check` trusts no value that a claim carries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from aurora.sim.explain.decision import Decision, Option, is_cause, traced
from aurora.sim.explain.flip import THRESHOLD_STEP, flipped, is_one_sided
from aurora.sim.explain.history import History, history
from aurora.sim.explain.waiting_claims import (
    AttemptClaim,
    HoldClaim,
    InfeasibleClaim,
    StatusClaim,
    WaitClaim,
    WaitingClaim,
    check_waiting,
)
from aurora.sim.kernel import encode, evaluate, simulate
from aurora.sim.kernel.planned import with_plan
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.whatif import Change, changed

PRECISION = 1e-9
"""Relative difference up to which two numbers are equal."""

SCORE, FEASIBLE = "score", "feasible"
"""Names for an option's score, and for the number of candidates that had room, in place of a feature."""

Relation = Literal["lower", "higher", "equal", "lowest", "highest", "within", "beyond"]


class ValueClaim(NamedTuple):
    """A claim that a feature of an option, `SCORE` or `FEASIBLE` has a value."""

    option: str
    feature: str
    value: float


class ComparisonClaim(NamedTuple):
    """A claim that compares a feature of an option.

    Attributes:
        option: Name of the option.
        feature: Name of the feature.
        relation: lower, higher, equal: compared with the same feature of `other`; lowest, highest: among all options;
            within: at most the option's own feature `other`, such as a limit; beyond: more than that.
        other: Name of an option, "" for all, or name of a feature.
    """

    option: str
    feature: str
    relation: Relation
    other: str


class CauseClaim(NamedTuple):
    """A claim that the winner beat another option because of these features."""

    other: str
    features: tuple[str, ...]


class FlipClaim(NamedTuple):
    """A claim that an option would have won with a feature below (or above) a threshold, and not before it.

    It wins at every value beyond the threshold that the quantity can have, up to ten times the present one.
    """

    option: str
    feature: str
    threshold: float
    is_below: bool


class OutcomeClaim(NamedTuple):
    """A claim about a measure of the outcome, as it is or after a change of the scenario.

    Attributes:
        change: Change of the scenario; None for the scenario as it is.
        measure: Name of a field of `Summary`.
        value: Value of the measure.
    """

    change: Change | None
    measure: str
    value: float


DecisionClaim = ValueClaim | ComparisonClaim | CauseClaim | FlipClaim
"""Claims about one decision."""
Claim = DecisionClaim | OutcomeClaim | WaitingClaim
KIND_OF_CLAIM: Mapping[type, str] = {
    ValueClaim: "value",
    ComparisonClaim: "comparison",
    CauseClaim: "cause",
    FlipClaim: "prediction",
    OutcomeClaim: "prediction",
    WaitClaim: "wait",
    HoldClaim: "wait",
    InfeasibleClaim: "infeasible",
    AttemptClaim: "attempt",
    StatusClaim: "status",
}


class Checked(NamedTuple):
    """A claim with its verdict.

    Attributes:
        claim: The claim.
        holds: True if the claim is true.
        evidence: Evidence for or against the claim.
    """

    claim: Claim
    holds: bool
    evidence: str

    def to_json(self) -> dict[str, Any]:
        """Return an item of `claims` in `aurora explain --json`."""
        fields = {
            name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
            for name, value in self.claim._asdict().items()
        }
        return {"kind": KIND_OF_CLAIM[type(self.claim)], **fields, "holds": self.holds, "found": self.evidence}


class Case(NamedTuple):
    """The run against which claims are checked.

    Attributes:
        scenario, policy: Scenario and policy of the run.
        decision: Decision that the claims are about; None if they are about none.
        run: The run; None to simulate it where a claim needs it.
    """

    scenario: Scenario
    policy: Policy
    decision: Decision | None
    run: History | None = None


def check(claims: Sequence[Claim], case: Case) -> list[Checked]:
    """Check claims about a run; a claim that names what is not there does not hold."""
    if case.run is None and any(isinstance(claim, WaitingClaim) for claim in claims):
        case = case._replace(run=run_of(case.scenario, case.policy))
    return [_check(claim, case) for claim in claims]


def run_of(scenario: Scenario, policy: Policy) -> History:
    """Simulate a policy, or its explicit plan, on a scenario and return the history of the run.

    Raises:
        PolicyError: An expression of the policy is not valid.
        ConstraintError: The policy's plan names what the scenario doesn't have.
        ScenarioError: The scenario can't be encoded.
    """
    encoded = encode(scenario)
    if policy.allocation_plan is not None:
        planned = with_plan(encoded, policy.allocation_plan)
        return history(planned, policy, simulate(scenario, policy, trace=True))
    return history(encoded, policy, traced(encoded, compile_policy(policy), policy.policy_id))


def same(a: float, b: float) -> bool:
    """Test whether two numbers are equal up to rounding."""
    return math.isclose(a, b, rel_tol=PRECISION, abs_tol=PRECISION)


def _check(claim: Claim, case: Case) -> Checked:
    if isinstance(claim, WaitingClaim):
        assert case.run is not None  # `check` simulates it
        return Checked(claim, *check_waiting(claim, case.run))
    if isinstance(claim, OutcomeClaim):
        return _outcome(claim, case)
    if case.decision is None:
        return Checked(claim, False, "there is no decision")
    match claim:
        case ValueClaim():
            return _value(claim, case.decision)
        case ComparisonClaim():
            return _comparison(claim, case.decision)
        case CauseClaim():
            return _cause(claim, case.decision)
        case FlipClaim():
            return _flip(claim, case.decision)


def _option(decision: Decision, name: str) -> Option | None:
    return next((o for o in decision.options if o.name == name), None)


def _missing(claim: Claim, missing: str) -> Checked:
    return Checked(claim, False, f"the decision has no {missing}")


def look_up(decision: Decision, name: str, feature: str) -> float | None:
    """Return a feature of an option, its score, or the number of candidates with room; None if it is unknown."""
    option = _option(decision, name)
    if option is None:
        return None
    return {SCORE: option.score, FEASIBLE: float(decision.feasible)}.get(feature, option.features.get(feature))


def _value(claim: ValueClaim, decision: Decision) -> Checked:
    value = look_up(decision, claim.option, claim.feature)
    if value is None:
        return _missing(claim, f"{claim.feature} of {claim.option}")
    return Checked(claim, same(value, claim.value), f"{claim.feature} of {claim.option} is {value:g}")


def _comparison(claim: ComparisonClaim, decision: Decision) -> Checked:
    own = look_up(decision, claim.option, claim.feature)
    if own is None:
        return _missing(claim, f"{claim.feature} of {claim.option}")
    if claim.relation in ("lowest", "highest"):
        others = [look_up(decision, o.name, claim.feature) or 0.0 for o in decision.options]
        best = min(others) if claim.relation == "lowest" else max(others)
        holds = decision.is_complete and claim.other == "" and same(own, best)
        return Checked(claim, holds, f"{own:g}, and {best:g} is the {claim.relation}")
    is_limit = claim.relation in ("within", "beyond")
    other = look_up(decision, *((claim.option, claim.other) if is_limit else (claim.other, claim.feature)))
    if other is None:
        return _missing(claim, f"{'limit' if is_limit else 'option'} {claim.other}")
    holds = {
        "equal": same(own, other),
        "lower": own < other and not same(own, other),
        "higher": own > other and not same(own, other),
        "within": own <= other,
        "beyond": own > other,
    }[claim.relation]
    return Checked(claim, holds, f"{own:g} against {other:g}")


def _cause(claim: CauseClaim, decision: Decision) -> Checked:
    other = _option(decision, claim.other)
    if other is None or any(n not in other.features for n in claim.features):
        return _missing(claim, f"option {claim.other} with {', '.join(claim.features)}")
    if other is decision.chosen:
        return Checked(claim, False, f"{claim.other} is the winner")
    holds = is_cause(decision, other, claim.features)
    listed = " and ".join(claim.features)
    return Checked(
        claim,
        holds,
        f"with the winner's {listed}, {claim.other} {'would have drawn or won' if holds else 'is no other case'}",
    )


def _flip(claim: FlipClaim, decision: Decision) -> Checked:
    option = _option(decision, claim.option)
    if option is None or claim.feature not in option.features:
        return _missing(claim, f"{claim.feature} of {claim.option}")
    now = option.features[claim.feature]
    if (claim.threshold < now) != claim.is_below or option is decision.chosen:
        return Checked(claim, False, f"{claim.feature} of {claim.option} is {now:g} already")
    step = THRESHOLD_STEP * (claim.threshold - now)
    before, beyond = claim.threshold - step, claim.threshold + step
    lost = not flipped(decision, option, claim.feature, before)
    won = flipped(decision, option, claim.feature, beyond) and is_one_sided(
        decision, option, claim.feature, claim.threshold
    )
    evidence = f"short of {claim.threshold:g} it {'loses' if lost else 'wins'}, beyond it {'wins' if won else 'loses'}"
    return Checked(claim, lost and won, evidence)


def _outcome(claim: OutcomeClaim, case: Case) -> Checked:
    scenario = case.scenario if claim.change is None else changed(case.scenario, claim.change)
    if case.policy.allocation_plan is None:
        summary = evaluate(encode(scenario), compile_policy(case.policy))
    else:
        summary = simulate(scenario, case.policy).summary
    if claim.measure not in summary.__slots__:
        return _missing(claim, f"measure {claim.measure}")
    value = float(getattr(summary, claim.measure))
    return Checked(claim, same(value, claim.value), f"simulated: {claim.measure} is {value:g}")
