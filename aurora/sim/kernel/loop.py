"""The event loop: arrivals, completions, failures, prices, congestion, and placements between them."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.accounts import advance, changed, freed, give_back, price_integral
from aurora.sim.kernel.dispatch import place_any, place_in_line
from aurora.sim.kernel.fit import fragmentation
from aurora.sim.kernel.jit import jitted, jitted_with_memory
from aurora.sim.kernel.layout import (
    C_CPU_TOTAL,
    C_DEVICES_TOTAL,
    C_FIRST,
    C_MEMORY_TOTAL,
    C_NEXT_DEPLETION,
    C_NOW,
    C_PRICE_FACTOR,
    CLOCK,
    COUNTERS,
    DEVICE,
    E_CONGESTION,
    E_FAILURE,
    E_PRICE,
    E_RECOVERY,
    K_FREED,
    K_HEAD,
    K_LINK_FREED,
    K_NODES_DOWN,
    K_RUNNING,
    K_WAITING,
    L_BANDWIDTH,
    LINK_STATE,
    N_BATTERY,
    N_CPU,
    N_DEVICES,
    N_MEMORY,
    N_MODEL,
    O_HAS_PLAN,
    O_MAX_ATTEMPTS,
    O_TOGETHER,
    O_ZERO_PATIENCE,
    R_ATTEMPTS,
    R_COST,
    R_NODE,
    R_PATH,
    R_PENDING,
    R_STATUS,
    R_WAITING,
    RUN_FLOATS,
    RUN_INTS,
    S_BATTERY_LEFT,
    S_CPU_FREE,
    S_DEPLETED_AT,
    S_DOWN,
    S_FAILURES,
    S_FRAGMENTATION,
    S_FREE_SHARES,
    S_IDLE_DEVICES,
    S_LARGEST,
    S_LINK_FACTOR,
    S_LINK_FREE,
    S_MEMORY_FREE,
    S_PRICE_FACTOR,
    STATE_FLOATS,
    STATE_INTS,
    T_PARENTS,
    T_PATIENCE,
    T_PIN,
    T_PLACEABLE,
    T_PLAN_KEY,
    T_READY_AT,
    WAITING_NOT_YET,
    State,
)
from aurora.sim.kernel.machine import evaluate_order
from aurora.sim.kernel.queue import compact, join, leave, next_completion, pop_completion, sort_by
from aurora.sim.kernel.views import bench_view, problem_address, problem_view, program_view, state_view
from aurora.sim.outcome import Status

COMPLETED, UNPLACED, DROPPED, FAILED, UNPLACEABLE = (
    int(Status.COMPLETED),
    int(Status.UNPLACED),
    int(Status.DROPPED),
    int(Status.FAILED),
    int(Status.UNPLACEABLE),
)
FOREVER = 1 << 40
"""Added to a node's count of reasons to be down when its battery is empty."""


