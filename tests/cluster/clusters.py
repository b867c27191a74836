"""Small clusters for tests, written in few words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aurora.cluster.snapshot import Node, Requirement, Snapshot, Task

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When the clusters were looked at."""

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
