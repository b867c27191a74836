"""A small cluster and a server of its extender, for tests."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aurora.cluster.scheduler.cluster import LiveCluster
from aurora.cluster.scheduler.extender import Extender
from aurora.cluster.scheduler.server import ExtenderServer, ServerSettings
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from tests.cluster.clusters import node as make_node
from tests.cluster.clusters import snapshot, task


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def amounts(cpu: float, gpu: float = 0) -> dict[str, float]:
    return {"cpu": cpu, "memory": 16.0, "pods": 110.0, **({"nvidia.com/gpu": gpu} if gpu else {})}


def shop(**fields: Any) -> Any:
    nodes = (
        make_node("big", allocatable=amounts(16)),
        make_node("busy", allocatable=amounts(4)),
        make_node("small", allocatable=amounts(0.25)),
    )
    return snapshot(*nodes, task("old", "busy", 3.0), **fields)


def cluster(policy: Policy = REFERENCES["best_fit"], clock: Any = time.monotonic) -> LiveCluster:
    return LiveCluster(shop(), policy, clock=clock)


@contextmanager
def served(settings: ServerSettings = ServerSettings(port=0), extender: Extender | None = None) -> Iterator[Any]:  # noqa: B008
    server = ExtenderServer(extender or Extender(cluster()), settings)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.close()


def sent(server: Any, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response.status, response.read()
