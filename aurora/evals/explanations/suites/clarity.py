"""Clarity: how the text reads, and whether a reader who has only the claims can predict the next decision.

The reader is a fixed rule (`aurora.evals.explanations.simulation`). It is compared with one who knows the decision and
no explanation, and so expects it to stay.
"""

from __future__ import annotations

import numpy as np

from aurora.agents.explain.explainer import claims_of, explain_case, shown_values
from aurora.agents.explain.run_explainer import explain_plan
from aurora.cluster.explanation.explain import explain
from aurora.evals.explanations.readability import readability
from aurora.evals.explanations.sampling import SampledPlan, SampledRun
from aurora.evals.explanations.simulation import is_overturned, predicted, shifts
from aurora.evals.explanations.suites.suite import Measured, Suite

CHANGES = 30
"""Number of changes of a decision that are tried."""
RIGHT, BLIND = "right with the explanation", "right without the explanation"
GAIN = "share more that are right with the explanation"
FOUND, ALARM = "overturned decisions foreseen", "decisions that stay, foreseen"


def _read(text: str) -> Measured:
    found = readability(text)
    return Measured(
        {"jargon": (float(found.jargon), found.words)},
        {
            "words": float(found.words),
            "words a sentence": found.words / max(1, found.sentences),
            "reading ease": found.ease,
        },
    )


def _of_decision(run: SampledRun, number: int, rng: np.random.Generator) -> Measured:
    case = run.case(number)
    decision = case.decision
    assert decision is not None  # decisions are sampled
    read = _read(explain_case(case).text)
    if decision.runner_up is None:
        return read
    claims, values = claims_of(decision), shown_values(decision)
    pairs = [
        (is_overturned(decision, s), predicted(claims, values, s, decision.chosen.name))
        for s in shifts(decision, rng, CHANGES)
    ]
    right = sum(truth == guess for truth, guess in pairs)
    overturned = [guess for truth, guess in pairs if truth]
    stayed = [guess for truth, guess in pairs if not truth]
    shares = {
        **read.shares,
        RIGHT: (float(right), len(pairs)),
        BLIND: (float(len(stayed)), len(pairs)),
        FOUND: (float(sum(overturned)), len(overturned)),
        ALARM: (float(sum(not guess for guess in stayed)), len(stayed)),
    }
    gain = {GAIN: (right - len(stayed)) / len(pairs)} if pairs else {}
    return Measured(shares, {**read.amounts, **gain})


def _of_run(run: SampledRun, rng: np.random.Generator) -> Measured:
    return _read(explain_plan(run.history.scenario, run.history.policy).text)


def _of_plan(plan: SampledPlan, rng: np.random.Generator) -> Measured:
    case = plan.case
    return _read(explain(case.plan, case.snapshot, case.policy, history=case.history).text)


SUITE = Suite(
    "clarity",
    "how the text reads, and what a reader can predict from it",
    _of_decision,
    _of_run,
    _of_plan,
    better={"jargon": "lower", "words": "lower", "words a sentence": "lower", BLIND: "neither"},
    units={"words": "words", "words a sentence": "words"},
)
