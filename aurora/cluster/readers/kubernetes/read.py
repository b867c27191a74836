"""Makes a snapshot of Kubernetes objects, from files here and from a live cluster in `live`."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from aurora.cluster.readers.kubernetes.documents import NotKubernetesError, files_in, items_in
from aurora.cluster.readers.kubernetes.fields import Object, labels_of, mapping, nested, text, whole
from aurora.cluster.readers.kubernetes.inventory import Inventory
from aurora.cluster.readers.kubernetes.nodes import read_node
from aurora.cluster.readers.kubernetes.owners import workload_of
from aurora.cluster.readers.kubernetes.placement import Namespaces
from aurora.cluster.readers.kubernetes.pods import Cluster, read_pod
from aurora.cluster.readers.kubernetes.times import taken_at
from aurora.cluster.readers.kubernetes.volumes import Volumes
from aurora.cluster.readers.kubernetes.workloads import read_workloads
from aurora.cluster.readers.notes import Notes
from aurora.cluster.snapshot import Node, Snapshot, Source, Task
from aurora.errors import DataError
from aurora.validation import explain_validation

MAX_NODES, MAX_PODS = 20_000, 200_000
"""Most nodes and pods of a snapshot; Kubernetes itself is made for 5,000 and 150,000."""

MAX_MINOR_SKEW = 3
"""Most minor versions by which kubelets of one cluster may differ from their server."""

_VERSION = re.compile(r"v?1\.(\d{1,3})\b")
_LIST_BOTH = "list both: kubectl get nodes,pods -A -o json"


def read_kubernetes(
    paths: Sequence[Path | str],
    *,
    name: str | None = None,
    now: datetime | None = None,
    prices: Mapping[str, float] | None = None,
) -> Snapshot:
    """Read files that `kubectl get … -A -o json` (or `-o yaml`) wrote, as one snapshot.

    Args:
        paths: Files, plain or gzipped, folders of such files, or `-` for standard input.
        name: Name of the cluster; None for that of the first file.
        now: Time of reading; None for the clock's. The snapshot's own time is the newest in the files, not after it.
        prices: Dollars an hour by instance type, see `aurora.cluster.readers.prices`.

    Raises:
        FileError: A file can't be read.
        DataError: A file is cut off or no list of Kubernetes objects, a field is not what it should be, no node is
            listed, or the files are of two clusters.
    """
    given = [Path(p) for p in paths]
    files = files_in(given)
    notes = Notes()
    inventory = Inventory(notes)
    kinds: dict[Path, set[str]] = {path: set() for path in given}
    with collector_paused():
        for path, source in files:
            kinds[source] |= set(_add(inventory, path, path != source, notes))
        if not any(kinds.values()):
            raise DataError(f"{files[0][0]} has no node and no pod; {_LIST_BOTH}")
        sources = [(str(path), tuple(sorted(found))) for path, found in kinds.items() if found]
        return snapshot_of(inventory, sources, name or _stem(given[0]), notes, now=now, prices=prices)


def _add(inventory: Inventory, path: Path, is_in_folder: bool, notes: Notes) -> tuple[str, ...]:
    """Take in a file; return its kinds. In a folder, files about other things than Kubernetes are noted."""
    try:
        return inventory.add(items_in(path), str(path))
    except NotKubernetesError:
        if not is_in_folder:
            raise
        notes.not_represented("other-files", "files of a folder that are not about Kubernetes are left out", str(path))
        return ()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the search for circular garbage, of which JSON has none: it takes a third of the time of 50,000 pods."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def snapshot_of(
    inventory: Inventory,
    sources: Sequence[tuple[str, tuple[str, ...]]],
    name: str,
    notes: Notes,
    *,
    now: datetime | None = None,
    prices: Mapping[str, float] | None = None,
    is_live: bool = False,
) -> Snapshot:
    """Return the snapshot of the objects that were read.

    Args:
        inventory: The objects.
        sources: Name of each source, and the kinds that it had.
        name: Name of the cluster.
        notes: Notes taken so far; receives more.
        now: Time of reading; None for the clock's.
        prices: Dollars an hour by instance type; None where none are known.
        is_live: True if the objects were read now; a file counts as written at the newest time in it.

    Raises:
        DataError: A field is not what it should be, no node is listed, or the objects are of two clusters.
    """
    _check_size(inventory)
    inventory.note_unread()
    newest = taken_at(inventory, now, notes)
    time = (now or datetime.now(UTC)) if is_live else newest
    _refuse_mixture(inventory, notes)
    nodes = _nodes(inventory, prices, notes)
    pods = inventory.all("Pod")
    if not pods:
        notes.assumed("no-pods", "no pod is listed: every node counts as empty")
    tasks = _on_known_nodes(_tasks(inventory, nodes, notes), nodes, notes)
    listed = [
        Source(source_id=f"S{k}", kind="kubernetes", origin=origin, read_at=time, facts=kinds)
        for k, (origin, kinds) in enumerate(sources, start=1)
    ]
    if prices is not None:
        listed.append(
            Source(source_id=f"S{len(listed) + 1}", kind="prices", origin="price list", read_at=time, facts=("prices",))
        )
    workloads = read_workloads(tasks, pods, inventory, notes)
    try:
        return Snapshot(
            snapshot_id=name,
            system="kubernetes",
            taken_at=time,
            sources=tuple(listed),
            nodes=nodes,
            tasks=tasks,
            workloads=workloads,
            notes=notes.taken(),
        )
    except ValidationError as error:
        raise DataError(f"{sources[0][0]}: {explain_validation(error)}") from None


def _stem(path: Path) -> str:
    return path.name.split(".")[0] if str(path) != "-" and path.name.split(".")[0] else "kubernetes"


def _check_size(inventory: Inventory) -> None:
    if not inventory.all("Node"):
        raise DataError(f"{len(inventory.all('Pod')):,} pods are listed and no node, so no room is known; {_LIST_BOTH}")
    for kind, most in (("Node", MAX_NODES), ("Pod", MAX_PODS)):
        if len(inventory.all(kind)) > most:
            raise DataError(f"{len(inventory.all(kind)):,} objects of kind {kind}; at most {most:,} are read")


def _nodes(inventory: Inventory, prices: Mapping[str, float] | None, notes: Notes) -> tuple[Node, ...]:
    usage = inventory.all("NodeMetrics")
    found = []
    for name, item in inventory.all("Node").items():
        with inventory.place("Node", name):
            found.append(read_node(item, usage.get(name), prices, notes))
    return tuple(found)


def _tasks(inventory: Inventory, nodes: Sequence[Node], notes: Notes) -> list[Task]:
    pods, usage = inventory.all("Pod"), inventory.all("PodMetrics")
    cluster = Cluster(
        inventory,
        _namespaces(inventory),
        Volumes(inventory.all("PersistentVolume"), inventory.all("PersistentVolumeClaim")),
        frozenset(resource for node in nodes for resource in node.allocatable),
        _priorities(inventory),
        notes,
    )
    found = []
    for name, item in pods.items():
        with inventory.place("Pod", name):
            found.append(read_pod(item, usage.get(name), workload_of(item, inventory, name, notes), cluster))
    return found


def _namespaces(inventory: Inventory) -> Namespaces:
    listed = {}
    for name, item in inventory.all("Namespace").items():
        with inventory.place("Namespace", name):
            listed[name] = {"kubernetes.io/metadata.name": name, **labels_of(item)}
    names = {name.rpartition("/")[0] for name in inventory.all("Pod")}
    return Namespaces(frozenset(names | set(listed)), listed)


def _priorities(inventory: Inventory) -> dict[str, int]:
    """Return the values of priority classes by name; that of the default under the empty name."""
    found = {}
    for name, item in inventory.all("PriorityClass").items():
        with inventory.place("PriorityClass", name):
            value = whole(item, "value") or 0
            found[name] = value
            if item.get("globalDefault") is True:
                found[""] = value
    return found


def _on_known_nodes(tasks: list[Task], nodes: Sequence[Node], notes: Notes) -> tuple[Task, ...]:
    """Return the tasks without those that hold room on a node that is not listed.

    Raises:
        DataError: Most are on nodes that are not listed.
    """
    known = {n.node_id for n in nodes}
    holding = [t for t in tasks if t.holds_resources]
    strays = [t for t in holding if t.node_id not in known]
    if 2 * len(strays) > len(holding):
        elsewhere = Counter(t.node_id for t in strays).most_common(1)[0][0]
        raise DataError(
            f"{len(strays):,} of {len(holding):,} pods run on nodes that are not listed, such as {elsewhere}: are the "
            f"nodes and the pods of two clusters? {_LIST_BOTH}"
        )
    for task in strays:
        notes.repaired("node-not-listed", "pods on nodes that are not listed are left out", task.task_id)
    left_out = {t.task_id for t in strays}
    return tuple(t for t in tasks if t.task_id not in left_out)


def _refuse_mixture(inventory: Inventory, notes: Notes) -> None:
    """Refuse sources of which each has nodes and pods of its own, and none has a pod on another's nodes."""
    by_source = inventory.origins_of("Node")
    if len(by_source) > 1:
        source_of = {node: source for source, nodes in by_source.items() for node in nodes}
        pairs = set()
        for source, pods in inventory.origins_of("Pod").items():
            for name in pods:
                node = text(mapping(inventory.all("Pod")[name], "spec"), "nodeName")
                if node in source_of:
                    pairs.add((source, source_of[node]))
        closed = [s for s in by_source if (s, s) in pairs and not any((a == s) != (b == s) for a, b in pairs)]
        if len(closed) > 1:
            raise DataError(
                f"{closed[0]} and {closed[1]} have nodes and pods of their own, and no pod of one is on a node of the "
                "other: these are two clusters; read each by itself"
            )
        notes.assumed("nodes-from-several-files", "nodes from several files are taken to be of one cluster")
    minors = {name: _minor(item) for name, item in inventory.all("Node").items()}
    known = [m for m in minors.values() if m is not None]
    if known and max(known) - min(known) > MAX_MINOR_SKEW:
        oldest = min((name for name in minors if minors[name] is not None), key=lambda name: minors[name] or 0)
        notes.assumed(
            "versions-far-apart",
            f"kubelets are of 1.{min(known)} to 1.{max(known)}, further apart than Kubernetes supports; the nodes are "
            "taken to be of one cluster",
            oldest,
        )


def _minor(node: Object) -> int | None:
    match = _VERSION.match(text(nested(node, "status", "nodeInfo"), "kubeletVersion"))
    return int(match[1]) if match else None