@jitted_with_memory
def new_state(problem, log_size, with_fragmentation):
    """Everything free and up, nothing arrived."""
    tasks = problem.task_f.shape[0]
    nodes = problem.node_f.shape[1]
    most = 1
    for n in range(nodes):
        most = max(most, problem.node_i[N_DEVICES, n])
    state = State(
        np.zeros((STATE_FLOATS, nodes)),
        np.zeros((STATE_INTS, nodes), np.int64),
        np.full((nodes, most), -1, np.int64),
        np.zeros((LINK_STATE, problem.link_f.shape[1])),
        np.full((tasks, RUN_FLOATS), np.nan),
        np.zeros((tasks, RUN_INTS), np.int64),
        np.zeros(CLOCK),
        np.zeros(COUNTERS, np.int64),
        np.empty(tasks, np.int64),
        np.empty(tasks, np.int64),
        np.empty(tasks + 1, np.int64),
        np.empty(nodes, np.int64),
        np.zeros(tasks),
        np.empty(log_size, np.int64),
        np.empty(most, np.int64),
        np.empty(2 * tasks + 2),
        np.empty(2 * tasks + 2, np.int64),
    )
    clock = state.clock
    clock[C_PRICE_FACTOR] = 1.0
    clock[C_NEXT_DEPLETION] = np.inf
    clock[C_FIRST] = np.inf
    state.counters[K_HEAD] = -1
    for n in range(nodes):
        state.node_f[S_CPU_FREE, n] = problem.node_f[N_CPU, n]
        state.node_f[S_MEMORY_FREE, n] = problem.node_f[N_MEMORY, n]
        state.node_f[S_PRICE_FACTOR, n] = 1.0
        state.node_f[S_BATTERY_LEFT, n] = problem.node_f[N_BATTERY, n]
        state.node_f[S_DEPLETED_AT, n] = np.inf
        devices = problem.node_i[N_DEVICES, n]
        state.devices[n, :devices] = DEVICE
        state.node_i[S_FREE_SHARES, n] = devices * DEVICE
        state.node_i[S_IDLE_DEVICES, n] = devices
        state.node_i[S_LARGEST, n] = DEVICE if devices > 0 else 0
        clock[C_CPU_TOTAL] += problem.node_f[N_CPU, n]
        clock[C_MEMORY_TOTAL] += problem.node_f[N_MEMORY, n]
        clock[C_DEVICES_TOTAL] += devices
        if with_fragmentation and devices > 0:
            state.node_f[S_FRAGMENTATION, n] = fragmentation(
                problem_address(problem),
                problem.node_i[N_MODEL, n],
                problem.node_f[N_CPU, n],
                state.devices[n],
                devices,
            )
    for l in range(problem.link_f.shape[1]):
        state.link_f[S_LINK_FREE, l] = problem.link_f[L_BANDWIDTH, l]
        state.link_f[S_LINK_FACTOR, l] = 1.0
    for t in range(tasks):
        state.run_f[t, R_COST] = 0.0
        state.run_i[t, R_NODE] = -1
        state.run_i[t, R_PATH] = -1
        state.run_i[t, R_PENDING] = problem.task_i[t, T_PARENTS] + 1
        state.run_i[t, R_STATUS] = WAITING_NOT_YET
        if problem.task_i[t, T_PLACEABLE] == 0:
            state.run_i[t, R_STATUS] = UNPLACEABLE
    return state


@jitted
def _became_ready(problem, state, program, bench, t, static):
    """One thing less that `t` waits for (its arrival, or a dependency); the last puts it in the queue."""
    st = state_view(state)
    st.run_i[t, R_PENDING] -= 1
    if st.run_i[t, R_PENDING] > 0 or st.run_i[t, R_STATUS] != WAITING_NOT_YET:
        return
    _enqueue(problem, state, program, bench, t, static)


@jitted
def _enqueue(problem, state, program, bench, t, static):
    st = state_view(state)
    pg = program_view(program)
    st.run_i[t, R_STATUS] = UNPLACED
    join(problem, state, t, static, pg.easy == 1)


@jitted
def _set_keys(problem, state, program, bench):
    """Order keys of all tasks, once, where nothing that happens can change them."""
    pr = problem_view(problem)
    st = state_view(state)
    bn = bench_view(bench)
    tasks = pr.task_f.shape[0]
    if pr.options[O_HAS_PLAN] == 1:
        for t in range(tasks):
            st.key[t] = pr.task_f[t, T_PLAN_KEY]
        return
    for t in range(tasks):
        bn.tasks[t] = t
    evaluate_order(problem, state, program, bench, bn.tasks, tasks)


@jitted
def _complete(problem, state, program, bench, t, static, with_fragmentation):
    pr = problem_view(problem)
    st = state_view(state)
    st.run_i[t, R_STATUS] = COMPLETED
    give_back(problem, state, t, with_fragmentation)
    for k in range(pr.children_start[t], pr.children_start[t + 1]):
        _became_ready(problem, state, program, bench, pr.children[k], static)


