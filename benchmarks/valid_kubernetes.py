"""Objects of a small Kubernetes cluster that has a bit of everything, as `kubectl get … -A -o json` writes them."""

from __future__ import annotations

from typing import Any

TIME = "2026-11-01T12:00:00Z"
ZONE = "topology.kubernetes.io/zone"


def cluster() -> list[dict[str, Any]]:
    """Return two nodes, six pods, what makes them, and what binds them."""
    return [*_nodes(), *_pods(), *_workloads(), *_others()]


def _object(kind: str, name: str, version: str = "v1", namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "uid": f"{kind}-{name}", "creationTimestamp": TIME, **fields.pop("metadata", {})}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def _nodes() -> list[dict[str, Any]]:
    amounts = {"cpu": "3920m", "memory": "15Gi", "pods": "110", "nvidia.com/gpu": "2", "ephemeral-storage": "93G"}
    conditions = [{"type": "Ready", "status": "True", "lastHeartbeatTime": TIME, "reason": "KubeletReady"}]
    info = {"kubeletVersion": "v1.33.2"}
    status = {"capacity": amounts, "allocatable": amounts, "conditions": conditions, "nodeInfo": info}
    taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    labels = {ZONE: "a", "node.kubernetes.io/instance-type": "m5.large", "nvidia.com/gpu.product": "T4"}
    return [
        _object("Node", f"node-{k}", namespace="", metadata={"labels": labels}, spec=spec, status=status)
        for k, spec in enumerate(({"taints": [taint]}, {"unschedulable": True}))
    ]


def _pods() -> list[dict[str, Any]]:
    term = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["a", "b"]}]}
    apart = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": ZONE, "namespaceSelector": {}}
    affinity = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}},
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]},
    }
    resources = {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "1.5Gi"}}
    spread = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    spec = {
        "containers": [{"name": "web", "resources": resources, "env": [{"name": "KEY", "value": "secret"}]}],
        "initContainers": [{"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "5e-2"}}}],
        "nodeSelector": {ZONE: "a"},
        "affinity": affinity,
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "topologySpreadConstraints": [spread],
        "priority": 100,
        "priorityClassName": "high",
        "overhead": {"cpu": "10m"},
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    }
    held = {"name": "web", "restartCount": 2, "allocatedResources": {"cpu": "1"}}
    held["lastState"] = {"terminated": {"reason": "OOMKilled"}}
    running = {
        "phase": "Running",
        "startTime": TIME,
        "containerStatuses": [held | {"allocatedResources": {"cpu": "1"}}],
    }
    waiting = {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/2 nodes"}]}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f", "uid": "r", "controller": True}
    metadata = {"labels": {"app": "web", "pod-template-hash": "5d4f"}, "ownerReferences": [owner]}
    share = {"annotations": {"gpu-fraction": "0.5"}}
    return [
        *(
            _object("Pod", f"web-{k}", metadata=metadata, spec={**spec, "nodeName": f"node-{k % 2}"}, status=running)
            for k in range(4)
        ),
        _object("Pod", "waits", metadata=metadata, spec=spec, status=waiting),
        _object("Pod", "shares", metadata=share, spec={"containers": [{"name": "x"}]}, status={"phase": "Pending"}),
    ]


def _workloads() -> list[dict[str, Any]]:
    template = {"spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "250m"}}}]}}
    spec = {"replicas": 4, "template": template}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": True}
    target = {"type": "Utilization", "averageUtilization": 70}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaling = {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 9, "metrics": [metric]}
    budget = {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}}
    return [
        _object("Deployment", "web", "apps/v1", spec=spec),
        _object("ReplicaSet", "web-5d4f", "apps/v1", metadata={"ownerReferences": [owner]}, spec=spec),
        _object("CronJob", "nightly", "batch/v1", spec={"jobTemplate": {"spec": {"template": template}}}),
        _object("HorizontalPodAutoscaler", "web", "autoscaling/v2", spec=scaling),
        _object("PodDisruptionBudget", "web", "policy/v1", spec=budget),
    ]


def _others() -> list[dict[str, Any]]:
    place = {"nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["a"]}]}]}
    use = {"cpu": "1250m", "memory": "4Gi"}
    return [
        _object("Namespace", "shop", namespace="", metadata={"labels": {"team": "web"}}),
        _object("PriorityClass", "high", "scheduling.k8s.io/v1", namespace="", value=100),
        _object("PersistentVolume", "pv", namespace="", spec={"nodeAffinity": {"required": place}}),
        _object("PersistentVolumeClaim", "data", spec={"volumeName": "pv"}),
        _object("NodeMetrics", "node-0", "metrics.k8s.io/v1beta1", namespace="", usage=use, timestamp=TIME),
        _object("PodMetrics", "web-0", "metrics.k8s.io/v1beta1", containers=[{"name": "web", "usage": use}]),
        _object("Secret", "s", data={"password": "aHVudGVyMg=="}),
    ]
