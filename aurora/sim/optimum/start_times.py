"""A linear program over start times; its optimum bounds mean latency and the number of violations.

It is time-indexed (Dyer & Wolsey, Discrete Applied Mathematics 26, 1990): a variable is the share of a task that starts
in a time slot on a kind of node or on a path. A start has the latency of the slot's beginning, and uses resources only
where every start within the slot would. So every schedule is a solution whose objective is no higher than its own, and
the optimum is a bound for any slot length. Nodes of one kind are pooled; congestion and the links between tasks and
nodes are left out. All this can only lower the bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.optimum.options import RESOURCES, Option, TaskOptions, down_times
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Task

MOST_COLUMNS = 10_000
"""Largest number of variables of the program; the slot length follows from it."""
MOST_ENTRIES = 200_000
"""Largest number of entries of its matrix, likewise."""
MOST_SLOTS = 200
"""Largest number of slots in which a task may start, likewise."""
LAST_SLOT = 2.0**50
"""Number of the last slot; with later tasks, the bounds of tasks that run alone are returned."""
TOLERANCE = 1e-6
"""Tolerance of SLAs in seconds, and of the number of violations before it is rounded up."""


def least_latency_and_violations(encoded: EncodedScenario, every: Sequence[TaskOptions]) -> tuple[float, int]:
    """Return lower bounds on the mean latency (seconds) and the violations of plans that complete every task.

    Args:
        encoded: The scenario.
        every: Options of each task.
    """
    pools = _pools(encoded, every)
    nearest = np.array([min(w.network for w in ways) for ways in pools.ways])
    alone = np.array([options.ready - options.arrival for options in every]) + nearest
    limits = np.array(
        [math.inf if t.sla_latency_ms is None else t.sla_latency_ms / 1000 for t in encoded.scenario.tasks]
    )
    certain = int((alone > limits + TOLERANCE).sum())
    window = _longest_wait(encoded, every)
    if window <= 0:
        return float(alone.mean()), certain
    slot = _slot_length(pools, window)
    latest = max(options.ready for options in every) + window + max(way.hold for ways in pools.ways for way in ways)
    if not any(way.uses for ways in pools.ways for way in ways) or latest / slot > LAST_SLOT:
        return float(alone.mean()), certain
    program = _program(pools, every, window, slot)
    latency = _minimum(program, program.latency) / len(every)
    late = program.latency > limits[program.task] + TOLERANCE
    violations = _minimum(program, late.astype(float)) - TOLERANCE * len(every) if late.any() else 0.0
    return max(latency, float(alone.mean())), math.ceil(max(certain, violations))


def _longest_wait(encoded: EncodedScenario, every: Sequence[TaskOptions]) -> float:
    """Return the longest wait under a good reference, seconds; the program has slots up to that wait."""
    start = run(encoded, compile_policy(REFERENCES["fastest"])).tasks.start
    waits = start - np.array([options.ready for options in every])
    return float(np.max(waits[np.isfinite(waits)], initial=0.0))


class _Way(NamedTuple):
    """A task on a kind of node, or on a path.

    Attributes:
        network: Network latency, seconds.
        hold: Time for which resources are held, seconds.
        uses: Pairs of resource and amount.
    """

    network: float
    hold: float
    uses: tuple[tuple[int, float], ...]


class _Pools(NamedTuple):
    """Resources that tasks share: bandwidth of each link; cores, memory and devices of each kind of node.

    Attributes:
        ways: Ways to run every task.
        capacity: Capacity of each resource when everything is up.
        outages: (start, end, amount) of each resource.
    """

    ways: list[list[_Way]]
    capacity: list[float]
    outages: list[list[tuple[float, float, float]]]


def _amounts(node: Node) -> tuple[float, float, float]:
    return node.cpu, node.memory, float(node.accelerators)


def _pools(encoded: EncodedScenario, every: Sequence[TaskOptions]) -> _Pools:
    scenario = encoded.scenario
    capacity = [link.bandwidth for link in scenario.links]
    links = len(capacity)
    block: dict[tuple[object, ...], int] = {}
    first: list[int] = []
    for node in scenario.nodes:
        kind = (node.cpu, node.memory, node.accelerators, node.accelerator_model, node.speed)
        if kind not in block:
            block[kind] = links + RESOURCES * len(block)
            capacity += [0.0] * RESOURCES
        first.append(block[kind])
        for r, amount in enumerate(_amounts(node)):
            capacity[block[kind] + r] += amount
    outages: list[list[tuple[float, float, float]]] = [[] for _ in capacity]
    for n, start, end in down_times(scenario):
        for r, amount in enumerate(_amounts(scenario.nodes[n])):
            outages[first[n] + r].append((start, end, amount))
    ways = [_ways(encoded, t, e.options, first) for t, e in zip(scenario.tasks, every, strict=True)]
    return _Pools(ways, capacity, outages)


def _ways(encoded: EncodedScenario, task: Task, options: Sequence[Option], first: Sequence[int]) -> list[_Way]:
    """Return one way for each kind of node, over the nearest node of the kind; for a flow one for each path."""
    wanted = (task.cpu_required, task.memory_required, task.accelerators * task.accelerator_share)
    best: dict[int, Option] = {}
    for o in options:
        place = first[o.node] if o.node >= 0 else -1 - o.path
        if place not in best or o.network < best[place].network:
            best[place] = o
    ways = []
    for place, o in best.items():
        if o.node >= 0:
            uses = [(place + r, amount) for r, amount in enumerate(wanted)]
        else:
            uses = [(link, task.bandwidth) for link in (encoded.paths[o.path] if o.path >= 0 else ())]
        ways.append(_Way(o.network, o.hold, tuple(u for u in uses if u[1] > 0)))
    return ways


class _Program(NamedTuple):
    """The program: minimise c x with uses x <= have, each task started once, x >= 0.

    Attributes:
        task, latency: Task and latency of each column (a task's start in a slot).
        uses: Sparse [resources in slots, columns], amounts times seconds.
        have: Capacity [resources in slots], amounts times seconds.
        started: Sparse [tasks, columns].
    """

    task: NDArray[np.int64]
    latency: NDArray[np.float64]
    uses: sparse.csr_array
    have: NDArray[np.float64]
    started: sparse.csr_array


def _minimum(program: _Program, costs: NDArray[np.float64]) -> float:
    """Return the optimum; minus infinity, also a bound, where numbers differ too much in size for HiGHS."""
    solved = linprog(
        costs,
        A_ub=program.uses,
        b_ub=program.have,
        A_eq=program.started,
        b_eq=np.ones(program.started.shape[0]),
        method="highs",
    )
    return float(solved.fun) if solved.status == 0 else -math.inf


def _slot_length(pools: _Pools, window: float) -> float:
    """Return the length of a slot, seconds; short slots give a better bound and a larger program."""
    ways = [way for ways in pools.ways for way in ways]
    seconds = sum(way.hold * len(way.uses) for way in ways)
    # The number of entries is (window / slot + 2) * seconds / slot; this slot length reaches the limit.
    by_entries = (seconds + math.sqrt(seconds**2 + MOST_ENTRIES * window * seconds)) / MOST_ENTRIES
    return max(window / MOST_SLOTS, window * len(ways) / MOST_COLUMNS, by_entries)


def _program(pools: _Pools, every: Sequence[TaskOptions], window: float, slot: float) -> _Program:
    task: list[NDArray[np.int64]] = []
    latency: list[NDArray[np.float64]] = []
    resource: list[NDArray[np.int64]] = []
    when: list[NDArray[np.int64]] = []
    column: list[NDArray[np.int64]] = []
    amount: list[NDArray[np.float64]] = []
    columns = 0
    for t, (options, ways) in enumerate(zip(every, pools.ways, strict=True)):
        first, last = math.floor(options.ready / slot), math.floor((options.ready + window) / slot)
        starts = np.arange(first, last + 1)
        earliest = np.maximum(starts * slot, options.ready)
        for way in ways:
            task.append(np.full(len(starts), t))
            latency.append(earliest - options.arrival + way.network)
            columns += len(starts)
            if not way.uses:
                continue
            # A start anywhere in its slot holds resources from the next slot on, until `earliest + hold`.
            later = np.arange(1, math.ceil(way.hold / slot) + 2)
            slots = starts[:, None] + later[None, :]
            seconds = np.clip((earliest + way.hold)[:, None] - slots * slot, 0, slot)
            place, which = np.nonzero(seconds)
            for r, need in way.uses:
                resource.append(np.full(len(place), r))
                when.append(slots[place, which])
                column.append(columns - len(starts) + place)
                amount.append(need * seconds[place, which])
        # A later start still counts in the latency, and uses nothing.
        task.append(np.array([t]))
        latency.append(np.array([(last + 1) * slot - options.arrival + min(w.network for w in ways)]))
        columns += 1
    slots_used = np.concatenate(when)
    first = slots_used.min(initial=0)
    span = slots_used.max(initial=0) - first + 1
    # One number for each pair of resource and slot: numpy sorts numbers much faster than pairs.
    pairs, row = np.unique(np.concatenate(resource) * span + slots_used - first, return_inverse=True)
    have = np.array([_seconds_up(pools, int(p // span), int(p % span + first) * slot, slot) for p in pairs])
    uses = sparse.csr_array((np.concatenate(amount), (row, np.concatenate(column))), (len(have), columns))
    tasks = np.concatenate(task)
    started = sparse.csr_array((np.ones(columns), (tasks, np.arange(columns))), (len(every), columns))
    return _Program(tasks, np.concatenate(latency), uses, have, started)


def _seconds_up(pools: _Pools, resource: int, begin: float, slot: float) -> float:
    """Return the capacity of a resource in a slot, amount times seconds."""
    lost = sum(
        amount * max(0.0, min(end, begin + slot) - max(start, begin)) for start, end, amount in pools.outages[resource]
    )
    return pools.capacity[resource] * slot - lost
