"""Measures a policy as a scheduler: the latency of decisions, and of requests to the extender over HTTP."""

from __future__ import annotations

import json
import multiprocessing
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from aurora.cluster.scheduler.cluster import LiveCluster
from aurora.cluster.scheduler.extender import Extender
from aurora.cluster.scheduler.server import SWITCH_SECONDS, ExtenderServer, ServerSettings
from aurora.cluster.snapshot import Node, Snapshot, Task
from aurora.errors import InputError
from aurora.evals.speed.clients import send_requests
from aurora.sim.policies.policy import Policy
from aurora.types import Progress, no_progress

TASKS_PER_NODE = 6
AIMS_MS = {100: 2.0, 1000: 5.0, 5000: 20.0}
"""Aim for the 99th percentile of a decision, milliseconds, by number of nodes."""


def made_up_cluster(nodes: int, *, seed: int = 0) -> Snapshot:
    """Return a cluster about two thirds full: every third node has eight devices, which some pods share."""
    from datetime import UTC, datetime  # noqa: PLC0415  # only here

    rng = np.random.default_rng(seed)
    machines, tasks = [], []
    for k in range(nodes):
        devices = 8.0 if k % 3 == 0 else 0.0
        amounts = {"cpu": 64.0, "memory": 256.0, "pods": 110.0}
        if devices:
            amounts["nvidia.com/gpu"] = devices
        machines.append(
            Node(
                node_id=f"node-{k:05d}",
                capacity=amounts,
                allocatable=amounts,
                accelerator_model="A100" if devices else None,
                price_per_hour=12.0 if devices else 2.0,
                used={},
            )
        )
        for i in range(TASKS_PER_NODE):
            requests = {"cpu": float(rng.choice([2, 4, 8, 12])), "memory": float(rng.choice([8, 16, 32]))}
            if devices:
                requests["nvidia.com/gpu"] = float(rng.choice([0.25, 0.5, 1.0]))
            tasks.append(
                Task(
                    task_id=f"load/task-{k:05d}-{i}",
                    state="running",
                    node_id=f"node-{k:05d}",
                    requests=requests,
                    limits={},
                    used={},
                )
            )
    return Snapshot(
        snapshot_id=f"made-up-{nodes}",
        system="kubernetes",
        taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        nodes=tuple(machines),
        tasks=tuple(tasks),
    )


def bench_scheduler(
    policy: Policy,
    *,
    sizes: Sequence[int] = tuple(AIMS_MS),
    decisions: int = 2000,
    rate: float = 200.0,
    seconds: float = 60.0,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Run all measurements; the keys are those of `aurora bench schedule --json`.

    Args:
        policy: The policy.
        sizes: Numbers of nodes.
        decisions: Decisions that are timed at each size; each is followed by a placement and a deletion.
        rate: Requests a second over HTTP, filter and prioritize in turn.
        seconds: Seconds for which they are sent; 0: none.
        progress: Receives the sizes that are done.

    Raises:
        InputError: There is no size, or fewer than one decision.
    """
    if not sizes or decisions < 1:
        raise InputError("give at least one size and one decision", parameter="decisions", value=decisions)
    rows, requests = [], []
    for number, size in enumerate(sizes, 1):
        snapshot = made_up_cluster(size)
        cluster = LiveCluster(snapshot, policy)
        cluster.warm_up()
        rows.append(_decisions(cluster, size, decisions))
        if seconds > 0:
            requests.append(_requests(cluster, size, rate, seconds))
        progress("sizes", number, len(sizes), f"{size} nodes")
    return {"policy": policy.policy_id, "decisions": rows, "requests": requests}


def _decisions(cluster: LiveCluster, size: int, count: int) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    took = np.empty(count)
    for k in range(count):
        task = _task(k, rng)
        begun = time.perf_counter()
        choice = cluster.rank(task).choice
        took[k] = time.perf_counter() - begun
        if choice is not None:
            cluster.update(task.model_copy(update={"state": "running", "node_id": choice}))
            cluster.remove(task.task_id)
    aim = AIMS_MS.get(size)
    p50, p99 = (float(v) for v in np.percentile(1000 * took, (50, 99)))
    return {
        "nodes": size,
        "decisions": count,
        "p50_ms": p50,
        "p99_ms": p99,
        "aim_ms": aim,
        "is_within_aim": None if aim is None else p99 <= aim,
    }


def _task(k: int, rng: np.random.Generator) -> Task:
    requests = {"cpu": float(rng.choice([1, 2, 4])), "memory": float(rng.choice([2, 8]))}
    if rng.random() < 0.3:  # noqa: PLR2004  # share of pods with a device
        requests["nvidia.com/gpu"] = float(rng.choice([0.5, 1.0]))
    return Task(task_id=f"new/task-{k}", state="pending", requests=requests, limits={}, used={})


def _requests(cluster: LiveCluster, size: int, rate: float, seconds: float) -> dict[str, Any]:
    """Send requests from another process at a fixed rate; see `send_requests`."""
    bodies = [_body(k, cluster.state.node_ids) for k in range(16)]
    total = max(1, round(rate * seconds))
    server = ExtenderServer(Extender(cluster), ServerSettings(port=0))
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as clients:
            asked = clients.submit(
                send_requests, int(server.server_address[1]), ("/filter", "/prioritize"), bodies, rate=rate, total=total
            )
            took, failed, elapsed = asked.result()
    finally:
        sys.setswitchinterval(before)
        server.shutdown()
        server.server_close()
        serving.join()
    p50, p99, most = (float(v) for v in np.percentile(1000 * np.array(took), (50, 99, 100)))
    return {
        "nodes": size,
        "requests": total,
        "failed": failed,
        "per_second": total / elapsed,
        "p50_ms": p50,
        "p99_ms": p99,
        "max_ms": most,
    }


def _body(k: int, names: Sequence[str]) -> bytes:
    requests = {"cpu": "500m", "memory": "1Gi"}
    pod = {
        "metadata": {"name": f"pod-{k}", "namespace": "load", "uid": f"uid-{k}", "resourceVersion": "1"},
        "spec": {"containers": [{"name": "main", "resources": {"requests": requests}}], "priority": 0},
        "status": {"phase": "Pending"},
    }
    return json.dumps({"Pod": pod, "Nodes": None, "NodeNames": list(names)}).encode()
