"""The observation of a decision: inputs of every candidate, and inputs that are the same for all."""

from __future__ import annotations

from aurora.sim.kernel.handles import problem_at, scratch_at, state_at
from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import B_CHOICES, B_SCENARIO, B_TASK
from aurora.sim.kernel.observe import FIRST_NODE, candidate_vector, cluster_feature, task_feature
from aurora.sim.kernel.vm import squashed


@jitted
def _scalar(problem, state, t, f):
    return task_feature(problem, state, t, f) if f < FIRST_NODE else cluster_feature(problem, state, f)


@jitted
def _factor(problem, state, t, times, per, scale):
    """Return the factor of an input's feature."""
    factor = 1.0 / scale
    if times >= 0:
        factor *= _scalar(problem, state, t, times)
    if per >= 0:
        value = _scalar(problem, state, t, per)
        factor = 0.0 if value == 0.0 else factor / value
    return factor


@jitted
def show(batch, b, program):
    """Fill an episode's part of the observation, with zeros if no decision is due."""
    rows, mask, context = batch.candidates[b], batch.mask[b], batch.context[b]
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
    state, scratch = state_at(batch.states[b]), scratch_at(batch.scratches[b])
    size = batch.cursor[b, B_CHOICES]
    inputs = batch.context_inputs
    for j in range(inputs.shape[0]):
        factor = _factor(problem, state, t, inputs[j, 0], inputs[j, 2], batch.context_scale[j])
        context[j] = squashed(_scalar(problem, state, t, inputs[j, 1]) * factor)
    values, numbers = scratch.vectors[0], scratch.numbers
    for i in range(size):
        mask[numbers[i]] = 1
    inputs = batch.candidate_inputs
    for j in range(inputs.shape[0]):
        candidate_vector(
            problem,
            state,
            t,
            inputs[j, 1],
            scratch.nodes,
            scratch.paths,
            numbers,
            size,
            program.device_choice,
            False,
            values,
        )
        factor = _factor(problem, state, t, inputs[j, 0], inputs[j, 2], batch.candidate_scale[j])
        for i in range(size):
            rows[numbers[i], j] = squashed(values[i] * factor)
