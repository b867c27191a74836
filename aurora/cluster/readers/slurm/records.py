"""Jobs as Slurm lists them, whichever command did: one record a job, before it becomes tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TypeVar

from aurora.cluster.readers.slurm import values
from aurora.cluster.resources import MEMORY
from aurora.errors import DataError

T = TypeVar("T")

STATES = {
    "PD": "pending",
    "PENDING": "pending",
    "RQ": "pending",
    "REQUEUED": "pending",
    "RH": "pending",
    "REQUEUE_HOLD": "pending",
    "RF": "pending",
    "REQUEUE_FED": "pending",
    "RD": "pending",
    "RESV_DEL_HOLD": "pending",
    "SE": "pending",
    "SPECIAL_EXIT": "pending",
    "R": "running",
    "RUNNING": "running",
    "CF": "running",
    "CONFIGURING": "running",
    "CG": "running",
    "COMPLETING": "running",
    "S": "running",
    "SUSPENDED": "running",
    "ST": "running",
    "STOPPED": "running",
    "SO": "running",
    "STAGE_OUT": "running",
    "SI": "running",
    "SIGNALING": "running",
    "RS": "running",
    "RESIZING": "running",
    "CD": "finished",
    "COMPLETED": "finished",
    "F": "failed",
    "FAILED": "failed",
    "CA": "failed",
    "CANCELLED": "failed",
    "TO": "failed",
    "TIMEOUT": "failed",
    "NF": "failed",
    "NODE_FAIL": "failed",
    "OOM": "failed",
    "OUT_OF_MEMORY": "failed",
    "PR": "failed",
    "PREEMPTED": "failed",
    "BF": "failed",
    "BOOT_FAIL": "failed",
    "DL": "failed",
    "DEADLINE": "failed",
    "LF": "failed",
    "LAUNCH_FAILED": "failed",
    "RV": "failed",
    "REVOKED": "failed",
}
"""States of jobs, short and long, and what they are in a snapshot."""


LEAST_OF_STATE = 7
"""Least letters of a state that is cut off."""


@dataclass(frozen=True)
class Job:
    """A job, an array's task, or the waiting rest of an array.

    Attributes:
        job_id: Its id as Slurm writes it: `4711`, `4711_3`, `4711_[4-10%2]`, `4711+1`.
        where: File and line or entry, for messages.
        state: Slurm's state.
        nodes: Number of nodes.
        cpus: Cores over all nodes; None where it is not said.
        memory: GiB, and whether they are `c`: of each core, `n`: of each node, or `t`: in all; None if not said.
        devices: Resources of each node besides cores and memory.
        model: Model of its devices.
        node_list: Nodes that it runs on.
        required, excluded: Nodes that it must have, and that it must not.
    """

    job_id: str
    where: str
    state: str
    name: str = ""
    user: str = ""
    account: str = ""
    qos: str = ""
    partitions: tuple[str, ...] = ()
    nodes: int = 1
    cpus: float | None = None
    memory: tuple[float, str] | None = None
    devices: Mapping[str, float] = field(default_factory=dict)
    model: str | None = None
    node_list: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    features: str = ""
    dependency: str = ""
    reason: str = ""
    priority: int = 0
    time_limit: float | None = None
    elapsed: float | None = None
    time_left: float | None = None
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    restarts: int = 0
    used_cpu: float | None = None
    used_memory: float | None = None
    is_exclusive: bool = False


FIELDS = {  # heading or key of a command, in capitals without blanks -> field of a record
    "JOBID": "job_id",
    "JOBARRAYID": "array_job_id",
    "ARRAYJOBID": "array_job_id",
    "ARRAYTASKID": "array_task_id",
    "JOBNAME": "name",
    "NAME": "name",
    "USER": "user",
    "USERNAME": "user",
    "USERID": "user",
    "ACCOUNT": "account",
    "QOS": "qos",
    "PARTITION": "partition",
    "ST": "state",
    "STATE": "state",
    "STATECOMPACT": "state",
    "JOBSTATE": "state",
    "NODES": "nodes",
    "NUMNODES": "nodes",
    "NNODES": "nodes",
    "ALLOCNODES": "nodes",
    "REQNODES": "requested_nodes",
    "CPUS": "cpus",
    "NUMCPUS": "cpus",
    "NCPUS": "cpus",
    "ALLOCCPUS": "cpus",
    "REQCPUS": "requested_cpus",
    "MINMEMORY": "memory",
    "MINMEMORYNODE": "memory_node",
    "MINMEMORYCPU": "memory_cpu",
    "REQMEM": "memory",
    "TRESPERNODE": "gres",
    "GRES": "gres",
    "TRESPERJOB": "gres_job",
    "TRES": "tres",
    "TRESALLOC": "tres",
    "ALLOCTRES": "tres",
    "REQTRES": "requested_tres",
    "NODELIST(REASON)": "node_list_or_reason",
    "REASONLIST": "node_list_or_reason",
    "NODELIST": "node_list",
    "REASON": "reason",
    "FEATURES": "features",
    "CONSTRAINTS": "features",
    "DEPENDENCY": "dependency",
    "PRIORITY": "priority",
    "PRIORITYLONG": "priority",
    "TIMELIMIT": "time_limit",
    "TIMELIMI": "time_limit",  # as squeue -l cuts it off
    "TIMELEFT": "time_left",
    "TIME": "elapsed",
    "TIMEUSED": "elapsed",
    "ELAPSED": "elapsed",
    "RUNTIME": "elapsed",
    "SUBMITTIME": "submitted",
    "SUBMIT": "submitted",
    "STARTTIME": "started",
    "START": "started",
    "ENDTIME": "ended",
    "END": "ended",
    "REQNODELIST": "required",
    "REQ_NODES": "required",
    "EXCNODELIST": "excluded",
    "EXC_NODES": "excluded",
    "RESTARTS": "restarts",
    "RESTARTCNT": "restarts",
    "OVERSUBSCRIBE": "oversubscribe",
    "EXCLUSIVE": "oversubscribe",
    "TOTALCPU": "used_cpu_time",
    "MAXRSS": "used_memory",
}
"""Fields that are read; others are left out."""


def field_of(heading: str) -> str | None:
    """Return the field that a heading of squeue or sacct, or a key of scontrol, stands for; None for none.

    >>> field_of("MIN_MEMORY"), field_of("NodeList"), field_of("WORK_DIR")
    ('memory', 'node_list', None)
    """
    plain = heading.strip().upper()
    return FIELDS.get(plain) or FIELDS.get(plain.replace("_", "").replace(" ", "").replace("/", ""))


def job_of(given: Mapping[str, str], where: str, zone: tzinfo = UTC) -> Job:
    """Return the record of a job from its fields as text.

    Args:
        given: Field (a value of `FIELDS`) to text.
        where: File and line.
        zone: Time zone of times that name none.

    Raises:
        DataError: A field is not what it should be.
    """
    read = _Reader(given, where)
    moment = partial(values.moment, zone=zone)
    job_id = _job_id(given, where)
    state = _state(given.get("state", ""))
    if state not in STATES:
        raise DataError(f"{where}: {state[:40]!r} is no state of a job; give squeue's ST or STATE")
    is_waiting = STATES[state] == "pending"
    nodes = max(1, round(read.number("nodes") or read.number("requested_nodes") or 1))
    node_list, reason = _places(given, read, is_waiting)
    total, model = read.parsed("tres", values.tres) or ({}, None)
    if not total:
        total, model = read.parsed("requested_tres", values.tres) or ({}, None)
    nodes = max(nodes, len(node_list))
    if nodes > values.MAX_HOSTS:
        raise DataError(f"{where}, nodes: {nodes:,} nodes are more than a job can have")
    cpus = total.get("cpu") or read.number("cpus") or read.number("requested_cpus")
    devices, model = _devices(read, total, nodes, model)
    started, elapsed = read.parsed("started", moment), read.parsed("elapsed", values.duration)
    busy = read.parsed("used_cpu_time", values.duration)
    rss = read.parsed("used_memory", values.memory)
    return Job(
        job_id=job_id,
        where=where,
        state=state,
        name=read.text("name"),
        user=read.text("user").partition("(")[0],
        account=read.text("account"),
        qos=read.text("qos"),
        partitions=tuple(p.strip() for p in read.text("partition").split(",") if p.strip()),
        nodes=nodes,
        cpus=cpus,
        memory=_memory(read, total),
        devices=devices,
        model=model,
        node_list=node_list,
        required=tuple(read.parsed("required", values.hosts) or ()),
        excluded=tuple(read.parsed("excluded", values.hosts) or ()),
        features=read.text("features"),
        dependency=read.text("dependency"),
        reason=reason,
        priority=_priority(read.number("priority") or 0.0),
        time_limit=read.parsed("time_limit", values.duration),
        elapsed=elapsed,
        time_left=read.parsed("time_left", values.duration),
        submitted=read.parsed("submitted", moment),
        started=None if is_waiting else started,
        ended=None if is_waiting else read.parsed("ended", moment),
        restarts=round(read.number("restarts") or 0),
        used_cpu=None if busy is None or not elapsed else busy / elapsed,
        used_memory=None if rss is None else rss[0],
        is_exclusive=read.text("oversubscribe").upper() in ("NO", "EXCLUSIVE", "1") and "oversubscribe" in given,
    )


def _devices(
    read: _Reader, total: Mapping[str, float], nodes: int, model: str | None
) -> tuple[dict[str, float], str | None]:
    """Return the resources of each node besides cores and memory, and the model of the devices.

    Totals go before what is asked for, but a cluster need not count all of its generic resources.
    """
    devices = {r: a / nodes for r, a in total.items() if r not in ("cpu", "memory", "node")}
    for name, share in (("gres", 1.0), ("gres_job", 1.0 / nodes)):
        for g in read.parsed(name, values.gres) or []:
            if g.resource not in total:
                devices[g.resource] = devices.get(g.resource, 0.0) + g.amount * share
            model = g.model or model if g.name == "gpu" else model
    return devices, model


def most_memory(given: Mapping[str, str], where: str) -> float:
    """Return the GiB that a step of a job used at most; 0 where it is not said.

    Raises:
        DataError: It is no amount of memory.
    """
    found = _Reader(given, where).parsed("used_memory", values.memory)
    return 0.0 if found is None else found[0]


def _priority(number: float) -> int:
    """Return a priority as a whole number; squeue's `%p` shows it as a share of 2^32."""
    return round(number * 2**32) if number < 1 else round(number)


