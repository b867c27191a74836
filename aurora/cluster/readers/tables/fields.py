"""Fields of the two tables: names by which people call them, and what their cells hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal[
    "text", "list", "labels", "taints", "cores", "memory", "count", "money", "seconds", "time", "flag", "watts"
]
"""What a cell holds."""


class Field(NamedTuple):
    """A field of a table.

    Attributes:
        name: Its name, which the template has as heading.
        kind: What its cells hold.
        synonyms: Other headings, without blanks, underscores and units.
        example: Example cells of the template's rows.
        meaning: What it is.
    """

    name: str
    kind: Kind
    synonyms: tuple[str, ...]
    example: tuple[str, ...]
    meaning: str


NODES = (
    Field("node_id", "text", ("node", "nodename", "name", "host", "hostname", "machine", "server", "id", "instance"),
          ("a1", "a2", "b1"), "name of the machine"),
    Field("cpu", "cores", ("cpus", "cores", "vcpu", "vcpus", "ncpu", "numcpus", "cpucores", "cpucount", "corecount",
                           "allocatablecpu", "cpuallocatable", "processors", "cputotal", "totalcpu"),
          ("8", "8", "16"), "cores that tasks may ask for"),
    Field("memory", "memory", ("mem", "ram", "memorysize", "memtotal", "totalmemory", "memorytotal",
                               "allocatablememory", "memoryallocatable", "realmemory"),
          ("32Gi", "32Gi", "64Gi"), "memory that tasks may ask for"),
    Field("gpu", "count", ("gpus", "gpucount", "accelerators", "devices", "numgpus", "ngpu", "gpunum"),
          ("", "", "2"), "accelerators"),
    Field("accelerator_model", "text", ("gpumodel", "gputype", "acceleratortype", "devicemodel", "model", "gpuname"),
          ("", "", "A100"), "model of its accelerators"),
    Field("disk", "memory", ("storage", "ephemeralstorage", "localdisk", "disksize", "ssd"),
          ("100Gi", "100Gi", "500Gi"), "local disk"),
    Field("zone", "text", ("site", "region", "availabilityzone", "az", "rack", "location", "datacenter", "dc"),
          ("zone-a", "zone-a", "zone-b"), "site or zone"),
    Field("instance_type", "text", ("type", "machinetype", "flavor", "flavour", "sku", "vmtype", "size", "vmsize"),
          ("general-8", "general-8", "gpu-16"), "machine type"),
    Field("price_per_hour", "money", ("price", "cost", "hourlyprice", "priceperhour", "costperhour", "hourlycost",
                                      "rate", "pricepermonth", "costpermonth", "monthlycost", "monthlyprice"),
          ("0.40", "0.40", "2.90"), "dollars an hour"),
    Field("labels", "labels", ("tags", "attributes", "features"), ("disk=ssd", "", "disk=ssd"), "labels, a=b;c=d"),
    Field("taints", "taints", ("taint",), ("", "", "gpu=yes:NoSchedule"), "taints, key=value:NoSchedule"),
    Field("ready", "flag", ("isready", "up", "healthy", "available", "online"), ("yes", "yes", "yes"),
          "whether it is up"),
    Field("cordoned", "flag", ("iscordoned", "unschedulable", "drained", "draining"), ("no", "yes", "no"),
          "whether new tasks are kept away"),
    Field("used_cpu", "cores", ("cpuused", "cpuusage", "usedcores", "cpuinuse", "cpuload"), ("3.1", "0.4", "6.0"),
          "cores in use, measured"),
    Field("used_memory", "memory", ("memoryused", "memused", "usedmem", "memoryusage", "memusage", "usedram"),
          ("12Gi", "2Gi", "40Gi"), "memory in use, measured"),
    Field("maintenance_start", "time", ("maintenancefrom", "maintenancebegin"), ("", "", "2026-06-15T14:00"),
          "start of a maintenance window"),
    Field("maintenance_end", "time", ("maintenanceto", "maintenanceuntil"), ("", "", "2026-06-15T15:00"), "its end"),
    Field("idle_power", "watts", ("idlewatts", "poweridle"), ("90", "90", "210"), "watts while idle"),
    Field("full_power", "watts", ("fullwatts", "maxpower", "powermax", "tdp", "powerfull"), ("240", "240", "900"),
          "watts with all cores used"),
)  # fmt: skip
TASKS = (
    Field("task_id", "text", ("task", "name", "pod", "podname", "job", "jobid", "id", "jobname", "taskname", "vm",
                              "container"),
          ("shop/web-1", "shop/web-2", "batch/train-1"), "name of the task"),
    Field("workload", "text", ("workloadid", "app", "service", "deployment", "application", "group", "owner"),
          ("web", "web", ""), "what the task is one of"),
    Field("state", "text", ("status", "phase", "jobstate", "taskstate"), ("running", "running", "pending"),
          "running, pending, finished or failed"),
    Field("node_id", "text", ("node", "nodename", "host", "hostname", "machine", "server", "assignedto", "nodelist"),
          ("a1", "b1", ""), "machine that it runs on; empty: it waits"),
    Field("cpu", "cores", ("cpus", "cores", "vcpu", "vcpus", "cpurequest", "requestcpu", "requestedcpu", "cpurequests",
                           "requestscpu", "reqcpu", "reqcpus", "cpureq", "ncpus", "cpucores"),
          ("500m", "500m", "4"), "cores that it asks for"),
    Field("memory", "memory", ("mem", "ram", "memoryrequest", "requestmemory", "requestedmemory", "memoryrequests",
                               "requestsmemory", "reqmem", "memreq", "memrequest", "requestedmem"),
          ("512Mi", "512Mi", "16Gi"), "memory that it asks for"),
    Field("gpu", "count", ("gpus", "gpucount", "accelerators", "devices", "numgpus", "reqgpus", "gpunum", "gpurequest"),
          ("", "", "1"), "accelerators that it asks for"),
    Field("accelerator_models", "list", ("gpumodel", "gputype", "acceleratormodel", "devicemodel", "gpumodels"),
          ("", "", "A100|H100"), "models that it may use, a|b"),
    Field("cpu_limit", "cores", ("limitcpu", "cpulimits", "maxcpu", "limitscpu"), ("1", "1", ""), "cores at most"),
    Field("memory_limit", "memory", ("limitmemory", "memorylimits", "memlimit", "maxmemory", "limitsmemory"),
          ("1Gi", "1Gi", "16Gi"), "memory at most"),
    Field("used_cpu", "cores", ("cpuused", "cpuusage", "usedcores", "cpuinuse"), ("0.31", "0.28", ""),
          "cores in use, measured"),
    Field("used_memory", "memory", ("memoryused", "memused", "usedmem", "memoryusage", "memusage", "usedram", "maxrss"),
          ("300Mi", "310Mi", ""), "memory in use, measured"),
    Field("priority", "count", ("prio",), ("100", "100", "0"), "higher goes first"),
    Field("created_at", "time", ("created", "submitted", "submittedat", "submittime", "creationtime", "queuedat"),
          ("2026-06-01T08:00", "2026-06-01T08:00", "2026-06-15T12:30"), "when it was submitted"),
    Field("started_at", "time", ("started", "starttime", "start"), ("2026-06-01T08:01", "2026-06-01T08:01", ""),
          "when it started"),
    Field("ends_at", "time", ("ends", "endtime", "end", "deadline"), ("", "", ""), "when it ends at the latest"),
    Field("time_limit", "seconds", ("duration", "walltime", "runtime", "timelimit", "maxruntime", "wallclock"),
          ("", "", "6h"), "how long it may run"),
    Field("node_selector", "labels", ("selector", "constraints", "constraint"), ("", "", "disk=ssd"),
          "labels that its machine must have, a=b;c=d"),
    Field("tolerations", "list", ("tolerates",), ("", "", "gpu"), "keys of the taints that it tolerates, a|b"),
    Field("dependencies", "list", ("dependson", "after", "dependency"), ("", "", ""), "tasks that must finish first"),
    Field("gang", "text", ("gangid", "podgroup"), ("", "", ""), "tasks of one gang start together"),
    Field("data_zone", "text", ("datasite", "datalocation", "zone", "site"), ("", "", "zone-b"), "where its data is"),
    Field("pending_reason", "text", ("reason", "waitreason", "message"), ("", "", ""), "why it waits"),
)  # fmt: skip
"""Fields of the tables; the first and `cpu` must be there."""

UNITS: dict[str, Mapping[str, float]] = {
    "cores": {"": 1, "c": 1, "core": 1, "cores": 1, "cpu": 1, "cpus": 1, "vcpu": 1, "vcpus": 1, "m": 1e-3,
              "millicore": 1e-3, "millicores": 1e-3, "mcpu": 1e-3, "millicpu": 1e-3},
    "memory": {"b": 2**-30, "byte": 2**-30, "bytes": 2**-30,
               "k": 1e3 / 2**30, "kb": 1e3 / 2**30, "ki": 2**-20, "kib": 2**-20,
               "m": 1e6 / 2**30, "mb": 1e6 / 2**30, "mi": 2**-10, "mib": 2**-10,
               "g": 1e9 / 2**30, "gb": 1e9 / 2**30, "gi": 1, "gib": 1,
               "t": 1e12 / 2**30, "tb": 1e12 / 2**30, "ti": 2**10, "tib": 2**10},
    "money": {"": 1, "$": 1, "usd": 1, "dollar": 1, "dollars": 1, "$/h": 1, "usd/h": 1, "$/hour": 1, "usd/hour": 1,
              "perhour": 1, "hourly": 1, "$/month": 1 / 730, "usd/month": 1 / 730, "permonth": 1 / 730,
              "monthly": 1 / 730, "cents": 0.01, "cent": 0.01},
    "seconds": {"ms": 1e-3, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60,
                "minute": 60, "minutes": 60, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
                "d": 86_400, "day": 86_400, "days": 86_400},
    "count": {"": 1},
    "watts": {"": 1, "w": 1, "watt": 1, "watts": 1, "kw": 1e3},
}  # fmt: skip
"""Units of each kind, without regard to capitals, in the unit of the snapshot (see `NAMES`)."""
SHOWN = {"b": "bytes", "kb": "kB", "ki": "KiB", "kib": "KiB", "mb": "MB", "mi": "MiB", "mib": "MiB", "gb": "GB",
         "gi": "GiB", "gib": "GiB", "tb": "TB", "ti": "TiB", "tib": "TiB", "permonth": "$/month"}  # fmt: skip
"""Units as people write them, where that is not as they stand in `UNITS`."""
NAMES = {"cores": "cores", "memory": "GiB", "money": "$/h", "seconds": "s", "count": "", "watts": "W"}
"""Unit of each kind in a snapshot."""

_UNIT = re.compile(r"^(.*?)[\s_.-]*[(\[]\s*(?:in\s+)?([^()\[\]]+?)\s*[)\]]\s*$")
_LAST = re.compile(r"^(.*?)[\s_.-]+(?:in[\s_.-]+)?([A-Za-z$/]+)$")


def plain(heading: str) -> str:
    """Return a heading without blanks, underscores and capitals."""
    return re.sub(r"[^a-z0-9$/%]", "", heading.lower())


def field_and_unit(heading: str, fields: tuple[Field, ...]) -> tuple[Field | None, str]:
    """Return the field that a heading stands for, and the unit in it; None and "" if it is none.

    >>> field_and_unit("mem (GiB)", NODES)[0].name, field_and_unit("mem (GiB)", NODES)[1]
    ('memory', 'gib')
    >>> field_and_unit("memory_mb", TASKS)[1], field_and_unit("vCPU", NODES)[0].name
    ('mb', 'cpu')
    """
    by_name = {plain(name): f for f in fields for name in (f.name, *f.synonyms)}
    candidates = [(heading, "")]
    for pattern in (_UNIT, _LAST):
        match = pattern.match(heading.strip())
        if match is not None:
            candidates.append((match[1], plain(match[2])))
    for name, unit in candidates:
        field = by_name.get(plain(name))
        if field is not None and (not unit or unit in UNITS.get(field.kind, {})):
            is_monthly = field.kind == "money" and "month" in plain(heading) and not unit
            return field, "permonth" if is_monthly else unit
    return None, ""
