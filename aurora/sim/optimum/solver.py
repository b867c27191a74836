"""Finds the best plan for a small scenario, with proof, by constraint programming over start times and places.

OR-Tools CP-SAT searches plans in which no attempt is lost. The kernel then runs the plan, and the value of that run
counts. The plan is called optimal only if its value meets CP-SAT's bound. CP-SAT does not model changing prices,
batteries, and the device that a fraction lies on; this can weaken a claim, but never makes it wrong.

Times are rounded down to whole ticks, requests down and capacities up to thousandths. If every start of a valid
schedule is rounded down to a tick, the schedule is valid for rounded durations: two tasks that then share a tick
overlapped just before its end. So CP-SAT's bound is a bound of the unrounded problem.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from aurora.extras import is_installed
from aurora.sim.kernel import EncodedScenario, encode, run
from aurora.sim.kernel import layout as at
from aurora.sim.optimum.bounds import Bounds, bounds
from aurora.sim.optimum.options import task_options
from aurora.sim.optimum.plan_model import Goal, PlanModel
from aurora.sim.optimum.plans import run_plan
from aurora.sim.outcome import Outcome
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import PlannedTask
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Scenario
from aurora.types import Progress, no_progress

MOST_OPTIONS = 4_000
"""Largest number of (task, candidate) pairs for which CP-SAT is worth its time."""
MAX_TASKS_SOLVED = 20
"""Largest number of tasks for which `tightest_bounds` uses the solver (levels 1 and 2).

At level 3 and above the solver took 7 to 36 s for a scenario and changed no bound in its first five digits.
"""
BOUNDS_EFFORT = 0.1
"""CP-SAT's deterministic time for a scenario and goal in `tightest_bounds`, roughly in seconds."""
OPTIMALITY_GAP = 1e-4
"""Relative distance of plan and bound below which the plan counts as optimal; rounding to ticks is finer."""
_GUIDES = ("fastest", "cheapest", "nearest", "first_fit", "best_fit", "sjf+easy")
"""References; the search begins at the best of their plans."""


class Solution(NamedTuple):
    """The result of the solver.

    Attributes:
        status: `optimal`: plan and bound meet. `feasible`: a plan that completes every task. `infeasible`: there
            is proof that there is none. `unknown`: none was found.
        value: Value of the plan, as the kernel runs it, in seconds or dollars; None without a plan.
        bound: Lower bound on the value of plans that complete every task; infinite if infeasible.
        plan: The plan; empty without one.
    """

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    value: float | None
    bound: float
    plan: tuple[PlannedTask, ...]


def is_small(encoded: EncodedScenario) -> bool:
    """Return whether a scenario is small enough for the solver."""
    problem = encoded.problem
    candidates = np.diff(problem.route_start)[problem.task_i[:, at.T_ROUTE]]
    return int(candidates.sum()) <= MOST_OPTIONS


def solve(scenario: Scenario | EncodedScenario, goal: Goal, *, effort: float = 10.0) -> Solution:
    """Search for the plan that completes every task with the least `goal`, by constraint programming (CP-SAT).

    Args:
        scenario: The scenario, or the same as `encode` packed it.
        goal: Goal: time until the last task ends, cost, mean latency, or latency weighted by priority.
        effort: CP-SAT's deterministic time, roughly in seconds; equal efforts give equal status, value and bound.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    from ortools.sat.python import cp_model  # noqa: PLC0415  # half a second, used here only

    encoded = encode(scenario) if isinstance(scenario, Scenario) else scenario
    model = PlanModel(encoded, task_options(encoded))
    model.minimise(goal)
    guide = _best_reference(encoded, goal)
    if guide is not None:
        model.hint(guide)
    solver = deterministic_solver(effort)
    status = solver.solve(model.model)
    if status == cp_model.INFEASIBLE:
        return Solution("infeasible", None, math.inf, ())
    bound = model.unscaled(solver.best_objective_bound)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Solution("unknown", None, bound, ())
    plan = model.plan(solver)
    outcome = run_plan(encoded, plan)
    if outcome.summary.completed < len(encoded.scenario.tasks):
        return Solution("unknown", None, bound, ())
    value = achieved(outcome, encoded.scenario, goal)
    is_proved = value <= bound + OPTIMALITY_GAP * abs(bound) + model.rounding
    return Solution("optimal" if is_proved else "feasible", value, bound, plan)


def deterministic_solver(effort: float, *, strategies: int = 8) -> Any:
    """Return a CP-SAT solver whose answers depend on the model and the effort only.

    Args:
        effort: Deterministic time, roughly in seconds.
        strategies: Number of strategies that take turns; each takes a second to begin with.
    """
    from ortools.sat.python import cp_model  # noqa: PLC0415  # half a second, used here only

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = strategies
    solver.parameters.interleave_search = strategies > 1  # strategies in turn on one thread: deterministic
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = effort
    return solver


def sharpened(least: Bounds, encoded: EncodedScenario, *, effort: float, progress: Progress = no_progress) -> Bounds:
    """Raise the bounds on latency and cost with CP-SAT, up to the optimum where it finishes.

    Args:
        least: From `aurora.sim.optimum.bounds`.
        encoded: A small scenario.
        effort: CP-SAT's deterministic time for each of the two, roughly in seconds.
        progress: Receives the steps done, of those of `tightest_bounds`.
    """
    latency = solve(encoded, "latency", effort=effort).bound
    progress("bounds", 2, 3)
    cost = solve(encoded, "cost", effort=effort).bound
    progress("bounds", 3, 3)
    return least._replace(latency=max(least.latency, latency), cost=max(least.cost, cost))


def tightest_bounds(encoded: EncodedScenario, progress: Progress = no_progress) -> Bounds:
    """Return the bounds of a scenario, raised by the solver where the scenario is small and the solver is installed.

    Without the extra `solver` the bounds hold as well, and may be looser.

    Args:
        encoded: The scenario.
        progress: Receives the steps done as the stage "bounds": the linear programs, then each goal that is solved.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    is_solved = can_be_solved(encoded) and is_installed("solver")
    total = 3 if is_solved else 1
    least = bounds(encoded)
    progress("bounds", 1, total)
    return sharpened(least, encoded, effort=BOUNDS_EFFORT, progress=progress) if is_solved else least


def can_be_solved(encoded: EncodedScenario) -> bool:
    """Return whether a scenario is small enough that the solver may raise its bounds."""
    return len(encoded.scenario.tasks) <= MAX_TASKS_SOLVED and is_small(encoded)


def achieved(outcome: Outcome, scenario: Scenario, goal: Goal) -> float:
    """Return an outcome's value for a goal, seconds or dollars."""
    if goal == "makespan":
        return outcome.summary.makespan
    if goal == "cost":
        return outcome.summary.cost
    weights = [1 if goal == "latency" else t.priority for t in scenario.tasks]
    return float(np.average(outcome.tasks.latency, weights=weights))


def _best_reference(encoded: EncodedScenario, goal: Goal) -> Outcome | None:
    """Return the best outcome for a goal among references that complete every task; None if none does."""
    outcomes = [run(encoded, compile_policy(REFERENCES[name])) for name in _GUIDES]
    done = [o for o in outcomes if o.summary.completed == len(encoded.scenario.tasks)]
    return min(done, key=lambda o: achieved(o, encoded.scenario, goal), default=None)
