"""Ranks of the candidates of a decision among each other."""

from __future__ import annotations

from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.observe import FIT_COST, FIT_CPU, FIT_ENERGY, FIT_LATENCY, candidate_vector
from aurora.sim.policies.features import FEATURE_INDEX

FIRST_RANK, LAST_RANK = FEATURE_INDEX["fit.rank_cost"], FEATURE_INDEX["fit.rank_cpu_left"]
RANK_ENERGY, RANK_LATENCY = FEATURE_INDEX["fit.rank_energy"], FEATURE_INDEX["fit.rank_latency"]


@jitted
def _ranked(f):
    """Return the feature by which a rank is taken."""
    if f == FIRST_RANK:
        return FIT_COST
    if f == RANK_ENERGY:
        return FIT_ENERGY
    return FIT_LATENCY if f == RANK_LATENCY else FIT_CPU


@jitted
def rank_vector(problem, state, scratch, t, f, size, rule, dense, out):
    """Write the rank of each candidate to `out`: the share of the others whose value is lower; 0 if there is no other.

    Candidates of -1 in `scratch.nodes` don't count if they are `dense`, and get 0. `scratch.scores` is overwritten.
    """
    nodes = scratch.nodes
    candidate_vector(problem, state, t, _ranked(f), nodes, scratch.paths, scratch.numbers, size, rule, dense, out)
    values, count = scratch.scores, 0
    for i in range(size):
        if not dense or nodes[i] >= 0:
            values[count] = out[i]
            count += 1
    _sort(values, count)
    for i in range(size):
        if count < 2 or (dense and nodes[i] < 0):
            out[i] = 0.0
            continue
        low, high = 0, count
        while low < high:
            middle = (low + high) >> 1
            if values[middle] < out[i]:
                low = middle + 1
            else:
                high = middle
        out[i] = low / (count - 1)


@jitted
def _sort(values, size):
    """Sort the first `size` values, in place (heapsort, Williams 1964)."""
    for k in range((size >> 1) - 1, -1, -1):
        _sift(values, k, size)
    for last in range(size - 1, 0, -1):
        values[0], values[last] = values[last], values[0]
        _sift(values, 0, last)


@jitted
def _sift(values, k, size):
    while True:
        child = 2 * k + 1
        if child >= size:
            return
        if child + 1 < size and values[child + 1] > values[child]:
            child += 1
        if values[child] <= values[k]:
            return
        values[child], values[k] = values[k], values[child]
        k = child
