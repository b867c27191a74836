"""What a placement leaves on its node for the typical mix of tasks.

An outlook is four numbers about a node: the share of the mix that fits on it, how many typical tasks it would take, how
many of its free devices they would use, and what the best fit of the next one leaves of its device. It is computed for
a node once per change of the node, and for a placement once per task, however many features read it.
"""

from __future__ import annotations

import math

from aurora.sim.kernel.fit import choose_device
from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import (
    DEVICE,
    N_CORES_PER_DEVICE,
    N_DEVICES,
    N_MODEL,
    S_AFTER,
    S_CPU_FREE,
    S_FREE_SHARES,
    S_NOW,
    S_OUTLOOK,
    T_CPU,
    T_DEVICES,
    T_SHARE,
    TOLERANCE,
)
from aurora.sim.kernel.mix import THOUSANDTHS
from aurora.sim.policies.features import FEATURE_INDEX

_F = FEATURE_INDEX
FIRST_OUTLOOK, LAST_OUTLOOK = _F["fit.typical_left"], _F["fit.device_waste_increase"]
TYPICAL_LEFT, TYPICAL_LOST = FIRST_OUTLOOK, _F["fit.typical_lost"]
PLACEMENTS_LEFT, PLACEMENTS_LOST = _F["fit.placements_left"], _F["fit.placements_lost"]
USABLE_LEFT, USABLE_LOST = _F["fit.usable_left"], _F["fit.usable_lost"]
NEXT_DEVICE = _F["fit.next_device_left"]
STRANDED, STRANDED_MORE = _F["fit.stranded_accelerators"], _F["fit.stranded_accelerators_increase"]
STRANDED_CPU, STRANDED_CPU_MORE = _F["fit.stranded_cpu"], _F["fit.stranded_cpu_increase"]
WASTE, WASTE_MORE = _F["fit.device_waste"], LAST_OUTLOOK

FITS, PLACEMENTS, USABLE, NEXT_LEFT = range(4)
"""The rows of an outlook, after S_NOW or S_AFTER of the node's state."""

_UNLIMITED = 1 << 40


@jitted
def _look(problem, state, n, cpu_free, devices, first):
    """Write the outlook of node `n` with these free cores and free parts of devices to the state's rows from `first`.

    Args:
        problem: Scenario with the typical mix.
        state: The state of the run.
        n: Number of the node.
        cpu_free: Free cores.
        devices: Free parts of each device.
        first: S_NOW or S_AFTER.
    """
    model = problem.node_i[N_MODEL, n]
    count = problem.node_i[N_DEVICES, n]
    idle = 0
    for d in range(count):
        if devices[d] == DEVICE:
            idle += 1
    fits, placements, usable, next_left = 0.0, 0.0, 0.0, 1.0
    for j in range(problem.mix_kind.shape[1]):
        wanted, share = problem.mix_kind[0, j], problem.mix_kind[1, j]
        most, left = 0, 0
        if wanted == 0:
            most = _UNLIMITED
        elif share == DEVICE:
            most = idle // wanted
        else:
            left = DEVICE
            for d in range(count):
                if devices[d] >= share:
                    most += devices[d] // share
                    left = min(left, devices[d] - share)
        if most == 0:
            continue
        demand = wanted * share / DEVICE
        saved = 1.0 - left / DEVICE
        for k in range(problem.mix_start[j], problem.mix_start[j + 1]):
            cpu = problem.mix_f[0, k]
            if cpu > cpu_free + TOLERANCE:
                break
            if wanted > 0 and (problem.mix_models[k] >> model) & 1 == 0:
                continue
            fits += problem.mix_f[1, k]
            number = float(most)
            if cpu > 0.0:
                number = min(number, math.floor((cpu_free + TOLERANCE) / cpu))
            elif wanted == 0:
                continue
            placements += problem.mix_f[1, k] * number
            usable += problem.mix_f[2, k] * number * demand
            next_left -= problem.mix_f[2, k] * saved
    state.node_f[first + FITS, n] = fits
    state.node_f[first + PLACEMENTS, n] = placements
    state.node_f[first + USABLE, n] = usable
    state.node_f[first + NEXT_LEFT, n] = next_left


