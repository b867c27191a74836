"""The event loop: arrivals, completions, failures, prices, carbon, congestion, and placements between them."""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.accounting import advance, change_carbon_intensity, changed, freed, give_back, price_integral
from aurora.sim.kernel.bits import double_of
from aurora.sim.kernel.dispatch import forget_freed, place_any, place_in_line
from aurora.sim.kernel.fit import fragmentation
from aurora.sim.kernel.jit import inlined, jitted, jitted_with_memory
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
    E_CARBON,
    E_CONGESTION,
    E_FAILURE,
    E_PRICE,
    E_RECOVERY,
    K_HEAD,
    K_NODES_DOWN,
    K_RUNNING,
    K_STALE,
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
    R_SIMILAR_BEFORE,
    R_SIMILAR_LAST,
    R_STATUS,
    R_USER_BEFORE,
    R_USER_LAST,
    R_WAITING,
    RUN_FLOATS,
    S_BATTERY_LEFT,
    S_CARBON_FACTOR,
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
    T_DURATION,
    T_PARENTS,
    T_PATIENCE,
    T_PIN,
    T_PLACEABLE,
    T_PLAN_KEY,
    T_READY_AT,
    T_SIMILAR,
    T_USER,
    WAITING_NOT_YET,
    State,
)
from aurora.sim.kernel.machine import evaluate_order
from aurora.sim.kernel.queue import compact, end_heap, join, leave, next_completion, pop_completion, sort_by
from aurora.sim.outcome import Status

COMPLETED, UNPLACED, DROPPED, FAILED, UNPLACEABLE = (
    int(Status.COMPLETED),
    int(Status.UNPLACED),
    int(Status.DROPPED),
    int(Status.FAILED),
    int(Status.UNPLACEABLE),
)
FOREVER = 1 << 40
"""Number that an empty battery adds to a node's count of reasons to be down."""


@jitted_with_memory
def new_state(problem, run_f, run_i, log_size):
    """Allocate the state for `reset`; the tasks' part is in the arrays passed in."""
    tasks = problem.task_f.shape[0]
    nodes = problem.node_f.shape[1]
    most = 1
    for n in range(nodes):
        most = max(most, problem.node_i[N_DEVICES, n])
    return State(
        np.zeros((STATE_FLOATS, nodes)),
        np.zeros((STATE_INTS, nodes), np.int64),
        np.full((nodes, most), -1, np.int64),
        np.zeros((LINK_STATE, problem.link_f.shape[1])),
        run_f,
        run_i,
        np.zeros(CLOCK),
        np.zeros(COUNTERS, np.int64),
        np.empty(tasks, np.int64),
        np.empty(tasks, np.int64),
        np.empty(tasks + 1, np.int64),
        np.empty(nodes, np.int64),
        np.zeros(tasks),
        np.empty(log_size, np.int64),
        np.empty(most, np.int64),
        np.empty(2 * tasks + 2, np.int64),
        np.empty(2 * tasks + 2, np.int64),
    )


@jitted
def clear(state):
    """Clear the state of an earlier run before `reset`, past a smaller scenario's nodes too."""
    for n in range(state.node_f.shape[1]):
        for k in range(state.node_f.shape[0]):
            state.node_f[k, n] = 0.0
        for k in range(state.node_i.shape[0]):
            state.node_i[k, n] = 0
        for d in range(state.devices.shape[1]):
            state.devices[n, d] = -1
        state.node_f[S_DEPLETED_AT, n] = np.inf
    for k in range(state.clock.shape[0]):
        state.clock[k] = 0.0
    for k in range(state.counters.shape[0]):
        state.counters[k] = 0


