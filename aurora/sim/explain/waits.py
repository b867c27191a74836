"""The waits of a task: the reason, start and end of each, and the event that ended it."""

from __future__ import annotations

import bisect
import functools
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from aurora.sim.explain.history import History
from aurora.sim.explain.queue_heads import Head, heads, leaving_time, ready_times
from aurora.sim.explain.shortage import Place, places_of, shortages
from aurora.sim.outcome import Status

Reason = Literal["dependency", "room", "queue", "policy"]
"""Reasons for a wait: other tasks must complete, no candidate has room, it is not the task's turn, or, with room and in
its turn, the policy does not place it."""
TASKS_CACHED = 256
"""Number of tasks whose waits are cached: a claim about a task and its check compute the same waits."""
MIN_WAIT = 1e-9
"""Shortest wait, relative to its start; a shorter one is rounding."""


class Wait(NamedTuple):
    """A stretch of time in which a task waited for one reason.

    Attributes:
        task: Index of the task.
        reason: Reason for the wait.
        start, end: Start and end, seconds; the end is infinite if the task waited to the end of the run.
        on: dependency: the tasks that were not complete; room: tasks whose end made room; queue: the heads meanwhile.
        returned: room: nodes whose return made room.
    """

    task: int
    reason: Reason
    start: float
    end: float
    on: tuple[int, ...] = ()
    returned: tuple[int, ...] = ()


@functools.lru_cache(maxsize=TASKS_CACHED)
def waits(run: History, task: int) -> tuple[Wait, ...]:
    """Return all waits of a task in the order of time; they cover all of its waiting."""
    status, asked = run.outcome.tasks.status[task], run.scenario.tasks[task]
    if status == Status.UNPLACEABLE:
        return ()
    in_line = heads(run)
    ready, leaves = ready_times(run)[task], leaving_time(run, task)
    stretches: list[Wait] = []
    if ready > asked.arrival_time:
        stretches.append(_on_dependencies(run, task, min(ready, leaves)))
    for begin, end in _idle(run, task, ready, leaves):
        stretches += _split(run, task, begin, end, in_line)
    return tuple(w for w in stretches if w.end - w.start > MIN_WAIT * max(1.0, abs(w.start)))


def _on_dependencies(run: History, task: int, end: float) -> Wait:
    numbers = {t.task_id: k for k, t in enumerate(run.scenario.tasks)}
    asked, finish = run.scenario.tasks[task], run.outcome.tasks.finish
    parents = dict.fromkeys(numbers[d] for d in asked.dependencies)
    open_ = tuple(p for p in parents if not finish[p] <= asked.arrival_time)
    return Wait(task, "dependency", asked.arrival_time, end, open_)


def _idle(run: History, task: int, ready: float, leaves: float) -> Iterator[tuple[float, float]]:
    """Yield the times a task was in the queue: from when it was ready, or lost, to its next start or for good."""
    begin = ready
    for a in run.of_task.get(task, ()):
        yield begin, a.start
        begin = a.end
    if run.outcome.tasks.status[task] in (Status.UNPLACED, Status.DROPPED) and math.isfinite(begin):
        yield begin, leaves


def _split(run: History, task: int, begin: float, end: float, in_line: Sequence[Head]) -> Iterator[Wait]:
    """Cut a time in the queue where the reason changes."""
    strategy = run.policy.allocation_strategy
    blocked_by = [h for h in in_line if h.task != task and max(h.start, begin) < min(h.end, end)]
    stretches: list[tuple[float, Reason]] = []
    for time, has_room in _room_over_time(run, task, begin, end, in_line):
        others = [h for h in blocked_by if h.start <= time < h.end]
        reason: Reason = "policy" if has_room else "room"
        if others and (has_room or strategy.backfill == "none"):
            reason = "queue"
        if not stretches or stretches[-1][1] != reason:
            stretches.append((time, reason))
    ends = [time for time, _ in stretches[1:]] + [end]
    for (start, reason), until in zip(stretches, ends, strict=True):
        if reason == "room":
            yield Wait(task, reason, start, until, *_what_made_room(run, task, until))
        elif reason == "queue":
            meanwhile = [h.task for h in blocked_by if h.end > start and h.start < until]
            yield Wait(task, reason, start, until, tuple(dict.fromkeys(meanwhile)))
        else:
            yield Wait(task, reason, start, until)


def _room_over_time(
    run: History, task: int, begin: float, end: float, in_line: Sequence[Head]
) -> Iterator[tuple[float, bool]]:
    """Return the times at which room may change, each with whether some candidate has room from then on."""
    places = places_of(run.encoded, task)
    by_node, by_link = _whose(run, places)
    changes = _changes(run, begin, end)
    for head in in_line:
        for time in (head.start, head.end):
            if begin < time < end:
                changes.setdefault(time, set())
    fits = [not shortages(run, task, place, begin) for place in places]
    room = sum(fits)
    yield begin, room > 0
    for time in sorted(changes):
        touched = {k for kind, n in changes[time] for k in (by_node if kind == "node" else by_link).get(n, ())}
        for k in touched:
            now = not shortages(run, task, places[k], time)
            room += now - fits[k]
            fits[k] = now
        yield time, room > 0


def _whose(run: History, places: Sequence[Place]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Return the candidates that use each node and each link."""
    by_node, by_link = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for k, place in enumerate(places):
        by_node[place.node].append(k)
        for link in run.outcome.paths[place.path] if place.path >= 0 else ():
            by_link[link].append(k)
    return by_node, by_link


def _changes(run: History, begin: float, end: float) -> dict[float, set[tuple[str, int]]]:
    """Return the nodes and links whose use changes, by time, strictly between two times."""
    changes = defaultdict[float, set[tuple[str, int]]](set)
    for a in run.attempts:
        touched = {("link", l) for l in (run.outcome.paths[a.path] if a.path >= 0 else ())}
        if a.node >= 0:
            touched.add(("node", a.node))
        for time in (a.start, a.end):
            if begin < time < end:
                changes[time] |= touched
    for n, stretches in run.down.items():
        for from_, until, _ in stretches:
            for time in (from_, until):
                if begin < time < end:
                    changes[time].add(("node", n))
    return dict(changes)


def _what_made_room(run: History, task: int, moment: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the tasks whose end at a time, and the nodes whose return, gave some candidate room."""
    if math.isinf(moment):
        return (), ()
    ended = [a for a in run.attempts if a.end == moment]
    back = {n for n, stretches in run.down.items() if any(until == moment for _, until, _ in stretches)}
    first = bisect.bisect_left([a.start for a in run.attempts], moment)
    tasks, nodes = dict[int, None](), dict[int, None]()
    for place in places_of(run.encoded, task):
        links = set(run.outcome.paths[place.path]) if place.path >= 0 else set()
        here = [
            a for a in ended if a.node == place.node >= 0 or (a.path >= 0 and links & set(run.outcome.paths[a.path]))
        ]
        if not here and place.node not in back:
            continue
        if shortages(run, task, place, moment, before=first):
            continue
        tasks |= dict.fromkeys(a.task for a in here if a.task != task)
        nodes |= dict.fromkeys([place.node] if place.node in back else [])
    return tuple(tasks), tuple(nodes)
