"""Shadow mode: a policy decides nothing, and what it would have done is written down beside what the cluster did.

The log has a line for each event and only grows. A line is handed to the system before the next event is taken in, so a
killed process loses none; a torn last line is cut off when the log is opened again. `aurora schedule report` reads it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aurora.cluster.feasibility import Room
from aurora.cluster.resources import CPU, GPU, MEMORY
from aurora.cluster.scheduler.cluster import LiveCluster
from aurora.cluster.scheduler.scoring import SCORED
from aurora.cluster.snapshot import Snapshot, Task
from aurora.errors import FileError
from aurora.sim.policies.references import DeviceChoice
from aurora.sim.scenarios import scenario as sim

FORMAT = 1
"""Version of the log's format."""
SYNC_SECONDS = 1.0
"""Longest time until a line is on disk, for a power failure."""
WORK_FIELDS = (
    "cpu_required",
    "memory_required",
    "accelerators",
    "accelerator_share",
    "accelerator_models",
    "priority",
)
"""Fields of a scenario's task that a log keeps."""
_IN_STATE = (CPU, MEMORY, GPU)
"""Resources that the state keeps itself."""


class ShadowLog:
    """A log that is open for writing, by one process at a time.

    Args:
        path: The file; created if there is none.

    Raises:
        FileError: It can't be written, or another process writes to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise FileError(f"can't write {path}: {getattr(error, 'strerror', None) or error}") from None
        try:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise FileError(f"another process writes to {path}; wait for it") from None
            self._cut_torn_line()
        except (OSError, FileError) as error:
            os.close(self._handle)
            if isinstance(error, FileError):
                raise
            raise FileError(f"can't write {path}: {error.strerror}") from None
        self._synced = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def write(self, record: Mapping[str, Any]) -> None:
        """Append a record.

        Raises:
            FileError: It can't be written.
        """
        line = (json.dumps(record, allow_nan=False) + "\n").encode()
        try:
            while line:
                line = line[os.write(self._handle, line) :]
            if time.monotonic() - self._synced >= SYNC_SECONDS:
                os.fsync(self._handle)
                self._synced = time.monotonic()
        except OSError as error:
            raise FileError(f"can't write {self.path}: {error.strerror}; free some space") from None

    def close(self) -> None:
        """Write everything to disk and close the file."""
        os.fsync(self._handle)
        os.close(self._handle)

    def _cut_torn_line(self) -> None:
        end = size = os.fstat(self._handle).st_size
        while end > 0:
            start = max(0, end - 65536)
            place = os.pread(self._handle, end - start, start).rfind(b"\n")
            if place >= 0:
                end = start + place + 1
                break
            end = start
        if end < size:
            os.ftruncate(self._handle, end)


class Shadow:
    """Watches where a cluster places tasks, and writes down where a policy would have placed each at that moment.

    Args:
        cluster: The cluster; follows what really happens.
        log: Receives the records.
        source: Where the events come from.
        clock: Seconds on the clock of the records; None for seconds since the start.
        is_checked: Whether affinities, spreads, labels and taints are looked at; a trace has none.
        device_choice: Which device of a node the cluster gives to a task that shares one; None: not known.
    """

    def __init__(
        self,
        cluster: LiveCluster,
        log: ShadowLog,
        *,
        source: str,
        clock: Callable[[], float] | None = None,
        is_checked: bool = True,
        device_choice: DeviceChoice | None = None,
    ) -> None:
        self.cluster = cluster
        self._log = log
        self._source = source
        self._clock = clock or (lambda: cluster.now)
        self._is_checked = is_checked
        self._device_choice = device_choice
        self.decisions = self.same = 0
        self._begin()

    @property
    def snapshot(self) -> Snapshot:
        """The cluster as it was read last."""
        return self.cluster.snapshot

    def replace(self, snapshot: Snapshot) -> None:
        """Begin anew from a snapshot; a new part of the log begins."""
        self.cluster.replace(snapshot)
        self._begin()

    def update(self, task: Task) -> None:
        """Take in what the cluster says of a task; decide for it if it has just been placed."""
        with self.cluster.lock:
            was_on = self.cluster.node_of(task.task_id)
            if task.holds_resources and was_on is None and task.node_id in self.snapshot.nodes_by_id:
                if task.kind in ("pod", "job"):
                    self._decide(task)
                else:
                    self._write("hold", task, node=task.node_id)
            elif was_on is not None and not task.holds_resources:
                self._end(task.task_id)
            elif task.state == "pending" and task.node_id is None and task.task_id not in self._waiting:
                self._waiting.add(task.task_id)
                self._write("wait", task)
            self.cluster.update(task)
            self._follow(task)

    def remove(self, task_id: str) -> None:
        """Take in that a task is gone."""
        with self.cluster.lock:
            if self.cluster.node_of(task_id) is not None or task_id in self._waiting:
                self._end(task_id)
            self.cluster.remove(task_id)
            if self._room is not None and self._room.node_of(task_id) is not None:
                self._room.give_back(self._tasks.pop(task_id))

    def set_up(self, node_id: str, is_up: bool) -> None:
        """Take in that a node takes new tasks, or none."""
        with self.cluster.lock:
            if node_id in self._down and not is_up:
                return
            if is_up != (node_id not in self._down):
                (self._down.discard if is_up else self._down.add)(node_id)
                self._log.write({"kind": "node", "at": self._clock(), "node": node_id, "up": is_up})
            self.cluster.set_up(node_id, is_up)

    def stop(self) -> None:
        """Write down until when the cluster was watched."""
        with self.cluster.lock:
            self._log.write({"kind": "stop", "at": self._clock()})

    def heard(self) -> None:
        """Take in that the cluster was heard from."""
        self.cluster.heard()

    def _begin(self) -> None:
        snapshot, state = self.snapshot, self.cluster.state
        self._sets: dict[frozenset[str], int] = {}
        self._waiting = {t.task_id for t in snapshot.tasks if t.state == "pending" and t.node_id is None}
        self._down = {n.node_id for n in snapshot.nodes if n.is_cordoned or not n.is_ready}
        self._room = Room(snapshot) if self._is_checked else None
        self._tasks = {t.task_id: t for t in snapshot.tasks if t.holds_resources}
        running = [
            {"task": t.task_id, "node": t.node_id, "work": work_fields(self.cluster.work(t))}
            for t in snapshot.tasks
            if t.holds_resources
        ]
        self._log.write(
            {
                "kind": "start",
                "format": FORMAT,
                "at": self._clock(),
                "source": self._source,
                "written_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "policy": self.cluster.policy.model_dump(mode="json"),
                "scenario": self.cluster.frame.model_dump(mode="json"),
                "names": list(state.node_ids),
                "down": sorted(self._down),
                "device_choice": self._device_choice,
                "running": running,
            }
        )
        for task in snapshot.tasks:
            if task.task_id in self._waiting:
                self._write("wait", task)

    def _decide(self, task: Task) -> None:
        names = self._allowed(task)
        ranked = self.cluster.rank(task, names)
        chosen, actual = ranked.choice, str(task.node_id)
        self.decisions += 1
        self.same += chosen == actual
        self._write(
            "bind",
            task,
            cluster=actual,
            policy=chosen,
            scores={
                "cluster": ranked.score_of(actual),
                "policy": None if chosen is None else ranked.score_of(chosen),
            },
            candidates=int((ranked.decision.marks == SCORED).sum()),
            allowed=None if names is None else self._set(frozenset(names)),
        )
        self._waiting.discard(task.task_id)

    def _allowed(self, task: Task) -> list[str] | None:
        """Return the nodes that labels, taints and other tasks allow; None where that is all of them."""
        if self._room is None:
            return None
        reasons = self._room.all_reasons(task)
        names = [n for n, why in reasons if all(r.kind == "insufficient" and r.subject in _IN_STATE for r in why)]
        return None if len(names) == len(self.snapshot.nodes) else names

    def _set(self, names: frozenset[str]) -> int:
        """Return the number of a set of nodes, which is written once."""
        if names not in self._sets:
            self._sets[names] = len(self._sets)
            self._log.write({"kind": "nodes", "set": self._sets[names], "names": sorted(names)})
        return self._sets[names]

    def _write(self, kind: str, task: Task, **more: Any) -> None:
        work = self.cluster.work(task)
        self._log.write(
            {
                "kind": kind,
                "at": self._clock(),
                "task": task.task_id,
                "created": min(work.arrival_time, self._clock()),
                "work": work_fields(work),
                **more,
            }
        )

    def _end(self, task_id: str) -> None:
        self._waiting.discard(task_id)
        self._log.write({"kind": "end", "at": self._clock(), "task": task_id})

    def _follow(self, task: Task) -> None:
        """Keep the room for constraints between tasks up to date."""
        if self._room is None:
            return
        is_on = self._room.node_of(task.task_id)
        wants = task.node_id if task.holds_resources and task.node_id in self.snapshot.nodes_by_id else None
        if is_on == wants:
            return
        if is_on is not None:
            self._room.give_back(self._tasks.pop(task.task_id))
        if wants is not None:
            self._room.take(task, wants)
            self._tasks[task.task_id] = task


def work_fields(work: sim.Task) -> dict[str, Any]:
    """Return what a log keeps of a task's demand."""
    return {name: getattr(work, name) for name in WORK_FIELDS}
