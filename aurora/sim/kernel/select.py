"""One decision over candidates of any kind: nodes, paths, pairs of both, or the one that a plan names.

`choose` collects the feasible candidates and scores them. `aurora.sim.kernel.scan` and
`aurora.sim.kernel.tournament` are faster if candidates are nodes only.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.fit import node_fits, path_fits
from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.lanes import LOWEST
from aurora.sim.kernel.layout import (
    C_NOW,
    C_RESERVATION,
    K_RESERVED,
    K_TRACED,
    N_SPEED,
    T_PIN,
    T_REQUESTED,
    T_ROUTE,
)
from aurora.sim.kernel.machine import ADMIT, FIRST_RULE, evaluate_candidates, holds
from aurora.sim.kernel.observe import candidate_vector, network_latency
from aurora.sim.kernel.ranks import FIRST_RANK, LAST_RANK, rank_vector
from aurora.sim.policies.features import FEATURES

FEATURE_COUNT = len(FEATURES)


@jitted
def _shares_link(problem, a, b):
    for i in range(problem.path_start[a], problem.path_start[a + 1]):
        for j in range(problem.path_start[b], problem.path_start[b + 1]):
            if problem.path_links[i] == problem.path_links[j]:
                return True
    return False


@jitted
def delays_head(problem, state, t, node, path):
    """Return whether starting task `t` on a candidate now may delay the reservation of the blocked head."""
    speed = problem.node_f[N_SPEED, node] if node >= 0 else 1.0
    end = state.clock[C_NOW] + network_latency(problem, state, t, path) + problem.task_f[t, T_REQUESTED] / speed
    if end < state.clock[C_RESERVATION]:
        return False
    reserved = state.counters[K_RESERVED]
    if reserved < 0:
        return True
    if node >= 0:
        return node == problem.candidate_node[reserved]
    kept = problem.candidate_path[reserved]
    return path >= 0 and kept >= 0 and _shares_link(problem, path, kept)


@jitted
def collect(problem, state, scratch, t, backfilling):
    """List the feasible candidates of task `t`; return their number."""
    route = problem.task_i[t, T_ROUTE]
    first, last = problem.route_start[route], problem.route_start[route + 1]
    start = first
    pin = problem.task_i[t, T_PIN]
    if pin >= 0:
        first, last = first + pin, first + pin + 1
    size = 0
    for c in range(first, last):
        node, path = problem.candidate_node[c], problem.candidate_path[c]
        if node >= 0 and not node_fits(problem, state, t, node):
            continue
        if path >= 0 and not path_fits(problem, state, t, path):
            continue
        if backfilling and delays_head(problem, state, t, node, path):
            continue
        scratch.nodes[size] = node
        scratch.paths[size] = path
        scratch.numbers[size] = c - start
        size += 1
    return size


@jitted
def admitted(problem, state, program, scratch, t, size):
    """Keep the listed candidates that `admit` accepts; return their number."""
    passes = evaluate_candidates(problem, state, program, scratch, ADMIT, t, size, False)
    kept = 0
    for i in range(size):
        if passes[i] != 0.0:
            scratch.nodes[kept] = scratch.nodes[i]
            scratch.paths[kept] = scratch.paths[i]
            scratch.numbers[kept] = scratch.numbers[i]
            kept += 1
    return kept


@jitted
def scored(problem, state, program, scratch, t, size):
    """Score the listed candidates by the first rule that holds; return its number, -1 if none does."""
    for rule in range((program.sections.shape[0] - FIRST_RULE) // 2):
        if holds(problem, state, program, scratch, rule, t):
            section = FIRST_RULE + 2 * rule + 1
            values = evaluate_candidates(problem, state, program, scratch, section, t, size, False)
            for i in range(size):
                scratch.scores[i] = values[i] if np.isfinite(values[i]) else LOWEST
            return rule
    return -1


@jitted
def choose(problem, state, program, scratch, tracer, t, backfilling):
    """Return the candidate for task `t`, as an index into the candidate lists; -1 if it is held."""
    size = collect(problem, state, scratch, t, backfilling)
    feasible = size
    if size > 0 and program.admits_all == 0:
        size = admitted(problem, state, program, scratch, t, size)
    if size == 0:
        return -1
    rule = scored(problem, state, program, scratch, t, size)
    if rule < 0:
        return -1
    best = 0
    for i in range(1, size):
        if scratch.scores[i] > scratch.scores[best]:
            best = i
    chosen = problem.route_start[problem.task_i[t, T_ROUTE]] + scratch.numbers[best]
    if tracer.time.shape[0] > 0:
        _record(problem, state, program, scratch, tracer, t, rule, feasible, size)
    return chosen


@jitted
def _record(problem, state, program, scratch, tracer, t, rule, feasible, size):
    """Record a decision with its best candidates, which are moved to the front of the list."""
    k = state.counters[K_TRACED]
    if k >= tracer.time.shape[0]:
        return
    state.counters[K_TRACED] = k + 1
    tracer.time[k] = state.clock[C_NOW]
    tracer.task[k] = t
    tracer.rule[k] = rule
    tracer.feasible[k] = feasible
    top = min(size, tracer.scores.shape[1])
    for place in range(top):
        best = place
        for i in range(place + 1, size):
            better = scratch.scores[i] > scratch.scores[best]
            if better or (scratch.scores[i] == scratch.scores[best] and scratch.numbers[i] < scratch.numbers[best]):
                best = i
        for row in (scratch.nodes, scratch.paths, scratch.numbers):
            row[place], row[best] = row[best], row[place]
        scratch.scores[place], scratch.scores[best] = scratch.scores[best], scratch.scores[place]
        tracer.candidates[k, place] = scratch.numbers[place]
        tracer.nodes[k, place] = scratch.nodes[place]
        tracer.paths[k, place] = scratch.paths[place]
        tracer.scores[k, place] = scratch.scores[place]
    values = scratch.vectors[0]
    for f in range(FEATURE_COUNT):
        if FIRST_RANK <= f <= LAST_RANK:
            rank_vector(problem, state, scratch, t, f, size, program.device_choice, False, values)
        else:
            candidate_vector(
                problem,
                state,
                t,
                f,
                scratch.nodes,
                scratch.paths,
                scratch.numbers,
                top,
                program.device_choice,
                False,
                values,
            )
        for place in range(top):
            tracer.features[k, place, f] = values[place]
