"""Decisions read from a trace: scores, causes, and smallest flips."""

import numpy as np
import pytest

from aurora.errors import PolicyError, ScenarioError
from aurora.sim.explain.decision import (
    Decision,
    advantages,
    cause,
    decision_on,
    decisions,
    is_cause,
    is_level,
    rank,
    terms,
    traced,
)
from aurora.sim.explain.flip import flipped, flips
from aurora.sim.kernel import encode, simulate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, PlannedTask, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload


def small(*nodes: Node, cpu: float = 2.0) -> Scenario:
    return Scenario(
        scenario_id="small",
        domain="cloud",
        nodes=nodes,
        workload_definition=Workload(
            tasks=(Task(task_id="t", arrival_time=0, cpu_required=cpu, duration=60),), time_horizon=10
        ),
    )


def scored(score: str) -> Policy:
    return Policy(policy_id="p", allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score=score),)))


def decide(scenario: Scenario, policy: Policy) -> Decision:
    outcome = traced(encode(scenario), compile_policy(policy), policy.policy_id)
    return decision_on(scenario, policy, outcome, scenario.tasks[0].task_id)


def random_decisions(policy: str, level: int = 2) -> list[Decision]:
    rng = np.random.default_rng(level)
    found: list[Decision] = []
    for family in FAMILIES:
        scenario = expand(sample_spec(family, level, rng))
        chosen = REFERENCES[policy]
        found += decisions(scenario, chosen, traced(encode(scenario), compile_policy(chosen), policy))
    return found


A = Node(node_id="a", cpu=8, memory=64, price_per_hour=1)
B = Node(node_id="b", cpu=16, memory=64, price_per_hour=1.5)