@jitted
def reset(problem, state, with_fragmentation):
    """Set the state to the start of a run: everything free and up, nothing arrived."""
    clock = state.clock
    clock[C_PRICE_FACTOR] = 1.0
    clock[C_NEXT_DEPLETION] = np.inf
    clock[C_FIRST] = np.inf
    state.counters[K_HEAD] = -1
    end_heap(state, 0)
    for n in range(problem.node_f.shape[1]):
        state.node_f[S_CPU_FREE, n] = problem.node_f[N_CPU, n]
        state.node_f[S_MEMORY_FREE, n] = problem.node_f[N_MEMORY, n]
        state.node_f[S_PRICE_FACTOR, n] = 1.0
        state.node_f[S_CARBON_FACTOR, n] = 1.0
        state.node_f[S_BATTERY_LEFT, n] = problem.node_f[N_BATTERY, n]
        state.node_f[S_DEPLETED_AT, n] = np.inf
        devices = problem.node_i[N_DEVICES, n]
        for d in range(devices):
            state.devices[n, d] = DEVICE
        state.node_i[S_FREE_SHARES, n] = devices * DEVICE
        state.node_i[S_IDLE_DEVICES, n] = devices
        state.node_i[S_LARGEST, n] = DEVICE if devices > 0 else 0
        clock[C_CPU_TOTAL] += problem.node_f[N_CPU, n]
        clock[C_MEMORY_TOTAL] += problem.node_f[N_MEMORY, n]
        clock[C_DEVICES_TOTAL] += devices
        if with_fragmentation and devices > 0:
            state.node_f[S_FRAGMENTATION, n] = fragmentation(
                problem,
                problem.node_i[N_MODEL, n],
                problem.node_f[N_CPU, n],
                state.devices[n],
                devices,
            )
    for l in range(problem.link_f.shape[1]):
        state.link_f[S_LINK_FREE, l] = problem.link_f[L_BANDWIDTH, l]
        state.link_f[S_LINK_FACTOR, l] = 1.0
    run_f, run_i = state.run_f, state.run_i
    for t in range(problem.task_f.shape[0]):
        run_f[t, R_COST] = 0.0
        for k in range(R_USER_LAST, RUN_FLOATS):
            run_f[t, k] = -1.0
        run_i[t, R_NODE] = -1
        run_i[t, R_PATH] = -1
        run_i[t, R_ATTEMPTS] = 0
        run_i[t, R_STATUS] = WAITING_NOT_YET if problem.task_i[t, T_PLACEABLE] == 1 else UNPLACEABLE
        run_i[t, R_PENDING] = problem.task_i[t, T_PARENTS] + 1
        run_i[t, R_WAITING] = 0


@inlined
def _became_ready(problem, state, program, scratch, t, static):
    """Count down the events that `t` waits for (arrival and dependencies); after the last it joins the queue."""
    state.run_i[t, R_PENDING] -= 1
    if state.run_i[t, R_PENDING] > 0 or state.run_i[t, R_STATUS] != WAITING_NOT_YET:
        return
    _enqueue(problem, state, program, scratch, t, static)


@inlined
def _enqueue(problem, state, program, scratch, t, static):
    state.run_i[t, R_STATUS] = UNPLACED
    join(problem, state, t, static, program.easy == 1)


@jitted
def set_keys(problem, state, program, scratch):
    """Compute the order keys of all tasks once, where no event can change them."""
    tasks = problem.task_f.shape[0]
    if problem.options[O_HAS_PLAN] == 1:
        for t in range(tasks):
            state.key[t] = problem.task_f[t, T_PLAN_KEY]
        return
    for t in range(tasks):
        scratch.tasks[t] = t
    evaluate_order(problem, state, program, scratch, scratch.tasks, tasks)


@inlined
def _complete(problem, state, program, scratch, t, static, with_fragmentation):
    state.run_i[t, R_STATUS] = COMPLETED
    user, similar = problem.task_i[t, T_USER] - 1, problem.task_i[t, T_SIMILAR] - 1
    if user >= 0:
        state.run_f[user, R_USER_BEFORE] = state.run_f[user, R_USER_LAST]
        state.run_f[user, R_USER_LAST] = problem.task_f[t, T_DURATION]
        state.run_f[similar, R_SIMILAR_BEFORE] = state.run_f[similar, R_SIMILAR_LAST]
        state.run_f[similar, R_SIMILAR_LAST] = problem.task_f[t, T_DURATION]
    give_back(problem, state, t, with_fragmentation)
    for k in range(problem.children_start[t], problem.children_start[t + 1]):
        _became_ready(problem, state, program, scratch, problem.children[k], static)


