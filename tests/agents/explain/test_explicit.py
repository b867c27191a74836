"""Explicit plans are explained by when and where tasks started, what they lacked, and what the plan breaks."""

from __future__ import annotations

import pytest

from aurora.agents.explain.contrast import why_not
from aurora.agents.explain.explainer import case_of, explain
from aurora.agents.explain.run_explainer import explain_plan
from aurora.errors import ScenarioError
from aurora.sim.explain.claims import run_of
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, PlannedTask, Policy
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload

A, B = Node(node_id="a", cpu=4), Node(node_id="b", cpu=1)


def scenario() -> Scenario:
    tasks = tuple(
        Task(task_id=name, arrival_time=0.0, cpu_required=cores, duration=10.0)
        for name, cores in (("first", 3.0), ("second", 2.0), ("left", 1.0))
    )
    return Scenario(
        scenario_id="s", domain="cloud", nodes=(A, B), workload_definition=Workload(tasks=tasks, time_horizon=100)
    )


def plan(**starts: tuple[str, float]) -> Policy:
    return Policy(
        policy_id="by-hand",
        allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score="0"),)),
        allocation_plan=tuple(PlannedTask(task_id=t, node_id=n, start=s) for t, (n, s) in starts.items()),
    )


CLASH = plan(first=("a", 0.0), second=("a", 5.0))


def test_a_task_that_started_as_planned() -> None:
    found = explain(scenario(), CLASH, "first")
    assert found.decision is None
    assert all(c.holds for c in found.checked)
    assert found.text.startswith("The plan puts task first on a at 0 s. 1st attempt: a at 0 s, completed at 10 s.")
    assert "later than planned" not in found.text


def test_a_task_that_started_later_says_what_its_node_lacked() -> None:
    found = explain(scenario(), CLASH, "second")
    assert all(c.holds for c in found.checked)
    # a has 4 cores; the first task holds 3 of them until 10 s
    assert "That is 5 s later than planned: at 5 s a has 1 core free, and it asks for 2" in found.text
    assert found.violations is not None
    assert [v.constraint for v in found.violations] == ["cpu"]
    assert found.violations[0].message in found.text


def test_a_task_that_the_plan_leaves_out() -> None:
    found = explain(scenario(), CLASH, "left")
    assert found.text.startswith("The plan does not place task left, so it was not started.")
    assert found.to_json()["violations"][0]["constraint"] == "unplanned"


def test_a_whole_plan_counts_what_came_true_and_what_it_breaks() -> None:
    found = explain_plan(scenario(), CLASH)
    assert found.reasons == {"started as planned": 1, "started later": 1, "unplanned": 1}
    assert all(c.holds for c in found.checked)
    assert "The plan breaks 2 constraints: " in found.text
    assert "Not as planned: second." in found.text
    assert len(found.to_json()["violations"]) == 2


def test_why_a_planned_task_is_not_elsewhere() -> None:
    case = case_of(run_of(scenario(), CLASH), "first")
    found = why_not(case, "first", "b")
    assert found.because == "planned"
    assert found.text == "Not on b: the plan names a. At 0 s b has 1 core free, and it asks for 3 cores."
    assert why_not(case, "first", "a").because == "chosen"


def test_a_task_that_is_not_there_is_refused() -> None:
    with pytest.raises(ScenarioError, match="is not in the scenario"):
        explain(scenario(), CLASH, "none")


def test_a_task_that_its_place_never_takes() -> None:
    found = explain(scenario(), plan(first=("b", 2.0)), "first")
    assert "It was never started. At 2 s b has 1 core free, and it asks for 3 cores." in found.text
