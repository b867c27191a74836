"""The value of every feature of the table, as vectors along the axis on which it varies."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.fit import choose_device, devices_of, fragmentation_with, node_fits, path_fits, random_of
from aurora.sim.kernel.jit import inlined, jitted
from aurora.sim.kernel.layout import (
    C_CPU_TOTAL,
    C_CPU_USED,
    C_DEVICES_TOTAL,
    C_MEMORY_TOTAL,
    C_MEMORY_USED,
    C_NOW,
    C_PRICE_FACTOR,
    C_SHARES_USED,
    DEVICE,
    K_HEAD,
    K_NODES_DOWN,
    K_RUNNING,
    K_WAITING,
    L_BANDWIDTH,
    L_PRICE,
    N_BATTERY,
    N_CARBON,
    N_CPU,
    N_DEVICES,
    N_FULL,
    N_IDLE,
    N_MEMORY,
    N_MODEL_DEMAND,
    N_PRICE,
    N_SPEED,
    O_SEED,
    P_BANDWIDTH,
    P_LATENCY,
    R_ATTEMPTS,
    R_SIMILAR_BEFORE,
    R_SIMILAR_LAST,
    R_USER_BEFORE,
    R_USER_LAST,
    S_ACCELERATOR_TASKS,
    S_BATTERY_LEFT,
    S_CARBON_FACTOR,
    S_CLASS,
    S_CPU_FREE,
    S_ENERGY_TIME,
    S_FAILURES,
    S_FRAGMENTATION,
    S_FREE_SHARES,
    S_IDLE_DEVICES,
    S_LARGEST,
    S_LAST,
    S_LINK_FACTOR,
    S_LINK_FREE,
    S_MEMORY_FREE,
    S_POWER,
    S_PRICE_FACTOR,
    S_TASKS,
    T_ARRIVAL,
    T_BANDWIDTH,
    T_CLASS,
    T_CONSTRAINED,
    T_CPU,
    T_DATA,
    T_DEPENDENTS,
    T_DEVICES,
    T_DOMINANT,
    T_MEMORY,
    T_PRIORITY,
    T_REQUESTED,
    T_ROUTE,
    T_SHARE,
    T_SIMILAR,
    T_SLA,
    T_USER,
)
from aurora.sim.kernel.outlook import FIRST_OUTLOOK, LAST_OUTLOOK, outlook_feature
from aurora.sim.kernel.overview import FIRST_OVERVIEW, LAST_OVERVIEW, overview_feature, release_vector
from aurora.sim.kernel.rows import address_of
from aurora.sim.objectives import OBJECTIVES
from aurora.sim.policies.features import FEATURE_INDEX

SECONDS_PER_HOUR = 3600.0
JOULES_PER_KWH = 3.6e6
BITS_PER_BYTE = 8.0

_F = FEATURE_INDEX
TASK_CPU, TASK_MEMORY, TASK_ACCELERATORS = _F["task.cpu"], _F["task.memory"], _F["task.accelerators"]
TASK_SHARE, TASK_DEMAND = _F["task.accelerator_share"], _F["task.accelerator_demand"]
TASK_CONSTRAINED, TASK_BANDWIDTH = _F["task.model_constrained"], _F["task.bandwidth"]
TASK_DATA, TASK_DURATION, TASK_PRIORITY = _F["task.data_size"], _F["task.duration"], _F["task.priority"]
TASK_SLA, TASK_SUBMIT, TASK_DEPENDENTS = _F["task.sla_latency"], _F["task.submit_time"], _F["task.dependents"]
TASK_DOMINANT, TASK_WAIT, TASK_SLACK = _F["task.dominant_share"], _F["task.wait"], _F["task.slack"]
TASK_ATTEMPTS, TASK_ROOM, TASK_EXPECTED = _F["task.attempts"], _F["task.room"], _F["task.expected_start"]
TASK_PREDICTED = _F["task.predicted_duration"]
NODE_INDEX, NODE_CPU_TOTAL, NODE_CPU_FREE = _F["node.index"], _F["node.cpu_total"], _F["node.cpu_free"]
NODE_CPU_LOAD, NODE_MEMORY_TOTAL = _F["node.cpu_load"], _F["node.memory_total"]
NODE_MEMORY_FREE, NODE_MEMORY_LOAD = _F["node.memory_free"], _F["node.memory_load"]
NODE_DEVICES, NODE_DEVICES_FREE = _F["node.accelerators_total"], _F["node.accelerators_free"]
NODE_DEVICES_IDLE, NODE_DEVICE_LOAD = _F["node.accelerators_idle"], _F["node.accelerator_load"]
NODE_LARGEST, NODE_DEVICE_TASKS = _F["node.accelerator_largest_free"], _F["node.accelerator_tasks"]
NODE_FRAGMENTATION, NODE_MODEL_DEMAND = _F["node.fragmentation"], _F["node.model_demand"]
NODE_SPEED, NODE_PRICE, NODE_IDLE = _F["node.speed"], _F["node.price"], _F["node.idle_power"]
NODE_FULL, NODE_BATTERY, NODE_TASKS = _F["node.full_power"], _F["node.battery"], _F["node.tasks"]
NODE_CARBON, NODE_RELEASE = _F["node.carbon_intensity"], _F["node.next_release"]
NODE_ACTIVE, NODE_LAST, NODE_FAILURES = _F["node.active"], _F["node.last_placement"], _F["node.failures"]
FIT_CPU, FIT_MEMORY, FIT_DEVICES = _F["fit.cpu_left"], _F["fit.memory_left"], _F["fit.accelerators_left"]
FIT_DEVICE_LEFT, FIT_SHARED = _F["fit.device_left"], _F["fit.device_shared"]
FIT_FRAGMENTATION, FIT_SAME = _F["fit.fragmentation_increase"], _F["fit.same_class_tasks"]
FIT_DURATION, FIT_COST, FIT_ENERGY, FIT_CARBON = _F["fit.duration"], _F["fit.cost"], _F["fit.energy"], _F["fit.carbon"]
FIT_LATENCY, FIT_RANDOM = _F["fit.latency"], _F["fit.random"]
PATH_HOPS, PATH_FREE, PATH_LOAD = _F["path.hops"], _F["path.bandwidth_free"], _F["path.load"]
CLUSTER_TIME, CLUSTER_QUEUE = _F["cluster.time"], _F["cluster.queue_length"]
CLUSTER_RUNNING, CLUSTER_CPU = _F["cluster.running"], _F["cluster.cpu_load"]
CLUSTER_MEMORY, CLUSTER_DEVICES = _F["cluster.memory_load"], _F["cluster.accelerator_load"]
CLUSTER_PRICE, CLUSTER_UP = _F["cluster.price_factor"], _F["cluster.nodes_up"]
FIRST_OBJECTIVE = _F[f"objective.{OBJECTIVES[0].name}"]
FIRST_NODE, FIRST_FIT, FIRST_PATH, FIRST_CLUSTER = NODE_INDEX, FIT_CPU, PATH_HOPS, CLUSTER_TIME


@inlined
def network_latency(problem, state, t, path):
    """Return L of docs/reference/kernel.md: propagation and transfer under the present congestion, seconds."""
    if problem.plain or path < 0 or problem.path_start[path] == problem.path_start[path + 1]:
        return 0.0
    rate = problem.task_f[t, T_BANDWIDTH]
    if rate <= 0.0:
        rate = problem.path_f[P_BANDWIDTH, path]
    factor = 1.0
    for k in range(problem.path_start[path], problem.path_start[path + 1]):
        factor = max(factor, state.link_f[S_LINK_FACTOR, problem.path_links[k]])
    seconds = problem.path_f[P_LATENCY, path]
    data = problem.task_f[t, T_DATA]
    if data > 0.0:
        seconds += BITS_PER_BYTE * data / rate
    return seconds * factor


@inlined
def dominant_share(problem, t, n):
    """Return the largest share of a capacity of node `n` that task `t` takes."""
    share = 0.0
    if problem.task_f[t, T_CPU] > 0.0:
        share = problem.task_f[t, T_CPU] / problem.node_f[N_CPU, n]
    if problem.task_f[t, T_MEMORY] > 0.0:
        share = max(share, problem.task_f[t, T_MEMORY] / problem.node_f[N_MEMORY, n])
    if devices_of(problem, t) > 0:
        demand = problem.task_i[t, T_DEVICES] * problem.task_i[t, T_SHARE] / DEVICE
        share = max(share, demand / problem.node_i[N_DEVICES, n])
    return share


@inlined
def carbon_intensity(problem, state, n):
    """Return the grams of CO2 that node `n` emits for a kilowatt-hour now."""
    return problem.node_f[N_CARBON, n] * state.node_f[S_CARBON_FACTOR, n]


@jitted
def link_price(problem, t, path):
    """Return the price of the bandwidth of task `t` on `path`, dollars per hour."""
    price = 0.0
    if path >= 0:
        for k in range(problem.path_start[path], problem.path_start[path + 1]):
            price += problem.link_f[L_PRICE, problem.path_links[k]]
    return price * problem.task_f[t, T_BANDWIDTH]


@jitted
def task_feature(problem, state, t, f):
    """Return the value of the task feature `f` for task `t`."""
    tf = problem.task_f
    ti = problem.task_i
    if f == TASK_CPU:
        return tf[t, T_CPU]
    if f == TASK_MEMORY:
        return tf[t, T_MEMORY]
    if f == TASK_ACCELERATORS:
        return float(ti[t, T_DEVICES])
    if f == TASK_SHARE:
        return ti[t, T_SHARE] / DEVICE
    if f == TASK_DEMAND:
        return ti[t, T_DEVICES] * ti[t, T_SHARE] / DEVICE
    if f == TASK_CONSTRAINED:
        return float(ti[t, T_CONSTRAINED])
    if f == TASK_BANDWIDTH:
        return tf[t, T_BANDWIDTH]
    if f == TASK_DATA:
        return tf[t, T_DATA]
    if f == TASK_DURATION:
        return tf[t, T_REQUESTED]
    if f == TASK_PRIORITY:
        return tf[t, T_PRIORITY]
    if f == TASK_SLA:
        return tf[t, T_SLA]
    if f == TASK_SUBMIT:
        return tf[t, T_ARRIVAL]
    if f == TASK_DEPENDENTS:
        return tf[t, T_DEPENDENTS]
    if f == TASK_DOMINANT:
        return tf[t, T_DOMINANT]
    if f == TASK_WAIT:
        return state.clock[C_NOW] - tf[t, T_ARRIVAL]
    if f == TASK_SLACK:
        return tf[t, T_SLA] - (state.clock[C_NOW] - tf[t, T_ARRIVAL])
    if f == TASK_ROOM:
        return _room(problem, state, t)
    if f == TASK_PREDICTED:
        return _predicted_duration(problem, state, t)
    if f == TASK_EXPECTED:
        return 0.0  # of a task that has candidates; for the order of those that wait, `machine` computes it
    return float(state.run_i[t, R_ATTEMPTS])


@jitted
def _predicted_duration(problem, state, t):
    """Return the run time of task `t` by the last two of its user (Tsafrir, Etsion & Feitelson, IEEE TPDS 2007).

    Tasks that requested as much count first: they are most alike (Smith, Foster & Taylor, JSSPP 1998).
    """
    requested, user = problem.task_f[t, T_REQUESTED], problem.task_i[t, T_USER] - 1
    if user < 0 or state.run_f[user, R_USER_LAST] < 0:
        return requested
    similar = problem.task_i[t, T_SIMILAR] - 1
    last, before = state.run_f[similar, R_SIMILAR_LAST], state.run_f[similar, R_SIMILAR_BEFORE]
    if last < 0:
        last, before = state.run_f[user, R_USER_LAST], state.run_f[user, R_USER_BEFORE]
    return min(requested, last if before < 0 else (last + before) / 2)


@jitted
def _room(problem, state, t):
    """Return the share of the candidates of task `t` that have room for it now."""
    first, last = problem.route_start[problem.task_i[t, T_ROUTE]], problem.route_start[problem.task_i[t, T_ROUTE] + 1]
    room = 0
    for c in range(first, last):
        node, path = problem.candidate_node[c], problem.candidate_path[c]
        if (node < 0 or node_fits(problem, state, t, node)) and (path < 0 or path_fits(problem, state, t, path)):
            room += 1
    return room / (last - first) if last > first else 0.0


@jitted
def cluster_feature(problem, state, f):
    """Return the value of the cluster or objective feature `f` now."""
    if f >= FIRST_OBJECTIVE:
        return problem.objective[f - FIRST_OBJECTIVE]
    if FIRST_OVERVIEW <= f <= LAST_OVERVIEW:
        return overview_feature(problem, state, f)
    clock = state.clock
    if f == CLUSTER_TIME:
        return clock[C_NOW]
    if f == CLUSTER_QUEUE:
        head = 1 if state.counters[K_HEAD] >= 0 else 0
        return float(state.counters[K_WAITING] + head)
    if f == CLUSTER_RUNNING:
        return float(state.counters[K_RUNNING])
    if f == CLUSTER_CPU:
        return clock[C_CPU_USED] / clock[C_CPU_TOTAL] if clock[C_CPU_TOTAL] > 0.0 else 0.0
    if f == CLUSTER_MEMORY:
        return clock[C_MEMORY_USED] / clock[C_MEMORY_TOTAL] if clock[C_MEMORY_TOTAL] > 0.0 else 0.0
    if f == CLUSTER_DEVICES:
        total = clock[C_DEVICES_TOTAL]
        return clock[C_SHARES_USED] / DEVICE / total if total > 0.0 else 0.0
    if f == CLUSTER_PRICE:
        return clock[C_PRICE_FACTOR]
    nodes = problem.node_f.shape[1]
    return 1.0 - state.counters[K_NODES_DOWN] / nodes if nodes > 0 else 0.0


@jitted
def battery_share(problem, state, n):
    """Return the share of node `n`'s battery that is left now; 1 on mains."""
    capacity = problem.node_f[N_BATTERY, n]
    if capacity == np.inf:
        return 1.0
    elapsed = state.clock[C_NOW] - state.node_f[S_ENERGY_TIME, n]
    left = state.node_f[S_BATTERY_LEFT, n] - state.node_f[S_POWER, n] * elapsed
    return max(0.0, left) / capacity


