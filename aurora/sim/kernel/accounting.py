"""Bookkeeping of resources, money, energy and carbon: every change of an allocation, and the sums over time."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.fit import choose_device, count_devices, devices_of, fragmentation
from aurora.sim.kernel.jit import inlined, jitted
from aurora.sim.kernel.layout import (
    C_BANDWIDTH_USED,
    C_CPU_USED,
    C_INTEGRAL_BANDWIDTH,
    C_INTEGRAL_CPU,
    C_INTEGRAL_MEMORY,
    C_INTEGRAL_SHARES,
    C_LINK_COST,
    C_MAKESPAN,
    C_MEMORY_USED,
    C_NEXT_DEPLETION,
    C_NOW,
    C_SHARES_USED,
    DEVICE,
    K_FREED,
    K_LINK_FREED,
    K_LOG,
    K_RUNNING,
    L_BANDWIDTH,
    N_BATTERY,
    N_CPU,
    N_DEVICES,
    N_FULL,
    N_IDLE,
    N_MEMORY,
    N_MODEL,
    N_PRICE,
    R_COST,
    R_DEVICE_MASK,
    R_INTEGRAL,
    R_NODE,
    R_PATH,
    R_POSITION,
    R_START,
    S_ACCELERATOR_TASKS,
    S_BATTERY_LEFT,
    S_CARBON,
    S_CARBON_ENERGY,
    S_CARBON_FACTOR,
    S_CLASS,
    S_CPU_FREE,
    S_DEPLETED_AT,
    S_ENERGY,
    S_ENERGY_TIME,
    S_FRAGMENTATION,
    S_FREE_SHARES,
    S_LINK_FREE,
    S_MEMORY_FREE,
    S_OUTLOOK,
    S_POWER,
    S_PRICE_FACTOR,
    S_PRICE_INTEGRAL,
    S_PRICE_TIME,
    S_TASKS,
    T_BANDWIDTH,
    T_CLASS,
    T_CPU,
    T_MEMORY,
    T_SHARE,
)
from aurora.sim.kernel.observe import JOULES_PER_KWH, SECONDS_PER_HOUR, carbon_intensity, dominant_share, link_price


@inlined
def advance(problem, state, now):
    """Move the clock to `now` and accumulate the use of resources since."""
    clock = state.clock
    elapsed = now - clock[C_NOW]
    if elapsed > 0.0:
        clock[C_INTEGRAL_CPU] += clock[C_CPU_USED] * elapsed
        clock[C_INTEGRAL_MEMORY] += clock[C_MEMORY_USED] * elapsed
        if not problem.plain:
            clock[C_INTEGRAL_SHARES] += clock[C_SHARES_USED] * elapsed
            clock[C_INTEGRAL_BANDWIDTH] += clock[C_BANDWIDTH_USED] * elapsed
        clock[C_NOW] = now


@inlined
def price_integral(problem, state, n):
    """Bring node `n`'s price integral from 0 to now up to date and return it, dollars."""
    now = state.clock[C_NOW]
    sf = state.node_f
    rate = problem.node_f[N_PRICE, n] * sf[S_PRICE_FACTOR, n]
    dollars = sf[S_PRICE_INTEGRAL, n] + rate * (now - sf[S_PRICE_TIME, n]) / SECONDS_PER_HOUR
    sf[S_PRICE_INTEGRAL, n] = dollars
    sf[S_PRICE_TIME, n] = now
    return dollars


@inlined
def energy_of(state, n):
    """Return the joules that node `n` has used up to now."""
    rest = state.clock[C_NOW] - state.node_f[S_ENERGY_TIME, n]
    return state.node_f[S_ENERGY, n] + state.node_f[S_POWER, n] * rest


@inlined
def carbon_of(problem, state, n):
    """Return the grams of CO2 that node `n` has emitted up to now.

    Energy is accumulated in any case. So carbon is computed only where the intensity changes and at the end, and costs
    nothing in between.
    """
    since = energy_of(state, n) - state.node_f[S_CARBON_ENERGY, n]
    return state.node_f[S_CARBON, n] + since * carbon_intensity(problem, state, n) / JOULES_PER_KWH


