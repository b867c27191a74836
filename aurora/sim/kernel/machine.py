"""Evaluates the sections of a program: over candidates, over waiting tasks, or as one number."""

from __future__ import annotations

import math

import numpy as np

from aurora.sim.kernel.jit import inlined, jitted
from aurora.sim.kernel.lanes import weighted_sum
from aurora.sim.kernel.observe import (
    FIRST_NODE,
    TASK_EXPECTED,
    candidate_vector,
    cluster_feature,
    node_row,
    task_feature,
)
from aurora.sim.kernel.ranks import FIRST_RANK, LAST_RANK, rank_vector
from aurora.sim.kernel.reservation import expected_start
from aurora.sim.kernel.rows import address_of, data_of, row_at
from aurora.sim.kernel.vm import (
    BROADCAST,
    CONST,
    DENSE,
    FEATURE_SCALAR,
    FEATURE_VECTOR,
    FIRST_LEFT,
    FIRST_RIGHT,
    FIRST_VECTOR,
    KIND,
    apply_left,
    apply_right,
    apply_scalar,
    apply_vector,
)

ORDER, ADMIT, FIRST_RULE = 0, 1, 2
"""Rows of `Program.sections`."""

RELU, TANH = 1.0, 2.0
"""Codes of the activations in `Program.consts`."""


@inlined
def reads_reservation(program):
    """Return whether a run of the program looks ahead at the ends of running tasks, for which state is saved."""
    return program.easy == 1 or program.uses_order[TASK_EXPECTED] == 1


@inlined
def _fill(row, value, size):
    for i in range(size):
        row[i] = value


@jitted
def evaluate_scalar(problem, state, program, scratch, section, t):
    """Return the value of a section that reads only task and cluster features."""
    s = scratch.scalars
    code = program.code
    for k in range(program.sections[section, 0], program.sections[section, 1]):
        op, d = code[k, 0], code[k, 1]
        if op == CONST:
            s[d] = program.consts[code[k, 2]]
        elif op == FEATURE_SCALAR:
            f = code[k, 2]
            if f < FIRST_NODE:
                s[d] = task_feature(problem, state, t, f)
            else:
                s[d] = cluster_feature(problem, state, f)
        else:
            s[d] = apply_scalar(op, s[code[k, 2]], s[code[k, 3]], s[code[k, 4]])
    return s[program.sections[section, 2]]


@inlined
def holds(problem, state, program, scratch, rule, t):
    """Return whether the `when` of a rule holds; most are the constant 1."""
    section = FIRST_RULE + 2 * rule
    first = program.sections[section, 0]
    if program.sections[section, 1] == first + 1 and program.code[first, 0] == CONST:
        return program.consts[program.code[first, 2]] != 0.0
    return evaluate_scalar(problem, state, program, scratch, section, t) != 0.0


@inlined
def _own_row(scratch, register):
    """Give a vector register its own row again, in place of a row of the scenario."""
    scratch.rows[register] = address_of(scratch.vectors, register)
    return row_at(scratch.rows[register])


@inlined
def _operate(scratch, code, k, size):
    """Apply the operation on vectors at index `k` of the code."""
    rows, s = scratch.rows, scratch.scalars
    op, a, b = code[k, 0], code[k, 2], code[k, 3]
    out = _own_row(scratch, code[k, 1])
    if op >= FIRST_RIGHT:
        apply_right(op & KIND, out, row_at(rows[a]), s[b], size)
    elif op >= FIRST_LEFT:
        apply_left(op & KIND, out, s[a], row_at(rows[b]), size)
    else:
        apply_vector(op & KIND, out, row_at(rows[a]), row_at(rows[b]), row_at(rows[code[k, 4]]), size)


