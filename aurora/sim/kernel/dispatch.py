"""A round of placements: who is next, where it goes, and who may overtake a blocked head."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.accounts import take
from aurora.sim.kernel.fit import count_devices, node_fits, path_fits
from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import (
    C_NOW,
    C_RESERVATION,
    K_DECISIONS,
    K_FREED,
    K_HEAD,
    K_HEAD_STUCK,
    K_LINK_FREED,
    K_QUEUE,
    K_RESERVED,
    K_RUNNING,
    K_SEQUENCE,
    K_WAITING,
    N_SPEED,
    O_HAS_PATHS,
    O_HAS_PLAN,
    R_ATTEMPTS,
    R_CANDIDATE,
    R_DEVICE_MASK,
    R_EXPECTED,
    R_FINISH,
    R_LATENCY,
    R_NODE,
    R_PATH,
    R_SEQUENCE,
    R_START,
    R_STATUS,
    R_TRIED,
    R_WAITING,
    RUNNING,
    S_CPU_FREE,
    S_FREE_SHARES,
    S_LAST,
    S_LINK_FREE,
    S_MEMORY_FREE,
    T_BANDWIDTH,
    T_CPU,
    T_DEVICES,
    T_DURATION,
    T_MEMORY,
    T_PIN,
    T_REQUESTED,
    T_ROUTE,
    T_SHARE,
)
from aurora.sim.kernel.machine import evaluate_order
from aurora.sim.kernel.observe import network_latency
from aurora.sim.kernel.queue import compact, leave, push_completion, sort_by
from aurora.sim.kernel.scan import choose_by_scan
from aurora.sim.kernel.select import choose
from aurora.sim.kernel.tournament import choose_by_tournament
from aurora.sim.kernel.views import bench_view, problem_view, program_view, state_view

SELECT, SCAN, TOURNAMENT = range(3)
"""How the candidate of a task is found: of any kind, over all nodes at once, from scores that were kept."""


@jitted
def _chosen(problem, state, program, bench, cache, tracer, t, how):
    if how == SCAN:
        return choose_by_scan(problem, state, program, bench, t)
    if how == TOURNAMENT:
        return choose_by_tournament(problem, state, program, bench, cache, t)
    return choose(problem, state, program, bench, tracer, t, False)


@jitted
def start(problem, state, program, t, candidate, with_fragmentation):
    """Start task `t` on a candidate now."""
    pr = problem_view(problem)
    st = state_view(state)
    pg = program_view(program)
    now = st.clock[C_NOW]
    node, path = pr.candidate_node[candidate], pr.candidate_path[candidate]
    speed = pr.node_f[N_SPEED, node] if node >= 0 else 1.0
    latency = network_latency(problem, state, t, path)
    st.counters[K_DECISIONS] += 1
    if node >= 0:
        st.node_i[S_LAST, node] = st.counters[K_DECISIONS]
    take(problem, state, t, node, path, pg.device_choice, with_fragmentation)
    finish = now + latency + pr.task_f[t, T_DURATION] / speed
    st.run_f[t, R_START] = now
    st.run_f[t, R_LATENCY] = latency
    st.run_f[t, R_FINISH] = finish
    st.run_f[t, R_EXPECTED] = now + latency + pr.task_f[t, T_REQUESTED] / speed
    st.run_i[t, R_CANDIDATE] = candidate
    st.run_i[t, R_ATTEMPTS] += 1
    st.run_i[t, R_STATUS] = RUNNING
    st.run_i[t, R_SEQUENCE] = st.counters[K_SEQUENCE]
    push_completion(state, finish, t, st.counters[K_SEQUENCE])
    st.counters[K_SEQUENCE] += 1


@jitted
def _may_fit(problem, state, t):
    """Whether what was freed since the last round can matter to `t`, which did not fit then."""
    pr = problem_view(problem)
    st = state_view(state)
    if st.counters[K_FREED] > st.freed.shape[0]:
        return True
    if pr.options[O_HAS_PATHS] == 1:
        return st.counters[K_FREED] > 0 or st.counters[K_LINK_FREED] > 0
    for k in range(st.counters[K_FREED]):
        if node_fits(problem, state, t, st.freed[k]):
            return True
    return False


@jitted
def place_any(problem, state, program, bench, cache, tracer, with_fragmentation, gate_static, how):
    """Without head-of-line blocking: try the waiting tasks in order, place whatever fits.

    A task that did not fit in the last round is tried again only if something it could use was freed
    since; that holds where neither `admit` nor `when` can change their minds (`gate_static`).
    """
    st = state_view(state)
    pg = program_view(program)
    bn = bench_view(bench)
    size = 0
    for k in range(st.counters[K_QUEUE]):
        t = st.waiting[k]
        if st.run_i[t, R_WAITING] == 0:
            continue
        if gate_static and st.run_i[t, R_TRIED] == 1 and not _may_fit(problem, state, t):
            continue
        bn.tasks[size] = t
        size += 1
    st.counters[K_FREED] = 0
    st.counters[K_LINK_FREED] = 0
    if pg.order_changes == 1 and size > 1:
        evaluate_order(problem, state, program, bench, bn.tasks, size)
        sort_by(st.key, bn.tasks, size)
    for k in range(size):
        t = bn.tasks[k]
        candidate = _chosen(problem, state, program, bench, cache, tracer, t, how)
        if candidate >= 0:
            leave(state, t)
            start(problem, state, program, t, candidate, with_fragmentation)
        else:
            st.run_i[t, R_TRIED] = 1
    compact(state, False)


@jitted
def _pick_head(problem, state, program, bench):
    pr = problem_view(problem)
    st = state_view(state)
    pg = program_view(program)
    size = st.counters[K_QUEUE]
    if pg.order_changes == 1 and pr.options[O_HAS_PLAN] == 0:
        evaluate_order(problem, state, program, bench, st.waiting, size)
    best = -1
    for k in range(size):
        t = st.waiting[k]
        if st.run_i[t, R_WAITING] == 1 and (best < 0 or st.key[t] < st.key[best]):
            best = t
    return best


@jitted
def place_in_line(problem, state, program, bench, cache, tracer, with_fragmentation, how):
    """With head-of-line blocking: place heads until one is stuck, then backfill if that is allowed."""
    st = state_view(state)
    pg = program_view(program)
    easy = pg.easy == 1
    while True:
        if st.counters[K_HEAD] < 0:
            if st.counters[K_WAITING] == 0:
                break
            t = _pick_head(problem, state, program, bench)
            leave(state, t)
            compact(state, easy)
            st.counters[K_HEAD] = t
            st.counters[K_HEAD_STUCK] = 0
        t = st.counters[K_HEAD]
        candidate = _chosen(problem, state, program, bench, cache, tracer, t, how)
        if candidate < 0:
            break
        st.counters[K_HEAD] = -1
        start(problem, state, program, t, candidate, with_fragmentation)
    st.counters[K_FREED] = 0
    st.counters[K_LINK_FREED] = 0
    if st.counters[K_HEAD] < 0:
        return
    if st.counters[K_HEAD_STUCK] == 0:
        st.counters[K_HEAD_STUCK] = 1
        if easy:
            _reserve(problem, state, bench)
    if easy and st.counters[K_WAITING] > 0:
        for k in range(st.counters[K_QUEUE]):
            t = st.arrived[k]
            candidate = choose(problem, state, program, bench, tracer, t, True)
            if candidate >= 0:
                leave(state, t)
                start(problem, state, program, t, candidate, with_fragmentation)
        compact(state, True)


@jitted
def _copy(target, source):
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@jitted
def _reserve(problem, state, bench):
    """The blocked head's reservation: when some candidate has room if all end as requested.

    What running tasks hold is given back to the state in order of their requested ends until the
    head fits, then everything is restored.
    """
    pr = problem_view(problem)
    st = state_view(state)
    bn = bench_view(bench)
    head = st.counters[K_HEAD]
    now = st.clock[C_NOW]
    count = st.counters[K_RUNNING]
    _copy(bn.saved_f, st.node_f)
    _copy(bn.saved_i, st.node_i)
    _copy(bn.saved_devices, st.devices)
    _copy(bn.saved_links, st.link_f)
    ends = bn.scores
    for k in range(count):
        t = st.running[k]
        bn.others[k] = t
        ends[t] = max(now, st.run_f[t, R_EXPECTED])
    sort_by(ends, bn.others, count)
    st.clock[C_RESERVATION] = np.inf
    st.counters[K_RESERVED] = -1
    route = pr.task_i[head, T_ROUTE]
    first, last = pr.route_start[route], pr.route_start[route + 1]
    if pr.task_i[head, T_PIN] >= 0:
        first += pr.task_i[head, T_PIN]
        last = first + 1
    for k in range(count):
        t = bn.others[k]
        _lift(problem, state, t)
        if k + 1 < count and ends[bn.others[k + 1]] == ends[t]:
            continue
        for c in range(first, last):
            node, path = pr.candidate_node[c], pr.candidate_path[c]
            if node >= 0 and not node_fits(problem, state, head, node):
                continue
            if path >= 0 and not path_fits(problem, state, head, path):
                continue
            st.clock[C_RESERVATION] = ends[t]
            st.counters[K_RESERVED] = c
            break
        if st.counters[K_RESERVED] >= 0:
            break
    _copy(st.node_f, bn.saved_f)
    _copy(st.node_i, bn.saved_i)
    _copy(st.devices, bn.saved_devices)
    _copy(st.link_f, bn.saved_links)


@jitted
def _lift(problem, state, t):
    """Give back what `t` holds, for a look ahead: capacities only, no accounts."""
    pr = problem_view(problem)
    st = state_view(state)
    node, path = st.run_i[t, R_NODE], st.run_i[t, R_PATH]
    if node >= 0:
        st.node_f[S_CPU_FREE, node] += pr.task_f[t, T_CPU]
        st.node_f[S_MEMORY_FREE, node] += pr.task_f[t, T_MEMORY]
        share = pr.task_i[t, T_SHARE]
        if share > 0:
            mask = st.run_i[t, R_DEVICE_MASK]
            for d in range(st.devices.shape[1]):
                if (mask >> d) & 1:
                    st.devices[node, d] += share
            count_devices(state, node)
            st.node_i[S_FREE_SHARES, node] += pr.task_i[t, T_DEVICES] * share
    if path >= 0:
        for k in range(pr.path_start[path], pr.path_start[path + 1]):
            st.link_f[S_LINK_FREE, pr.path_links[k]] += pr.task_f[t, T_BANDWIDTH]
