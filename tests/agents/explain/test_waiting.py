"""Late, lost and pending tasks in words, on small hand-made runs."""

import pytest

from aurora.agents.explain.contrast import why_not
from aurora.agents.explain.explainer import case_of, explain
from aurora.agents.explain.run_explainer import explain_plan
from aurora.errors import ScenarioError
from aurora.sim.explain.claims import run_of
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Conditions, Link, Node, NodeFailure, Scenario, Task, Workload


def scenario(*tasks: Task, nodes=(), links=(), failures=(), **workload) -> Scenario:
    return Scenario(
        scenario_id="hand",
        domain="cloud",
        nodes=nodes,
        links=links,
        environmental_conditions=Conditions(node_failures=failures),
        workload_definition=Workload(tasks=tasks, time_horizon=10, **workload),
    )


def task(name: str, arrival: float, duration: float, cpu: float = 0.0, **more) -> Task:
    return Task(task_id=name, arrival_time=arrival, duration=duration, cpu_required=cpu, **more)


def told(where: Scenario, name: str, policy: str | Policy = "first_fit", **how) -> str:
    chosen = REFERENCES[policy] if isinstance(policy, str) else policy
    found = explain(where, chosen, name, **how)
    assert all(c.holds for c in found.checked), [c for c in found.checked if not c.holds]
    return found.text


A, B = Node(node_id="a", cpu=4), Node(node_id="b", cpu=4)
FULL = scenario(
    task("x", 0, 1000, 3),
    task("y", 0, 1000, 3),
    task("late", 10, 60, 2, sla_latency_ms=60_000),
    task("huge", 10, 60, 6),
    nodes=(A, B),
)


def test_a_wait_for_cores_names_the_task_that_ended_it() -> None:
    text = told(FULL, "late")
    assert "was already 930 s late when it was placed" in text
    assert "It waited 990 s: until x and y ended no node had 2 free cores (a: 1, b: 1)." in text
    assert "-" not in text.replace("runner-up", "")


def test_full_detail_lists_the_holders_with_amounts_and_times() -> None:
    assert "x held 3 cores of a from 0 s to 1,000 s." in told(FULL, "late", level="full")


def test_devices_that_others_held_are_counted_one_by_one() -> None:
    gpus = scenario(
        task("x", 0, 1000, accelerators=2),
        task("y", 5, 1000, accelerators=1, accelerator_share=0.5),
        nodes=(Node(node_id="g", cpu=4, accelerators=2),),
    )
    assert "x held 2 accelerators of g from 0 s to 1,000 s." in told(gpus, "y", level="full")


def test_the_one_line_explanation_includes_the_wait() -> None:
    assert told(FULL, "late", level="line").endswith("; waited 990 s, most of it for cores.")


def test_a_task_that_fits_nowhere_is_compared_with_the_largest_node() -> None:
    assert told(FULL, "huge") == "Task huge can never be placed: it asks for 6 cores, the largest node has 4."


def test_a_task_that_fits_nowhere_lists_each_reason_with_its_count() -> None:
    wide = Node(node_id="wide", cpu=8, memory=1)
    text = told(scenario(task("t", 0, 1, 6, memory_required=4), nodes=(A, B, wide)), "t")
    assert text == (
        "Task t can never be placed: 0/3 nodes are large enough: 3 lack memory (largest 1 of 4 GiB asked), "
        "2 lack cores (largest 4 of 6 cores asked)."
    )


def test_five_thousand_nodes_are_summarised_in_one_sentence() -> None:
    nodes = tuple(Node(node_id=f"n{k}", cpu=4) for k in range(5000))
    text = told(scenario(task("t", 0, 1, 6), nodes=nodes), "t")
    assert text == "Task t can never be placed: it asks for 6 cores, the largest node has 4."


C = Node(node_id="c", cpu=16)


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"cpu": 6, "allowed_nodes": ("a",)}, "it asks for 6 cores, its only allowed node has 4"),
        ({"cpu": 6, "allowed_nodes": ("a", "b")}, "it asks for 6 cores, the largest of its 2 allowed nodes has 4"),
        (
            {"cpu": 6, "memory_required": 1, "allowed_nodes": ("a", "c")},
            "none of its allowed nodes (2) is large enough: 2 lack memory (largest 0 of 1 GiB asked), "
            "1 lacks cores (largest 4 of 6 cores asked)",
        ),
    ],
)
def test_a_task_that_fits_on_none_of_its_allowed_nodes_is_not_compared_with_others(limits, text: str) -> None:
    assert told(scenario(task("t", 0, 1, **limits), nodes=(A, B, C)), "t") == f"Task t can never be placed: {text}."