@inlined
def _gather(row, scale, nodes, size, dense, out):
    """Write `row` times `scale` at the nodes; 0 where there is no node, or any value if they are `dense`."""
    if dense:
        for i in range(size):
            out[i] = row[i] * scale
        return
    for i in range(size):
        n = nodes[i]
        out[i] = row[n] * scale if n >= 0 else 0.0


@inlined
def _load(free, scale, total, nodes, size, dense, out):
    """Write 1 - scale * free / total at the nodes; 0 where there is no node or no capacity."""
    if dense:
        for i in range(size):
            out[i] = 1.0 - free[i] * scale / total[i] if total[i] > 0 else 0.0
        return
    for i in range(size):
        n = nodes[i]
        out[i] = 1.0 - free[n] * scale / total[n] if n >= 0 and total[n] > 0 else 0.0


@inlined
def _left(free, need, total, nodes, size, dense, out):
    """Write (free - need) / total at the nodes; 0 where there is no node or no capacity."""
    if dense:
        for i in range(size):
            out[i] = (free[i] - need) / total[i] if total[i] > 0.0 else 0.0
        return
    for i in range(size):
        n = nodes[i]
        out[i] = (free[n] - need) / total[n] if n >= 0 and total[n] > 0.0 else 0.0


@inlined
def node_row(problem, state, f):
    """Return the address of a node feature's values if they are a row as they are, else 0."""
    nf, sf = problem.node_f, state.node_f
    if f == NODE_CPU_FREE:
        return address_of(sf, S_CPU_FREE)
    if f == NODE_CPU_TOTAL:
        return address_of(nf, N_CPU)
    if f == NODE_MEMORY_FREE:
        return address_of(sf, S_MEMORY_FREE)
    if f == NODE_MEMORY_TOTAL:
        return address_of(nf, N_MEMORY)
    if f == NODE_FRAGMENTATION:
        return address_of(sf, S_FRAGMENTATION)
    if f == NODE_MODEL_DEMAND:
        return address_of(nf, N_MODEL_DEMAND)
    if f == NODE_SPEED:
        return address_of(nf, N_SPEED)
    if f == NODE_IDLE:
        return address_of(nf, N_IDLE)
    if f == NODE_FULL:
        return address_of(nf, N_FULL)
    return 0


