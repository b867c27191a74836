"""Checks a plan against the hard constraints, and measures by how much each is broken."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from aurora.sim.kernel import EncodedScenario
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.planned import planned_candidates
from aurora.sim.optimum.options import down_times
from aurora.sim.policies.policy import PlannedTask
from aurora.sim.scenarios.scenario import Scenario, Task

TOLERANCE = 1e-6
"""Amount by which a plan may break a constraint: seconds, cores, GiB, devices or Gbit/s."""

Constraint = Literal[
    "unplanned",
    "arrival",
    "dependency",
    "patience",
    "model",
    "node_down",
    "cpu",
    "memory",
    "accelerators",
    "bandwidth",
]


class Violation(NamedTuple):
    """A hard constraint that a plan breaks.

    Attributes:
        constraint: Name of the constraint.
        where: Id of the node or link; "" if it is about the task alone.
        tasks: Ids of the tasks involved.
        time: Time at which it is first broken, seconds.
        amount: Amount by which it is broken: seconds, cores, GiB, devices or Gbit/s.
        message: Sentence for people.
    """

    constraint: Constraint
    where: str
    tasks: tuple[str, ...]
    time: float
    amount: float
    message: str


class _Stay(NamedTuple):
    """A planned task, with what it holds from `start` to `end`."""

    task: Task
    start: float
    end: float
    node: int
    links: tuple[int, ...]


def violations(encoded: EncodedScenario, plan: tuple[PlannedTask, ...]) -> list[Violation]:
    """Return all hard constraints that a plan breaks, in the order of time.

    SLAs are goals, not constraints. Shares of devices are added up. The simulation checks batteries, and whether a
    fraction finds a single device.

    Args:
        encoded: The scenario.
        plan: One line for each task.

    Raises:
        ConstraintError: The plan names an unknown task, node or path, or a task twice.
    """
    scenario = encoded.scenario
    stays = _stays(encoded, plan)
    broken = [
        Violation("unplanned", "", (t.task_id,), t.arrival_time, 1.0, f"task {t.task_id} is not in the plan")
        for t in scenario.tasks
        if t.task_id not in stays
    ]
    for stay in stays.values():
        broken += _own(scenario, stay, stays)
    broken += _while_down(scenario, stays.values())
    broken += _overloads(scenario, stays.values())
    return sorted(broken, key=lambda v: (v.time, v.constraint, v.where, v.tasks))


def _stays(encoded: EncodedScenario, plan: tuple[PlannedTask, ...]) -> dict[str, _Stay]:
    scenario, problem = encoded.scenario, encoded.problem
    stays = {}
    for (t, candidate), line in zip(planned_candidates(encoded, plan).items(), plan, strict=True):
        task, start = scenario.tasks[t], line.start
        place = int(problem.route_start[problem.task_i[t, at.T_ROUTE]]) + candidate
        node, path = int(problem.candidate_node[place]), int(problem.candidate_path[place])
        links = encoded.paths[path] if path >= 0 else ()
        speed = scenario.nodes[node].speed if node >= 0 else 1.0
        end = start + _network(scenario, task, links, start) + task.duration / speed
        stays[task.task_id] = _Stay(task, start, end, node, links)
    return stays


def _network(scenario: Scenario, task: Task, links: tuple[int, ...], time: float) -> float:
    """Return the network latency of a path at a time, seconds (docs/reference/kernel.md, Placement)."""
    if not links:
        return 0.0
    path = [scenario.links[l] for l in links]
    factor = max(
        (
            c.factor
            for c in scenario.environmental_conditions.network_congestion
            if c.start <= time < c.start + c.duration and (c.link_id is None or c.link_id in {l.link_id for l in path})
        ),
        default=1.0,
    )
    width = task.bandwidth or min(l.bandwidth for l in path)
    return (sum(l.latency_ms for l in path) / 1000 + 8 * task.data_size / width) * factor


def _own(scenario: Scenario, stay: _Stay, stays: Mapping[str, _Stay]) -> list[Violation]:
    """Return the constraints that a task breaks by itself."""
    task, broken = stay.task, []
    early = task.arrival_time - stay.start
    if early > TOLERANCE:
        text = f"task {task.task_id} starts {early:g} s before it arrives"
        broken.append(Violation("arrival", "", (task.task_id,), stay.start, early, text))
    for parent in task.dependencies:
        early = stays[parent].end - stay.start if parent in stays else math.inf
        if early > TOLERANCE:
            text = f"task {task.task_id} starts {early:g} s before {parent}, on which it depends, has ended"
            broken.append(Violation("dependency", "", (task.task_id, parent), stay.start, early, text))
    late = stay.start - task.arrival_time - (math.inf if task.patience is None else task.patience)
    if late > TOLERANCE or (late >= 0 and task.patience):  # at the end of its patience a task leaves
        text = f"task {task.task_id} has left when it would start: its patience ended {late:g} s earlier"
        broken.append(Violation("patience", "", (task.task_id,), stay.start, late, text))
    if stay.node >= 0 and task.accelerators and task.accelerator_models:
        node = scenario.nodes[stay.node]
        if node.accelerator_model not in task.accelerator_models:
            text = f"task {task.task_id} may not use the devices of {node.node_id} ({node.accelerator_model})"
            broken.append(Violation("model", node.node_id, (task.task_id,), stay.start, float(task.accelerators), text))
    return broken


def _while_down(scenario: Scenario, stays: Iterable[_Stay]) -> list[Violation]:
    broken = []
    for n, begin, end in down_times(scenario):
        for stay in stays:
            shared = min(stay.end, end) - max(stay.start, begin)
            if stay.node == n and shared > TOLERANCE:
                name = scenario.nodes[n].node_id
                text = f"task {stay.task.task_id} needs {name}, which is down from {begin:g} s to {end:g} s"
                broken.append(Violation("node_down", name, (stay.task.task_id,), max(stay.start, begin), shared, text))
    return broken


def _overloads(scenario: Scenario, stays: Iterable[_Stay]) -> list[Violation]:
    """Return the worst moment of every overloaded resource."""
    users: dict[tuple[Constraint, int], list[tuple[_Stay, float]]] = {}
    for stay in stays:
        t = stay.task
        if stay.node >= 0:
            devices = t.accelerators * t.accelerator_share
            asks: tuple[tuple[Constraint, float], ...] = (
                ("cpu", t.cpu_required),
                ("memory", t.memory_required),
                ("accelerators", devices),
            )
            for what, amount in asks:
                if amount:
                    users.setdefault((what, stay.node), []).append((stay, amount))
        for link in stay.links if t.bandwidth else ():
            users.setdefault(("bandwidth", link), []).append((stay, t.bandwidth))
    overloads = []
    for (what, index), held in sorted(users.items()):
        where, capacity, unit = _capacity(scenario, what, index)
        time, used = _peak(held)
        if used > capacity + TOLERANCE:
            names = tuple(s.task.task_id for s, _ in held if s.start <= time < s.end)
            text = f"{where} would hold {used:g} {unit} at {time:g} s and has {capacity:g}: {', '.join(names)}"
            overloads.append(Violation(what, where, names, time, used - capacity, text))
    return overloads


def _capacity(scenario: Scenario, what: Constraint, index: int) -> tuple[str, float, str]:
    if what == "bandwidth":
        return scenario.links[index].link_id, scenario.links[index].bandwidth, "Gbit/s"
    node = scenario.nodes[index]
    if what == "cpu":
        return node.node_id, node.cpu, "cores"
    if what == "memory":
        return node.node_id, node.memory, "GiB"
    return node.node_id, float(node.accelerators), "devices"


def _peak(held: list[tuple[_Stay, float]]) -> tuple[float, float]:
    """Return (time, amount) of the peak; tasks that end within the tolerance are released first."""
    changes = sorted([(s.start + TOLERANCE, 1, a) for s, a in held] + [(s.end, 0, -a) for s, a in held])
    used, peak, when = 0.0, 0.0, 0.0
    for time, _, amount in changes:
        used += amount
        if used > peak + 1e-12:
            peak, when = used, time
    return when, peak
