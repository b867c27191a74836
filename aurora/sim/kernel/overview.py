"""Quantities of the whole cluster that take a pass over its nodes or its running tasks."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import (
    C_NOW,
    DEVICE,
    K_NODES_DOWN,
    K_RUNNING,
    N_CPU,
    N_DEVICES,
    R_EXPECTED,
    R_NODE,
    S_CPU_FREE,
    S_DOWN,
    S_FREE_SHARES,
    S_NOW,
    S_TASKS,
    S_WORK,
)
from aurora.sim.kernel.outlook import FITS, look_now
from aurora.sim.policies.features import FEATURE_INDEX

_F = FEATURE_INDEX
FIRST_OVERVIEW, LAST_OVERVIEW = _F["cluster.next_release"], _F["cluster.typical_fit"]
NEXT_RELEASE, IDLE_NODES, WHOLE_NODES = FIRST_OVERVIEW, _F["cluster.idle_nodes"], _F["cluster.whole_nodes"]
CPU_MEDIAN, CPU_HIGH = _F["cluster.cpu_free_median"], _F["cluster.cpu_free_high"]


@jitted
def overview_feature(problem, state, f):
    """Return the value of the cluster feature `f` now, from FIRST_OVERVIEW to LAST_OVERVIEW."""
    if f == NEXT_RELEASE:
        return _next_release(state)
    if f == CPU_MEDIAN:
        return _cpu_free(problem, state, 0.5)
    if f == CPU_HIGH:
        return _cpu_free(problem, state, 0.9)
    nodes = problem.node_f.shape[1]
    up = nodes - state.counters[K_NODES_DOWN]
    count, whole, free = 0, 0, 0
    fits = 0.0
    for n in range(nodes):
        if state.node_i[S_DOWN, n] > 0:
            continue
        if f == IDLE_NODES:
            count += 1 if state.node_i[S_TASKS, n] == 0 else 0
        elif f == WHOLE_NODES:
            shares = state.node_i[S_FREE_SHARES, n]
            free += shares
            whole += shares if shares == problem.node_i[N_DEVICES, n] * DEVICE else 0
        else:
            look_now(problem, state, n)
            fits += state.node_f[S_NOW + FITS, n]
    if f == IDLE_NODES:
        return count / up if up > 0 else 0.0
    if f == WHOLE_NODES:
        return whole / free if free > 0 else 0.0
    return fits / up if up > 0 else 0.0


@jitted
def _next_release(state):
    """Return the seconds until the first running task ends as requested; 0 if none runs or one is late."""
    first = np.inf
    for k in range(state.counters[K_RUNNING]):
        first = min(first, state.run_f[state.running[k], R_EXPECTED])
    return max(0.0, first - state.clock[C_NOW]) if first < np.inf else 0.0


@jitted
def release_vector(problem, state, nodes, size, dense, out):
    """Write the seconds until the first task on each node ends as requested; 0 if none runs there or one is late."""
    first = state.node_f[S_WORK]
    for n in range(first.shape[0]):
        first[n] = np.inf
    for k in range(state.counters[K_RUNNING]):
        t = state.running[k]
        n = state.run_i[t, R_NODE]
        if n >= 0:
            first[n] = min(first[n], state.run_f[t, R_EXPECTED])
    now = state.clock[C_NOW]
    for i in range(size):
        n = i if dense else nodes[i]
        out[i] = max(0.0, first[n] - now) if n >= 0 and first[n] < np.inf else 0.0


@jitted
def _cpu_free(problem, state, quantile):
    """Return a quantile of the free share of cores over the nodes up: the least value with so many at or below.

    The place is found by selection (Hoare's FIND, 1961).
    """
    values, count = state.node_f[S_WORK], 0
    for n in range(problem.node_f.shape[1]):
        if state.node_i[S_DOWN, n] <= 0 and problem.node_f[N_CPU, n] > 0.0:
            values[count] = state.node_f[S_CPU_FREE, n] / problem.node_f[N_CPU, n]
            count += 1
    if count == 0:
        return 0.0
    place = max(0, int(np.ceil(quantile * count)) - 1)
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            return values[place]
    return values[place]
