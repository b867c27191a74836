"""One decision, whatever the candidates are: nodes, paths, pairs of both, or the one that a plan names.

`choose` collects those that are feasible and scores them. `aurora.sim.kernel.scan` and
`aurora.sim.kernel.tournament` are quicker where candidates are nodes only.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.features import FEATURES
from aurora.sim.kernel.fit import node_fits, path_fits
from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import (
    C_NOW,
    C_RESERVATION,
    K_RESERVED,
    K_RULE,
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
    end = st.clock[C_NOW] + network_latency(problem, state, t, path) + pr.task_f[t, T_REQUESTED] / speed
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
    route = pr.task_i[t, T_ROUTE]
    first, last = pr.route_start[route], pr.route_start[route + 1]
    start = first
    pin = pr.task_i[t, T_PIN]
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
def admitted(problem, state, program, bench, t, size):
    """Keep the candidates on the bench that `admit` lets pass; how many are left."""
    bn = bench_view(bench)
    evaluate_candidates(problem, state, program, bench, ADMIT, t, size, False)
    kept = 0
    for i in range(size):
        if bn.scores[i] != 0.0:
            bn.nodes[kept] = bn.nodes[i]
            bn.paths[kept] = bn.paths[i]
            bn.numbers[kept] = bn.numbers[i]
            kept += 1
    return kept


@jitted
def scored(problem, state, program, bench, t, size):
    """Score the candidates on the bench by the first rule that holds; its number, -1 if none does."""
    pg = program_view(program)
    bn = bench_view(bench)
    rules = (pg.sections.shape[0] - FIRST_RULE) // 2
    for r in range(rules):
        section = FIRST_RULE + 2 * r
        if evaluate_scalar(problem, state, program, bench, section, t) != 0.0:
            evaluate_candidates(problem, state, program, bench, section + 1, t, size, False)
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
        size = admitted(problem, state, program, bench, t, size)
    if size == 0:
        return -1
    rule = scored(problem, state, program, bench, t, size)
    if rule < 0:
        return -1
    best = 0
    for i in range(1, size):
        if bn.scores[i] > bn.scores[best]:
            best = i
    chosen = pr.route_start[pr.task_i[t, T_ROUTE]] + bn.numbers[best]
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
            False,
            values,
        )
        for place in range(top):
            tr.features[k, place, f] = values[place]