@jitted
def change_carbon_intensity(problem, state, n, factor):
    """Set the carbon intensity of node `n` to `factor` times its own from now on."""
    state.node_f[S_CARBON, n] = carbon_of(problem, state, n)
    state.node_f[S_CARBON_ENERGY, n] = energy_of(state, n)
    state.node_f[S_CARBON_FACTOR, n] = factor


@inlined
def changed(problem, state, n, with_fragmentation):
    """Bring node `n`'s power, battery, fragmentation and change log up to date after a change."""
    sf = state.node_f
    state.node_i[S_OUTLOOK, n] = 0
    now = state.clock[C_NOW]
    burnt = sf[S_POWER, n] * (now - sf[S_ENERGY_TIME, n])
    sf[S_ENERGY, n] += burnt
    sf[S_ENERGY_TIME, n] = now
    cores = problem.node_f[N_CPU, n]
    if state.node_i[S_TASKS, n] == 0:
        # An empty node is exactly free again, so no rounding error is carried to the next busy period.
        sf[S_CPU_FREE, n] = cores
        sf[S_MEMORY_FREE, n] = problem.node_f[N_MEMORY, n]
        sf[S_POWER, n] = 0.0
    else:
        used = (cores - sf[S_CPU_FREE, n]) / cores if cores > 0.0 else 0.0
        idle = problem.node_f[N_IDLE, n]
        sf[S_POWER, n] = idle + (problem.node_f[N_FULL, n] - idle) * used
    if not problem.plain and problem.node_f[N_BATTERY, n] != np.inf:
        sf[S_BATTERY_LEFT, n] = max(0.0, sf[S_BATTERY_LEFT, n] - burnt)
        if sf[S_POWER, n] > 0.0:
            sf[S_DEPLETED_AT, n] = now + sf[S_BATTERY_LEFT, n] / sf[S_POWER, n]
        else:
            sf[S_DEPLETED_AT, n] = np.inf
        soonest = np.inf
        for k in range(sf.shape[1]):
            soonest = min(soonest, sf[S_DEPLETED_AT, k])
        state.clock[C_NEXT_DEPLETION] = soonest
    devices = 0 if problem.plain else problem.node_i[N_DEVICES, n]
    if with_fragmentation and devices > 0:
        sf[S_FRAGMENTATION, n] = fragmentation(
            problem, problem.node_i[N_MODEL, n], sf[S_CPU_FREE, n], state.devices[n], devices
        )
    log_change(state, n)


@inlined
def log_change(state, n):
    """Append node `n` to the change log, a ring buffer; a reader that falls behind rebuilds its scores."""
    if state.log.shape[0] > 0:
        state.log[state.counters[K_LOG] % state.log.shape[0]] = n
        state.counters[K_LOG] += 1


@inlined
def take(problem, state, t, node, path, choice, with_fragmentation):
    """Allocate the resources of task `t` on a node and along a path."""
    clock = state.clock
    if problem.plain or node >= 0:
        cpu, memory = problem.task_f[t, T_CPU], problem.task_f[t, T_MEMORY]
        devices, share = devices_of(problem, t), problem.task_i[t, T_SHARE]
        state.run_f[t, R_INTEGRAL] = price_integral(problem, state, node)
        if devices > 0:
            mask = 0
            if share < DEVICE:
                device = choose_device(problem, state, t, node, choice)
                state.devices[node, device] -= share
                mask = 1 << device
            else:
                left = devices
                for d in range(problem.node_i[N_DEVICES, node]):
                    if left > 0 and state.devices[node, d] == DEVICE:
                        state.devices[node, d] = 0
                        mask |= 1 << d
                        left -= 1
            state.run_i[t, R_DEVICE_MASK] = mask
            count_devices(state, node)
            state.node_i[S_FREE_SHARES, node] -= devices * share
            state.node_i[S_ACCELERATOR_TASKS, node] += 1
            state.node_i[S_CLASS + problem.task_i[t, T_CLASS], node] += 1
            clock[C_SHARES_USED] += devices * share
        state.node_f[S_CPU_FREE, node] -= cpu
        state.node_f[S_MEMORY_FREE, node] -= memory
        state.node_i[S_TASKS, node] += 1
        clock[C_CPU_USED] += cpu
        clock[C_MEMORY_USED] += memory
        changed(problem, state, node, with_fragmentation)
    if not problem.plain and path >= 0:
        bandwidth = problem.task_f[t, T_BANDWIDTH]
        if bandwidth > 0.0:
            for k in range(problem.path_start[path], problem.path_start[path + 1]):
                link = problem.path_links[k]
                state.link_f[S_LINK_FREE, link] -= bandwidth
                clock[C_BANDWIDTH_USED] += bandwidth / problem.link_f[L_BANDWIDTH, link]
    state.run_i[t, R_NODE] = node
    state.run_i[t, R_PATH] = path
    position = state.counters[K_RUNNING]
    state.run_i[t, R_POSITION] = position
    state.running[position] = t
    state.counters[K_RUNNING] = position + 1
    clock[C_MAKESPAN] = clock[C_NOW]


