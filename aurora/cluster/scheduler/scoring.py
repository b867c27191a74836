"""One decision of the kernel on a state that a cluster determines, instead of the kernel's own events.

The kernel's functions keep the books and evaluate the policy, so the numbers are those of a simulated run to the bit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aurora.sim.kernel.accounting import give_back, take
from aurora.sim.kernel.fit import node_fits
from aurora.sim.kernel.handles import problem_at, program_at, scratch_at, state_at
from aurora.sim.kernel.jit import KERNEL_SOURCES, entry_point
from aurora.sim.kernel.layout import (
    C_NOW,
    DEVICE,
    K_DECISIONS,
    N_SPEED,
    R_ATTEMPTS,
    R_EXPECTED,
    R_START,
    S_IDLE_DEVICES,
    S_LARGEST,
    S_LAST,
    T_CLASS,
    T_DEVICES,
    T_REQUESTED,
    T_SHARE,
)
from aurora.sim.kernel.loop import reset
from aurora.sim.kernel.machine import ADMIT, evaluate_candidates
from aurora.sim.kernel.select import scored

SOURCES = (*KERNEL_SOURCES, Path(__file__))
"""The files that determine the machine code of this module."""
NO_RULE, HELD, NO_ROOM, SCORED = range(4)
"""Marks of a candidate: no rule of the policy holds; `admit` refuses it; it has no room; it has a score."""


def _entry_point(function):
    return entry_point(function, SOURCES)


@_entry_point
def begin(problem_address, state_address):
    """Set a state to an empty cluster with every node up."""
    reset(problem_at(problem_address, False), state_at(state_address), True)


@_entry_point
def score(problem_address, policy, state_address, scratch_address, slot, candidates, now, marks, scores):
    """Score candidates for the task in a slot; return the place of the best one, -1 if there is none.

    Args:
        problem_address: Address of the problem.
        policy: Address of the program.
        state_address: Address of the state.
        scratch_address: Address of the scratch space.
        slot: Row of the task.
        candidates: int64 [n], rising numbers of nodes.
        now: Time, seconds.
        marks: int64 [n], receives the mark of each candidate.
        scores: float64 [n], receives the score of each candidate that is `SCORED`.
    """
    problem, program = problem_at(problem_address, False), program_at(policy)
    state, scratch = state_at(state_address), scratch_at(scratch_address)
    state.clock[C_NOW] = now
    size = 0
    for i in range(candidates.shape[0]):
        marks[i] = NO_ROOM
        scores[i] = np.nan
        n = candidates[i]
        if node_fits(problem, state, slot, n):
            scratch.nodes[size] = n
            scratch.paths[size] = -1
            scratch.numbers[size] = n
            scratch.changed[size] = i
            size += 1
    if size > 0 and program.admits_all == 0:
        passes = evaluate_candidates(problem, state, program, scratch, ADMIT, slot, size, False)
        left = 0
        for k in range(size):
            if passes[k] != 0.0:
                scratch.nodes[left] = scratch.nodes[k]
                scratch.numbers[left] = scratch.numbers[k]
                scratch.changed[left] = scratch.changed[k]
                left += 1
            else:
                marks[scratch.changed[k]] = HELD
        size = left
    if size == 0:
        return -1
    if scored(problem, state, program, scratch, slot, size) < 0:
        for k in range(size):
            marks[scratch.changed[k]] = NO_RULE
        return -1
    best = 0
    for k in range(size):
        marks[scratch.changed[k]] = SCORED
        scores[scratch.changed[k]] = scratch.scores[k]
        if scratch.scores[k] > scratch.scores[best]:
            best = k
    return scratch.changed[best]


@_entry_point
def hold(problem_address, policy, state_address, slot, node, now):
    """Let the task in a slot take its room on a node.

    Returns:
        False if no device has room for it: it then counts without devices, since nobody knows which it shares.
    """
    problem, program, state = problem_at(problem_address, False), program_at(policy), state_at(state_address)
    state.clock[C_NOW] = now
    fits = True
    devices, share = problem.task_i[slot, T_DEVICES], problem.task_i[slot, T_SHARE]
    if devices > 0:
        free = state.node_i[S_LARGEST, node] if share < DEVICE else state.node_i[S_IDLE_DEVICES, node]
        if free < (share if share < DEVICE else devices):
            problem.task_i[slot, T_DEVICES] = 0
            problem.task_i[slot, T_SHARE] = 0
            problem.task_i[slot, T_CLASS] = -1
            fits = False
    state.counters[K_DECISIONS] += 1
    state.node_i[S_LAST, node] = state.counters[K_DECISIONS]
    take(problem, state, slot, node, -1, program.device_choice, True)
    state.run_f[slot, R_START] = now
    state.run_f[slot, R_EXPECTED] = now + problem.task_f[slot, T_REQUESTED] / problem.node_f[N_SPEED, node]
    state.run_i[slot, R_ATTEMPTS] += 1
    return fits


@_entry_point
def release(problem_address, state_address, slot, now):
    """Let the task in a slot give back its room."""
    problem, state = problem_at(problem_address, False), state_at(state_address)
    state.clock[C_NOW] = now
    give_back(problem, state, slot, True)