def _state(text: str) -> str:
    """Return a state as it is in `STATES`, also where squeue -l has cut it off; else the word itself."""
    word = next(iter(text.split()), "").rstrip("+").upper()
    if word in STATES or len(word) < LEAST_OF_STATE:
        return word
    return next((state for state in STATES if state.startswith(word)), word)


def _job_id(given: Mapping[str, str], where: str) -> str:
    job_id = given.get("job_id", "").strip()
    array = given.get("array_job_id", "").strip()
    task = given.get("array_task_id", "").strip()
    if values.is_set(array) and not values.is_set(job_id):
        job_id = array
    if values.is_set(array) and values.is_set(task) and "_" not in job_id:
        job_id = f"{array.partition('_')[0]}_{task if task.isdigit() or task.startswith('[') else f'[{task}]'}"
    if not job_id or not job_id[0].isdigit():
        raise DataError(f"{where}: {job_id[:40]!r} is no id of a job; is this output of squeue, scontrol or sacct?")
    return job_id


def _places(given: Mapping[str, str], read: _Reader, is_waiting: bool) -> tuple[tuple[str, ...], str]:
    """Return the nodes of a job that runs or ran, and the reason of one that waits."""
    both = given.get("node_list_or_reason", "").strip()
    reason = read.text("reason").strip("()")
    if both.startswith("("):
        return (), reason or both.strip("()")
    if is_waiting:
        return (), reason
    if values.is_set(both):
        return tuple(_Reader({"node_list": both}, read.where).parsed("node_list", values.hosts) or ()), reason
    listed = given.get("node_list", "")
    if listed.strip().lower().startswith("none assigned"):
        return (), reason
    return tuple(read.parsed("node_list", values.hosts) or ()), reason


