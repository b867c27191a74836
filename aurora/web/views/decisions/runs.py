"""A simulated run as data to draw: bars of placements, loads over time, sums, and what was not placed."""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.quantities import with_unit
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.history import Attempt, History
from aurora.sim.explain.waits import waits
from aurora.sim.measures import measures_of
from aurora.sim.policies.policy import Policy
from aurora.sim.report import Placement, SimulationReport, report_outcome
from aurora.sim.scenarios.scenario import Node, Scenario, path_name
from aurora.web.views.decisions.sources import Opened

BINS = 120
"""Stretches of time of a map of loads."""
RUNS_KEPT, BYTES_KEPT = 3, 400_000_000
"""Most runs whose history is kept for the next question, and most bytes of their traces."""
AT_ONCE = 2
"""Runs that are simulated at the same time."""

Resource = Literal["cpu", "memory", "accelerators"]
Ending = Literal["completed", "late", "node_failed", "battery_empty"]
Tell = Callable[[str], None]
"""Receives the step that is under way."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A policy on a scenario, simulated and traced.

    Attributes:
        scenario_key, policy_key: Keys of both.
        history: All attempts and decisions.
        report: Sums, scores and placements.
        notes: What the scenario assumes or leaves out.
    """

    scenario_key: str
    policy_key: str
    history: History
    report: SimulationReport
    notes: tuple[str, ...] = ()


class Bar(NamedTuple):
    """A start of a task until its end.

    Attributes:
        task_id: The task.
        row: Number of its row.
        lane: Number of its lane in the row; bars of a lane don't overlap.
        start, end: Seconds.
        ending: How it ended.
        attempt: Number of the start, from 1.
    """

    task_id: str
    row: int
    lane: int
    start: float
    end: float
    ending: Ending
    attempt: int


class Row(NamedTuple):
    """A node, or a path of flows.

    Attributes:
        name: Its name.
        lanes: Lanes that its bars need.
        tasks: Number of its bars.
        is_node: False for a path.
    """

    name: str
    lanes: int
    tasks: int
    is_node: bool


class Chart(NamedTuple):
    """Placements over time.

    Attributes:
        rows: Rows from the top; nodes without tasks are left out.
        bars: Bars in the order of decisions.
        end: Last moment, seconds.
        idle: Nodes without tasks.
    """

    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    end: float
    idle: tuple[str, ...]


class Loads(NamedTuple):
    """Used shares of a resource over time.

    Attributes:
        nodes: Nodes that have the resource.
        edges: Borders of the stretches of time, seconds, float64 [bins + 1].
        shares: Mean used share, float64 [nodes, bins].
    """

    nodes: tuple[str, ...]
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]


class Overview(NamedTuple):
    """A run in sum.

    Attributes:
        scenario_id, policy_id: Names of both.
        about: Description of the scenario.
        measures: Names and values with units.
        tasks, placed, late: Numbers of tasks.
        not_completed: Tasks that did not complete, with the reason.
        notes: What the scenario assumes or leaves out.
        resources: Resources of which nodes have some.
    """

    scenario_id: str
    policy_id: str
    about: str
    measures: tuple[tuple[str, str], ...]
    tasks: int
    placed: int
    late: int
    not_completed: tuple[Placement, ...]
    notes: tuple[str, ...]
    resources: tuple[Resource, ...]


class TaskRow(NamedTuple):
    """A task in the list of a run or of a node.

    Attributes:
        task_id: Its id.
        where: Its last node or path; empty: none.
        arrival, start, finish: Seconds; None: never.
        wait: Seconds until its last start; None: never started.
        state: completed, late, or why it did not complete.
        reason: Why it did not complete; empty: it did.
    """

    task_id: str
    where: str
    arrival: float
    start: float | None
    finish: float | None
    wait: float | None
    state: str
    reason: str


