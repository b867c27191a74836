"""A round of placements: the order of tasks, their candidates, and backfilling behind a blocked head."""

from __future__ import annotations

from aurora.sim.kernel.accounting import take
from aurora.sim.kernel.fit import devices_of, node_fits
from aurora.sim.kernel.jit import inlined, jitted
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
    K_SEQUENCE,
    K_WAITING,
    N_SPEED,
    O_HAS_PATHS,
    O_HAS_PLAN,
    R_ATTEMPTS,
    R_EXPECTED,
    R_FINISH,
    R_LATENCY,
    R_SEQUENCE,
    R_START,
    R_STATUS,
    R_TRIED,
    R_WAITING,
    RUNNING,
    S_LAST,
    T_DURATION,
    T_REQUESTED,
    T_ROUTE,
)
from aurora.sim.kernel.machine import evaluate_order
from aurora.sim.kernel.observe import network_latency
from aurora.sim.kernel.queue import compact, leave, push_completion, sort_by
from aurora.sim.kernel.reservation import earliest_room
from aurora.sim.kernel.scan import choose_by_scan, choose_by_sweep
from aurora.sim.kernel.select import choose
from aurora.sim.kernel.tournament import choose_by_tournament

SELECT, SCAN, SWEEP, TOURNAMENT = range(4)
"""Ways to find the candidate of a task: of any kind; over all nodes at once, with or without marking them first; from
cached scores. Only tasks of route 0 have all nodes as candidates; `choose` places the others in any case."""


@inlined
def _chosen(problem, state, program, scratch, cache, tracer, t, how):
    if not problem.plain and problem.task_i[t, T_ROUTE] != 0:
        return choose(problem, state, program, scratch, tracer, t, False)
    if how == SWEEP and devices_of(problem, t) == 0:
        return choose_by_sweep(problem, state, program, scratch, t)
    if how in (SCAN, SWEEP):
        return choose_by_scan(problem, state, program, scratch, t)
    if how == TOURNAMENT:
        return choose_by_tournament(problem, state, program, scratch, cache, t)
    return choose(problem, state, program, scratch, tracer, t, False)


@inlined
def start(problem, state, program, t, candidate, with_fragmentation):
    """Start task `t` on a candidate now."""
    now = state.clock[C_NOW]
    node, path = candidate, -1
    if not problem.plain:
        node, path = problem.candidate_node[candidate], problem.candidate_path[candidate]
    speed = problem.node_f[N_SPEED, node] if problem.plain or node >= 0 else 1.0
    latency = network_latency(problem, state, t, path)
    state.counters[K_DECISIONS] += 1
    if problem.plain or node >= 0:
        state.node_i[S_LAST, node] = state.counters[K_DECISIONS]
    take(problem, state, t, node, path, program.device_choice, with_fragmentation)
    finish = now + latency + problem.task_f[t, T_DURATION] / speed
    state.run_f[t, R_START] = now
    state.run_f[t, R_LATENCY] = latency
    state.run_f[t, R_FINISH] = finish
    state.run_f[t, R_EXPECTED] = now + latency + problem.task_f[t, T_REQUESTED] / speed
    state.run_i[t, R_ATTEMPTS] += 1
    state.run_i[t, R_STATUS] = RUNNING
    state.run_i[t, R_SEQUENCE] = state.counters[K_SEQUENCE]
    push_completion(state, finish, t, state.counters[K_SEQUENCE])
    state.counters[K_SEQUENCE] += 1


@jitted
def _may_fit(problem, state, t):
    """Return whether a resource freed since the last round can make `t` fit, which did not fit then."""
    if state.counters[K_FREED] > state.freed.shape[0]:
        return True
    if problem.options[O_HAS_PATHS] == 1:
        return state.counters[K_FREED] > 0 or state.counters[K_LINK_FREED] > 0
    for k in range(state.counters[K_FREED]):
        if node_fits(problem, state, t, state.freed[k]):
            return True
    return False


