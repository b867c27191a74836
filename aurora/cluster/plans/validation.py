"""Checks a plan against a snapshot: every constraint that it breaks, by the number of the change that breaks it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from aurora.cluster.change_effects import Draft
from aurora.cluster.changes import Cordon, Evict, Move, Place, PlanChange, Resize, Scale, Uncordon, apply_to_draft
from aurora.cluster.feasibility import Room, summary
from aurora.cluster.files import snapshot_sha256
from aurora.cluster.plans.making import values_of
from aurora.cluster.plans.plan import Plan, diff_of
from aurora.cluster.snapshot import Snapshot, Task, Workload
from aurora.errors import InputError

ViolationCode = Literal[
    "expired",
    "another system",
    "changed since",
    "not possible",
    "does not fit",
    "disruption budget",
    "nothing makes it again",
    "managed",
    "autoscaler",
    "not supported",
]


class Violation(NamedTuple):
    """A constraint that a plan breaks.

    Attributes:
        code: Kind of the constraint.
        message: What is broken.
        change: Number of the change from 1; 0: the plan as a whole.
    """

    code: ViolationCode
    message: str
    change: int = 0

    @property
    def text(self) -> str:
        """The violation with its place."""
        return f"change {self.change}: {self.message}" if self.change else self.message

    def to_json(self) -> dict[str, Any]:
        """Return the violation as JSON values."""
        return dict(self._asdict())


def validate(
    plan: Plan,
    snapshot: Snapshot,
    *,
    at: datetime | None = None,
    target: str | None = None,
    allow_managed: Collection[str] = (),
) -> tuple[Violation, ...]:
    """Return every constraint that a plan breaks on a snapshot; empty if it may be applied.

    Changes are checked in their order, each on the outcome of those before.

    Args:
        plan: The plan.
        snapshot: The system now; it need not be the snapshot that the plan was made from.
        at: Time of the application; None: expiry is not checked.
        target: `kubernetes` refuses objects that another tool owns; others don't.
        allow_managed: Workloads owned by another tool that may be changed all the same.
    """
    found: list[Violation] = []
    if at is not None and plan.is_expired(at):
        found.append(
            Violation("expired", f"the plan has expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC; make another")
        )
    if (plan.system, plan.snapshot_id) != (snapshot.system, snapshot.snapshot_id):
        message = f"the plan is for {plan.snapshot_id} ({plan.system}), this is {snapshot.snapshot_id}"
        return (*found, Violation("another system", f"{message} ({snapshot.system})"))
    is_same = snapshot_sha256(snapshot) == plan.snapshot_sha256
    walk = _Walk(snapshot)
    for number, planned in enumerate(plan.changes, 1):
        change = planned.change
        try:
            if not is_same and values_of(walk.draft, change) != planned.now:
                expected = "; ".join(diff_of(planned))
                found.append(Violation("changed since", f"the system is not as planned ({expected})", number))
            found += [Violation(v.code, v.message, number) for v in walk.broken_by(change)]
            if target == "kubernetes":
                found += [Violation(v.code, v.message, number) for v in _managed(walk.draft, change, allow_managed)]
            walk.make(change)
        except InputError as error:
            found.append(Violation("not possible", str(error), number))
    return tuple(found)


class _Walk:
    """A draft and its room, as changes are made."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.draft = Draft(snapshot)
        self._room: Room | None = None

    @property
    def room(self) -> Room:
        if self._room is None:
            self._room = Room(self.draft.snapshot())
        return self._room

    def make(self, change: PlanChange) -> None:
        """Make a change; room follows for tasks that move, and is built anew for all else."""
        before = self.draft.tasks.get(getattr(change, "task_id", ""))
        apply_to_draft(self.draft, change)
        if self._room is None or before is None:
            self._room = None
            return
        if before.holds_resources:
            self._room.give_back(before)
        after = self.draft.tasks[before.task_id]
        if after.holds_resources and after.node_id is not None:
            self._room.take(after, after.node_id)

    def broken_by(self, change: PlanChange) -> Iterator[Violation]:
        """Yield what a change breaks, before it is made."""
        match change:
            case Place():
                task = self.draft.task(change.task_id)
                self.draft.node(change.node_id)
                yield from self._unfit(task, change.node_id)
            case Move():
                task = self.draft.task(change.task_id)
                self.draft.node(change.node_id)
                yield from self._stopping(task)
                if task.holds_resources and task.node_id is not None:
                    self.room.give_back(task)
                    yield from self._unfit(task, change.node_id)
                    self.room.take(task, task.node_id)
                if change.is_pinned:
                    yield from self._unpinnable(task)
            case Evict():
                yield from self._stopping(self.draft.task(change.task_id))
            case Scale():
                yield from self._scaling(self.draft.workload(change.workload_id), change.replicas)
                yield from self._refitted(change)
            case Resize():
                yield from self._refitted(change)
            case Cordon() | Uncordon():
                return

    def _unfit(self, task: Task, node_id: str) -> Iterator[Violation]:
        reasons = self.room.reasons(task, node_id)
        if reasons:
            why = "; ".join(r.text for r in reasons)
            yield Violation("does not fit", f"{task.task_id} does not fit {node_id}: {why}")

    def _stopping(self, task: Task) -> Iterator[Violation]:
        if self.draft.before.system == "kubernetes" and task.workload_id is None:
            message = f"{task.task_id} has no controller that makes it again; delete it by hand if it may go"
            yield Violation("nothing makes it again", message)
        workload = self.draft.workloads.get(task.workload_id or "")
        if workload is None:
            return
        running = sum(t.state == "running" for t in self.draft.live(workload.workload_id))
        least = least_available(workload, len(self.draft.live(workload.workload_id)))
        if task.state == "running" and running - 1 < least:
            message = f"{workload.workload_id} must keep {least} of its tasks running, and {running} run"
            yield Violation("disruption budget", message)

    def _unpinnable(self, task: Task) -> Iterator[Violation]:
        if task.workload_id is None or self.draft.replicas(task.workload_id) != 1:
            message = f"{task.task_id} can't be bound to a node: only a workload with a single task can"
            yield Violation("not supported", message)

    def _scaling(self, workload: Workload, replicas: int) -> Iterator[Violation]:
        if workload.autoscaler is None:
            return
        low, high = workload.autoscaler
        if not low <= replicas <= high:
            message = (
                f"the autoscaler of {workload.workload_id} keeps {low} to {high} replicas and sets {replicas} back"
            )
            yield Violation("autoscaler", message)

    def _refitted(self, change: Scale | Resize) -> Iterator[Violation]:
        """Yield whether tasks of a workload have no node once it is changed and all of them are placed anew."""
        if self.draft.before.system == "slurm":
            yield Violation("not supported", "Slurm can't change jobs that are submitted in this way")
        after = Draft(self.draft.snapshot())
        apply_to_draft(after, change)
        room = Room(after.snapshot())
        tasks = [t for t in after.live(change.workload_id) if t.kind not in ("daemon", "static")]
        waited = {t.task_id for t in self.draft.live(change.workload_id) if t.state == "pending"}
        for task in tasks:
            if room.node_of(task.task_id) is not None:
                room.give_back(task)
        lacking = []
        for task in tasks:
            nodes = room.fitting(task)
            if nodes:
                room.take(task, task.node_id if task.node_id in nodes else nodes[0])
            elif task.task_id not in waited:
                lacking.append(task)
        if lacking:
            why = summary(room.all_reasons(lacking[0]))
            message = f"{len(lacking)} of the {len(tasks)} tasks of {change.workload_id} would have no node: {why}"
            yield Violation("does not fit", message)


