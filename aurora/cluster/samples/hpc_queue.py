"""The HPC queue: a Slurm cluster with partitions, features, time limits, dependencies, a reservation, drained nodes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aurora.cluster.resources import GPU
from aurora.cluster.samples.making import TAKEN_AT, amounts, has
from aurora.cluster.snapshot import Node, Note, Snapshot, Source, Task, Term, Workload

RESERVATION = (
    TAKEN_AT.replace(hour=18, minute=0),
    TAKEN_AT.replace(hour=23, minute=0),
    "reservation file-server: maintenance",
)


@dataclass(frozen=True)
class Job:
    """A job of the queue.

    Attributes:
        job_id: Number of the job, with the index of an array's task.
        name: Name of the job.
        user: Who submitted it.
        account: Who pays.
        partition: Where it may run.
        size: Cores, GiB and devices on each node.
        limit: Time limit, hours.
        nodes: Nodes on which it runs; for a waiting job as many empty names as it needs nodes.
        at: Hours since it started, or since it was submitted where it waits.
        reason: Slurm's word for why it waits; empty: it runs.
        priority: Slurm's priority.
        features: Features that its nodes must have.
        after: Jobs that must finish first.
        model: Model of its devices.
        busy: Share of its cores in use.
    """

    job_id: str
    name: str
    user: str
    account: str
    partition: str
    size: tuple[float, float, float]
    limit: float
    nodes: tuple[str, ...]
    at: float
    reason: str = ""
    priority: int = 4000
    features: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    model: str | None = None
    busy: float = 0.93


def _names(prefix: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{k:02d}" for k in range(first, last + 1))


def _waits(count: int) -> tuple[str, ...]:
    return ("",) * count


WEEK = 168.0
BAD = "BadConstraints"
QOS = "QOSMaxCpuPerUserLimit"
A100, V100 = "a100", "v100"
CN3_TO_8 = _names("cn", 3, 8)
JOBS = (
    Job(
        "81204", "climate-era", "ines", "climate", "compute", (64, 240, 0), 72, _names("cn", 3, 8), 31.2, priority=9120
    ),
    Job("81377", "cfd-wing", "tomas", "aero", "compute", (64, 128, 0), 48, _names("cn", 9, 10), 44.9, priority=7010),
    Job("81390", "md-membrane", "yuki", "chem", "gpu", (16, 96, 4), 24, ("gn01",), 20.5, model=A100, busy=0.71),
    Job("81402", "assembly", "lena", "genomics", "bigmem", (48, 1500, 0), WEEK, ("bm01",), 90.0, busy=0.62),
    Job("81418", "denovo", "lena", "genomics", "bigmem", (40, 900, 0), 96, ("bm02",), 12.7, busy=0.58),
    Job("81440", "train-segm", "omar", "imaging", "gpu", (16, 120, 2), 24, ("gn02",), 3.4, model=A100, busy=0.55),
    Job("81441", "train-segm", "omar", "imaging", "gpu", (16, 120, 1), 24, ("gn02",), 3.4, model=A100, busy=0.49),
    Job("81455_1", "align", "lena", "genomics", "compute", (16, 48, 0), 9, ("cn11",), 5.1),
    Job("81455_2", "align", "lena", "genomics", "compute", (16, 48, 0), 9, ("cn11",), 5.1),
    Job("81455_3", "align", "lena", "genomics", "compute", (16, 48, 0), 9, ("cn11",), 4.8),
    Job("81455_4", "align", "lena", "genomics", "compute", (16, 48, 0), 9, ("cn12",), 4.8),
    Job("81461", "lattice", "noor", "physics", "compute", (32, 64, 0), 24, ("cn02",), 11.3, priority=5200),
    Job("81470", "notebook", "ines", "climate", "debug", (4, 16, 0), 4, ("cn01",), 1.2, busy=0.06),
    Job("81480", "post-proc", "tomas", "aero", "compute", (8, 200, 0), 6, ("cn13",), 2.2, busy=0.97),
    Job("81483", "render", "kim", "outreach", "gpu-old", (24, 90, 2), 12, ("gv01",), 7.7, model=V100, busy=0.8),
    Job("81500", "climate-era-2", "ines", "climate", "compute", (64, 240, 0), 72, _waits(8), 9.6, "Resources", 9115),
    Job("81502", "cfd-tail", "tomas", "aero", "compute", (64, 128, 0), 24, _waits(2), 8.8, "Priority", 7005),
    Job("81503", "lattice", "noor", "physics", "compute", (32, 64, 0), 6, _waits(1), 8.1, "Priority", 5190),
    Job("81510", "quick-check", "yuki", "chem", "compute", (16, 32, 0), 0.5, _waits(1), 0.05, "Priority", 3100),
    Job(
        "81512",
        "climate-plots",
        "ines",
        "climate",
        "compute",
        (8, 64, 0),
        2,
        _waits(1),
        9.5,
        "Dependency",
        9000,
        after=("81204.n0", "81204.n1", "81204.n2", "81204.n3", "81204.n4", "81204.n5"),
    ),
    Job("81455_5", "align", "lena", "genomics", "compute", (16, 48, 0), 9, _waits(1), 5.2, "JobArrayTaskLimit", 3990),
    Job("81455_6", "align", "lena", "genomics", "compute", (16, 48, 0), 9, _waits(1), 5.2, "JobArrayTaskLimit", 3990),
    Job("81520", "md-long", "yuki", "chem", "gpu", (16, 96, 4), 24, _waits(2), 6.4, "Resources", 6100, model=A100),
    Job(
        "81523",
        "train-llm",
        "omar",
        "imaging",
        "gpu",
        (60, 480, 8),
        48,
        _waits(1),
        4.0,
        "BadConstraints",
        4100,
        model=A100,
    ),
    Job("81530", "assembly-2", "lena", "genomics", "bigmem", (48, 1900, 0), WEEK, _waits(1), 30.0, "Resources", 8800),
    Job(
        "81533",
        "stencil",
        "noor",
        "physics",
        "compute",
        (64, 96, 0),
        12,
        _waits(1),
        2.0,
        "ReqNodeNotAvail, Reserved for maintenance",
        5100,
        ("avx512",),
    ),
    Job("81540", "sweep", "noor", "physics", "compute", (64, 96, 0), 3, _waits(4), 1.1, QOS, 5000),
    Job(
        "81544",
        "render",
        "kim",
        "outreach",
        "gpu-old",
        (24, 90, 2),
        12,
        _waits(1),
        0.4,
        "Resources",
        1200,
        model=V100,
    ),
)


def hpc_queue() -> Snapshot:
    """Return the snapshot of the HPC queue."""
    tasks = tuple(task for job in JOBS for task in _tasks(job))
    return Snapshot(
        snapshot_id="hpc-queue",
        system="slurm",
        taken_at=TAKEN_AT,
        sources=(
            Source(
                source_id="S1",
                kind="slurm",
                origin="made up",
                read_at=TAKEN_AT,
                facts=("nodes", "tasks", "workloads", "reservations"),
            ),
            Source(source_id="S2", kind="prices", origin="made up", read_at=TAKEN_AT, facts=("prices", "power")),
        ),
        nodes=tuple(_with_use(n, tasks) for n in _nodes()),
        tasks=tasks,
        workloads=_workloads(),
        notes=(
            Note(
                kind="assumed",
                code="sample",
                message="this snapshot is a sample of our own making; no real cluster stands behind it",
            ),
            Note(
                kind="not represented",
                code="quality-of-service-limits",
                message="limits of users and accounts, such as QOSMaxCpuPerUserLimit, are known by their name only",
                subjects=("81540.n0",),
                count=4,
            ),
        ),
    )


def _nodes() -> list[Node]:
    kinds = [  # names, cores, GiB, devices, model, partitions, features, dollars an hour, watts idle and full
        (_names("cn", 1, 2), 64, 256, 0, None, ("compute", "debug"), ("zen3", "ib"), 1.9, (140, 560)),
        (_names("cn", 3, 13), 64, 256, 0, None, ("compute",), ("zen3", "ib"), 1.9, (140, 560)),
        (_names("cn", 14, 16), 64, 192, 0, None, ("compute",), ("icelake", "avx512", "ib"), 2.1, (150, 610)),
        (_names("bm", 1, 2), 64, 2048, 0, None, ("bigmem",), ("zen3", "ib"), 6.4, (260, 780)),
        (_names("gn", 1, 4), 64, 512, 4, A100, ("gpu",), ("zen3", "a100", "ib"), 9.8, (420, 2300)),
        (_names("gv", 1, 1), 40, 384, 2, V100, ("gpu-old",), ("skylake", "v100"), 3.1, (260, 1100)),
    ]
    troubles = {
        "cn14": ("drained: memory error in DIMM B2",),
        "cn15": ("drained: node health check failed",),
        "gn04": ("down: no answer since 2026-06-14 22:51",),
    }
    nodes = []
    for names, cpu, memory, devices, model, partitions, features, price, (idle, full) in kinds:
        for name in names:
            labels = {f"partition.slurm/{p}": "true" for p in partitions}
            labels |= {f"feature.slurm/{f}": "true" for f in features}
            nodes.append(
                Node(
                    node_id=name,
                    capacity=amounts(cpu, memory, **{GPU: float(devices)}),
                    allocatable=amounts(cpu, memory - 8, **{GPU: float(devices)}),
                    labels=labels,
                    is_ready=name != "gn04",
                    is_cordoned=name in ("cn14", "cn15"),
                    conditions=troubles.get(name, ()),
                    accelerator_model=model,
                    used={},
                    price_per_hour=price,
                    idle_power=float(idle),
                    full_power=float(full),
                    maintenance=(RESERVATION,) if name in ("cn11", "cn12", "cn13", "cn16") else (),
                )
            )
    return nodes


def _tasks(job: Job) -> list[Task]:
    cpu, memory, devices = job.size
    requests = amounts(cpu, memory, **{GPU: devices})
    needs: Term = (has(f"partition.slurm/{job.partition}"), *(has(f"feature.slurm/{f}") for f in job.features))
    began = TAKEN_AT - timedelta(hours=job.at)
    is_waiting = bool(job.reason)
    count = len(job.nodes)
    return [
        Task(
            task_id=job.job_id if count == 1 else f"{job.job_id}.n{k}",
            workload_id=_workload_id(job),
            state="pending" if is_waiting else "running",
            node_id=None if is_waiting else node,
            kind="job",
            requests=requests,
            limits=requests,
            used={} if is_waiting else {"cpu": round(cpu * job.busy, 2)},
            priority=job.priority,
            labels={
                "name": job.name,
                "user": job.user,
                "account": job.account,
                "partition": job.partition,
            },
            node_affinity=(needs,),
            accelerator_models=(job.model,) if job.model else (),
            created_at=began if is_waiting else began - timedelta(hours=2.5),
            started_at=None if is_waiting else began,
            ends_at=None if is_waiting else began + timedelta(hours=job.limit),
            time_limit=job.limit * 3600,
            dependencies=job.after,
            gang=job.job_id if count > 1 else None,
            pending_reason=job.reason,
        )
        for k, node in enumerate(job.nodes)
    ]


def _workload_id(job: Job) -> str | None:
    array, _, index = job.job_id.partition("_")
    if index:
        return f"{job.user}/Array/{array}"
    return f"{job.user}/Job/{job.job_id}" if len(job.nodes) > 1 else None


def _workloads() -> tuple[Workload, ...]:
    counts: dict[str, int] = {}
    for job in JOBS:
        name = _workload_id(job)
        if name is not None:
            counts[name] = counts.get(name, 0) + len(job.nodes)
    return tuple(Workload(workload_id=w, kind=w.split("/")[1], replicas=n) for w, n in counts.items())


def _with_use(node: Node, tasks: tuple[Task, ...]) -> Node:
    if not node.is_ready:
        return node
    cpu = sum(t.used["cpu"] for t in tasks if t.node_id == node.node_id and t.state == "running")
    return node.model_copy(update={"used": {"cpu": round(cpu + 0.3, 2)}})
