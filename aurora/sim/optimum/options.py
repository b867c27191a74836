"""The options of each task with their least times and amounts, which bounds and solver share.

An option is a candidate that the task fits on when everything is free. Its times and amounts are the least at any
moment: without congestion, and with the cheapest start after the task can be ready. So a minimum over options is a
lower bound on the result of any simulation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter
from typing import NamedTuple

import numpy as np

from aurora.errors import ScenarioError
from aurora.quantities import JOULES_PER_KWH
from aurora.sim.kernel import EncodedScenario
from aurora.sim.kernel import layout as at
from aurora.sim.objectives import ObjectiveName
from aurora.sim.scenarios.scenario import CarbonChange, Node, PriceChange, Scenario, Task
from aurora.types import FloatArray

SECONDS_PER_HOUR = 3600.0
RESOURCES = 3
"""Number of resources by which idle power may be shared: cores, memory, device shares."""

_NOTHING = (0.0, 0.0, 0.0)


class Option(NamedTuple):
    """A candidate that a task fits on when everything is free.

    Attributes:
        node: Index of the node; -1 for a flow.
        path: Index into the scenario's paths; -1 without one.
        network: Network latency without congestion, seconds.
        hold: Time for which it holds its resources, network latency and execution, seconds.
        cost: Least cost, dollars.
        energy: Least energy that it accounts for, joules, if idle power is shared by cores, by memory or by devices.
        carbon: Least CO2 that it accounts for, grams, likewise.
    """

    node: int
    path: int
    network: float
    hold: float
    cost: float
    energy: tuple[float, float, float]
    carbon: tuple[float, float, float]


class TaskOptions(NamedTuple):
    """The options of a task, and its earliest start.

    Attributes:
        arrival: Arrival, seconds.
        ready: Earliest start, after the shortest chain of its dependencies, seconds.
        options: Options of the task, at least one.
    """

    arrival: float
    ready: float
    options: tuple[Option, ...]


def task_options(encoded: EncodedScenario) -> list[TaskOptions]:
    """Return every task's options, in the order of the scenario.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    scenario = encoded.scenario
    places = _places(encoded)
    conditions = scenario.environmental_conditions
    prices = [_over_time(n, n.price_per_hour / SECONDS_PER_HOUR, conditions.dynamic_pricing) for n in scenario.nodes]
    carbon = [
        _over_time(n, (n.carbon_intensity or 0.0) / JOULES_PER_KWH, conditions.dynamic_carbon) for n in scenario.nodes
    ]
    ready: dict[str, float] = {}
    done: dict[str, float] = {}
    by_task: dict[str, TaskOptions] = {}
    tasks = {t.task_id: t for t in scenario.tasks}
    numbers = {t.task_id: k for k, t in enumerate(scenario.tasks)}
    for name in TopologicalSorter({t.task_id: t.dependencies for t in scenario.tasks}).static_order():
        task = tasks[name]
        ready[name] = max([task.arrival_time, *(done[d] for d in task.dependencies)])
        options = tuple(
            _option(encoded, task, node, path, ready[name], prices, carbon) for node, path in places[numbers[name]]
        )
        if not options:
            where = "none of its allowed nodes" if task.allowed_nodes else "no node or path"
            raise ScenarioError(f"task {name} of {scenario.scenario_id} fits on {where} even when everything is free")
        done[name] = ready[name] + min(o.hold for o in options)
        by_task[name] = TaskOptions(task.arrival_time, ready[name], options)
    return [by_task[t.task_id] for t in scenario.tasks]


