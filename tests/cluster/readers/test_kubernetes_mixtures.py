"""Two clusters, two times, wrong clocks: what is mixed is refused or mended, and always said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aurora.cluster.readers.kubernetes import read_kubernetes
from aurora.cluster.snapshot import Snapshot
from aurora.errors import DataError
from tests.cluster.readers.kubernetes_objects import node, pod, write


def codes(snapshot: Snapshot) -> set[str]:
    return {n.code for n in snapshot.notes}


def test_nodes_of_one_name_and_two_uids_are_two_clusters(tmp_path: Path) -> None:
    first = write(tmp_path / "one.json", node("a"), pod("p", "a"))
    second = write(tmp_path / "two.json", node("a", uid="other"))
    with pytest.raises(DataError, match=r"Node a has two uids, in .*one\.json and in .*two\.json: these are two clus"):
        read_kubernetes([first, second])


def test_files_with_nodes_and_pods_of_their_own_are_two_clusters(tmp_path: Path) -> None:
    first = write(tmp_path / "one.json", node("a"), pod("p", "a"))
    second = write(tmp_path / "two.json", node("b"), pod("q", "b"))
    with pytest.raises(DataError, match="no pod of one is on a node of the other"):
        read_kubernetes([first, second])


def test_nodes_in_files_of_their_own_are_one_cluster(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{n}.json", node(n)) for n in "ab"]
    files.append(write(tmp_path / "pods.json", pod("p", "a"), pod("q", "b")))
    snapshot = read_kubernetes(files)
    assert len(snapshot.nodes) == 2
    assert "nodes-from-several-files" in codes(snapshot)
    assert [s.facts for s in snapshot.sources] == [("Node",), ("Node",), ("Pod",)]


def test_most_pods_on_other_nodes_are_of_another_cluster(tmp_path: Path) -> None:
    items = [node("a"), pod("p", "a"), pod("q", "x"), pod("r", "x")]
    with pytest.raises(DataError, match="2 of 3 pods run on nodes that are not listed, such as x"):
        read_kubernetes([write(tmp_path / "c.json", *items)])


def test_a_pod_on_a_node_that_has_gone_is_left_out(tmp_path: Path) -> None:
    snapshot = read_kubernetes([write(tmp_path / "c.json", node("a"), pod("p", "a"), pod("q", "gone"), pod("r", "a"))])
    assert {t.task_id for t in snapshot.tasks} == {"shop/p", "shop/r"}
    found = next(n for n in snapshot.notes if n.code == "node-not-listed")
    assert (found.kind, found.count, found.subjects) == ("repaired", 1, ("shop/q",))


def test_what_is_listed_twice_is_read_once(tmp_path: Path) -> None:
    first = write(tmp_path / "one.json", node("a"), pod("p", "a"))
    again = write(tmp_path / "two.json", node("a"), pod("p", "a"))
    snapshot = read_kubernetes([first, again])
    assert (len(snapshot.nodes), len(snapshot.tasks)) == (1, 1)
    assert "listed-twice" in codes(snapshot)


def test_of_a_pod_that_was_replaced_between_two_lists_the_later_one_counts(tmp_path: Path) -> None:
    early = pod("db-0", "a", creationTimestamp="2026-11-01T08:00:00Z")
    late = pod("db-0", "b", creationTimestamp="2026-11-01T09:00:00Z") | {}
    late["metadata"] = {**late["metadata"], "uid": "second"}
    for pair in ((early, late), (late, early)):
        snapshot = read_kubernetes([write(tmp_path / "c.json", node("a"), node("b"), *pair)])
        assert snapshot.tasks[0].node_id == "b"
        assert "replaced-between-lists" in codes(snapshot)


def test_kubelets_of_versions_far_apart_are_noted(tmp_path: Path) -> None:
    snapshot = read_kubernetes([write(tmp_path / "c.json", node("a", version="v1.19.3"), node("b"), pod("p", "a"))])
    assert "versions-far-apart" in codes(snapshot)


def test_a_snapshot_from_the_future_counts_as_taken_now(tmp_path: Path) -> None:
    path = write(tmp_path / "c.json", node("a"), pod("p", "a"))
    before = datetime(2026, 10, 1, tzinfo=UTC)
    snapshot = read_kubernetes([path], now=before)
    assert snapshot.taken_at == before
    found = next(n for n in snapshot.notes if n.code == "in-the-future")
    assert "2026-11-01T12:00:00Z" in found.message
    assert "in-the-future" not in codes(read_kubernetes([path], now=datetime(2026, 11, 1, 11, 57, tzinfo=UTC)))


def test_without_times_it_counts_as_taken_when_read(tmp_path: Path) -> None:
    bare = node("a")
    bare["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    now = datetime(2026, 12, 1, tzinfo=UTC)
    snapshot = read_kubernetes([write(tmp_path / "c.json", bare, pod("p", "a"))], now=now)
    assert snapshot.taken_at == now
    assert "no-times" in codes(snapshot)


def test_ten_thousand_levels_end_in_one_error(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text('{"kind":"Node","apiVersion":"v1","metadata":{"name":"a","labels":' + "[" * 10_000)
    with pytest.raises(DataError, match="nested too deeply"):
        read_kubernetes([path])
    path.write_text('{"kind":"Node","apiVersion":"v1","metadata":{"name":"a","labels":' + "[" * 90 + "]" * 90 + "}}")
    with pytest.raises(DataError, match="nested too deeply"):
        read_kubernetes([path])
