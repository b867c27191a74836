"""A relaxation of a scenario in which tasks choose a place and a range of start times, and share pooled resources.

A column is a task on a pool of nodes (or on a path) that starts within a range of times. Its latency, cost and energy
are the least of all starts in the range, and it uses resources only while every one of them would. So every schedule
is a choice of columns with no larger amounts. A pool holds nodes of one kind and site; dependencies count only in the
earliest starts, and congestion, patience and batteries are left out. All this can only lower the amounts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.objectives import OBJECTIVES, ObjectiveName
from aurora.sim.optimum.options import RESOURCES, Option, TaskOptions, down_times, least_costs, shares
from aurora.sim.optimum.packing import packed
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Scenario, Task
from aurora.types import FloatArray

RANGES = 48
"""Number of ranges of starts of a task on a pool: its earliest start, then ever longer waits."""
GROWTH = 1.1
"""Length of a range over that of the one before."""
SHORTEST_WINDOW = 0.5
"""Least span of all ranges but the last, in median lengths of a task."""
SLOTS = 160
"""Number of slots of time that have prices of their own."""
MOST_COLUMNS = 240_000
"""Number of columns above which nodes are pooled by kind alone, without their site."""
SLA_TOLERANCE = 1e-6
"""Tolerance of SLAs, seconds."""

IntArray = NDArray[np.int64]


class Pools(NamedTuple):
    """Resources that tasks share: a pool is nodes of one kind, or a link.

    Attributes:
        idle: [pools] watts of a node that hosts a task; 0 for links.
        links: Number of links, which come first.
        first: [pools + 1] first row of each pool. A row is a resource of a pool, counted in nodes: by shares of a
            node, or by what tasks count of it when they are packed whole.
        up: [pools, slots] node-seconds within the slot that are not lost to failures.
    """

    idle: FloatArray
    links: int
    first: IntArray
    up: FloatArray


class Relaxation(NamedTuple):
    """The columns of all tasks, padded to the same number for each; padding has infinite latency.

    Attributes:
        amounts: [objectives, tasks, columns] amounts in the order of the table: seconds, dollars, joules, tasks, grams.
        begin, end: [tasks, columns] stretch in which the column surely holds its resources, seconds.
        later: [tasks, columns] seconds for which it holds them at an unknown time after `begin`; 0 but for the last
            range.
        pool: [tasks, columns] pool of its node; -1 for flows.
        rows, used: [tasks, columns, uses] rows that it uses and the share of a node in each; 0 where it uses none.
        edges: [slots + 1] edges of the slots, seconds.
        pools: The pools.
    """

    amounts: FloatArray
    begin: FloatArray
    end: FloatArray
    later: FloatArray
    pool: IntArray
    rows: IntArray
    used: FloatArray
    edges: FloatArray
    pools: Pools


class _Measure(NamedTuple):
    """A measure of a resource of a pool: shares of a node, or what tasks count of it when they are packed whole."""

    pool: int
    resource: int
    is_packed: bool


class _Use(NamedTuple):
    """What a task on a pool uses under a measure, in nodes."""

    measure: _Measure
    share: float


class _Way(NamedTuple):
    """A task on a pool, or on a path: options that differ in nothing that the relaxation knows."""

    pool: int
    options: list[Option]
    network: float
    hold: float
    uses: tuple[_Use, ...]


def relaxation(encoded: EncodedScenario, every: Sequence[TaskOptions]) -> Relaxation:
    """Return the relaxation of a scenario.

    Args:
        encoded: The scenario.
        every: Options of each task.
    """
    sites = [n.site for n in encoded.scenario.nodes]
    apart = sum(len({(sites[o.node], o.hold) if o.node >= 0 else o.path for o in e.options}) for e in every)
    ways, members = _ways(encoded, every, by_site=apart * RANGES <= MOST_COLUMNS)
    links = len(encoded.scenario.links)
    row_of, first = _rows(ways, links, len(members))
    idle = np.array([encoded.scenario.nodes[m[0]].idle_power if m else 0.0 for m in members])
    hold = float(np.median([min(o.hold for o in e.options) for e in every]))
    waits = _ranges(max(_longest_wait(encoded, every), SHORTEST_WINDOW * hold, SLA_TOLERANCE))
    size = max(map(len, ways)) * len(waits)
    uses = [[[(row_of[u.measure], u.share) for u in w.uses if u.measure in row_of] for w in row] for row in ways]
    width = max(1, *(len(u) for row in uses for u in row))
    shape = (len(every), size)
    # Idle power is shared by one resource for all tasks, else a sum over them would be no lower bound.
    carbon_by = max(range(RESOURCES), key=lambda r: sum(min(o.carbon[r] for o in e.options) for e in every))
    amounts = np.zeros((len(OBJECTIVES), *shape))
    amounts[0] = math.inf
    begin, end, later = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    pool = np.full(shape, -1)
    rows, used = np.zeros((*shape, width), dtype=np.int64), np.zeros((*shape, width))
    for t, (options, row) in enumerate(zip(every, ways, strict=True)):
        task = encoded.scenario.tasks[t]
        for k, way in enumerate(row):
            span = slice(k * len(waits), (k + 1) * len(waits))
            earliest = options.ready + waits
            latest = np.append(earliest[1:], math.inf)
            latest[0] = options.ready  # the first column starts at once
            amounts[:, t, span] = _amounts(encoded, task, options, way, earliest, latest, carbon_by)
            pool[t, span] = way.pool
            begin[t, span] = np.minimum(latest, earliest + way.hold)
            end[t, span] = earliest + way.hold
            last = span.stop - 1
            begin[t, last] = end[t, last] = earliest[-1]
            later[t, last] = way.hold
            for u, (r, share) in enumerate(uses[t][k]):
                rows[t, span, u], used[t, span, u] = r, share
    edges = np.linspace(float(begin.min()), max(float(end.max()), float(begin.min()) + 1e-6), SLOTS + 1)
    return Relaxation(
        amounts, begin, end, later, pool, rows, used, edges, Pools(idle, links, first, _up(encoded, members, edges))
    )


def _amounts(
    encoded: EncodedScenario,
    task: Task,
    options: TaskOptions,
    way: _Way,
    earliest: FloatArray,
    latest: FloatArray,
    carbon_by: int,
) -> FloatArray:
    """Return the amounts [objectives, ranges] of a task on a way, without the idle power of its node."""
    latency = earliest - options.arrival + way.network
    limit = math.inf if task.sla_latency_ms is None else task.sla_latency_ms / 1000
    cost = least_costs(encoded, task, way.options, earliest, latest)
    carbon = min(o.carbon[carbon_by] for o in way.options)
    energy = 0.0
    if way.pool >= 0 and way.options[0].node >= 0:
        node = encoded.scenario.nodes[way.options[0].node]
        energy = (node.full_power - node.idle_power) * shares(task, node)[0] * way.hold
    late = (latency > limit + SLA_TOLERANCE).astype(float)
    by_name: dict[ObjectiveName, FloatArray | float] = {
        "latency": latency,
        "cost": cost,
        "energy": energy,
        "qos": late,
        "carbon": carbon,
    }
    return np.array([np.broadcast_to(by_name[o.name], earliest.shape) for o in OBJECTIVES])


def _ranges(window: float) -> FloatArray:
    """Return the waits at which ranges begin, seconds; the last has no end."""
    edges = np.concatenate([[0.0], np.cumsum(GROWTH ** np.arange(RANGES - 2))])
    return np.concatenate([[0.0], edges / edges[-1] * window])


def _longest_wait(encoded: EncodedScenario, every: Sequence[TaskOptions]) -> float:
    """Return the longest wait under a good reference, seconds."""
    start = run(encoded, compile_policy(REFERENCES["fastest"])).tasks.start
    waits = start - np.array([options.ready for options in every])
    return float(np.max(waits[np.isfinite(waits)], initial=0.0))


def _kind(scenario: Scenario, node: Node) -> tuple[object, ...]:
    """Return all that tells nodes apart but their names and sites."""
    conditions = scenario.environmental_conditions
    return (
        *(node.cpu, node.memory, node.accelerators, node.accelerator_model, node.speed),
        *(node.idle_power, node.full_power, node.price_per_hour, node.carbon_intensity),
        tuple(c for c in conditions.dynamic_pricing if c.node_id == node.node_id),
        tuple(c for c in conditions.dynamic_carbon if c.node_id == node.node_id),
    )


def _ways(
    encoded: EncodedScenario, every: Sequence[TaskOptions], *, by_site: bool
) -> tuple[list[list[_Way]], list[list[int]]]:
    """Return the ways of every task, and the nodes of every pool; links come first, and have none."""
    scenario = encoded.scenario
    links = len(scenario.links)
    pools: dict[tuple[object, ...], int] = {}
    members: list[list[int]] = [[] for _ in range(links)]
    pool_of = []
    for n, node in enumerate(scenario.nodes):
        place = pools.setdefault((_kind(scenario, node), node.site if by_site else None), links + len(pools))
        if place == len(members):
            members.append([])
        members[place].append(n)
        pool_of.append(place)
    ways = []
    for task, options in zip(scenario.tasks, every, strict=True):
        grouped: dict[tuple[int, int], list[Option]] = {}
        for o in options.options:
            grouped.setdefault((pool_of[o.node], -1) if o.node >= 0 else (-1, o.path), []).append(o)
        ways.append([_way(encoded, task, place, of) for (place, _), of in grouped.items()])
    return ways, members


def _way(encoded: EncodedScenario, task: Task, pool: int, options: list[Option]) -> _Way:
    uses: list[_Use] = []
    if pool >= 0:
        node = encoded.scenario.nodes[options[0].node]
        for r, (share, capacity) in enumerate(zip(shares(task, node), (node.cpu, node.memory, 1.0), strict=True)):
            uses += _uses(pool, r, share, capacity)
    paths = {encoded.paths[o.path] if o.path >= 0 else () for o in options} if task.bandwidth else set()
    if len(paths) == 1:
        for link in next(iter(paths)):
            capacity = encoded.scenario.links[link].bandwidth
            uses += _uses(link, 0, task.bandwidth / capacity, capacity)
    network, hold = min(o.network for o in options), min(o.hold for o in options)
    return _Way(pool, options, network, hold, tuple(uses))


def _uses(pool: int, resource: int, share: float, capacity: float) -> list[_Use]:
    """Return what a task with a share of a resource uses under each measure."""
    if share <= 0:
        return []
    plain = _Use(_Measure(pool, resource, is_packed=False), share)
    whole = _Use(_Measure(pool, resource, is_packed=True), packed(share, capacity))
    return [plain, whole] if whole.share > 0 else [plain]


def _rows(ways: Sequence[Sequence[_Way]], links: int, pools: int) -> tuple[dict[_Measure, int], IntArray]:
    """Return the row of each measure, and the first row of each pool.

    Measures under which no task counts more than its share tell nothing new and have no row.
    """
    kept = {_Measure(g, r, is_packed=False) for g in range(pools) for r in range(1 if g < links else RESOURCES)}
    for way in (w for row in ways for w in row):
        plain = {u.measure: u.share for u in way.uses}
        kept |= {u.measure for u in way.uses if u.share > plain[u.measure._replace(is_packed=False)]}
    row_of = {measure: k for k, measure in enumerate(sorted(kept))}
    counts = np.bincount([m.pool for m in row_of], minlength=pools)
    return row_of, np.concatenate([[0], np.cumsum(counts)])


def _up(encoded: EncodedScenario, members: Sequence[Sequence[int]], edges: FloatArray) -> FloatArray:
    """Return the node-seconds [pools, slots] that are not lost to failures; a link counts as one node."""
    length = np.diff(edges)
    up = np.array([max(1, len(m)) * length for m in members]).reshape(len(members), len(length))
    pool_of = {n: k for k, m in enumerate(members) for n in m}
    for n, start, end in down_times(encoded.scenario):
        up[pool_of[n]] -= np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None)
    left: FloatArray = np.maximum(up, 0.0)
    return left