@inlined
def node_vector(problem, state, f, nodes, size, dense, out):
    """Write the values of the node feature `f` for the first `size` of `nodes` (-1: no node, value 0).

    Features are distinguished outside the loops, so that each loop is a plain gather.
    """
    nf = problem.node_f
    ni = problem.node_i
    sf = state.node_f
    si = state.node_i
    if f == NODE_CPU_FREE:
        _gather(sf[S_CPU_FREE], 1.0, nodes, size, dense, out)
    elif f == NODE_CPU_TOTAL:
        _gather(nf[N_CPU], 1.0, nodes, size, dense, out)
    elif f == NODE_CPU_LOAD:
        _load(sf[S_CPU_FREE], 1.0, nf[N_CPU], nodes, size, dense, out)
    elif f == NODE_MEMORY_FREE:
        _gather(sf[S_MEMORY_FREE], 1.0, nodes, size, dense, out)
    elif f == NODE_MEMORY_TOTAL:
        _gather(nf[N_MEMORY], 1.0, nodes, size, dense, out)
    elif f == NODE_MEMORY_LOAD:
        _load(sf[S_MEMORY_FREE], 1.0, nf[N_MEMORY], nodes, size, dense, out)
    elif f == NODE_DEVICES:
        _gather(ni[N_DEVICES], 1.0, nodes, size, dense, out)
    elif f == NODE_DEVICES_FREE:
        _gather(si[S_FREE_SHARES], 1.0 / DEVICE, nodes, size, dense, out)
    elif f == NODE_DEVICES_IDLE:
        _gather(si[S_IDLE_DEVICES], 1.0, nodes, size, dense, out)
    elif f == NODE_DEVICE_LOAD:
        _load(si[S_FREE_SHARES], 1.0 / DEVICE, ni[N_DEVICES], nodes, size, dense, out)
    elif f == NODE_DEVICE_TASKS:
        _gather(si[S_ACCELERATOR_TASKS], 1.0, nodes, size, dense, out)
    elif f == NODE_FRAGMENTATION:
        _gather(sf[S_FRAGMENTATION], 1.0, nodes, size, dense, out)
    elif f == NODE_MODEL_DEMAND:
        _gather(nf[N_MODEL_DEMAND], 1.0, nodes, size, dense, out)
    elif f == NODE_SPEED:
        _gather(nf[N_SPEED], 1.0, nodes, size, dense, out)
    elif f == NODE_IDLE:
        _gather(nf[N_IDLE], 1.0, nodes, size, dense, out)
    elif f == NODE_FULL:
        _gather(nf[N_FULL], 1.0, nodes, size, dense, out)
    elif f == NODE_TASKS:
        _gather(si[S_TASKS], 1.0, nodes, size, dense, out)
    elif f == NODE_LAST:
        _gather(si[S_LAST], 1.0, nodes, size, dense, out)
    elif f == NODE_FAILURES:
        _gather(si[S_FAILURES], 1.0, nodes, size, dense, out)
    elif f == NODE_RELEASE:
        release_vector(problem, state, nodes, size, dense, out)
    elif f == NODE_CARBON:  # apart from the loop below: another case there made first fit a third slower
        for i in range(size):
            n = i if dense else nodes[i]
            out[i] = carbon_intensity(problem, state, n) if n >= 0 else 0.0
    else:
        for i in range(size):
            n = i if dense else nodes[i]
            if n < 0:
                out[i] = 0.0
            elif f == NODE_INDEX:
                out[i] = float(n)
            elif f == NODE_PRICE:
                out[i] = nf[N_PRICE, n] * sf[S_PRICE_FACTOR, n]
            elif f == NODE_BATTERY:
                out[i] = battery_share(problem, state, n)
            elif f == NODE_ACTIVE:
                out[i] = 1.0 if si[S_TASKS, n] > 0 else 0.0
            else:  # NODE_LARGEST
                out[i] = si[S_LARGEST, n] / DEVICE


