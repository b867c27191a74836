"""One decision from cached scores, for policies whose scores change only when the node does.

The scores of each class of tasks are in a tournament tree (Knuth, TAOCP 3, section 5.2.3). Scores of nodes that changed
since the last decision of the class are computed anew; the winner is at the root.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.fit import node_fits
from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import K_LOG, K_STAMP
from aurora.sim.kernel.scan import NONE, score_all
from aurora.sim.kernel.select import admitted, scored


@jitted
def choose_by_tournament(problem, state, program, scratch, cache, t):
    """Return the node for task `t`, by the same rules as `choose`; -1 if it is held."""
    c = cache.task_class[t]
    pending = state.counters[K_LOG] - cache.position[c]
    if cache.position[c] < 0 or 4 * pending > cache.leaf.shape[1] or pending > state.log.shape[0]:
        _start_afresh(problem, state, program, scratch, cache, t, c)
    elif pending > 0:
        _catch_up(problem, state, program, scratch, cache, t, c)
    best = cache.winner[c, 1]
    return best if best >= 0 and cache.leaf[c, best] != -np.inf else -1


@jitted
def _start_afresh(problem, state, program, scratch, cache, t, c):
    """Score every node for class `c` of task `t`."""
    leaf, winner = cache.leaf[c], cache.winner[c]
    width = winner.shape[0] // 2
    usable = score_all(problem, state, program, scratch, t) != NONE
    for n in range(leaf.shape[0]):
        leaf[n] = scratch.scores[n] if usable else -np.inf
    for n in range(width):
        winner[width + n] = n if n < leaf.shape[0] else -1
    for k in range(width - 1, 0, -1):
        _play(leaf, winner, k)
    cache.position[c] = state.counters[K_LOG]


@jitted
def _catch_up(problem, state, program, scratch, cache, t, c):
    """Score the nodes that changed since the last decision on class `c` of task `t`."""
    leaf, winner = cache.leaf[c], cache.winner[c]
    state.counters[K_STAMP] += 1
    size, touched = 0, 0
    for k in range(cache.position[c], state.counters[K_LOG]):
        n = state.log[k % state.log.shape[0]]
        if cache.mark[n] == state.counters[K_STAMP]:
            continue
        cache.mark[n] = state.counters[K_STAMP]
        scratch.changed[touched] = n
        touched += 1
        leaf[n] = -np.inf
        if node_fits(problem, state, t, n):
            scratch.nodes[size], scratch.paths[size], scratch.numbers[size] = n, -1, n
            size += 1
    cache.position[c] = state.counters[K_LOG]
    if size > 0 and program.admits_all == 0:
        size = admitted(problem, state, program, scratch, t, size)
    if size > 0 and scored(problem, state, program, scratch, t, size) >= 0:
        for i in range(size):
            leaf[scratch.nodes[i]] = scratch.scores[i]
    for i in range(touched):
        k = (winner.shape[0] // 2 + scratch.changed[i]) >> 1
        while k > 0:
            _play(leaf, winner, k)
            k >>= 1


@jitted
def _play(leaf, winner, k):
    left, right = winner[2 * k], winner[2 * k + 1]
    winner[k] = left if right < 0 or leaf[left] >= leaf[right] else right
