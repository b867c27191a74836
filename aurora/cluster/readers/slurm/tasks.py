"""Makes tasks of jobs: one for each node of a job, one job for each task of an array."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from aurora.cluster.feasibility import NODE_NAME
from aurora.cluster.readers.notes import Notes
from aurora.cluster.readers.slurm import values
from aurora.cluster.readers.slurm.records import STATES, Job
from aurora.cluster.snapshot import Requirement, Task, Term, Workload
from aurora.errors import DataError
from aurora.validation import explain_validation

MAX_TASKS = 200_000
"""Most tasks of one snapshot."""
_ARRAY = re.compile(r"(\d+)_\[(.*)\](%\d+)?")
_LIMIT = re.compile(r"%\d+$")
_ORDERED = ("afterany", "afterok")


def single_jobs(jobs: Iterable[Job], notes: Notes) -> Iterator[Job]:
    """Yield jobs, the waiting rest of an array as its single tasks.

    Raises:
        DataError: The list of an array is not readable.
    """
    for job in jobs:
        match = _ARRAY.fullmatch(job.job_id)
        if match is None:
            yield job
            continue
        array, listed = match[1], match[2] + (match[3] or "")
        if _LIMIT.search(listed):
            notes.not_represented(
                "array-limit", "the number of an array's tasks that may run at a time is not represented", array
            )
        try:
            for index in values.numbers(_LIMIT.sub("", listed).removesuffix(",...")):
                yield replace(job, job_id=f"{array}_{index}")
        except ValueError as fault:
            raise DataError(f"{job.where}, array: {fault}; give squeue -r, which lists every task") from None
        if listed.endswith("..."):
            notes.not_represented("array-shortened", "squeue shortened the list of an array; give squeue -r", array)


def tasks_of(job: Job, taken_at: datetime, whole_memory: Mapping[str, float], notes: Notes) -> list[Task]:
    """Return the tasks of a job, one for each node.

    Args:
        job: A job that is no array.
        taken_at: Time of the snapshot.
        whole_memory: GiB of each node, for jobs that ask for all of it.
        notes: Takes what is assumed or left out.

    Raises:
        DataError: A constraint or a list of nodes is not readable, or a running job has no nodes.
    """
    state = STATES[job.state]
    if state == "running" and not job.node_list:
        raise DataError(f"{job.where}: job {job.job_id} runs, but no column says where; add %R or NODELIST")
    if job.state in ("S", "SUSPENDED"):
        notes.assumed("suspended", "a suspended job is taken for one that runs and holds its cores", job.job_id)
    if job.cpus is None and state in ("pending", "running"):
        notes.assumed(
            "size-not-given",
            "the cores of a job are not given: a running one is taken to have its share of what its node has "
            "allocated, a waiting one to ask for nothing; add %C, %m and %b, or give squeue --json",
            job.job_id,
        )
    if job.is_exclusive and state == "pending":
        notes.not_represented("exclusive", "that a waiting job wants whole nodes is not represented", job.job_id)
    places: Sequence[str | None] = job.node_list or (None,) * job.nodes
    count = len(places) if state in ("pending", "running") else 1
    shared = _shared(job, taken_at, count, state)
    try:
        affinity = _affinity(job, notes)
        return _made(job, places, affinity, shared, whole_memory, notes)
    except ValidationError as fault:
        raise DataError(f"{job.where}, job {job.job_id}: {explain_validation(fault)}") from None


def _made(
    job: Job,
    places: Sequence[str | None],
    affinity: tuple[Term, ...],
    shared: Mapping[str, Any],
    whole_memory: Mapping[str, float],
    notes: Notes,
) -> list[Task]:
    """Return the tasks of a job on its places; of an ended one only the first."""
    state = STATES[job.state]
    count = len(places) if state in ("pending", "running") else 1
    return [
        Task(
            task_id=job.job_id if count == 1 else f"{job.job_id}.n{k}",
            state=state,
            node_id=places[k] if state != "pending" else None,
            requests=(amounts := _requests(job, k, len(places), places[k], whole_memory, notes)),
            limits=amounts,
            used=_used(job, len(places)),
            node_affinity=_on_node(affinity, job.required[k] if k < len(job.required) else None),
            **shared,
        )
        for k in range(count)
    ]


def _shared(job: Job, taken_at: datetime, count: int, state: str) -> dict[str, Any]:
    """Return the fields that all tasks of a job have alike."""
    started = job.started
    if started is None and job.elapsed is not None and state == "running":
        started = taken_at - timedelta(seconds=job.elapsed)
    ends = job.ended
    if ends is None and state == "running":
        if started is not None and job.time_limit is not None:
            ends = started + timedelta(seconds=job.time_limit)
        elif job.time_left is not None:
            ends = taken_at + timedelta(seconds=job.time_left)
    of_heterogeneous = job.job_id.partition("+")[0] if "+" in job.job_id else None
    named = {"name": job.name, "user": job.user, "account": job.account, "qos": job.qos}
    named["partition"] = ",".join(job.partitions)
    return {
        "workload_id": workload_id(job, count),
        "kind": "job",
        "priority": job.priority,
        "labels": {k: v for k, v in named.items() if v},
        "accelerator_models": (job.model,) if job.model else (),
        "created_at": job.submitted,
        "started_at": started,
        "ends_at": ends,
        "time_limit": job.time_limit,
        "gang": of_heterogeneous or (job.job_id if count > 1 else None),
        "pending_reason": job.reason if state == "pending" and job.reason != "None" else "",
        "restarts": job.restarts,
    }


def workload_id(job: Job, count: int) -> str | None:
    """Return the workload of a job's tasks: its array, itself where it has several nodes, else none."""
    array, _, index = job.job_id.partition("_")
    owner = job.user or "unknown"
    if index:
        return f"{owner}/Array/{array}"
    return f"{owner}/Job/{job.job_id}" if count > 1 else None


