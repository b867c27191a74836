"""Turns the nodes and reservations of Slurm's JSON, of any version, into the fields that its text has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aurora.cluster.readers.notes import Notes
from aurora.cluster.readers.slurm import values
from aurora.cluster.readers.slurm.json_entries import member, moment, number, texts
from aurora.cluster.readers.slurm.nodes import Reservation, SlurmNode, node_of, reservation_of
from aurora.errors import DataError

_NODE_KEYS = {
    "name": "NodeName",
    "cpus": "CPUTot",
    "effective_cpus": "CPUEfctv",
    "real_memory": "RealMemory",
    "specialized_memory": "MemSpecLimit",
    "temporary_disk": "TmpDisk",
    "state": "State",
    "reason": "Reason",
    "gres": "Gres",
    "active_features": "ActiveFeatures",
    "features": "AvailableFeatures",
    "partitions": "Partitions",
    "tres": "CfgTRES",
    "tres_used": "AllocTRES",
    "alloc_cpus": "CPUAlloc",
    "alloc_memory": "AllocMem",
    "free_mem": "FreeMem",
    "free_memory": "FreeMem",
    "instance_type": "InstanceType",
}
_GROUP_KEYS = {  # path in an entry of sinfo; of a range over the group's nodes, the least
    "cpus/minimum": "CPUTot",
    "memory/minimum": "RealMemory",
    "disk/minimum": "TmpDisk",
    "memory/free/minimum": "FreeMem",
    "resource_spec/memory": "MemSpecLimit",
    "node/state": "State",
    "reason/description": "Reason",
    "gres/total": "Gres",
    "features/active": "ActiveFeatures",
    "features/total": "AvailableFeatures",
    "partition/name": "Partitions",
}
_RANGES = ("cpus", "memory", "disk", "memory/free")
_ALLOCATED_KEYS = {"cpus/allocated": "CPUAlloc", "memory/allocated": "AllocMem"}
_RESERVATION_KEYS = {
    "name": "ReservationName",
    "node_list": "Nodes",
    "flags": "Flags",
    "users": "Users",
    "accounts": "Accounts",
    "groups": "Groups",
}


def node_of_json(entry: Mapping[str, Any], where: str, notes: Notes) -> SlurmNode:
    """Return a node from an entry of `scontrol show node --json`.

    Raises:
        DataError: A field is not what it should be.
    """
    given = texts(entry, _NODE_KEYS)
    if not given.get("NodeName"):
        raise DataError(f"{where}: a node has no name")
    if not values.is_set(given.get("CPUEfctv")) or given.get("CPUEfctv") == "0":
        given.pop("CPUEfctv", None)
    if isinstance(entry.get("state"), list):
        given["State"] = "+".join(map(str, entry["state"]))
    elif isinstance(entry.get("state_flags"), list):
        given["State"] = "+".join([given.get("State", ""), *map(str, entry["state_flags"])])
    return node_of(given | _load(entry.get("cpu_load")), where, notes)


def nodes_of_groups(groups: Iterable[tuple[str, Mapping[str, Any]]], notes: Notes) -> Iterator[SlurmNode]:
    """Yield the nodes of `sinfo --json`, which groups the nodes of a partition that are alike.

    Args:
        groups: Place and entry of each group.
        notes: Takes what is assumed.

    Raises:
        DataError: A field is not what it should be, or a group of nodes names none.
    """
    nodes: dict[str, tuple[str, dict[str, str]]] = {}
    for where, group in groups:
        given = _fields_of(group)
        names = _names(group, where)
        for name in names:
            if name in nodes:  # it is in several partitions
                partitions = (nodes[name][1].get("Partitions", ""), given.get("Partitions", ""))
                nodes[name][1]["Partitions"] = ",".join(p for p in partitions if p)
                continue
            if any(member(group, f"{r}/minimum") != member(group, f"{r}/maximum") for r in _RANGES):
                notes.assumed(
                    "group-of-nodes",
                    "sinfo shows the range over a group of nodes, of which the least is taken; "
                    "scontrol show node --json has each node",
                    name,
                )
            allocated = texts({k: member(group, k) for k in _ALLOCATED_KEYS}, _ALLOCATED_KEYS)
            nodes[name] = where, {"NodeName": name} | given | (allocated if len(names) == 1 else {})
    for where, given in nodes.values():
        yield node_of(given, where, notes)


def reservation_of_json(entry: Mapping[str, Any], where: str) -> Reservation:
    """Return a reservation from an entry of `scontrol show reservation --json`.

    Raises:
        DataError: A field is not what it should be.
    """
    given = texts(entry, _RESERVATION_KEYS)
    if not given.get("ReservationName"):
        raise DataError(f"{where}: a reservation has no name")
    times = {"StartTime": moment(entry.get("start_time")), "EndTime": moment(entry.get("end_time"))}
    return reservation_of(given | times, where)


def _fields_of(group: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that the nodes of a group have alike."""
    given = texts({path: member(group, path) for path in _GROUP_KEYS}, _GROUP_KEYS)
    states = member(group, "node/state")
    if isinstance(states, list):
        given["State"] = "+".join(map(str, states))
    return given | _load(member(group, "cpus/load/minimum"))


def _names(group: Mapping[str, Any], where: str) -> list[str]:
    """Return the nodes of a group; none for a partition without nodes."""
    listed = member(group, "nodes/nodes")
    names = [n for n in listed if isinstance(n, str) and n] if isinstance(listed, list) else []
    if isinstance(listed, str) and values.is_set(listed):
        try:
            names = values.hosts(listed)
        except ValueError as fault:
            raise DataError(f"{where}, nodes: {fault}") from None
    if not names and number(member(group, "nodes/total")):
        raise DataError(f"{where}: a group of nodes names none; give scontrol show node --json")
    return names


def _load(hundredths: Any) -> dict[str, str]:
    """Return the load average, which Slurm's JSON has in hundredths; nothing where it is not known."""
    is_known = isinstance(hundredths, int) and 0 <= hundredths < 2**31
    return {"CPULoad": str(hundredths / 100)} if is_known else {}