@jitted
def _go_down(problem, state, program, scratch, n, static, with_fragmentation):
    """Take node `n` down: its tasks return to the queue, or fail for good after too many attempts."""
    state.counters[K_NODES_DOWN] += 1
    state.node_i[S_FAILURES, n] += 1
    lost = 0
    for k in range(state.counters[K_RUNNING]):
        if state.run_i[state.running[k], R_NODE] == n:
            t = state.running[k]
            scratch.others[lost] = t
            scratch.scores[t] = 0.0
            lost += 1
    state.counters[K_STALE] += lost
    sort_by(scratch.scores, scratch.others, lost)
    for k in range(lost):
        t = scratch.others[k]
        give_back(problem, state, t, with_fragmentation)
        if state.run_i[t, R_ATTEMPTS] >= problem.options[O_MAX_ATTEMPTS]:
            state.run_i[t, R_STATUS] = FAILED
        else:
            _enqueue(problem, state, program, scratch, t, static)
    changed(problem, state, n, with_fragmentation)


@inlined
def _next_depletion(problem, state):
    return np.inf if problem.plain else state.clock[C_NEXT_DEPLETION]


@jitted
def _deplete(problem, state, program, scratch, static, with_fragmentation):
    now = state.clock[C_NOW]
    for n in range(problem.node_f.shape[1]):
        if state.node_f[S_DEPLETED_AT, n] <= now:
            down = state.node_i[S_DOWN, n]
            state.node_i[S_DOWN, n] = down + FOREVER
            if down == 0:
                _go_down(problem, state, program, scratch, n, static, with_fragmentation)
            state.node_f[S_BATTERY_LEFT, n] = 0.0
            state.node_f[S_DEPLETED_AT, n] = np.inf
    soonest = np.inf
    for n in range(problem.node_f.shape[1]):
        soonest = min(soonest, state.node_f[S_DEPLETED_AT, n])
    state.clock[C_NEXT_DEPLETION] = soonest


@jitted
def _drop(state, t):
    """Drop task `t` unserved, if it has never been started and has not ended."""
    status = state.run_i[t, R_STATUS]
    if state.run_i[t, R_ATTEMPTS] > 0 or (status != UNPLACED and status != WAITING_NOT_YET):
        return
    state.run_i[t, R_STATUS] = DROPPED
    if state.counters[K_HEAD] == t:
        state.counters[K_HEAD] = -1
    elif state.run_i[t, R_WAITING] == 1:
        leave(state, t)


@jitted
def _apply_event(problem, state, program, scratch, e, static, with_fragmentation):
    kind, target = problem.event_i[0, e], problem.event_i[1, e]
    now = state.clock[C_NOW]
    if kind == E_FAILURE:
        state.node_i[S_DOWN, target] += 1
        if state.node_i[S_DOWN, target] == 1:
            _go_down(problem, state, program, scratch, target, static, with_fragmentation)
    elif kind == E_RECOVERY:
        state.node_i[S_DOWN, target] -= 1
        if state.node_i[S_DOWN, target] == 0:
            state.counters[K_NODES_DOWN] -= 1
            changed(problem, state, target, with_fragmentation)
            freed(state, target)
    elif kind == E_PRICE:
        for n in range(problem.node_f.shape[1]):
            if target < 0 or n == target:
                price_integral(problem, state, n)
                state.node_f[S_PRICE_FACTOR, n] = problem.event_value[e]
        if target < 0:
            state.clock[C_PRICE_FACTOR] = problem.event_value[e]
    elif kind == E_CARBON:
        for n in range(problem.node_f.shape[1]):
            if target < 0 or n == target:
                change_carbon_intensity(problem, state, n, problem.event_value[e])
    elif kind == E_CONGESTION:
        for l in range(state.link_f.shape[1]):
            state.link_f[S_LINK_FACTOR, l] = 1.0
        for k in range(problem.congestion.shape[1]):
            if problem.congestion[1, k] <= now < problem.congestion[2, k]:
                for l in range(state.link_f.shape[1]):
                    if problem.congestion[0, k] == -1 or problem.congestion[0, k] == l:
                        state.link_f[S_LINK_FACTOR, l] = max(state.link_f[S_LINK_FACTOR, l], problem.congestion[3, k])
    else:
        _drop(state, target)
        compact(state, program.easy == 1)


@inlined
def order_is_static(problem, program):
    """Return whether no event can change the order of waiting tasks."""
    return program.order_changes == 0 or problem.options[O_HAS_PLAN] == 1


