"""Owners of pods: their controllers, and the controllers of those, as far as they are listed or can be inferred."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from aurora.cluster.readers.kubernetes.fields import (
    MAX_NAME,
    MAX_SHORT_NAME,
    Object,
    annotations_of,
    flag,
    labels_of,
    mapping,
    named,
    objects,
    text,
)
from aurora.cluster.readers.kubernetes.inventory import Inventory
from aurora.cluster.readers.notes import Notes

MIRROR = "kubernetes.io/config.mirror"
"""Annotation of pods that a kubelet runs from a file on its own node."""

TaskKind = Literal["pod", "daemon", "static", "job"]

_MAX_LEVELS = 8
_HASHES = {"pod-template-hash": "Deployment", "rollouts-pod-template-hash": "Rollout"}
"""Labels whose value ends a ReplicaSet's name, and the kind of controller that names ReplicaSets so."""


def controller(item: Object) -> tuple[str, str] | None:
    """Return kind and name of the owner that controls an object, None if nothing does.

    Raises:
        DataError: An owner has no kind or name.
    """
    owners = objects(mapping(item, "metadata"), "ownerReferences")
    owner = next((o for o in owners if flag(o, "controller")), owners[0] if owners else None)
    return None if owner is None else (named(owner, "kind", most=MAX_SHORT_NAME), named(owner, most=MAX_NAME))


def workload_of(pod: Object, inventory: Inventory, subject: str, notes: Notes) -> tuple[str, str] | None:
    """Return kind and name of the outermost controller of a pod; None if it stands alone or belongs to its node.

    Raises:
        DataError: An owner has no kind or name.
    """
    owner = controller(pod)
    if owner is None or owner[0] == "Node":
        return None
    namespace = text(mapping(pod, "metadata"), "namespace")
    for _ in range(_MAX_LEVELS):
        item = inventory.all(owner[0]).get(f"{namespace}/{owner[1]}" if namespace else owner[1])
        if item is None:
            break
        above = controller(item)
        if above is None or above[0] not in MAKES_PODS:
            break
        owner = above
    else:
        notes.repaired("owners-in-circle", "owner references form a circle; they are followed for eight steps", subject)
    if owner[0] == "ReplicaSet" and f"{namespace}/{owner[1]}" not in inventory.all("ReplicaSet"):
        for label, kind in _HASHES.items():
            value = labels_of(pod).get(label)
            if value and owner[1].endswith(f"-{value}") and len(owner[1]) > len(value) + 1:
                notes.assumed(
                    "owner-by-hash",
                    "ReplicaSets are not listed: the Deployment of a pod is inferred from its template hash",
                    subject,
                )
                return kind, owner[1].removesuffix(f"-{value}")
    return owner


MAKES_PODS = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "ReplicationController", "Rollout"}
    | {"DeploymentConfig"}
)
"""Controllers that are workloads themselves; an owner of another kind manages the workload."""


def kind_of(pod: Object, owner: tuple[str, str] | None) -> TaskKind:
    """Return what kind of task a pod is.

    Raises:
        DataError: An owner has no kind or name.
    """
    direct = controller(pod)
    if MIRROR in annotations_of(pod) or (direct is not None and direct[0] == "Node"):
        return "static"
    if owner is not None and owner[0] == "DaemonSet":
        return "daemon"
    return "job" if owner is not None and owner[0] in ("Job", "CronJob") else "pod"


def manager_of(own_labels: Mapping[str, str], own_annotations: Mapping[str, str]) -> str | None:
    """Return the tool that owns an object and would undo a change of it; None if there is no sign of one.

    >>> manager_of({"kustomize.toolkit.fluxcd.io/name": "apps"}, {})
    'flux'
    """
    if "argocd.argoproj.io/tracking-id" in own_annotations or "argocd.argoproj.io/instance" in own_labels:
        return "argocd"
    if any(key.endswith(".toolkit.fluxcd.io/name") for key in own_labels):
        return "flux"
    if "meta.helm.sh/release-name" in own_annotations or own_labels.get("app.kubernetes.io/managed-by") == "Helm":
        return "helm"
    return "helm" if own_labels.get("heritage") in ("Helm", "Tiller") else None