@jitted
def look_now(problem, state, n):
    """Bring the outlook of node `n` as it is up to date."""
    if state.node_i[S_OUTLOOK, n] == 0:
        _look(problem, state, n, state.node_f[S_CPU_FREE, n], state.devices[n], S_NOW)
        state.node_i[S_OUTLOOK, n] = 1


@jitted
def _look_ahead(problem, state, t, n, rule):
    """Bring the outlook of node `n` up to date, as it is and after task `t` is placed there."""
    if state.node_i[S_OUTLOOK, n] == t + 2:
        return
    look_now(problem, state, n)
    state.node_i[S_OUTLOOK, n] = t + 2
    left, share = problem.task_i[t, T_DEVICES], problem.task_i[t, T_SHARE]
    cpu_free = state.node_f[S_CPU_FREE, n] - problem.task_f[t, T_CPU]
    if left == 0:
        _look(problem, state, n, cpu_free, state.devices[n], S_AFTER)
        return
    device = choose_device(problem, state, t, n, rule)
    after = state.trial_devices
    for d in range(problem.node_i[N_DEVICES, n]):
        free = state.devices[n, d]
        if share < DEVICE:
            free -= share if d == device else 0
        elif left > 0 and free == DEVICE:
            free = 0
            left -= 1
        after[d] = free
    _look(problem, state, n, cpu_free, after, S_AFTER)


@jitted
def stranded_devices(per_device, cpu_free, free):
    """Return how many of `free` devices the free cores are too few for, at `per_device` cores each."""
    return max(0.0, free - cpu_free / per_device) if per_device > 0.0 else 0.0


@jitted
def stranded_cores(per_device, cpu_free, free):
    """Return how many of the free cores are more than `free` devices need, at `per_device` cores each."""
    return max(0.0, cpu_free - per_device * free)


@jitted
def _waste_feature(problem, state, t, n, f, rule):
    """Return the expected waste of the device that task `t` would share, after placement or more than now."""
    device = choose_device(problem, state, t, n, rule)
    if device < 0:
        return 0.0
    part = DEVICE // THOUSANDTHS
    free = state.devices[n, device]
    after = problem.mix_waste[(free - problem.task_i[t, T_SHARE]) // part]
    return after if f == WASTE else after - problem.mix_waste[free // part]


@jitted
def outlook_feature(problem, state, t, n, f, rule):
    """Return the value of the outlook feature `f` for task `t` on node `n`."""
    if f >= WASTE:
        return _waste_feature(problem, state, t, n, f, rule)
    if f >= STRANDED:
        per_device, cpu = problem.node_f[N_CORES_PER_DEVICE, n], state.node_f[S_CPU_FREE, n]
        free = state.node_i[S_FREE_SHARES, n] / DEVICE
        cpu_left = cpu - problem.task_f[t, T_CPU]
        demand = problem.task_i[t, T_DEVICES] * problem.task_i[t, T_SHARE]
        free_left = (state.node_i[S_FREE_SHARES, n] - demand) / DEVICE
        if f == STRANDED:
            return stranded_devices(per_device, cpu_left, free_left)
        if f == STRANDED_MORE:
            return stranded_devices(per_device, cpu_left, free_left) - stranded_devices(per_device, cpu, free)
        if f == STRANDED_CPU:
            return stranded_cores(per_device, cpu_left, free_left)
        return stranded_cores(per_device, cpu_left, free_left) - stranded_cores(per_device, cpu, free)
    _look_ahead(problem, state, t, n, rule)
    sf = state.node_f
    if f == TYPICAL_LEFT:
        return sf[S_AFTER + FITS, n]
    if f == TYPICAL_LOST:
        return sf[S_NOW + FITS, n] - sf[S_AFTER + FITS, n]
    if f == PLACEMENTS_LEFT:
        return sf[S_AFTER + PLACEMENTS, n]
    if f == PLACEMENTS_LOST:
        return sf[S_NOW + PLACEMENTS, n] - sf[S_AFTER + PLACEMENTS, n]
    if f == USABLE_LEFT:
        return sf[S_AFTER + USABLE, n]
    if f == USABLE_LOST:
        return sf[S_NOW + USABLE, n] - sf[S_AFTER + USABLE, n]
    return sf[S_AFTER + NEXT_LEFT, n]
