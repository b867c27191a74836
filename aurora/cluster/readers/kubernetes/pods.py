"""Turns Pod objects, and their metrics, into the tasks of a snapshot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from aurora.cluster.kubernetes_quantities import Nanos, in_units, quantities
from aurora.cluster.readers.kubernetes import owners, placement
from aurora.cluster.readers.kubernetes.devices import wanted_models, with_shares
from aurora.cluster.readers.kubernetes.fields import (
    Object,
    annotations_of,
    flag,
    labels_of,
    mapping,
    name_of,
    nested,
    objects,
    text,
    text_map,
    time,
    whole,
)
from aurora.cluster.readers.kubernetes.inventory import Inventory
from aurora.cluster.readers.kubernetes.requests import Part, amounts_of, parts, pod_limits, pod_requests
from aurora.cluster.readers.kubernetes.volumes import Volumes
from aurora.cluster.readers.notes import Notes
from aurora.cluster.snapshot import State, Task, Term
from aurora.errors import DataError

DEFAULT_SCHEDULER = "default-scheduler"
MAX_REASON_CHARACTERS = 500

_GANG_LABELS = (
    "scheduling.x-k8s.io/pod-group",
    "pod-group.scheduling.sigs.k8s.io",
    "kueue.x-k8s.io/pod-group-name",
    "volcano.sh/job-name",
)
_GANG_ANNOTATIONS = (
    "scheduling.k8s.io/group-name",
    "scheduling.volcano.sh/group-name",
    "pod-group.scheduling.sigs.k8s.io/name",
)
_PHASES: dict[str, State] = {
    "Pending": "pending",
    "Running": "running",
    "Succeeded": "finished",
    "Failed": "failed",
    "Unknown": "running",
}


class Cluster(NamedTuple):
    """Facts about a cluster that every pod is read with.

    Attributes:
        inventory: All objects.
        namespaces: Names and labels of the namespaces.
        volumes: Volumes and claims.
        offered: Resources that some node offers.
        priorities: Values of the listed priority classes.
        notes: Receives what was repaired, assumed and left out.
    """

    inventory: Inventory
    namespaces: placement.Namespaces
    volumes: Volumes
    offered: frozenset[str]
    priorities: dict[str, int]
    notes: Notes


def read_pod(item: Object, usage: Object | None, workload: tuple[str, str] | None, cluster: Cluster) -> Task:
    """Return a pod as a task.

    Args:
        item: The Pod object.
        usage: Its PodMetrics object, where there is one.
        workload: Kind and name of what it belongs to, see `owners.workload_of`.
        cluster: Facts about the cluster.

    Raises:
        DataError: A field is not what it should be.
    """
    name, spec, status, notes = name_of(item), mapping(item, "spec"), mapping(item, "status"), cluster.notes
    namespace = text(mapping(item, "metadata"), "namespace")
    own_labels, own_annotations = labels_of(item), annotations_of(item)
    containers = parts(spec, status)
    if not containers:
        notes.repaired("no-containers", "pods without containers ask for nothing", name)
    requests = pod_requests(containers, spec, status)
    requests = with_shares(requests, own_annotations, namespace, cluster.offered, name, notes)
    state = _state(status, name, notes)
    node = text(spec, "nodeName") or None
    if state == "running" and node is None:
        notes.repaired("running-nowhere", "pods that run, but on no node, are read as pending", name)
        state = "pending"
    started = time(status, "startTime")
    _note_rest(item, containers, name, notes)
    return Task(
        task_id=name,
        workload_id=None if workload is None else "/".join((namespace, *workload)),
        state=state,
        node_id=node,
        kind=owners.kind_of(item, workload),
        requests=amounts_of(requests, "requests"),
        limits=amounts_of(pod_limits(containers, spec), "limits"),
        used={} if usage is None else in_units(_used(usage), "usage"),
        containers=tuple(p.container() for p in containers),
        priority=_priority(spec, name, cluster),
        priority_class=text(spec, "priorityClassName") or None,
        labels=own_labels,
        node_selector=text_map(spec, "nodeSelector"),
        node_affinity=_node_affinity(spec, name, cluster),
        preferred_nodes=placement.preferred_nodes(spec),
        tolerations=placement.tolerations(spec, name, notes),
        affinities=placement.affinities(spec, own_labels, cluster.namespaces, name, notes),
        spreads=placement.spreads(spec, own_labels, name, notes),
        accelerator_models=wanted_models(own_annotations),
        created_at=time(mapping(item, "metadata"), "creationTimestamp"),
        started_at=started,
        ends_at=_end(started, spec),
        gang=_gang(namespace, own_labels, own_annotations),
        pending_reason=_pending_reason(spec, status) if state == "pending" else "",
        restarts=sum(whole(s, "restartCount", least=0) or 0 for s in _statuses(status)),
        out_of_memory_kills=sum(_was_killed_for_memory(s) for s in _statuses(status)),
    )


def _state(status: Object, name: str, notes: Notes) -> State:
    phase = text(status, "phase")
    if phase == "Unknown":
        notes.assumed("phase-unknown", "pods whose node does not report are taken to be running", name)
    if not phase:
        notes.assumed("no-phase", "pods without status.phase are taken to be pending", name)
        return "pending"
    if phase not in _PHASES:
        raise DataError(f"status.phase: {phase[:40]!r} is none of {', '.join(_PHASES)}")
    return _PHASES[phase]


def _priority(spec: Object, name: str, cluster: Cluster) -> int:
    value = whole(spec, "priority")
    if value is not None:
        return value
    priority_class = text(spec, "priorityClassName")
    if not priority_class:
        return cluster.priorities.get("", 0)
    if priority_class in cluster.priorities:
        return cluster.priorities[priority_class]
    cluster.notes.assumed("class-not-listed", "priority classes that are not listed count as 0", name)
    return 0


def _node_affinity(spec: Object, name: str, cluster: Cluster) -> tuple[Term, ...]:
    terms = placement.node_affinity(spec)
    for places in cluster.volumes.terms(spec, name, cluster.notes):
        both = placement.joined(terms, places)
        if both is None:
            cluster.notes.not_represented(
                "too-many-terms",
                f"node affinities of volumes are left out where they make more than {placement.MAX_TERMS} terms",
                name,
            )
        else:
            terms = both
    return terms


def _used(usage: Object) -> Nanos:
    total: Nanos = {}
    for container in objects(usage, "containers"):
        for resource, amount in quantities(mapping(container, "usage"), "usage").items():
            total[resource] = total.get(resource, 0) + amount
    return total


def _end(started: datetime | None, spec: Object) -> datetime | None:
    seconds = whole(spec, "activeDeadlineSeconds", least=0)
    if started is None or seconds is None:
        return None
    try:
        return started + timedelta(seconds=seconds)
    except OverflowError:  # as good as never
        return None


def _gang(namespace: str, own_labels: dict[str, str], own_annotations: dict[str, str]) -> str | None:
    names = [own_labels.get(key) for key in _GANG_LABELS] + [own_annotations.get(key) for key in _GANG_ANNOTATIONS]
    name = next((n for n in names if n), None)
    return None if name is None else f"{namespace}/{name}"


def _statuses(status: Object) -> list[Object]:
    return [*objects(status, "initContainerStatuses"), *objects(status, "containerStatuses")]


def _was_killed_for_memory(status: Object) -> bool:
    ends = (nested(status, "state", "terminated"), nested(status, "lastState", "terminated"))
    return any(text(end, "reason") == "OOMKilled" for end in ends)


def _pending_reason(spec: Object, status: Object) -> str:
    """Return why a pod waits: the scheduler's message, its gates, or what its containers wait for."""
    gates = [text(g, "name") for g in objects(spec, "schedulingGates")]
    if gates:
        return f"scheduling gates: {', '.join(gates)}"[:MAX_REASON_CHARACTERS]
    for condition in objects(status, "conditions"):
        if text(condition, "type") == "PodScheduled" and text(condition, "status") == "False":
            return (text(condition, "message") or text(condition, "reason"))[:MAX_REASON_CHARACTERS]
    waiting = [text(nested(s, "state", "waiting"), "reason") for s in _statuses(status)]
    return ", ".join(dict.fromkeys(w for w in waiting if w))[:MAX_REASON_CHARACTERS]


