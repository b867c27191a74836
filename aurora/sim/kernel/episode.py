"""Runs that stop at every decision and continue with the candidate that an agent chooses.

A base policy determines the order of tasks, backfilling, `admit` and the choice of a device. The steps between
decisions are those of `aurora.sim.kernel.loop` and `aurora.sim.kernel.dispatch`. So if the agent follows the scores of
a policy, the episode ends as the policy's own run does, to the bit.

Many episodes are stepped in one call. Their arrays have the size that the largest scenario needs, and are reused by all
calls.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.dispatch import forget_freed, head_of_line, line_up, may_backfill, start
from aurora.sim.kernel.fit import random_of
from aurora.sim.kernel.handles import batch_at, problem_at, program_at, scratch_at, state_at
from aurora.sim.kernel.jit import entry_point, inlined, jitted
from aurora.sim.kernel.layout import (
    A_FORCED,
    A_GATE_STATIC,
    A_NEXT,
    A_RESTARTS,
    A_SEED,
    A_SHUFFLES,
    B_ARRIVED,
    B_ARRIVED_BEFORE,
    B_CHOICES,
    B_ENDED,
    B_EVENT,
    B_PHASE,
    B_PLACE,
    B_SCENARIO,
    B_SHOWN,
    B_SIZE,
    B_TASK,
    CURSOR,
    G_POTENTIAL,
    G_REWARD,
    G_VALUE,
    K_HEAD,
    K_QUEUE,
    K_WAITING,
    R_TRIED,
    T_ROUTE,
    TOTALS,
)
from aurora.sim.kernel.loop import clear, end_round, end_run, next_instant, order_is_static, reset, set_keys
from aurora.sim.kernel.machine import FIRST_RULE, holds
from aurora.sim.kernel.queue import compact, leave
from aurora.sim.kernel.select import admitted, collect, scored
from aurora.sim.kernel.shaping import add_placement, final_reward, potential
from aurora.sim.kernel.summary import summarize
from aurora.sim.kernel.view import show

ADVANCE, ANY, IN_LINE, OVERTAKE, ROUND_OVER, OVER = range(6)
"""Phases of an episode: before the next instant; among the tasks that are tried in turn; at the head of the line;
among those that may overtake it; after an instant's placements; at the end."""

BEGIN, STEP, PREFER = range(3)
"""Actions of `drive` on every episode."""


