"""Models of accelerators, and shares of one device that pods ask for by annotation instead of by request."""

from __future__ import annotations

from collections.abc import Mapping

from aurora.cluster.kubernetes_quantities import NANO, Nanos, parse_quantity
from aurora.cluster.readers.notes import Notes
from aurora.cluster.resources import GPU
from aurora.errors import DataError

MODEL_LABELS = (
    "nvidia.com/gpu.product",
    "amd.com/gpu.product-name",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
    "k8s.amazonaws.com/accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
    "gpu.nvidia.com/model",
    "gpu.nvidia.com/class",
    "alibabacloud.com/gpu-card-model",
    "accelerator",
)
"""Labels of nodes that name the model of their devices, the most exact first."""

RESERVATION_NAMESPACES = ("runai-reservation", "kai-resource-reservation")
"""Namespaces in which Run:ai and KAI hold whole devices for the pods that share them."""

NOT_ALLOCATABLE = ("nvidia.com/gpumem", "nvidia.com/gpumem-percentage", "nvidia.com/gpucores", "nvidia.com/priority")
"""Resources of HAMi that pods ask for and no node offers: a scheduler of its own grants them."""

_SHARE = "gpu-fraction"
_MILLI, _COUNT, _MODEL = "alibabacloud.com/gpu-milli", "alibabacloud.com/gpu-count", "alibabacloud.com/gpu-card-model"


def accelerator_model(labels: Mapping[str, str]) -> str | None:
    """Return the model of a node's devices, None where no label names it."""
    return next((labels[key] for key in MODEL_LABELS if labels.get(key)), None)


def wanted_models(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """Return the models of devices that a pod may use; empty: any."""
    listed = annotations.get(_MODEL, "").replace("|", ",") or annotations.get("nvidia.com/use-gputype", "")
    return tuple(model.strip() for model in listed.split(",") if model.strip())


def with_devices(amounts: Nanos) -> Nanos:
    """Return the amounts of a node, with devices that a scheduler of shares counts under a name of its own renamed."""
    if amounts.get(_COUNT) and not amounts.get(GPU):
        return {**{r: amount for r, amount in amounts.items() if r not in (_COUNT, _MILLI)}, GPU: amounts[_COUNT]}
    return amounts


def with_shares(
    requests: Nanos, annotations: Mapping[str, str], namespace: str, offered: frozenset[str], subject: str, notes: Notes
) -> Nanos:
    """Return the requests of a pod with its share of a device, and without what no node can offer.

    Args:
        requests: What its containers ask for, in billionths.
        annotations: Annotations of the pod.
        namespace: Namespace of the pod.
        offered: Resources that some node offers.
        subject: The pod, for notes.
        notes: Receives what was changed.

    Raises:
        DataError: An annotation is no quantity.
    """
    requests = dict(requests)
    if namespace in RESERVATION_NAMESPACES and requests.pop(GPU, 0):
        notes.repaired(
            "device-reservations",
            "pods that reserve a device for others count without it: the pods that share it count with their shares",
            subject,
        )
    for resource in NOT_ALLOCATABLE:
        if resource in requests and resource not in offered:
            del requests[resource]
            notes.not_represented(
                "shares-by-own-scheduler",
                "memory and cores of shared devices are left out: a scheduler of their own grants them",
                subject,
            )
    if not requests.get(GPU):
        share = _share(annotations)
        if share:
            requests[GPU] = share
            notes.assumed("share-by-annotation", f"a share of a device by annotation counts as {GPU}", subject)
        elif "gpu-memory" in annotations:
            notes.not_represented(
                "share-by-memory",
                "shares of a device that are given as memory alone are left out",
                subject,
            )
    return requests


def _share(annotations: Mapping[str, str]) -> int:
    """Return the share of a device, or the number of devices, in billionths; 0 for none."""
    try:
        if _SHARE in annotations:
            devices = parse_quantity(annotations.get("gpu-fraction-num-devices", "1"))
            return parse_quantity(annotations[_SHARE]) * devices // NANO
        if _MILLI in annotations:
            devices = parse_quantity(annotations.get(_COUNT, "1"))
            return parse_quantity(annotations[_MILLI]) * devices // NANO // 1000
    except DataError as error:
        raise DataError(f"metadata.annotations: share of a device: {error}") from None
    return 0
