"""The GPU cluster: three models of devices, gangs that train, inference with priority, shared devices and slices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from aurora.cluster.resources import GPU, PODS
from aurora.cluster.samples.making import (
    HOSTNAME,
    INSTANCE_TYPE,
    TAKEN_AT,
    ZONE,
    Group,
    amounts,
    anti_affinity,
    container,
    placed,
)
from aurora.cluster.snapshot import Container, Node, Note, Snapshot, Source, Taint, Task, Toleration, Workload
from aurora.sim.scenarios.scenario import Link

SLICE = "nvidia.com/mig-1g.10gb"
H100, A100, T4 = "H100-SXM-80GB", "A100-SXM-80GB", "T4-16GB"
MODEL = "nvidia.com/gpu.product"
ON_DEVICES = Toleration(key=GPU, operator="Exists", effect="NoSchedule")
PRODUCTION = {"priority": 1_000_000, "priority_class": "inference-production"}
TRAINING = {"priority": 1_000, "priority_class": "training"}
NOTHING = (0.0, 0.0, 0.0)
NOTEBOOK = {"priority": 0, "priority_class": "interactive"}


def gpu_cluster() -> Snapshot:
    """Return the snapshot of the GPU cluster."""
    nodes = _nodes()
    groups = [*_system(nodes), *_serving(), *_training()]
    tasks = [_as_seen(t) for t in placed(groups, nodes)]
    return Snapshot(
        snapshot_id="gpu-cluster",
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
            Source(source_id="S2", kind="prometheus", origin="made up", read_at=TAKEN_AT, facts=("measured use",)),
            Source(source_id="S3", kind="prices", origin="made up", read_at=TAKEN_AT, facts=("prices",)),
        ),
        nodes=tuple(_with_use(n, tasks) for n in nodes),
        tasks=tuple(tasks),
        workloads=tuple(
            Workload(
                workload_id=g.workload_id,
                kind=g.workload_id.split("/")[1],
                replicas=g.count,
                containers=g.containers,
                **(g.workload or {}),
            )
            for g in groups
            if g.workload is not None
        ),
        links=(
            Link(link_id="hall-1-hall-2", source="hall-1", target="hall-2", bandwidth=400.0, latency_ms=0.05),
            Link(link_id="hall-1-edge", source="hall-1", target="edge", bandwidth=25.0, latency_ms=6.5),
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
    kinds = [  # prefix, number, zone, cores, GiB, devices, model, dollars an hour, watts idle and full
        ("h100", 2, "hall-1", 192, 2048, {GPU: 8.0}, H100, 38.40, (1100, 9800)),
        ("a100", 3, "hall-1", 96, 1024, {GPU: 8.0}, A100, 19.20, (800, 5600)),
        ("mig", 1, "hall-2", 96, 1024, {SLICE: 28.0}, "A100-SXM-80GB-MIG-1g.10gb", 9.60, (600, 3200)),
        ("t4", 3, "edge", 48, 192, {GPU: 4.0}, T4, 2.64, (180, 620)),
        ("cpu", 2, "hall-2", 64, 256, {}, None, 2.18, (120, 480)),
    ]
    nodes = []
    for prefix, number, zone, cpu, memory, devices, model, price, (idle, full) in kinds:
        for k in range(1, number + 1):
            name = f"{prefix}-{k}"
            labels = {HOSTNAME: name, ZONE: zone, INSTANCE_TYPE: f"{prefix}-{cpu}"}
            if model is not None:
                labels[MODEL] = model
            if SLICE in devices:
                labels["nvidia.com/mig.strategy"] = "single"
            nodes.append(
                Node(
                    node_id=name,
                    capacity=amounts(cpu, memory, **devices, **{PODS: 110.0}),
                    allocatable=amounts(cpu - 0.5, memory * 0.97, **devices, **{PODS: 110.0}),
                    labels=labels,
                    taints=(Taint(key=GPU, value="present", effect="NoSchedule"),) if devices else (),
                    accelerator_model=model,
                    instance_type=f"{prefix}-{cpu}",
                    zone=zone,
                    used={},
                    price_per_hour=price,
                    idle_power=float(idle),
                    full_power=float(full),
                    is_ready=name != "t4-3",
                    conditions=("NotReady: kubelet stopped posting node status",) if name == "t4-3" else (),
                )
            )
    return nodes


def _system(nodes: list[Node]) -> list[Group]:
    with_devices = tuple(n.node_id for n in nodes if n.accelerator_model)
    return [
        Group(
            "gpu-operator/DaemonSet/device-plugin",
            len(with_devices),
            (container("plugin", (0.1, 0.125)),),
            amounts(0.01, 0.06),
            nodes=with_devices,
            apart=True,
        ),
        Group("monitoring/StatefulSet/prometheus", 1, (container("prometheus", (2, 16), (0, 24)),), amounts(1.1, 12.4)),
        Group("platform/Deployment/gateway", 2, (container("gateway", (2, 4), (4, 4)),), amounts(0.7, 1.9)),
        Group("data/Deployment/loader", 4, (container("loader", (12, 32), (16, 48)),), amounts(9.6, 27.0)),
    ]


def _serving() -> list[Group]:
    return [
        _on(
            "serving/Deployment/chat-large",
            2,
            (32, 256),
            {GPU: 4.0},
            (A100,),
            (11.0, 190.0, 3.1),
            PRODUCTION,
        ),
        _on("serving/Deployment/embeddings", 6, (2, 8), {GPU: 0.5}, (T4,), (1.1, 5.0, 0.21), PRODUCTION),
        _on("serving/Deployment/speech", 2, (6, 24), {GPU: 1.0}, (T4,), (3.9, 17.0, 0.74), PRODUCTION),
        _on("serving/Deployment/reranker", 8, (2, 8), {SLICE: 1.0}, (), (0.9, 5.2, 0.34), PRODUCTION),
        _on("research/Deployment/notebook", 9, (4, 24), {SLICE: 2.0}, (), (0.4, 11.0, 0.12), NOTEBOOK),
    ]


def _training() -> list[Group]:
    created = TAKEN_AT - timedelta(hours=6, minutes=12)
    hall = {"data_zone": "hall-1"}
    sweep = _gang("research/Job/sweep-vision", 2, (16, 96), (2, A100), (13.0, 60.0, 1.7), (3, 8), **hall)
    return [
        _gang("research/Job/pretrain-7b", 2, (160, 1600), (8, H100), (121.0, 1130.0, 7.7), (61, 72), **hall),
        _gang("research/Job/finetune-13b", 2, (48, 480), (4, A100), (30.0, 310.0, 3.6), (9, 12), **hall),
        replace(sweep, nodes=("a100-2", "a100-3"), apart=True),
        _gang("research/Job/pretrain-30b", 4, (160, 1600), (8, H100), NOTHING, (None, 96), created_at=created, **hall),
        _gang("research/Job/distil", 2, (40, 320), (4, A100), NOTHING, (None, 10), created_at=created, **hall),
        _on(
            "serving/Deployment/chat-canary",
            1,
            (32, 256),
            {GPU: 4.0},
            (A100,),
            NOTHING,
            {**PRODUCTION, "created_at": TAKEN_AT - timedelta(minutes=7)},
        ),
    ]


def _on(
    workload_id: str,
    count: int,
    size: tuple[float, float],
    devices: dict[str, float],
    models: tuple[str, ...],
    used: tuple[float, float, float],
    task: dict[str, Any],
) -> Group:
    """Return a workload on devices; `used` is cores, GiB and devices kept busy."""
    name = workload_id.split("/")[2]
    device = next(iter(devices))
    requests = amounts(*size, **devices)
    kept = amounts(used[0], used[1], **{device: used[2]})
    return Group(
        workload_id,
        count,
        (Container(name=name, requests=requests, limits=requests),),
        kept,
        {
            "tolerations": (ON_DEVICES,),
            "accelerator_models": models,
            "node_selector": {MODEL: models[0]} if models else {},
            **({"affinities": (anti_affinity(name),)} if name == "chat-large" else {}),
            **task,
        },
        {"min_available": "50%"} if workload_id.startswith("serving/") else {},
        apart=name == "chat-large",
    )


def _gang(
    workload_id: str,
    count: int,
    size: tuple[float, float],
    devices: tuple[float, str],
    used: tuple[float, float, float],
    hours: tuple[float | None, float],
    **task: Any,
) -> Group:
    """Return tasks that start together; `hours` are those since their start, None where they wait, and their limit."""
    number, model = devices
    fields: dict[str, Any] = {**TRAINING, "gang": workload_id, "time_limit": hours[1] * 3600, **task}
    if hours[0] is not None:
        started = TAKEN_AT - timedelta(hours=hours[0])
        fields |= {"started_at": started, "ends_at": started + timedelta(hours=hours[1])}
    return _on(workload_id, count, size, {GPU: number}, (model,), used, fields)


def _as_seen(task: Task) -> Task:
    """Take the use from a task that waits, and give the waiting of a gang its scheduler's words."""
    if task.state != "pending":
        return task
    words = f"pod group not ready: {task.pending_reason}" if task.gang else task.pending_reason
    return task.model_copy(update={"used": {}, "pending_reason": words})


def _with_use(node: Node, tasks: list[Task]) -> Node:
    used: dict[str, float] = amounts(0.4, 3.0)
    for task in tasks:
        if task.node_id == node.node_id and task.state == "running":
            used = {r: used.get(r, 0.0) + task.used.get(r, 0.0) for r in {**used, **task.used}}
    if not node.is_ready:  # it is silent, and its tasks are about to be evicted
        lost = Taint(key="node.kubernetes.io/unreachable", effect="NoExecute")
        return node.model_copy(update={"taints": (*node.taints, lost)})
    return node.model_copy(update={"used": {r: round(a, 4) for r, a in used.items()}})