def test_a_task_that_no_path_leads_to_an_allowed_node_of() -> None:
    far, near = Node(node_id="far", cpu=4, site="moon"), Node(node_id="near", cpu=4, site="Oslo")
    link = Link(link_id="l", source="Oslo", target="Bergen", bandwidth=1)
    what = scenario(task("t", 0, 10, 1, source_site="Oslo", allowed_nodes=("far",)), nodes=(near, far), links=(link,))
    assert told(what, "t") == "Task t can never be placed: no path leads to any allowed node."


def test_a_task_waits_for_room_on_its_allowed_nodes_though_others_are_empty() -> None:
    nodes, only = (A, B, C), {"allowed_nodes": ("a",)}
    what = scenario(task("x", 0, 100, 3, **only), task("y", 0, 10, 2, **only), nodes=nodes)
    assert "It waited 100 s: until x ended no allowed node had 2 free cores (a: 1)." in told(what, "y")
    down = scenario(task("y", 5, 10, 2, **only), nodes=nodes, failures=(NodeFailure(node_id="a", start=1),))
    assert "from then on no allowed node was up." in told(down, "y")
    assert (
        "1 waited for cores (y)"
        in explain_plan(
            scenario(task("x", 0, 100, 3, **only), task("y", 0, 10, 2, sla_latency_ms=1000, **only), nodes=nodes),
            REFERENCES["first_fit"],
        ).text
    )


def test_every_attempt_is_listed_with_its_outcome() -> None:
    run = scenario(task("db", 10, 100, 2), nodes=(B, A), failures=(NodeFailure(node_id="b", start=60, duration=30),))
    text = told(run, "db")
    assert "1st attempt: b at 10 s, lost at 60 s when b failed; 2nd attempt: a at 60 s, completed at 160 s." in text


def test_a_task_that_waits_for_a_failed_node_to_recover() -> None:
    run = scenario(task("db", 10, 100, 2), nodes=(B,), failures=(NodeFailure(node_id="b", start=60, duration=30),))
    text = told(run, "db")
    assert "It waited 30 s: until b came back no node was up." in text
    assert "lost at 60 s when b failed; 2nd attempt: b at 90 s" in text


def test_a_node_that_never_recovers_leaves_a_task_unplaced() -> None:
    run = scenario(task("db", 10, 100, 2), nodes=(B,), failures=(NodeFailure(node_id="b", start=5),))
    text = told(run, "db")
    assert text.startswith("Task db was not placed by the end of the run.")
    assert "From 10 s on it waited to the end of the run: from then on no node was up." in text


def test_a_task_that_is_lost_too_often_has_failed() -> None:
    failures = (NodeFailure(node_id="b", start=20, duration=10), NodeFailure(node_id="b", start=60, duration=10))
    run = scenario(task("db", 10, 100, 2), nodes=(B,), failures=failures, max_attempts=2)
    assert "2nd attempt: b at 30 s, lost at 60 s when b failed" in told(run, "db")


def test_an_empty_battery_is_named_as_the_reason() -> None:
    phone = Node(node_id="phone", cpu=4, idle_power=10, full_power=10, battery=500)
    text = told(scenario(task("t", 10, 100, 2), nodes=(phone, A)), "t")
    assert "lost at 60 s when the battery of phone was empty; 2nd attempt: a at 60 s" in text


def test_a_task_waits_for_those_that_it_depends_on() -> None:
    run = scenario(task("first", 0, 50, 1), task("then", 5, 10, 1, dependencies=("first",)), nodes=(A,))
    assert "It waited 45 s for first to complete." in told(run, "then")


def test_a_dependency_that_never_completes_is_named() -> None:
    run = scenario(task("first", 0, 50, 9), task("then", 5, 10, 1, dependencies=("first",)), nodes=(A,))
    text = told(run, "then")
    assert "it waited to the end of the run for first, which did not complete" in text


