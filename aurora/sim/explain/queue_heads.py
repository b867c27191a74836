"""The heads of the queue over time, under a policy with head-of-line blocking.

A trace records which task was placed, not which one blocked. The order of decisions and the tasks that joined in
between determine that: where there is no head, the waiting task with the lowest `order` becomes it.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from aurora.sim.explain.history import History
from aurora.sim.explain.queue_features import OVERVIEW, Instant, expected_start, overview, room
from aurora.sim.explain.shortage import down_since
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import share_of
from aurora.sim.outcome import Status
from aurora.sim.policies.compiler import parse_sections
from aurora.sim.policies.expression import Expr, Ref, evaluate, walk
from aurora.sim.policies.features import FEATURE_INDEX, FEATURES

_MOVING = frozenset(
    ("task.wait", "task.slack", "task.attempts", "task.room", "task.expected_start", "task.predicted_duration")
)
"""Features of a waiting task that change while it waits."""


class Head(NamedTuple):
    """A task at the head of the queue.

    Attributes:
        task: Index of the task.
        start: Time at which it became the head, seconds.
        end: Time at which it was placed or left, seconds; infinite if never.
    """

    task: int
    start: float
    end: float


@functools.lru_cache(maxsize=1)
def ready_times(run: History) -> tuple[float, ...]:
    """Return the time at which each task had arrived with its dependencies complete, seconds; infinite if never."""
    finish = {
        task.task_id: float(run.outcome.tasks.finish[t])
        if run.outcome.tasks.status[t] == Status.COMPLETED
        else math.inf
        for t, task in enumerate(run.scenario.tasks)
    }
    return tuple(max([task.arrival_time, *(finish[d] for d in task.dependencies)]) for task in run.scenario.tasks)


def leaving_time(run: History, task: int) -> float:
    """Return the time at which a task's patience ended and it left the queue, seconds; infinite if it did not."""
    if run.outcome.tasks.status[task] != Status.DROPPED:
        return math.inf
    asked = run.scenario.tasks[task]
    assert asked.patience is not None  # it was dropped
    return asked.arrival_time + asked.patience


@functools.lru_cache(maxsize=1)
def heads(run: History) -> tuple[Head, ...]:
    """Return all heads of the queue in the order of time; none without head-of-line blocking."""
    if not run.policy.allocation_strategy.head_of_line_blocking:
        return ()
    joins, decisions = _joins(run), _decisions(run)
    leaves = defaultdict[float, list[int]](list)
    for t in range(len(run.scenario.tasks)):
        if math.isfinite(leaving_time(run, t)):
            leaves[leaving_time(run, t)].append(t)
    order = parse_sections(run.policy).order
    line = _Line(run, order)
    for now in sorted({*joins, *decisions, *leaves}):
        line.now = now
        line.instant(list(joins.get(now, ())), list(decisions.get(now, ())), leaves.get(now, []))
    return line.finished()


def _joins(run: History) -> Mapping[float, list[int]]:
    """Return the tasks that join the queue at each time: those that became ready, by index, then those lost."""
    joins = defaultdict[float, list[int]](list)
    for t, ready in enumerate(ready_times(run)):
        if math.isfinite(ready) and run.outcome.tasks.status[t] != Status.UNPLACEABLE:
            joins[ready].append(t)
    for a in run.attempts:
        lost_for_good = (
            run.outcome.tasks.status[a.task] == Status.FAILED and a.number == run.outcome.tasks.attempts[a.task]
        )
        if a.ending != "completed" and not lost_for_good:
            joins[a.end].append(a.task)
    return joins


def _decisions(run: History) -> Mapping[float, list[int]]:
    """Return the numbers of the decisions at each instant."""
    decisions = defaultdict[float, list[int]](list)
    for a in run.attempts:
        decisions[a.start].append(a.decision)
    return decisions