@pytest.mark.parametrize("policy", ["best_fit", "balanced_allocation", "cheapest", "fgd", "greenest"])
def test_the_reference_interpreter_scores_as_the_kernel(policy: str) -> None:
    for decision in random_decisions(policy):
        for option in decision.options:
            assert rank(decision, option.features) == pytest.approx(option.score, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("policy", ["best_fit", "balanced_allocation", "cheapest"])
def test_the_terms_of_a_score_sum_to_it(policy: str) -> None:
    for decision in random_decisions(policy):
        if decision.runner_up is not None:
            found = terms(decision, decision.runner_up)
            assert sum(t.chosen for t in found) == pytest.approx(decision.chosen.score, rel=1e-9, abs=1e-9)
            assert sum(t.other for t in found) == pytest.approx(decision.runner_up.score, rel=1e-9, abs=1e-9)


def test_free_cores_in_the_trace_follow_from_the_earlier_placements() -> None:
    scenario = expand(sample_spec("services", 3, np.random.default_rng(4)))
    scenario = scenario.model_copy(update={"environmental_conditions": type(scenario.environmental_conditions)()})
    policy = REFERENCES["worst_fit"]
    outcome = traced(encode(scenario), compile_policy(policy), "worst_fit")
    free = {n.node_id: n.cpu for n in scenario.nodes}
    nodes = [n.node_id for n in scenario.nodes]
    place = {t.task_id: i for i, t in enumerate(scenario.tasks)}
    gone: set[str] = set()
    started: list[str] = []
    for decision in decisions(scenario, policy, outcome):
        for task in started:
            if task not in gone and outcome.tasks.finish[place[task]] <= decision.time:
                gone.add(task)
                free[nodes[outcome.tasks.node[place[task]]]] += scenario.tasks[place[task]].cpu_required
        for option in decision.options:
            assert option.features["node.cpu_free"] == pytest.approx(free[option.name], abs=1e-6)
        free[decision.chosen.name] -= scenario.tasks[place[decision.task_id]].cpu_required
        started.append(decision.task_id)


def test_a_cause_is_the_feature_that_decided() -> None:
    decision = decide(small(A, B), scored("-node.price"))
    assert decision.chosen.name == "a"
    assert cause(decision, decision.options[1]) == ("node.price",)


def test_a_feature_that_favours_the_runner_up_is_no_cause() -> None:
    decision = decide(small(A, B), scored("node.cpu_free - 4 * node.price"))
    other = decision.options[1]
    assert decision.chosen.name == "b"
    assert cause(decision, other) == ("node.cpu_free",)
    assert not is_cause(decision, other, ("node.price",))
    assert not is_cause(decision, other, ("node.cpu_free", "node.price"))
    assert advantages(decision, other)["node.price"] < 0 < advantages(decision, other)["node.cpu_free"]


def test_two_features_that_decide_only_together_are_one_cause() -> None:
    decision = decide(small(A, B), scored("min(node.cpu_total - 8, 1) + min(node.price - 1, 1)"))
    assert set(cause(decision, decision.options[1])) == {"node.cpu_total", "node.price"}


def test_a_tie_has_no_cause() -> None:
    decision = decide(small(A, A.model_copy(update={"node_id": "c"})), scored("-node.price"))
    assert decision.chosen.name == "a"
    assert is_level(decision, decision.options[1].features)
    assert cause(decision, decision.options[1]) == ()


def test_a_smallest_flip_is_where_the_scores_meet() -> None:
    decision = decide(small(A, B), scored("-node.price"))
    (flip,) = flips(decision, decision.options[1])
    assert (flip.feature, flip.now, flip.is_below) == ("node.price", 1.5, True)
    assert flip.threshold == pytest.approx(1.0)


def test_a_flip_of_load_changes_free_cores_consistently() -> None:
    decision = decide(small(A, B), scored("-fit.cpu_left"))
    (flip,) = flips(decision, decision.options[1])
    # a has 6 of 8 cores left; b is as tight when 12 of its 16 are left, so 2 + 12 of 16 were free before.
    assert flip.threshold == pytest.approx(1 - 14 / 16)
    assert not flip.is_below


def test_a_load_is_not_moved_where_the_score_reads_what_is_left_for_the_typical_mix() -> None:
    decision = decide(small(A, B), scored("-fit.cpu_left - 0.001 * fit.placements_left"))
    assert flips(decision, decision.options[1]) == ()


def test_no_flip_makes_a_task_fit_where_it_does_not() -> None:
    decision = decide(small(A, B), scored("node.cpu_load + 0.2 * node.price"))
    other = decision.options[1]
    assert not flipped(decision, other, "node.cpu_load", 1.0)
    assert not flipped(decision, other, "node.cpu_load", -0.1)


@pytest.mark.parametrize("policy", ["best_fit", "cheapest", "nearest", "greenest"])
def test_the_runner_up_wins_at_every_threshold_and_not_before_it(policy: str) -> None:
    seen = 0
    for decision in random_decisions(policy, level=3):
        other = decision.runner_up
        if other is None or is_level(decision, other.features):
            continue
        for flip in flips(decision, other):
            step = 1e-5 * (flip.threshold - flip.now)
            assert flipped(decision, other, flip.feature, flip.threshold)
            assert not flipped(decision, other, flip.feature, flip.threshold - step)
            seen += 1
    assert seen


def test_a_plan_has_no_decisions() -> None:
    scenario = small(A)
    plan = scored("1").model_copy(update={"allocation_plan": (PlannedTask(task_id="t", node_id="a", start=0),)})
    with pytest.raises(PolicyError, match="explicit plan"):
        list(decisions(scenario, plan, simulate(scenario, plan, trace=True)))


def test_an_unplaced_task_is_named() -> None:
    scenario = small(A, cpu=9)
    outcome = traced(encode(scenario), compile_policy(scored("1")), "p")
    with pytest.raises(ScenarioError, match="'t' was never placed"):
        decision_on(scenario, scored("1"), outcome, "t")
    with pytest.raises(ScenarioError, match="'x' is not in the scenario"):
        decision_on(scenario, scored("1"), outcome, "x")
