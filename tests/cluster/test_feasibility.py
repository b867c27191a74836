"""A node fits a task by the rules of kube-scheduler's filters; each rule by a small case worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aurora.cluster.feasibility import HOSTNAME, NODE_NAME, Room, holds, summary, tolerates
from aurora.cluster.snapshot import (
    Affinity,
    Node,
    Requirement,
    Snapshot,
    Spread,
    Taint,
    Task,
    Toleration,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
WEB = (Requirement(key="app", operator="In", values=("web",)),)


def _node(name: str, zone: str = "z1", **fields: Any) -> Node:
    room = {"cpu": 4.0, "memory": 8.0, "pods": 3.0, **fields.pop("allocatable", {})}
    labels = {"zone": zone, **fields.pop("labels", {})}
    return Node(node_id=name, capacity=room, allocatable=room, labels=labels, zone=zone, **fields)


def _task(name: str, node: str | None = None, cpu: float = 1.0, **fields: Any) -> Task:
    state = "running" if node else "pending"
    fields.setdefault("requests", {"cpu": cpu})
    return Task(task_id=f"shop/{name}", state=state, node_id=node, **fields)


def _room(*things: Node | Task) -> Room:
    nodes = tuple(t for t in things if isinstance(t, Node))
    tasks = tuple(t for t in things if isinstance(t, Task))
    return Room(Snapshot(snapshot_id="s", system="kubernetes", taken_at=NOW, nodes=nodes, tasks=tasks))


def _kinds(room: Room, task: Task) -> Mapping[str, tuple[str, ...]]:
    return {node: tuple(r.kind for r in reasons) for node, reasons in room.all_reasons(task)}


def test_free_is_allocatable_minus_requests() -> None:
    room = _room(_node("a"), _task("1", "a", 1.5), _task("2", "a", 0.25))
    assert room.free("a") == {"cpu": 2.25, "memory": 8.0, "pods": 1.0}


def test_a_task_that_asks_for_more_than_is_free_names_the_resource_and_both_amounts() -> None:
    room = _room(_node("a"), _task("1", "a", 3.5))
    (reason,) = room.reasons(_task("2"), "a")
    assert reason.text == "insufficient cpu: asks for 1 core, 0.5 cores free"


def test_every_task_takes_one_of_the_pods_of_a_node() -> None:
    room = _room(_node("a"), *(_task(str(k), "a", 0.0) for k in range(3)))
    assert _kinds(room, _task("x", cpu=0.1)) == {"a": ("insufficient",)}


def test_room_that_is_given_back_is_free_again() -> None:
    task = _task("1", "a", 3.5)
    room = _room(_node("a"), task)
    assert room.give_back(task) == "a"
    assert room.fitting(_task("2", cpu=4.0)) == ["a"]
    assert room.node_of("shop/1") is None


def test_cordoned_nodes_take_daemons_only() -> None:
    room = _room(_node("a", is_cordoned=True))
    assert _kinds(room, _task("1")) == {"a": ("cordoned",)}
    assert _kinds(room, _task("1", kind="daemon")) == {"a": ()}


def test_nodes_that_are_not_ready_or_under_maintenance_take_nothing() -> None:
    window = (NOW - timedelta(hours=1), NOW + timedelta(hours=1), "firmware")
    room = _room(_node("a", is_ready=False), _node("b", maintenance=(window,)))
    assert _kinds(room, _task("1")) == {"a": ("not ready",), "b": ("maintenance",)}


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
    room = _room(_node("a", taints=(taint,)))
    assert (room.fitting(_task("1", tolerations=(toleration,))) == ["a"]) == is_tolerated


def test_a_taint_that_only_prefers_keeps_nothing_away() -> None:
    room = _room(_node("a", taints=(Taint(key="busy", effect="PreferNoSchedule"),)))
    assert room.fitting(_task("1")) == ["a"]


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


def test_one_term_of_an_affinity_is_enough_and_a_term_may_name_a_node() -> None:
    terms = (
        (Requirement(key="zone", operator="In", values=("z2",)),),
        (Requirement(key=NODE_NAME, operator="In", values=("a",)),),
    )
    room = _room(_node("a"), _node("b", "z2"), _node("c"))
    assert room.fitting(_task("1", node_affinity=terms)) == ["a", "b"]


def test_a_selector_needs_every_label() -> None:
    room = _room(_node("a", labels={"disk": "ssd"}), _node("b"))
    assert _kinds(room, _task("1", node_selector={"disk": "ssd"})) == {"a": (), "b": ("selector",)}


def test_anti_affinity_holds_in_both_directions() -> None:
    apart = (Affinity(topology_key=HOSTNAME, selector=WEB, is_anti=True),)
    there = _task("there", "a", labels={"app": "web"}, affinities=apart)
    room = _room(_node("a"), _node("b"), there)
    assert room.fitting(_task("new", labels={"app": "web"})) == ["b"]
    assert room.fitting(_task("new", affinities=apart)) == ["b"]
    assert room.fitting(_task("other", labels={"app": "db"})) == ["a", "b"]


def test_affinity_wants_a_task_in_the_domain_and_lets_the_first_of_its_kind_in() -> None:
    together = (Affinity(topology_key="zone", selector=WEB),)
    new = _task("new", affinities=together)
    nodes = (_node("a"), _node("b", "z2"))
    assert _room(*nodes, _task("w", "b", labels={"app": "web"})).fitting(new) == ["b"]
    assert _room(*nodes).fitting(new) == []
    assert _room(*nodes).fitting(_task("new", labels={"app": "web"}, affinities=together)) == ["a", "b"]


def test_affinity_sees_its_own_namespace_only_unless_it_names_others() -> None:
    other = Task(task_id="bank/w", state="running", node_id="a", labels={"app": "web"})
    room = _room(_node("a"), other)
    apart = Affinity(topology_key=HOSTNAME, selector=WEB, is_anti=True)
    assert room.fitting(_task("1", affinities=(apart,))) == ["a"]
    assert room.fitting(_task("1", affinities=(apart.model_copy(update={"namespaces": ("bank",)}),))) == []


def test_spread_allows_the_domains_within_the_skew() -> None:
    spread = (Spread(topology_key="zone", max_skew=1, selector=WEB),)
    web = {"app": "web"}
    room = _room(_node("a"), _node("b", "z2"), _task("1", "a", labels=web))
    assert _kinds(room, _task("2", labels=web, spreads=spread)) == {"a": ("spread",), "b": ()}


def test_spread_counts_only_domains_that_the_selector_allows() -> None:
    spread = (Spread(topology_key="zone", max_skew=1, selector=WEB),)
    web = {"app": "web"}
    room = _room(_node("a", labels={"disk": "ssd"}), _node("b", "z2"), _task("1", "a", labels=web))
    assert room.fitting(_task("2", labels=web, spreads=spread, node_selector={"disk": "ssd"})) == ["a"]


def test_shares_of_a_device_fit_one_device() -> None:
    gpu = "nvidia.com/gpu"
    node = _node("a", allocatable={gpu: 2.0})
    shares = [_task(str(k), "a", requests={gpu: 0.7}) for k in range(2)]
    room = _room(node, *shares)
    assert room.free("a")[gpu] == pytest.approx(0.6)
    assert _kinds(room, _task("half", requests={gpu: 0.5})) == {"a": ("insufficient",)}
    assert room.fitting(_task("third", requests={gpu: 0.3})) == ["a"]
    room.give_back(shares[0])
    assert room.fitting(_task("whole", requests={gpu: 1.0})) == ["a"]


def test_the_summary_counts_nodes_as_kubectl_does() -> None:
    room = _room(_node("a"), _node("b", is_cordoned=True), _task("1", "a", 4.0))
    assert summary(room.all_reasons(_task("2"))) == "0 of 2 nodes fit: 1 insufficient cpu, 1 cordoned"
