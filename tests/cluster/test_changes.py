"""A change makes exactly what it says, its inverse restores what was, and a wrong name is answered with the nearest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.cluster.changes import (
    AddNodes,
    Change,
    Cordon,
    Drain,
    Evict,
    Load,
    Move,
    NodeFails,
    Place,
    Price,
    RemoveNode,
    Resize,
    Scale,
    Uncordon,
    apply_change,
    apply_changes,
    change_text,
    expand,
    inverse,
    inverses,
    is_what_if,
    parse_change,
)
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from tests.cluster.clusters import shop

WEB = "shop/Deployment/web"


def _on(snapshot: Snapshot, node: str) -> set[str]:
    return {t.task_id for t in snapshot.tasks_by_node[node]}


def test_a_pending_task_is_placed_and_taken_back() -> None:
    before, change = shop(), Place(task_id="shop/batch-1", node_id="b")
    after = apply_change(before, change)
    assert after.tasks_by_id["shop/batch-1"].node_id == "b"
    assert after.tasks_by_id["shop/batch-1"].state == "running"
    assert apply_changes(after, inverse(before, change)) == before


def test_a_drain_moves_what_it_names_evicts_the_rest_and_leaves_daemons() -> None:
    before = shop()
    drain = Drain(node_id="a", onto={"shop/web-1": "b"})
    assert [change_text(c) for c in expand(before, drain)] == [
        "cordon a",
        "move shop/web-1 to b",
        "evict shop/web-2",
        "evict shop/db-0",
    ]
    after = apply_change(before, drain)
    assert after.nodes_by_id["a"].is_cordoned
    assert _on(after, "a") == {"shop/log-a"}
    assert after.tasks_by_id["shop/web-2"].state == "pending"
    assert apply_changes(after, inverse(before, drain)) == before


def test_lookups_of_the_new_snapshot_are_its_own() -> None:
    before = shop()
    assert before.nodes_by_id["a"].is_cordoned is False  # now cached
    assert apply_change(before, Cordon(node_id="a")).nodes_by_id["a"].is_cordoned


def test_an_evicted_pod_that_nothing_makes_again_has_failed() -> None:
    assert apply_change(shop(), Evict(task_id="shop/bare")).tasks_by_id["shop/bare"].state == "failed"
    assert inverse(shop(), Evict(task_id="shop/bare")) == ()


def test_scaling_adds_pending_tasks_and_takes_away_where_most_are() -> None:
    more = apply_change(shop(), Scale(workload_id=WEB, replicas=5))
    assert {t.task_id for t in more.tasks if t.workload_id == WEB and t.state == "pending"} == {
        "shop/web-added-1",
        "shop/web-added-2",
    }
    fewer = apply_change(shop(), Scale(workload_id=WEB, replicas=2))
    assert {t.task_id for t in fewer.tasks if t.workload_id == WEB} == {"shop/web-1", "shop/web-3"}
    assert inverse(shop(), Scale(workload_id=WEB, replicas=5)) == (Scale(workload_id=WEB, replicas=3),)


def test_a_resize_changes_the_named_resources_of_the_workload_and_its_tasks() -> None:
    before = shop()
    change = Resize(workload_id=WEB, container="app", requests={"cpu": 0.25}, limits={"cpu": 1.0, "memory": None})
    after = apply_change(before, change)
    task = after.tasks_by_id["shop/web-1"]
    assert task.requests == {"cpu": 0.25, "memory": 1.0}
    assert task.limits == {"cpu": 1.0}
    assert after.workloads_by_id[WEB].containers[0].requests == {"cpu": 0.25, "memory": 1.0}
    assert apply_changes(after, inverse(before, change)) == before


def test_a_request_above_the_limit_is_refused() -> None:
    with pytest.raises(InputError, match=r"memory of 3 GiB is above the limit of 2 GiB"):
        apply_change(shop(), Resize(workload_id=WEB, container="app", requests={"memory": 3.0}, limits={}))


def test_what_ifs() -> None:
    before = shop()
    failed = apply_change(before, NodeFails(node_id="b"))
    assert not failed.nodes_by_id["b"].is_ready
    assert not _on(failed, "b")
    grown = apply_change(before, AddNodes(like="a", count=2))
    assert [n.node_id for n in grown.nodes] == ["a", "b", "c", "a-added-1", "a-added-2"]
    assert _on(grown, "a-added-1") == {"shop/log-a-a-added-1"}
    removed = apply_change(before, RemoveNode(node_id="b"))
    assert "shop/log-b" not in removed.tasks_by_id
    assert removed.tasks_by_id["shop/web-3"].state == "pending"
    loaded = apply_change(before, Load(factor=2, workload_id=WEB, of="requests"))
    assert loaded.tasks_by_id["shop/web-1"].requests == {"cpu": 1.0, "memory": 2.0}
    assert loaded.tasks_by_id["shop/api-1"] == before.tasks_by_id["shop/api-1"]
    assert apply_change(before, Price(factor=1.5)).nodes_by_id["a"].price_per_hour == pytest.approx(0.3)


@pytest.mark.parametrize("change", [NodeFails(node_id="a"), AddNodes(like="a"), Load(factor=2), Price(factor=2)])
def test_what_ifs_have_no_inverse(change: Change) -> None:
    assert is_what_if(change)
    with pytest.raises(InputError, match="what-if"):
        inverse(shop(), change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Place(task_id="shop/batch", node_id="a"), "task_id='shop/batch': no such task; nearest: shop/batch-1"),
        (Place(task_id="shop/web-1", node_id="b"), "it is running on a; only a pending task"),
        (Move(task_id="shop/web-1", node_id="z"), "node_id='z': no such node"),
        (Move(task_id="shop/web-1", node_id="a"), "runs there already"),
        (Move(task_id="shop/log-a", node_id="b"), "it is daemon and stays"),
        (Evict(task_id="shop/batch-1"), "on no node"),
        (Drain(node_id="a", onto={"shop/api-1": "b"}), "does not leave a in a drain"),
        (Scale(workload_id="shop/Deployment/wob", replicas=1), "nearest: shop/Deployment/web"),
        (Scale(workload_id="shop/DaemonSet/log", replicas=1), "DaemonSet"),
        (Resize(workload_id=WEB, container="ap", requests={"cpu": 1}, limits={}), "no such container .*nearest: app"),
        (AddNodes(like="aa"), "like='aa': no such node"),
    ],
)
def test_a_change_that_does_not_fit_names_the_field_and_the_nearest(change: Change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        apply_change(shop(), change)


def test_a_change_is_read_by_its_kind() -> None:
    assert parse_change({"kind": "scale", "workload_id": WEB, "replicas": 2}) == Scale(workload_id=WEB, replicas=2)
    with pytest.raises(InputError, match="change"):
        parse_change({"kind": "explode", "node_id": "a"})
    with pytest.raises(InputError, match="replicas"):
        parse_change({"kind": "scale", "workload_id": WEB, "replicas": -1})


_MADE_AGAIN = [t.task_id for t in shop().tasks if t.task_id != "shop/bare"]
_CHANGES = st.one_of(
    st.sampled_from(["a", "b", "c"]).map(lambda n: Cordon(node_id=n)),
    st.sampled_from(["a", "b", "c"]).map(lambda n: Uncordon(node_id=n)),
    st.sampled_from(["a", "c"]).map(lambda n: Drain(node_id=n)),
    st.tuples(st.sampled_from(_MADE_AGAIN), st.sampled_from(["a", "b", "c"])).map(
        lambda p: Move(task_id=p[0], node_id=p[1])
    ),
    st.sampled_from(["shop/web-1", "shop/db-0", "shop/batch-1"]).map(lambda t: Evict(task_id=t)),
    st.floats(0.1, 1.0).map(lambda x: Resize(workload_id=WEB, container="app", requests={"cpu": x}, limits={})),
)


@given(st.lists(_CHANGES, max_size=6))
def test_inverses_restore_the_snapshot(changes: list[Change]) -> None:
    before = shop()
    made: list[Change] = []
    for change in changes:
        try:
            apply_changes(before, [*made, change])
        except InputError:
            continue
        made.append(change)
    after = apply_changes(before, made)
    restored = apply_changes(after, inverses(before, made))
    assert restored.nodes == before.nodes
    assert restored.workloads == before.workloads
    assert [(t.task_id, t.state, t.node_id) for t in restored.tasks] == [
        (t.task_id, t.state, t.node_id) for t in before.tasks
    ]
