"""Tests whether any plan beats an outcome in latency and cost at once: the ε-constraint method, at the outcome itself.

Minimise cost while latency is at most that of the outcome, then latency while cost is at most that of the outcome
(Haimes, Lasdon & Wismer 1971). If neither can be lowered, the outcome is Pareto-optimal among plans that complete
every task.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from aurora.sim.kernel import EncodedScenario
from aurora.sim.optimum.options import task_options
from aurora.sim.optimum.plan_model import Goal, PlanModel
from aurora.sim.optimum.plans import run_plan
from aurora.sim.optimum.solver import achieved, deterministic_solver
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import PlannedTask

TOLERANCE = 1e-3
"""Relative difference of latency or cost that counts as none."""
TICKS = 10**6
"""Ticks of a horizon: a plan's times are rounded to them, which leaves more outcomes undecided, and is faster."""
SMALLEST_LATENCY = 1e-6
"""Difference of latencies that counts as none, seconds."""

Verdict = Literal["optimal", "dominated", "undecided", "incomplete"]


class ParetoTest(NamedTuple):
    """The result of a test.

    Attributes:
        verdict: `optimal`: proved that no plan lowers one of latency and cost without raising the other. `dominated`:
            there is a plan that does. `undecided`: neither within the effort. `incomplete`: the outcome leaves tasks
            undone.
        latency: Mean latency of the outcome, seconds.
        cost: Cost of the outcome, dollars.
        better_latency: Mean latency of the plan that dominates it, seconds; None: none was found.
        better_cost: Cost of that plan, dollars.
        plan: That plan.
    """

    verdict: Verdict
    latency: float
    cost: float
    better_latency: float | None = None
    better_cost: float | None = None
    plan: tuple[PlannedTask, ...] = ()


def pareto_test(encoded: EncodedScenario, outcome: Outcome, *, effort: float = 5.0) -> ParetoTest:
    """Test whether a plan has less latency or cost than an outcome, and no more of the other.

    Args:
        encoded: A small scenario; see `aurora.sim.optimum.solver.is_small`.
        outcome: Outcome of a policy on it.
        effort: CP-SAT's deterministic time for each of the two searches, roughly in seconds.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    scenario = encoded.scenario
    if outcome.summary.completed < len(scenario.tasks):
        return ParetoTest("incomplete", outcome.summary.latency_mean, outcome.summary.cost)
    latency, cost = achieved(outcome, scenario, "latency"), achieved(outcome, scenario, "cost")
    goals: tuple[tuple[Goal, Goal, float, float], ...] = (
        ("cost", "latency", cost, latency),
        ("latency", "cost", latency, cost),
    )
    proved = 0
    for lowered, limited, present, limit in goals:
        model = PlanModel(encoded, task_options(encoded), max_ticks=TICKS)
        model.minimise(lowered)
        model.limit(limited, limit)
        model.hint(outcome)
        solver = deterministic_solver(effort)
        status = solver.status_name(solver.solve(model.model))
        if status in ("OPTIMAL", "FEASIBLE"):
            plan = model.plan(solver)
            other = run_plan(encoded, plan)
            if other.summary.completed == len(scenario.tasks):
                reached = achieved(other, scenario, "latency"), achieved(other, scenario, "cost")
                if _dominates(reached, (latency, cost)):
                    return ParetoTest("dominated", latency, cost, *reached, plan)
        bound = model.unscaled(solver.best_objective_bound)
        proved += status == "INFEASIBLE" or bound >= present - model.rounding - _slack(present, lowered)
    return ParetoTest("optimal" if proved == len(goals) else "undecided", latency, cost)


def _slack(value: float, goal: Goal) -> float:
    return max(TOLERANCE * abs(value), SMALLEST_LATENCY if goal == "latency" else 0.0)


def _dominates(plan: tuple[float, float], outcome: tuple[float, float]) -> bool:
    """Return whether a plan's latency and cost are no larger, and one of them is clearly smaller."""
    slacks = _slack(outcome[0], "latency"), _slack(outcome[1], "cost")
    no_worse = all(p <= o + 1e-9 * max(1.0, o) for p, o in zip(plan, outcome, strict=True))
    return no_worse and any(p < o - s for p, o, s in zip(plan, outcome, slacks, strict=True))
