"""JSON of Slurm's commands, written by hand after the data_parser plugins 0.0.37 to 0.0.46, for the tests."""

from __future__ import annotations

from typing import Any

from tests.cluster.readers.slurm_files import number

META = {"plugin": {"type": "", "name": ""}, "slurm": {"version": {"major": "25"}, "cluster": "hal"}}


def tres(**counts: int) -> list[dict[str, Any]]:
    names = {"gpu": ("gres", "gpu"), "a100": ("gres", "gpu:a100")}
    kinds = [(*names.get(key, (key, "")), count) for key, count in counts.items()]
    return [{"type": type_, "name": name, "id": k, "count": count} for k, (type_, name, count) in enumerate(kinds)]


SCONTROL_NODES = {
    "nodes": [
        {
            "name": "cn001",
            "cpus": 64,
            "effective_cpus": 62,
            "cpu_load": 4731,
            "real_memory": 257000,
            "free_mem": number(61000),
            "specialized_memory": 0,
            "temporary_disk": 0,
            "state": ["MIXED"],
            "reason": "",
            "gres": "",
            "features": ["zen3", "ib"],
            "active_features": ["zen3", "ib"],
            "partitions": ["compute", "debug"],
            "tres": "cpu=62,mem=257000M,billing=62",
            "tres_used": "cpu=48,mem=192G",
            "boot_time": number(1780300800),
        },
        {
            "name": "gn01",
            "cpus": 64,
            "effective_cpus": 64,
            "cpu_load": 4294967294,
            "real_memory": 515000,
            "free_mem": number(None),
            "state": ["IDLE", "DRAIN"],
            "reason": "bad DIMM",
            "gres": "gpu:a100:4(S:0-1)",
            "active_features": ["zen3"],
            "partitions": ["gpu"],
            "tres": "cpu=64,mem=515000M,gres/gpu=4,gres/gpu:a100=4",
            "tres_used": "",
        },
    ],
    "last_update": number(1781529600),
    "meta": META,
    "errors": [],
}


def _group(partition: str, names: list[str], memory: tuple[int, int], **fields: Any) -> dict[str, Any]:
    return {
        "port": 6818,
        "node": {"state": ["IDLE"]},
        "nodes": {
            "allocated": 0,
            "idle": len(names),
            "other": 0,
            "total": len(names),
            "hostnames": names,
            "addresses": names,
            "nodes": names,
        },
        "cpus": {
            "allocated": 0,
            "idle": 64 * len(names),
            "total": 64 * len(names),
            "minimum": 64,
            "maximum": 64,
            "load": {"minimum": 150, "maximum": 900},
        },
        "memory": {
            "minimum": memory[0],
            "maximum": memory[1],
            "free": {"minimum": number(memory[0] - 1024), "maximum": number(memory[0] - 1024)},
            "allocated": 0,
        },
        "disk": {"minimum": 0, "maximum": 0},
        "features": {"total": "zen3,ib", "active": "zen3"},
        "gres": {"total": "", "used": ""},
        "cluster": "",
        "reason": {"description": "", "time": 0, "user": "root"},
        "resource_spec": {"cpus": "", "memory": 0},
        "partition": {"name": partition, "nodes": {"configured": "x", "total": len(names)}},
        **fields,
    }


SINFO = {
    "sinfo": [
        _group("compute", ["cn001", "cn002"], (256000, 257000)),
        _group(
            "gpu",
            ["gn01"],
            (515000, 515000),
            node={"state": ["MIXED", "DRAIN"]},
            reason={"description": "bad DIMM", "time": 1781500000, "user": "root"},
            gres={"total": "gpu:a100:4(S:0-1)", "used": "gpu:a100:2(IDX:0-1)"},
        ),
        _group("debug", ["cn002"], (257000, 257000)),
        _group("empty", [], (0, 0)),
    ],
    "meta": META,
    "errors": [],
    "warnings": [],
}


def _account(job_id: int, current: Any, reason: str = "None", **fields: Any) -> dict[str, Any]:
    return {
        "account": "climate",
        "allocation_nodes": 1,
        "array": {"job_id": 0, "limits": {}, "task_id": number(None), "task": ""},
        "association": {"account": "climate", "cluster": "hal", "partition": "", "user": "ines", "id": 3},
        "cluster": "hal",
        "constraints": "",
        "het": {"job_id": 0, "job_offset": number(None)},
        "job_id": job_id,
        "name": "prep",
        "nodes": "cn001",
        "partition": "compute",
        "priority": number(9120),
        "qos": "normal",
        "required": {"CPUs": 8, "memory_per_cpu": number(None), "memory_per_node": number(16384)},
        "state": {"current": current, "reason": reason},
        "steps": [],
        "time": {
            "elapsed": 3600,
            "eligible": 1781488800,
            "submission": 1781488800,
            "start": 1781489400,
            "end": 1781493000,
            "suspended": 0,
            "limit": number(120),
            "total": {"seconds": 21600, "microseconds": 0},
        },
        "tres": {"allocated": tres(cpu=8, mem=16384, node=1, billing=8), "requested": tres(cpu=8, mem=16384, node=1)},
        "user": "ines",
        **fields,
    }


def _step(peak: int) -> dict[str, Any]:
    return {"step": {"id": "1.batch"}, "tres": {"requested": {"max": [{"type": "mem", "name": "", "count": peak}]}}}


_TIMES_OF_OLD = {"elapsed": 0, "submission": 1781488800, "start": 0, "end": 1781493000, "limit": 120, "total": {}}
SACCT = {
    "jobs": [
        _account(81100, ["COMPLETED"], steps=[_step(1 << 33), _step(1 << 20)]),
        _account(
            81204,
            "RUNNING",  # a string, up to Slurm 23.02
            nodes="cn[001-002]",
            allocation_nodes=2,
            tres={"allocated": tres(cpu=96, mem=262144, node=2, gpu=4, a100=4), "requested": []},
            time={"elapsed": 600, "submission": 1781488800, "start": 1781489400, "end": 0, "limit": number(None)},
        ),
        _account(
            81470,
            ["PENDING"],
            "Resources",
            nodes="None assigned",
            array={"job_id": 81455, "limits": {}, "task_id": number(None), "task": "7-8"},
            tres={"allocated": [], "requested": tres(cpu=16, mem=49152, node=1)},
            time={"elapsed": 0, "submission": 1781488800, "start": 0, "end": 0, "limit": number(720), "total": {}},
        ),
        _account(
            81102,
            "CANCELLED",
            user=None,
            array={"job_id": 81101, "task_id": 2, "task": None},  # version 0.0.37
            time=_TIMES_OF_OLD,
            required={"CPUs": 4, "memory": 4096},
            tres={"allocated": [], "requested": tres(cpu=4, mem=16384, node=1)},
        ),
        _account(
            81300,
            ["RUNNING"],
            nodes="gn01",
            het={"job_id": 81299, "job_offset": number(1)},
            time={"elapsed": 600, "submission": 1781488800, "start": 1781489400, "end": 0, "limit": "Infinity"},
        ),
    ],
    "meta": META,
    "errors": [],
}

RESERVATIONS = {
    "reservations": [
        {
            "name": "file-server",
            "node_list": "cn[001-002]",
            "flags": ["MAINT", "SPEC_NODES"],
            "start_time": number(1781546400),
            "end_time": number(1781564400),
            "users": "root",
            "accounts": "",
            "groups": "",
        }
    ],
    "last_update": number(1781529600),
    "meta": META,
}

PARTITIONS = {"partitions": [{"name": "compute"}], "meta": META}
