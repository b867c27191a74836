"""Claims about waits, attempts and shortages, and the check of each against a run.

Names are ids. A check recomputes the facts from the placements of the run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

from aurora.sim.explain.history import Attempt, Ending, History
from aurora.sim.explain.shortage import (
    Place,
    Resource,
    Shortage,
    counted,
    is_active,
    name_of,
    never_fits,
    places_of,
    shortages,
)
from aurora.sim.explain.waits import Reason, Wait, waits
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import share_of
from aurora.sim.outcome import Status

TOLERANCE = 1e-9
"""Relative difference up to which two numbers are equal."""

TaskStatus = Literal["completed", "late", "unplaced", "dropped", "failed", "unplaceable"]


class WaitClaim(NamedTuple):
    """A claim that a task waited for one reason from one time to another.

    Attributes:
        task: Id of the task.
        reason: dependency: that others complete; room: that some candidate has room; queue: with others at the
            head of the queue; policy: that the policy places it although there is room.
        start: Start of the wait, seconds.
        end: End of the wait, seconds; None for the end of the run.
        on: Tasks. dependency: those that were not complete; room: those that ended at `end` and so made room;
            queue: the heads meanwhile; policy: none.
        returned: Nodes. room: those that came back at `end` and so made room.
    """

    task: str
    reason: Reason
    start: float
    end: float | None
    on: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()


class HoldClaim(NamedTuple):
    """A claim that a task held a resource of a node or a link from its start to its end.

    Attributes:
        task: Id of the task.
        where: Id of the node or the link.
        resource: cpu, memory, accelerators or bandwidth.
        amount: Cores, GiB, devices (shares added up) or Gbit/s.
        start, end: Start and end of the attempt, seconds.
    """

    task: str
    where: str
    resource: Resource
    amount: float
    start: float
    end: float


class InfeasibleClaim(NamedTuple):
    """A claim that candidates lacked a resource for a task.

    Attributes:
        task: Id of the task.
        time: Time in seconds, after everything that happens then, but before the task starts if it does; None: with
            everything free and up.
        where: Name of the candidate that the claim is about; "" for all candidates.
        resource: Resource that is lacking.
        lacking: Number of candidates that lack it.
        candidates: Number of candidates.
        asked: Amount that the task asks for, in the resource's unit; 0 for a resource without a unit.
        most: Largest amount that one of the candidates lacking it has free.
    """

    task: str
    time: float | None
    where: str
    resource: Resource
    lacking: int
    candidates: int
    asked: float
    most: float


class AttemptClaim(NamedTuple):
    """A claim about a start of a task and its end.

    Attributes:
        task: Id of the task.
        number: Number of the attempt, from 1.
        where: Name of the candidate.
        start, end: Start and end of the attempt, seconds.
        ending: completed, or lost: node_failed, battery_empty.
    """

    task: str
    number: int
    where: str
    start: float
    end: float
    ending: Ending


class StatusClaim(NamedTuple):
    """A claim about the final status of a task.

    Attributes:
        task: Id of the task.
        status: late: completed, and beyond its SLA; otherwise as in `aurora simulate`.
        late: Time beyond its SLA, seconds; 0 unless late.
    """

    task: str
    status: TaskStatus
    late: float


WaitingClaim = WaitClaim | HoldClaim | InfeasibleClaim | AttemptClaim | StatusClaim


class Verdict(NamedTuple):
    """The verdict on a claim, with the evidence for or against it."""

    holds: bool
    evidence: str


def check_waiting(claim: WaitingClaim, run: History) -> Verdict:
    """Check a claim against a run; one that names what is not there does not hold."""
    task = number_of(run, claim.task)
    if task is None:
        return Verdict(False, f"there is no task {claim.task}")
    match claim:
        case WaitClaim():
            return _wait(claim, task, run)
        case HoldClaim():
            return _hold(claim, task, run)
        case InfeasibleClaim():
            return _infeasible(claim, task, run)
        case AttemptClaim():
            attempts = attempt_claims(run, task)
            is_among = any(_alike(claim, other) for other in attempts)
            return Verdict(is_among, f"{claim.task} was started {len(attempts)} times")
        case StatusClaim():
            true = status_claim(run, task)
            return Verdict(_alike(claim, true), f"{claim.task} is {true.status}, {true.late:g} s late")


def number_of(run: History, task_id: str) -> int | None:
    """Return the index of a task; None if there is none of that id."""
    return next((k for k, t in enumerate(run.scenario.tasks) if t.task_id == task_id), None)


def status_claim(run: History, task: int) -> StatusClaim:
    """Return the final status of a task."""
    asked, status = run.scenario.tasks[task], Status(int(run.outcome.tasks.status[task]))
    if status == Status.COMPLETED and not run.outcome.tasks.sla_met[task] and asked.sla_latency_ms is not None:
        return StatusClaim(asked.task_id, "late", float(run.outcome.tasks.latency[task]) - asked.sla_latency_ms / 1000)
    return StatusClaim(asked.task_id, status.name.lower(), 0.0)  # type: ignore[arg-type]  # the names of Status


def attempt_claims(run: History, task: int) -> list[AttemptClaim]:
    """Return all starts of a task with their ends."""
    return [
        AttemptClaim(
            run.scenario.tasks[task].task_id,
            a.number,
            name_of(run.encoded, Place(a.node, a.path)),
            a.start,
            a.end,
            a.ending,
        )
        for a in run.of_task.get(task, ())
    ]


def wait_claims(run: History, task: int) -> list[WaitClaim]:
    """Return all waits of a task."""
    return [_claim_of(run, wait) for wait in waits(run, task)]


def _claim_of(run: History, wait: Wait) -> WaitClaim:
    tasks, nodes = run.scenario.tasks, run.scenario.nodes
    on, returned = tuple(tasks[t].task_id for t in wait.on), tuple(nodes[n].node_id for n in wait.returned)
    end = None if math.isinf(wait.end) else wait.end
    return WaitClaim(tasks[wait.task].task_id, wait.reason, wait.start, end, on, returned)


def infeasible_claims(run: History, task: int, time: float | None) -> list[InfeasibleClaim]:
    """Return a claim for each resource that candidates lack for a task; none if one of them lacks nothing.

    Args:
        run: The run.
        task: Index of the task.
        time: Time, seconds; None with everything free and up; see `InfeasibleClaim`.
    """
    lists = _lists(run, task, time)
    if not all(lists):
        return []
    return [
        InfeasibleClaim(run.scenario.tasks[task].task_id, time, "", resource, count, len(lists), asked, most)
        for resource, (count, asked, most) in counted(lists).items()
    ]


def infeasible_at(run: History, task: int, time: float | None, where: str) -> list[InfeasibleClaim]:
    """Return a claim for each resource that one candidate lacks for a task."""
    name = run.scenario.tasks[task].task_id
    return [
        InfeasibleClaim(name, time, where, s.resource, 1, 1, s.asked, s.free)
        for lacking in _lists(run, task, time, where)
        for s in lacking
    ]


def _lists(run: History, task: int, time: float | None, where: str | None = None) -> list[list[Shortage]]:
    """List the shortages of each candidate, or of those with one name.

    A node that the task may use and that no path leads to lacks a path. One that it may not use counts only if it is
    asked about by name: it is no candidate.
    """
    before = None
    if time is not None:
        before = next((a.decision for a in run.of_task.get(task, ()) if a.start == time), None)
    places = places_of(run.encoded, task)
    lacking = [
        never_fits(run.encoded, task, place) if time is None else shortages(run, task, place, time, before)
        for place in places
        if where in (None, name_of(run.encoded, place))
    ]
    asked, missing = run.scenario.tasks[task], [Shortage("path", 0.0, 0.0)]
    if asked.destination_site is not None:
        return lacking if places else [missing]
    reached, allowed = {place.node for place in places}, frozenset(asked.allowed_nodes)
    for k, node in enumerate(run.scenario.nodes):
        if k in reached or where not in (None, node.node_id):
            continue
        if not allowed or node.node_id in allowed:
            lacking.append(missing)
        elif where is not None:
            lacking.append([Shortage("not_allowed", 0.0, 0.0)])
    return lacking


def hold_claims(run: History, task: int, place: Place, time: float, before: int | None = None) -> list[HoldClaim]:
    """Return the tasks that held, at a time, a resource that a candidate lacked; the largest amounts first."""
    claims = []
    for shortage in shortages(run, task, place, time, before):
        for attempt, where in _users(run, place, shortage.resource):
            if is_active(attempt, time, before):
                claim = _held(run, attempt, where, shortage.resource)
                if claim is not None and claim.amount > 0:
                    claims.append(claim)
    return sorted(dict.fromkeys(claims), key=lambda c: -c.amount)


def _users(run: History, place: Place, resource: Resource) -> Iterator[tuple[Attempt, str]]:
    if resource == "bandwidth":
        for link in run.outcome.paths[place.path]:
            for attempt in run.of_link.get(link, ()):
                yield attempt, run.scenario.links[link].link_id
    elif place.node >= 0:
        for attempt in run.of_node.get(place.node, ()):
            yield attempt, run.scenario.nodes[place.node].node_id


def _held(run: History, attempt: Attempt, where: str, resource: Resource) -> HoldClaim | None:
    task = run.scenario.tasks[attempt.task]
    amounts: dict[Resource, float] = {
        "cpu": task.cpu_required,
        "memory": task.memory_required,
        "accelerators": task.accelerators * share_of(task.accelerator_share) / at.DEVICE,
        "bandwidth": task.bandwidth,
    }
    kind: Resource = "accelerators" if resource == "accelerator_share" else resource
    if kind not in amounts:
        return None
    return HoldClaim(task.task_id, where, kind, amounts[kind], attempt.start, attempt.end)


def _wait(claim: WaitClaim, task: int, run: History) -> Verdict:
    true_claims = wait_claims(run, task)
    for true in true_claims:
        if true.reason == claim.reason and _close(true.start, claim.start) and _close(true.end, claim.end):
            holds = set(claim.on) == set(true.on) and set(claim.returned) == set(true.returned)
            return Verdict(holds, f"waited on {', '.join((*true.on, *true.returned)) or 'nobody'}")
    evidence = "; ".join(
        f"{w.reason} {w.start:g} to {'the end' if w.end is None else f'{w.end:g}'} s" for w in true_claims
    )
    return Verdict(False, evidence or f"{claim.task} did not wait")


def _hold(claim: HoldClaim, task: int, run: History) -> Verdict:
    for attempt in run.of_task.get(task, ()):
        place = Place(attempt.node, attempt.path)
        for user, where in _users(run, place, claim.resource):
            if user == attempt and where == claim.where:
                true = _held(run, attempt, where, claim.resource)
                if true is not None and _alike(claim, true):
                    return Verdict(True, f"from {true.start:g} to {true.end:g} s")
    return Verdict(False, f"{claim.task} did not hold that of {claim.where}")


def _infeasible(claim: InfeasibleClaim, task: int, run: History) -> Verdict:
    if claim.where:
        true = infeasible_at(run, task, claim.time, claim.where)
    else:
        true = infeasible_claims(run, task, claim.time)
    evidence = "; ".join(f"{c.lacking} of {c.candidates} lack {c.resource} ({c.most:g} of {c.asked:g})" for c in true)
    return Verdict(any(_alike(claim, other) for other in true), evidence or "there was room")


def _alike(a: NamedTuple, b: NamedTuple) -> bool:
    """Test whether two claims of a kind are equal, numbers up to rounding."""
    return all(_close(x, y) for x, y in zip(a, b, strict=True))


def _close(a: object, b: object) -> bool:
    if isinstance(a, float | int) and isinstance(b, float | int):
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return a == b