@inlined
def give_back(problem, state, t, with_fragmentation):
    """Release the resources of task `t`, completed or lost, and charge it for them."""
    clock = state.clock
    node, path = state.run_i[t, R_NODE], state.run_i[t, R_PATH]
    if problem.plain or node >= 0:
        cpu, memory = problem.task_f[t, T_CPU], problem.task_f[t, T_MEMORY]
        devices, share = devices_of(problem, t), problem.task_i[t, T_SHARE]
        paid = price_integral(problem, state, node) - state.run_f[t, R_INTEGRAL]
        if paid != 0.0:
            state.run_f[t, R_COST] += paid * dominant_share(problem, t, node)
        if devices > 0:
            mask = state.run_i[t, R_DEVICE_MASK]
            for d in range(problem.node_i[N_DEVICES, node]):
                if (mask >> d) & 1:
                    state.devices[node, d] += share
            count_devices(state, node)
            state.node_i[S_FREE_SHARES, node] += devices * share
            state.node_i[S_ACCELERATOR_TASKS, node] -= 1
            state.node_i[S_CLASS + problem.task_i[t, T_CLASS], node] -= 1
            clock[C_SHARES_USED] -= devices * share
        state.node_f[S_CPU_FREE, node] += cpu
        state.node_f[S_MEMORY_FREE, node] += memory
        state.node_i[S_TASKS, node] -= 1
        clock[C_CPU_USED] -= cpu
        clock[C_MEMORY_USED] -= memory
        changed(problem, state, node, with_fragmentation)
        freed(state, node)
    if not problem.plain and path >= 0:
        bandwidth = problem.task_f[t, T_BANDWIDTH]
        if bandwidth > 0.0:
            for k in range(problem.path_start[path], problem.path_start[path + 1]):
                link = problem.path_links[k]
                state.link_f[S_LINK_FREE, link] += bandwidth
                clock[C_BANDWIDTH_USED] -= bandwidth / problem.link_f[L_BANDWIDTH, link]
            state.counters[K_LINK_FREED] = 1
        price = link_price(problem, t, path)
        dollars = price * (clock[C_NOW] - state.run_f[t, R_START]) / SECONDS_PER_HOUR
        state.run_f[t, R_COST] += dollars
        clock[C_LINK_COST] += dollars
    last, position = state.counters[K_RUNNING] - 1, state.run_i[t, R_POSITION]
    state.counters[K_RUNNING] = last
    moved = state.running[last]
    state.running[position] = moved
    state.run_i[moved, R_POSITION] = position
    clock[C_MAKESPAN] = clock[C_NOW]


@inlined
def freed(state, n):
    """Record that node `n` has more room than in the last round; a full list stands for all nodes."""
    count = state.counters[K_FREED]
    if count < state.freed.shape[0]:
        state.freed[count] = n
        state.counters[K_FREED] = count + 1
    else:
        state.counters[K_FREED] = state.freed.shape[0] + 1
