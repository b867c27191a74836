"""Simulation reports: the allocation, the bill, and the reasons why tasks did not complete."""

import itertools
import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import ScenarioError
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.waiting_claims import infeasible_claims
from aurora.sim.kernel import simulate
from aurora.sim.measures import MEASURES, measures_of
from aurora.sim.outcome import Status
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, PlannedTask, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.report import SimulationReport, bill, placements, report_simulation
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Conditions, Link, Node, NodeFailure, PriceChange, Scenario, Task, Workload
from aurora.sim.scenarios.whatif import (
    Asked,
    LoadChanges,
    NodeFails,
    NodeRemoved,
    all_changed,
    changed,
    described,
    parse_change,
)

NODES = (Node(node_id="a", cpu=4, memory=8, price_per_hour=1.0), Node(node_id="b", cpu=2, price_per_hour=0.5))


def task(task_id: str, **more: object) -> Task:
    return Task(**{"task_id": task_id, "arrival_time": 0, "duration": 3600, "cpu_required": 1} | more)  # type: ignore[arg-type]


def scenario(
    *tasks: Task, nodes: tuple[Node, ...] = NODES, links: tuple[Link, ...] = (), **conditions: object
) -> Scenario:
    return Scenario(
        scenario_id="s",
        domain="cloud",
        nodes=nodes,
        links=links,
        workload_definition=Workload(tasks=tasks, time_horizon=10),
        environmental_conditions=Conditions(**conditions),  # type: ignore[arg-type]
    )


def reasons(report: SimulationReport) -> dict[str, str | None]:
    return {p.task_id: p.reason for p in report.placements}


def test_the_allocation_lists_node_times_and_lateness() -> None:
    full = scenario(task("x", cpu_required=4), task("y", cpu_required=4, arrival_time=60, sla_latency_ms=60_000))
    first, second = report_simulation(full, REFERENCES["first_fit"]).placements
    assert (first.node_id, first.start, first.wait, first.is_late, first.limit) == ("a", 0, 0, False, None)
    assert (second.node_id, second.start, second.wait, second.latency) == ("a", 3600, 3540, 3540)
    assert second.is_late
    assert second.limit == 60


def test_exactly_the_incomplete_tasks_have_a_reason() -> None:
    gpu = Node(node_id="g", cpu=8, memory=4, accelerators=1, accelerator_model="T4", site="s1")
    link = Link(link_id="l", source="s1", target="s2", bandwidth=1)
    far = Link(link_id="m", source="s3", target="s4", bandwidth=1)
    tasks = (
        task("fits"),
        task("wide", cpu_required=9),
        task("big", memory_required=10),
        task("many", accelerators=2),
        task("model", accelerators=1, accelerator_models=("A100",)),
        task("both", cpu_required=6, memory_required=8),
        task("flow", cpu_required=0, bandwidth=2, source_site="s1", destination_site="s2"),
        task("island", cpu_required=6, source_site="s3"),
        task("child", dependencies=("wide",)),
        task("short", cpu_required=8, patience=5),
        task("pinned", cpu_required=6, allowed_nodes=("a",)),
        task("two", memory_required=10, allowed_nodes=("a", "g")),
        task("driver", accelerators=1, accelerator_models=("A100",), allowed_nodes=("g",)),
        task("neither", cpu_required=6, memory_required=8, allowed_nodes=("a", "g")),
        task("far", cpu_required=6, source_site="s3", allowed_nodes=("g",)),
    )
    nodes = (gpu, Node(node_id="a", cpu=4, memory=8))
    found = reasons(report_simulation(scenario(*tasks, nodes=nodes, links=(link, far)), REFERENCES["first_fit"]))
    assert found == {
        "fits": None,
        "wide": "asks for 9 cores, the largest node has 8",
        "big": "asks for 10 GiB, the largest node has 8",
        "many": "asks for 2 devices, the largest node has 1",
        "model": "no node has 1 devices of model A100",
        "both": "no single node has all of what it asks for",
        "flow": "no path from s1 to s2 has 2 Gbit/s",
        "island": "no node that can be reached from s3 has all of what it asks for",
        "child": "depends on wide, not completed",
        "short": "left unserved after 5 s, its patience",
        "pinned": "asks for 6 cores, its only allowed node, a, has 4",
        "two": "asks for 10 GiB, the largest of its 2 allowed nodes has 8",
        "driver": "no allowed node has 1 devices of model A100",
        "neither": "none of its allowed nodes has all of what it asks for",
        "far": "none of its allowed nodes that can be reached from s3 has all of what it asks for",
    }


