"""The fit of a task on a candidate, the choice of its device, and the fragmentation of the node."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.jit import inlined, jitted
from aurora.sim.kernel.layout import (
    DEVICE,
    MOST_DEVICES,
    N_DEVICES,
    N_MODEL,
    O_SEED,
    S_CPU_FREE,
    S_DOWN,
    S_IDLE_DEVICES,
    S_LARGEST,
    S_LINK_FREE,
    S_MEMORY_FREE,
    T_BANDWIDTH,
    T_CPU,
    T_DEVICES,
    T_MEMORY,
    T_MODELS,
    T_SHARE,
    TOLERANCE,
)

BEST_FIT, WORST_FIT, LEAST_FRAGMENTATION, RANDOM = range(4)


@inlined
def devices_of(problem, t):
    """Return the number of devices of which task `t` asks for all or a part."""
    return 0 if problem.plain else problem.task_i[t, T_DEVICES]


@jitted
def _mix(x):
    """Take one step of splitmix64 (Steele, Lea & Flood, OOPSLA 2014)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@jitted
def random_of(seed, task, candidate):
    """Return `fit.random`, a hash of the three arguments in [0, 1)."""
    mixed = _mix(_mix(_mix(np.uint64(seed)) + np.uint64(task)) + np.uint64(candidate))
    return float(mixed >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@jitted
def node_fits(problem, state, t, n):
    """Return whether node `n` is up and has room for task `t`."""
    if state.node_i[S_DOWN, n] > 0:
        return False
    if state.node_f[S_CPU_FREE, n] + TOLERANCE < problem.task_f[t, T_CPU]:
        return False
    if state.node_f[S_MEMORY_FREE, n] + TOLERANCE < problem.task_f[t, T_MEMORY]:
        return False
    devices = devices_of(problem, t)
    if devices == 0:
        return True
    share = problem.task_i[t, T_SHARE]
    if share < DEVICE:
        if state.node_i[S_LARGEST, n] < share:
            return False
    elif state.node_i[S_IDLE_DEVICES, n] < devices:
        return False
    return (problem.task_i[t, T_MODELS] >> problem.node_i[N_MODEL, n]) & 1 == 1


@jitted
def count_devices(state, n):
    """Bring the idle devices of node `n` and its largest free share up to date."""
    idle, largest = 0, 0
    for d in range(state.devices.shape[1]):
        free = state.devices[n, d]
        largest = max(largest, free)
        if free == DEVICE:
            idle += 1
    state.node_i[S_IDLE_DEVICES, n] = idle
    state.node_i[S_LARGEST, n] = largest


@jitted
def path_fits(problem, state, t, path):
    """Return whether every link of `path` has the bandwidth that task `t` needs."""
    bandwidth = problem.task_f[t, T_BANDWIDTH]
    for k in range(problem.path_start[path], problem.path_start[path + 1]):
        if state.link_f[S_LINK_FREE, problem.path_links[k]] + TOLERANCE < bandwidth:
            return False
    return True


@jitted
def fragmentation(problem, model, cpu_free, devices, count):
    """Return the free devices that the typical task mix can't use: F of a node (Weng et al., ATC 2023, section 3).

    Args:
        problem: Scenario with the tables of typical tasks.
        model: Number of the node's device model.
        cpu_free: Free cores.
        devices: Free parts of each device.
        count: Number of devices.

    Returns:
        Devices, 0 to `count`.
    """
    total = 0
    idle = 0
    most = 0
    for d in range(count):
        free = devices[d]
        total += free
        if free == DEVICE:
            idle += 1
        if free > most:
            most = free
    if total == 0:
        return 0.0
    step = 0
    while step < problem.fragment_cpu.shape[0] and problem.fragment_cpu[step] <= cpu_free + TOLERANCE:
        step += 1
    useless = 0.0
    runnable = 0.0
    for j in range(problem.fragment_kind.shape[1]):
        weight = problem.fragment_weight[model, step, j]
        if weight == 0.0:
            continue
        share = problem.fragment_kind[1, j]
        if share < DEVICE:
            if most < share:
                continue
        elif idle < problem.fragment_kind[0, j]:
            continue
        runnable += weight
        if share == DEVICE:
            useless += weight * (total - DEVICE * idle)
        else:
            small = 0
            for d in range(count):
                if devices[d] < share:
                    small += devices[d]
            useless += weight * small
    return (useless + (1.0 - runnable) * total) / DEVICE


@jitted
def fragmentation_with(problem, state, t, n, device):
    """Return F of node `n` after task `t` is placed there (a fractional task on `device`)."""
    count = problem.node_i[N_DEVICES, n]
    row = state.devices[n]
    cpu_free = state.node_f[S_CPU_FREE, n] - problem.task_f[t, T_CPU]
    model = problem.node_i[N_MODEL, n]
    left = problem.task_i[t, T_DEVICES]
    if left == 0:
        return fragmentation(problem, model, cpu_free, row, count)
    after = state.trial_devices
    share = problem.task_i[t, T_SHARE]
    for d in range(count):
        after[d] = row[d]
        if share < DEVICE:
            if d == device:
                after[d] = row[d] - share
        elif left > 0 and row[d] == DEVICE:
            after[d] = 0
            left -= 1
    return fragmentation(problem, model, cpu_free, after, count)


@jitted
def choose_device(problem, state, t, n, rule):
    """Return the device of node `n` that a fractional task takes; -1 for a task of whole devices or none."""
    share = problem.task_i[t, T_SHARE]
    if share == 0 or share == DEVICE:
        return -1
    best = -1
    best_value = 0.0
    for d in range(problem.node_i[N_DEVICES, n]):
        free = state.devices[n, d]
        if free < share:
            continue
        if rule == BEST_FIT:
            value = float(free)
        elif rule == WORST_FIT:
            value = -float(free)
        elif rule == RANDOM:
            value = random_of(problem.options[O_SEED], t, MOST_DEVICES * n + d)
        else:
            # Devices with the same free share are equal; only the first of them is tried.
            seen = False
            for e in range(d):
                if state.devices[n, e] == free:
                    seen = True
                    break
            if seen:
                continue
            value = fragmentation_with(problem, state, t, n, d)
        if best < 0 or value < best_value:
            best, best_value = d, value
    return best
