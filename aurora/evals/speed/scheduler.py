"""Measures a policy as a scheduler: the latency of decisions, and of requests to the extender over HTTP."""

from __future__ import annotations

import gc
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import orjson

from aurora.cluster.scheduler.cluster import LiveCluster
from aurora.cluster.scheduler.extender import Extender
from aurora.cluster.scheduler.names import KEPT_LISTS
from aurora.cluster.scheduler.routes import VERBS
from aurora.cluster.scheduler.server import ExtenderServer, ServerSettings, settle_process
from aurora.cluster.snapshot import Node, Snapshot, Task
from aurora.errors import InputError
from aurora.evals.speed.clients import CONNECTIONS, request, send_requests
from aurora.sim.policies.policy import Policy
from aurora.types import Progress, no_progress

TASKS_PER_NODE = 6
ORDERS = 4 * KEPT_LISTS
"""Orders in which names are sent; more than the server remembers."""
LIMIT_REQUESTS = 2000
"""Requests by which the limits of the server and of the client are measured."""
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
    has_objects: bool = False,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Run all measurements; the keys are those of `aurora bench schedule --json`.

    Args:
        policy: The policy.
        sizes: Numbers of nodes.
        decisions: Decisions that are timed at each size; each is followed by a placement and a deletion.
        rate: Requests a second over HTTP, filter and prioritize for each pod.
        seconds: Seconds for which they are sent; 0: none.
        has_objects: Whether questions carry whole nodes instead of their names.
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
            requests.append(_requests(cluster, size, rate, seconds, has_objects=has_objects))
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


def _requests(cluster: LiveCluster, size: int, rate: float, seconds: float, *, has_objects: bool) -> dict[str, Any]:
    """Send requests from another process at a fixed rate, and as many as are answered of the shortest question."""
    names = cluster.state.node_ids
    pods = [_pod(k) for k in range(max(1, round(rate * seconds / len(VERBS))))]
    ends = [_with_objects(names)] if has_objects else _with_names(names)
    total = max(1, round(rate * seconds))
    extender = Extender(cluster)
    with (
        _serving(ExtenderServer(extender, ServerSettings(port=0))) as server,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as clients,
    ):
        paths = [f"/{verb}" for verb in VERBS]
        clients.submit(send_requests, server.port, paths, pods[:1], ends, rate=0.0, total=2 * CONNECTIONS).result()
        used = time.process_time()
        sent = clients.submit(send_requests, server.port, paths, pods, ends, rate=rate, total=total).result()
        used = time.process_time() - used
        most = clients.submit(
            send_requests, server.port, paths, pods, ends, rate=0.0, total=min(total, LIMIT_REQUESTS)
        ).result()
    answer = len(extender.prioritize(pods[0] + ends[0]).body)
    client = _client_limit(len(pods[0]) + len(ends[0]), answer, min(total, LIMIT_REQUESTS))
    p50, p99, longest = (float(v) for v in np.percentile(1000 * np.array(sent.took), (50, 99, 100)))
    return {
        "nodes": size,
        "requests": total,
        "failed": sent.failed + most.failed,
        "per_second": total / sent.seconds,
        "p50_ms": p50,
        "p99_ms": p99,
        "max_ms": longest,
        "cpu_ms": 1000 * used / total,
        "most_per_second": len(most.took) / most.seconds,
        "client_per_second": client,
    }


@contextmanager
def _serving(server: ExtenderServer) -> Iterator[ExtenderServer]:
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    before = sys.getswitchinterval()
    settle_process()
    serving.start()
    try:
        yield server
    finally:
        server.shutdown()
        serving.join()
        gc.unfreeze()
        sys.setswitchinterval(before)


def _client_limit(asked: int, answered: int, total: int) -> float:
    """Return how many requests a second the client sends to a server that answers at once, always the same.

    Args:
        asked: Bytes of a body.
        answered: Bytes of an answer.
        total: Number of requests.
    """
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {answered}\r\n\r\n".encode() + b" " * answered
    size = len(request("/filter", (b" " * asked,)))
    with (
        socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS) as listening,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as clients,
    ):
        port = int(listening.getsockname()[1])
        sending = clients.submit(send_requests, port, ("/filter",), (b" " * asked,), (b"",), rate=0.0, total=total)
        threads = [
            threading.Thread(target=_echo, args=(listening.accept()[0], size, answer), daemon=True)
            for _ in range(min(CONNECTIONS, total))
        ]
        for thread in threads:
            thread.start()
        sent = sending.result()
    return len(sent.took) / sent.seconds


def _echo(connection: socket.socket, size: int, answer: bytes) -> None:
    """Answer every `size` bytes with the same answer."""
    with connection:
        room = memoryview(bytearray(size))
        while True:
            got = 0
            while got < size:
                part = connection.recv_into(room[got:])
                if not part:
                    return
                got += part
            connection.sendall(answer)


def _pod(k: int) -> bytes:
    """Return the beginning of a question, with a pod that was not asked about before."""
    requests = {"cpu": f"{250 * (1 + k % 4)}m", "memory": "1Gi"}
    if k % 3 == 0:
        requests["nvidia.com/gpu"] = "1"
    pod = {
        "metadata": {"name": f"pod-{k}", "namespace": "load", "uid": f"uid-{k}", "resourceVersion": "1"},
        "spec": {"containers": [{"name": "main", "resources": {"requests": requests}}], "priority": 0},
        "status": {"phase": "Pending"},
    }
    return b'{"Pod":' + orjson.dumps(pod)


def _with_names(names: Sequence[str]) -> list[bytes]:
    """Return ends of questions with all names, in other orders than the server remembers.

    kube-scheduler filters in parallel, so that the order of names differs from pod to pod.
    """
    rng = np.random.default_rng(2)
    order = np.array(names, dtype=object)
    ends = []
    for _ in range(ORDERS):
        rng.shuffle(order)
        ends.append(b',"Nodes":null,"NodeNames":' + orjson.dumps(order.tolist()) + b"}")
    return ends


def _with_objects(names: Sequence[str]) -> bytes:
    """Return the end of a question with whole nodes, as small as nodes come: about a kilobyte each."""
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    condition = {"status": "False", "lastHeartbeatTime": None, "lastTransitionTime": None, "reason": "KubeletReady"}
    conditions = [{"type": kind, **condition} for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")]
    items = [
        {
            "metadata": {"name": name, "uid": f"uid-{name}", "labels": {"kubernetes.io/hostname": name}},
            "spec": {"podCIDR": "10.0.0.0/24", "providerID": f"made-up://{name}"},
            "status": {"capacity": amounts, "allocatable": amounts, "conditions": conditions},
        }
        for name in names
    ]
    return b',"Nodes":' + orjson.dumps({"metadata": {}, "items": items}) + b',"NodeNames":null}'
