"""Changes of a plan as patches of Kubernetes objects: strategic merges, with the fields before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import ceil, isclose
from typing import Any, NamedTuple
from urllib.parse import quote

from aurora.cluster.changes import Cordon, Move, Resize, Scale, Uncordon
from aurora.cluster.plans.plan import Plan, PlannedChange
from aurora.cluster.resources import CPU, IN_GIB
from aurora.cluster.snapshot import Snapshot
from aurora.errors import PlanError

MAX_NAME = 253
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
HOSTNAME = "kubernetes.io/hostname"
API_VERSIONS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1"}
"""Kinds of workloads that are patched, and the version of their API."""
_FACTORS = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_FACTORS |= {f"{p}i": 2.0 ** (10 * k) for k, p in enumerate("KMGTPE", 1)}
_FACTORS |= {p: 10.0 ** (3 * k) for k, p in enumerate("kMGTPE", 1)}
_BINARY = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


class ObjectName(NamedTuple):
    """An object of Kubernetes.

    Attributes:
        api_version: Version of its API, such as apps/v1.
        kind: Its kind.
        namespace: Its namespace; empty for a node.
        name: Its name.
    """

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """Its path under the address of the API server."""
        root = "/api/v1" if self.api_version == "v1" else f"/apis/{self.api_version}"
        # Names come from a file and may be anything: quoted, they can't lead to another object.
        space = f"/namespaces/{quote(self.namespace, safe='')}" if self.namespace else ""
        return f"{root}{space}/{self.kind.lower()}s/{quote(self.name, safe='')}"

    @property
    def text(self) -> str:
        """Its kind and name."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Patch(NamedTuple):
    """Fields of an object before and after a change, both as strategic merge patches.

    Attributes:
        change: Number of the plan's change.
        object: The object.
        before: The fields as they are; null where there is none.
        after: The fields as they shall be.
    """

    change: int
    object: ObjectName
    before: dict[str, Any]
    after: dict[str, Any]


def patches(plan: Plan, snapshot: Snapshot) -> Iterator[Patch]:
    """Yield the patches of the changes that are patches; placements, evictions and free moves are not.

    Raises:
        PlanError: A workload is of a kind that can't be patched.
    """
    for number, planned in enumerate(plan.changes, 1):
        patch = patch_of(number, planned, snapshot)
        if patch is not None:
            yield patch


def patch_of(number: int, planned: PlannedChange, snapshot: Snapshot) -> Patch | None:
    """Return the patch of a change; None if it is none.

    Raises:
        PlanError: The workload is of a kind that can't be patched.
    """
    change = planned.change
    match change:
        case Cordon() | Uncordon():
            node = ObjectName("v1", "Node", "", checked_name(change.node_id))
            is_cordoned = isinstance(change, Cordon)
            return Patch(number, node, _node(not is_cordoned), _node(is_cordoned))
        case Scale():
            before = {"spec": {"replicas": planned.now["replicas"]}}
            return Patch(number, workload_name(change.workload_id), before, {"spec": {"replicas": change.replicas}})
        case Resize():
            kinds = {c.name: c.kind for c in snapshot.workloads_by_id[change.workload_id].containers}
            field = "containers" if kinds.get(change.container, "main") == "main" else "initContainers"
            undo = planned.undo if isinstance(planned.undo, Resize) else change
            return Patch(number, workload_name(change.workload_id), _container(field, undo), _container(field, change))
        case Move(is_pinned=True):
            task = snapshot.tasks_by_id[change.task_id]
            host = snapshot.nodes_by_id[change.node_id].labels.get(HOSTNAME, change.node_id)
            before = _selector(task.node_selector.get(HOSTNAME))
            return Patch(number, workload_name(task.workload_id or ""), before, _selector(host))
        case _:
            return None


def _node(is_cordoned: bool) -> dict[str, Any]:
    return {"spec": {"unschedulable": True if is_cordoned else None}}


def _selector(host: str | None) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"nodeSelector": {HOSTNAME: host}}}}}


def _container(field: str, change: Resize) -> dict[str, Any]:
    resources = {
        name: {r: None if value is None else quantity(r, value) for r, value in amounts.items()}
        for name, amounts in (("requests", change.requests), ("limits", change.limits))
        if amounts
    }
    return {"spec": {"template": {"spec": {field: [{"name": change.container, "resources": resources}]}}}}


def workload_name(workload_id: str) -> ObjectName:
    """Return the object of a workload.

    Raises:
        PlanError: It is of a kind that can't be patched.
    """
    namespace, kind, name = (*workload_id.split("/"), "", "")[:3]
    if kind not in API_VERSIONS or not is_name(namespace) or not is_name(name):
        raise PlanError(f"{workload_id} is no {', '.join(API_VERSIONS)}, which are what can be patched")
    return ObjectName(API_VERSIONS[kind], kind, namespace, name)


def checked_name(text: str) -> str:
    """Return a name of an object.

    Raises:
        PlanError: It can't be one.
    """
    if not is_name(text):
        raise PlanError(f"{text!r} can't be a name in Kubernetes")
    return text


def is_name(text: str) -> bool:
    """Return whether a text can be the name of an object of Kubernetes (RFC 1123, subdomain)."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def quantity(resource: str, amount: float) -> str:
    """Return an amount as Kubernetes writes it, rounded up to a thousandth of a core or to a byte.

    >>> quantity("cpu", 0.25), quantity("memory", 1.5), quantity("nvidia.com/gpu", 2.0)
    ('250m', '1536Mi', '2')
    """
    if resource == CPU:
        milli = ceil(round(amount * 1000, 6))
        return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"
    if resource in IN_GIB:
        size = ceil(round(amount * 2**30, 3))
        unit, factor = next(((u, f) for u, f in _BINARY if size and size % f == 0), ("", 1))
        return f"{size // factor}{unit}"
    return f"{amount:g}"


def amount_of(text: object) -> float | None:
    """Return the number of a quantity in its base unit; None if it is none.

    >>> amount_of("250m"), amount_of("1Ki"), amount_of("1e3"), amount_of("much")
    (0.25, 1024.0, 1000.0, None)
    """
    digits = str(text).rstrip("KMGTPEikmun")
    try:
        return float(digits) * _FACTORS[str(text)[len(digits) :]]
    except (ValueError, KeyError):
        return None


def has_fields(object_: Any, patch: Any) -> bool:
    """Return whether an object is as if a strategic merge patch had been applied already.

    Lists are compared by `name`, null with absent, false or empty, and quantities by their amounts.
    """
    if isinstance(patch, Mapping):
        fields = object_ if isinstance(object_, Mapping) else {}
        return all(has_fields(fields.get(key), value) for key, value in patch.items())
    if isinstance(patch, list):
        items = {i.get("name"): i for i in object_ or [] if isinstance(i, Mapping)}
        return all(p["name"] in items and has_fields(items[p["name"]], p) for p in patch)
    if patch is None:
        return not object_
    if object_ == patch:
        return True
    has, wanted = amount_of(object_), amount_of(patch)
    return has is not None and wanted is not None and isclose(has, wanted, rel_tol=1e-9)