@jitted
def _go_down(problem, state, program, bench, n, static, with_fragmentation):
    """Node `n` is down: its tasks go back to the queue, or end for good after too many attempts."""
    pr = problem_view(problem)
    st = state_view(state)
    bn = bench_view(bench)
    st.counters[K_NODES_DOWN] += 1
    st.node_i[S_FAILURES, n] += 1
    lost = 0
    for k in range(st.counters[K_RUNNING]):
        if st.run_i[st.running[k], R_NODE] == n:
            t = st.running[k]
            bn.others[lost] = t
            bn.scores[t] = 0.0
            lost += 1
    sort_by(bn.scores, bn.others, lost)
    for k in range(lost):
        t = bn.others[k]
        give_back(problem, state, t, with_fragmentation)
        if st.run_i[t, R_ATTEMPTS] >= pr.options[O_MAX_ATTEMPTS]:
            st.run_i[t, R_STATUS] = FAILED
        else:
            _enqueue(problem, state, program, bench, t, static)
    changed(problem, state, n, with_fragmentation)


@jitted
def _deplete(problem, state, program, bench, static, with_fragmentation):
    pr = problem_view(problem)
    st = state_view(state)
    now = st.clock[C_NOW]
    for n in range(pr.node_f.shape[1]):
        if st.node_f[S_DEPLETED_AT, n] <= now:
            down = st.node_i[S_DOWN, n]
            st.node_i[S_DOWN, n] = down + FOREVER
            if down == 0:
                _go_down(problem, state, program, bench, n, static, with_fragmentation)
            st.node_f[S_BATTERY_LEFT, n] = 0.0
            st.node_f[S_DEPLETED_AT, n] = np.inf
    soonest = np.inf
    for n in range(pr.node_f.shape[1]):
        soonest = min(soonest, st.node_f[S_DEPLETED_AT, n])
    st.clock[C_NEXT_DEPLETION] = soonest


@jitted
def _drop(state, t):
    """Task `t` leaves unserved, if it has never been started and has not ended."""
    st = state_view(state)
    status = st.run_i[t, R_STATUS]
    if st.run_i[t, R_ATTEMPTS] > 0 or (status != UNPLACED and status != WAITING_NOT_YET):
        return
    st.run_i[t, R_STATUS] = DROPPED
    if st.counters[K_HEAD] == t:
        st.counters[K_HEAD] = -1
    elif st.run_i[t, R_WAITING] == 1:
        leave(state, t)


@jitted
def _apply_event(problem, state, program, bench, e, static, with_fragmentation):
    pr = problem_view(problem)
    st = state_view(state)
    pg = program_view(program)
    kind, target = pr.event_i[0, e], pr.event_i[1, e]
    now = st.clock[C_NOW]
    if kind == E_FAILURE:
        st.node_i[S_DOWN, target] += 1
        if st.node_i[S_DOWN, target] == 1:
            _go_down(problem, state, program, bench, target, static, with_fragmentation)
    elif kind == E_RECOVERY:
        st.node_i[S_DOWN, target] -= 1
        if st.node_i[S_DOWN, target] == 0:
            st.counters[K_NODES_DOWN] -= 1
            changed(problem, state, target, with_fragmentation)
            freed(state, target)
    elif kind == E_PRICE:
        for n in range(pr.node_f.shape[1]):
            if target < 0 or n == target:
                price_integral(problem, state, n)
                st.node_f[S_PRICE_FACTOR, n] = pr.event_value[e]
        if target < 0:
            st.clock[C_PRICE_FACTOR] = pr.event_value[e]
    elif kind == E_CONGESTION:
        for l in range(st.link_f.shape[1]):
            st.link_f[S_LINK_FACTOR, l] = 1.0
        for k in range(pr.congestion.shape[1]):
            if pr.congestion[1, k] <= now < pr.congestion[2, k]:
                for l in range(st.link_f.shape[1]):
                    if pr.congestion[0, k] == -1 or pr.congestion[0, k] == l:
                        st.link_f[S_LINK_FACTOR, l] = max(st.link_f[S_LINK_FACTOR, l], pr.congestion[3, k])
    else:
        _drop(state, target)
        compact(state, pg.easy == 1)


