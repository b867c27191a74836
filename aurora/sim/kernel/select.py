"""One decision: which candidate a task gets.

`choose` looks at every candidate anew. `choose_cached` serves policies whose scores depend only on
the task's class and the node's state: it keeps the scores of each class in a tournament tree
(Knuth, TAOCP 3, section 5.2.3), recomputes those of nodes that changed since the class was last
asked for, and reads the winner at the root.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.features import FEATURES
from aurora.sim.kernel.fit import node_fits, path_fits
from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import (
    C_NOW,
    C_RESERVATION,
    K_LOG,
    K_RESERVED,
    K_RULE,
    K_STAMP,
    K_TRACED,
    N_SPEED,
    T_PIN,
    T_REQUESTED,
    T_ROUTE,
)
from aurora.sim.kernel.machine import ADMIT, FIRST_RULE, evaluate_candidates, evaluate_scalar
from aurora.sim.kernel.observe import candidate_vector, network_latency
from aurora.sim.kernel.views import (
    bench_view,
    cache_view,
    problem_view,
    program_view,
    state_view,
    tracer_view,
)

FEATURE_COUNT = len(FEATURES)
LOWEST = -1.7e308
"""Rank of a feasible candidate whose score is not finite; -inf stands for an infeasible one."""


@jitted
def _shares_link(problem, a, b):
    pr = problem_view(problem)
    for i in range(pr.path_start[a], pr.path_start[a + 1]):
        for j in range(pr.path_start[b], pr.path_start[b + 1]):
            if pr.path_links[i] == pr.path_links[j]:
                return True
    return False


@jitted
def delays_head(problem, state, t, node, path):
    """Whether starting task `t` there now may push back the reservation of the blocked head."""
    pr = problem_view(problem)
    st = state_view(state)
    speed = pr.node_f[N_SPEED, node] if node >= 0 else 1.0
    end = st.clock[C_NOW] + network_latency(problem, state, t, path) + pr.task_f[T_REQUESTED, t] / speed
    if end < st.clock[C_RESERVATION]:
        return False
    reserved = st.counters[K_RESERVED]
    if reserved < 0:
        return True
    if node >= 0:
        return node == pr.candidate_node[reserved]
    kept = pr.candidate_path[reserved]
    return path >= 0 and kept >= 0 and _shares_link(problem, path, kept)


@jitted
def collect(problem, state, bench, t, backfilling):
    """Put the feasible candidates of task `t` on the bench; how many there are."""
    pr = problem_view(problem)
    bn = bench_view(bench)
    route = pr.task_i[T_ROUTE, t]
    first, last = pr.route_start[route], pr.route_start[route + 1]
    start = first
    pin = pr.task_i[T_PIN, t]
    if pin >= 0:
        first, last = first + pin, first + pin + 1
    size = 0
    for c in range(first, last):
        node, path = pr.candidate_node[c], pr.candidate_path[c]
        if node >= 0 and not node_fits(problem, state, t, node):
            continue
        if path >= 0 and not path_fits(problem, state, t, path):
            continue
        if backfilling and delays_head(problem, state, t, node, path):
            continue
        bn.nodes[size] = node
        bn.paths[size] = path
        bn.numbers[size] = c - start
        size += 1
    return size


@jitted
def _admitted(problem, state, program, bench, t, size):
    bn = bench_view(bench)
    evaluate_candidates(problem, state, program, bench, ADMIT, t, size)
    kept = 0
    for i in range(size):
        if bn.scores[i] != 0.0:
            bn.nodes[kept] = bn.nodes[i]
            bn.paths[kept] = bn.paths[i]
            bn.numbers[kept] = bn.numbers[i]
            kept += 1
    return kept


@jitted
def _scored(problem, state, program, bench, t, size):
    """Score the candidates on the bench by the first rule that holds; its number, -1 if none does."""
    pg = program_view(program)
    bn = bench_view(bench)
    rules = (pg.sections.shape[0] - FIRST_RULE) // 2
    for r in range(rules):
        section = FIRST_RULE + 2 * r
        if evaluate_scalar(problem, state, program, bench, section, t) != 0.0:
            evaluate_candidates(problem, state, program, bench, section + 1, t, size)
            for i in range(size):
                if not np.isfinite(bn.scores[i]):
                    bn.scores[i] = LOWEST
            return r
    return -1


@jitted
def choose(problem, state, program, bench, tracer, t, backfilling):
    """The candidate that task `t` gets, as an index into the candidate lists; -1: it is held."""
    pr = problem_view(problem)
    st = state_view(state)
    pg = program_view(program)
    bn = bench_view(bench)
    tr = tracer_view(tracer)
    size = collect(problem, state, bench, t, backfilling)
    feasible = size
    if size > 0 and pg.admits_all == 0:
        size = _admitted(problem, state, program, bench, t, size)
    if size == 0:
        return -1
    rule = _scored(problem, state, program, bench, t, size)
    if rule < 0:
        return -1
    best = 0
    for i in range(1, size):
        if bn.scores[i] > bn.scores[best]:
            best = i
    chosen = pr.route_start[pr.task_i[T_ROUTE, t]] + bn.numbers[best]
    st.counters[K_RULE] = rule
    if tr.time.shape[0] > 0:
        _record(problem, state, program, bench, tracer, t, rule, feasible, size)
    return chosen


@jitted
def _record(problem, state, program, bench, tracer, t, rule, feasible, size):
    """Note a decision with its best candidates (they are moved to the front of the bench)."""
    st = state_view(state)
    pg = program_view(program)
    bn = bench_view(bench)
    tr = tracer_view(tracer)
    k = st.counters[K_TRACED]
    if k >= tr.time.shape[0]:
        return
    st.counters[K_TRACED] = k + 1
    tr.time[k] = st.clock[C_NOW]
    tr.task[k] = t
    tr.rule[k] = rule
    tr.feasible[k] = feasible
    top = min(size, tr.scores.shape[1])
    for place in range(top):
        best = place
        for i in range(place + 1, size):
            better = bn.scores[i] > bn.scores[best]
            if better or (bn.scores[i] == bn.scores[best] and bn.numbers[i] < bn.numbers[best]):
                best = i
        for row in (bn.nodes, bn.paths, bn.numbers):
            row[place], row[best] = row[best], row[place]
        bn.scores[place], bn.scores[best] = bn.scores[best], bn.scores[place]
        tr.candidates[k, place] = bn.numbers[place]
        tr.nodes[k, place] = bn.nodes[place]
        tr.paths[k, place] = bn.paths[place]
        tr.scores[k, place] = bn.scores[place]
    values = bn.vectors[0]
    for f in range(FEATURE_COUNT):
        candidate_vector(
            problem,
            state,
            t,
            f,
            bn.nodes,
            bn.paths,
            bn.numbers,
            top,
            pg.device_choice,
            values,
        )
        for place in range(top):
            tr.features[k, place, f] = values[place]


@jitted
def choose_cached(problem, state, program, bench, cache, t):
    """As `choose`, for tasks whose candidates are all nodes and scores that stand still with the node."""
    pr = problem_view(problem)
    st = state_view(state)
    ca = cache_view(cache)
    c = ca.task_class[t]
    nodes = ca.leaf.shape[1]
    pending = st.counters[K_LOG] - ca.position[c]
    afresh = ca.position[c] < 0 or 4 * pending > nodes or pending > st.log.shape[0]
    if afresh or pending > 0:
        _refresh(problem, state, program, bench, cache, t, c, afresh)
    best = ca.winner[c, 1]
    if best < 0 or ca.leaf[c, best] == -np.inf:
        return -1
    return pr.route_start[pr.task_i[T_ROUTE, t]] + best


@jitted
def _refresh(problem, state, program, bench, cache, t, c, afresh):
    st = state_view(state)
    pg = program_view(program)
    bn = bench_view(bench)
    ca = cache_view(cache)
    leaf = ca.leaf[c]
    winner = ca.winner[c]
    nodes = leaf.shape[0]
    width = winner.shape[0] // 2
    st.counters[K_STAMP] += 1
    stamp = st.counters[K_STAMP]
    size = 0
    last = st.counters[K_LOG]
    touched = 0
    if afresh:
        for n in range(nodes):
            leaf[n] = -np.inf
            if node_fits(problem, state, t, n):
                bn.nodes[size] = n
                size += 1
    else:
        for k in range(ca.position[c], last):
            n = st.log[k % st.log.shape[0]]
            if ca.mark[n] == stamp:
                continue
            ca.mark[n] = stamp
            bn.changed[touched] = n
            touched += 1
            leaf[n] = -np.inf
            if node_fits(problem, state, t, n):
                bn.nodes[size] = n
                size += 1
    ca.position[c] = last
    for i in range(size):
        bn.paths[i] = -1
        bn.numbers[i] = bn.nodes[i]
    if size > 0 and pg.admits_all == 0:
        size = _admitted(problem, state, program, bench, t, size)
    if size > 0 and _scored(problem, state, program, bench, t, size) >= 0:
        for i in range(size):
            leaf[bn.nodes[i]] = bn.scores[i]
    if afresh:
        for n in range(width):
            winner[width + n] = n if n < nodes else -1
        for k in range(width - 1, 0, -1):
            _play(leaf, winner, k)
    else:
        for i in range(touched):
            k = (width + bn.changed[i]) >> 1
            while k > 0:
                _play(leaf, winner, k)
                k >>= 1


@jitted
def _play(leaf, winner, k):
    left, right = winner[2 * k], winner[2 * k + 1]
    winner[k] = left if right < 0 or leaf[left] >= leaf[right] else right
