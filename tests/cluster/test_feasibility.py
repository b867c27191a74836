"""A node fits a task by the rules of kube-scheduler's filters; each rule by a small case worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from aurora.cluster.feasibility import HOSTNAME, NODE_NAME, Room, summary
from aurora.cluster.selectors import holds, tolerates
from aurora.cluster.snapshot import (
    Affinity,
    Node,
    Requirement,
    Spread,
    Taint,
    Task,
    Toleration,
)
from tests.cluster.clusters import NOW, WEB, node, snapshot, task


def _room(*things: Node | Task) -> Room:
    return Room(snapshot(*things))


def _kinds(room: Room, asked: Task) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(r.kind for r in reasons) for name, reasons in room.all_reasons(asked)}


def test_free_is_allocatable_minus_requests() -> None:
    room = _room(node("a"), task("1", "a", 1.5), task("2", "a", 0.25))
    assert room.free("a") == {"cpu": 2.25, "memory": 8.0, "pods": 1.0}


def test_a_task_that_asks_for_more_than_is_free_names_the_resource_and_both_amounts() -> None:
    room = _room(node("a"), task("1", "a", 3.5))
    (reason,) = room.reasons(task("2"), "a")
    assert reason.text == "insufficient cpu: asks for 1 core, 0.5 cores free"


def test_every_task_takes_one_of_the_pods_of_anode() -> None:
    room = _room(node("a"), *(task(str(k), "a", 0.0) for k in range(3)))
    assert _kinds(room, task("x", cpu=0.1)) == {"a": ("insufficient",)}


def test_room_that_is_given_back_is_free_again() -> None:
    first = task("1", "a", 3.5)
    room = _room(node("a"), first)
    assert room.give_back(first) == "a"
    assert room.fitting(task("2", cpu=4.0)) == ["a"]
    assert room.node_of("shop/1") is None


def test_cordoned_nodes_take_daemons_only() -> None:
    room = _room(node("a", is_cordoned=True))
    assert _kinds(room, task("1")) == {"a": ("cordoned",)}
    assert _kinds(room, task("1", kind="daemon")) == {"a": ()}


def test_nodes_that_are_not_ready_or_under_maintenance_take_nothing() -> None:
    window = (NOW - timedelta(hours=1), NOW + timedelta(hours=1), "firmware")
    room = _room(node("a", is_ready=False), node("b", maintenance=(window,)))
    assert _kinds(room, task("1")) == {"a": ("not ready",), "b": ("maintenance",)}


@pytest.mark.parametrize(
    ("toleration", "is_tolerated"),
    [
        (Toleration(key="gpu", operator="Exists"), True),
        (Toleration(key="gpu", value="yes"), True),
        (Toleration(key="gpu", value="no"), False),
        (Toleration(operator="Exists"), True),
        (Toleration(key="gpu", operator="Exists", effect="NoExecute"), False),
    ],
)
def test_taints_keep_away_what_does_not_tolerate_them(toleration: Toleration, *, is_tolerated: bool) -> None:
    taint = Taint(key="gpu", value="yes", effect="NoSchedule")
    assert tolerates(toleration, taint) == is_tolerated
    room = _room(node("a", taints=(taint,)))
    assert (room.fitting(task("1", tolerations=(toleration,))) == ["a"]) == is_tolerated


def test_a_taint_that_only_prefers_keeps_nothing_away() -> None:
    room = _room(node("a", taints=(Taint(key="busy", effect="PreferNoSchedule"),)))
    assert room.fitting(task("1")) == ["a"]


@pytest.mark.parametrize(
    ("requirement", "labels", "expected"),
    [
        (("NotIn", ("a",)), {}, True),
        (("NotIn", ("a",)), {"k": "a"}, False),
        (("In", ("a", "b")), {"k": "b"}, True),
        (("Exists", ()), {}, False),
        (("DoesNotExist", ()), {}, True),
        (("Gt", ("3",)), {"k": "4"}, True),
        (("Gt", ("3",)), {"k": "many"}, False),
        (("Lt", ("3",)), {"k": "2"}, True),
    ],
)
def test_requirements_compare_labels(
    requirement: tuple[Any, tuple[str, ...]], labels: dict[str, str], *, expected: bool
) -> None:
    operator, values = requirement
    assert holds(Requirement(key="k", operator=operator, values=values), labels) == expected


def test_one_term_of_an_affinity_is_enough_and_a_term_may_name_anode() -> None:
    terms = (
        (Requirement(key="zone", operator="In", values=("z2",)),),
        (Requirement(key=NODE_NAME, operator="In", values=("a",)),),
    )
    room = _room(node("a"), node("b", "z2"), node("c"))
    assert room.fitting(task("1", node_affinity=terms)) == ["a", "b"]


def test_a_selector_needs_every_label() -> None:
    room = _room(node("a", labels={"disk": "ssd"}), node("b"))
    assert _kinds(room, task("1", node_selector={"disk": "ssd"})) == {"a": (), "b": ("selector",)}


def test_anti_affinity_holds_in_both_directions() -> None:
    apart = (Affinity(topology_key=HOSTNAME, selector=WEB, is_anti=True),)
    there = task("there", "a", labels={"app": "web"}, affinities=apart)
    room = _room(node("a"), node("b"), there)
    assert room.fitting(task("new", labels={"app": "web"})) == ["b"]
    assert room.fitting(task("new", affinities=apart)) == ["b"]
    assert room.fitting(task("other", labels={"app": "db"})) == ["a", "b"]


def test_affinity_wants_a_task_in_the_domain_and_lets_the_first_of_its_kind_in() -> None:
    together = (Affinity(topology_key="zone", selector=WEB),)
    new = task("new", affinities=together)
    nodes = (node("a"), node("b", "z2"))
    assert _room(*nodes, task("w", "b", labels={"app": "web"})).fitting(new) == ["b"]
    assert _room(*nodes).fitting(new) == []
    assert _room(*nodes).fitting(task("new", labels={"app": "web"}, affinities=together)) == ["a", "b"]


def test_affinity_sees_its_own_namespace_only_unless_it_names_others() -> None:
    other = Task(task_id="bank/w", state="running", node_id="a", labels={"app": "web"})
    room = _room(node("a"), other)
    apart = Affinity(topology_key=HOSTNAME, selector=WEB, is_anti=True)
    assert room.fitting(task("1", affinities=(apart,))) == ["a"]
    assert room.fitting(task("1", affinities=(apart.model_copy(update={"namespaces": ("bank",)}),))) == []


def test_spread_allows_the_domains_within_the_skew() -> None:
    spread = (Spread(topology_key="zone", max_skew=1, selector=WEB),)
    web = {"app": "web"}
    room = _room(node("a"), node("b", "z2"), task("1", "a", labels=web))
    assert _kinds(room, task("2", labels=web, spreads=spread)) == {"a": ("spread",), "b": ()}


def test_spread_counts_only_domains_that_the_selector_allows() -> None:
    spread = (Spread(topology_key="zone", max_skew=1, selector=WEB),)
    web = {"app": "web"}
    room = _room(node("a", labels={"disk": "ssd"}), node("b", "z2"), task("1", "a", labels=web))
    assert room.fitting(task("2", labels=web, spreads=spread, node_selector={"disk": "ssd"})) == ["a"]


def test_shares_of_a_device_fit_one_device() -> None:
    gpu = "nvidia.com/gpu"
    machine = node("a", allocatable={gpu: 2.0})
    shares = [task(str(k), "a", requests={gpu: 0.7}) for k in range(2)]
    room = _room(machine, *shares)
    assert room.free("a")[gpu] == pytest.approx(0.6)
    assert _kinds(room, task("half", requests={gpu: 0.5})) == {"a": ("insufficient",)}
    assert room.fitting(task("third", requests={gpu: 0.3})) == ["a"]
    room.give_back(shares[0])
    assert room.fitting(task("whole", requests={gpu: 1.0})) == ["a"]


def test_the_summary_counts_nodes_as_kubectl_does() -> None:
    room = _room(node("a"), node("b", is_cordoned=True), task("1", "a", 4.0))
    assert summary(room.all_reasons(task("2"))) == "0 of 2 nodes fit: 1 insufficient cpu, 1 cordoned"
