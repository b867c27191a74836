"""Reads a live cluster: lists of every kind that a snapshot needs, page by page, and nothing but lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from aurora.cluster.readers.kubernetes.connection import (
    FORBIDDEN,
    GONE,
    NOT_FOUND,
    OK,
    UNAUTHORISED,
    Answer,
    Connection,
    connect,
)
from aurora.cluster.readers.kubernetes.documents import Item
from aurora.cluster.readers.kubernetes.inventory import Inventory
from aurora.cluster.readers.kubernetes.kept import SHAPES, kept, printable
from aurora.cluster.readers.kubernetes.read import collector_paused, snapshot_of
from aurora.cluster.readers.notes import Notes
from aurora.cluster.snapshot import Snapshot
from aurora.errors import DataError, InputError
from aurora.types import Progress, no_progress

PAGE = 500
"""Objects in an answer, as kubectl asks for them."""

MAX_PAGES = 2_000
"""Most pages of a list; a server that goes on for ever ends in an error."""


class Listing(NamedTuple):
    """A kind that is listed.

    Attributes:
        kind: Kind of the objects.
        version: API group and version; `v1` for the core group.
        plural: Name in the path.
        is_namespaced: True if it can be listed by namespace.
        is_needed: True if there is no snapshot without it.
        is_usual: True if every cluster should have it; its absence is noted.
    """

    kind: str
    version: str
    plural: str
    is_namespaced: bool = True
    is_needed: bool = False
    is_usual: bool = True

    def path(self, namespace: str | None) -> str:
        """Return the path of the list."""
        root = f"/api/{self.version}" if "/" not in self.version else f"/apis/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"


LISTINGS = (
    Listing("Node", "v1", "nodes", is_namespaced=False, is_needed=True),
    Listing("Namespace", "v1", "namespaces", is_namespaced=False),
    Listing("PriorityClass", "scheduling.k8s.io/v1", "priorityclasses", is_namespaced=False),
    Listing("PersistentVolume", "v1", "persistentvolumes", is_namespaced=False),
    Listing("PersistentVolumeClaim", "v1", "persistentvolumeclaims"),
    Listing("Deployment", "apps/v1", "deployments"),
    Listing("ReplicaSet", "apps/v1", "replicasets"),
    Listing("StatefulSet", "apps/v1", "statefulsets"),
    Listing("DaemonSet", "apps/v1", "daemonsets"),
    Listing("ReplicationController", "v1", "replicationcontrollers"),
    Listing("Job", "batch/v1", "jobs"),
    Listing("CronJob", "batch/v1", "cronjobs"),
    Listing("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"),
    Listing("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    Listing("Rollout", "argoproj.io/v1alpha1", "rollouts", is_usual=False),
    Listing("NodeMetrics", "metrics.k8s.io/v1beta1", "nodes", is_namespaced=False),
    Listing("PodMetrics", "metrics.k8s.io/v1beta1", "pods"),
    Listing("Pod", "v1", "pods", is_needed=True),
)
"""Kinds in the order of listing; pods come last, when the owners of all are known."""


def read_live(
    context: str | None = None,
    *,
    as_user: str | None = None,
    kubeconfig: Path | str | None = None,
    namespaces: Sequence[str] | None = None,
    name: str | None = None,
    prices: Mapping[str, float] | None = None,
    progress: Progress = no_progress,
) -> Snapshot:
    """Read a live cluster; only lists are requested, nothing is changed.

    Args:
        context: Context of the kubeconfig; None for its current one, or within a cluster for that cluster.
        as_user: User to impersonate, such as `system:serviceaccount:NAMESPACE:NAME`.
        kubeconfig: Path of the kubeconfig; None for `KUBECONFIG` or `~/.kube/config`.
        namespaces: Namespaces of pods and workloads to list; None for all. Room on nodes is overrated without all.
        name: Name of the cluster; None for that of the context.
        prices: Dollars an hour by instance type, see `aurora.cluster.readers.prices`.
        progress: Receives the kinds that are done.

    Raises:
        InputError: There is no such context, or a namespace is not a name.
        FileError: There is no kubeconfig.
        DataError: The cluster can't be reached, refuses nodes or pods, or sends what is no list of objects.
    """
    for namespace in namespaces or ():
        if not namespace or not namespace.isascii() or not namespace.replace("-", "").isalnum():
            raise InputError("give names of namespaces", parameter="namespaces", value=namespace)
    connection = connect(context, kubeconfig=kubeconfig, as_user=as_user)
    return read_connection(connection, namespaces=namespaces, name=name, prices=prices, progress=progress)


def read_connection(
    connection: Connection,
    *,
    namespaces: Sequence[str] | None = None,
    name: str | None = None,
    now: datetime | None = None,
    prices: Mapping[str, float] | None = None,
    progress: Progress = no_progress,
) -> Snapshot:
    """Read the cluster of a connection; see `read_live`.

    Args:
        connection: A connection.
        namespaces: Namespaces to list; None for all.
        name: Name of the cluster; None for that of the context.
        now: Time of reading; None for the clock's.
        prices: Dollars an hour by instance type.
        progress: Receives the kinds that are done.

    Raises:
        DataError: The cluster can't be reached, refuses nodes or pods, or sends what is no list of objects.
    """
    notes = Notes()
    inventory = Inventory(notes)
    origin = f"{connection.context} at {connection.host}{_version(connection)}"
    with collector_paused():
        for number, listing in enumerate(LISTINGS, start=1):
            spaces = namespaces if namespaces is not None and listing.is_namespaced else (None,)
            for namespace in spaces:
                inventory.add(_list(connection, listing, namespace, notes), connection.host)
            progress("kinds", number, len(LISTINGS), listing.plural)
        if namespaces is not None:
            notes.assumed(
                "some-namespaces",
                "pods of other namespaces are not listed: nodes have less room than it seems",
                count=max(1, len(namespaces)),
            )
        kinds = tuple(sorted(inventory.kinds()))
        return snapshot_of(
            inventory, [(origin, kinds)], name or connection.context, notes, now=now, prices=prices, is_live=True
        )


def _version(connection: Connection) -> str:
    """Return the version of the server, for the snapshot's source; empty where it does not say."""
    version = connection.get("/version").fields.get("gitVersion")
    return f", Kubernetes {printable(version)[:40]}" if isinstance(version, str) and version else ""