def _memory(read: _Reader, total: Mapping[str, float]) -> tuple[float, str] | None:
    if MEMORY in total:
        return total[MEMORY], "t"
    for name, of in (("memory_node", "n"), ("memory_cpu", "c"), ("memory", "")):
        given = read.parsed(name, values.memory)
        if given is not None:
            return given[0], given[1] or of or "n"
    return None


class _Reader:
    """Reads fields of a job, with the place in its errors."""

    def __init__(self, given: Mapping[str, str], where: str) -> None:
        self._given = given
        self.where = where

    def text(self, name: str) -> str:
        value = self._given.get(name, "").strip()
        return value if values.is_set(value) else ""

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        value = self.text(name)
        if not value:
            return None
        try:
            return parse(value)
        except ValueError as fault:
            raise DataError(f"{self.where}, {name.replace('_', ' ')}: {fault}") from None

    def number(self, name: str) -> float | None:
        """Return a count, which squeue may shorten to 1K or write as a range 2-4, of which the least is taken."""
        value = self.text(name).partition("-")[0]
        factor = {"K": 1e3, "M": 1e6}.get(value[-1:].upper(), 1.0)
        digits = value[:-1] if factor > 1 else value
        if not digits:
            return None
        try:
            number = float(digits[:30]) * factor
        except ValueError:
            raise DataError(f"{self.where}, {name.replace('_', ' ')}: {value[:40]!r} is no number") from None
        if not 0 <= number < 1e15:  # noqa: PLR2004  # also NaN
            raise DataError(f"{self.where}, {name.replace('_', ' ')}: {value[:40]!r} is out of range")
        return number
