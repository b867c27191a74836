"""What an agent sees of a decision: every candidate in a row, and what is the same for all of them."""

from __future__ import annotations

import numpy as np

from aurora.sim.features import BOUND
from aurora.sim.kernel.handles import bench_at, problem_at, state_at
from aurora.sim.kernel.jit import inlined, jitted
from aurora.sim.kernel.layout import B_CHOICES, B_SCENARIO, B_TASK
from aurora.sim.kernel.observe import FIRST_NODE, candidate_vector, cluster_feature, task_feature


@inlined
def squashed(value, scale):
    """A feature as a network sees it, between -`BOUND` and `BOUND`; NaN counts as 0. `aurora.sim.features.squash`."""
    share = value / scale
    share = 0.0 if np.isnan(share) else min(max(share, -1e12), 1e12)
    return share / (1.0 + abs(share) * (1.0 / BOUND))


@jitted
def show(batch, b, program):
    """Fill an episode's part of the observation; nothing but zeros where no decision is due."""
    rows, mask, context = batch.candidates[b], batch.mask[b], batch.context[b]
    features = batch.candidate_features
    for i in range(rows.shape[0]):
        mask[i] = 0
        for j in range(rows.shape[1]):
            rows[i, j] = 0.0
    t = batch.cursor[b, B_TASK]
    if t < 0:
        for j in range(context.shape[0]):
            context[j] = 0.0
        return
    problem = problem_at(batch.scenarios[batch.cursor[b, B_SCENARIO]], False)
    state, bench = state_at(batch.states[b]), bench_at(batch.benches[b])
    size = batch.cursor[b, B_CHOICES]
    for j in range(context.shape[0]):
        f = batch.context_features[j]
        value = task_feature(problem, state, t, f) if f < FIRST_NODE else cluster_feature(problem, state, f)
        context[j] = squashed(value, batch.context_scale[j])
    values, numbers = bench.vectors[0], bench.numbers
    for i in range(size):
        mask[numbers[i]] = 1
    for j in range(features.shape[0]):
        candidate_vector(
            problem,
            state,
            t,
            features[j],
            bench.nodes,
            bench.paths,
            numbers,
            size,
            program.device_choice,
            False,
            values,
        )
        for i in range(size):
            rows[numbers[i], j] = squashed(values[i], batch.candidate_scale[j])