def _list(connection: Connection, listing: Listing, namespace: str | None, notes: Notes) -> list[Item]:
    """Return the objects of a list, cut to what is kept; note and return none where it is refused.

    Pages belong to one moment, which the server forgets after some minutes (410 Gone); then the list starts anew.
    """
    path = listing.path(namespace)
    for limit in (PAGE, PAGE, 0):
        found: list[Item] = []
        query = {"limit": str(limit)} if limit else {}
        for _ in range(MAX_PAGES):
            answer = connection.get(path, query)
            if answer.status != OK:
                break
            found += _items(answer, listing, connection.host)
            token = _continue(answer)
            if not token:
                return found
            query["continue"] = token
        else:
            raise DataError(f"{connection.host}: the list {path} has no end after {MAX_PAGES:,} pages")
        if answer.status != GONE:
            _refused(connection, listing, path, answer, notes)
            return []
        notes.repaired("list-expired", "lists that the server forgot between two pages were read anew", listing.plural)
    raise DataError(f"{connection.host}: the server forgets the list {path} while it is read; try again later")


def _continue(answer: Answer) -> str:
    metadata = answer.fields.get("metadata")
    token = metadata.get("continue") if isinstance(metadata, dict) else None
    return token if isinstance(token, str) else ""


def _items(answer: Answer, listing: Listing, host: str) -> list[Item]:
    items = answer.fields.get("items")
    if items is None and str(answer.fields.get("kind", "")).endswith("List"):
        return []
    if not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
        raise DataError(f"{host}: the answer for {listing.plural} is no list of objects; is it a Kubernetes API?")
    group = listing.version.rpartition("/")[0]
    shape = SHAPES[group, listing.kind]
    try:
        return [Item(listing.kind, group, *kept(item, shape)) for item in items]
    except DataError as error:
        raise DataError(f"{host}: {listing.kind}: {error}") from None


def _refused(connection: Connection, listing: Listing, path: str, answer: Answer, notes: Notes) -> None:
    """Note that a kind can't be listed, or refuse to go on without it."""
    if answer.status == UNAUTHORISED:
        raise DataError(f"{connection.host} does not know who asks (401): {answer.message}; log in again")
    if listing.is_needed:
        if answer.status == FORBIDDEN:
            raise DataError(
                f"{connection.host} refuses the list of {listing.plural} (403): {answer.message}; a snapshot needs the "
                "right to list nodes and pods, see: kubectl create clusterrole aurora --verb=list --resource=nodes,pods"
            )
        raise DataError(f"{connection.host} answers {answer.status} to {path}: {answer.message}")
    if listing.version.startswith("metrics.k8s.io"):
        notes.assumed("no-metrics", "the cluster gives no metrics: use is not known", listing.plural)
    elif answer.status == FORBIDDEN:
        notes.not_represented(
            "kinds-forbidden",
            "kinds that the user may not list are left out",
            listing.plural,
        )
    elif answer.status == NOT_FOUND:
        if listing.is_usual:
            notes.not_represented("kinds-absent", "kinds that the server does not have are left out", listing.plural)
    else:
        notes.not_represented(
            "kinds-refused",
            "kinds that the server failed to list are left out",
            listing.plural,
        )