@jitted
def _layer(scratch, consts, d, a, b, at, size):
    """Apply a layer of a network; `Program.consts` describes the constants at `at`."""
    vectors, scalars, units, activation = int(consts[at]), int(consts[at + 1]), int(consts[at + 2]), consts[at + 3]
    at += 4
    for u in range(units):
        start = consts[at + vectors + scalars]
        for k in range(scalars):
            start += consts[at + vectors + k] * scratch.scalars[b + k]
        out = _own_row(scratch, d + u)
        weighted_sum(data_of(scratch.rows), a, data_of(consts), at, vectors, start, out, size)
        if activation == RELU:
            for i in range(size):
                out[i] = max(out[i], 0.0)
        elif activation == TANH:
            for i in range(size):
                out[i] = 1.0 - 2.0 / (math.exp(2.0 * out[i]) + 1.0)
        at += vectors + scalars + 1


@inlined
def evaluate_candidates(problem, state, program, scratch, section, t, size, dense):
    """Evaluate a section for the first `size` candidates; the values are valid until the next evaluation.

    With `dense` the candidates are all nodes; one that is -1 in the scratch space may get any value.
    """
    s = scratch.scalars
    code = program.code
    for k in range(program.sections[section, 0], program.sections[section, 1]):
        op, d, a = code[k, 0], code[k, 1], code[k, 2]
        if op >= FIRST_VECTOR:
            _operate(scratch, code, k, size)
        elif op == FEATURE_VECTOR:
            scratch.rows[d] = node_row(problem, state, a) if dense else 0
            if scratch.rows[d] == 0:
                _own_row(scratch, d)
                if FIRST_RANK <= a <= LAST_RANK:
                    rank_vector(problem, state, scratch, t, a, size, program.device_choice, dense, scratch.vectors[d])
                else:
                    candidate_vector(
                        problem,
                        state,
                        t,
                        a,
                        scratch.nodes,
                        scratch.paths,
                        scratch.numbers,
                        size,
                        program.device_choice,
                        dense,
                        scratch.vectors[d],
                    )
        elif op == BROADCAST:
            _fill(_own_row(scratch, d), s[a], size)
        elif op == CONST:
            s[d] = program.consts[a]
        elif op == FEATURE_SCALAR:
            if a < FIRST_NODE:
                s[d] = task_feature(problem, state, t, a)
            else:
                s[d] = cluster_feature(problem, state, a)
        elif op == DENSE:
            _layer(scratch, program.consts, d, a, code[k, 3], code[k, 4], size)
        else:
            s[d] = apply_scalar(op, s[a], s[code[k, 3]], s[code[k, 4]])
    result = program.sections[section, 2]
    if program.sections[section, 3] == 0:
        row = _own_row(scratch, 0)
        _fill(row, s[result], size)
        return row
    return row_at(scratch.rows[result])


@jitted
def evaluate_order(problem, state, program, scratch, tasks, size):
    """Write the key of each of the first `size` of `tasks` to `state.key`; keys that are not finite rank last."""
    s = scratch.scalars
    code = program.code
    for k in range(program.sections[ORDER, 0], program.sections[ORDER, 1]):
        op, d = code[k, 0], code[k, 1]
        if op >= FIRST_VECTOR:
            _operate(scratch, code, k, size)
        elif op == FEATURE_VECTOR:
            row = _own_row(scratch, d)
            if code[k, 2] == TASK_EXPECTED:
                for i in range(size):
                    row[i] = expected_start(problem, state, scratch, tasks[i])
            else:
                for i in range(size):
                    row[i] = task_feature(problem, state, tasks[i], code[k, 2])
        elif op == BROADCAST:
            _fill(_own_row(scratch, d), s[code[k, 2]], size)
        elif op == CONST:
            s[d] = program.consts[code[k, 2]]
        elif op == FEATURE_SCALAR:
            s[d] = cluster_feature(problem, state, code[k, 2])
        else:
            s[d] = apply_scalar(op, s[code[k, 2]], s[code[k, 3]], s[code[k, 4]])
    result = program.sections[ORDER, 2]
    vector = program.sections[ORDER, 3] == 1
    row = row_at(scratch.rows[result] if vector else address_of(scratch.vectors, 0))
    for i in range(size):
        value = row[i] if vector else s[result]
        state.key[tasks[i]] = value if np.isfinite(value) else np.inf
