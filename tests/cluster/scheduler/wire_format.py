"""Requests as kube-scheduler 1.3x sends them.

Written from `staging/src/k8s.io/kube-scheduler/extender/v1/types.go` and `pkg/scheduler/extender.go`: the types have no
JSON tags, so keys are the names of Go's fields, absent pointers are `null`, and objects of the core API follow their
own tags. The body is posted to URLPREFIX/VERB; any status but 200 is a failure.
"""

from typing import Any


def pod(name: str = "web-1", cpu: str = "500m", *, uid: str = "", **more: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": uid or f"uid-{name}",
            "resourceVersion": "17",
            "creationTimestamp": "2026-11-01T12:00:00Z",
            "labels": {"app": "web"},
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update"}],
        },
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "image": "example.com/web:1",
                    "resources": {"requests": {"cpu": cpu, "memory": "1Gi", **more}, "limits": {"memory": "1Gi"}},
                    "terminationMessagePath": "/dev/termination-log",
                    "imagePullPolicy": "IfNotPresent",
                }
            ],
            "restartPolicy": "Always",
            "schedulerName": "aurora",
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                 "tolerationSeconds": 300}
            ],
            "priority": 0,
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    }  # fmt: skip


def node(name: str, cpu: str = "4", memory: str = "16Gi") -> dict[str, Any]:
    amounts = {"cpu": cpu, "memory": memory, "pods": "110", "ephemeral-storage": "100Gi"}
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "creationTimestamp": "2026-10-01T00:00:00Z",
                     "labels": {"kubernetes.io/hostname": name}},
        "spec": {"podCIDR": "10.0.0.0/24", "providerID": f"kind://{name}"},
        "status": {"capacity": amounts, "allocatable": amounts,
                   "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": None,
                                   "lastTransitionTime": None}],
                   "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}},
    }  # fmt: skip


def with_names(pod: dict[str, Any], *names: str) -> dict[str, Any]:
    """`nodeCacheCapable: true`."""
    return {"Pod": pod, "Nodes": None, "NodeNames": list(names)}


def with_nodes(pod: dict[str, Any], *nodes: dict[str, Any]) -> dict[str, Any]:
    """`nodeCacheCapable: false`."""
    return {"Pod": pod, "Nodes": {"metadata": {}, "items": list(nodes)}, "NodeNames": None}
