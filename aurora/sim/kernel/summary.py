"""The sums of an outcome, computed where the arrays are."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.jit import jitted, jitted_with_memory
from aurora.sim.kernel.layout import (
    C_CPU_TOTAL,
    C_DEVICES_TOTAL,
    C_FIRST,
    C_INTEGRAL_BANDWIDTH,
    C_INTEGRAL_CPU,
    C_INTEGRAL_MEMORY,
    C_INTEGRAL_SHARES,
    C_MAKESPAN,
    C_MEMORY_TOTAL,
    C_NOW,
    DEVICE,
    K_DECISIONS,
    R_COST,
    R_FINISH,
    R_LATENCY,
    R_START,
    R_STATUS,
    S_ENERGY,
    S_ENERGY_TIME,
    S_POWER,
    T_ARRIVAL,
    T_SLA,
    TOLERANCE,
)
from aurora.sim.outcome import Status

COMPLETED = int(Status.COMPLETED)
BOUNDED_SLOWDOWN_THRESHOLD = 10.0
"""Seconds (Feitelson et al., 1997)."""

VALUES = 16
"""How many sums there are, in the order of `aurora.sim.outcome.Summary`."""


@jitted
def add_up(problem, state, latencies, out):
    """Counts, mean slowdown and cost; the latencies of the completed, of whom it gives the number."""
    completed = 0
    violations = 0
    slowdown = 0.0
    cost = 0.0
    tasks = problem.task_f.shape[0]
    for t in range(tasks):
        cost += state.run_f[t, R_COST]
        if state.run_i[t, R_STATUS] != COMPLETED:
            violations += 1
            continue
        start = state.run_f[t, R_START]
        waited = start - problem.task_f[t, T_ARRIVAL]
        latency = waited + state.run_f[t, R_LATENCY]
        latencies[completed] = latency
        execution = state.run_f[t, R_FINISH] - start
        slowdown += max(1.0, (waited + execution) / max(execution, BOUNDED_SLOWDOWN_THRESHOLD))
        completed += 1
        if latency > problem.task_f[t, T_SLA] + TOLERANCE:
            violations += 1
    out[0], out[1], out[2], out[3] = tasks, completed, tasks - completed, violations
    out[7] = slowdown / completed if completed > 0 else 0.0
    out[13] = cost
    return completed


@jitted
def energy_so_far(problem, state):
    """Joules that all nodes have used up to now."""
    energy = 0.0
    for n in range(problem.node_f.shape[1]):
        rest = state.clock[C_NOW] - state.node_f[S_ENERGY_TIME, n]
        energy += state.node_f[S_ENERGY, n] + state.node_f[S_POWER, n] * rest
    return energy


@jitted_with_memory
def summarize(problem, state):
    """The fields of `Summary`, as float64 [VALUES]."""
    latencies = np.empty(problem.task_f.shape[0])
    out = np.zeros(VALUES)
    completed = add_up(problem, state, latencies, out)
    clock = state.clock
    makespan = clock[C_MAKESPAN]
    span = makespan - clock[C_FIRST]
    if completed > 0:
        place = 0.95 * (completed - 1)
        below = int(np.floor(place))
        divided = np.partition(latencies[:completed], below)
        above = divided[min(below + 1, completed - 1) :].min()
        out[4] = latencies[:completed].sum() / completed
        out[5] = divided[below] + (above - divided[below]) * (place - below)
        out[6] = divided[below:].max()
    out[8] = makespan
    if span > 0.0:
        if clock[C_CPU_TOTAL] > 0.0:
            out[9] = clock[C_INTEGRAL_CPU] / (clock[C_CPU_TOTAL] * span)
        if clock[C_MEMORY_TOTAL] > 0.0:
            out[10] = clock[C_INTEGRAL_MEMORY] / (clock[C_MEMORY_TOTAL] * span)
        if clock[C_DEVICES_TOTAL] > 0.0:
            out[11] = clock[C_INTEGRAL_SHARES] / (DEVICE * clock[C_DEVICES_TOTAL] * span)
        if problem.link_f.shape[1] > 0:
            out[12] = clock[C_INTEGRAL_BANDWIDTH] / (problem.link_f.shape[1] * span)
    out[14] = energy_so_far(problem, state)
    out[15] = state.counters[K_DECISIONS]
    return out