@jitted
def simulate_events(problem, program, state, bench, cache, tracer, with_fragmentation, gate_static, how):
    """Run until nothing more can happen.

    Args:
        problem: The scenario.
        program: The policy.
        state: As `new_state` made it; holds the result afterwards.
        bench: Scratch space.
        cache: Scores by class, empty where they can't be cached.
        tracer: Where decisions are recorded, empty where they are not wanted.
        with_fragmentation: Whether the policy needs fragmentation.
        gate_static: Whether a held task can only be released by freed capacity.
        how: How candidates are found, `SELECT`, `SCAN` or `TOURNAMENT`.
    """
    pr = problem_view(problem)
    pg = program_view(program)
    st = state_view(state)
    tasks = pr.task_f.shape[0]
    events = pr.event_time.shape[0]
    together = pr.options[O_TOGETHER] == 1
    static = pg.order_changes == 0 or pr.options[O_HAS_PLAN] == 1
    easy = pg.easy == 1
    if static:
        _set_keys(problem, state, program, bench)
    arrived = 0
    event = 0
    while True:
        arrival_time = pr.task_f[pr.arrivals[arrived], T_READY_AT] if arrived < tasks else np.inf
        running = next_completion(state)
        if arrived == tasks and not running and st.counters[K_WAITING] == 0 and st.counters[K_HEAD] < 0:
            break
        completion_time = st.heap_f[0] if running else np.inf
        event_time = pr.event_time[event] if event < events else np.inf
        depletion_time = st.clock[C_NEXT_DEPLETION]
        now = min(min(arrival_time, completion_time), min(event_time, depletion_time))
        if now == np.inf:
            break
        advance(state, now)
        first_arrived = arrived
        while arrived < tasks and pr.task_f[pr.arrivals[arrived], T_READY_AT] == now:
            t = pr.arrivals[arrived]
            arrived += 1
            st.clock[C_FIRST] = min(st.clock[C_FIRST], now)
            if pr.task_i[t, T_PIN] != -2:
                _became_ready(problem, state, program, bench, t, static)
            if not together:
                break
        arrivals_only = arrival_time == now and not together
        if not arrivals_only:
            while next_completion(state) and st.heap_f[0] == now:
                t = pop_completion(state)
                _complete(problem, state, program, bench, t, static, with_fragmentation)
                if not together:
                    break
        others = together or (arrival_time > now and completion_time > now)
        if others:
            depleted = False
            while event < events and pr.event_time[event] == now:
                if not depleted and pr.event_i[0, event] > E_FAILURE:
                    depleted = True
                    if st.clock[C_NEXT_DEPLETION] <= now:
                        _deplete(problem, state, program, bench, static, with_fragmentation)
                        if not together:
                            break
                _apply_event(problem, state, program, bench, event, static, with_fragmentation)
                event += 1
                if not together:
                    depleted = True
                    break
            if not depleted and st.clock[C_NEXT_DEPLETION] <= now:
                _deplete(problem, state, program, bench, static, with_fragmentation)
        if st.counters[K_WAITING] == 0 and st.counters[K_HEAD] < 0:
            st.counters[K_FREED] = 0
            st.counters[K_LINK_FREED] = 0
        elif pg.blocking == 1:
            place_in_line(problem, state, program, bench, cache, tracer, with_fragmentation, how)
        else:
            place_any(problem, state, program, bench, cache, tracer, with_fragmentation, gate_static, how)
        if pr.options[O_ZERO_PATIENCE] == 1:
            for k in range(first_arrived, arrived):
                if pr.task_f[pr.arrivals[k], T_PATIENCE] == 0.0:
                    _drop(state, pr.arrivals[k])
            compact(state, easy)
    for t in range(tasks):
        if st.run_i[t, R_STATUS] == WAITING_NOT_YET:
            st.run_i[t, R_STATUS] = UNPLACED
