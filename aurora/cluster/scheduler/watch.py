"""Follows a live cluster: reads it once, then takes in the events of its nodes and pods."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from aurora.cluster.readers.kubernetes.connection import GONE, OK, Connection
from aurora.cluster.readers.kubernetes.live import read_connection
from aurora.cluster.scheduler.pods import PodReader, read_node_object
from aurora.cluster.snapshot import Node, Snapshot, Task
from aurora.errors import DataError

WATCH_SECONDS = 45
"""Seconds after which a watch is renewed, so that a silent connection is noticed."""
RETRY_SECONDS = (1.0, 30.0)
"""Shortest and longest pause after a failure; it doubles."""
PODS, NODES = "/api/v1/pods", "/api/v1/nodes"


class Sink(Protocol):
    """Receives what a cluster says; `LiveCluster` and `Shadow` do."""

    @property
    def snapshot(self) -> Snapshot: ...  # noqa: D102

    def replace(self, snapshot: Snapshot) -> None: ...  # noqa: D102

    def update(self, task: Task) -> None: ...  # noqa: D102

    def remove(self, task_id: str) -> None: ...  # noqa: D102

    def set_up(self, node_id: str, is_up: bool) -> None: ...  # noqa: D102

    def heard(self) -> None: ...  # noqa: D102


class _Resync(Exception):  # noqa: N818  # no error: events were missed, or a node changed its size
    """The cluster is to be read anew."""


class Start(NamedTuple):
    """A cluster that was read, and the versions after which its events are to be watched."""

    snapshot: Snapshot
    versions: Mapping[str, str]


def read_start(connection: Connection) -> Start:
    """Read a cluster to follow.

    Raises:
        DataError: It can't be reached, or refuses nodes or pods.
    """
    versions = {path: _version(connection, path) for path in (PODS, NODES)}  # before the lists: no event is missed
    return Start(read_connection(connection), versions)


class Follower:
    """Follows a cluster in threads of its own until it is stopped.

    Args:
        connection: A connection to the cluster.
        sink: Receives what it says; holds the snapshot of `start` already.
        start: What was read at the start.
    """

    def __init__(self, connection: Connection, sink: Sink, start: Start) -> None:
        self._connection = connection
        self._sink = sink
        self._versions = dict(start.versions)
        self._stopped = threading.Event()
        self._resync = threading.Event()
        self._lock = threading.Lock()
        self._readings = 0
        self._reader = PodReader(start.snapshot.nodes)
        self.failure = ""
        self._threads = [threading.Thread(target=self._run, args=(path,), daemon=True) for path in (PODS, NODES)]

    def start(self) -> None:
        """Begin to follow."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop to follow; a watch that waits ends within its own time."""
        self._stopped.set()

    def _run(self, path: str) -> None:
        pause = RETRY_SECONDS[0]
        while not self._stopped.is_set():
            try:
                if self._resync.is_set():
                    self._read_anew()
                self._watch(path)
                self.failure, pause = "", RETRY_SECONDS[0]
            except _Resync:
                self._resync.set()
            except DataError as error:
                self.failure = str(error)
                self._stopped.wait(pause)
                pause = min(2 * pause, RETRY_SECONDS[1])

    def _read_anew(self) -> None:
        with self._lock:
            if self._resync.is_set():
                start = read_start(self._connection)
                self._reader = PodReader(start.snapshot.nodes)
                self._sink.replace(start.snapshot)
                self._versions.update(start.versions)
                self._readings += 1
                self._resync.clear()

    def _watch(self, path: str) -> None:
        with self._lock:
            reading, version = self._readings, self._versions[path]
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        for event in self._connection.watch(path, query, WATCH_SECONDS + 15):
            if self._stopped.is_set() or not self._take(path, event, reading):
                return
        self._sink.heard()

    def _take(self, path: str, event: Mapping[str, Any], reading: int) -> bool:
        """Take in an event; return False if the cluster was read anew since, so that the event may be an old one."""
        kind, item = event.get("type"), event.get("object")
        if not isinstance(item, dict):
            raise DataError(f"{self._connection.host}: an event of {path} has no object")
        if kind == "ERROR":
            if item.get("code") == GONE:
                raise _Resync
            raise DataError(f"{self._connection.host}: {str(item.get('message'))[:200]}")
        with self._lock:
            if self._resync.is_set() or reading != self._readings:
                return False
            if kind != "BOOKMARK":
                (self._pod if path == PODS else self._node)(str(kind), item)
            metadata = item.get("metadata")
            version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
            if isinstance(version, str) and version:
                self._versions[path] = version
        self._sink.heard()
        return True

    def _pod(self, kind: str, item: Mapping[str, Any]) -> None:
        task = self._reader.read(item)
        if kind == "DELETED":
            self._sink.remove(task.task_id)
        elif task.holds_resources and task.node_id not in self._sink.snapshot.nodes_by_id:
            raise _Resync
        else:
            self._sink.update(task)

    def _node(self, kind: str, item: Mapping[str, Any]) -> None:
        node = read_node_object(item)
        known = self._sink.snapshot.nodes_by_id.get(node.node_id)
        if kind == "DELETED":
            if known is not None:
                self._sink.set_up(node.node_id, False)
        elif known is None or _size(known) != _size(node):
            raise _Resync
        else:
            self._sink.set_up(node.node_id, node.is_ready and not node.is_cordoned)


def _size(node: Node) -> tuple[object, ...]:
    return node.allocatable, node.accelerator_model, tuple(sorted(node.labels.items())), node.taints


def _version(connection: Connection, path: str) -> str:
    answer = connection.get(path, {"limit": "1"})
    metadata = answer.fields.get("metadata")
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    if answer.status != OK or not isinstance(version, str):
        raise DataError(f"{connection.host} answers {answer.status} to {path}: {answer.message}")
    return version
