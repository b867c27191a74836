"""The resources that a candidate lacks for a task, at a time or with everything free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from aurora.sim.explain.history import Attempt, History, free_shares
from aurora.sim.kernel import EncodedScenario
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import share_of
from aurora.sim.scenarios.scenario import Node, Task, path_name

Resource = Literal[
    "cpu",
    "memory",
    "accelerators",
    "accelerator_share",
    "model",
    "bandwidth",
    "node_down",
    "battery",
    "path",
    "not_allowed",
]
"""Resources that can be lacking: cores, GiB, whole idle devices, a share of one device, a device of an allowed model,
Gbit/s on a link; or the node is down, its battery is empty, no path leads there, or the task may not use it."""


class Place(NamedTuple):
    """A node, path or both on which a task may be placed.

    Attributes:
        node: Index of the node; -1 for a flow.
        path: Index into the scenario's paths; -1 without one.
    """

    node: int
    path: int


class Shortage(NamedTuple):
    """A resource of which a candidate has too little.

    Attributes:
        resource: Kind of resource.
        asked: Amount that the task asks for: cores, GiB, devices, a share of one device, or Gbit/s.
        free: Amount that the candidate has; for a path, the least of its links.
    """

    resource: Resource
    asked: float
    free: float


def places_of(encoded: EncodedScenario, task: int) -> list[Place]:
    """Return the candidates of a task in their order."""
    problem = encoded.problem
    route = problem.task_i[task, at.T_ROUTE]
    span = slice(problem.route_start[route], problem.route_start[route + 1])
    nodes, paths = problem.candidate_node[span].tolist(), problem.candidate_path[span].tolist()
    return [Place(n, p) for n, p in zip(nodes, paths, strict=True)]


def name_of(encoded: EncodedScenario, place: Place) -> str:
    """Return the name of a candidate: its node's id, or the sites along a flow's path."""
    if place.node >= 0:
        return encoded.scenario.nodes[place.node].node_id
    return path_name(encoded.scenario, encoded.paths[place.path] if place.path >= 0 else ())


def never_fits(encoded: EncodedScenario, task: int, place: Place) -> list[Shortage]:
    """Return the resources that a candidate lacks for a task even when everything is free and up."""
    asked, scenario = encoded.scenario.tasks[task], encoded.scenario
    lacking = []
    if place.node >= 0:
        node = scenario.nodes[place.node]
        lacking = on_node(asked, node, node.cpu, node.memory, [at.DEVICE] * node.accelerators)
    if place.path >= 0:
        widths = [scenario.links[l].bandwidth for l in encoded.paths[place.path]]
        lacking += on_path(asked, widths)
    return lacking


def shortages(run: History, task: int, place: Place, time: float, before: int | None = None) -> list[Shortage]:
    """Return the resources that a candidate lacks for a task at a time, after all events of that time.

    Args:
        run: The run.
        task: Index of the task.
        place: The candidate.
        time: Time, seconds.
        before: Number of the first decision that is not made yet; None if all decisions of that time are made.
    """
    scenario, asked = run.scenario, run.scenario.tasks[task]
    lacking: list[Shortage] = []
    if place.node >= 0:
        why = down_since(run, place.node, time)
        if why is not None:
            return [Shortage("node_down" if why == "node_failed" else "battery", 0.0, 0.0)]
        node = scenario.nodes[place.node]
        running = [a for a in run.of_node.get(place.node, ()) if is_active(a, time, before)]
        cpu = node.cpu - sum(scenario.tasks[a.task].cpu_required for a in running)
        memory = node.memory - sum(scenario.tasks[a.task].memory_required for a in running)
        devices = free_shares(scenario, place.node, running) if asked.accelerators else []
        lacking = on_node(asked, node, cpu, memory, devices)
    if place.path >= 0 and asked.bandwidth:
        lacking += on_path(asked, [link_free(run, l, time, before) for l in run.outcome.paths[place.path]])
    return lacking


def is_active(attempt: Attempt, time: float, before: int | None = None) -> bool:
    """Test whether an attempt holds resources at a time; `before` as in `shortages`."""
    return attempt.start <= time < attempt.end and (before is None or attempt.decision < before)


def link_free(run: History, link: int, time: float, before: int | None = None) -> float:
    """Return the free bandwidth of a link at a time, Gbit/s."""
    running = [a for a in run.of_link.get(link, ()) if is_active(a, time, before)]
    return run.scenario.links[link].bandwidth - sum(run.scenario.tasks[a.task].bandwidth for a in running)


def down_since(run: History, node: int, time: float) -> str | None:
    """Return the reason why a node is down at a time; None if it is up."""
    reasons = [reason for begin, until, reason in run.down.get(node, ()) if begin <= time < until]
    return None if not reasons else "battery_empty" if "battery_empty" in reasons else reasons[0]


def counted(lists: Iterable[Sequence[Shortage]]) -> dict[Resource, tuple[int, float, float]]:
    """Count, for each resource, the candidates that lack it; with the amount asked and the most that one has free.

    The resource that most candidates lack comes first; ties are in the order of names.
    """
    count: Counter[Resource] = Counter()
    asked: dict[Resource, float] = {}
    most: dict[Resource, float] = {}
    for lacking in lists:
        for s in lacking:
            count[s.resource] += 1
            asked[s.resource] = s.asked
            most[s.resource] = max(most.get(s.resource, s.free), s.free)
    return {r: (count[r], asked[r], most[r]) for r in sorted(count, key=lambda r: (-count[r], r))}


def on_node(asked: Task, node: Node, cpu: float, memory: float, devices: Sequence[int]) -> list[Shortage]:
    """Return what a task lacks on a node with so many free cores, GiB and parts of each device."""
    lacking = []
    if cpu + at.TOLERANCE < asked.cpu_required:
        lacking.append(Shortage("cpu", asked.cpu_required, _clean(cpu)))
    if memory + at.TOLERANCE < asked.memory_required:
        lacking.append(Shortage("memory", asked.memory_required, _clean(memory)))
    if not asked.accelerators:
        return lacking
    allowed = not asked.accelerator_models or node.accelerator_model in asked.accelerator_models
    share = share_of(asked.accelerator_share)
    idle = sum(f == at.DEVICE for f in devices)
    if node.accelerators and not allowed:
        lacking.append(Shortage("model", float(asked.accelerators), 0.0))
    elif share < at.DEVICE and max(devices, default=0) < share:
        lacking.append(Shortage("accelerator_share", share / at.DEVICE, max(devices, default=0) / at.DEVICE))
    elif share == at.DEVICE and idle < asked.accelerators:
        lacking.append(Shortage("accelerators", float(asked.accelerators), float(idle)))
    return lacking


def on_path(asked: Task, free: Sequence[float]) -> list[Shortage]:
    """Return what a task lacks on links with so much free bandwidth."""
    least = min(free, default=float("inf"))
    return [Shortage("bandwidth", asked.bandwidth, _clean(least))] if least + at.TOLERANCE < asked.bandwidth else []


def _clean(amount: float) -> float:
    """Return an amount without the rounding error of a sum."""
    return round(amount, 9) + 0.0