def test_lost_and_held_back_tasks_have_different_reasons() -> None:
    lost = scenario(
        task("t"),
        nodes=NODES[:1],
        node_failures=tuple(NodeFailure(node_id="a", start=100.0 * k, duration=10) for k in range(1, 9)),
    )
    assert reasons(report_simulation(lost, REFERENCES["first_fit"])) == {"t": "lost to node failures 4 times"}
    never = Policy(
        policy_id="p", allocation_strategy=AllocationStrategy(admit="0", decision_rules=(DecisionRule(score="1"),))
    )
    assert "the policy held it back" in str(reasons(report_simulation(scenario(task("t")), never))["t"])


def test_the_bill_charges_every_running_node_at_its_price() -> None:
    plain = report_simulation(scenario(task("t")), REFERENCES["first_fit"])
    assert plain.bill == pytest.approx(1.5)
    assert plain.outcome.summary.cost == pytest.approx(0.25)
    changing = scenario(
        task("t"),
        node_failures=(
            NodeFailure(node_id="b", start=0, duration=1800),
            NodeFailure(node_id="b", start=900, duration=900),
        ),
        dynamic_pricing=(
            PriceChange(time=1800, factor=3, node_id="a"),
            PriceChange(time=2700, factor=2),
            PriceChange(time=9999, factor=7),
        ),
    )
    # a: half an hour at 1, a quarter at 3, a quarter at 2; b: down for half an hour, a quarter at 0.5 and one at 1
    assert bill(changing, 3600) == pytest.approx(0.5 + 0.75 + 0.5 + 0.125 + 0.25)
    assert bill(changing, 0) == 0


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.integers(0, 100_000))
def test_the_bill_grows_with_time_and_never_with_a_failure(until: float, more: float, start: int) -> None:
    plain = scenario(task("t"))
    down = scenario(task("t"), node_failures=(NodeFailure(node_id="a", start=start, duration=100),))
    assert bill(plain, until) <= bill(plain, until + more) + 1e-9
    assert bill(down, until) <= bill(plain, until) + 1e-9


def test_non_finite_numbers_are_null_in_json() -> None:
    plan = (PlannedTask(task_id="child", node_id="a", start=0),)
    planned = REFERENCES["first_fit"].model_copy(update={"allocation_plan": plan})
    found = report_simulation(scenario(task("parent"), task("child", dependencies=("parent",))), planned).to_json()
    amounts = {v["constraint"]: v["amount"] for v in found["violations"]}
    assert amounts == {"unplanned": 1.0, "dependency": None}  # it would start before its parent for ever
    json.dumps(found, allow_nan=False)


def test_inapplicable_measures_are_omitted() -> None:
    names = {m.name for m in measures_of(report_simulation(scenario(task("t")), REFERENCES["first_fit"]))}
    assert {m.name for m in MEASURES} - names == {"devices used", "bandwidth used", "energy", "carbon"}


def test_violated_constraints_of_a_plan_are_reported() -> None:
    plan = tuple(PlannedTask(task_id=name, node_id="b", start=0) for name in ("x", "y", "z"))
    planned = REFERENCES["first_fit"].model_copy(update={"policy_id": "plan", "allocation_plan": plan})
    report = report_simulation(scenario(task("x"), task("y"), task("z")), planned)
    assert [(v.constraint, v.where) for v in report.violations] == [("cpu", "b")]
    assert sorted(p.start or 0 for p in report.placements) == [0, 0, 3600]
    assert report.to_json()["violations"][0]["amount"] == 1
    assert report_simulation(scenario(task("x"), task("y"), task("z")), REFERENCES["first_fit"]).violations == ()


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("load", "+30%", "every task asks for 1.3 times its cores, memory, bandwidth and data"),
        ("load", "x0.5", "every task asks for 0.5 times its cores, memory, bandwidth and data"),
        ("load", "t=1=-50%", "task t=1 asks for 0.5 times its cores, memory, bandwidth and data"),
        ("fail", "a@100/600", "node a fails at 100 s for 600 s"),
        ("fail", "a@b@2m", "node a@b fails at 120 s for good"),
        ("remove", "a", "node a is not there"),
        ("price", "2", "every node costs 2 times its price"),
        ("price", "b=x0", "node b costs 0 times its price"),
        ("carbon", "-20%", "every node emits 0.8 times its g CO2/kWh"),
        ("carbon", "b=x3", "node b emits 3 times its g CO2/kWh"),
    ],
)
def test_a_change_is_parsed_and_described(kind: Asked, text: str, told: str) -> None:
    assert described(parse_change(kind, text)) == told