@inlined
def forget_freed(state):
    """Clear the list of freed nodes, which only one round of placements reads."""
    state.counters[K_FREED] = 0
    state.counters[K_LINK_FREED] = 0


@inlined
def line_up(problem, state, program, scratch, gate_static):
    """List the tasks to try in this round, in order, without head-of-line blocking; return their number.

    A task that did not fit in the last round is tried again only if a resource that it could use was freed since. This
    requires that `admit` and `when` can't change their values (`gate_static`).
    """
    size = 0
    for k in range(state.counters[K_QUEUE]):
        t = state.waiting[k]
        if state.run_i[t, R_WAITING] == 0:
            continue
        if gate_static and state.run_i[t, R_TRIED] == 1 and not _may_fit(problem, state, t):
            continue
        scratch.tasks[size] = t
        size += 1
    forget_freed(state)
    if program.order_changes == 1 and size > 1:
        evaluate_order(problem, state, program, scratch, scratch.tasks, size)
        sort_by(state.key, scratch.tasks, size)
    return size


@inlined
def place_any(problem, state, program, scratch, cache, tracer, with_fragmentation, gate_static, how):
    """Try the waiting tasks in order and place all that fit, without head-of-line blocking."""
    size = line_up(problem, state, program, scratch, gate_static)
    for k in range(size):
        t = scratch.tasks[k]
        candidate = _chosen(problem, state, program, scratch, cache, tracer, t, how)
        if candidate >= 0:
            leave(state, t)
            start(problem, state, program, t, candidate, with_fragmentation)
        else:
            state.run_i[t, R_TRIED] = 1
    compact(state, False)


@jitted
def _pick_head(problem, state, program, scratch):
    size = state.counters[K_QUEUE]
    if program.order_changes == 1 and problem.options[O_HAS_PLAN] == 0:
        evaluate_order(problem, state, program, scratch, state.waiting, size)
    best = -1
    for k in range(size):
        t = state.waiting[k]
        if state.run_i[t, R_WAITING] == 1 and (best < 0 or state.key[t] < state.key[best]):
            best = t
    return best


@inlined
def head_of_line(problem, state, program, scratch):
    """Return the head of the line, taken from the queue if there was none yet; -1 where no task waits."""
    if state.counters[K_HEAD] < 0:
        if state.counters[K_WAITING] == 0:
            return -1
        t = _pick_head(problem, state, program, scratch)
        leave(state, t)
        compact(state, program.easy == 1)
        state.counters[K_HEAD] = t
        state.counters[K_HEAD_STUCK] = 0
    return state.counters[K_HEAD]


@inlined
def may_backfill(problem, state, program, scratch):
    """Reserve for a blocked head, and return whether other tasks may overtake it."""
    forget_freed(state)
    if state.counters[K_HEAD] < 0:
        return False
    easy = program.easy == 1
    if state.counters[K_HEAD_STUCK] == 0:
        state.counters[K_HEAD_STUCK] = 1
        if easy:
            time, candidate = earliest_room(problem, state, scratch, state.counters[K_HEAD])
            state.clock[C_RESERVATION] = time
            state.counters[K_RESERVED] = candidate
    return easy and state.counters[K_WAITING] > 0


@jitted
def place_in_line(problem, state, program, scratch, cache, tracer, with_fragmentation, how):
    """Place heads of the line until one is blocked, then backfill if that is allowed."""
    while True:
        t = head_of_line(problem, state, program, scratch)
        if t < 0:
            break
        candidate = _chosen(problem, state, program, scratch, cache, tracer, t, how)
        if candidate < 0:
            break
        state.counters[K_HEAD] = -1
        start(problem, state, program, t, candidate, with_fragmentation)
    if may_backfill(problem, state, program, scratch):
        for k in range(state.counters[K_QUEUE]):
            t = state.arrived[k]
            candidate = choose(problem, state, program, scratch, tracer, t, True)
            if candidate >= 0:
                leave(state, t)
                start(problem, state, program, t, candidate, with_fragmentation)
        compact(state, True)
