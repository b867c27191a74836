"""Consistency: the same reasons under other names, in another order, in other units, and in other words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from aurora.agents.explain.explainer import claims_of
from aurora.agents.explain.run_plan import DRAW, decided_by
from aurora.agents.explain.telling.facts import known_of_decision
from aurora.agents.explain.telling.holding import hold
from aurora.evals.explanations.sampling import SampledRun
from aurora.evals.explanations.suites.suite import Measured, Suite
from aurora.evals.explanations.transformations import in_other_units, old_name, permuted, renamed
from aurora.evals.explanations.wording import ground_of
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.decision import Decision, decisions, features_read
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario

DECISIONS_OF_A_RUN = 20
"""Most decisions of a run that are compared."""
BY_ORDER = frozenset(("node.index", "node.last_placement", "fit.random"))
"""Features that depend on the order in the file, so that another order is another decision."""

Key = tuple[str, float]


def _by_task(scenario: Scenario, policy: Policy) -> Mapping[Key, Decision]:
    history = run_of(scenario, policy)
    return {(old_name(d.task_id), d.time): d for d in decisions(scenario, policy, history.outcome)}


def _reason(decision: Decision) -> tuple[Any, ...]:
    """Return the reason of a decision, and its claims without amounts, with names as they were."""
    claims = [
        tuple(old_name(v) if isinstance(v, str) else v for v in claim if not isinstance(v, float))
        for claim in claims_of(decision)
    ]
    return (old_name(decision.chosen.name), decided_by(decision), claims)


def _alike(first: Decision, second: Decision) -> bool:
    """Return whether two decisions had the same candidates with the same values."""
    read = features_read(first)
    sides = [{old_name(o.name): o.features for o in d.options} for d in (first, second)]
    return set(sides[0]) == set(sides[1]) and all(
        math.isclose(values[f], sides[1][name][f], rel_tol=1e-9, abs_tol=1e-12)
        for name, values in sides[0].items()
        for f in read
    )


def _of_run(run: SampledRun, rng: np.random.Generator) -> Measured:
    scenario, policy = run.history.scenario, run.history.policy
    mine = {(d.task_id, d.time): d for d in run.decisions}
    chosen = [list(mine)[k] for k in rng.permutation(len(mine))[:DECISIONS_OF_A_RUN]]
    shares: dict[str, tuple[float, int]] = {}
    others = {
        "same reasons under other names": _by_task(renamed(scenario, int(rng.integers(1000))), policy),
        "same reasons in other units": _by_task(*in_other_units(scenario, policy)),
    }
    for name, theirs in others.items():
        hits = [k in theirs and _reason(mine[k]) == _reason(theirs[k]) for k in chosen]
        shares[name] = float(sum(hits)), len(hits)
    again = _by_task(permuted(scenario, rng), policy)
    unordered = [k for k in chosen if not BY_ORDER & set(features_read(mine[k])) and decided_by(mine[k])[0] != DRAW]
    # among equal runners-up the first is named, so the claims may be about another one
    hits = [
        _reason(mine[k])[:2] == _reason(again[k])[:2] for k in unordered if k in again and _alike(mine[k], again[k])
    ]
    shares["same reasons in another order"] = float(sum(hits)), len(hits)
    return Measured(shares)


def _of_decision(run: SampledRun, number: int, rng: np.random.Generator) -> Measured:
    decision = run.decisions[number]
    known = known_of_decision(claims_of(decision), decision, run.history.scenario)
    by_fact: dict[int, list[str]] = {}
    for sentence in ground_of(known, rng).sentences:
        by_fact.setdefault(sentence.cited, []).append(sentence.text)
    texts = [(texts[int(rng.integers(len(texts)))], (n,)) for n, texts in by_fact.items()]
    return Measured({"same claims in other words": (float(len(hold(texts, known).kept)), len(texts))})


SUITE = Suite(
    "consistency", "same reasons under other names, in another order, in other units and words", _of_decision, _of_run
)