class Runs:
    """Simulates runs, and keeps the last few for the next question about them."""

    def __init__(self) -> None:
        self._kept: list[Run] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def get(self, opened: Opened, policy: Policy, policy_key: str, tell: Tell = lambda step: None) -> Run:
        """Return a run, simulated unless it is kept.

        Args:
            opened: The scenario.
            policy: The policy.
            policy_key: Its key.
            tell: Receives the step that is under way.

        Raises:
            PolicyError: An expression of the policy is not valid.
            ConstraintError: The policy's plan names what the scenario doesn't have.
            ScenarioError: The scenario can't be encoded.
        """
        kept = self._find(opened.scenario, policy)
        if kept is not None:
            return kept
        tell("Waiting for other simulations")
        with self._room:
            kept = self._find(opened.scenario, policy)
            if kept is not None:
                return kept
            tell(f"Simulating {len(opened.scenario.tasks):,} tasks; the first time after an update takes a minute")
            history = run_of(opened.scenario, policy)
            tell("Adding up")
            report = report_outcome(opened.scenario, policy, history.outcome)
            run = Run(opened.key, policy_key, history, report, opened.notes)
        with self._lock:
            self._kept = _newest([*self._kept, run])
            waits.cache_clear()  # it holds the histories that are dropped here
        return run

    def _find(self, scenario: Scenario, policy: Policy) -> Run | None:
        with self._lock:
            return next((r for r in self._kept if r.history.policy == policy and r.history.scenario == scenario), None)


def _newest(runs: list[Run]) -> list[Run]:
    """Return the newest runs, as many as may be kept; the last one in any case."""
    kept: list[Run] = []
    room = BYTES_KEPT
    for run in reversed(runs[-RUNS_KEPT:]):
        trace = run.history.outcome.trace
        room -= 0 if trace is None else trace.features.nbytes
        if kept and room < 0:
            break
        kept.insert(0, run)
    return kept


def overview(run: Run) -> Overview:
    """Return a run in sum."""
    report, scenario = run.report, run.history.scenario
    return Overview(
        scenario.scenario_id,
        report.outcome.policy_id,
        scenario.description,
        tuple((m.name, with_unit(m.read(report), m.unit)) for m in measures_of(report)),
        len(report.placements),
        sum(p.start is not None for p in report.placements),
        sum(p.is_late for p in report.placements),
        report.not_completed,
        run.notes,
        tuple(r for r in _FIELDS if any(getattr(n, r) > 0 for n in scenario.nodes)),
    )


def chart(run: Run) -> Chart:
    """Return the placements of a run over time, each node's bars in as few lanes as they need."""
    history, scenario = run.history, run.history.scenario
    late = {p.task_id for p in run.report.placements if p.is_late}
    names = [n.node_id for n in scenario.nodes]
    by_row: dict[tuple[int, str], list[Attempt]] = {}
    for a in history.attempts:
        name = names[a.node] if a.node >= 0 else path_name(scenario, history.outcome.paths[a.path])
        by_row.setdefault((a.node if a.node >= 0 else len(names), name), []).append(a)
    rows, bars = [], []
    for number, ((node, name), attempts) in enumerate(sorted(by_row.items())):
        lanes = _lanes(attempts)
        rows.append(Row(name, max(lanes) + 1, len(attempts), node < len(names)))
        for a, lane in zip(attempts, lanes, strict=True):
            task_id = scenario.tasks[a.task].task_id
            ending: Ending = "late" if a.ending == "completed" and task_id in late else a.ending
            bars.append(Bar(task_id, number, lane, a.start, a.end, ending, a.number))
    used = {row.name for row in rows}
    end = max((b.end for b in bars if math.isfinite(b.end)), default=0.0)
    return Chart(tuple(rows), tuple(bars), max(end, _last_arrival(scenario)), tuple(n for n in names if n not in used))


def _last_arrival(scenario: Scenario) -> float:
    return max((t.arrival_time for t in scenario.tasks), default=0.0)


def _lanes(attempts: Sequence[Attempt]) -> list[int]:
    """Return a lane for each attempt, the lowest that is free at its start."""
    order = sorted(range(len(attempts)), key=lambda k: (attempts[k].start, attempts[k].end))
    lanes = [0] * len(attempts)
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    count = 0
    for k in order:
        while busy and busy[0][0] <= attempts[k].start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            lanes[k] = heapq.heappop(free)
        else:
            lanes[k], count = count, count + 1
        heapq.heappush(busy, (attempts[k].end, lanes[k]))
    return lanes


