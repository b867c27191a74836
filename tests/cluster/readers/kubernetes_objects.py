"""Kubernetes objects for tests, written by hand: shaped as the API writes them, cut to what a test is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HEARTBEAT = "2026-11-01T12:00:00Z"


def node(name: str, *, cpu: str = "4", memory: str = "16Gi", uid: str = "", **parts: Any) -> dict[str, Any]:
    """Return a Node; `parts` are `labels`, `taints`, `unschedulable`, `ready`, `allocatable`."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": uid or f"node-{name}", "labels": parts.get("labels", {})},
        "spec": {k: parts[k] for k in ("taints", "unschedulable", "providerID") if k in parts},
        "status": {
            "capacity": {"cpu": cpu, "memory": memory, "pods": "110"},
            "allocatable": {"cpu": cpu, "memory": memory, "pods": "110", **parts.get("allocatable", {})},
            "conditions": [
                {"type": "MemoryPressure", "status": "False", "lastHeartbeatTime": HEARTBEAT},
                {"type": "Ready", "status": parts.get("ready", "True"), "lastHeartbeatTime": HEARTBEAT},
            ],
            "nodeInfo": {"kubeletVersion": parts.get("version", "v1.33.2")},
        },
    }


def container(name: str = "main", requests: Any = None, limits: Any = None, **fields: Any) -> dict[str, Any]:
    """Return a container."""
    resources = {k: v for k, v in (("requests", requests), ("limits", limits)) if v is not None}
    return {"name": name, "image": "registry.example/app:1", "resources": resources, **fields}


def pod(name: str, on: str | None = None, *, phase: str = "", spec: Any = None, **metadata: Any) -> dict[str, Any]:
    """Return a Pod in the namespace `shop`; `spec` is merged into its spec, `metadata` into its metadata."""
    fields = {"containers": [container(requests={"cpu": "100m", "memory": "128Mi"})], **(spec or {})}
    if on is not None:
        fields["nodeName"] = on
    status = metadata.pop("status", {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": f"pod-{name}", **metadata},
        "spec": fields,
        "status": {"phase": phase or ("Running" if on else "Pending"), **status},
    }


def controlled_by(kind: str, name: str) -> list[dict[str, Any]]:
    """Return owner references with one controller."""
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"{kind}-{name}", "controller": True}]


def write(path: Path, *items: dict[str, Any]) -> Path:
    """Write objects as `kubectl get -o json` does."""
    document = {"apiVersion": "v1", "items": list(items), "kind": "List", "metadata": {"resourceVersion": ""}}
    path.write_text(json.dumps(document, indent=4))
    return path