@jitted
def _choices(problem, state, program, scratch, t, backfilling):
    """List the candidates that task `t` may take now; return their number, 0 if no rule holds."""
    size = collect(problem, state, scratch, t, backfilling)
    if size > 0 and program.admits_all == 0:
        size = admitted(problem, state, program, scratch, t, size)
    if size == 0:
        return 0
    for rule in range((program.sections.shape[0] - FIRST_RULE) // 2):
        if holds(problem, state, program, scratch, rule, t):
            return size
    return 0


@inlined
def _keeps_fragmentation(problem):
    return problem.fragment_kind.shape[1] > 0


@jitted
def _place(batch, b, problem, state, program, t, number):
    """Start task `t`, whose turn it is, on the candidate with this number in its list."""
    cursor = batch.cursor[b]
    if cursor[B_PHASE] == IN_LINE:
        state.counters[K_HEAD] = -1
    else:
        leave(state, t)
        cursor[B_PLACE] += 1
    candidate = problem.route_start[problem.task_i[t, T_ROUTE]] + number
    start(problem, state, program, t, candidate, _keeps_fragmentation(problem))
    add_placement(batch, b, problem, state, t)
    cursor[B_TASK] = -1


@jitted
def _is_due(batch, b, problem, state, program, scratch, t, size):
    """Return whether the agent must choose a candidate for task `t`; a single candidate is taken at once."""
    if size == 1 and batch.options[A_FORCED] == 0:
        _place(batch, b, problem, state, program, t, scratch.numbers[0])
        return False
    batch.cursor[b, B_TASK] = t
    batch.cursor[b, B_CHOICES] = size
    batch.cursor[b, B_SHOWN] += 1
    return True


@jitted
def _run_on(batch, b, problem, state, program, scratch):
    """Run until a decision is due; return False if nothing more can happen."""
    cursor = batch.cursor[b]
    static = order_is_static(problem, program)
    gate_static = batch.options[A_GATE_STATIC] == 1
    while True:
        phase = cursor[B_PHASE]
        if phase == ADVANCE:
            cursor[B_ARRIVED_BEFORE] = cursor[B_ARRIVED]
            arrived, event, going = next_instant(
                problem,
                program,
                state,
                scratch,
                static,
                _keeps_fragmentation(problem),
                cursor[B_ARRIVED],
                cursor[B_EVENT],
            )
            cursor[B_ARRIVED], cursor[B_EVENT] = arrived, event
            cursor[B_PLACE] = 0
            if not going:
                end_run(problem, state)
                cursor[B_PHASE] = OVER
                return False
            if state.counters[K_WAITING] == 0 and state.counters[K_HEAD] < 0:
                forget_freed(state)
                cursor[B_PHASE] = ROUND_OVER
            elif program.blocking == 1:
                cursor[B_PHASE] = IN_LINE
            else:
                cursor[B_SIZE] = line_up(problem, state, program, scratch, gate_static)
                cursor[B_PHASE] = ANY
        elif phase == ANY:
            if cursor[B_PLACE] == cursor[B_SIZE]:
                compact(state, False)
                cursor[B_PHASE] = ROUND_OVER
                continue
            t = scratch.tasks[cursor[B_PLACE]]
            size = _choices(problem, state, program, scratch, t, False)
            if size == 0:
                state.run_i[t, R_TRIED] = 1
                cursor[B_PLACE] += 1
            elif _is_due(batch, b, problem, state, program, scratch, t, size):
                return True
        elif phase == IN_LINE:
            t = head_of_line(problem, state, program, scratch)
            size = 0 if t < 0 else _choices(problem, state, program, scratch, t, False)
            if size > 0:
                if _is_due(batch, b, problem, state, program, scratch, t, size):
                    return True
            elif may_backfill(problem, state, program, scratch):
                cursor[B_SIZE] = state.counters[K_QUEUE]
                cursor[B_PHASE] = OVERTAKE
            else:
                cursor[B_PHASE] = ROUND_OVER
        elif phase == OVERTAKE:
            if cursor[B_PLACE] == cursor[B_SIZE]:
                compact(state, True)
                cursor[B_PHASE] = ROUND_OVER
                continue
            t = state.arrived[cursor[B_PLACE]]
            size = _choices(problem, state, program, scratch, t, True)
            if size == 0:
                cursor[B_PLACE] += 1
            elif _is_due(batch, b, problem, state, program, scratch, t, size):
                return True
        elif phase == ROUND_OVER:
            end_round(problem, program, state, cursor[B_ARRIVED_BEFORE], cursor[B_ARRIVED])
            cursor[B_PHASE] = ADVANCE
        else:
            return False


@jitted
def _next_scenario(batch):
    """Return the next scenario of an order that is shuffled after every pass (Fisher & Yates 1938)."""
    options, order = batch.options, batch.order
    if options[A_NEXT] >= order.shape[0]:
        options[A_NEXT] = 0
        for k in range(order.shape[0] - 1, 0, -1):
            other = int(random_of(options[A_SEED], options[A_SHUFFLES], k) * (k + 1))
            order[k], order[other] = order[other], order[k]
        options[A_SHUFFLES] += 1
    options[A_NEXT] += 1
    return order[options[A_NEXT] - 1]


@jitted
def _begin(batch, b, program):
    """Start scenarios until one has a decision; return False if none has."""
    state, scratch = state_at(batch.states[b]), scratch_at(batch.scratches[b])
    for _ in range(batch.order.shape[0]):
        ended = batch.cursor[b, B_ENDED]
        for k in range(CURSOR):
            batch.cursor[b, k] = 0
        for k in range(TOTALS):
            if k != G_REWARD and k != G_VALUE:
                batch.totals[b, k] = 0.0
        for k in range(batch.placed_latency.shape[1]):
            batch.placed_latency[b, k] = np.nan
        for k in range(batch.busy.shape[1]):
            batch.busy[b, k] = 0.0
        batch.cursor[b, B_ENDED] = ended
        batch.cursor[b, B_TASK] = -1
        batch.cursor[b, B_SCENARIO] = _next_scenario(batch)
        problem = problem_at(batch.scenarios[batch.cursor[b, B_SCENARIO]], False)
        clear(state)
        reset(problem, state, _keeps_fragmentation(problem))
        if order_is_static(problem, program):
            set_keys(problem, state, program, scratch)
        if _run_on(batch, b, problem, state, program, scratch):
            return True
    return False


@jitted
def _step(batch, b, program):
    """Place the task that is due on the agent's candidate, and continue."""
    state, scratch = state_at(batch.states[b]), scratch_at(batch.scratches[b])
    problem = problem_at(batch.scenarios[batch.cursor[b, B_SCENARIO]], False)
    _place(batch, b, problem, state, program, batch.cursor[b, B_TASK], batch.actions[b])
    going = _run_on(batch, b, problem, state, program, scratch)
    totals = batch.totals[b]
    worth = potential(batch, b, problem) if going else final_reward(batch, problem, state, scratch)
    totals[G_REWARD] = worth - totals[G_POTENTIAL]
    totals[G_POTENTIAL] = worth
    totals[G_VALUE] = np.nan if going else worth
    batch.cursor[b, B_ENDED] = -1 if going else batch.cursor[b, B_SCENARIO]
    if not going and batch.options[A_RESTARTS] == 1:
        _begin(batch, b, program)


@jitted
def _prefer(batch, b, program):
    """Set the action that has the highest score of the base policy."""
    state, scratch = state_at(batch.states[b]), scratch_at(batch.scratches[b])
    problem = problem_at(batch.scenarios[batch.cursor[b, B_SCENARIO]], False)
    size = batch.cursor[b, B_CHOICES]
    scored(problem, state, program, scratch, batch.cursor[b, B_TASK], size)
    best = 0
    for i in range(1, size):
        if scratch.scores[i] > scratch.scores[best]:
            best = i
    batch.actions[b] = scratch.numbers[best]


@entry_point
def drive(address, policy, what):
    """Apply an action to every episode of a batch and fill in its observation; batch and policy are addresses.

    `BEGIN` starts scenarios. `STEP` takes `Batch.actions`, each the number of a candidate in the observation. `PREFER`
    writes the base policy's own choices to `Batch.actions`.
    """
    batch, program = batch_at(address), program_at(policy)
    for b in range(batch.states.shape[0]):
        if what == BEGIN:
            batch.cursor[b, B_ENDED] = -1
            _begin(batch, b, program)
        elif batch.cursor[b, B_TASK] >= 0:
            if what == PREFER:
                _prefer(batch, b, program)
            else:
                _step(batch, b, program)
        if what != PREFER:
            show(batch, b, program)


@entry_point
def sums_of(address, b):
    """Return the sums of an episode that has ended, as `summarize` does."""
    batch = batch_at(address)
    return summarize(problem_at(batch.scenarios[batch.cursor[b, B_SCENARIO]], False), state_at(batch.states[b]))
