"""A large cluster, made by rule."""

from __future__ import annotations

from datetime import UTC, datetime

from aurora.cluster.snapshot import Node, Snapshot, Task

ZONES = 8
TASKS_A_NODE = 4


def large_cluster(nodes: int = 5_000) -> Snapshot:
    """Return a cluster whose nodes have 0 to 100 % of their cores requested; some are cordoned or in trouble."""
    listed, tasks = [], []
    for k in range(nodes):
        name = f"node-{k:05d}.rack-{k % 97}.example"
        amounts = {"cpu": 32.0, "memory": 128.0}
        listed.append(
            Node(
                node_id=name,
                capacity=amounts,
                allocatable=amounts,
                labels={
                    "kubernetes.io/hostname": name,
                    "topology.kubernetes.io/zone": f"zone-{k % ZONES}",
                    "pool": f"pool-{k % 13}",
                },
                is_cordoned=k % 50 == 0,
                conditions=("DiskPressure",) if k % 333 == 1 else (),
                instance_type="general-32",
                zone=f"zone-{k % ZONES}",
                price_per_hour=1.2,
                idle_power=120.0,
                full_power=400.0,
            )
        )
        share = (k * 37 % 101) / 100 / TASKS_A_NODE
        tasks += [
            Task(
                task_id=f"space-{j}/task-{k}-{j}",
                state="running",
                node_id=name,
                requests={"cpu": 32.0 * share, "memory": 64.0 * share},
            )
            for j in range(TASKS_A_NODE)
        ]
    tasks += [
        Task(
            task_id=f"batch/waiting-{k}",
            state="pending",
            requests={"cpu": 64.0, "memory": 1.0},
            created_at=datetime(2026, 6, 1, 12, k % 60, tzinfo=UTC),
        )
        for k in range(300)
    ]
    return Snapshot(
        snapshot_id="large",
        system="kubernetes",
        taken_at=datetime(2026, 6, 1, 13, tzinfo=UTC),
        nodes=tuple(listed),
        tasks=tuple(tasks),
    )