_FIELDS: tuple[Resource, ...] = ("cpu", "memory", "accelerators")


def loads(run: Run, resource: Resource, bins: int = BINS) -> Loads:
    """Return the mean used share of a resource of every node that has it, over stretches of time.

    Args:
        run: The run.
        resource: The resource.
        bins: Number of stretches.
    """
    history, scenario = run.history, run.history.scenario
    end = max(chart_end(run), 1e-9)
    edges = np.linspace(0.0, end, bins + 1)
    rows = {k: n for k, n in enumerate(scenario.nodes) if getattr(n, resource) > 0}
    shares = np.zeros((len(rows), bins))
    for number, (k, node) in enumerate(rows.items()):
        held = np.zeros(bins)
        for a in history.of_node.get(k, ()):
            amount = _demand(scenario, a, resource)
            if amount > 0:
                held += amount * np.clip(np.minimum(a.end, edges[1:]) - np.maximum(a.start, edges[:-1]), 0.0, None)
        shares[number] = held / (getattr(node, resource) * (end / bins))
    return Loads(tuple(n.node_id for n in rows.values()), edges, shares)


def chart_end(run: Run) -> float:
    """Return the last moment of a run at which something ends or arrives, seconds."""
    ends = (a.end for a in run.history.attempts if math.isfinite(a.end))
    return max(max(ends, default=0.0), _last_arrival(run.history.scenario))


def node_series(run: Run, node_id: str, resource: Resource) -> tuple[tuple[float, float], ...]:
    """Return the used share of a node's resource as steps: times in seconds, each with the share from then on."""
    history, scenario = run.history, run.history.scenario
    found = _node(scenario, node_id)
    if found is None or getattr(found[1], resource) <= 0:
        return ()
    number, node = found
    changes: dict[float, float] = {0.0: 0.0}
    for a in history.of_node.get(number, ()):
        amount = _demand(scenario, a, resource)
        changes[a.start] = changes.get(a.start, 0.0) + amount
        if math.isfinite(a.end):
            changes[a.end] = changes.get(a.end, 0.0) - amount
    times = sorted(changes)
    levels = np.cumsum([changes[t] for t in times]) / getattr(node, resource)
    return tuple((t, max(0.0, float(v))) for t, v in zip(times, levels, strict=True))


def _node(scenario: Scenario, node_id: str) -> tuple[int, Node] | None:
    return next(((k, n) for k, n in enumerate(scenario.nodes) if n.node_id == node_id), None)


def _demand(scenario: Scenario, attempt: Attempt, resource: Resource) -> float:
    task = scenario.tasks[attempt.task]
    match resource:
        case "cpu":
            return task.cpu_required
        case "memory":
            return task.memory_required
        case _:
            return task.accelerators * task.accelerator_share


def task_rows(run: Run, where: str = "") -> tuple[TaskRow, ...]:
    """Return the tasks of a run, or those that started on a node or path at least once.

    Args:
        run: The run.
        where: Name of the node or path; empty: all tasks.
    """
    history, scenario = run.history, run.history.scenario
    if not where:
        return tuple(_task_row(run, p) for p in run.report.placements)
    found = _node(scenario, where)
    if found is not None:
        there = {a.task for a in history.of_node.get(found[0], ())}
    else:
        paths = history.outcome.paths
        there = {a.task for a in history.attempts if a.node < 0 and path_name(scenario, paths[a.path]) == where}
    return tuple(_task_row(run, p) for k, p in enumerate(run.report.placements) if k in there)


def _task_row(run: Run, p: Placement) -> TaskRow:
    scenario = run.history.scenario
    links = {l.link_id: k for k, l in enumerate(scenario.links)} if p.node_id is None and p.path else {}
    where = p.node_id or (path_name(scenario, tuple(links[l] for l in p.path or ())) if links else "")
    state = "late" if p.is_late else p.status
    return TaskRow(p.task_id, where, p.arrival, p.start, p.finish, p.wait, state, p.reason or "")
