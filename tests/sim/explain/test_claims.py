"""Claims: true ones hold, and every kind of error is detected."""

import numpy as np
import pytest

from aurora.agents.explain.explainer import explain_case
from aurora.evals.explanations.decisions import bench_explanations, cases
from aurora.sim.explain.claims import FEASIBLE, Case, ComparisonClaim, FlipClaim, OutcomeClaim, ValueClaim, check
from aurora.sim.scenarios.whatif import LoadChanges, NodeRemoved
from tests.sim.explain.test_decision import A, B, decide, scored, small


def case(score: str = "-node.price") -> Case:
    scenario, policy = small(A, B), scored(score)
    return Case(scenario, policy, decide(scenario, policy))


def holds(claim, where: Case | None = None) -> bool:
    return check([claim], where or case())[0].holds


def test_values_are_verified() -> None:
    assert holds(ValueClaim("a", "node.price", 1.0))
    assert not holds(ValueClaim("a", "node.price", 1.01))
    assert not holds(ValueClaim("b", "node.price", 1.0))
    assert holds(ValueClaim("a", FEASIBLE, 2))


@pytest.mark.parametrize(
    ("relation", "other", "truth"),
    [
        ("lower", "b", True),
        ("higher", "b", False),
        ("equal", "b", False),
        ("lowest", "", True),
        ("highest", "", False),
        ("lower", "nobody", False),
    ],
)
def test_comparisons_are_verified(relation, other, truth) -> None:
    assert holds(ComparisonClaim("a", "node.price", relation, other)) is truth


def test_an_extreme_is_not_claimed_over_untraced_candidates() -> None:
    where = case()
    unseen = where.decision._replace(feasible=3)
    assert not holds(ComparisonClaim("a", "node.price", "lowest", ""), where._replace(decision=unseen))


def test_a_limit_is_that_of_the_same_candidate() -> None:
    assert holds(ComparisonClaim("a", "fit.latency", "within", "task.slack"))
    assert not holds(ComparisonClaim("a", "fit.latency", "beyond", "task.slack"))
    assert not holds(ComparisonClaim("a", "fit.latency", "within", "no.limit"))


def test_a_threshold_must_be_where_it_flips() -> None:
    assert holds(FlipClaim("b", "node.price", 1.0, True))
    for threshold in (0.9, 1.1, 1.6):
        assert not holds(FlipClaim("b", "node.price", threshold, True))
    assert not holds(FlipClaim("b", "node.price", 1.0, False))
    assert not holds(FlipClaim("b", "node.failures", 1.0, False))


def test_an_outcome_is_simulated() -> None:
    assert holds(OutcomeClaim(None, "completed", 1))
    assert holds(OutcomeClaim(NodeRemoved(node_id="a"), "completed", 1))
    assert holds(OutcomeClaim(LoadChanges(factor=20), "completed", 0))
    assert not holds(OutcomeClaim(LoadChanges(factor=20), "completed", 1))
    assert not holds(OutcomeClaim(None, "happiness", 1))


def test_all_generated_claims_hold_and_all_planted_errors_are_detected() -> None:
    found = bench_explanations(300, seed=3, data=None)
    assert set(found["from"]) == {"cloud", "edge", "network", "hybrid"}
    kinds = {"value", "comparison", "cause", "prediction", "wait", "infeasible", "attempt", "status"}
    assert {c["kind"] for c in found["claims"]} == kinds
    assert all(c["made"] == c["held"] for c in found["claims"])
    assert len(found["planted"]) == 9
    assert all(p["caught"] == p["planted"] > 0 for p in found["planted"])


@pytest.mark.slow
def test_all_claims_hold_for_a_thousand_decisions_of_openb(traces) -> None:
    found = bench_explanations(1000, seed=1, data=traces)
    assert found["from"]["openb"] == 200
    assert all(c["made"] == c["held"] for c in found["claims"])
    assert all(p["caught"] == p["planted"] > 0 for p in found["planted"])


def test_explanations_are_reproducible() -> None:
    first = [explain_case(c, t).text for _, t, c in cases(40, np.random.default_rng(2), None)]
    again = [explain_case(c, t).text for _, t, c in cases(40, np.random.default_rng(2), None)]
    assert first == again
