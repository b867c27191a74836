"""Nodes, partitions, features and reservations of Slurm, from `scontrol show node` and `scontrol show reservation`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from pydantic import ValidationError

from aurora.cluster.readers.notes import Notes
from aurora.cluster.readers.slurm import values
from aurora.cluster.resources import GPU
from aurora.cluster.snapshot import Node
from aurora.errors import DataError
from aurora.validation import explain_validation

DOWN = {"DOWN", "UNKNOWN", "NOT_RESPONDING", "NO_RESPOND", "INVAL", "INVALID_REG", "FUTURE", "ERROR"}
CLOSED = {"DRAIN", "DRAINING", "DRAINED", "FAIL", "FAILING", "MAINT", "MAINTENANCE", "BLOCKED"}
OFF = {"POWERED_DOWN", "POWERING_DOWN", "POWER_DOWN", "POWERING_UP", "POWER_UP", "REBOOT", "REBOOT_ISSUED"}
OPEN = {"IDLE", "MIXED", "MIX", "ALLOCATED", "ALLOC", "COMPLETING", "COMP", "RESERVED", "RESV", "PLANNED", "PLND"}
OPEN |= {"RESUME", "UNDRAIN", "CLOUD", "DYNAMIC_NORM", "DYNAMIC_FUTURE", "PERFCTRS", "NPC", "EXTERNAL", "NO_REGISTER"}
OPEN |= {"REBOOT_REQUESTED", "REBOOT_CANCELED", "REBOOT_COMPLETE", "REBOOT_NEXTBOOT", "POWER_DRAIN", "POWERED_ON"}
SIGNS = {"*": "NOT_RESPONDING", "~": "POWERED_DOWN", "%": "POWERING_DOWN", "#": "POWERING_UP", "$": "MAINT"}
"""Signs after a state, and what they mean; others (`@`, `^`, `!`, `-`, `+`) do not close a node."""


class SlurmNode(NamedTuple):
    """A node, and what is allocated on it as Slurm says.

    Attributes:
        node: The node.
        allocated: Cores, GiB and devices in use by jobs; None where it is not said.
    """

    node: Node
    allocated: dict[str, float] | None


class Reservation(NamedTuple):
    """A time for which nodes are set aside."""

    name: str
    nodes: tuple[str, ...]
    start: datetime
    end: datetime
    is_maintenance: bool
    holders: str

    @property
    def text(self) -> str:
        """The reservation in words."""
        if self.is_maintenance:
            return f"reservation {self.name}: maintenance"
        return f"reservation {self.name}" + (f" for {self.holders}" if self.holders else "")


def node_of(given: Mapping[str, str], where: str, notes: Notes) -> SlurmNode:
    """Return a node from the fields of `scontrol show node`.

    Raises:
        DataError: A field is not what it should be.
    """
    name = given["NodeName"]
    try:
        devices = values.gres(given.get("Gres", ""))
        capacity, usable = _amounts(given, devices)
        allocated = _allocated(given)
        used = _used(given, capacity["memory"], name, notes)
    except ValueError as fault:
        raise DataError(f"{where}: node {name}: {fault}") from None
    flags = states(given.get("State", ""))
    if not flags or flags - DOWN - CLOSED - OFF - OPEN:
        notes.assumed("unknown-state", "nodes without a state that is known are taken to be ready", name)
    models = list(dict.fromkeys(g.model for g in devices if g.name == "gpu" and g.model))
    if len(models) > 1:
        notes.not_represented(
            "several-models", "a node with devices of several models is taken for one with the first", name
        )
    try:
        node = _node(given, capacity, usable, used, flags, models, notes)
    except ValidationError as fault:
        raise DataError(f"{where}: node {name[:60]}: {explain_validation(fault)}") from None
    return SlurmNode(node, allocated)


def _node(
    given: Mapping[str, str],
    capacity: dict[str, float],
    usable: dict[str, float],
    used: dict[str, float],
    flags: set[str],
    models: Sequence[str],
    notes: Notes,
) -> Node:
    name = given["NodeName"]
    return Node(
        node_id=name,
        capacity=capacity,
        allocatable=usable,
        labels=_labels(given),
        is_ready=not flags & DOWN,
        is_cordoned=bool(flags & CLOSED),
        conditions=_conditions(given, flags, name, notes),
        accelerator_model=models[0] if models and GPU in capacity else None,
        instance_type=given.get("InstanceType") if values.is_set(given.get("InstanceType")) else None,
        used=used,
    )


def _amounts(given: Mapping[str, str], devices: Iterable[values.Gres]) -> tuple[dict[str, float], dict[str, float]]:
    """Return what a node has, and what jobs may ask for: without what is set aside for the system."""
    configured, _ = values.tres(given.get("CfgTRES", ""))
    cpus = _number(given, "CPUTot") or configured.get("cpu", 0.0)
    if not cpus:
        raise ValueError("it has no CPUTot; is the line whole?")
    memory = (_number(given, "RealMemory") or 0.0) / 1024 or configured.get("memory", 0.0)
    capacity = {"cpu": cpus, "memory": memory}
    for g in devices:
        capacity[g.resource] = capacity.get(g.resource, 0.0) + g.amount
    capacity |= {r: a for r, a in configured.items() if r not in ("cpu", "memory", "node") and r not in capacity}
    disk = (_number(given, "TmpDisk") or 0.0) / 1024
    if disk:
        capacity["ephemeral-storage"] = disk
    special = (_number(given, "CoreSpecCount") or 0.0) * (_number(given, "ThreadsPerCore") or 1.0)
    cores = _number(given, "CPUEfctv") or max(0.0, cpus - special)
    kept = (_number(given, "MemSpecLimit") or 0.0) / 1024
    return capacity, capacity | {"cpu": cores, "memory": max(0.0, memory - kept)}


def _allocated(given: Mapping[str, str]) -> dict[str, float] | None:
    if values.is_set(given.get("AllocTRES")):
        return values.tres(given["AllocTRES"])[0]
    if "CPUAlloc" in given:
        return {"cpu": _number(given, "CPUAlloc") or 0.0, "memory": (_number(given, "AllocMem") or 0.0) / 1024}
    return None


def states(text: str) -> set[str]:
    """Return the flags of a state such as `MIXED+DRAIN` or `DOWN*`.

    >>> sorted(states("IDLE*+DRAIN"))
    ['DRAIN', 'IDLE', 'NOT_RESPONDING']
    """
    found: set[str] = set()
    for part in text.upper().replace(",", "+").split("+"):
        word = re.match(r"[A-Z_]*", part.strip())
        found |= {word[0]} if word and word[0] else set()
        found |= {SIGNS[sign] for sign in part if sign in SIGNS}
    return found


def _labels(given: Mapping[str, str]) -> dict[str, str]:
    features = given.get("ActiveFeatures") or given.get("AvailableFeatures") or ""
    labels = {}
    for start, text in ((values.PARTITION, given.get("Partitions", "")), (values.FEATURE, features)):
        for name in text.split(",") if values.is_set(text) else ():
            if values.is_set(name):
                labels[start + name.strip()] = "true"
    return labels


def _conditions(given: Mapping[str, str], flags: set[str], name: str, notes: Notes) -> tuple[str, ...]:
    if flags & OFF:
        notes.assumed(
            "powered-off", "a node that is powered off or is starting is taken for one that takes tasks", name
        )
    if not flags & (DOWN | CLOSED):
        return ()
    reason = re.sub(r"\s*\[[^\]]*\]\s*$", "", given.get("Reason", ""))
    word = "down" if flags & DOWN else "maintenance" if flags & {"MAINT", "MAINTENANCE"} else "drained"
    return (f"{word}: {reason}" if values.is_set(reason) else word,)


def _used(given: Mapping[str, str], memory: float, name: str, notes: Notes) -> dict[str, float]:
    used = {}
    load, free = _number(given, "CPULoad"), _number(given, "FreeMem")
    if load is not None:
        notes.assumed("load-as-use", "the load average of a node is taken for the cores in use", name)
        used["cpu"] = load
    if free is not None and memory:
        used["memory"] = max(0.0, memory - free / 1024)
    return used


def _number(given: Mapping[str, str], key: str) -> float | None:
    text = given.get(key, "")
    if not values.is_set(text):
        return None
    try:
        value = float(text[:30].rstrip("Mm"))
    except ValueError:
        raise ValueError(f"{key}: {text[:40]!r} is no number") from None
    if not 0 <= value < 1e15:  # noqa: PLR2004  # also NaN
        raise ValueError(f"{key}: {text[:40]!r} is out of range")
    return value


def reservation_of(given: Mapping[str, str], where: str, zone: tzinfo = UTC) -> Reservation:
    """Return a reservation from the fields of `scontrol show reservation`.

    Args:
        given: Key of scontrol to text.
        where: File and line.
        zone: Time zone of times that name none.

    Raises:
        DataError: A field is not what it should be.
    """
    name = given["ReservationName"]
    try:
        start, end = (values.moment(given.get(key, ""), zone) for key in ("StartTime", "EndTime"))
        nodes = values.hosts(given.get("Nodes", "")) if values.is_set(given.get("Nodes")) else []
    except ValueError as fault:
        raise DataError(f"{where}: reservation {name}: {fault}") from None
    if start is None or end is None:
        raise DataError(f"{where}: reservation {name} has no StartTime or EndTime; is the line whole?")
    flags = set(given.get("Flags", "").upper().split(","))
    holders = ", ".join(given[k] for k in ("Users", "Accounts", "Groups") if values.is_set(given.get(k)))
    return Reservation(name, tuple(nodes), start, end, bool(flags & {"MAINT", "MAGNETIC_MAINT"}), holders)


def with_reservations(nodes: Iterable[Node], reservations: Iterable[Reservation], notes: Notes) -> list[Node]:
    """Return nodes with the times of reservations as times at which they are not to be used."""
    windows: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for r in reservations:
        for node in r.nodes:
            windows.setdefault(node, []).append((r.start, r.end, r.text))
        if not r.is_maintenance:
            notes.not_represented(
                "reservation-holders",
                "a reservation closes its nodes for everybody, also for those who hold it",
                r.name,
            )
    return [
        n.model_copy(update={"maintenance": tuple(sorted(windows[n.node_id]))}) if n.node_id in windows else n
        for n in nodes
    ]
