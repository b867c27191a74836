"""Runs of many compiled policies on many encoded scenarios in one call, without Python between them.

Scratch space and state are allocated once for each scenario. A single run is the smallest case, so that there is one
machine code for all.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.dispatch import SELECT, TOURNAMENT
from aurora.sim.kernel.handles import cache_handle, problem_at, program_at, scratch_handle, state_handle, tracer_at
from aurora.sim.kernel.jit import entry_point, jitted, jitted_with_memory
from aurora.sim.kernel.lanes import padded
from aurora.sim.kernel.layout import LINK_STATE, N_DEVICES, R_STATUS, STATE_FLOATS, STATE_INTS, Cache, Scratch
from aurora.sim.kernel.loop import clear, new_state, reset, simulate_events
from aurora.sim.kernel.machine import reads_reservation
from aurora.sim.kernel.summary import summarize

# Columns of the scenarios of `simulate_many`, int64: the address of a `Problem`, and whether its candidates are all
# nodes.
M_PROBLEM, M_ALL_NODES = range(2)
# Columns of the policies: the address of a `Program`, when fragmentation is kept up to date, whether only freed
# capacity can release a held task, and the fastest way to find candidates if these are all nodes.
M_PROGRAM, M_FRAGMENTATION, M_GATE_STATIC, M_HOW = range(4)
# Columns of the pairs: the number of task classes (0: scores are not cached; `SKIPPED`: the pair isn't run), and the
# index at which the classes of the tasks begin.
M_COUNT, M_CLASSES = range(2)
SKIPPED = -1
NEVER, WITH_DEVICES, ALWAYS = range(3)
"""When fragmentation is kept up to date: never, where there are devices, or in any case."""


@entry_point
def simulate_many(scenarios, plain, policies, trace, pairs, classes, run_f, run_i, sums, status):
    """Run every policy on every scenario.

    Args:
        scenarios: int64 [scenarios, 2], columns M_PROBLEM and M_ALL_NODES.
        plain: None if all scenarios are plain, False otherwise; the machine code differs.
        policies: int64 [policies, 4], columns M_PROGRAM to M_HOW.
        trace: Address of the record of decisions.
        pairs: int64 [scenarios, policies, 2], columns M_COUNT and M_CLASSES; [0, 0, 2] if all are run without caching.
        classes: int64, the classes of tasks that `pairs` refers to.
        run_f: Task state, columns R_*, with rows for the longest scenario; afterwards that of the last run.
        run_i: Likewise.
        sums: float64 [scenarios, policies, VALUES], the results.
        status: int8 [scenarios, policies, tasks], how each task ended; not written with no tasks.
    """
    registers, easy = 1, False
    for p in range(policies.shape[0]):
        program = program_at(policies[p, M_PROGRAM])
        easy = easy or reads_reservation(program)
        for k in range(program.code.shape[0]):
            registers = max(registers, program.code[k, 1] + 1)
    for s in range(scenarios.shape[0]):
        _run_policies(s, scenarios, plain, policies, trace, pairs, classes, run_f, run_i, sums, status, registers, easy)


@jitted_with_memory
def _run_policies(s, scenarios, plain, policies, trace, pairs, classes, run_f, run_i, sums, status, registers, easy):
    """Run every policy on scenario `s`."""
    problem = problem_at(scenarios[s, M_PROBLEM], plain)
    tasks, nodes = problem.task_f.shape[0], problem.node_f.shape[1]
    most = 0
    for p in range(pairs.shape[1]):
        most = max(most, pairs[s, p, M_COUNT])
    scratch = _new_scratch(problem, registers, easy)
    cache = _new_cache(tasks if most > 0 else 0, most, nodes)
    arrays = new_state(problem, run_f, run_i, nodes if most > 0 else 0)
    state, space, kept, tracer = state_handle(arrays), scratch_handle(scratch), cache_handle(cache), tracer_at(trace)
    for p in range(policies.shape[0]):
        count = pairs[s, p, M_COUNT] if pairs.shape[0] > 0 else 0
        if count == SKIPPED:
            continue
        if count > 0:
            first = pairs[s, p, M_CLASSES]
            for t in range(tasks):
                cache.task_class[t] = classes[first + t]
            cache.position[:] = -1
            cache.mark[:] = 0
        keeps = policies[p, M_FRAGMENTATION]
        with_fragmentation = keeps == ALWAYS or (keeps == WITH_DEVICES and problem.fragment_kind.shape[1] > 0)
        how = policies[p, M_HOW] if scenarios[s, M_ALL_NODES] == 1 else SELECT
        if p > 0:
            clear(state)
        reset(problem, state, with_fragmentation)
        simulate_events(
            problem,
            program_at(policies[p, M_PROGRAM]),
            state,
            space,
            kept,
            tracer,
            with_fragmentation,
            policies[p, M_GATE_STATIC] == 1,
            TOURNAMENT if count > 0 else how,
        )
        sums[s, p] = summarize(problem, state)
        for t in range(status.shape[2]):
            status[s, p, t] = run_i[t, R_STATUS]
    # numba frees a variable after its last use; these must live until here, as only their addresses were passed.
    return scratch.nodes.shape[0] + cache.position.shape[0] + arrays.clock.shape[0]


@jitted
def _widest(problem):
    """Return the largest number of candidates of a task."""
    widest = max(1, problem.node_f.shape[1])
    for r in range(problem.route_start.shape[0] - 1):
        widest = max(widest, problem.route_start[r + 1] - problem.route_start[r])
    return widest


@jitted_with_memory
def _new_scratch(problem, registers, easy):
    """Allocate scratch space for policies with so many registers."""
    tasks, nodes = problem.task_f.shape[0], problem.node_f.shape[1]
    widest = _widest(problem)
    longest = padded(max(widest, tasks))
    most = 1
    for n in range(nodes):
        most = max(most, problem.node_i[N_DEVICES, n])
    saved = nodes if easy else 0
    return Scratch(
        np.empty(widest, np.int64),
        np.empty(widest, np.int64),
        np.empty(widest, np.int64),
        np.empty(longest),
        np.empty(registers),
        np.empty((registers, longest)),
        np.empty(registers, np.int64),
        np.empty(tasks, np.int64),
        np.empty(tasks, np.int64),
        np.empty(max(1, nodes), np.int64),
        np.empty((STATE_FLOATS, saved)),
        np.empty((STATE_INTS, saved), np.int64),
        np.empty((saved, most), np.int64),
        np.empty((LINK_STATE, problem.link_f.shape[1])),
    )


@jitted_with_memory
def _new_cache(tasks, classes, nodes):
    """Allocate scores for so many classes; with none the cache is empty."""
    width = 1
    while width < nodes:
        width *= 2
    return Cache(
        np.empty(tasks, np.int64),
        np.empty((classes, nodes)),
        np.empty((classes, 2 * width), np.int64),
        np.full(classes, -1, np.int64),
        np.zeros(nodes if classes > 0 else 0, np.int64),
    )