class _Line:
    """The queue, rebuilt instant by instant."""

    def __init__(self, run: History, order: Expr) -> None:
        self._run, self._order = run, order
        read = {e.name for e in walk(order) if isinstance(e, Ref)}
        self._reads_cluster = any(name.startswith("cluster.") for name in read)
        self._is_static = not self._reads_cluster and not read & _MOVING
        self._read = read
        self._keys: dict[int, float] = {}
        names = [f.name for f in FEATURES if f.scope == "objective"]
        self._objective = dict(zip(names, np.asarray(run.encoded.problem.objective).tolist(), strict=True))
        self._waiting: set[int] = set()
        self._head: int | None = None
        self._since = 0.0
        self._decided = 0
        self._found: list[Head] = []
        self.now = 0.0

    def instant(self, joining: list[int], decisions: list[int], leaving: list[int]) -> None:
        """Process an instant: tasks leave, join and are placed."""
        together = self._run.scenario.workload_definition.simultaneous_events == "together"
        impatient = [t for t in leaving if self._run.scenario.tasks[t].patience == 0]
        for t in leaving:
            if t not in impatient:
                self._leave(t)
        while joining or decisions:
            if joining and (together or not decisions or self._more_wait_at(decisions[0])):
                self._waiting.add(joining.pop(0))
                if not together:
                    self._choose()
            else:
                self._place(decisions.pop(0))
        self._choose()
        for t in impatient:
            self._leave(t)

    def finished(self) -> tuple[Head, ...]:
        """Return all heads, after the last instant."""
        last = [] if self._head is None else [Head(self._head, self._since, math.inf)]
        return (*self._found, *last)

    def _more_wait_at(self, decision: int) -> bool:
        """Test whether more tasks had joined when a decision was made than are known to wait."""
        trace = self._run.outcome.trace
        assert trace is not None  # a history has one
        waited = int(trace.features[decision, 0, FEATURE_INDEX["cluster.queue_length"]])
        return waited > len(self._waiting) + (self._head is not None)

    def _place(self, decision: int) -> None:
        self._choose()
        task = self._run.attempts[decision].task
        self._decided = decision + 1
        if task == self._head:
            self._end_head()
        else:
            self._waiting.discard(task)

    def _leave(self, task: int) -> None:
        self._waiting.discard(task)
        if task == self._head:
            self._end_head()

    def _end_head(self) -> None:
        assert self._head is not None
        self._found.append(Head(self._head, self._since, self.now))
        self._head = None

    def _choose(self) -> None:
        if self._head is not None or not self._waiting:
            return
        shared = self._cluster() if self._reads_cluster else {}
        self._head = min(self._waiting, key=lambda t: (self._key(t, shared), t))
        self._waiting.discard(self._head)
        self._since = self.now

    def _key(self, task: int, shared: dict[str, float]) -> float:
        if task in self._keys:
            return self._keys[task]
        value = evaluate(self._order, self._features(task) | self._objective | shared)
        key = value if math.isfinite(value) else math.inf
        if self._is_static:
            self._keys[task] = key
        return key

    def _features(self, t: int) -> dict[str, float]:
        """Return the features that `order` may read of a waiting task now."""
        problem, values = self._run.encoded.problem, dict[str, float]()
        f, i = problem.task_f[t], problem.task_i[t]
        waited = self.now - float(f[at.T_ARRIVAL])
        devices, share = int(i[at.T_DEVICES]), int(i[at.T_SHARE]) / at.DEVICE
        values |= {
            "task.cpu": float(f[at.T_CPU]),
            "task.memory": float(f[at.T_MEMORY]),
            "task.accelerators": devices,
            "task.accelerator_share": share,
            "task.accelerator_demand": devices * share,
            "task.model_constrained": float(i[at.T_CONSTRAINED]),
            "task.bandwidth": float(f[at.T_BANDWIDTH]),
            "task.data_size": float(f[at.T_DATA]),
            "task.duration": float(f[at.T_REQUESTED]),
            "task.priority": float(f[at.T_PRIORITY]),
            "task.sla_latency": float(f[at.T_SLA]),
            "task.submit_time": float(f[at.T_ARRIVAL]),
            "task.dependents": float(f[at.T_DEPENDENTS]),
            "task.dominant_share": float(f[at.T_DOMINANT]),
            "task.wait": waited,
            "task.slack": float(f[at.T_SLA]) - waited,
            "task.attempts": sum(a.decision < self._decided for a in self._run.of_task.get(t, ())),
        }
        if "task.room" in self._read:
            values["task.room"] = room(self._instant(), t)
        if "task.predicted_duration" in self._read:
            values["task.predicted_duration"] = self._predicted(t)
        if "task.expected_start" in self._read:
            values["task.expected_start"] = expected_start(self._instant(), t)
        return values

    def _predicted(self, t: int) -> float:
        """Return `task.predicted_duration`: by the last two completed tasks of its user, at most the request."""
        tasks, task_i = self._run.scenario.tasks, self._run.encoded.problem.task_i
        requested = float(self._run.encoded.problem.task_f[t, at.T_REQUESTED])
        for column in (at.T_SIMILAR, at.T_USER):
            ended = sorted(
                (a.end, a.decision)
                for a in self._run.attempts
                if a.ending == "completed" and a.end <= self.now and a.decision < self._decided
                if task_i[t, column] and task_i[a.task, column] == task_i[t, column]
            )
            if ended:
                runs = [tasks[self._run.attempts[decision].task].duration for _, decision in ended[-2:]]
                return min(requested, sum(runs) / len(runs))
        return requested

    def _instant(self) -> Instant:
        running = [a for a in self._run.attempts if a.start <= self.now < a.end and a.decision < self._decided]
        return Instant(self._run, self.now, running)

    def _cluster(self) -> dict[str, float]:
        """Return the `cluster.*` features now."""
        run, scenario, running = self._run, self._run.scenario, self._instant().running
        held = [(a.node, scenario.tasks[a.task]) for a in running if a.node >= 0]
        cpu, memory = sum(n.cpu for n in scenario.nodes), sum(n.memory for n in scenario.nodes)
        devices = sum(n.accelerators for n in scenario.nodes)
        used = sum(t.accelerators * share_of(t.accelerator_share) for _, t in held)
        down = sum(down_since(run, n, self.now) is not None for n in range(len(scenario.nodes)))
        prices = [p for p in scenario.environmental_conditions.dynamic_pricing if p.node_id is None]
        factors = [p.factor for p in sorted(prices, key=lambda p: p.time) if p.time <= self.now]
        return {
            "cluster.time": self.now,
            "cluster.queue_length": len(self._waiting) + (self._head is not None),
            "cluster.running": len(running),
            "cluster.cpu_load": sum(t.cpu_required for _, t in held) / cpu if cpu else 0.0,
            "cluster.memory_load": sum(t.memory_required for _, t in held) / memory if memory else 0.0,
            "cluster.accelerator_load": used / at.DEVICE / devices if devices else 0.0,
            "cluster.price_factor": factors[-1] if factors else 1.0,
            "cluster.nodes_up": 1 - down / len(scenario.nodes) if scenario.nodes else 0.0,
            **(overview(self._instant()) if self._read & OVERVIEW else {}),
        }
