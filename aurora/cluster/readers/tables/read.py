"""Reads a system from two tables, nodes and tasks, whatever their columns are called."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from aurora.cluster.readers.notes import Notes
from aurora.cluster.readers.tables import cells
from aurora.cluster.readers.tables.fields import NODES, TASKS, UNITS
from aurora.cluster.readers.tables.guess import TableGuess, guess_tables, rows_of
from aurora.cluster.resources import CPU, GPU, MEMORY, STORAGE
from aurora.cluster.snapshot import Node, Snapshot, Source, Task, Toleration, Workload
from aurora.errors import DataError
from aurora.time_zones import time_zone as zone_named
from aurora.validation import explain_validation

T = TypeVar("T")

MAX_ROWS = 200_000
"""Most rows of a table."""
STATES = {
    "running": ("running", "run", "r", "active", "started", "bound", "up"),
    "pending": ("pending", "pd", "waiting", "queued", "queue", "new", "unscheduled", "hold", "held"),
    "finished": ("finished", "completed", "succeeded", "done", "cd", "complete", "success"),
    "failed": ("failed", "error", "evicted", "killed", "cancelled", "canceled", "timeout", "f", "ca"),
}
"""States, and words for them."""

_PARSERS: dict[str, Callable[[str], Any]] = {
    "text": str.strip,
    "list": cells.several,
    "labels": cells.labels,
    "taints": cells.taints,
    "flag": cells.flag,
}


def read_tables(
    nodes: Path | str,
    tasks: Path | str | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    taken_at: datetime | None = None,
    time_zone: str = "UTC",
) -> Snapshot:
    """Read a system from a table of nodes and a table of tasks.

    Args:
        nodes: CSV file with a row for each node.
        tasks: CSV file with a row for each task; None: none are known.
        mapping: Heading to the name of a field, which goes before the guess of `guess_tables`.
        taken_at: When the tables were made; None: when the newest was written.
        time_zone: IANA name of the time zone of times that name none.

    Raises:
        InputError: A name in `mapping` is no heading or no field, or the time zone is not known.
        FileError: A file can't be read.
        DataError: A cell is not what it should be (with file, line and column), or an id occurs twice.
    """
    paths = [Path(p) for p in (nodes, tasks) if p is not None]
    guesses = guess_tables(paths[0], paths[1] if len(paths) > 1 else None, mapping=mapping)
    notes, zone = Notes(), zone_named(time_zone, "time_zone")
    for guess in guesses:
        _note_columns(guess, notes)
    machines: dict[str, Node] = {}
    for where, row in _rows(guesses[0], zone, notes):
        node = _made(where, lambda: _node(row))  # noqa: B023  # called at once
        if node.node_id in machines:
            raise DataError(f"{where}, column {_heading(guesses[0], 'node_id')!r}: node {node.node_id!r} occurs twice")
        if not node.allocatable.get(CPU):
            notes.assumed(
                "no-cores", "nodes without a number of cores can take no task that asks for some", node.node_id
            )
        machines[node.node_id] = node
    if not machines:
        raise DataError(f"{paths[0]} has a header and no rows; give a row for each node")
    work: dict[str, Task] = {}
    for where, row in _rows(guesses[1], zone, notes) if len(guesses) > 1 else ():
        _check_node(row, machines, f"{where}, column {_heading(guesses[1], 'node_id')!r}")
        task = _made(where, lambda: _task(row, where))  # noqa: B023  # called at once
        if task.task_id in work:
            raise DataError(f"{where}, column {_heading(guesses[1], 'task_id')!r}: task {task.task_id!r} occurs twice")
        work[task.task_id] = task
    time = taken_at or max(datetime.fromtimestamp(p.stat().st_mtime, UTC) for p in paths)
    if taken_at is None:
        notes.assumed("time-of-file", "tables do not say when they were made; the time of the newest file is taken")
    return Snapshot(
        snapshot_id=paths[0].stem,
        system="csv",
        taken_at=time,
        sources=tuple(
            Source(source_id=f"S{k + 1}", kind="csv", origin=str(p), read_at=time, facts=("tasks" if k else "nodes",))
            for k, p in enumerate(paths)
        ),
        nodes=tuple(machines.values()),
        tasks=tuple(work.values()),
        workloads=_workloads(work.values()),
        notes=notes.taken(),
    )


def template() -> tuple[str, str]:
    """Return the tables of nodes and tasks with all columns and three example rows each."""
    texts = []
    for fields in (NODES, TASKS):
        lines = [",".join(f.name for f in fields)]
        lines += [",".join(f.example[k] for f in fields) for k in range(3)]
        texts.append("\n".join(lines) + "\n")
    return texts[0], texts[1]


def _note_columns(guess: TableGuess, notes: Notes) -> None:
    for column in guess.columns:
        if not column.field:
            notes.not_represented("column", f"columns of {guess.path} that are no field are left out", column.heading)
        elif column.why == "size":
            unit = column.shown_unit.partition(" (")[0]
            notes.assumed(
                "unit",
                f"column {column.heading!r} of {guess.path} has no unit; its numbers look like {unit}",
                column.heading,
            )


def _heading(guess: TableGuess, field: str) -> str:
    return next((c.heading for c in guess.columns if c.field == field), field)


def _rows(guess: TableGuess, zone: tzinfo, notes: Notes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the parsed fields of each row, without empty cells."""
    columns = [c for c in guess.columns if c.field]
    for count, (line, row) in enumerate(rows_of(guess.path), 1):
        if count > MAX_ROWS:
            raise DataError(f"{guess.path} has more than {MAX_ROWS:,} rows; give a part of them")
        parsed: dict[str, Any] = {}
        for column in columns:
            cell = row.get(column.heading, "").strip()
            if not cell or cell.lower() in ("-", "n/a", "none", "null", "<none>", "nan"):
                continue
            try:
                if column.kind in UNITS:
                    parsed[column.field] = cells.amount(cell, column.kind, column.unit)
                elif column.kind == "time":
                    parsed[column.field] = _in_zone(cells.time(cell), zone, notes)
                else:
                    parsed[column.field] = _PARSERS[column.kind](cell)
            except ValueError as fault:
                raise DataError(f"{guess.path}, line {line}, column {column.heading!r}: {fault}") from None
        yield f"{guess.path}, line {line}", parsed


