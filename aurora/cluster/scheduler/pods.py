"""Reads single pods as kube-scheduler and the watch of the API send them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from pydantic import ValidationError

from aurora.cluster.readers.kubernetes.fields import mapping, name_of, text
from aurora.cluster.readers.kubernetes.inventory import Inventory
from aurora.cluster.readers.kubernetes.kept import SHAPES, kept
from aurora.cluster.readers.kubernetes.nodes import read_node
from aurora.cluster.readers.kubernetes.placement import Namespaces
from aurora.cluster.readers.kubernetes.pods import Cluster, read_pod
from aurora.cluster.readers.kubernetes.volumes import Volumes
from aurora.cluster.readers.notes import Notes
from aurora.cluster.snapshot import Node, Task
from aurora.errors import DataError
from aurora.validation import explain_validation

KEPT_PODS = 4096
"""Pods whose reading is remembered: kube-scheduler asks twice about each."""


class PodReader:
    """Reads pods of one cluster.

    Args:
        nodes: Its nodes.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._offered = frozenset(resource for node in nodes for resource in node.allocatable)
        self._known: OrderedDict[str, tuple[str, Task]] = OrderedDict()
        self._lock = Lock()

    def read(self, pod: Mapping[str, Any]) -> Task:
        """Return a pod as a task.

        Raises:
            DataError: It has no name, or a field is not what it should be.
        """
        metadata = pod.get("metadata")
        stamps = metadata if isinstance(metadata, dict) else {}
        uid, version = (str(stamps.get(key) or "") for key in ("uid", "resourceVersion"))
        if not (uid and version):
            return self._read(pod)
        with self._lock:
            if uid in self._known and self._known[uid][0] == version:
                self._known.move_to_end(uid)
                return self._known[uid][1]
        task = self._read(pod)
        with self._lock:
            self._known[uid] = version, task
            self._known.move_to_end(uid)
            if len(self._known) > KEPT_PODS:
                self._known.popitem(last=False)
        return task

    def known(self, uid: str) -> Task | None:
        """Return a pod that was read lately; None if it was not."""
        with self._lock:
            return self._known[uid][1] if uid in self._known else None

    def _read(self, pod: Mapping[str, Any]) -> Task:
        try:
            fields, _ = kept(pod, SHAPES["", "Pod"])
            name = name_of(fields)
            if not name or name.endswith("/"):
                raise DataError("the pod has no metadata.name")
            notes = Notes()
            namespace = text(mapping(fields, "metadata"), "namespace")
            cluster = Cluster(
                Inventory(notes), Namespaces(frozenset({namespace}), {}), Volumes({}, {}), self._offered, {}, notes
            )
            return read_pod(fields, None, None, cluster)
        except ValidationError as error:
            raise DataError(f"the pod: {explain_validation(error)}") from None
        except RecursionError:
            raise DataError("the pod is nested too deeply") from None


def read_node_object(item: Mapping[str, Any]) -> Node:
    """Return a node as the API sends it.

    Raises:
        DataError: It has no name, or a field is not what it should be.
    """
    try:
        fields, _ = kept(item, SHAPES["", "Node"])
        if not name_of(fields):
            raise DataError("the node has no metadata.name")
        return read_node(fields, None, None, Notes())
    except ValidationError as error:
        raise DataError(f"the node: {explain_validation(error)}") from None
