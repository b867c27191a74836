"""The fake API server answers kubectl and the official client as Kubernetes does where safety rests on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.kubernetes_api import Server, serving
from tests.cluster.kubernetes_objects import Cluster, kubernetes_validate, shop_cluster

KUBECTL = shutil.which("kubectl")
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
WEB = "/apis/apps/v1/namespaces/shop/deployments/web"


@pytest.fixture
def cluster() -> Cluster:
    return shop_cluster()


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Server]:
    with serving(cluster, is_ticking=False) as running:
        yield running


def _kubectl(server: Server, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    assert KUBECTL is not None
    environment = {**os.environ, "HOME": str(folder), "KUBECONFIG": str(folder / "none")}
    command = [KUBECTL, f"--server={server.url}", f"--cache-dir={folder}", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


@needs_kubectl
def test_kubectl_reads_lists_and_objects(server: Server, tmp_path: Path) -> None:
    found = _kubectl(server, tmp_path, "get", "nodes,pods", "-A", "-o", "json")
    assert found.returncode == 0, found.stderr
    kinds = [item["kind"] for item in json.loads(found.stdout)["items"]]
    assert (kinds.count("Node"), kinds.count("Pod")) == (3, 5)
    found = _kubectl(server, tmp_path, "get", "deployment", "web", "-n", "shop", "-o", "jsonpath={.spec.replicas}")
    assert found.stdout == "3"


@needs_kubectl
def test_kubectls_dry_runs_change_nothing(server: Server, cluster: Cluster, tmp_path: Path) -> None:
    before = json.dumps(cluster.get("deployments", "shop", "web"))
    scaled = _kubectl(server, tmp_path, "scale", "deployment/web", "-n", "shop", "--replicas=5", "--dry-run=server")
    assert scaled.returncode == 0, scaled.stderr
    body = '{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"app:2"}]}}}}'
    words = ("patch", "deployment", "web", "-n", "shop", "-p", body, "--dry-run=server", "-o", "json")
    patched = _kubectl(server, tmp_path, *words)
    assert patched.returncode == 0, patched.stderr
    containers = json.loads(patched.stdout)["spec"]["template"]["spec"]["containers"]
    assert [(c["name"], c["image"]) for c in containers] == [("app", "app:2"), ("proxy", "proxy:1")]
    assert json.dumps(cluster.get("deployments", "shop", "web")) == before
    assert not cluster.changes


@needs_kubectl
def test_kubectl_scales_patches_cordons_and_drains(server: Server, cluster: Cluster, tmp_path: Path) -> None:
    assert _kubectl(server, tmp_path, "scale", "deployment/web", "-n", "shop", "--replicas=4").returncode == 0
    assert cluster.get("deployments", "shop", "web")["spec"]["replicas"] == 4
    assert cluster.get("deployments", "shop", "web")["metadata"]["generation"] == 2
    assert _kubectl(server, tmp_path, "cordon", "a").returncode == 0
    assert cluster.get("nodes", "", "a")["spec"]["unschedulable"] is True
    drained = _kubectl(server, tmp_path, "drain", "a", "--timeout=5s", "--force", "--ignore-daemonsets")
    assert drained.returncode == 0, drained.stderr
    assert all(p["spec"].get("nodeName") != "a" for p in cluster.all("pods"))
    assert any(change.endswith("/eviction") for change in cluster.changes)


@needs_kubectl
@pytest.mark.skipif(kubernetes_validate is None, reason="kubernetes-validate is not installed")
def test_kubectl_is_told_of_an_unknown_field(server: Server, tmp_path: Path) -> None:
    refused = _kubectl(server, tmp_path, "patch", "deployment", "web", "-n", "shop", "-p", '{"spec":{"replica":5}}')
    assert refused.returncode == 1
    assert "is invalid" in refused.stderr
    assert "replica" in refused.stderr


@pytest.fixture
def client(server: Server) -> Any:
    kubernetes = pytest.importorskip("kubernetes")
    return kubernetes.client.ApiClient(kubernetes.client.Configuration(host=server.url))


def test_the_official_client_lists_in_pages_patches_and_meets_conflicts(client: Any, cluster: Cluster) -> None:
    from kubernetes.client import AppsV1Api, CoreV1Api
    from kubernetes.client.exceptions import ApiException

    core, apps = CoreV1Api(client), AppsV1Api(client)
    page = core.list_pod_for_all_namespaces(limit=2)
    names = [p.metadata.name for p in page.items]
    while page.metadata.var_continue if hasattr(page.metadata, "var_continue") else page.metadata._continue:
        token = page.metadata.var_continue if hasattr(page.metadata, "var_continue") else page.metadata._continue
        page = core.list_pod_for_all_namespaces(limit=2, _continue=token)
        names += [p.metadata.name for p in page.items]
    assert sorted(names) == sorted(p["metadata"]["name"] for p in cluster.all("pods"))
    old = apps.read_namespaced_deployment("web", "shop").metadata.resource_version
    apps.patch_namespaced_deployment("web", "shop", {"spec": {"replicas": 4}})
    with pytest.raises(ApiException) as conflict:
        apps.patch_namespaced_deployment("web", "shop", {"metadata": {"resourceVersion": old}, "spec": {"replicas": 5}})
    assert conflict.value.status == 409
    assert cluster.get("deployments", "shop", "web")["spec"]["replicas"] == 4


def test_the_official_client_meets_budgets_and_missing_rights(client: Any, cluster: Cluster) -> None:
    from kubernetes.client import CoreV1Api
    from kubernetes.client.exceptions import ApiException

    core = CoreV1Api(client)
    web = [p["metadata"]["name"] for p in cluster.pods_of("shop", {"app": "web"})]

    def evict(name: str) -> int:
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "shop"}}
        try:
            core.create_namespaced_pod_eviction(name, "shop", body)
        except ApiException as error:
            return int(error.status)
        return 201

    assert [evict(name) for name in web[:2]] == [201, 429]
    for _ in range(4):
        cluster.tick()
    assert evict(web[1]) == 201
    cluster.denied.add(("create", "pods/eviction"))
    assert evict(web[2]) == 403


def test_the_official_client_watches(client: Any, cluster: Cluster) -> None:
    from kubernetes import watch
    from kubernetes.client import CoreV1Api

    core = CoreV1Api(client)
    version = core.list_node().metadata.resource_version
    cluster.put({**cluster.get("nodes", "", "a"), "spec": {"unschedulable": True}})
    events = watch.Watch().stream(core.list_node, resource_version=version, timeout_seconds=1)
    seen = [(e["type"], e["object"].metadata.name, e["object"].spec.unschedulable) for e in events]
    assert seen == [("MODIFIED", "a", True)]