@inlined
def next_instant(problem, program, state, scratch, static, with_fragmentation, arrived, event):
    """Move to the next instant at which something happens, and apply it.

    Args:
        problem: The scenario.
        program: The policy.
        state: The state; it is changed.
        scratch: Scratch space.
        static: Result of `order_is_static`.
        with_fragmentation: True if fragmentation is kept up to date.
        arrived: Number of tasks that have arrived.
        event: Number of static events that were applied.

    Returns:
        `arrived` and `event` afterwards, and whether anything was left to happen.
    """
    tasks = problem.task_f.shape[0]
    events = problem.event_time.shape[0]
    together = problem.options[O_TOGETHER] == 1
    arrival_time = problem.task_f[problem.arrivals[arrived], T_READY_AT] if arrived < tasks else np.inf
    running = next_completion(state)
    if arrived == tasks and not running and state.counters[K_WAITING] == 0 and state.counters[K_HEAD] < 0:
        return arrived, event, False
    completion_time = double_of(state.heap_time[0])
    event_time = problem.event_time[event] if event < events else np.inf
    depletion_time = _next_depletion(problem, state)
    now = min(min(arrival_time, completion_time), min(event_time, depletion_time))
    if now == np.inf:
        return arrived, event, False
    advance(problem, state, now)
    while arrived < tasks and problem.task_f[problem.arrivals[arrived], T_READY_AT] == now:
        t = problem.arrivals[arrived]
        arrived += 1
        state.clock[C_FIRST] = min(state.clock[C_FIRST], now)
        if problem.task_i[t, T_PIN] != -2:
            _became_ready(problem, state, program, scratch, t, static)
        if not together:
            break
    arrivals_only = arrival_time == now and not together
    if not arrivals_only:
        while next_completion(state) and double_of(state.heap_time[0]) == now:
            t = pop_completion(state)
            _complete(problem, state, program, scratch, t, static, with_fragmentation)
            if not together:
                break
    others = together or (arrival_time > now and completion_time > now)
    if others:
        depleted = False
        while event < events and problem.event_time[event] == now:
            if not depleted and problem.event_i[0, event] > E_FAILURE:
                depleted = True
                if _next_depletion(problem, state) <= now:
                    _deplete(problem, state, program, scratch, static, with_fragmentation)
                    if not together:
                        break
            _apply_event(problem, state, program, scratch, event, static, with_fragmentation)
            event += 1
            if not together:
                depleted = True
                break
        if not depleted and _next_depletion(problem, state) <= now:
            _deplete(problem, state, program, scratch, static, with_fragmentation)
    return arrived, event, True


@inlined
def end_round(problem, program, state, first_arrived, arrived):
    """Drop the arrivals of this instant that have no patience and were not placed."""
    if problem.options[O_ZERO_PATIENCE] == 1:
        for k in range(first_arrived, arrived):
            if problem.task_f[problem.arrivals[k], T_PATIENCE] == 0.0:
                _drop(state, problem.arrivals[k])
        compact(state, program.easy == 1)


@inlined
def end_run(problem, state):
    """Mark tasks that never became ready as unplaced, at the end of a run."""
    for t in range(problem.task_f.shape[0]):
        if state.run_i[t, R_STATUS] == WAITING_NOT_YET:
            state.run_i[t, R_STATUS] = UNPLACED


@jitted
def simulate_events(problem, program, state, scratch, cache, tracer, with_fragmentation, gate_static, how):
    """Run until nothing more can happen.

    Args:
        problem: The scenario.
        program: The policy.
        state: As `reset` left it; holds the result afterwards.
        scratch: Scratch space.
        cache: Scores by class; empty if they can't be cached.
        tracer: Record of decisions; empty if none is wanted.
        with_fragmentation: True if the policy needs fragmentation.
        gate_static: True if only freed capacity can release a held task.
        how: Way to find candidates: `SELECT`, `SCAN` or `TOURNAMENT`.
    """
    static = order_is_static(problem, program)
    if static:
        set_keys(problem, state, program, scratch)
    arrived = 0
    event = 0
    while True:
        first_arrived = arrived
        arrived, event, going = next_instant(
            problem, program, state, scratch, static, with_fragmentation, arrived, event
        )
        if not going:
            break
        if state.counters[K_WAITING] == 0 and state.counters[K_HEAD] < 0:
            forget_freed(state)
        elif program.blocking == 1:
            place_in_line(problem, state, program, scratch, cache, tracer, with_fragmentation, how)
        else:
            place_any(problem, state, program, scratch, cache, tracer, with_fragmentation, gate_static, how)
        end_round(problem, program, state, first_arrived, arrived)
    end_run(problem, state)