def workloads_of(tasks: Iterable[Task]) -> tuple[Workload, ...]:
    """Return the workloads of tasks that run or wait, with their numbers."""
    counts: dict[str, int] = {}
    for task in tasks:
        if task.workload_id is not None and task.state in ("pending", "running"):
            counts[task.workload_id] = counts.get(task.workload_id, 0) + 1
    return tuple(Workload(workload_id=w, kind=w.split("/")[-2], replicas=n) for w, n in counts.items())


def _requests(
    job: Job, k: int, count: int, node: str | None, whole_memory: Mapping[str, float], notes: Notes
) -> dict[str, float]:
    """Return what the k-th of a job's tasks asks for."""
    requests: dict[str, float] = {}
    if job.cpus is not None:
        whole, rest = divmod(round(job.cpus), count)
        requests["cpu"] = float(whole + (k < rest))
        if rest:
            notes.assumed("uneven-cores", "cores that do not divide evenly are spread over the first nodes", job.job_id)
    if job.memory is not None:
        amount, of = job.memory
        if amount == 0 and of != "t":
            amount, of = whole_memory.get(node or "", 0.0), "n"
            notes.assumed("all-memory", "a job with memory 0 has all the memory of its nodes", job.job_id)
        each = {"n": amount, "t": amount / count, "c": amount * requests.get("cpu", 1.0)}[of]
        requests["memory"] = each
    return requests | {r: a for r, a in job.devices.items() if a}


def _used(job: Job, count: int) -> dict[str, float]:
    used = {}
    if job.used_cpu is not None:
        used["cpu"] = job.used_cpu / count
    if job.used_memory is not None:
        used["memory"] = job.used_memory
    return used


def _affinity(job: Job, notes: Notes) -> tuple[Term, ...]:
    """Return the alternatives of partitions, features and excluded nodes."""
    asked: tuple[Term, ...] = ((),)
    if job.features:
        try:
            found = values.constraint(job.features)
        except ValidationError as fault:
            raise DataError(f"{job.where}, features: {explain_validation(fault)}") from None
        except ValueError as fault:
            raise DataError(f"{job.where}, features: {fault}") from None
        asked = found.terms
        if found.counts:
            notes.not_represented(
                "counted-features", "that only some nodes of a job need a feature is not represented", job.job_id
            )
        if found.matching:
            notes.not_represented(
                "same-feature", "that all nodes of a job must have the same of some features", job.job_id
            )
    partitions: tuple[Term, ...] = tuple(
        (Requirement(key=values.PARTITION + p, operator="Exists"),) for p in job.partitions
    ) or ((),)
    out: Term = (Requirement(key=NODE_NAME, operator="NotIn", values=job.excluded),) if job.excluded else ()
    terms = tuple(p + a + out for p in partitions for a in asked)
    return tuple(t for t in terms if t)


def _on_node(terms: tuple[Term, ...], node: str | None) -> tuple[Term, ...]:
    if node is None:
        return terms
    bound = Requirement(key=NODE_NAME, operator="In", values=(node,))
    return tuple((*t, bound) for t in terms or ((),))


def with_dependencies(tasks: list[Task], jobs: Iterable[Job], notes: Notes) -> list[Task]:
    """Return tasks with the tasks that must finish before them; jobs that are gone have finished.

    Raises:
        DataError: A job depends on more than `MAX_TASKS` tasks.
    """
    by_job: dict[str, list[str]] = {}
    for task in tasks:
        base = task.task_id.partition(".n")[0]
        for name in dict.fromkeys((base, base.partition("_")[0], base.partition("+")[0])):
            by_job.setdefault(name, []).append(task.task_id)
    wanted = {job.job_id: _dependencies(job, by_job, notes) for job in jobs if job.dependency}
    if not any(wanted.values()):
        return tasks
    return [
        t.model_copy(update={"dependencies": found}) if (found := wanted.get(t.task_id.partition(".n")[0], ())) else t
        for t in tasks
    ]


def _dependencies(job: Job, by_job: Mapping[str, Sequence[str]], notes: Notes) -> tuple[str, ...]:
    text = re.sub(r"\([^)]*\)", "", job.dependency)
    if "?" in text:
        notes.not_represented("either-dependency", "that one of several dependencies is enough", job.job_id)
        return ()
    found: list[str] = []
    for part in text.split(","):
        kind, _, listed = part.strip().partition(":")
        if kind.lower() not in _ORDERED:
            if kind:
                notes.not_represented(
                    "dependency-kind", "dependencies other than afterok and afterany, such as singleton", job.job_id
                )
            continue
        for name in listed.split(":"):
            found += by_job.get(name.partition("+")[0].removesuffix("_*"), ())
    if len(found) > MAX_TASKS:
        raise DataError(f"{job.where}: job {job.job_id} depends on more than {MAX_TASKS:,} tasks")
    return tuple(dict.fromkeys(f for f in found if f.partition(".n")[0] != job.job_id))