@jitted
def _fit_feature(problem, state, t, n, path, f, rule):
    nf = problem.node_f
    tf = problem.task_f
    if f == FIT_DURATION:
        return tf[t, T_REQUESTED] / nf[N_SPEED, n] if n >= 0 else tf[t, T_REQUESTED]
    if f == FIT_LATENCY:
        return network_latency(problem, state, t, path)
    if f == FIT_COST:
        dollars = link_price(problem, t, path)
        hours = tf[t, T_REQUESTED] / SECONDS_PER_HOUR
        if n >= 0:
            hours = hours / nf[N_SPEED, n]
            dollars += nf[N_PRICE, n] * state.node_f[S_PRICE_FACTOR, n] * dominant_share(problem, t, n)
        return dollars * hours
    if n < 0:
        return 0.0
    if f in (FIT_ENERGY, FIT_CARBON):
        cores = tf[t, T_CPU] / nf[N_CPU, n] if nf[N_CPU, n] > 0.0 else 0.0
        watts = (nf[N_FULL, n] - nf[N_IDLE, n]) * cores
        if state.node_i[S_TASKS, n] == 0:
            watts += nf[N_IDLE, n]
        joules = watts * (tf[t, T_REQUESTED] / nf[N_SPEED, n])
        return joules if f == FIT_ENERGY else joules * carbon_intensity(problem, state, n) / JOULES_PER_KWH
    total = problem.node_i[N_DEVICES, n]
    devices = problem.task_i[t, T_DEVICES]
    share = problem.task_i[t, T_SHARE]
    if f == FIT_DEVICES:
        return (state.node_i[S_FREE_SHARES, n] - devices * share) / DEVICE / total if total > 0 else 0.0
    if f == FIT_SAME:
        kind = problem.task_i[t, T_CLASS]
        return float(state.node_i[S_CLASS + kind, n]) if kind >= 0 else 0.0
    device = choose_device(problem, state, t, n, rule)
    if f == FIT_DEVICE_LEFT:
        return (state.devices[n, device] - share) / DEVICE if device >= 0 else 0.0
    if f == FIT_SHARED:
        return 1.0 if device >= 0 and state.devices[n, device] < DEVICE else 0.0
    # FIT_FRAGMENTATION
    if total == 0:
        return 0.0
    return fragmentation_with(problem, state, t, n, device) - state.node_f[S_FRAGMENTATION, n]


