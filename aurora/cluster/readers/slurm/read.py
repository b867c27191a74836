"""Reads a Slurm cluster from what its commands print."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aurora.cluster.readers.notes import Notes
from aurora.cluster.readers.slurm import tasks as tasks_module
from aurora.cluster.readers.slurm import text as text_module
from aurora.cluster.readers.slurm.json_accounts import is_account, job_of_account
from aurora.cluster.readers.slurm.json_entries import job_of_json, number
from aurora.cluster.readers.slurm.json_nodes import node_of_json, nodes_of_groups, reservation_of_json
from aurora.cluster.readers.slurm.nodes import Reservation, SlurmNode, node_of, reservation_of, with_reservations
from aurora.cluster.readers.slurm.records import STATES, Job, field_of, job_of, most_memory
from aurora.cluster.snapshot import Snapshot, Source, Task
from aurora.errors import DataError, InputError
from aurora.reading import TABLE_BYTES, parse_json, read_text
from aurora.time_zones import time_zone as zone_named
from aurora.validation import explain_validation

COMMANDS = "scontrol show node -o > nodes.txt; squeue --json > jobs.json; scontrol show reservation -o > res.txt"
"""What to run to have everything that is read."""
_JSON_KEYS = ("nodes", "jobs", "sinfo", "reservations")
"""Lists of Slurm's JSON that are read."""
_META = r"\"meta\"\s*:\s*\{[^{}]*(\{[^{}]*\}[^{}]*)*\"[Ss]lurm\"\s*:\s*\{"
"""The head of all JSON that Slurm's commands write."""


