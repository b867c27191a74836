"""The sums of an outcome, computed where the arrays are."""

from __future__ import annotations

import dataclasses

import numpy as np

from aurora.sim.kernel.accounting import carbon_of, energy_of
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
    DEVICE,
    K_DECISIONS,
    R_COST,
    R_FINISH,
    R_LATENCY,
    R_START,
    R_STATUS,
    T_ARRIVAL,
    T_SLA,
    TOLERANCE,
)
from aurora.sim.outcome import Status, Summary

COMPLETED = int(Status.COMPLETED)
BOUNDED_SLOWDOWN_THRESHOLD = 10.0
"""Least duration in a bounded slowdown, seconds (Feitelson et al., 1997)."""

_PLACE = {field.name: place for place, field in enumerate(dataclasses.fields(Summary))}
VALUES = len(_PLACE)
"""Number of sums, in the order of `aurora.sim.outcome.Summary`."""
V_TASKS, V_COMPLETED, V_UNPLACED = _PLACE["tasks"], _PLACE["completed"], _PLACE["unplaced"]
V_VIOLATIONS, V_SLOWDOWN, V_MAKESPAN = _PLACE["sla_violations"], _PLACE["bounded_slowdown"], _PLACE["makespan"]
V_LATENCY_MEAN, V_LATENCY_P95, V_LATENCY_MAX = _PLACE["latency_mean"], _PLACE["latency_p95"], _PLACE["latency_max"]
V_CPU, V_MEMORY = _PLACE["cpu_utilization"], _PLACE["memory_utilization"]
V_DEVICES, V_BANDWIDTH = _PLACE["accelerator_utilization"], _PLACE["bandwidth_utilization"]
V_COST, V_ENERGY, V_CARBON, V_DECISIONS = _PLACE["cost"], _PLACE["energy"], _PLACE["carbon"], _PLACE["decisions"]


@jitted
def add_up(problem, state, latencies, out):
    """Add up counts, slowdown and cost into `out`, list the latencies of completed tasks, and return their number."""
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
    out[V_TASKS], out[V_COMPLETED], out[V_UNPLACED], out[V_VIOLATIONS] = tasks, completed, tasks - completed, violations
    out[V_SLOWDOWN] = slowdown / completed if completed > 0 else 0.0
    out[V_COST] = cost
    return completed


@jitted
def energy_so_far(problem, state):
    """Return the joules that all nodes have used up to now."""
    energy = 0.0
    for n in range(problem.node_f.shape[1]):
        energy += energy_of(state, n)
    return energy


@jitted
def carbon_so_far(problem, state):
    """Return the grams of CO2 that all nodes have emitted up to now."""
    grams = 0.0
    for n in range(problem.node_f.shape[1]):
        grams += carbon_of(problem, state, n)
    return grams


@jitted_with_memory
def summarize(problem, state):
    """Return the fields of `Summary`, as float64 [VALUES]."""
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
        out[V_LATENCY_MEAN] = latencies[:completed].sum() / completed
        out[V_LATENCY_P95] = divided[below] + (above - divided[below]) * (place - below)
        out[V_LATENCY_MAX] = divided[below:].max()
    out[V_MAKESPAN] = makespan
    if span > 0.0:
        if clock[C_CPU_TOTAL] > 0.0:
            out[V_CPU] = clock[C_INTEGRAL_CPU] / (clock[C_CPU_TOTAL] * span)
        if clock[C_MEMORY_TOTAL] > 0.0:
            out[V_MEMORY] = clock[C_INTEGRAL_MEMORY] / (clock[C_MEMORY_TOTAL] * span)
        if clock[C_DEVICES_TOTAL] > 0.0:
            out[V_DEVICES] = clock[C_INTEGRAL_SHARES] / (DEVICE * clock[C_DEVICES_TOTAL] * span)
        if problem.link_f.shape[1] > 0:
            out[V_BANDWIDTH] = clock[C_INTEGRAL_BANDWIDTH] / (problem.link_f.shape[1] * span)
    out[V_ENERGY] = energy_so_far(problem, state)
    out[V_CARBON] = carbon_so_far(problem, state)
    out[V_DECISIONS] = state.counters[K_DECISIONS]
    return out