def test_a_task_behind_the_head_of_the_queue() -> None:
    run = scenario(task("x", 0, 100, 3), task("head", 1, 10, 4), task("behind", 2, 10, 1), nodes=(A,))
    text = told(run, "behind", "fcfs")
    assert "It waited 98 s behind head at the head of the queue." in text
    assert "It waited 10 s: until head ended no node had 1 free core (a: 0)." in text
    assert "It waited 99 s: until x ended no node had 4 free cores (a: 1)." in told(run, "head", "fcfs")
    assert "waited" not in told(run, "behind", "fcfs+easy")  # it ends before the head could begin


def test_shares_of_a_device() -> None:
    gpu = Node(node_id="gpu", cpu=8, accelerators=2)
    half = {"accelerators": 1, "accelerator_share": 0.6}
    run = scenario(task("p", 0, 100, **half), task("q", 0, 100, **half), task("r", 1, 10, **half), nodes=(gpu,))
    assert "until p and q ended no node had 0.6 of one accelerator free (gpu: 0.4)" in told(run, "r")
    whole = scenario(task("p", 0, 100, **half), task("w", 1, 10, accelerators=2), nodes=(gpu,))
    assert "until p ended no node had 2 idle accelerators (gpu: 1)" in told(whole, "w")


def test_a_model_that_no_node_has() -> None:
    gpu = Node(node_id="gpu", cpu=8, accelerators=2, accelerator_model="T4")
    run = scenario(task("t", 0, 1, accelerators=1, accelerator_models=("H100",)), nodes=(gpu,))
    assert told(run, "t").endswith("0/1 nodes are large enough: 1 lacks an accelerator of a model that is allowed.")


def test_bandwidth_of_a_link() -> None:
    link = Link(link_id="l", source="Oslo", target="Bergen", bandwidth=10)
    flow = {"source_site": "Oslo", "destination_site": "Bergen"}
    run = scenario(task("f", 0, 100, bandwidth=8, **flow), task("g", 1, 10, bandwidth=4, **flow), links=(link,))
    text = told(run, "g", level="full")
    assert 'Task g on "Oslo - Bergen"' in text
    assert 'It waited 99 s: until f ended no path had 4 Gbit/s free ("Oslo - Bergen": 2).' in text
    assert "f held 8 Gbit/s of l from 0 s to 100 s." in text


def test_a_task_that_leaves_the_queue_names_its_missing_resource() -> None:
    run = scenario(
        task("x", 0, 100, 3), task("now", 1, 10, 2, patience=0), task("soon", 1, 10, 2, patience=5), nodes=(A,)
    )
    assert told(run, "now") == ("Task now left when its patience was used up at 1 s: no node had 2 free cores (a: 1).")
    assert "It waited 5 s: all that time no node had 2 free cores (a: 1)." in told(run, "soon")


def test_a_policy_that_holds_a_task_back_is_named() -> None:
    rule = DecisionRule(when="cluster.running == 0", score="1")
    careful = Policy(policy_id="one", allocation_strategy=AllocationStrategy(decision_rules=(rule,)))
    run = scenario(task("x", 0, 100, 1), task("y", 1, 10, 1), nodes=(A,))
    assert "It waited 99 s though there was room: the policy did not place it." in told(run, "y", careful)


def test_control_characters_in_names_are_escaped() -> None:
    evil = "x\n2. Task t on b, because: it is free\x1b[31m <b>"
    run = scenario(task(evil, 0, 100, 3), task("t", 1, 10, 2), nodes=(A,))
    for name in (evil, "t"):
        text = told(run, name, level="full")
        assert "\x1b" not in text
        assert not any(line.startswith("2. Task") for line in text.splitlines())


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(ScenarioError, match="'nobody' is not in the scenario"):
        explain(FULL, REFERENCES["first_fit"], "nobody")


def asked(where: Scenario, name: str, candidate: str, policy: str | Policy = "first_fit"):
    chosen = REFERENCES[policy] if isinstance(policy, str) else policy
    found = why_not(case_of(run_of(where, chosen), name), name, candidate)
    assert all(c.holds for c in found.checked), [c for c in found.checked if not c.holds]
    return found


def test_why_not_names_the_task_that_held_the_missing_resource() -> None:
    found = asked(FULL, "y", "a")
    assert found.because == "infeasible"
    assert found.text == (
        "Not on a: at 0 s a has 1 core free, and it asks for 3 cores.\n"
        "x held 3 cores of a from 0 s to 1,000 s.\n"
        "With 2 cores more free it would have been a candidate."
    )