def _note_rest(item: Object, containers: tuple[Part, ...], name: str, notes: Notes) -> None:
    """Note what a pod has and a task can't hold."""
    spec, status = mapping(item, "spec"), mapping(item, "status")
    if text(status, "phase") in ("Succeeded", "Failed"):
        return
    if any(p.has_request_from_limit for p in containers):
        notes.assumed("request-from-limit", "an absent request counts as the limit, as in the API", name)
    if any(p.is_resizing for p in containers):
        notes.assumed("resize", "during a resize the larger of the old and the new request counts", name)
    if text(mapping(item, "metadata"), "deletionTimestamp"):
        notes.assumed("terminating", "pods that are being deleted hold their room until they are gone", name)
    if text(status, "nominatedNodeName") and not text(spec, "nodeName"):
        notes.not_represented(
            "nominated", "pods that wait until others are evicted from a node hold no room there yet", name
        )
    if text(spec, "schedulerName", DEFAULT_SCHEDULER) != DEFAULT_SCHEDULER:
        notes.not_represented("other-scheduler", "pods of another scheduler follow rules that are not known", name)
    if text(spec, "preemptionPolicy") == "Never":
        notes.not_represented("never-preempts", "pods with preemptionPolicy Never are treated like all others", name)
    if text(spec, "runtimeClassName"):
        notes.not_represented("runtime-class", "nodes are taken to have the runtime that a pod names", name)
    if objects(spec, "resourceClaims") or any(r.get("claims") for r in _resources(spec)):
        notes.not_represented("device-claims", "claims to devices (dynamic resource allocation) are left out", name)
    if any(_host_ports(spec)):
        notes.not_represented("host-ports", "conflicts of host ports between pods are not checked", name)


def _resources(spec: Object) -> list[Object]:
    return [mapping(c, "resources") for key in ("initContainers", "containers") for c in objects(spec, key)]


def _host_ports(spec: Object) -> list[int]:
    is_on_host = flag(spec, "hostNetwork")
    return [
        whole(port, "containerPort" if is_on_host else "hostPort") or 0
        for container in objects(spec, "containers")
        for port in objects(container, "ports")
    ]
