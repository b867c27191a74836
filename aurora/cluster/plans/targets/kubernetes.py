"""Applies a plan to a live Kubernetes: every patch is tried as a server-side dry run first, then one object at a time.

A patch carries uid and resourceVersion of the object that was looked at, so that it fails where something changed it in
between. Pods leave through the Eviction API, which honours disruption budgets, and the next step waits until the
workload is well again. Objects of Argo CD, Flux or Helm are refused unless they are allowed by name.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from aurora.cluster.changes import Cordon, Evict, Move, Place, Uncordon, change_text
from aurora.cluster.plans.plan import Plan, PlannedChange
from aurora.cluster.plans.targets.api import CONFLICT, NOT_FOUND, TOO_MANY, Api, ApiError
from aurora.cluster.plans.targets.patches import ObjectName, checked_name, has_fields, patch_of, workload_name
from aurora.cluster.plans.targets.target import Direction, Step, StepState
from aurora.cluster.snapshot import Snapshot
from aurora.errors import PlanError

PATIENCE = 300.0
"""Seconds until a workload must be well again, and for which a disruption budget is waited for."""
PAUSE = 1.0
"""Seconds between two looks."""
PAGE = 500
"""Pods that are listed at once."""
MAX_CONFLICTS = 5
"""Times that a patch is tried again because something else of its object changed."""
OWNERS = (
    ("Argo CD", "labels", "argocd.argoproj.io/instance"),
    ("Argo CD", "annotations", "argocd.argoproj.io/tracking-id"),
    ("Flux", "labels", "kustomize.toolkit.fluxcd.io/name"),
    ("Flux", "labels", "helm.toolkit.fluxcd.io/name"),
    ("Helm", "annotations", "meta.helm.sh/release-name"),
)
"""Tools that set their objects back, and the marks that they leave."""


class KubernetesTarget:
    """A live cluster.

    Args:
        api: Its API server.
        allow_managed: Workloads owned by another tool that may be changed all the same.
        patience: Seconds until a workload must be well again.
        pause: Seconds between two looks.
    """

    name = "kubernetes"

    def __init__(
        self, api: Api, *, allow_managed: Collection[str] = (), patience: float = PATIENCE, pause: float = PAUSE
    ) -> None:
        self._api = api
        self._allowed = frozenset(allow_managed)
        self._patience = patience
        self._pause = pause

    def where(self) -> dict[str, str]:
        """Return the address of the server."""
        return {"server": self._api.server}

    def prepare(self, plan: Plan, snapshot: Snapshot) -> tuple[Step, ...]:
        """Return a step for each change, after its dry run.

        Raises:
            PlanError: An object is absent, owned by another tool, not as planned, or a dry run was refused.
        """
        if plan.system != "kubernetes":
            raise PlanError(f"the plan is for {plan.system}, not for Kubernetes")
        steps: list[Step] = []
        touched: set[str] = set()
        for number, planned in enumerate(plan.changes, 1):
            step = self._step(number, planned, snapshot)
            is_first = step.data["path"] not in touched
            touched.add(step.data["path"])
            state = self.state(step) if is_first else "new"
            reopened = {c.subject for c in plan.changes if isinstance(c.change, Uncordon)}
            if state == "new" and is_first and isinstance(planned.change, Cordon) and planned.subject in reopened:
                raise PlanError(f"{planned.subject} was cordoned since the plan was made; make another plan")
            if state == "old":
                self._make(step, "apply", is_dry=True)
            steps.append(step)
        return tuple(steps)

    def _step(self, number: int, planned: PlannedChange, snapshot: Snapshot) -> Step:
        patch = patch_of(number, planned, snapshot)
        change = planned.change
        if patch is not None:
            found = self._found(patch.object.path, patch.object.text)
            workload = "/".join((patch.object.namespace, patch.object.kind, patch.object.name))
            tool = manager_of(found)
            if tool is not None and patch.object.kind != "Node" and workload not in self._allowed:
                raise PlanError(f"{workload} is owned by {tool}, which would set it back; change it in its repository")
            data = {"path": patch.object.path, "uid": found["metadata"]["uid"], "kind": patch.object.kind}
            data |= {"before": patch.before, "after": patch.after}
            return Step(change=number, text=change_text(change), action="patch", data=data)
        if not isinstance(change, Place | Move | Evict):
            raise PlanError(f"Kubernetes can't do this: {change_text(change)}")
        task = snapshot.tasks_by_id[change.task_id]
        namespace, _, name = change.task_id.rpartition("/")
        pod = ObjectName("v1", "Pod", checked_name(namespace), checked_name(name))
        found = self._found(pod.path, pod.text)
        node = found["spec"].get("nodeName")
        wanted = change.node_id if isinstance(change, Place) else None
        if node not in (planned.now.get("node"), wanted):
            raise PlanError(f"{change.task_id} is on {node or 'no node'}, not as planned; make another plan")
        data = {"path": pod.path, "uid": found["metadata"]["uid"], "name": name, "namespace": namespace}
        try:
            owner = None if task.workload_id is None else workload_name(task.workload_id).path
        except PlanError:  # a job: its pods are not waited for
            owner = None
        controllers = [o["uid"] for o in found["metadata"].get("ownerReferences", ()) if o.get("controller")]
        data |= {"owner": owner, "controller": next(iter(controllers), None)}
        data |= {"node": change.node_id if isinstance(change, Place | Move) else None}
        is_place = isinstance(change, Place)
        can_undo = is_place and bool(controllers)
        return Step(
            change=number,
            text=change_text(change),
            action="bind" if is_place else "evict",
            data=data,
            can_undo=can_undo,
        )

    def state(self, step: Step) -> StepState:
        """Return whether an object is as before a step or as afterwards.

        Raises:
            PlanError: It is neither, absent, or another one of the same name.
        """
        found = self._api.get(step.data["path"])
        is_same = found is not None and found["metadata"]["uid"] == step.data["uid"]
        if step.action == "evict":
            return "old" if is_same and found and not found["metadata"].get("deletionTimestamp") else "new"
        if step.action == "bind":
            node = found["spec"].get("nodeName") if is_same and found else None
            if node not in (None, step.data["node"]):
                raise PlanError(f"the cluster's scheduler was faster and chose {node}")
            return "old" if node is None else "new"
        if found is None or not is_same:
            raise PlanError(f"{step.data['path']} was deleted{'' if found is None else ' and made anew'}")
        return state_of(step, found)

    def make(self, step: Step, direction: Direction) -> None:
        """Make a step, or undo it.

        Raises:
            PlanError: The server refused, or the object changed in between.
        """
        self._make(step, direction, is_dry=False)

    def _make(self, step: Step, direction: Direction, *, is_dry: bool) -> None:
        if step.action == "patch":
            self._patch(step, direction, is_dry=is_dry)
        elif step.action == "bind" and direction == "apply":
            meta = {"name": step.data["name"], "namespace": step.data["namespace"], "uid": step.data["uid"]}
            target = {"apiVersion": "v1", "kind": "Node", "name": step.data["node"]}
            body = {"apiVersion": "v1", "kind": "Binding", "metadata": meta, "target": target}
            self._api.post(f"{step.data['path']}/binding", body, is_dry=is_dry)
        else:
            self._evict(step, is_dry=is_dry)

    def _patch(self, step: Step, direction: Direction, *, is_dry: bool) -> None:
        side = "after" if direction == "apply" else "before"
        for _ in range(MAX_CONFLICTS):
            found = self._found(step.data["path"], step.data["path"])
            meta = {"uid": step.data["uid"], "resourceVersion": found["metadata"]["resourceVersion"]}
            wanted: StepState = "old" if direction == "apply" else "new"
            if state_of(step, found) != wanted:  # a request of ours whose answer was lost
                return
            try:
                answer = self._api.patch(step.data["path"], {"metadata": meta, **step.data[side]}, is_dry=is_dry)
            except ApiError as error:
                if error.code != CONFLICT:
                    raise
                continue
            if not has_fields(answer, step.data[side]):
                raise PlanError(
                    "the server answered with other values than were asked for; does a webhook change them?"
                )
            return
        raise PlanError(f"{step.data['path']} changes all the time; try again later")

    def _evict(self, step: Step, *, is_dry: bool) -> None:
        options = {"preconditions": {"uid": step.data["uid"]}}
        meta = {"name": step.data["name"], "namespace": step.data["namespace"]}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta, "deleteOptions": options}
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._api.post(f"{step.data['path']}/eviction", body, is_dry=is_dry)
                return
            except ApiError as error:
                if error.code == NOT_FOUND:
                    return
                if error.code != TOO_MANY or is_dry or time.monotonic() > deadline:
                    raise
            time.sleep(self._pause)

    def settle(self, step: Step, direction: Direction) -> str:
        """Wait until a workload is well after a step; return on which nodes its pods are after an eviction.

        Raises:
            PlanError: It does not get well.
        """
        if step.action == "patch":
            if step.data["kind"] != "Node":
                self._wait(step.data["path"])
            return ""
        if step.action == "bind" and direction == "apply":
            self._wait_for_pod(step)
            return ""
        self._wait_until_gone(step)
        if step.data["node"] is None or step.data["owner"] is None or direction == "rollback":
            return ""
        nodes = self._wait_for_successors(step)
        listed = ", ".join(f"{node} ({n})" if n > 1 else node for node, n in sorted(nodes.items()))
        return f"{step.text}: the pods of its controller are on {listed}"

    def _wait(self, path: str) -> None:
        """Wait until a workload has rolled out and all its pods are ready."""
        deadline = time.monotonic() + self._patience
        while True:
            found = self._found(path, path)
            lacking = unwell(found)
            if not lacking:
                return
            if time.monotonic() > deadline:
                raise PlanError(f"{path} is not well after {self._patience:g} s: {lacking}")
            time.sleep(self._pause)

    def _wait_for_pod(self, step: Step) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            found = self._found(step.data["path"], step.text)
            if is_ready(found):
                return
            phase = found.get("status", {}).get("phase")
            if phase == "Succeeded":
                return
            if phase == "Failed" or time.monotonic() > deadline:
                raise PlanError(f"the pod is {phase} after {self._patience:g} s, not ready")
            time.sleep(self._pause)

    def _wait_until_gone(self, step: Step) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            found = self._api.get(step.data["path"])
            if found is None or found["metadata"]["uid"] != step.data["uid"]:
                return
            if time.monotonic() > deadline:
                raise PlanError(f"the pod is still there {self._patience:g} s after its eviction")
            time.sleep(self._pause)

    def _wait_for_successors(self, step: Step) -> Counter[str]:
        """Wait until a workload's controller has as many ready pods as it wants; return how many are on each node.

        The workload's own status is not asked: for a moment after an eviction it still counts the evicted pod.
        """
        deadline = time.monotonic() + self._patience
        while True:
            wanted = self._found(step.data["owner"], step.data["owner"])["spec"].get("replicas", 1)
            pods = self._pods_of(step)
            ready = sum(is_ready(pod) for pod in pods)
            if ready >= wanted:
                return Counter(pod["spec"].get("nodeName") or "no node" for pod in pods)
            if time.monotonic() > deadline:
                raise PlanError(f"{ready} of {wanted} pods are ready {self._patience:g} s after the eviction")
            time.sleep(self._pause)

    def _pods_of(self, step: Step, *, limit: int = PAGE) -> list[dict[str, Any]]:
        """Return the pods of the evicted pod's controller."""
        pods: list[dict[str, Any]] = []
        query = {"limit": str(limit)}
        while True:
            page = self._api.get(f"/api/v1/namespaces/{step.data['namespace']}/pods", **query) or {}
            for pod in page.get("items", ()):
                owners = [o["uid"] for o in pod["metadata"].get("ownerReferences", ())]
                if step.data["controller"] in owners and not pod["metadata"].get("deletionTimestamp"):
                    pods.append(pod)
            token = page.get("metadata", {}).get("continue")
            if not token:
                return pods
            query["continue"] = token

    def _found(self, path: str, text: str) -> dict[str, Any]:
        found = self._api.get(path)
        if found is None:
            raise PlanError(f"{text} is not there; make another plan from a new snapshot")
        return found