def test_why_not_on_an_empty_node_that_is_too_small() -> None:
    assert asked(FULL, "huge", "a").text == "Not on a: with everything free a has 4 cores, and it asks for 6 cores."


def test_why_not_names_the_score_and_the_smallest_change_that_flips_it() -> None:
    dear = Node(node_id="dear", cpu=4, price_per_hour=4, speed=2)
    run = scenario(task("t", 0, 3600, 4), nodes=(dear, A.model_copy(update={"price_per_hour": 1})))
    found = asked(run, "t", "dear", "cheapest")
    assert found.because == "lost"
    assert found.text.startswith("Not on dear: it lost to a on cost ($2 against $1).")
    assert "It was better on run time (1,800 s against 3,600 s), which the policy does not read." in found.text
    assert "dear would have won if its price were under $2/h (it was $4/h)." in found.text


def test_why_not_names_the_order_of_the_list_in_a_tie() -> None:
    run = scenario(task("t", 0, 10, 1), nodes=(A, B))
    found = asked(run, "t", "b", "cheapest")
    assert found.because == "draw"
    assert "it scores as a does (0), and a comes first in the list" in found.text


def test_why_not_names_the_admission_rule() -> None:
    strategy = AllocationStrategy(admit="node.index > 0", decision_rules=(DecisionRule(score="1"),))
    picky = Policy(policy_id="picky", allocation_strategy=strategy)
    assert asked(scenario(task("t", 0, 10, 1), nodes=(A, B)), "t", "a", picky).because == "not_admitted"


def test_why_not_answers_for_the_chosen_node_and_rejects_an_unknown_one() -> None:
    assert asked(FULL, "y", "b").text == "Task y did go to b."
    with pytest.raises(ScenarioError, match="no candidate 'c'; it has 'a', 'b'"):
        asked(FULL, "y", "c")


def test_why_not_on_a_node_that_the_task_may_not_use() -> None:
    what = scenario(
        task("t", 0, 10, 1, allowed_nodes=("b", "a")), task("u", 0, 10, 20, allowed_nodes=("a",)), nodes=(A, B, C)
    )
    for name, only in (("t", "b, a"), ("u", "a")):
        found = asked(what, name, "c")
        assert (found.because, found.text) == ("not_allowed", f"Not on c: the task may use only {only}.")
        assert [c.claim.resource for c in found.checked] == ["not_allowed"]
    assert asked(what, "t", "b").because == "lost"


def test_why_not_names_a_missing_network_path() -> None:
    far = Node(node_id="far", cpu=4, site="moon")
    near = Node(node_id="near", cpu=4, site="Oslo")
    link = Link(link_id="l", source="Oslo", target="Bergen", bandwidth=1)
    run = scenario(task("t", 0, 10, 1, source_site="Oslo"), nodes=(near, far), links=(link,))
    assert asked(run, "t", "far").text == "Not on far: at 0 s far can't be reached."


def test_a_whole_run_names_late_and_unplaced_tasks_by_their_cause() -> None:
    found = explain_plan(FULL, REFERENCES["first_fit"])
    assert all(c.holds for c in found.checked)
    assert "Not completed, 1 task: 1 can never have cores (huge)." in found.text
    assert "Late, 1 task: 1 waited for cores (late)." in found.text
    assert [(t.status.task, t.status.status) for t in found.troubles] == [("huge", "unplaceable"), ("late", "late")]


def test_a_run_that_places_nothing_is_explained_too() -> None:
    found = explain_plan(scenario(task("t", 0, 10, 9), nodes=(A,)), REFERENCES["first_fit"])
    assert "1 can never have cores (t)" in found.text


def test_an_improvement_without_a_node_is_reported_as_one() -> None:
    dear = Node(node_id="dear", cpu=4, price_per_hour=4)
    cheap = Node(node_id="cheap", cpu=4, price_per_hour=1)
    found = explain_plan(scenario(task("t", 0, 3600, 4), nodes=(dear, cheap)), REFERENCES["first_fit"])
    assert "Without dear, which served most tasks, it would be better: cost $1.00 instead of $4.00." in found.text
