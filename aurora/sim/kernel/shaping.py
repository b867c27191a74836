"""Potential-based shaping of rewards, which add up to the scenario's own reward.

Potential-based shaping (Ng, Harada & Russell, ICML 1999, theorem 1) pays an agent the change of a potential from state
to state, and does not change which policies are optimal. The potential here is the reward if no task were placed after
those placed so far; after the end, it is the scenario's reward. So the rewards of an episode add up to the scenario's
reward.
"""

from __future__ import annotations

import numpy as np

from aurora.sim.kernel.jit import jitted
from aurora.sim.kernel.layout import (
    C_NOW,
    G_CARBON,
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
from aurora.sim.kernel.observe import (
    FIRST_OBJECTIVE,
    JOULES_PER_KWH,
    SECONDS_PER_HOUR,
    carbon_intensity,
    dominant_share,
    link_price,
)
from aurora.sim.kernel.summary import V_COST, V_TASKS, V_VIOLATIONS, add_up, carbon_so_far, energy_so_far
from aurora.sim.objectives import OBJECTIVES, WITH_TARGET
from aurora.sim.policies.features import FEATURE_INDEX

_WEIGHT = {o.name: FEATURE_INDEX[f"objective.{o.name}"] - FIRST_OBJECTIVE for o in OBJECTIVES}
_LATENCY, _COST, _ENERGY = _WEIGHT["latency"], _WEIGHT["cost"], _WEIGHT["energy"]
_QOS, _CARBON = _WEIGHT["qos"], _WEIGHT["carbon"]
_TARGET = {o.name: FEATURE_INDEX[f"objective.{o.name}_target"] - FIRST_OBJECTIVE for o in WITH_TARGET}
_LATENCY_TARGET, _COST_TARGET, _ENERGY_TARGET = _TARGET["latency"], _TARGET["cost"], _TARGET["energy"]
_CARBON_TARGET = _TARGET["carbon"]


@jitted
def _worth(problem, done, latency, cost, energy, carbon, met):
    """`aurora.sim.rewards.score` of `done` completed tasks with these sums."""
    tasks = problem.task_f.shape[0]
    if done == 0:
        return problem.objective[_QOS] * met / tasks
    wanted = problem.objective
    return (
        wanted[_LATENCY] * (done / tasks) / (1.0 + latency / done / wanted[_LATENCY_TARGET])
        + wanted[_COST] * (done / tasks) / (1.0 + cost / (wanted[_COST_TARGET] * tasks))
        + wanted[_ENERGY] * (done / tasks) / (1.0 + energy / (wanted[_ENERGY_TARGET] * tasks))
        + wanted[_QOS] * met / tasks
        + wanted[_CARBON] * (done / tasks) / (1.0 + carbon / (wanted[_CARBON_TARGET] * tasks))
    )


@jitted
def potential(batch, b, problem):
    """Return the reward that the tasks placed so far would give; 0 before the first."""
    totals = batch.totals[b]
    return _worth(
        problem,
        totals[G_PLACED],
        totals[G_LATENCY],
        totals[G_COST],
        totals[G_ENERGY],
        totals[G_CARBON],
        totals[G_MET],
    )


@jitted
def final_reward(batch, problem, state, scratch):
    """Return the scenario's reward, after the end of an episode."""
    completed = add_up(problem, state, scratch.scores, batch.sums)
    latency = 0.0
    for k in range(completed):
        latency += scratch.scores[k]
    met = batch.sums[V_TASKS] - batch.sums[V_VIOLATIONS]
    energy, carbon = energy_so_far(problem, state), carbon_so_far(problem, state)
    return _worth(problem, completed, latency, batch.sums[V_COST], energy, carbon, met)


@jitted
def add_placement(batch, b, problem, state, t):
    """Add the present placement of task `t` to the sums; it replaces an earlier one that a failure undid.

    Latency is known now. Cost, energy and carbon assume that prices and intensities stay and nothing fails. The node's
    idle power is charged to the task for the time by which it keeps the node active longer. Amounts spent on a lost
    attempt remain.
    """
    totals = batch.totals[b]
    start, finish = state.run_f[t, R_START], state.run_f[t, R_FINISH]
    latest = problem.task_f[t, T_SLA] + TOLERANCE
    before = batch.placed_latency[b, t]
    if np.isnan(before):
        totals[G_PLACED] += 1.0
    else:
        totals[G_LATENCY] -= before
        totals[G_MET] -= 0.0 if before > latest else 1.0
    latency = start - problem.task_f[t, T_ARRIVAL] + state.run_f[t, R_LATENCY]
    batch.placed_latency[b, t] = latency
    totals[G_LATENCY] += latency
    totals[G_MET] += 0.0 if latency > latest else 1.0
    price = link_price(problem, t, state.run_i[t, R_PATH])
    n = state.run_i[t, R_NODE]
    if n >= 0:
        price += problem.node_f[N_PRICE, n] * state.node_f[S_PRICE_FACTOR, n] * dominant_share(problem, t, n)
        cores = problem.node_f[N_CPU, n]
        idle = problem.node_f[N_IDLE, n]
        used = problem.task_f[t, T_CPU] / cores if cores > 0.0 else 0.0
        longer = max(0.0, finish - max(state.clock[C_NOW], batch.busy[b, n]))
        batch.busy[b, n] = max(batch.busy[b, n], finish)
        joules = (problem.node_f[N_FULL, n] - idle) * used * (finish - start) + idle * longer
        totals[G_ENERGY] += joules
        totals[G_CARBON] += joules * carbon_intensity(problem, state, n) / JOULES_PER_KWH
    totals[G_COST] += price * (finish - start) / SECONDS_PER_HOUR
