"""A live cluster is read by lists alone, page by page, and what is refused is noted or ends in one error."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from aurora.cluster.readers.kubernetes import live, read_kubernetes, read_live
from aurora.cluster.readers.kubernetes.connection import connect
from aurora.cluster.snapshot import Snapshot
from aurora.errors import DataError, FileError, InputError
from tests.cluster import kubernetes_api
from tests.cluster.kubernetes_objects import shop_cluster
from tests.cluster.readers.kubernetes_objects import controlled_by, node, pod, write
from tests.cluster.readers.listing_server import ListingServer, serving, write_kubeconfig

NODES, PODS = "/api/v1/nodes", "/api/v1/pods"


@pytest.fixture
def server() -> Iterator[ListingServer]:
    with serving() as running:
        running.lists[NODES] = [node("a"), node("b")]
        running.lists[PODS] = [pod(f"p{k}", "ab"[k % 2]) for k in range(7)]
        yield running


@pytest.fixture
def kubeconfig(tmp_path: Path, server: ListingServer) -> Path:
    return write_kubeconfig(tmp_path / "config", server.port)


def notes(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    return {n.code: n.subjects for n in snapshot.notes}


def test_a_live_cluster_reads_as_its_lists_do(server: ListingServer, kubeconfig: Path, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    snapshot = read_live(kubeconfig=kubeconfig)
    listed = read_kubernetes([write(tmp_path / "c.json", *server.lists[NODES], *server.lists[PODS])])
    assert (snapshot.nodes, snapshot.tasks, snapshot.workloads) == (listed.nodes, listed.tasks, listed.workloads)
    assert snapshot.snapshot_id == "test"
    assert before - timedelta(seconds=1) <= snapshot.taken_at <= datetime.now(UTC)
    assert snapshot.sources[0].origin == f"test at http://127.0.0.1:{server.port}, Kubernetes v1.33.2"
    assert "no-metrics" in notes(snapshot)
    assert "deployments" in notes(snapshot)["kinds-absent"]
    assert "rollouts" not in notes(snapshot)["kinds-absent"]


def test_lists_come_in_pages(server: ListingServer, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAGE", 3)
    assert len(read_live(kubeconfig=kubeconfig).tasks) == 7
    asked = [query for _, path, query, _ in server.requests if path == PODS]
    assert asked == [{"limit": "3"}, {"limit": "3", "continue": "3"}, {"limit": "3", "continue": "6"}]


def test_a_list_that_expired_is_read_anew(
    server: ListingServer, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PAGE", 3)
    server.refusals[PODS] = [200, 410, 200]
    snapshot = read_live(kubeconfig=kubeconfig)
    assert len(snapshot.tasks) == 7
    assert notes(snapshot)["list-expired"] == ("pods",)
    server.refusals[PODS] = [410]
    with pytest.raises(DataError, match="forgets the list /api/v1/pods"):
        read_live(kubeconfig=kubeconfig)


def test_kinds_that_are_forbidden_are_noted(server: ListingServer, kubeconfig: Path) -> None:
    server.refusals["/apis/policy/v1/poddisruptionbudgets"] = [403]
    server.refusals["/apis/apps/v1/replicasets"] = [500]
    snapshot = read_live(kubeconfig=kubeconfig)
    assert notes(snapshot)["kinds-forbidden"] == ("poddisruptionbudgets",)
    assert notes(snapshot)["kinds-refused"] == ("replicasets",)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (NODES, 403, "refuses the list of nodes .403.*cannot list.*right to list nodes and pods"),
        (PODS, 403, "refuses the list of pods .403"),
        (PODS, 401, "does not know who asks .401"),
        (NODES, 500, "answers 500 to /api/v1/nodes"),
    ],
)
def test_without_nodes_or_pods_there_is_no_snapshot(
    server: ListingServer, kubeconfig: Path, path: str, status: int, message: str
) -> None:
    server.refusals[path] = [status]
    with pytest.raises(DataError, match=message):
        read_live(kubeconfig=kubeconfig)


def test_only_lists_are_requested_and_as_the_user_that_is_named(server: ListingServer, kubeconfig: Path) -> None:
    read_live(kubeconfig=kubeconfig, as_user="system:serviceaccount:ops:reader")
    assert {user for *_, user in server.requests} == {"system:serviceaccount:ops:reader"}
    assert {method for method, *_ in server.requests} == {"GET"}


def test_namespaces_limit_what_is_listed(server: ListingServer, kubeconfig: Path) -> None:
    server.lists["/api/v1/namespaces/shop/pods"] = server.lists[PODS][:2]
    server.lists["/api/v1/namespaces/data/pods"] = []
    snapshot = read_live(kubeconfig=kubeconfig, namespaces=["shop", "data"])
    assert len(snapshot.tasks) == 2
    assert "some-namespaces" in notes(snapshot)
    assert PODS not in {path for _, path, _, _ in server.requests}
    with pytest.raises(InputError, match=r"namespaces='../x'"):
        read_live(kubeconfig=kubeconfig, namespaces=["../x"])


def test_metrics_give_the_use_of_nodes_and_pods(server: ListingServer, kubeconfig: Path) -> None:
    use = {"timestamp": "2026-11-01T12:00:00Z", "window": "20s"}
    server.lists["/apis/metrics.k8s.io/v1beta1/nodes"] = [
        {"metadata": {"name": "a"}, "usage": {"cpu": "1250m", "memory": "4Gi"}, **use}
    ]
    containers = [{"name": c, "usage": {"cpu": "50m", "memory": "64Mi"}} for c in ("main", "side")]
    server.lists["/apis/metrics.k8s.io/v1beta1/pods"] = [
        {"metadata": {"name": "p0", "namespace": "shop"}, "containers": containers, **use}
    ]
    snapshot = read_live(kubeconfig=kubeconfig)
    assert snapshot.nodes_by_id["a"].used == {"cpu": 1.25, "memory": 4.0}
    assert snapshot.nodes_by_id["b"].used == {}
    assert snapshot.tasks_by_id["shop/p0"].used == {"cpu": 0.1, "memory": 0.125}
    assert "no-metrics" not in notes(snapshot)


def test_owners_are_found_whatever_the_order_of_lists(server: ListingServer, kubeconfig: Path) -> None:
    replicas = {
        "metadata": {"name": "web-x", "namespace": "shop", "ownerReferences": controlled_by("Deployment", "web")}
    }
    server.lists["/apis/apps/v1/replicasets"] = [replicas]
    server.lists[PODS] = [pod("web-x-1", "a", ownerReferences=controlled_by("ReplicaSet", "web-x"))]
    assert read_live(kubeconfig=kubeconfig).tasks[0].workload_id == "shop/Deployment/web"


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[]", b'{"kind": "NodeList", "items": 7}', b'{"a": '])
def test_what_is_no_list_is_refused(server: ListingServer, kubeconfig: Path, body: bytes) -> None:
    server.raw[NODES] = body
    with pytest.raises(DataError, match=r"Kubernetes API"):
        read_live(kubeconfig=kubeconfig)


def test_a_cluster_that_is_not_there_ends_in_one_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"can't be reached.*is the cluster up"):
        read_live(kubeconfig=write_kubeconfig(tmp_path / "config", 1))


def test_kubeconfigs_that_can_not_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = write_kubeconfig(tmp_path / "config", 1, context="prod")
    with pytest.raises(InputError, match=r"context='dev': .* has no such context; it has prod"):
        read_live("dev", kubeconfig=good)
    with pytest.raises(FileError, match="there is no kubeconfig at"):
        read_live(kubeconfig=tmp_path / "none")
    (tmp_path / "bad").write_text("clusters: [")
    with pytest.raises(DataError, match="no kubeconfig"):
        read_live(kubeconfig=tmp_path / "bad")
    (tmp_path / "empty").write_text("apiVersion: v1\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "empty"))
    with pytest.raises(DataError, match="can't be used"):
        read_live()
    with pytest.raises(InputError, match="as_user"):
        read_live(kubeconfig=good, as_user="a\nb")


def test_the_kubeconfig_is_not_written_to(server: ListingServer, kubeconfig: Path) -> None:
    before = kubeconfig.read_bytes()
    read_live(kubeconfig=kubeconfig)
    assert kubeconfig.read_bytes() == before


def test_the_stateful_server_of_plans_is_read(tmp_path: Path) -> None:
    with kubernetes_api.serving(shop_cluster()) as running:
        snapshot = read_live(kubeconfig=write_kubeconfig(tmp_path / "config", int(running.url.rpartition(":")[2])))
        assert not [c for c in running.cluster.changes if not c.startswith("GET")]
    assert snapshot.nodes and snapshot.tasks and snapshot.workloads
    assert all(t.workload_id in snapshot.workloads_by_id for t in snapshot.tasks if t.workload_id is not None)


def test_within_a_cluster_the_service_account_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes.config import incluster_config

    for name in ("token", "ca.crt"):
        (tmp_path / name).write_text("content")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setattr("kubernetes.client.ApiClient", lambda settings: SimpleNamespace(configuration=settings))
    connection = connect()
    assert (connection.context, connection.host) == ("in-cluster", "https://10.96.0.1:443")
    (tmp_path / "token").unlink()
    with pytest.raises(DataError, match="service account of this pod can't be used"):
        connect()
