"""Turns jobs of `sacct --json`, of any version, into the fields that its text has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aurora.cluster.readers.slurm.json_entries import member, moment, number, texts
from aurora.cluster.readers.slurm.records import Job, job_of

_KEYS = {
    "job_id": "job_id",
    "name": "name",
    "user": "user",
    "association/user": "user",
    "account": "account",
    "qos": "qos",
    "partition": "partition",
    "state/current": "state",
    "state/reason": "reason",
    "allocation_nodes": "nodes",
    "required/CPUs": "cpus",
    "nodes": "node_list",
    "constraints": "features",
    "priority": "priority",
    "restart_cnt": "restarts",
}


def job_of_account(entry: Mapping[str, Any], where: str) -> Job:
    """Return the record of an entry of `sacct --json`.

    Raises:
        DataError: A field is not what it should be.
    """
    fields = {path: member(entry, path) for path in _KEYS}
    given = texts({path: value for path, value in fields.items() if value not in (None, "")}, _KEYS)
    if isinstance(fields["state/current"], list):
        given["state"] = str(next(iter(fields["state/current"]), ""))
    for key, name in (("memory_per_node", "memory_node"), ("memory_per_cpu", "memory_cpu")):
        megabytes = number(member(entry, f"required/{key}"))
        given[name] = f"{megabytes:.0f}M" if megabytes else ""
    given |= {"tres": _tres(member(entry, "tres/allocated")), "requested_tres": _tres(member(entry, "tres/requested"))}
    given |= _times(entry)
    most = max(_bytes_used(member(entry, "steps")), default=0.0)
    given["used_memory"] = f"{most / 1024:.0f}K" if most else ""
    return job_of(given | _ids(entry), where)


def is_account(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry is of sacct, not of squeue or scontrol, whose times do not stand together."""
    return isinstance(entry.get("time"), dict)


def _times(entry: Mapping[str, Any]) -> dict[str, str]:
    of = {"submission": "submitted", "start": "started", "end": "ended"}
    given = {name: moment(member(entry, f"time/{key}")) for key, name in of.items()}
    for path, name in (("time/elapsed", "elapsed"), ("time/total/seconds", "used_cpu_time")):
        seconds = number(member(entry, path))
        given[name] = "" if seconds is None else _clock(seconds)
    limit = member(entry, "time/limit")
    minutes = number(limit)
    given["time_limit"] = f"{minutes:.0f}" if minutes else ""
    return given


def _ids(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids of a job of an array or of a heterogeneous job; its own stands elsewhere."""
    array, task, listed = (member(entry, f"array/{key}") for key in ("job_id", "task_id", "task"))
    first = number(array)
    if first and isinstance(listed, str) and listed:
        return {"array_job_id": f"{first:.0f}", "array_task_id": listed, "job_id": ""}
    if first and number(task) is not None:
        return {"array_job_id": f"{first:.0f}", "array_task_id": f"{number(task):.0f}", "job_id": ""}
    het, offset = number(member(entry, "het/job_id")), number(member(entry, "het/job_offset"))
    return {"job_id": f"{het:.0f}+{offset:.0f}"} if het and offset is not None else {}


def _tres(resources: Any) -> str:
    """Return trackable resources as Slurm's text has them: `cpu=8,mem=16384M,gres/gpu:a100=2`."""
    parts = []
    for resource in resources if isinstance(resources, list) else ():
        amount = number(resource.get("count")) if isinstance(resource, dict) else None
        if amount is None or not isinstance(resource.get("type"), str):
            continue
        name = "/".join(str(n) for n in (resource["type"], resource.get("name")) if n)
        parts.append(f"{name}={amount:.0f}{'M' if name == 'mem' else ''}")
    return ",".join(parts)


def _bytes_used(steps: Any) -> Iterator[float]:
    """Yield the most memory that each step of a job used; Slurm files use under `requested`."""
    for step in steps if isinstance(steps, list) else ():
        used = member(step, "tres/requested/max")
        for resource in used if isinstance(used, list) else ():
            if isinstance(resource, dict) and resource.get("type") == "mem":
                yield number(resource.get("count")) or 0.0


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours // 24}-{hours % 24:02}:{minute:02}:{second:02}"
