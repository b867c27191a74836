"""Plans on a cluster, the fake one or, with `make test-cluster`, the one of KUBECONFIG in a namespace of its own."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.changes import Evict, Resize, Scale
from aurora.cluster.plans.targets.api import Api, connect
from aurora.cluster.plans.targets.kubernetes import KubernetesTarget
from aurora.cluster.readers.kubernetes.read import read_kubernetes
from aurora.cluster.snapshot import Snapshot
from aurora.errors import PlanError
from tests.cluster.kubernetes_api import serving
from tests.cluster.kubernetes_objects import shop_cluster
from tests.cluster.plans.live import NOW, apply, plan_of, undo

kubernetes = pytest.importorskip("kubernetes")
IMAGE = "registry.k8s.io/pause:3.10"
PATIENCE = 120.0


class Space:
    """A namespace with a deployment of two pods and a disruption budget."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api, self.folder = api, folder
        self.name = f"aurora-test-{uuid.uuid4().hex[:8]}"
        self.workload = f"{self.name}/Deployment/web"
        self.path = f"/apis/apps/v1/namespaces/{self.name}/deployments/web"

    def fill(self) -> None:
        self.api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
        selector = {"matchLabels": {"app": "web"}}
        resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}}
        spec = {"containers": [{"name": name, "image": IMAGE, "resources": resources} for name in ("app", "proxy")]}
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {**spec, "terminationGracePeriodSeconds": 0}}
        body = {"replicas": 2, "selector": selector, "template": template}
        meta = {"name": "web", "namespace": self.name}
        deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": body}
        self.api.post(self.path.removesuffix("/web"), deployment)
        budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta}
        budget["spec"] = {"minAvailable": 1, "selector": selector}
        self.api.post(f"/apis/policy/v1/namespaces/{self.name}/poddisruptionbudgets", budget)
        self.target()._wait(self.path)

    def target(self) -> KubernetesTarget:
        return KubernetesTarget(self.api, patience=PATIENCE, pause=0.05)

    def snapshot(self) -> Snapshot:
        items = []
        for path in ("/api/v1/nodes", *(f"{p}/namespaces/{self.name}/{k}" for p, k in LISTS)):
            found = self.api.get(path) or {}
            kind = found["kind"].removesuffix("List")
            items += [{"apiVersion": found["apiVersion"], "kind": kind, **item} for item in found["items"]]
        (self.folder / "cluster.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        return read_kubernetes([self.folder / "cluster.json"], name="test", now=NOW)

    def deployment(self) -> dict[str, Any]:
        return self.api.get(self.path) or {}

    def pods(self) -> list[str]:
        found = self.api.get(f"/api/v1/namespaces/{self.name}/pods") or {}
        return sorted(p["metadata"]["name"] for p in found["items"] if not p["metadata"].get("deletionTimestamp"))


LISTS = (
    ("/api/v1", "pods"),
    ("/apis/apps/v1", "deployments"),
    ("/apis/apps/v1", "replicasets"),
    ("/apis/policy/v1", "poddisruptionbudgets"),
)


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Space]:
    if os.environ.get("AURORA_TEST_CLUSTER") == "1":
        real = Space(connect(), tmp_path)
        real.fill()
        try:
            yield real
        finally:
            real.api._request("DELETE", f"/api/v1/namespaces/{real.name}", {}, None)
        return
    with serving(shop_cluster()) as server:
        client = kubernetes.client.ApiClient(kubernetes.client.Configuration(host=server.url))
        fake = Space(Api(client, timeout=120), tmp_path)
        fake.fill()
        yield fake


def test_replicas_and_sizes_are_changed_and_undone(space: Space, tmp_path: Path) -> None:
    before = space.deployment()["spec"]
    plan = plan_of(
        space.snapshot(),
        Resize(workload_id=space.workload, container="app", requests={"cpu": 0.02}, limits={"memory": 0.0625}),
        Scale(workload_id=space.workload, replicas=3),
    )
    apply(plan, space.snapshot(), space.target(), tmp_path / "j.jsonl")
    after = space.deployment()["spec"]
    assert after["replicas"] == 3
    app, proxy = after["template"]["spec"]["containers"]
    assert app["resources"] == {"requests": {"cpu": "20m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
    assert proxy == before["template"]["spec"]["containers"][1]
    undo(plan, space.target(), tmp_path / "j.jsonl")
    assert space.deployment()["spec"] == before


def test_an_evicted_pod_is_replaced_before_the_next_one(space: Space, tmp_path: Path) -> None:
    before = space.pods()
    snapshot = space.snapshot()
    first, second = (Evict(task_id=f"{space.name}/{name}") for name in before)
    plan = plan_of(snapshot, first)
    apply(plan, snapshot, space.target(), tmp_path / "first.jsonl")
    apply(plan, snapshot, space.target(), tmp_path / "first.jsonl")
    deadline = time.monotonic() + PATIENCE
    while len(space.pods()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert before[1] in space.pods()
    assert before[0] not in space.pods()
    space.target()._wait(space.path)
    again = space.snapshot()
    apply(plan_of(again, second), again, space.target(), tmp_path / "second.jsonl")
    assert before[1] not in space.pods()


def test_what_changed_since_is_not_overwritten(space: Space, tmp_path: Path) -> None:
    snapshot = space.snapshot()
    plan = plan_of(snapshot, Scale(workload_id=space.workload, replicas=3))
    space.api.patch(space.path, {"spec": {"replicas": 1}})
    with pytest.raises(PlanError, match="neither as the plan found it"):
        apply(plan, snapshot, space.target(), tmp_path / "j.jsonl")
    assert space.deployment()["spec"]["replicas"] == 1
