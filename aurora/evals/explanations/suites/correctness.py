"""Correctness: the share of claims that hold, by their kind."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from aurora.agents.explain.explainer import claims_of
from aurora.agents.explain.run_plan import check_run_plan, run_plan_claims
from aurora.agents.explain.waiting import way_claims
from aurora.agents.explain.wording import MEASURES
from aurora.cluster.explanation.checking import check as check_plan
from aurora.cluster.explanation.gathering import gather
from aurora.evals.explanations.sampling import SampledPlan, SampledRun
from aurora.evals.explanations.suites.suite import Measured, Suite
from aurora.sim.explain.claims import KIND_OF_CLAIM, Case, OutcomeClaim, check
from aurora.sim.explain.waiting_claims import number_of


def _by_kind(verdicts: Iterable[tuple[str, bool]]) -> Measured:
    counts: dict[str, tuple[float, int]] = {}
    for kind, holds in verdicts:
        for name in (kind, "all claims"):
            held, made = counts.get(name, (0.0, 0))
            counts[name] = held + holds, made + 1
    return Measured(counts)


def _of_decision(run: SampledRun, number: int, rng: np.random.Generator) -> Measured:
    case = run.case(number)
    assert case.decision is not None  # decisions are sampled
    task = number_of(run.history, case.decision.task_id)
    assert task is not None  # it was placed
    checked = check([*claims_of(case.decision), *way_claims(run.history, task)], case)
    return _by_kind((KIND_OF_CLAIM[type(c.claim)], c.holds) for c in checked)


def _of_run(run: SampledRun, rng: np.random.Generator) -> Measured:
    history = run.history
    plan = check_run_plan(run_plan_claims(history, run.decisions, "operator"), history, run.decisions)
    sums = history.outcome.summary.to_json(history.scenario.counted)
    claims = [OutcomeClaim(None, name, float(sums[name])) for name in MEASURES if name in sums]
    outcome = check(claims, Case(history.scenario, history.policy, None, history))
    return _by_kind([*((str(c.to_json()["kind"]), c.holds) for c in plan), *(("outcome", c.holds) for c in outcome)])


def _of_plan(plan: SampledPlan, rng: np.random.Generator) -> Measured:
    checked = check_plan(gather(plan.case), plan.case)
    return _by_kind((str(c.to_json()["kind"]), c.holds) for c in checked)


SUITE = Suite("correctness", "share of claims that hold, by kind", _of_decision, _of_run, _of_plan)
