"""One decision over all nodes at once, for scenarios without paths.

Every loop runs over all nodes, those without room included, and has no branches. LLVM turns such loops into SIMD code,
which costs less than skipping nodes. Only expensive features (devices, fragmentation) skip nodes without room, which
are -1 in the scratch space.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.bits import double_of, rank_of
from aurora.sim.kernel.fit import devices_of
from aurora.sim.kernel.jit import inlined
from aurora.sim.kernel.lanes import LOWEST, best_with_room
from aurora.sim.kernel.layout import (
    DEVICE,
    N_MODEL,
    S_CPU_FREE,
    S_DOWN,
    S_IDLE_DEVICES,
    S_LARGEST,
    S_MEMORY_FREE,
    T_CPU,
    T_MEMORY,
    T_MODELS,
    T_SHARE,
    TOLERANCE,
)
from aurora.sim.kernel.machine import ADMIT, FIRST_RULE, evaluate_candidates, holds
from aurora.sim.kernel.rows import row_of

NONE = -(1 << 63) + (1 << 52) - 1
"""Rank of -inf, below that of every score."""


@inlined
def choose_by_scan(problem, state, program, scratch, t):
    """Return the node for task `t`, by the same rules as `choose`; -1 if it is held."""
    best = score_all(problem, state, program, scratch, t)
    return _first(scratch.scores, best, problem.node_f.shape[1]) if best != NONE else -1


@inlined
def choose_by_sweep(problem, state, program, scratch, t):
    """Return the same node as `choose_by_scan`, without marking first which nodes have room.

    It is for tasks without devices, and for policies that admit every candidate and whose scores are cheap.
    """
    nodes = problem.node_f.shape[1]
    for rule in range((program.sections.shape[0] - FIRST_RULE) // 2):
        if holds(problem, state, program, scratch, rule, t):
            section = FIRST_RULE + 2 * rule + 1
            values = evaluate_candidates(problem, state, program, scratch, section, t, nodes, True)
            return best_with_room(
                values,
                row_of(state.node_f, S_CPU_FREE),
                row_of(state.node_f, S_MEMORY_FREE),
                row_of(state.node_i, S_DOWN),
                problem.task_f[t, T_CPU],
                problem.task_f[t, T_MEMORY],
                nodes,
            )
    return -1


@inlined
def score_all(problem, state, program, scratch, t):
    """Score every node, -inf for those that may not be used.

    Returns:
        The rank of the best score; `NONE` if no node may be used.
    """
    nodes = problem.node_f.shape[1]
    if _mark_room(problem, state, scratch, t) == 0:
        return NONE
    if program.admits_all == 0:
        passes = evaluate_candidates(problem, state, program, scratch, ADMIT, t, nodes, True)
        left = 0
        for n in range(nodes):
            if passes[n] == 0.0:
                scratch.nodes[n] = -1
            left += 1 if scratch.nodes[n] >= 0 else 0
        if left == 0:
            return NONE
    for rule in range((program.sections.shape[0] - FIRST_RULE) // 2):
        if holds(problem, state, program, scratch, rule, t):
            section = FIRST_RULE + 2 * rule + 1
            values = evaluate_candidates(problem, state, program, scratch, section, t, nodes, True)
            return _rank(values, scratch.nodes, nodes, scratch.scores)
    return NONE


@inlined
def _mark_room(problem, state, scratch, t):
    """List every node, -1 for one that is down or has no room; return the number of those with room."""
    nodes = problem.node_f.shape[1]
    place, down = scratch.nodes, state.node_i[S_DOWN]
    cpu_free, memory_free = state.node_f[S_CPU_FREE], state.node_f[S_MEMORY_FREE]
    cpu, memory = problem.task_f[t, T_CPU], problem.task_f[t, T_MEMORY]
    devices, share = devices_of(problem, t), problem.task_i[t, T_SHARE]
    room = 0
    for n in range(nodes):
        fits = (down[n] <= 0) & (cpu_free[n] + TOLERANCE >= cpu) & (memory_free[n] + TOLERANCE >= memory)
        place[n] = n if fits else -1
        room += 1 if fits else 0
    if devices == 0 or room == 0:
        return room
    models, model = problem.task_i[t, T_MODELS], problem.node_i[N_MODEL]
    least = devices if share == DEVICE else share
    free = state.node_i[S_IDLE_DEVICES] if share == DEVICE else state.node_i[S_LARGEST]
    room = 0
    for n in range(nodes):
        fits = (place[n] >= 0) & (free[n] >= least) & ((models >> model[n]) & 1 == 1)
        place[n] = n if fits else -1
        room += 1 if fits else 0
    return room


@inlined
def _rank(values, place, size, scores):
    """Rank scores that are not finite lowest, and nodes without room below them; return the best rank."""
    best = NONE
    for n in range(size):
        score = values[n] if abs(values[n]) < np.inf else LOWEST
        scores[n] = (score if place[n] >= 0 else -np.inf) + 0.0  # zeros lose their sign
        best = max(best, rank_of(scores[n]))
    return best


@inlined
def _first(scores, best, size):
    """Return the first position of a score with this rank."""
    score = double_of(rank_of(double_of(best)))
    first = size
    for n in range(size):
        first = min(first, n if scores[n] == score else size)
    return first
