"""The smallest sets of changes that bring a task to another candidate; each worked out by hand and simulated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aurora.sim.explain.change_sets import brings, is_smallest, smallest_changes
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.edits import Edit, edited
from aurora.sim.explain.history import History
from aurora.sim.explain.shortage import name_of, places_of
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Conditions, Link, Node, NodeFailure, Scenario, Task, Workload
from tests.sim.explain.test_decision import scored


def scenario(*things: Node | Task | Link, **fields: Any) -> Scenario:
    tasks = tuple(t for t in things if isinstance(t, Task))
    return Scenario(
        scenario_id="small",
        domain="cloud",
        nodes=tuple(n for n in things if isinstance(n, Node)),
        links=tuple(l for l in things if isinstance(l, Link)),
        workload_definition=Workload(tasks=tasks, time_horizon=100),
        **fields,
    )


def task(name: str = "t", **fields: Any) -> Task:
    return Task(task_id=name, **{"arrival_time": 0.0, "cpu_required": 2.0, "duration": 60.0, **fields})


A, B = Node(node_id="a", cpu=8, price_per_hour=1.0), Node(node_id="b", cpu=8, price_per_hour=2.0)


def changes(what: Scenario, policy: Policy, candidate: str) -> tuple[Edit, ...] | None:
    return smallest_changes(run_of(what, policy), 0, candidate)


def test_a_price_below_that_of_the_winner() -> None:
    (edit,) = changes(scenario(task(), A, B), scored("-node.price"), "b") or ()
    assert edit.kind == "price"
    assert edit.now == 2.0
    assert edit.then == pytest.approx(0.999, abs=0.002)


def test_what_the_task_may_use_comes_before_what_the_policy_prefers() -> None:
    what = scenario(task(allowed_nodes=("a",)), A, B)
    assert changes(what, scored("node.price"), "b") == (Edit("allow", "b"),)
    both = changes(what, scored("-node.price"), "b") or ()
    assert [e.kind for e in both] == ["allow", "price"]


def test_accelerators_of_a_model_that_is_allowed() -> None:
    gpu = Node(node_id="g", cpu=8, accelerators=4, accelerator_model="A100")
    other = Node(node_id="h", cpu=8, accelerators=1, accelerator_model="T4")
    found = changes(scenario(task(accelerators=2, accelerator_models=("A100",)), gpu, other), scored("1"), "h") or ()
    # one device more and its model, and an equal score loses to the first of the list
    assert {e.kind for e in found} <= {"accelerators", "model"}
    assert found == () or Edit("accelerators", "h", 1.0, 2.0) in found
    first = changes(scenario(task(accelerators=2, accelerator_models=("A100",)), other, gpu), scored("1"), "h")
    assert first is not None
    assert set(first) == {Edit("model", "h"), Edit("accelerators", "h", 1.0, 2.0)}


def test_more_accelerators_where_the_policy_prefers_idle_ones() -> None:
    many = Node(node_id="m", cpu=8, accelerators=4)
    few = Node(node_id="f", cpu=8, accelerators=2)
    found = changes(scenario(task(accelerators=1), many, few), scored("node.accelerators_idle"), "f")
    assert found == (Edit("accelerators", "f", 2.0, 5.0),)


def test_bandwidth_on_the_links_of_a_flow() -> None:
    links = (
        Link(link_id="s-m", source="s", target="m", bandwidth=10, latency_ms=1),
        Link(link_id="m-d", source="m", target="d", bandwidth=2, latency_ms=1),
        Link(link_id="s-d", source="s", target="d", bandwidth=8, latency_ms=9),
    )
    flow = task(cpu_required=0.0, bandwidth=4.0, source_site="s", destination_site="d")
    run = run_of(scenario(flow, *links), scored("-fit.latency"))
    path = next(n for p in places_of(run.encoded, 0) if "m" in (n := name_of(run.encoded, p)))
    assert smallest_changes(run, 0, path) == (Edit("bandwidth", "m-d", 2.0, 4.0),)


def test_a_node_that_fails_no_more() -> None:
    down = Conditions(node_failures=(NodeFailure(node_id="b", start=0.0, duration=1000.0),))
    what = scenario(task(arrival_time=5.0), A, B, environmental_conditions=down)
    assert changes(what, scored("node.price"), "b") == (Edit("up", "b"),)


def test_battery_where_the_policy_prefers_what_is_left() -> None:
    mains = Node(node_id="n", cpu=8, idle_power=1, full_power=10, battery=5000.0)
    small = Node(node_id="s", cpu=8, idle_power=1, full_power=10, battery=2000.0)
    what = scenario(
        task("t", arrival_time=50.0), task("u", allowed_nodes=("s",)), task("v", allowed_nodes=("n",)), mains, small
    )
    found = changes(what, scored("node.battery"), "s") or ()
    assert [e.kind for e in found] == ["battery"]
    assert found[0].then == pytest.approx(5000, rel=0.01)


def test_two_quantities_together_where_neither_does_alone() -> None:
    cheap, dear = Node(node_id="a", cpu=8, price_per_hour=1.0, speed=20), Node(node_id="b", cpu=8, price_per_hour=2.0)
    found = changes(scenario(task(), cheap, dear), scored("min(node.speed / 5, 1 / node.price)"), "b") or ()
    assert {e.kind for e in found} == {"speed", "price"}


def test_room_that_others_hold_is_added_as_capacity() -> None:
    what = scenario(
        task("t", arrival_time=1.0, cpu_required=4.0), task("u", cpu_required=6.0, allowed_nodes=("b",)), A, B
    )
    assert changes(what, scored("node.price"), "b") == (Edit("cpu", "b", 8.0, 10.0),)


def test_no_set_is_made_up_where_none_helps() -> None:
    assert changes(scenario(task(), A, B), scored("-node.index"), "b") is None


def test_less_than_the_set_does_not_do() -> None:
    run = run_of(scenario(task(allowed_nodes=("a",)), A, B), scored("-node.price"))
    both = (Edit("allow", "b"), Edit("price", "b", 2.0, 0.5))
    assert is_smallest(run, "t", "b", both)
    assert not is_smallest(run, "t", "b", both[:1])
    assert not is_smallest(run, "t", "b", (*both, Edit("memory", "b", 0.0, 9.0)))
    assert not is_smallest(run, "t", "b", ())


def test_an_edited_scenario_differs_in_the_edits_only() -> None:
    what = scenario(task(), A, B)
    after = edited(what, "t", [Edit("price", "b", 2.0, 0.5)])
    assert after.nodes == (A, B.model_copy(update={"price_per_hour": 0.5}))
    assert edited(what, "t", []) == what


@pytest.mark.parametrize("policy", ["cheapest", "least_allocated", "fastest"])
def test_every_set_that_is_found_holds_when_it_is_simulated(policy: str) -> None:
    rng = np.random.default_rng(3)
    found = 0
    for family in FAMILIES:
        run: History = run_of(expand(sample_spec(family, 1, rng)), REFERENCES[policy])
        names = [n.node_id for n in run.scenario.nodes][:4]
        for k, t in enumerate(run.scenario.tasks[:3]):
            for name in names:
                if brings(run, t.task_id, name, ()) or t.destination_site is not None:
                    continue
                edits = smallest_changes(run, k, name)
                if edits is not None:
                    found += 1
                    assert brings(run, t.task_id, name, edits)
    assert found > 0
