"""Turns Node objects, and their metrics, into the nodes of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping

from aurora.cluster.kubernetes_quantities import in_units, quantities
from aurora.cluster.readers.kubernetes.devices import accelerator_model, with_devices
from aurora.cluster.readers.kubernetes.fields import (
    Object,
    flag,
    labels_of,
    mapping,
    name_of,
    named,
    objects,
    text,
)
from aurora.cluster.readers.kubernetes.placement import taints
from aurora.cluster.readers.notes import Notes
from aurora.cluster.snapshot import Node

ZONE_LABELS = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
INSTANCE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
SPOT_LABELS: Mapping[str, str] = {
    "karpenter.sh/capacity-type": "spot",
    "eks.amazonaws.com/capacityType": "SPOT",
    "cloud.google.com/gke-spot": "true",
    "cloud.google.com/gke-preemptible": "true",
    "kubernetes.azure.com/scalesetpriority": "spot",
}
"""Labels of nodes that a provider may take back at any time, and at a lower price."""


def read_node(item: Object, usage: Object | None, prices: Mapping[str, float] | None, notes: Notes) -> Node:
    """Return a node.

    Args:
        item: The Node object.
        usage: Its NodeMetrics object, where there is one.
        prices: Dollars an hour by instance type; None where no prices were given.
        notes: Receives what was assumed.

    Raises:
        DataError: A field is not what it should be.
    """
    name, spec, status, own_labels = name_of(item), mapping(item, "spec"), mapping(item, "status"), labels_of(item)
    capacity = quantities(mapping(status, "capacity"), "status.capacity")
    allocatable = quantities(mapping(status, "allocatable"), "status.allocatable")
    if not allocatable:
        allocatable = capacity
        notes.assumed("no-allocatable", "nodes without status.allocatable are taken to offer their capacity", name)
    if with_devices(allocatable) != allocatable:
        notes.assumed("devices-by-count", "devices that nodes list under another name count as nvidia.com/gpu", name)
        capacity, allocatable = with_devices(capacity), with_devices(allocatable)
    conditions = {text(c, "type"): text(c, "status") for c in objects(status, "conditions")}
    if "Ready" not in conditions:
        notes.assumed("no-ready-condition", "nodes without a Ready condition are taken to be ready", name)
    instance_type = _first(own_labels, INSTANCE_LABELS)
    if own_labels.get("nvidia.com/gpu.replicas", "1") not in ("0", "1"):
        notes.assumed("devices-shared-in-time", "a device that is shared in time counts as often as it is shared", name)
    return Node(
        node_id=name,
        capacity=in_units(capacity, "status.capacity"),
        allocatable=in_units(allocatable, "status.allocatable"),
        labels=own_labels,
        taints=taints(spec),
        is_ready=conditions.get("Ready", "True") == "True",
        is_cordoned=flag(spec, "unschedulable"),
        conditions=tuple(_troubles(status)),
        accelerator_model=accelerator_model(own_labels),
        instance_type=instance_type,
        zone=_first(own_labels, ZONE_LABELS),
        price_per_hour=_price(name, instance_type, own_labels, prices, notes),
        used=in_units(quantities(mapping(usage, "usage"), "usage"), "usage") if usage is not None else {},
    )


def _first(own_labels: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    return next((own_labels[key] for key in keys if own_labels.get(key)), None)


def _troubles(status: Object) -> list[str]:
    """Return the conditions that tell of trouble: those that are true, except of the kind that should be."""
    found = []
    for condition in objects(status, "conditions"):
        kind, state = named(condition, "type"), text(condition, "status")
        is_good_when_true = kind.endswith(("Ready", "Healthy", "Available"))
        if kind == "Ready" and state != "True":
            found.append(f"NotReady ({text(condition, 'reason') or state or 'unknown'})")
        elif state == ("False" if is_good_when_true else "True"):
            found.append(f"not {kind}" if is_good_when_true else kind)
    return found


def _price(
    name: str,
    instance_type: str | None,
    own_labels: Mapping[str, str],
    prices: Mapping[str, float] | None,
    notes: Notes,
) -> float | None:
    if prices is None:
        notes.assumed("no-prices", "no price list was given: nodes have no price, and plans no cost", name)
        return None
    if instance_type is None:
        notes.assumed("no-instance-type", "nodes without the label of an instance type have no price", name)
        return None
    is_spot = any(own_labels.get(key) == value for key, value in SPOT_LABELS.items())
    price = prices.get(f"{instance_type}:spot") if is_spot else None
    if price is None:
        price = prices.get(instance_type)
        if price is not None and is_spot:
            notes.assumed(
                "spot-at-full-price",
                "nodes that may be taken back have the ordinary price; the list has none for TYPE:spot",
                name,
            )
    if price is None:
        notes.assumed("type-without-price", "instance types that the price list lacks have no price", instance_type)
    return price
