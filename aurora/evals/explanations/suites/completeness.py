"""Completeness: the share of decisions, and of what they cost, that a verified reason explains."""

from __future__ import annotations

import numpy as np

from aurora.agents.explain.explainer import claims_of
from aurora.agents.explain.run_plan import MANY, GroupOfTasks, check_run_plan, run_plan_claims
from aurora.cluster.explanation.checking import check as check_plan
from aurora.cluster.explanation.claims import GroupClaim
from aurora.cluster.explanation.gathering import gather
from aurora.evals.explanations.sampling import SampledPlan, SampledRun
from aurora.evals.explanations.suites.suite import Measured, Suite
from aurora.sim.explain.claims import FEASIBLE, SCORE, Case, CauseClaim, Claim, ComparisonClaim, ValueClaim, check

UNEXPLAINED = ("many", "another", "none")
"""Reasons of a plan's group that name nothing that decided."""


def reason_of(case: Case) -> str:
    """Return the kind of the verified reason for a decision: cause, draw, only candidate, or none."""
    assert case.decision is not None  # decisions are sampled
    held = [c.claim for c in check(claims_of(case.decision), case) if c.holds]
    return next((kind for kind in map(_kind, held) if kind), "none")


def _kind(claim: Claim) -> str:
    match claim:
        case CauseClaim():
            return "cause"
        case ComparisonClaim(feature=feature, relation="equal") if feature == SCORE:
            return "draw"
        case ValueClaim(feature=feature, value=1.0) if feature == FEASIBLE:
            return "only candidate"
    return ""


def _of_decision(run: SampledRun, number: int, rng: np.random.Generator) -> Measured:
    case = run.case(number)
    assert case.decision is not None  # decisions are sampled
    reason = reason_of(case)
    is_explained = reason != "none"
    shares = {"explained": (float(is_explained), 1)}
    if reason in ("cause", "none"):
        shares["explained where candidates differ"] = (float(is_explained), 1)
    return Measured(shares)


def _of_run(run: SampledRun, rng: np.random.Generator) -> Measured:
    checked = check_run_plan(run_plan_claims(run.history, run.decisions, "operator"), run.history, run.decisions)
    groups = [c.claim for c in checked if c.holds and isinstance(c.claim, GroupOfTasks) and c.claim.reason != MANY]
    explained = {n for g in groups for n in g.decisions}
    costs = [d.chosen.features["fit.cost"] for d in run.decisions]
    shares = {"tasks in explained groups": (float(len(explained)), len(run.decisions))}
    if sum(costs) > 0:
        paid = sum(c for d, c in zip(run.decisions, costs, strict=True) if d.number in explained)
        shares["cost explained"] = (paid / sum(costs), 1)
    return Measured(shares)


def _of_plan(plan: SampledPlan, rng: np.random.Generator) -> Measured:
    checked = check_plan(gather(plan.case), plan.case)
    groups = [c.claim for c in checked if c.holds and isinstance(c.claim, GroupClaim)]
    explained = {t for g in groups if g.reason not in UNEXPLAINED for t in g.tasks}
    return Measured({"tasks in explained groups": (float(len(explained)), len(plan.case.planned))})


SUITE = Suite(
    "completeness",
    "share of decisions, tasks and costs that a verified reason explains",
    _of_decision,
    _of_run,
    _of_plan,
)
