"""Small clusters for tests, written in few words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aurora.cluster.snapshot import Container, Node, Requirement, Snapshot, Task, Workload

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When the clusters were looked at."""

SHOP_TIME = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""When the shop was looked at."""

WEB = (Requirement(key="app", operator="In", values=("web",)),)
"""Selects tasks with the label app=web."""


def node(name: str, zone: str = "z1", **fields: Any) -> Node:
    """Return a node of 4 cores, 8 GiB and 3 pods, unless fields say otherwise."""
    room = {"cpu": 4.0, "memory": 8.0, "pods": 3.0, **fields.pop("allocatable", {})}
    labels = {"zone": zone, **fields.pop("labels", {})}
    return Node(node_id=name, capacity=room, allocatable=room, labels=labels, zone=zone, **fields)


def task(name: str, on: str | None = None, cpu: float = 1.0, **fields: Any) -> Task:
    """Return a task of the namespace shop; it runs if it is on a node, else it waits."""
    fields.setdefault("requests", {"cpu": cpu})
    return Task(task_id=f"shop/{name}", state="running" if on else "pending", node_id=on, **fields)


def snapshot(*things: Node | Task, **fields: Any) -> Snapshot:
    """Return a snapshot of nodes and tasks."""
    nodes = tuple(t for t in things if isinstance(t, Node))
    tasks = tuple(t for t in things if isinstance(t, Task))
    return Snapshot(snapshot_id="test", system="kubernetes", taken_at=NOW, nodes=nodes, tasks=tasks, **fields)


def shop_node(node_id: str, cpu: float = 4.0, **fields: Any) -> Node:
    """Return a node of the shop's cluster, with 16 GiB and a price."""
    room = {"cpu": cpu, "memory": 16.0, "pods": 110.0}
    labels = {"kubernetes.io/hostname": node_id}
    return Node(node_id=node_id, capacity=room, allocatable=room, labels=labels, price_per_hour=0.2, **fields)


def pod(name: str, node_id: str | None, workload: str | None = None, cpu: float = 0.5, **fields: Any) -> Task:
    """Return a pod of the shop with one container; it waits if it is on no node."""
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
    """Return a workload of the shop with one container."""
    container = Container(name="app", requests={"cpu": 0.5, "memory": 1.0}, limits={"memory": 2.0})
    return Workload(workload_id=f"shop/{kind}/{name}", kind=kind, replicas=replicas, containers=(container,), **fields)


def shop(**fields: Any) -> Snapshot:
    """Return three nodes, three workloads that serve, one that waits, daemons and a bare pod."""
    return Snapshot(
        **{
            "snapshot_id": "shop",
            "system": "kubernetes",
            "taken_at": SHOP_TIME,
            "nodes": (shop_node("a"), shop_node("b"), shop_node("c", is_cordoned=True)),
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