class _Found:
    """What the files hold, so far."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self.notes = Notes()
        self.nodes: list[SlurmNode] = []
        self.jobs: list[Job] = []
        self.reservations: list[Reservation] = []
        self.sources: list[Source] = []
        self.times: list[datetime] = []
        self.clusters: dict[str, None] = {}


def read_slurm(paths: Sequence[Path], *, taken_at: datetime | None = None, time_zone: str = "UTC") -> Snapshot:
    """Read a Slurm cluster from files.

    Args:
        paths: Output of `scontrol show node -o` (or without `-o`, or with `--json`) or of `sinfo --json`; and of any
            of `squeue --json`, `squeue` with any columns, `scontrol show job`, `sacct -P`, `sacct --json`,
            `scontrol show reservation`.
        taken_at: When it was printed; None: as the JSON says, else when the newest file was written.
        time_zone: IANA name of the time zone of text, whose times name none; times of JSON need none.

    Raises:
        InputError: No file is given, or the time zone is not known.
        FileError: A file can't be read.
        DataError: A file is of no known kind, no file has nodes, or a field is not what it should be.
    """
    if not paths:
        raise InputError(f"give files; they are made by {COMMANDS}", parameter="paths")
    found = _Found(zone_named(time_zone, "time_zone"))
    for path in paths:
        _read_file(path, found)
    if not found.nodes:
        raise DataError(f"{paths[0]}: no file has nodes; add the output of scontrol show node -o")
    if len(found.clusters) > 1:
        raise DataError(f"the files are of {len(found.clusters)} clusters ({', '.join(found.clusters)}); give one's")
    time = taken_at or max(found.times, default=None)
    if time is None:
        time = max(datetime.fromtimestamp(Path(p).stat().st_mtime, UTC) for p in paths)
        found.notes.assumed("time-of-file", "the files do not say when they were made; the time of the newest is taken")
    return _snapshot(found, time, paths)


def is_slurm(text: str) -> bool:
    """Return whether a text looks like the output of a command of Slurm."""
    return _kind(text) is not None


def _kind(text: str) -> str | None:
    head = text.lstrip()[:20_000]
    if head.startswith("{"):
        is_list_of = rf"\"({'|'.join(_JSON_KEYS)})\"\s*:\s*\["
        is_json = re.match(r"\{\s*\"\w+\"", head) and '"apiVersion"' not in head
        return "json" if is_json and (re.search(is_list_of, text) or re.search(_META, text)) else None
    for kind, first in (("node", "NodeName="), ("reservation", "ReservationName="), ("job", "JobId=")):
        if re.search(rf"^\s*{first}", head, re.MULTILINE):
            return kind
    for line in head.splitlines()[:3]:
        fields = {field_of(h) for h in re.split(r"[|\t;,]|\s+", line.strip())}
        if fields & {"job_id", "array_job_id"} and fields & {"state"}:
            return "table"
    return None


def _read_file(path: Path, found: _Found) -> None:
    text = read_text(path, limit=TABLE_BYTES, undecodable="replace")
    name = str(path)
    kind = _kind(text)
    before = len(found.nodes), len(found.jobs), len(found.reservations)
    if kind not in (None, "json") and not text.endswith("\n"):
        found.notes.assumed("no-line-end", "a file ends within a line: its end may be missing; write it again", name)
    if kind == "json":
        _read_json(parse_json(text, name), name, found)
    elif kind == "node":
        found.nodes += [
            node_of(given, where, found.notes)
            for where, given in text_module.entries(text, "NodeName", text_module.NODE_KEYS, name)
        ]
    elif kind == "reservation":
        found.reservations += [
            reservation_of(given, where, found.zone)
            for where, given in text_module.entries(text, "ReservationName", text_module.RESERVATION_KEYS, name)
        ]
        _assume_zone(found)
    elif kind == "job":
        found.jobs += [
            _job_of_scontrol(given, where, found.zone)
            for where, given in text_module.entries(text, "JobId", text_module.JOB_KEYS, name)
        ]
        _assume_zone(found)
    elif kind == "table":
        _read_table(text, name, found)
    else:
        empty = "is empty" if not text.strip() else "is no output of Slurm that is read"
        raise DataError(f"{name} {empty}; make files by {COMMANDS}")
    counts = (len(found.nodes) - before[0], len(found.jobs) - before[1], len(found.reservations) - before[2])
    facts = tuple(fact for fact, count in zip(("nodes", "tasks", "reservations"), counts, strict=True) if count)
    read_at = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else datetime.now(UTC)
    found.sources.append(
        Source(source_id=f"S{len(found.sources) + 1}", kind="slurm", origin=name, read_at=read_at, facts=facts)
    )


def _assume_zone(found: _Found) -> None:
    hint = " (set TZ=UTC for Slurm's commands, or name the time zone)" if str(found.zone) == "UTC" else ""
    found.notes.assumed("time-zone", f"times have no zone; they are taken as {found.zone}{hint}")


def _read_json(data: Any, name: str, found: _Found) -> None:
    if not isinstance(data, dict):
        raise DataError(f"{name} is no output of Slurm: an object is expected")
    meta = data.get("meta")
    for level in (meta, meta.get("slurm") if isinstance(meta, dict) else None):
        if isinstance(level, dict) and isinstance(level.get("cluster"), str) and level["cluster"]:
            found.clusters[level["cluster"]] = None
    for where, entry in _entries(data, "nodes", name):
        found.nodes.append(node_of_json(entry, where, found.notes))
    for where, entry in _entries(data, "jobs", name):
        found.jobs.append(job_of_account(entry, where) if is_account(entry) else job_of_json(entry, where))
        cluster = entry.get("cluster")
        if isinstance(cluster, str) and cluster:
            found.clusters[cluster] = None
    found.nodes += nodes_of_groups(_entries(data, "sinfo", name), found.notes)
    found.reservations += [reservation_of_json(e, where) for where, e in _entries(data, "reservations", name)]
    if not any(key in data for key in _JSON_KEYS):
        raise DataError(f"{name} is Slurm's JSON without {', '.join(_JSON_KEYS)}; make files by {COMMANDS}")
    seconds = number(data.get("last_update"))
    if seconds and 0 < seconds < 2**40:
        found.times.append(datetime.fromtimestamp(seconds, UTC))


def _entries(data: Mapping[str, Any], key: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = data.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise DataError(f"{name}: {key} is no list of objects; is this squeue --json?")
    return ((f"{name}, {key}[{k}]", entry) for k, entry in enumerate(entries))


def _job_of_scontrol(given: Mapping[str, str], where: str, zone: tzinfo) -> Job:
    fields: dict[str, str] = {}
    for key, value in given.items():
        name = field_of(key)
        if name is not None and key not in ("NodeListIndices",):
            fields[name] = value
    array, task = given.get("ArrayJobId"), given.get("ArrayTaskId")
    if array and task:
        fields |= {"job_id": "", "array_job_id": array, "array_task_id": task}
    if given.get("HetJobId") and given.get("HetJobOffset"):
        fields["job_id"] = f"{given['HetJobId']}+{given['HetJobOffset']}"
    fields["gres"] = given.get("TresPerNode", fields.get("gres", ""))
    return job_of(fields, where, zone)


def _read_table(text: str, name: str, found: _Found) -> None:
    lines = []
    for number_, line in enumerate(text.splitlines(), 1):
        cluster = re.fullmatch(r"CLUSTER:\s*(\S+)\s*", line)
        if cluster:
            found.clusters[cluster[1]] = None
        elif line.strip():
            lines.append((number_, line))
    for _, line in lines[:2]:
        if re.fullmatch(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\s*", line):  # the first line of squeue -l
            with contextlib.suppress(ValueError):  # in another language
                made_at = datetime.strptime(line.strip(), "%a %b %d %H:%M:%S %Y")
                found.times.append(made_at.replace(tzinfo=found.zone).astimezone(UTC))
    start = next(k for k, (_, line) in enumerate(lines) if _kind(line) == "table")
    if len(lines) > start + 1 and re.fullmatch(r"[\s-]+", lines[start + 1][1]):
        del lines[start + 1]  # sacct's rule below the headings
    steps: dict[str, float] = {}
    jobs: list[Job] = []
    for where, given in text_module.table(lines[start:], name):
        base, dot, _ = given.get("job_id", "").partition(".")
        if dot:  # a step of sacct
            steps[base] = max(steps.get(base, 0.0), most_memory(given, where))
            continue
        jobs.append(job_of(given, where, found.zone))
    found.jobs += [replace(j, used_memory=steps[j.job_id]) if steps.get(j.job_id) else j for j in jobs]
    _assume_zone(found)


def _snapshot(found: _Found, taken_at: datetime, paths: Sequence[Path]) -> Snapshot:
    notes = found.notes
    nodes = [n.node for n in found.nodes]
    known = {n.node_id for n in nodes}
    if not found.jobs:
        notes.assumed(
            "no-jobs", "no file has a job, so the nodes are shown as if nothing ran; was squeue --json given?"
        )
    jobs = _known_jobs(_once(tasks_module.single_jobs(found.jobs, notes)), known, notes, str(paths[0]))
    memory = {n.node_id: n.allocatable.get("memory", 0.0) for n in nodes}
    tasks: list[Task] = []
    for job in jobs:
        tasks += tasks_module.tasks_of(job, taken_at, memory, notes)
        if len(tasks) > tasks_module.MAX_TASKS:
            raise DataError(f"{job.where}: more than {tasks_module.MAX_TASKS:,} tasks; give a part of the queue")
    tasks = tasks_module.with_dependencies(_sized(tasks, found.nodes, notes), jobs, notes)
    try:
        return Snapshot(
            snapshot_id=next(iter(found.clusters), "slurm"),
            system="slurm",
            taken_at=taken_at,
            sources=tuple(found.sources),
            nodes=tuple(with_reservations(nodes, found.reservations, notes)),
            tasks=tuple(tasks),
            workloads=tasks_module.workloads_of(tasks),
            notes=notes.taken(),
        )
    except ValidationError as error:
        raise DataError(f"{paths[0]}: {explain_validation(error)}") from None


def _once(jobs: Iterator[Job]) -> list[Job]:
    """Return each job once; where squeue and sacct have it, the one that runs or waits."""
    kept: dict[str, Job] = {}
    for job in jobs:
        before = kept.get(job.job_id)
        if before is None or STATES[before.state] not in ("pending", "running"):
            kept[job.job_id] = job
        if len(kept) > tasks_module.MAX_TASKS:
            raise DataError(f"{job.where}: more than {tasks_module.MAX_TASKS:,} jobs; give a part of the queue")
    return list(kept.values())


def _known_jobs(jobs: list[Job], known: set[str], notes: Notes, name: str) -> list[Job]:
    """Return the jobs whose nodes are listed; jobs of other nodes are noted, or refused where no job fits."""
    running = [j for j in jobs if STATES[j.state] == "running" and j.node_list]
    strange = {j.job_id for j in running if not known.issuperset(j.node_list)}
    if running and len(strange) == len(running) and not any(known & set(j.node_list) for j in running):
        raise DataError(
            f"{name}: no running job is on a node of the list (job {running[0].job_id} is on "
            f"{running[0].node_list[0]}); are the files of two clusters?"
        )
    for job in running:
        if job.job_id in strange:
            notes.not_represented(
                "unknown-nodes", "a job that runs on nodes which no file lists is left out", job.job_id
            )
    return [j for j in jobs if j.job_id not in strange]


def _sized(tasks: list[Task], nodes: Sequence[SlurmNode], notes: Notes) -> list[Task]:
    """Return tasks of which those without a size have their share of what Slurm says is allocated on their node."""
    allocated = {n.node.node_id: n.allocated for n in nodes if n.allocated is not None}
    rest = {node: dict(amounts) for node, amounts in allocated.items()}
    without: dict[str, list[str]] = {}
    for task in tasks:
        if task.state == "running" and task.node_id in rest:
            for resource, amount in task.requests.items():
                rest[task.node_id][resource] = rest[task.node_id].get(resource, 0.0) - amount
            if "cpu" not in task.requests:
                without.setdefault(task.node_id, []).append(task.task_id)
    shares: dict[str, dict[str, float]] = {}
    for node, left in rest.items():
        names = without.get(node, [])
        for name in names:
            shares[name] = {r: max(0.0, a) / len(names) for r, a in left.items() if r != "node" and a > 0}
        if tasks and not names and abs(left.get("cpu", 0.0)) >= 1:
            notes.assumed("allocation-differs", "the jobs on a node ask for other cores than it has allocated", node)
    return [
        t.model_copy(update={"requests": shares[t.task_id] | t.requests}) if t.task_id in shares else t for t in tasks
    ]