def _managed(draft: Draft, change: PlanChange, allowed: Collection[str]) -> Iterator[Violation]:
    """Yield whether a change is to an object of another tool."""
    name = change.workload_id if isinstance(change, Scale | Resize) else None
    if isinstance(change, Move) and change.is_pinned:
        name = draft.task(change.task_id).workload_id
    workload = draft.workloads.get(name or "")
    if workload is not None and workload.managed_by is not None and workload.workload_id not in allowed:
        tool = workload.managed_by
        message = f"{workload.workload_id} is owned by {tool}, which would set it back; write files for its repository"
        yield Violation("managed", f"{message}, or allow it by name")


def least_available(workload: Workload, live: int) -> int:
    """Return how many tasks a workload's disruption budget keeps running; 0 without a budget.

    A share of `min_available` is rounded up, and of `max_unavailable` too, as Kubernetes does it.

    Args:
        workload: The workload.
        live: Tasks that it has, which count where the wanted number is not known.
    """
    wanted = live if workload.replicas is None else workload.replicas
    if workload.min_available is not None:
        return _count(workload.min_available, wanted)
    if workload.max_unavailable is not None:
        return max(0, wanted - _count(workload.max_unavailable, wanted))
    return 0


def _count(budget: str, wanted: int) -> int:
    """Return the number of tasks of a budget such as `2` or `50%`; all, where it is not understood."""
    number, is_share = budget.removesuffix("%"), budget.endswith("%")
    if not number.isdigit():
        return wanted
    return math.ceil(wanted * int(number) / 100 - 1e-9) if is_share else int(number)
