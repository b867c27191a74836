"""The web shop: 12 nodes in three zones, a database, autoscalers, spot nodes, and three tasks that wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aurora.cluster.resources import PODS, total
from aurora.cluster.samples.history import PROFILES, container_use, out_of_memory_kills
from aurora.cluster.samples.making import (
    HOSTNAME,
    INSTANCE_TYPE,
    TAKEN_AT,
    ZONE,
    Group,
    amounts,
    anti_affinity,
    container,
    even_zones,
    has,
    placed,
)
from aurora.cluster.snapshot import Node, Note, Snapshot, Source, Taint, Task, Toleration, Workload
from aurora.sim.scenarios.scenario import Link

ZONES = ("eu-1a", "eu-1b", "eu-1c")
SPOT = Toleration(key="lifecycle", operator="Equal", value="spot", effect="NoSchedule")
CRITICAL = {"priority": 100_000, "priority_class": "business-critical"}
DATA = {"priority": 1_000_000, "priority_class": "data"}
BATCH = {"priority": -100, "priority_class": "batch"}
CORDONED = {"node-c2": "shop/Deployment/web"}
"""Cordoned for a new kernel when the web front end had its last roll-out."""
MAINTENANCE = (
    TAKEN_AT.replace(hour=14, minute=0),
    TAKEN_AT.replace(hour=14, minute=45),
    "the switch of their rack is replaced",
)


def web_shop() -> Snapshot:
    """Return the snapshot of the web shop."""
    nodes = _nodes()
    groups = _groups([n.node_id for n in nodes])
    tasks = _measured([_with_restarts(t) for t in placed(groups, nodes, closed=CORDONED)]) + _ended()
    return Snapshot(
        snapshot_id="web-shop",
        system="kubernetes",
        taken_at=TAKEN_AT,
        sources=(
            Source(
                source_id="S1",
                kind="kubernetes",
                origin="made up",
                read_at=TAKEN_AT,
                facts=("nodes", "tasks", "workloads", "taints", "priorities"),
            ),
            Source(
                source_id="S2",
                kind="prometheus",
                origin="made up",
                read_at=TAKEN_AT,
                facts=("measured use",),
            ),
            Source(source_id="S3", kind="prices", origin="made up", read_at=TAKEN_AT, facts=("prices",)),
            Source(source_id="S4", kind="person", origin="made up", read_at=TAKEN_AT, facts=("maintenance", "network")),
        ),
        nodes=tuple(_with_use(n, tasks) for n in nodes),
        tasks=tuple(tasks),
        workloads=tuple(_workload(g) for g in groups if g.workload is not None),
        links=tuple(
            Link(link_id=f"{a}-{b}", source=a, target=b, bandwidth=10.0, latency_ms=ms, price_per_gbps_hour=0.02)
            for a, b, ms in (("eu-1a", "eu-1b", 0.7), ("eu-1b", "eu-1c", 0.9), ("eu-1a", "eu-1c", 1.4))
        ),
        notes=(
            Note(
                kind="assumed",
                code="sample",
                message="this snapshot is a sample of our own making; no real cluster stands behind it",
            ),
        ),
    )


def _nodes() -> list[Node]:
    nodes = []
    for zone in ZONES:
        for k in range(1, 5):
            is_large, is_spot = k > 2, k == 4  # noqa: PLR2004  # two small ones, a large one, a large spot one
            name = f"node-{zone[-1]}{k}"
            kind = "general-8" if is_large else "general-4"
            labels = {HOSTNAME: name, ZONE: zone, INSTANCE_TYPE: kind, "lifecycle": "spot" if is_spot else "on-demand"}
            if k == 3 and zone != "eu-1c":  # noqa: PLR2004  # the large ones of two zones have fast disks
                labels["disk"] = "nvme"
            cpu, memory = (8.0, 32.0) if is_large else (4.0, 16.0)
            nodes.append(
                Node(
                    node_id=name,
                    capacity=amounts(cpu, memory, **{"ephemeral-storage": 100.0, PODS: 58.0}),
                    allocatable=amounts(
                        cpu - 0.08,
                        memory - (2.5 if is_large else 1.75),
                        **{"ephemeral-storage": 89.0, PODS: 58.0},
                    ),
                    labels=labels,
                    taints=(Taint(key="lifecycle", value="spot", effect="NoSchedule"),) if is_spot else (),
                    is_cordoned=name in CORDONED,
                    instance_type=kind,
                    zone=zone,
                    used={},
                    price_per_hour=0.128 if is_spot else 0.404 if is_large else 0.202,
                    idle_power=95.0 if is_large else 55.0,
                    full_power=230.0 if is_large else 120.0,
                    maintenance=(MAINTENANCE,) if name in ("node-b1", "node-b2") else (),
                )
            )
    return nodes


def _groups(nodes: list[str]) -> list[Group]:
    on_demand = tuple(n for n in nodes if not n.endswith("4"))
    large = tuple(n for n in nodes if n.endswith("3"))
    spot = tuple(n for n in nodes if n.endswith("4"))
    return [*_system(nodes, on_demand), *_data(large, on_demand), *_shop(on_demand, spot), *_waiting()]


def _system(nodes: list[str], on_demand: tuple[str, ...]) -> list[Group]:
    critical = {"priority": 2_000_001_000, "priority_class": "system-node-critical"}
    return [
        Group(
            "kube-system/DaemonSet/network-agent",
            len(nodes),
            (container("agent", (0.1, 0.125), (0, 0.25)),),
            amounts(0.035, 0.09),
            critical,
            nodes=tuple(nodes),
            apart=True,
        ),
        Group(
            "kube-system/DaemonSet/log-shipper",
            len(nodes),
            (container("shipper", (0.1, 0.2), (0.2, 0.25)),),
            amounts(0.06, 0.16),
            nodes=tuple(nodes),
            apart=True,
        ),
        Group(
            "kube-system/Deployment/dns",
            2,
            (container("dns", (0.1, 0.07), (0, 0.17)),),
            amounts(0.03, 0.04),
            {"priority": 2_000_000_000, "priority_class": "system-cluster-critical"},
            {"max_unavailable": "1"},
            nodes=on_demand,
            apart=True,
        ),
    ]


def _data(large: tuple[str, ...], on_demand: tuple[str, ...]) -> list[Group]:
    return [
        Group(
            "shop/StatefulSet/postgres",
            3,
            (container("postgres", (2, 8), (2, 8)),),
            {},
            {**DATA, "affinities": (anti_affinity("postgres"),)},
            {"min_available": "2"},
            nodes=large,
            apart=True,
        ),
        Group(
            "shop/StatefulSet/redis",
            3,
            (container("redis", (0.25, 2), (0, 2)),),
            {},
            {**DATA, "affinities": (anti_affinity("redis"),)},
            {"min_available": "2"},
            nodes=on_demand,
            apart=True,
        ),
        Group(
            "monitoring/StatefulSet/prometheus",
            1,
            (container("prometheus", (1, 6), (0, 8)),),
            {},
            {"node_selector": {"disk": "nvme"}},
        ),
        Group(
            "monitoring/Deployment/grafana", 1, (container("grafana", (0.1, 0.25), (0.5, 0.5)),), amounts(0.02, 0.15)
        ),
    ]


def _shop(on_demand: tuple[str, ...], spot: tuple[str, ...]) -> list[Group]:
    on_spot: dict[str, Any] = {"tolerations": (SPOT,), "preferred_nodes": ((100, (has("lifecycle", "spot"),)),)}
    return [
        Group(
            "shop/Deployment/search",
            3,
            (container("search", (1, 3), (2, 3.5)),),
            {},
            {"spreads": (even_zones("search"),)},
            {"min_available": "2"},
        ),
        Group(
            "shop/Deployment/images",
            3,
            (container("resizer", (2, 4), (4, 6)),),
            workload={"max_unavailable": "1", "managed_by": "argocd"},
        ),
        Group(
            "shop/Deployment/recommender",
            3,
            (container("recommender", (0.5, 1.5), (1, 2)),),
            workload={"max_unavailable": "1"},
        ),
        Group(
            "shop/Deployment/checkout",
            4,
            (container("checkout", (0.5, 0.75), (1, 1)),),
            {},
            {**CRITICAL, "spreads": (even_zones("checkout"),), "data_zone": "eu-1a"},
            {"min_available": "3"},
        ),
        Group("shop/Deployment/cart", 4, (container("cart", (0.25, 0.5), (0.5, 0.5)),), {}, CRITICAL),
        Group("shop/Deployment/mailer", 2, (container("mailer", (0.1, 0.25)),)),
        Group(
            "shop/Deployment/api",
            8,
            (
                container("migrate", (0.2, 0.25), kind="init"),
                container("api", (0.75, 1), (1.5, 2)),
            ),
            {},
            {**CRITICAL, "spreads": (even_zones("api"),), "data_zone": "eu-1a"},
            {"autoscaler": (4, 16), "autoscaler_targets": {"cpu": 0.65}, "max_unavailable": "25%"},
            nodes=on_demand,
        ),
        Group(
            "shop/Deployment/web",
            10,
            (container("nginx", (0.5, 0.5), (1, 1)), container("metrics", (0.05, 0.06), (0.1, 0.12), kind="sidecar")),
            {},
            {**CRITICAL, "spreads": (even_zones("web"),)},
            {"autoscaler": (6, 20), "autoscaler_targets": {"cpu": 0.6}, "min_available": "70%"},
            nodes=on_demand,
        ),
        Group(
            "shop/Deployment/orders-worker",
            4,
            (container("worker", (0.5, 0.5), (1, 1)),),
            {},
            on_spot,
            {"autoscaler": (2, 12), "autoscaler_targets": {"cpu": 0.7}},
            nodes=spot,
        ),
        Group(
            "batch/Job/thumbnails",
            4,
            (container("convert", (1, 2), (2, 2)),),
            amounts(1.7, 1.1),
            {**BATCH, **on_spot, "started_at": TAKEN_AT - timedelta(minutes=42), "data_zone": "eu-1b"},
            nodes=spot,
        ),
        Group(
            "batch/Job/stock-report",
            1,
            (container("report", (1, 4), (2, 4)),),
            amounts(0.93, 3.1),
            {**BATCH, **on_spot, "started_at": TAKEN_AT - timedelta(minutes=11)},
            nodes=spot,
        ),
        Group("staging/Deployment/preview", 2, (container("preview", (0, 0)),), amounts(0.21, 0.44)),
    ]


def _waiting() -> list[Group]:
    """Return what waits: too large for every node, kept away by a taint, and a disk that its zone lacks."""
    return [
        Group(
            "batch/Job/train-ranking",
            1,
            (container("train", (12, 48), (12, 48)),),
            task={**BATCH, "tolerations": (SPOT,), "created_at": TAKEN_AT - timedelta(hours=5, minutes=3)},
        ),
        Group(
            "shop/Deployment/fraud-scoring",
            1,
            (container("scoring", (2.5, 5), (4, 6)),),
            task={"created_at": TAKEN_AT - timedelta(minutes=26)},
        ),
        Group(
            "shop/StatefulSet/search-index",
            1,
            (container("index", (1, 4), (2, 4)),),
            task={"node_selector": {"disk": "nvme", ZONE: "eu-1c"}, "created_at": TAKEN_AT - timedelta(hours=21)},
        ),
    ]


def _with_restarts(task: Task) -> Task:
    if task.workload_id != "shop/Deployment/recommender":
        return task
    name = "shop/Deployment/recommender"
    siblings = next(g for g in _shop((), ()) if g.workload_id == name).names()
    kills = out_of_memory_kills(name, "recommender", len(siblings))[siblings.index(task.task_id)]
    return task.model_copy(update={"restarts": kills, "out_of_memory_kills": kills})


def _measured(tasks: list[Task]) -> list[Task]:
    """Fill in the use of the tasks that have a history: its last values."""
    used: dict[str, dict[str, float]] = {}
    for workload, containers in PROFILES.items():
        running = [t.task_id for t in tasks if t.workload_id == workload and t.state == "running"]
        for name in containers:
            cpu, memory = container_use(workload, name, len(running))
            for k, task_id in enumerate(running):
                used[task_id] = total([used.get(task_id, {}), amounts(float(cpu[k, -1]), float(memory[k, -1]))])
    return [
        t.model_copy(update={"used": {r: round(a, 4) for r, a in used[t.task_id].items()}})
        if t.task_id in used
        else t.model_copy(update={"used": {}})
        if t.state == "pending"
        else t
        for t in tasks
    ]


def _with_use(node: Node, tasks: list[Task]) -> Node:
    """Fill in the use of a node: of its tasks, and of its own services."""
    of_tasks = total(t.used for t in tasks if t.node_id == node.node_id and t.state == "running")
    used = total([of_tasks, amounts(0.11, 0.9)])
    return node.model_copy(update={"used": {r: round(a, 4) for r, a in used.items()}})


def _ended() -> list[Task]:
    night = TAKEN_AT.replace(hour=2, minute=0)
    return [
        Task(
            task_id="batch/nightly-export-29191800-9wq4k",
            workload_id="batch/Job/nightly-export",
            state="finished",
            node_id="node-a4",
            kind="job",
            requests=amounts(1, 2, pods=1),
            limits={},
            used={},
            labels={"app": "nightly-export"},
            created_at=night,
            started_at=night + timedelta(seconds=9),
            ends_at=night + timedelta(minutes=37),
        ),
        Task(
            task_id="shop/mailer-evicted-x7k2p",
            workload_id="shop/Deployment/mailer",
            state="failed",
            node_id="node-c2",
            requests=amounts(0.1, 0.25, pods=1),
            limits={},
            used={},
            labels={"app": "mailer"},
            created_at=TAKEN_AT - timedelta(days=2, hours=4),
            pending_reason="The node was low on resource: ephemeral-storage.",
        ),
    ]


def _workload(group: Group) -> Workload:
    return Workload(
        workload_id=group.workload_id,
        kind=group.workload_id.split("/")[1],
        replicas=group.count,
        containers=group.containers,
        **(group.workload or {}),
    )