def _in_zone(time: datetime, zone: tzinfo, notes: Notes) -> datetime:
    """Return a time in UTC; of an hour that occurs twice in the zone, the first is taken."""
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    notes.assumed("time-zone", f"times without a zone are taken as {zone}")
    return time.replace(tzinfo=zone).astimezone(UTC)


def _made(where: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except ValidationError as error:
        raise DataError(f"{where}: {explain_validation(error)}") from None


def _node(row: Mapping[str, Any]) -> Node:
    amounts = _amounts(row, {CPU: "cpu", MEMORY: "memory", GPU: "gpu", STORAGE: "disk"})
    start, end = row.get("maintenance_start"), row.get("maintenance_end")
    return Node(
        node_id=row.get("node_id", ""),
        capacity=amounts,
        allocatable=amounts,
        labels=row.get("labels", {}),
        taints=row.get("taints", ()),
        is_ready=row.get("ready", True),
        is_cordoned=row.get("cordoned", False),
        accelerator_model=row.get("accelerator_model"),
        instance_type=row.get("instance_type"),
        zone=row.get("zone"),
        price_per_hour=row.get("price_per_hour"),
        idle_power=row.get("idle_power"),
        full_power=row.get("full_power"),
        maintenance=((start, end, "maintenance"),) if start and end else (),
        used=_amounts(row, {CPU: "used_cpu", MEMORY: "used_memory"}),
    )


def _task(row: Mapping[str, Any], where: str) -> Task:
    node = row.get("node_id")
    return Task(
        task_id=row.get("task_id", ""),
        workload_id=_workload_id(row),
        state=_state(row, where),
        node_id=node,
        requests=_amounts(row, {CPU: "cpu", MEMORY: "memory", GPU: "gpu"}),
        limits=_amounts(row, {CPU: "cpu_limit", MEMORY: "memory_limit"}),
        used=_amounts(row, {CPU: "used_cpu", MEMORY: "used_memory"}),
        priority=round(row.get("priority", 0)),
        node_selector=row.get("node_selector", {}),
        tolerations=tuple(Toleration(key=k, operator="Exists") for k in row.get("tolerations", ())),
        accelerator_models=row.get("accelerator_models", ()),
        created_at=row.get("created_at"),
        started_at=row.get("started_at"),
        ends_at=row.get("ends_at"),
        time_limit=row.get("time_limit"),
        dependencies=row.get("dependencies", ()),
        gang=row.get("gang"),
        data_zone=row.get("data_zone"),
        pending_reason=row.get("pending_reason", ""),
    )


def _amounts(row: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, float]:
    return {resource: row[name] for resource, name in fields.items() if name in row}


def _state(row: Mapping[str, Any], where: str) -> Any:
    word = str(row.get("state", "")).lower()
    if not word:
        return "running" if row.get("node_id") else "pending"
    state = next((s for s, words in STATES.items() if word in words), None)
    if state is None:
        raise DataError(f"{where}: {word[:40]!r} is no state; there are {', '.join(STATES)}")
    if state == "running" and not row.get("node_id"):
        raise DataError(f"{where}: the task runs, but on no node; name it, or call the task pending")
    return state


def _check_node(row: Mapping[str, Any], machines: Mapping[str, Node], where: str) -> None:
    node = row.get("node_id")
    if node is not None and node not in machines:
        near = difflib.get_close_matches(node, machines, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DataError(f"{where}: the table of nodes has no node {node[:60]!r}{hint}")


def _workload_id(row: Mapping[str, Any]) -> str | None:
    name = row.get("workload")
    if not name or name.count("/") == 2:  # noqa: PLR2004  # NAMESPACE/KIND/NAME
        return name
    namespace = str(row.get("task_id", "")).rpartition("/")[0]
    return f"{namespace or 'default'}/Workload/{name}"


def _workloads(tasks: Any) -> tuple[Workload, ...]:
    counts: dict[str, int] = {}
    for task in tasks:
        if task.workload_id is not None and task.state in ("running", "pending"):
            counts[task.workload_id] = counts.get(task.workload_id, 0) + 1
    return tuple(Workload(workload_id=w, kind=w.split("/")[1], replicas=n) for w, n in counts.items())
