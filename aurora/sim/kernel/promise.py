"""What an episode is worth so far: the potential of its state, and at its end the scenario's own reward.

Potential-based shaping (Ng, Harada & Russell, ICML 1999, theorem 1) pays an agent the difference of a potential
from state to state and leaves the best policies what they are. The potential here is the reward that the tasks
placed so far would give if nothing else were ever placed; of the state that follows the end it is the reward
itself. So the rewards of an episode add up to the scenario's reward, whatever the potential was between.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import (
    C_NOW,
    G_COST,
    G_ENERGY,
    G_LATENCY,
    G_MET,
    G_PLACED,
    N_CPU,
    N_FULL,
    N_IDLE,
    N_PRICE,
    R_FINISH,
    R_LATENCY,
    R_NODE,
    R_PATH,
    R_START,
    S_PRICE_FACTOR,
    T_ARRIVAL,
    T_CPU,
    T_SLA,
    TOLERANCE,
)
from aurora.sim.kernel.observe import FIRST_OBJECTIVE, SECONDS_PER_HOUR, dominant_share, link_price
from aurora.sim.kernel.summary import add_up, energy_so_far
from aurora.sim.policies.features import FEATURE_INDEX

_PLACES = tuple(FEATURE_INDEX[f"objective.{name}"] - FIRST_OBJECTIVE for name in ("latency", "cost", "energy", "qos"))
_LATENCY, _COST, _ENERGY, _QOS = _PLACES
_TARGETS = tuple(FEATURE_INDEX[f"objective.{name}_target"] - FIRST_OBJECTIVE for name in ("latency", "cost", "energy"))
_LATENCY_TARGET, _COST_TARGET, _ENERGY_TARGET = _TARGETS


@jitted
def _worth(problem, done, latency, cost, energy, met):
    """`aurora.sim.rewards.score` of so many tasks done, with these sums over them."""
    tasks = problem.task_f.shape[0]
    if done == 0:
        return problem.objective[_QOS] * met / tasks
    wanted = problem.objective
    return (
        wanted[_LATENCY] * (done / tasks) / (1.0 + latency / done / wanted[_LATENCY_TARGET])
        + wanted[_COST] * (done / tasks) / (1.0 + cost / (wanted[_COST_TARGET] * tasks))
        + wanted[_ENERGY] * (done / tasks) / (1.0 + energy / (wanted[_ENERGY_TARGET] * tasks))
        + wanted[_QOS] * met / tasks
    )


@jitted
def potential(batch, b, problem):
    """The reward that the tasks placed so far would give; 0 before the first."""
    ledger = batch.ledger[b]
    return _worth(problem, ledger[G_PLACED], ledger[G_LATENCY], ledger[G_COST], ledger[G_ENERGY], ledger[G_MET])


@jitted
def final_reward(batch, problem, state, bench):
    """The scenario's reward, after the end."""
    completed = add_up(problem, state, bench.scores, batch.sums)
    latency = 0.0
    for k in range(completed):
        latency += bench.scores[k]
    met = batch.sums[0] - batch.sums[3]
    return _worth(problem, completed, latency, batch.sums[13], energy_so_far(problem, state), met)


@jitted
def promise(batch, b, problem, state, t):
    """Add the placement of task `t`, just made, to the sums; its earlier one, lost to a failure, counts no more.

    Latency is known now. Cost and energy are what they will be if prices stay and nothing fails: the node's idle
    power is charged to the task for the time by which it keeps the node active longer. What was spent on an
    attempt that was lost stays spent.
    """
    ledger = batch.ledger[b]
    start, finish = state.run_f[t, R_START], state.run_f[t, R_FINISH]
    latest = problem.task_f[t, T_SLA] + TOLERANCE
    before = batch.promised[b, t]
    if np.isnan(before):
        ledger[G_PLACED] += 1.0
    else:
        ledger[G_LATENCY] -= before
        ledger[G_MET] -= 0.0 if before > latest else 1.0
    latency = start - problem.task_f[t, T_ARRIVAL] + state.run_f[t, R_LATENCY]
    batch.promised[b, t] = latency
    ledger[G_LATENCY] += latency
    ledger[G_MET] += 0.0 if latency > latest else 1.0
    price = link_price(problem, t, state.run_i[t, R_PATH])
    n = state.run_i[t, R_NODE]
    if n >= 0:
        price += problem.node_f[N_PRICE, n] * state.node_f[S_PRICE_FACTOR, n] * dominant_share(problem, t, n)
        cores = problem.node_f[N_CPU, n]
        idle = problem.node_f[N_IDLE, n]
        used = problem.task_f[t, T_CPU] / cores if cores > 0.0 else 0.0
        longer = max(0.0, finish - max(state.clock[C_NOW], batch.busy[b, n]))
        batch.busy[b, n] = max(batch.busy[b, n], finish)
        ledger[G_ENERGY] += (problem.node_f[N_FULL, n] - idle) * used * (finish - start) + idle * longer
    ledger[G_COST] += price * (finish - start) / SECONDS_PER_HOUR
