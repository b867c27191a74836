"""Explains explicit plans: where and when each task was planned and started, what it lacked, and what the plan breaks.

A plan decides nothing, so there are no reasons for its choices to tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aurora.agents.explain.names import join_names
from aurora.agents.explain.waiting_words import attempt, lacking, status
from aurora.quantities import plain
from aurora.sim.explain.claims import Claim
from aurora.sim.explain.history import History
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import moment
from aurora.sim.explain.shortage import Place, name_of
from aurora.sim.explain.waiting_claims import (
    AttemptClaim,
    InfeasibleClaim,
    StatusClaim,
    attempt_claims,
    infeasible_at,
    number_of,
    status_claim,
)
from aurora.sim.kernel import encode
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.planned import planned_candidates
from aurora.sim.optimum.constraints import Violation, violations
from aurora.sim.policies.policy import PlannedTask

MAX_VIOLATIONS_TOLD = 5
"""Most broken constraints that are told one by one."""
START_TOLERANCE = 1e-6
"""Seconds by which a start may differ from the plan without being late."""


def violations_of(run: History, task_id: str | None = None) -> tuple[Violation, ...]:
    """Return the constraints that the plan of a run breaks, all of them or those that a task has part in."""
    broken = violations(encode(run.scenario), _plan(run))
    return tuple(v for v in broken if task_id is None or task_id in v.tasks)


def planned_claims(run: History, task_id: str) -> list[Claim]:
    """Return the claims about a planned task: status, starts, and what its place lacked if it started late or never."""
    task = number_of(run, task_id)
    line = _line(run, task_id)
    assert task is not None  # the caller has looked
    claims: list[Claim] = [status_claim(run, task), *attempt_claims(run, task)]
    if line is not None and _delay(run, task, line) is not None:
        claims += infeasible_at(run, task, _from(run, task, line), place_name(run, task_id))
    return claims


def place_name(run: History, task_id: str) -> str:
    """Return the name of the place that the plan gives a task; empty if it gives none."""
    line = _line(run, task_id)
    if line is None:
        return ""
    (task, number) = next(iter(planned_candidates(run.encoded, (line,)).items()))
    problem = run.encoded.problem
    candidate = int(problem.route_start[problem.task_i[task, at.T_ROUTE]]) + number
    place = Place(int(problem.candidate_node[candidate]), int(problem.candidate_path[candidate]))
    return name_of(run.encoded, place)


def planned_text(run: History, task_id: str, claims: Sequence[Claim]) -> str:
    """Write what can be said of a planned task, from claims that hold."""
    task, line, name = number_of(run, task_id), _line(run, task_id), shown_name(task_id)
    assert task is not None  # the caller has looked
    if line is None:
        return f"The plan does not place task {name}, so it was not started.{_broken_text(run, task_id)}"
    where = shown_name(place_name(run, task_id))
    text = f"The plan puts task {name} on {where} at {moment(line.start)}."
    attempts = [c for c in claims if isinstance(c, AttemptClaim)]
    delay = _delay(run, task, line)
    starts = "; ".join(attempt(c) for c in attempts)
    text += f" {starts[0].upper()}{starts[1:]}." if attempts else " It was never started."
    lacks = [c for c in claims if isinstance(c, InfeasibleClaim)]
    if delay is not None:
        lack = f"at {moment(_from(run, task, line))} {' and '.join(lacking(c) for c in lacks)}" if lacks else ""
        if attempts:
            text += f" That is {moment(delay)} later than planned{f': {lack}' if lack else ''}."
        elif lack:
            text += f" {lack[0].upper()}{lack[1:]}."
    became = next((c for c in claims if isinstance(c, StatusClaim)), None)
    if became is not None and became.status not in ("completed", "unplaced"):
        text += f" It {status(became)}."
    return f"{text}{_broken_text(run, task_id)}\nA plan states no reason for its choices."


def planned_summary(run: History) -> tuple[Counter[str], list[str]]:
    """Return how many tasks started as planned, later or never, and sentences about the plan of a whole run."""
    counts: Counter[str] = Counter()
    late: list[str] = []
    for k, task in enumerate(run.scenario.tasks):
        line = _line(run, task.task_id)
        delay = None if line is None else _delay(run, k, line)
        kind = "unplanned" if line is None else "started as planned" if delay is None else "started later"
        if line is not None and not run.of_task.get(k):
            kind = "never started"
        counts[kind] += 1
        if kind in ("started later", "never started"):
            late.append(task.task_id)
    listed = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    lines = [f"An explicit plan of {len(_plan(run))} placements, which states no reason for them: {listed}."]
    lines += [f"Not as planned: {join_names(late)}."] if late else []
    broken = _broken_text(run, None)
    return counts, [*lines, *([broken.strip()] if broken else [])]


def _plan(run: History) -> tuple[PlannedTask, ...]:
    assert run.policy.allocation_plan is not None  # the caller has looked
    return run.policy.allocation_plan


def _line(run: History, task_id: str) -> PlannedTask | None:
    return next((line for line in _plan(run) if line.task_id == task_id), None)


def _from(run: History, task: int, line: PlannedTask) -> float:
    """Return the time from which a task could start: its planned start, or its arrival if that is later."""
    return max(line.start, run.scenario.tasks[task].arrival_time)


def _delay(run: History, task: int, line: PlannedTask) -> float | None:
    """Return by how much a task started later than planned, seconds; None if it did not, 0 if it never started."""
    attempts = run.of_task.get(task, ())
    if not attempts:
        return 0.0
    delay = attempts[0].start - line.start
    return delay if delay > START_TOLERANCE else None


def _broken_text(run: History, task_id: str | None) -> str:
    broken = violations_of(run, task_id)
    if not broken:
        return ""
    told = "; ".join(v.message for v in broken[:MAX_VIOLATIONS_TOLD])
    more = f"; and {plain(len(broken) - MAX_VIOLATIONS_TOLD)} more" if len(broken) > MAX_VIOLATIONS_TOLD else ""
    count = "a constraint" if len(broken) == 1 else f"{len(broken)} constraints"
    return f" The plan breaks {count}: {told}{more}."
