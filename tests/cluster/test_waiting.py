"""Why a task waits is told with the smallest changes that would place it; each case worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aurora.cluster.feasibility import Room
from aurora.cluster.snapshot import Taint
from aurora.cluster.waiting import why_not, why_waiting
from aurora.errors import InputError
from tests.cluster.clusters import NOW, node, snapshot, task


def test_moving_one_task_makes_room() -> None:
    cluster = snapshot(node("a"), node("b"), task("1", "a", 2.0), task("2", "b", 3.0), task("new", cpu=2.5))
    why = why_waiting(cluster, "shop/new")
    assert why.summary == "0 of 2 nodes fit: 2 insufficient cpu"
    assert not why.fits_now
    # a has 2 free and b 1: the task of a (2 cores) fits nowhere else, nor does that of b (3 cores)
    assert [s.text for s in why.remedies[0].steps] == ["free 0.5 cores on a"]
    smaller = snapshot(
        node("a"), node("b"), task("1", "a", 1.0), task("2", "a", 1.0), task("3", "b", 3.0), task("new", cpu=2.5)
    )
    (step,) = why_waiting(smaller, "shop/new").remedies[0].steps
    assert (step.kind, step.text) == ("move", "move shop/1 to b")


def test_a_task_larger_than_every_node_can_never_be_placed() -> None:
    why = why_waiting(snapshot(node("a"), task("big", cpu=6.0)), "shop/big")
    assert why.never == "it asks for 6 cores, and the largest node has 4 cores"
    assert why.remedies[0].steps[0].kind == "enlarge"


def test_a_task_that_fits_now_says_where() -> None:
    why = why_waiting(snapshot(node("a"), node("b", is_cordoned=True), task("new")), "shop/new")
    assert why.fits_now == ("a",)
    assert why.never == ""


def test_the_time_waited_and_the_words_of_the_system_are_kept() -> None:
    waiting = task("new", created_at=NOW - timedelta(minutes=5), pending_reason="0/1 nodes are available")
    why = why_waiting(snapshot(node("a"), waiting), "shop/new")
    assert why.seconds == 300
    assert why.system_reason == "0/1 nodes are available"


def test_remedies_that_only_move_tasks_come_before_those_that_change_constraints() -> None:
    tainted = node("t", taints=(Taint(key="gpu", effect="NoSchedule"),))
    cluster = snapshot(tainted, node("a"), node("b"), task("1", "a", 3.5), task("2", "b", 2.0), task("new", cpu=2.5))
    kinds = [r.steps[0].kind for r in why_waiting(cluster, "shop/new").remedies]
    assert kinds == ["free", "free", "allow"]


def test_nodes_that_need_the_same_are_told_together() -> None:
    tainted = [node(name, taints=(Taint(key="gpu", effect="NoSchedule"),)) for name in "tuv"]
    cluster = snapshot(node("a"), *tainted, task("1", "a", 3.5), task("new", cpu=2.5))
    free, allow = why_waiting(cluster, "shop/new").remedies
    assert (free.node_id, free.likewise) == ("a", ())
    assert (allow.node_id, allow.likewise) == ("t", ("u", "v"))
    assert allow.sense == ("let shop/new tolerate gpu, or remove the taint from it",)
    large = why_waiting(
        snapshot(node("a"), node("b", allocatable={"cpu": 3.0}), task("big", cpu=6.0)), "shop/big"
    ).remedies
    assert [(r.node_id, r.likewise, r.sense) for r in large] == [("a", ("b",), ("a node with 6 cores",))]
    closed = why_waiting(snapshot(node("a"), node("b", is_cordoned=True), task("big", cpu=6.0)), "shop/big").remedies
    assert [r.node_id for r in closed] == ["a"]  # a larger node is enough


def test_why_not_names_every_change_that_a_node_needs() -> None:
    cordoned = node("c", is_cordoned=True, taints=(Taint(key="gpu", effect="NoSchedule"),))
    cluster = snapshot(node("a"), cordoned, task("1", "a"))
    remedy = why_not(cluster, "shop/1", "c")
    assert [s.kind for s in remedy.steps] == ["allow", "allow"]
    assert "uncordon c" in [s.text for s in remedy.steps]


def test_why_not_needs_nothing_where_the_task_would_fit_and_leaves_the_room_as_it_was() -> None:
    cluster = snapshot(node("a"), node("b"), task("1", "a"))
    room = Room(cluster)
    assert why_not(cluster, "shop/1", "b", room=room).steps == ()
    assert room.node_of("shop/1") == "a"
    assert room.free("a")["cpu"] == 3.0


def test_maintenance_says_when_it_ends() -> None:
    window = (NOW - timedelta(hours=1), NOW + timedelta(hours=1), "firmware")
    cluster = snapshot(node("a", maintenance=(window,)), task("1"))
    assert why_not(cluster, "shop/1", "a").steps[0].text == "wait until firmware on a ends at 2026-01-01 13:00 UTC"


@pytest.mark.parametrize(
    ("task_id", "message"),
    [("shop/2", "no task 'shop/2'"), ("shop/1", "does not wait: it is running on a"), ("1", "did you mean shop/1")],
)
def test_names_that_are_wrong_are_refused_with_those_that_are_near(task_id: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        why_waiting(snapshot(node("a"), task("1", "a")), task_id)