@pytest.mark.parametrize("kind", ["load", "fail", "price", "carbon", "remove"])
@pytest.mark.parametrize(
    "text", ["", "30%", "@", "a@", "a@x/y", "a@-1", "a@1/0", "x", "x-1", "nan", "1e308", "a=inf", "+1e308%"]
)
def test_a_malformed_change_is_refused_with_an_example(kind: Asked, text: str) -> None:
    try:
        parse_change(kind, text)
    except ScenarioError as error:
        assert "for example" in str(error)
    else:
        assert kind == "remove" or text in ("x",)


def test_changes_accumulate_and_unknown_names_are_reported() -> None:
    before = scenario(task("t", bandwidth=1, data_size=2))
    after = all_changed(before, [LoadChanges(factor=1.5), LoadChanges(factor=2), NodeFails(node_id="b", start=1)])
    assert (after.tasks[0].cpu_required, after.tasks[0].bandwidth, after.tasks[0].data_size) == (3, 3, 6)
    assert after.environmental_conditions.node_failures == (NodeFailure(node_id="b", start=1),)
    with pytest.raises(ScenarioError, match="no node 'bb'; did you mean b"):
        all_changed(before, [NodeFails(node_id="bb", start=1)])


def test_a_removed_node_is_one_that_no_task_may_use() -> None:
    before = scenario(task("x", allowed_nodes=("a", "b")), task("y", allowed_nodes=("b",)))
    after = changed(before, NodeRemoved(node_id="a"))
    assert [t.allowed_nodes for t in after.tasks] == [("b",), ("b",)]
    with pytest.raises(ScenarioError, match="'b' can't be removed: task y may use no other"):
        changed(before, NodeRemoved(node_id="b"))
    failed = report_simulation(changed(before, NodeFails(node_id="b", start=0)), REFERENCES["first_fit"]).placements
    assert [p.node_id for p in failed] == ["a", None]


def test_a_device_model_that_differs_in_case_is_pointed_out() -> None:
    node = Node(node_id="g", cpu=8, memory=8, accelerators=1, accelerator_model="A100")
    asked = task("t", accelerators=1, accelerator_models=("a100",))
    found = reasons(report_simulation(scenario(asked, nodes=(node,)), REFERENCES["first_fit"]))
    assert found == {
        "t": "no node has 1 devices of model a100; models are told apart by case, and nodes have A100",
    }


def test_too_few_devices_of_a_model_are_not_reported_as_a_difference_in_case() -> None:
    nodes = tuple(
        Node(node_id=model, cpu=8, memory=8, accelerators=count, accelerator_model=model)
        for model, count in (("A100", 1), ("T4", 4))
    )
    asked = task("t", accelerators=2, accelerator_models=("A100",))
    found = reasons(report_simulation(scenario(asked, nodes=nodes), REFERENCES["first_fit"]))
    assert found == {"t": "no node has 2 devices of model A100"}


def test_reasons_of_ten_thousand_pending_tasks_take_linear_time() -> None:
    chain = [task("t0", cpu_required=9)]
    chain += [task(f"t{k}", dependencies=(f"t{k - 1}",)) for k in range(1, 10_000)]
    whole = scenario(*chain)
    outcome = simulate(whole, REFERENCES["first_fit"])
    began = time.process_time()
    assert placements(whole, outcome)[-1].reason == "depends on t9998, not completed"
    assert time.process_time() - began < 5  # one pass a task took 15 s


@pytest.mark.parametrize("family", FAMILIES)
def test_the_short_reason_agrees_with_the_full_explanation(family: str) -> None:
    drawn = expand(sample_spec(family, 3, np.random.default_rng(5)))
    factors = itertools.cycle((1, 30, 1000))
    tasks = tuple(
        t.model_copy(update={f: getattr(t, f) * factor for f in ("cpu_required", "memory_required", "bandwidth")})
        for t, factor in zip(drawn.tasks, factors, strict=False)
    )
    workload = drawn.workload_definition.model_copy(update={"tasks": tasks})
    run = run_of(drawn.model_copy(update={"workload_definition": workload}), REFERENCES["first_fit"])
    compared = 0
    for k, placement in enumerate(placements(run.scenario, run.outcome)):
        if run.outcome.tasks.status[k] != Status.UNPLACEABLE:
            continue
        claims = infeasible_claims(run, k, None)
        lacking = {c.resource: c.lacking for c in claims}
        for resource, words in (("cpu", "cores, the"), ("memory", "GiB, the"), ("bandwidth", "no path")):
            if words in (placement.reason or ""):
                compared += 1
                assert lacking.get(resource, 0) + lacking.get("path", 0) == claims[0].candidates, placement
    assert compared
