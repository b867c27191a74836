"""Owners, autoscalers, disruption budgets and managing tools of workloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aurora.cluster.readers.kubernetes import read_kubernetes
from aurora.cluster.snapshot import Snapshot, Workload
from tests.cluster.readers.kubernetes_objects import container, controlled_by, node, pod, write


def workload(kind: str, name: str, *, group: str = "apps/v1", owners: Any = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "ownerReferences": owners or []}
    template = {"spec": {"containers": [container("web", {"cpu": "250m"})]}}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": {"template": template, **spec}}


def read(folder: Path, *items: dict[str, Any]) -> Snapshot:
    return read_kubernetes([write(folder / "c.json", node("a"), *items)])


def web(folder: Path, *items: dict[str, Any]) -> Workload:
    labels = {"app": "web"}
    mine = pod("web-1", "a", labels=labels, ownerReferences=controlled_by("ReplicaSet", "web-x"))
    deployment = workload("Deployment", "web", replicas=3)
    snapshot = read(
        folder, deployment, workload("ReplicaSet", "web-x", owners=controlled_by("Deployment", "web")), mine, *items
    )
    return snapshot.workloads_by_id["shop/Deployment/web"]


def scaler(version: str, **spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metadata = {"name": "web", "namespace": "shop"}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata,
        "spec": {"scaleTargetRef": target, **spec},
    }


def budget(name: str = "web", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    fields = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": fields}


def test_a_deployment_owns_the_pods_of_its_replica_set(tmp_path: Path) -> None:
    found = web(tmp_path)
    assert (found.kind, found.replicas, found.containers[0].requests) == ("Deployment", 3, {"cpu": 0.25})
    snapshot = read_kubernetes([tmp_path / "c.json"])
    assert [w.workload_id for w in snapshot.workloads] == ["shop/Deployment/web"]
    assert snapshot.tasks[0].workload_id == "shop/Deployment/web"


def test_a_cron_job_owns_the_pods_of_its_jobs(tmp_path: Path) -> None:
    template = {"spec": {"template": {"spec": {"containers": [container("work")]}}}}
    cron = workload("CronJob", "nightly", group="batch/v1", jobTemplate=template)
    job = workload("Job", "nightly-29", group="batch/v1", owners=controlled_by("CronJob", "nightly"))
    mine = pod("nightly-29-x", "a", ownerReferences=controlled_by("Job", "nightly-29"))
    snapshot = read(tmp_path, cron, job, mine)
    assert [w.workload_id for w in snapshot.workloads] == ["shop/CronJob/nightly"]
    assert (snapshot.tasks[0].workload_id, snapshot.tasks[0].kind) == ("shop/CronJob/nightly", "job")


def test_replicas_wanted_by_kind(tmp_path: Path) -> None:
    daemons = workload("DaemonSet", "agent") | {"status": {"desiredNumberScheduled": 7}}
    jobs = workload("Job", "sum", group="batch/v1", parallelism=4)
    done = workload("Job", "old", group="batch/v1") | {"status": {"completionTime": "2026-11-01T00:00:00Z"}}
    snapshot = read(tmp_path, daemons, jobs, done, workload("StatefulSet", "db"))
    assert {w.workload_id: w.replicas for w in snapshot.workloads} == {
        "shop/DaemonSet/agent": 7,
        "shop/Job/sum": 4,
        "shop/Job/old": 0,
        "shop/StatefulSet/db": 1,
    }


def test_autoscalers_of_both_versions(tmp_path: Path) -> None:
    old = web(tmp_path, scaler("v1", minReplicas=2, maxReplicas=9, targetCPUUtilizationPercentage=60))
    assert (old.autoscaler, old.autoscaler_targets) == ((2, 9), {"cpu": 0.6})
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}},
        {"type": "External", "external": {"metric": {"name": "queue"}}},
    ]
    new = web(tmp_path, scaler("v2", maxReplicas=5, metrics=metrics))
    assert (new.autoscaler, new.autoscaler_targets) == ((1, 5), {"cpu": 0.7})
    own = {"name": "cpu", "container": "app", "target": {"type": "Utilization", "averageUtilization": 60}}
    one = web(tmp_path, scaler("v2", maxReplicas=5, metrics=[{"type": "ContainerResource", "containerResource": own}]))
    assert one.autoscaler_targets == {"cpu/app": 0.6}
    new = web(tmp_path, scaler("v2", maxReplicas=5, metrics=metrics))
    assert "autoscaler-metric" in {n.code for n in read_kubernetes([tmp_path / "c.json"]).notes}


def test_disruption_budgets(tmp_path: Path) -> None:
    assert web(tmp_path, budget(minAvailable="50%")).min_available == "50%"
    assert web(tmp_path, budget(maxUnavailable=1)).max_unavailable == "1"
    several = web(tmp_path, budget("a", minAvailable=1), budget("b", minAvailable=2))
    assert several.min_available == "1"
    none = budget(minAvailable=1, selector={"matchLabels": {"app": "other"}})
    assert web(tmp_path, none).min_available is None
    assert "budget-without-workload" in {n.code for n in read_kubernetes([tmp_path / "c.json"]).notes}


def test_a_policy_for_pods_that_are_not_ready_is_noted(tmp_path: Path) -> None:
    plain = read(tmp_path, node("a"), budget(minAvailable=1))
    assert "unhealthy-pod-eviction" not in {n.code for n in plain.notes}
    always = read(tmp_path, node("a"), budget(minAvailable=1, unhealthyPodEvictionPolicy="AlwaysAllow"))
    assert "unhealthy-pod-eviction" in {n.code for n in always.notes}


def test_tools_that_manage_a_workload(tmp_path: Path) -> None:
    def managed(**metadata: Any) -> str | None:
        item = workload("Deployment", "web")
        item["metadata"] |= metadata
        return read(tmp_path, item).workloads[0].managed_by

    assert managed() is None
    assert managed(annotations={"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}) == "argocd"
    assert managed(labels={"kustomize.toolkit.fluxcd.io/name": "apps"}) == "flux"
    assert managed(labels={"app.kubernetes.io/managed-by": "Helm"}) == "helm"
    assert managed(annotations={"meta.helm.sh/release-name": "web"}) == "helm"
    assert managed(ownerReferences=controlled_by("Prometheus", "k8s")) == "Prometheus/k8s"


def test_workloads_that_are_not_listed_come_from_a_pod(tmp_path: Path) -> None:
    labels = {"pod-template-hash": "5d4f", "app.kubernetes.io/managed-by": "Helm"}
    mine = pod("web-5d4f-x", "a", labels=labels, ownerReferences=controlled_by("ReplicaSet", "web-5d4f"))
    ray = pod("ray-head", "a", ownerReferences=controlled_by("RayCluster", "ray"))
    snapshot = read(tmp_path, mine, ray)
    first, second = snapshot.workloads
    assert (first.workload_id, first.replicas, first.managed_by) == ("shop/Deployment/web", None, "helm")
    assert first.containers == snapshot.tasks[0].containers
    assert second.workload_id == "shop/RayCluster/ray"


def test_a_replica_set_whose_deployment_is_not_listed_is_no_workload_of_its_own(tmp_path: Path) -> None:
    replicas = workload("ReplicaSet", "web-x", owners=controlled_by("Deployment", "web"))
    mine = pod("web-1", "a", ownerReferences=controlled_by("ReplicaSet", "web-x"))
    snapshot = read(tmp_path, replicas, mine)
    assert [w.workload_id for w in snapshot.workloads] == ["shop/Deployment/web"]