def down_times(scenario: Scenario) -> list[tuple[int, float, float]]:
    """Return (node, start, end) of every stretch in which a node is down, seconds; those of a node don't overlap."""
    numbers = {n.node_id: k for k, n in enumerate(scenario.nodes)}
    stretches = sorted(
        (numbers[f.node_id], f.start, math.inf if f.duration is None else f.start + f.duration)
        for f in scenario.environmental_conditions.node_failures
    )
    merged: list[tuple[int, float, float]] = []
    for n, start, end in stretches:
        if merged and merged[-1][0] == n and start <= merged[-1][2]:
            merged[-1] = (n, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((n, start, end))
    return merged


def least_costs(
    encoded: EncodedScenario, task: Task, options: Sequence[Option], earliest: FloatArray, latest: FloatArray
) -> FloatArray:
    """Return the least cost of several options for starts within ranges, dollars.

    Args:
        encoded: The scenario.
        task: The task.
        options: The options, at least one.
        earliest: Begin of each range, seconds.
        latest: End of each range, seconds; infinite: it has none.
    """
    scenario = encoded.scenario
    changes = scenario.environmental_conditions.dynamic_pricing
    if not changes or options[0].node < 0:
        return np.full(len(earliest), min(o.cost for o in options))
    prices: dict[tuple[object, ...], _RateOverTime] = {}
    costs: dict[tuple[object, ...], FloatArray] = {}
    for o in options:
        node = scenario.nodes[o.node]
        kind = (node.price_per_hour, tuple((c.time, c.factor) for c in changes if c.node_id == node.node_id))
        share = max(shares(task, node))
        links = encoded.paths[o.path] if o.path >= 0 else ()
        per_hour = task.bandwidth * sum(scenario.links[l].price_per_gbps_hour for l in links)
        if (kind, share, per_hour, o.hold) in costs:
            continue
        if kind not in prices:
            prices[kind] = _over_time(node, node.price_per_hour / SECONDS_PER_HOUR, changes)
        placed = prices[kind].least_within(earliest, latest, o.hold)
        costs[kind, share, per_hour, o.hold] = share * placed + per_hour * o.hold / SECONDS_PER_HOUR
    least: FloatArray = np.min(list(costs.values()), axis=0)
    return least


def most_amounts(encoded: EncodedScenario, every: Sequence[TaskOptions]) -> dict[ObjectiveName, float]:
    """Return upper limits of the amounts of a plan in which no attempt is lost; latency has none.

    Args:
        encoded: The scenario.
        every: Options of each task.
    """
    scenario = encoded.scenario
    conditions = scenario.environmental_conditions
    slower = max([1.0, *(c.factor for c in conditions.network_congestion)])
    dearer = max([1.0, *(c.factor for c in conditions.dynamic_pricing)])
    dirtier = max([1.0, *(c.factor for c in conditions.dynamic_carbon)]) / JOULES_PER_KWH
    cost = energy = carbon = 0.0
    for task, options in zip(scenario.tasks, every, strict=True):
        most = [0.0, 0.0, 0.0]
        for o in options.options:
            hold = o.hold + o.network * (slower - 1)
            links = encoded.paths[o.path] if o.path >= 0 else ()
            price = task.bandwidth * sum(scenario.links[l].price_per_gbps_hour for l in links)
            power = intensity = 0.0
            if o.node >= 0:
                node = scenario.nodes[o.node]
                part = shares(task, node)
                price += max(part) * node.price_per_hour * dearer
                power = node.idle_power + (node.full_power - node.idle_power) * part[0]
                intensity = (node.carbon_intensity or 0.0) * dirtier
            most = [
                max(m, hold * x)
                for m, x in zip(most, (price / SECONDS_PER_HOUR, power, power * intensity), strict=True)
            ]
        cost, energy, carbon = cost + most[0], energy + most[1], carbon + most[2]
    return {"latency": math.inf, "cost": cost, "energy": energy, "qos": float(len(every)), "carbon": carbon}


def shares(task: Task, node: Node) -> tuple[float, float, float]:
    """Return request over capacity for cores, memory and device shares; 0 where the node has none."""
    wanted = (task.cpu_required, task.memory_required, task.accelerators * task.accelerator_share)
    have = (node.cpu, node.memory, float(node.accelerators))
    cpu, memory, devices = (w / h if h else 0.0 for w, h in zip(wanted, have, strict=True))
    return cpu, memory, devices


def _places(encoded: EncodedScenario) -> list[list[tuple[int, int]]]:
    """Return (node, path) of every candidate that each task fits on when everything is free."""
    problem = encoded.problem
    every: list[list[tuple[int, int]]] = []
    for t, task in enumerate(encoded.scenario.tasks):
        route = problem.task_i[t, at.T_ROUTE]
        span = slice(problem.route_start[route], problem.route_start[route + 1])
        nodes, paths = problem.candidate_node[span], problem.candidate_path[span]
        every.append(
            [(n, p) for n, p in zip(nodes.tolist(), paths.tolist(), strict=True) if _fits(encoded, task, n, p)]
        )
    return every


def _fits(encoded: EncodedScenario, task: Task, n: int, p: int) -> bool:
    if p >= 0 and encoded.problem.path_f[at.P_BANDWIDTH, p] + at.TOLERANCE < task.bandwidth:
        return False
    if n < 0:
        return True
    node = encoded.scenario.nodes[n]
    if task.accelerators and (
        node.accelerators < task.accelerators
        or (task.accelerator_models and node.accelerator_model not in task.accelerator_models)
    ):
        return False
    return node.cpu + at.TOLERANCE >= task.cpu_required and node.memory + at.TOLERANCE >= task.memory_required


def _option(
    encoded: EncodedScenario,
    task: Task,
    n: int,
    p: int,
    ready: float,
    prices: Sequence[_RateOverTime],
    intensities: Sequence[_RateOverTime],
) -> Option:
    scenario, network, per_hour = encoded.scenario, 0.0, 0.0
    if p >= 0:
        width = task.bandwidth or float(encoded.problem.path_f[at.P_BANDWIDTH, p])
        network = float(encoded.problem.path_f[at.P_LATENCY, p]) + 8 * task.data_size / width
        per_hour = task.bandwidth * sum(scenario.links[l].price_per_gbps_hour for l in encoded.paths[p])
    if n < 0:
        hold = network + task.duration
        return Option(n, p, network, hold, per_hour * hold / SECONDS_PER_HOUR, _NOTHING, _NOTHING)
    node = scenario.nodes[n]
    hold = network + task.duration / node.speed
    part = shares(task, node)
    cost = max(part) * prices[n].least(ready, hold) + per_hour * hold / SECONDS_PER_HOUR
    full = (node.full_power - node.idle_power) * part[0] * hold
    by_cores, by_memory, by_devices = (full + node.idle_power * share * hold for share in part)
    energy = (by_cores, by_memory, by_devices)
    return Option(n, p, network, hold, cost, energy, _carbon(energy, hold, intensities[n].least(ready, hold)))


def _carbon(energy: tuple[float, float, float], hold: float, least: float) -> tuple[float, float, float]:
    """Return the least CO2, grams: the constant power of a task times the least integral of the intensity."""
    if not least:
        return _NOTHING
    cores, memory, devices = (joules / hold * least for joules in energy)
    return cores, memory, devices


def _over_time(node: Node, rate: float, changes: Iterable[PriceChange | CarbonChange]) -> _RateOverTime:
    """Return a rate of a node with the changes that apply to it."""
    return _RateOverTime(rate, [(c.time, c.factor) for c in changes if c.node_id in (None, node.node_id)])


class _RateOverTime:
    """A price or carbon intensity over time, per second or per joule."""

    def __init__(self, rate: float, changes: Sequence[tuple[float, float]]) -> None:
        changes = sorted(changes, key=lambda change: change[0])  # stable: at one instant the last change holds
        self._times: FloatArray = np.array([0.0, *(time for time, _ in changes)])
        self._rates = rate * np.array([1.0, *(factor for _, factor in changes)])
        self._paid = np.concatenate([[0.0], np.cumsum(np.diff(self._times) * self._rates[:-1])])

    def least(self, ready: float, hold: float) -> float:
        """Return the least integral of the rate over `hold` seconds from any moment after `ready`.

        The integral is piecewise linear in the start, so it is least where a change begins or ends it.
        """
        if len(self._times) == 1:
            return float(self._rates[0] * hold)
        starts = np.maximum(np.concatenate([[ready], self._times, self._times - hold]), ready)
        return float((self._until(starts + hold) - self._until(starts)).min())

    def least_within(self, earliest: FloatArray, latest: FloatArray, hold: float) -> FloatArray:
        """Return the least integrals of the rate over `hold` seconds from any moment of each range."""
        last = np.maximum(earliest, np.minimum(latest, self._times[-1]))
        kinks = np.concatenate([self._times, self._times - hold])
        starts = np.clip(kinks[:, None], earliest, last)
        starts = np.concatenate([starts, earliest[None], last[None]])
        least: FloatArray = (self._until(starts + hold) - self._until(starts)).min(axis=0)
        return least

    def _until(self, times: FloatArray) -> FloatArray:
        k = np.searchsorted(self._times, times, side="right") - 1
        paid: FloatArray = self._paid[k] + self._rates[k] * (times - self._times[k])
        return paid