@jitted
def candidate_vector(problem, state, t, f, nodes, paths, numbers, size, rule, dense, out):
    """Write the values of any feature `f` for the first `size` candidates of task `t` to `out`.

    Args:
        problem: The scenario.
        state: The state of the run.
        t: Index of the task.
        f: Index of the feature.
        nodes: Node of each candidate, -1 for none.
        paths: Path of each candidate, -1 for none.
        numbers: Number of each candidate in the task's list.
        size: Number of candidates.
        rule: The policy's choice of a device.
        dense: True if the candidates are all nodes in order, without paths; one that is -1 may get any value.
        out: float64, at least `size` long.
    """
    if f < FIRST_NODE or f >= FIRST_CLUSTER:
        value = task_feature(problem, state, t, f) if f < FIRST_NODE else cluster_feature(problem, state, f)
        for i in range(size):
            out[i] = value
    elif f < FIRST_FIT:
        node_vector(problem, state, f, nodes, size, dense, out)
    elif f == FIT_RANDOM:
        for i in range(size):
            out[i] = random_of(problem.options[O_SEED], t, i if dense else numbers[i])
    elif f == FIT_CPU:
        _left(state.node_f[S_CPU_FREE], problem.task_f[t, T_CPU], problem.node_f[N_CPU], nodes, size, dense, out)
    elif f == FIT_MEMORY:
        _left(
            state.node_f[S_MEMORY_FREE], problem.task_f[t, T_MEMORY], problem.node_f[N_MEMORY], nodes, size, dense, out
        )
    elif FIRST_OUTLOOK <= f <= LAST_OUTLOOK:
        for i in range(size):
            if not dense or nodes[i] >= 0:
                out[i] = outlook_feature(problem, state, t, nodes[i], f, rule) if nodes[i] >= 0 else 0.0
    elif f < FIRST_PATH:
        for i in range(size):
            if not dense or nodes[i] >= 0:
                out[i] = _fit_feature(problem, state, t, nodes[i], -1 if dense else paths[i], f, rule)
    else:
        for i in range(size):
            value = 0.0
            if not dense and paths[i] >= 0:
                first, last = problem.path_start[paths[i]], problem.path_start[paths[i] + 1]
                if f == PATH_HOPS:
                    value = float(last - first)
                elif last > first:
                    free, load = np.inf, 0.0
                    for k in range(first, last):
                        link = problem.path_links[k]
                        free = min(free, state.link_f[S_LINK_FREE, link])
                        load = max(load, 1.0 - state.link_f[S_LINK_FREE, link] / problem.link_f[L_BANDWIDTH, link])
                    value = free if f == PATH_FREE else load
            out[i] = value
