"""A small Kubernetes system for tests: three nodes, a shop of three workloads, a daemon, a bare pod, a pending pod."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aurora.cluster.snapshot import Container, Node, Snapshot, Task, Workload

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def node(node_id: str, cpu: float = 4.0, **fields: Any) -> Node:
    room = {"cpu": cpu, "memory": 16.0, "pods": 110.0}
    labels = {"kubernetes.io/hostname": node_id}
    return Node(node_id=node_id, capacity=room, allocatable=room, labels=labels, price_per_hour=0.2, **fields)


def pod(name: str, node_id: str | None, workload: str | None = None, cpu: float = 0.5, **fields: Any) -> Task:
    container = Container(name="app", requests={"cpu": cpu, "memory": 1.0}, limits={"memory": 2.0})
    return Task(
        **{
            "task_id": f"shop/{name}",
            "workload_id": None if workload is None else f"shop/{workload}",
            "state": "pending" if node_id is None else "running",
            "node_id": node_id,
            "requests": {"cpu": cpu, "memory": 1.0},
            "limits": {"memory": 2.0},
            "used": {"cpu": cpu / 2, "memory": 0.5},
            "containers": (container,),
            "labels": {"app": name.split("-", maxsplit=1)[0]},
            **fields,
        }
    )


def workload(kind: str, name: str, replicas: int, **fields: Any) -> Workload:
    container = Container(name="app", requests={"cpu": 0.5, "memory": 1.0}, limits={"memory": 2.0})
    return Workload(workload_id=f"shop/{kind}/{name}", kind=kind, replicas=replicas, containers=(container,), **fields)


def shop(**fields: Any) -> Snapshot:
    return Snapshot(
        **{
            "snapshot_id": "shop",
            "system": "kubernetes",
            "taken_at": NOW,
            "nodes": (node("a"), node("b"), node("c", is_cordoned=True)),
            "tasks": (
                pod("web-1", "a", "Deployment/web"),
                pod("web-2", "a", "Deployment/web"),
                pod("web-3", "b", "Deployment/web"),
                pod("api-1", "b", "Deployment/api"),
                pod("db-0", "a", "StatefulSet/db"),
                pod("log-a", "a", "DaemonSet/log", cpu=0.1, kind="daemon"),
                pod("log-b", "b", "DaemonSet/log", cpu=0.1, kind="daemon"),
                pod("bare", "b"),
                pod("batch-1", None, "Deployment/batch", cpu=2.0),
            ),
            "workloads": (
                workload("Deployment", "web", 3, min_available="2"),
                workload("Deployment", "api", 1),
                workload("StatefulSet", "db", 1),
                workload("Deployment", "batch", 1),
                workload("DaemonSet", "log", 2),
            ),
            **fields,
        }
    )
