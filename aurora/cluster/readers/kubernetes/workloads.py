"""Turns Deployments and the like, autoscalers and disruption budgets into the workloads of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.cluster.readers.kubernetes.fields import (
    Object,
    annotations_of,
    flag,
    labels_of,
    mapping,
    named,
    nested,
    objects,
    text,
    whole,
)
from aurora.cluster.readers.kubernetes.inventory import Inventory
from aurora.cluster.readers.kubernetes.owners import MAKES_PODS, controller, manager_of
from aurora.cluster.readers.kubernetes.placement import holds, label_selector
from aurora.cluster.readers.kubernetes.requests import parts
from aurora.cluster.readers.notes import Notes
from aurora.cluster.snapshot import Task, Workload

Found = dict[str, dict[str, Any]]
"""Fields of workloads, by their ids."""

_NO_STATUS: Object = {}


def workload_id(namespace: str, kind: str, name: str) -> str:
    """Return the id of a workload."""
    return f"{namespace}/{kind}/{name}"


def read_workloads(
    tasks: Sequence[Task], pods: Mapping[str, Object], inventory: Inventory, notes: Notes
) -> tuple[Workload, ...]:
    """Return the workloads that are listed, and those that only their pods tell of.

    Args:
        tasks: Tasks that were read.
        pods: Pod objects by NAMESPACE/NAME.
        inventory: All objects.
        notes: Receives what was assumed and left out.

    Raises:
        DataError: A field is not what it should be; names the object.
    """
    found: Found = {}
    for kind, name, item in inventory.workloads():
        with inventory.place(kind, name):
            above = controller(item)
            namespace, _, own_name = name.rpartition("/")
            if above is not None and above[0] in MAKES_PODS:
                continue  # a ReplicaSet of a Deployment, a Job of a CronJob, listed or inferred from its pods
            fields = _listed(kind, item, notes)
            if above is not None and fields["managed_by"] is None:
                fields["managed_by"] = f"{above[0]}/{above[1]}"
            found[workload_id(namespace, kind, own_name)] = fields
    for task in tasks:
        if task.workload_id is not None and task.workload_id not in found:
            found[task.workload_id] = _from_pod(task, pods[task.task_id])
            notes.assumed(
                "workload-from-pod",
                "workloads that are not listed have the containers of one of their pods, and no number of replicas",
                task.workload_id,
            )
    for name, item in inventory.all("HorizontalPodAutoscaler").items():
        with inventory.place("HorizontalPodAutoscaler", name):
            _autoscale(name, item, found, notes)
    _protect(tasks, found, inventory, notes)
    return tuple(Workload(workload_id=key, **fields) for key, fields in found.items())


def _listed(kind: str, item: Object, notes: Notes) -> dict[str, Any]:
    spec, status = mapping(item, "spec"), mapping(item, "status")
    if kind == "CronJob":
        spec = nested(spec, "jobTemplate", "spec")
    template = mapping(spec, "template")
    containers = parts(mapping(template, "spec"), _NO_STATUS)
    if kind == "DaemonSet":
        replicas = whole(status, "desiredNumberScheduled", least=0)
    elif kind == "CronJob":
        replicas = None
    elif kind == "Job":
        has_ended = bool(text(status, "completionTime")) or flag(spec, "suspend")
        replicas = 0 if has_ended else whole(spec, "parallelism", least=0)
        replicas = 1 if replicas is None else replicas
    else:
        replicas = whole(spec, "replicas", least=0)
        replicas = 1 if replicas is None else replicas
    return {
        "kind": kind,
        "replicas": replicas,
        "containers": tuple(p.container() for p in containers),
        "managed_by": manager_of(labels_of(item), annotations_of(item)),
    }


def _from_pod(task: Task, pod: Object) -> dict[str, Any]:
    kind = str(task.workload_id).split("/")[-2]
    return {
        "kind": kind,
        "containers": task.containers,
        "managed_by": manager_of(task.labels, annotations_of(pod)),
    }


def _autoscale(name: str, item: Object, found: Found, notes: Notes) -> None:
    """Put an autoscaler of version 1 or 2 on its workload."""
    spec = mapping(item, "spec")
    target = mapping(spec, "scaleTargetRef")
    key = workload_id(name.rpartition("/")[0], named(target, "kind"), named(target))
    if key not in found:
        notes.not_represented("autoscaler-without-target", "autoscalers of what is not listed are left out", name)
        return
    least, most = whole(spec, "minReplicas", least=0), whole(spec, "maxReplicas", least=0)
    least = 1 if least is None else least
    targets = {}
    utilization = whole(spec, "targetCPUUtilizationPercentage", least=0)
    if utilization is not None:
        targets["cpu"] = utilization / 100
    for metric in objects(spec, "metrics"):
        kind = text(metric, "type")
        source = mapping(metric, "resource" if kind == "Resource" else "containerResource")
        share = whole(mapping(source, "target"), "averageUtilization", least=0)
        if share is None:
            share = whole(source, "targetAverageUtilization", least=0)  # version 2beta1
        if kind not in ("Resource", "ContainerResource") or share is None:
            notes.not_represented(
                "autoscaler-metric", "targets of autoscalers other than a share of requests are left out", name
            )
            continue
        watched = text(source, "container")
        targets[f"{named(source)}/{watched}" if watched else named(source)] = share / 100
    found[key]["autoscaler"] = (least, least if most is None else most)
    found[key]["autoscaler_targets"] = targets


def _protect(tasks: Sequence[Task], found: Found, inventory: Inventory, notes: Notes) -> None:
    """Put disruption budgets on the workloads of the pods that they select."""
    budgets = inventory.all("PodDisruptionBudget")
    if not budgets:
        return
    in_namespace: dict[str, list[Task]] = {}
    for task in tasks:
        if task.state in ("pending", "running"):
            in_namespace.setdefault(task.namespace, []).append(task)
    for name, item in budgets.items():
        with inventory.place("PodDisruptionBudget", name):
            spec = mapping(item, "spec")
            selector = label_selector(spec, "selector")
            if text(spec, "unhealthyPodEvictionPolicy"):
                notes.not_represented(
                    "unhealthy-pod-eviction",
                    "unhealthyPodEvictionPolicy of disruption budgets: pods that are not ready count as the others",
                    name,
                )
            limits = {
                field: str(spec[key])[:40]
                for field, key in (("min_available", "minAvailable"), ("max_unavailable", "maxUnavailable"))
                if spec.get(key) is not None
            }
            namespace = name.rpartition("/")[0]
            chosen = [
                t
                for t in in_namespace.get(namespace, ())
                if selector is not None and all(holds(r, t.labels) for r in selector)
            ]
        keys = dict.fromkeys(t.workload_id for t in chosen)
        if not keys or None in keys:
            notes.not_represented(
                "budget-without-workload",
                "disruption budgets that select no pod, or pods that stand alone, are left out",
                name,
            )
        if len(keys) > 1:
            notes.assumed(
                "budget-over-several", "a disruption budget that covers several workloads counts for each of them", name
            )
        for key in keys:
            if key is None:
                continue
            if found[key].get("min_available") or found[key].get("max_unavailable"):
                notes.not_represented(
                    "several-budgets", "of several disruption budgets for a workload only the first is kept", name
                )
                continue
            found[key].update(limits)
