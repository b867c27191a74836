"""Turns jobs of Slurm's JSON, of any version, into the fields that its text has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aurora.cluster.readers.slurm.records import Job, job_of

_JOB_KEYS = {
    "job_id": "job_id",
    "name": "name",
    "user_name": "user",
    "account": "account",
    "qos": "qos",
    "partition": "partition",
    "job_state": "state",
    "node_count": "nodes",
    "cpus": "cpus",
    "memory_per_node": "memory_node",
    "memory_per_cpu": "memory_cpu",
    "tres_per_node": "gres",
    "tres_per_job": "gres_job",
    "tres_alloc_str": "tres",
    "tres_req_str": "requested_tres",
    "nodes": "node_list",
    "state_reason": "reason",
    "features": "features",
    "dependency": "dependency",
    "priority": "priority",
    "time_limit": "time_limit",
    "submit_time": "submitted",
    "start_time": "started",
    "end_time": "ended",
    "required_nodes": "required",
    "excluded_nodes": "excluded",
    "restart_cnt": "restarts",
}
_TIMES = ("submit_time", "start_time", "end_time")
_LATEST = 253_402_300_799
"""Last second of the year 9999."""


def job_of_json(entry: Mapping[str, Any], where: str) -> Job:
    """Return the record of an entry of `squeue --json`.

    Raises:
        DataError: A field is not what it should be.
    """
    given = texts(entry, _JOB_KEYS)
    if isinstance(entry.get("job_state"), list):
        given["state"] = str(next(iter(entry["job_state"]), ""))
    for key in _TIMES:
        given[_JOB_KEYS[key]] = moment(entry.get(key))
    for key in ("memory_per_node", "memory_per_cpu"):
        amount = number(entry.get(key))
        given[_JOB_KEYS[key]] = f"{amount:.0f}M" if amount else ""
    if isinstance(entry.get("time_limit"), dict) and entry["time_limit"].get("infinite"):
        given["time_limit"] = "UNLIMITED"
    array, task = number(entry.get("array_job_id")), number(entry.get("array_task_id"))
    listed = entry.get("array_task_string")
    if array and isinstance(listed, str) and listed:
        given |= {"array_job_id": f"{array:.0f}", "array_task_id": listed, "job_id": ""}
    elif array and task is not None and _is_set(entry.get("array_task_id")):
        given |= {"array_job_id": f"{array:.0f}", "array_task_id": f"{task:.0f}", "job_id": ""}
    het, offset = number(entry.get("het_job_id")), number(entry.get("het_job_offset"))
    if het and _is_set(entry.get("het_job_id")):
        given["job_id"] = f"{het:.0f}+{offset or 0:.0f}"
    return job_of(given, where)


def texts(entry: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, str]:
    """Return fields as text: of lists, those joined by commas; of a number that may not be set, the number."""
    given = {}
    for key, name in keys.items():
        value = entry.get(key)
        if isinstance(value, dict):
            amount = number(value)
            given[name] = "" if amount is None else f"{amount:.15g}"
        elif isinstance(value, list):
            given[name] = ",".join(str(v) for v in value if isinstance(v, (str, int)))
        elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
            given[name] = str(value)
    return given


def number(value: Any) -> float | None:
    """Return a number, whether it stands alone or as `{"set": true, "infinite": false, "number": 5}`; None for none."""
    if isinstance(value, dict):
        if not value.get("set", True) or value.get("infinite"):
            return None
        value = value.get("number")
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def member(entry: Any, path: str) -> Any:
    """Return what stands in an object at a path such as `time/elapsed`; None for nothing."""
    for key in path.split("/"):
        entry = entry.get(key) if isinstance(entry, dict) else None
    return entry


def moment(value: Any) -> str:
    """Return a time, given in seconds since 1970, as text; empty for an unknown one."""
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds and 0 < seconds < _LATEST else ""


def _is_set(value: Any) -> bool:
    return bool(value.get("set", True)) if isinstance(value, dict) else value is not None
