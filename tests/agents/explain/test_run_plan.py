"""The plan that a run amounts to: groups by reason, unused nodes and the highest load; planted errors are caught."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from aurora.agents.explain.run_explainer import explain_plan
from aurora.agents.explain.run_plan import (
    GroupOfTasks,
    PeakLoad,
    RunPlanClaim,
    UnusedNodes,
    check_run_plan,
    run_plan_claims,
)
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.decision import decisions
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Node
from tests.sim.explain.test_decision import A, B, scored, small


def test_groups_unused_nodes_and_the_peak_are_told() -> None:
    tiny = Node(node_id="tiny", cpu=1, memory=64, price_per_hour=0.1)
    found = explain_plan(small(A, B, tiny), scored("-node.price"))
    held = [c.claim for c in found.plan]
    assert all(c.holds for c in found.plan)
    assert held == [
        GroupOfTasks("price", ("node.price",), (0,), ("a",)),
        UnusedNodes(("b",), "lost", ("node.price",)),
        UnusedNodes(("tiny",), "no room"),
        PeakLoad("a", 0.0, 0.25),  # 2 of 8 cores
    ]
    assert "Where: price: 1 on a." in found.text
    assert "Not used: b, lost on price; tiny, never a candidate with room." in found.text
    assert "No node held more than 25 % of its cores (a at 0 s)." in found.text
    assert [c["kind"] for c in found.to_json()["plan"]] == ["group", "unused", "unused", "peak"]


def _mutated(claim: RunPlanClaim) -> Iterator[RunPlanClaim]:
    for name, value in claim._asdict().items():
        wrong: list[object] = []
        if isinstance(value, float):
            wrong = [value + 0.5, value * 0.9 - 0.01]
        elif isinstance(value, str) and name == "node":
            wrong = ["no-such-node"]
        elif isinstance(value, str):
            wrong = ["a draw", "no room", "lost", "no alternative", "price and speed"]
        elif name == "features":
            wrong = [("task.cpu",), (*value, "task.cpu")]
        elif isinstance(value, tuple):
            wrong = [(), (*value, value[0]), (*value, 10**6 if name == "decisions" else "no-such-node")]
        yield from (claim._replace(**{name: w}) for w in wrong if w != value)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["cheapest", "least_allocated", "best_fit"])
def test_true_claims_hold_and_planted_errors_do_not(policy: str) -> None:
    rng = np.random.default_rng(7)
    planted = 0
    for family in list(FAMILIES)[:6]:
        run = run_of(expand(sample_spec(family, 1, rng)), REFERENCES[policy])
        every = list(decisions(run.scenario, run.policy, run.outcome))
        true = run_plan_claims(run, every, "operator")
        assert all(c.holds for c in check_run_plan(true, run, every))
        wrong = [m for claim in true for m in _mutated(claim)]
        planted += len(wrong)
        assert [c.claim for c in check_run_plan(wrong, run, every) if c.holds] == []
    assert planted > 50
