"""Objects of a fake Kubernetes with a small controller and scheduler; `tests.cluster.kubernetes_api` serves them."""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

try:
    import kubernetes_validate
except ImportError:  # the schemas are not installed: nothing is validated
    kubernetes_validate = None

Object = dict[str, Any]
VERSION = "1.32"
MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "ports": "containerPort",
}
KINDS = {  # plural -> (group and version, kind, namespaced)
    "nodes": ("v1", "Node", False),
    "namespaces": ("v1", "Namespace", False),
    "pods": ("v1", "Pod", True),
    "deployments": ("apps/v1", "Deployment", True),
    "replicasets": ("apps/v1", "ReplicaSet", True),
    "statefulsets": ("apps/v1", "StatefulSet", True),
    "daemonsets": ("apps/v1", "DaemonSet", True),
    "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget", True),
    "horizontalpodautoscalers": ("autoscaling/v2", "HorizontalPodAutoscaler", True),
}
PLURALS = {kind: plural for plural, (_, kind, _) in KINDS.items()}


class Refused(Exception):  # noqa: N818
    """An answer that is a Status with a code."""

    def __init__(self, code: int, reason: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        details = {} if retry_after is None else {"details": {"retryAfterSeconds": retry_after}}
        self.code = code
        self.status = {
            **{"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message},
            **{"reason": reason, "code": code, **details},
        }


class Cluster:
    """The objects of the server and what is done to them."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.denied: set[tuple[str, str]] = set()
        """Verb and plural that are answered by 403."""
        self.changes: list[str] = []
        """Changes that clients made, in order: method and path; dry runs are not here."""
        self.events: list[tuple[int, str, str, Object]] = []
        self.is_stuck = False
        """Whether new pods never get ready."""
        self.tick_hook: Callable[[], object] = lambda: None
        """Called after each round."""
        self._version = 100

    # Objects

    def get(self, plural: str, namespace: str, name: str) -> Object:
        found = self.objects.get((plural, namespace, name))
        if found is None:
            raise Refused(404, "NotFound", f'{plural} "{name}" not found')
        return found

    def put(self, object_: Object, event: str = "MODIFIED") -> Object:
        plural = PLURALS[object_["kind"]]
        meta = object_["metadata"]
        self._version += 1
        meta["resourceVersion"] = str(self._version)
        self.objects[plural, meta.get("namespace", ""), meta["name"]] = object_
        self.events.append((self._version, event, plural, copy.deepcopy(object_)))
        return object_

    def create(self, object_: Object, *, is_dry: bool = False) -> Object:
        object_ = copy.deepcopy(object_)
        meta = object_.setdefault("metadata", {})
        key = (PLURALS[object_["kind"]], meta.get("namespace", ""), meta["name"])
        if key in self.objects:
            raise Refused(409, "AlreadyExists", f'{key[0]} "{meta["name"]}" already exists')
        validate(object_)
        meta |= {"uid": str(uuid.uuid4()), "creationTimestamp": "2026-11-01T12:00:00Z"}
        meta |= {"generation": 1} if "spec" in object_ and object_["kind"] not in ("Pod", "Node") else {}
        return object_ if is_dry else self.put(object_, "ADDED")

    def update(self, old: Object, new: Object, *, is_dry: bool = False) -> Object:
        meta = new.setdefault("metadata", {})
        for field in ("uid", "resourceVersion"):
            asked = meta.get(field)
            if asked and asked != old["metadata"][field]:
                raise Refused(409, "Conflict", f"the object has been modified: {field} is not {asked}")
        validate(new)
        meta |= {k: old["metadata"][k] for k in ("uid", "name", "resourceVersion", "creationTimestamp")}
        if new.get("spec") != old.get("spec") and "generation" in meta:
            meta["generation"] = old["metadata"]["generation"] + 1
        return new if is_dry or new == old else self.put(new)

    def delete(self, plural: str, namespace: str, name: str) -> Object:
        object_ = self.objects.pop((plural, namespace, name))
        self._version += 1
        self.events.append((self._version, "DELETED", plural, copy.deepcopy(object_)))
        return object_

    def all(self, plural: str, namespace: str | None = None) -> list[Object]:
        return [o for (p, n, _), o in sorted(self.objects.items()) if p == plural and namespace in (None, n)]

    def pods_of(self, namespace: str, selector: dict[str, str]) -> list[Object]:
        return [
            p
            for p in self.all("pods", namespace)
            if selector.items() <= p["metadata"].get("labels", {}).items() and "deletionTimestamp" not in p["metadata"]
        ]

    # Subresources

    def evict(self, namespace: str, name: str, body: Object, *, is_dry: bool) -> Object:
        pod = self.get("pods", namespace, name)
        asked = body.get("deleteOptions", {}).get("preconditions", {}).get("uid")
        if asked and asked != pod["metadata"]["uid"]:
            raise Refused(409, "Conflict", f"the UID in the precondition ({asked}) does not match the UID in record")
        for budget in self.all("poddisruptionbudgets", namespace):
            selector = budget["spec"]["selector"]["matchLabels"]
            if selector.items() <= pod["metadata"].get("labels", {}).items() and self.allowed(budget) < 1:
                message = "Cannot evict pod as it would violate the pod's disruption budget."
                raise Refused(429, "TooManyRequests", message, retry_after=10)
        if not is_dry:
            self.delete("pods", namespace, name)
        return {"kind": "Status", "apiVersion": "v1", "status": "Success", "code": 201}

    def ready(self, app: str) -> int:
        return sum(map(is_ready, self.pods_of("shop", {"app": app})))

    def allowed(self, budget: Object) -> int:
        pods = self.pods_of(budget["metadata"]["namespace"], budget["spec"]["selector"]["matchLabels"])
        ready, spec = sum(is_ready(p) for p in pods), budget["spec"]
        least = spec["minAvailable"] if "minAvailable" in spec else len(pods) - spec["maxUnavailable"]
        return max(0, ready - int(least))

    def bind(self, namespace: str, name: str, body: Object, *, is_dry: bool) -> Object:
        pod = self.get("pods", namespace, name)
        uid = body["metadata"].get("uid")
        if uid and uid != pod["metadata"]["uid"]:
            raise Refused(409, "Conflict", "the UID in the precondition does not match")
        if pod["spec"].get("nodeName"):
            raise Refused(409, "Conflict", f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"')
        self.get("nodes", "", body["target"]["name"])
        if not is_dry:
            self.put({**pod, "spec": {**pod["spec"], "nodeName": body["target"]["name"]}})
        return {"kind": "Status", "apiVersion": "v1", "status": "Success", "code": 201}

    # Controller and scheduler

    def tick(self) -> None:
        """Do one round of what controllers, scheduler and kubelets do."""
        for plural in ("deployments", "statefulsets"):
            for owner in self.all(plural):
                self._reconcile(owner)
        for pod in self.all("pods"):
            node = pod["spec"].get("nodeName") or self._node_for(pod)
            if node and not pod["spec"].get("nodeName"):
                self.put({**pod, "spec": {**pod["spec"], "nodeName": node}})
            elif node and not is_ready(pod) and not self.is_stuck:
                self.put({**pod, "status": READY})
        for budget in self.all("poddisruptionbudgets"):
            status = {"disruptionsAllowed": self.allowed(budget)}
            if budget.get("status") != status:
                self.put({**budget, "status": status})
        self.tick_hook()

    def _reconcile(self, owner: Object) -> None:
        meta, spec = owner["metadata"], owner["spec"]
        pods = self.pods_of(meta["namespace"], spec["selector"]["matchLabels"])
        template = hashlib.sha256(json.dumps(spec["template"], sort_keys=True).encode()).hexdigest()[:8]
        current = [p for p in pods if p["metadata"]["labels"]["pod-template-hash"] == template]
        outdated = [p for p in pods if p not in current]
        if len(pods) > spec["replicas"]:
            gone = (outdated or sorted(pods, key=lambda p: p["metadata"]["name"], reverse=True))[0]["metadata"]
            self.delete("pods", gone["namespace"], gone["name"])
        elif len(pods) < spec["replicas"]:
            self._add_pod(owner, template, {p["metadata"]["name"] for p in pods})
        elif outdated and all(is_ready(p) for p in current):
            gone = outdated[0]["metadata"]
            self.delete("pods", gone["namespace"], gone["name"])
        ready = [p for p in current if is_ready(p)]
        status = {
            **{"observedGeneration": meta["generation"], "replicas": len(pods), "updatedReplicas": len(current)},
            **{"readyReplicas": len(ready) + sum(map(is_ready, outdated)), "availableReplicas": len(ready)},
        }
        if owner.get("status") != status:
            self.put({**owner, "status": status})

    def _add_pod(self, owner: Object, template: str, taken: set[str]) -> None:
        meta, spec = owner["metadata"], owner["spec"]
        parent = {"apiVersion": "apps/v1", "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"]}
        if owner["kind"] == "Deployment":
            name = f"{meta['name']}-{template}"
            if ("replicasets", meta["namespace"], name) not in self.objects:
                controller = [{**parent, "controller": True}]
                body = {"metadata": {"name": name, "namespace": meta["namespace"], "ownerReferences": controller}}
                set_spec = {"replicas": spec["replicas"], "selector": spec["selector"], "template": spec["template"]}
                self.create({"apiVersion": "apps/v1", "kind": "ReplicaSet", **body, "spec": set_spec})
            uid = self.get("replicasets", meta["namespace"], name)["metadata"]["uid"]
            parent = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": uid}
            pod_name = f"{name}-{uuid.uuid4().hex[:5]}"
        else:
            pod_name = next(n for k in range(len(taken) + 1) if (n := f"{meta['name']}-{k}") not in taken)
        labels = {**spec["template"]["metadata"]["labels"], "pod-template-hash": template}
        place = {"name": pod_name, "namespace": meta["namespace"], "labels": labels}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**place, "ownerReferences": [{**parent, "controller": True}]},
        }
        self.create({**pod, "spec": copy.deepcopy(spec["template"]["spec"]), "status": {"phase": "Pending"}})

    def _node_for(self, pod: Object) -> str | None:
        rooms = {}
        for node in self.all("nodes"):
            labels = node["metadata"].get("labels", {})
            if node["spec"].get("unschedulable") or not pod["spec"].get("nodeSelector", {}).items() <= labels.items():
                continue
            name = node["metadata"]["name"]
            held = [p for p in self.all("pods") if p["spec"].get("nodeName") == name]
            free = cores(node["status"]["allocatable"]["cpu"]) - sum(map(requested, held))
            if requested(pod) <= free + 1e-9:
                rooms[name] = free
        return max(rooms, key=lambda n: (rooms[n], n), default=None)


READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def is_ready(pod: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", []))


def requested(pod: Object) -> float:
    return sum(cores(c.get("resources", {}).get("requests", {}).get("cpu", "0")) for c in pod["spec"]["containers"])


def cores(text: str) -> float:
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def validate(object_: Object) -> None:
    """Refuse an object that the schema of its kind refuses, unknown fields included."""
    if kubernetes_validate is None:
        return
    plain = {k: v for k, v in object_.items() if k != "status"}
    try:
        kubernetes_validate.validate(plain, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        raise Refused(422, "Invalid", f"{object_['kind']} is invalid: {error.message}") from None


def merge_patch(object_: Any, patch: Any) -> Any:
    """Return an object after a JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(object_) if isinstance(object_, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def strategic(object_: Any, patch: Any, field: str = "") -> Any:
    """Return an object after a strategic merge patch: lists with a merge key by that key, other lists replaced."""
    if isinstance(patch, list) and field in MERGE_KEYS:
        key = MERGE_KEYS[field]
        items = {i[key]: i for i in object_ or []}
        for item in patch:
            if item.get("$patch") == "delete":
                items.pop(item[key], None)
            else:
                items[item[key]] = strategic(items.get(item[key], {}), item)
        return list(items.values())
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {k: v for k, v in patch.items() if k != "$patch"}
    result = dict(object_) if isinstance(object_, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = strategic(result.get(key), value, key)
    return result


def node(name: str, cpu: str = "4") -> Object:
    labels = {"kubernetes.io/hostname": name}
    room = {"cpu": cpu, "memory": "16Gi", "pods": "110"}
    status = {"capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": status,
    }


def workload(kind: str, name: str, replicas: int, **meta: Any) -> Object:
    resources = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
    containers = [{"name": "app", "image": "app:1", "resources": resources}, {"name": "proxy", "image": "proxy:1"}]
    selector = {"matchLabels": {"app": name}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}}
    spec = {"replicas": replicas, "selector": selector, "template": template}
    spec |= {"serviceName": name} if kind == "StatefulSet" else {}
    place = {"name": name, "namespace": "shop", **meta}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": place, "spec": spec}


def budget(name: str, least: int) -> Object:
    spec = {"minAvailable": least, "selector": {"matchLabels": {"app": name}}}
    place = {"name": name, "namespace": "shop"}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": place, "spec": spec}


def shop_cluster() -> Cluster:
    """Return three nodes with a shop on them, all pods ready."""
    cluster = Cluster()
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    for object_ in (
        node("a"),
        node("b"),
        node("c"),
        workload("Deployment", "web", 3),
        workload("Deployment", "api", 1),
    ):
        cluster.create(object_)
    for object_ in (workload("StatefulSet", "db", 1), budget("web", 2)):
        cluster.create(object_)
    for _ in range(12):
        cluster.tick()
    return cluster