def state_of(step: Step, found: Mapping[str, Any]) -> StepState:
    """Return whether the fields of a patch are as before or as afterwards.

    Raises:
        PlanError: They are neither.
    """
    if has_fields(found, step.data["after"]):
        return "new"
    if has_fields(found, step.data["before"]):
        return "old"
    raise PlanError(f"{step.data['path']} is neither as the plan found it nor as it proposes; make another plan")


def manager_of(found: Mapping[str, Any]) -> str | None:
    """Return the tool that owns an object and would set it back; None if no mark of one is there."""
    meta = found["metadata"]
    for tool, field, key in OWNERS:
        if key in (meta.get(field) or {}):
            return tool
    is_helm = (meta.get("labels") or {}).get("app.kubernetes.io/managed-by") == "Helm"
    return "Helm" if is_helm else None


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def unwell(found: Mapping[str, Any]) -> str:
    """Return what a workload still lacks; empty if it has rolled out and all its pods are ready."""
    status, spec = found.get("status") or {}, found["spec"]
    if status.get("observedGeneration", 0) < found["metadata"].get("generation", 0):
        return "its controller has not seen the change yet"
    if found["kind"] == "DaemonSet":
        wanted, updated, ready = (
            status.get(f, 0) for f in ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady")
        )
    else:
        wanted = spec.get("replicas", 1)
        updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    by_hand = (
        spec.get("updateStrategy", {}).get("type") == "OnDelete"
    )  # its pods stay as they are until they are deleted
    if found["kind"] != "ReplicaSet" and not by_hand and updated < wanted:
        return f"{updated} of {wanted} pods are updated"
    if status.get("replicas", wanted) > wanted:
        return f"{status['replicas']} pods are there instead of {wanted}"
    return "" if ready >= wanted else f"{ready} of {wanted} pods are ready"
