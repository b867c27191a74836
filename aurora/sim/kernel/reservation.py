"""The earliest time at which a waiting task has room, if running tasks end as they requested."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.fit import count_devices, node_fits, path_fits
from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import (
    C_NOW,
    K_RUNNING,
    NO_LIMIT,
    R_DEVICE_MASK,
    R_EXPECTED,
    R_NODE,
    R_PATH,
    S_CPU_FREE,
    S_FREE_SHARES,
    S_LINK_FREE,
    S_MEMORY_FREE,
    T_BANDWIDTH,
    T_CPU,
    T_DEVICES,
    T_MEMORY,
    T_PIN,
    T_ROUTE,
    T_SHARE,
)
from aurora.sim.kernel.queue import sort_by


@jitted
def _first_with_room(problem, state, t):
    """Return the lowest candidate of task `t` that has room for it, as an index into the lists; -1 if none has."""
    route = problem.task_i[t, T_ROUTE]
    first, last = problem.route_start[route], problem.route_start[route + 1]
    if problem.task_i[t, T_PIN] >= 0:
        first += problem.task_i[t, T_PIN]
        last = first + 1
    for c in range(first, last):
        node, path = problem.candidate_node[c], problem.candidate_path[c]
        if node >= 0 and not node_fits(problem, state, t, node):
            continue
        if path >= 0 and not path_fits(problem, state, t, path):
            continue
        return c
    return -1


@jitted
def earliest_room(problem, state, scratch, t):
    """Find the time at which a candidate of task `t` has room if all running tasks end as requested.

    The resources of running tasks are released in order of their requested ends until the task fits. Then everything is
    restored. `scratch.scores` and `scratch.others` are overwritten.

    Returns:
        The time, infinite if no end makes room, and the candidate, -1 then.
    """
    now = state.clock[C_NOW]
    count = state.counters[K_RUNNING]
    _copy(scratch.saved_f, state.node_f)
    _copy(scratch.saved_i, state.node_i)
    _copy(scratch.saved_devices, state.devices)
    _copy(scratch.saved_links, state.link_f)
    ends = scratch.scores
    for k in range(count):
        other = state.running[k]
        scratch.others[k] = other
        ends[other] = max(now, state.run_f[other, R_EXPECTED])
    sort_by(ends, scratch.others, count)
    time, found = np.inf, -1
    for k in range(count):
        other = scratch.others[k]
        _lift(problem, state, other)
        if k + 1 < count and ends[scratch.others[k + 1]] == ends[other]:
            continue
        found = _first_with_room(problem, state, t)
        if found >= 0:
            time = ends[other]
            break
    _copy(state.node_f, scratch.saved_f)
    _copy(state.node_i, scratch.saved_i)
    _copy(state.devices, scratch.saved_devices)
    _copy(state.link_f, scratch.saved_links)
    return time, found


@jitted
def expected_start(problem, state, scratch, t):
    """Return `task.expected_start`: 0 if a candidate has room now, `NO_LIMIT` if no end of a task makes room."""
    if _first_with_room(problem, state, t) >= 0:
        return 0.0
    time, _ = earliest_room(problem, state, scratch, t)
    return time - state.clock[C_NOW] if time < np.inf else NO_LIMIT


@jitted
def _copy(target, source):
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@jitted
def _lift(problem, state, t):
    """Release the resources of `t` for a look ahead: capacities only, without bookkeeping."""
    node, path = state.run_i[t, R_NODE], state.run_i[t, R_PATH]
    if node >= 0:
        state.node_f[S_CPU_FREE, node] += problem.task_f[t, T_CPU]
        state.node_f[S_MEMORY_FREE, node] += problem.task_f[t, T_MEMORY]
        share = problem.task_i[t, T_SHARE]
        if share > 0:
            mask = state.run_i[t, R_DEVICE_MASK]
            for d in range(state.devices.shape[1]):
                if (mask >> d) & 1:
                    state.devices[node, d] += share
            count_devices(state, node)
            state.node_i[S_FREE_SHARES, node] += problem.task_i[t, T_DEVICES] * share
    if path >= 0:
        for k in range(problem.path_start[path], problem.path_start[path + 1]):
            state.link_f[S_LINK_FREE, problem.path_links[k]] += problem.task_f[t, T_BANDWIDTH]
