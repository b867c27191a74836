"""Tasks move to named nodes, away from nodes, and out of the way of others; nodes near maintenance come last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aurora.cluster.changes import Drain, Move, Place, Uncordon, apply_changes
from aurora.cluster.clear_placement import choices_of, place_in_turn
from aurora.cluster.clearances import maintenance_before_end
from aurora.cluster.explanation import explain
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.making import make_plan
from aurora.cluster.plans.moves import propose_away, propose_remedy
from aurora.cluster.plans.proposals import propose_drain, propose_placements
from aurora.cluster.plans.validation import validate
from aurora.cluster.samples import load_sample
from aurora.cluster.snapshot import Snapshot, Task
from aurora.cluster.waiting import why_waiting
from aurora.errors import InputError
from tests.cluster.clusters import NOW, node, shop, snapshot, task

SOON = (NOW + timedelta(minutes=40), NOW + timedelta(hours=2), "kernel")
LATER = (NOW + timedelta(hours=5), NOW + timedelta(hours=6), "disks")


def _goes_to(cluster: Snapshot, drained: str = "a") -> dict[str, str]:
    (proposal,) = propose_drain(cluster, drained).proposals
    assert isinstance(proposal.change, Drain)
    return {t.removeprefix("shop/"): n for t, n in proposal.change.onto.items()}


def _ending(name: str, minutes: float, on: str | None = "a", **fields: object) -> Task:
    return task(name, on, workload_id="shop/Deployment/w", ends_at=NOW + timedelta(minutes=minutes), **fields)


def test_a_drain_prefers_healthy_nodes_then_later_maintenance_then_nodes_near_it() -> None:
    """Every target has room for one task of 3 of its 4 cores; the first task goes to the best kind of node."""
    tasks = [_ending(f"{k}", 60 * 24, cpu=3.0) for k in (1, 2, 3)]
    targets = (node("near", maintenance=(SOON,)), node("healthy"), node("later", maintenance=(LATER,)))
    big = node("a", allocatable={"cpu": 9.0})
    ends_before = [t.model_copy(update={"ends_at": NOW + timedelta(hours=4)}) for t in tasks]
    assert list(_goes_to(snapshot(big, *targets, *ends_before[:1])).values()) == ["healthy"]
    assert set(_goes_to(snapshot(big, *targets, *ends_before[:2])).values()) == {"healthy", "later"}
    assert set(_goes_to(snapshot(big, *targets, *ends_before)).values()) == {"healthy", "later", "near"}


def test_maintenance_counts_by_the_end_of_the_task_where_that_is_known() -> None:
    cluster = snapshot(node("a"), node("m", maintenance=(SOON,)), _ending("short", 30), _ending("long", 60))
    short, long = cluster.tasks
    assert maintenance_before_end(cluster, short, "m") is None
    assert maintenance_before_end(cluster, long, "m") == SOON[::2]
    unknown = task("unknown", "a")
    assert maintenance_before_end(cluster, unknown, "m") == SOON[::2]
    far = snapshot(node("m", maintenance=(LATER,)))
    assert maintenance_before_end(far, unknown, "m") is None
    queued = unknown.model_copy(update={"time_limit": 6 * 3600.0})
    assert maintenance_before_end(far, queued, "m") == LATER[::2]


def test_a_node_near_maintenance_is_a_risk_of_the_plan_and_of_its_explanation() -> None:
    cluster = snapshot(node("a"), node("m", maintenance=(SOON,)), task("1", "a", workload_id="shop/Deployment/w"))
    plan = make_plan(cluster, propose_drain(cluster, "a").proposals, at=NOW)
    assert [c.change.kind for c in plan.changes] == ["cordon", "move"]
    (risk,) = [r for r in plan.risks if r.code == "maintenance ahead"]
    assert risk.subjects == ("shop/1 (m, from 2026-01-01 12:40 UTC: kernel)",)
    explained = explain(plan, cluster)
    assert not explained.dropped
    assert "a node near maintenance takes shop/1 (m, from 2026-01-01 12:40 UTC: kernel)" in explained.text
    assert "no other node fits" in explained.text


def test_a_node_under_maintenance_takes_nothing() -> None:
    now = (NOW - timedelta(hours=1), NOW + timedelta(hours=1), "disks")
    cluster = snapshot(node("a"), node("m", maintenance=(now,)), task("1", "a", workload_id="shop/Deployment/w"))
    proposed = propose_drain(cluster, "a")
    assert proposed.remarks[0].startswith("shop/1 is evicted and waits: 0 of 2 nodes fit")


def test_a_waiting_job_that_ends_before_the_maintenance_is_placed_and_a_longer_one_is_not() -> None:
    node_m = node("m", maintenance=(SOON,))
    short = task("short", time_limit=1800.0)
    long = task("long", time_limit=7200.0)
    proposed = propose_placements(snapshot(node_m, short, long))
    assert [p.change for p in proposed.proposals] == [Place(task_id="shop/short", node_id="m")]
    assert proposed.remarks == ("shop/long waits: 0 of 1 nodes fit: 1 maintenance",)


def test_placing_in_turn_keeps_each_task_once() -> None:
    cluster = load_sample("web-shop")
    choices = choices_of(place_in_turn(cluster))
    waiting = [t.task_id for t in cluster.tasks if t.state == "pending" and t.node_id is None]
    assert sorted(c.task_id for c in choices) == sorted(waiting)


def test_tasks_move_away_and_their_node_stays_open() -> None:
    found = propose_away(shop(), ["shop/web-1", "a"])
    plan = make_plan(shop(), found.proposals, at=NOW)
    moved = {c.change.task_id for c in plan.changes if isinstance(c.change, Move)}
    assert moved == {"shop/web-1", "shop/web-2", "shop/db-0"}
    after = apply_changes(shop(), [c.change for c in plan.changes])
    assert not after.nodes_by_id["a"].is_cordoned
    assert {after.tasks_by_id[t].node_id for t in moved} == {"b"}
    assert found.proposals[0].reason == "away from a, to the best node by least_allocated"


@pytest.mark.parametrize(
    ("name", "message"), [("shop/log-a", "is daemon"), ("shop/batch-1", "is pending"), ("web", "no such task or node")]
)
def test_what_can_not_move_away_is_named(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        propose_away(shop(), [name])


def test_what_fits_nowhere_else_stays_and_is_said() -> None:
    cluster = snapshot(node("a"), node("b"), task("1", "a", cpu=4.0), task("2", "b", cpu=2.0))
    found = propose_away(cluster, ["shop/1"])
    assert found.proposals == ()
    assert found.remarks[0].startswith("shop/1 stays on a: 0 of 2 nodes fit")


# Remedies


def test_the_remedy_of_a_waiting_task_is_a_plan_that_holds() -> None:
    cluster = load_sample("web-shop")
    why = why_waiting(cluster, "shop/fraud-scoring-7903f034-b2996")
    first = why.remedies[0]
    assert first.command(why.task_id) == f"aurora plan new SNAPSHOT --remedy {why.task_id}={first.node_id}"
    plan = make_plan(cluster, propose_remedy(cluster, why.task_id).proposals)
    assert validate(plan, cluster) == ()
    after = apply_changes(cluster, [c.change for c in plan.changes])
    assert after.tasks_by_id[why.task_id].node_id == first.node_id


def test_a_cordoned_node_is_opened_and_a_running_task_moves_to_the_node_that_is_named() -> None:
    cluster = snapshot(node("a"), node("b", is_cordoned=True), task("new", cpu=4.0), task("1", "a"))
    changes = [p.change for p in propose_remedy(cluster, "shop/new", "b").proposals]
    assert changes == [Uncordon(node_id="b"), Place(task_id="shop/new", node_id="b")]
    changes = [p.change for p in propose_remedy(cluster, "shop/1", "b").proposals]
    assert changes == [Uncordon(node_id="b"), Move(task_id="shop/1", node_id="b")]
    with pytest.raises(InputError, match="name the node"):
        propose_remedy(cluster, "shop/1")


def test_a_task_that_fits_goes_to_the_node_that_the_policy_prefers() -> None:
    cluster = snapshot(node("a"), node("b"), task("1", "a"), task("new"))
    (proposal,) = propose_remedy(cluster, "shop/new", policy=DEFAULT_POLICY).proposals
    assert proposal.change == Place(task_id="shop/new", node_id="b")


def test_what_no_plan_can_do_is_said() -> None:
    cluster = snapshot(node("a"), task("big", cpu=9.0))
    assert why_waiting(cluster, "shop/big").remedies[0].command("shop/big") is None
    with pytest.raises(InputError, match="no plan can do what shop/big needs: a node with 9 cores"):
        propose_remedy(cluster, "shop/big")
