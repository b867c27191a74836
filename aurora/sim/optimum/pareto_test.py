"""Tests whether any plan is better than an outcome in one objective, and no worse in the others.

Minimise the sum of the objectives, each in units of the outcome, while none is more than in the outcome (Benson,
Journal of Optimization Theory and Applications 26, 1978). If the sum can't be lowered, the outcome is Pareto-optimal
among plans that complete every task.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from aurora.sim.kernel import EncodedScenario
from aurora.sim.objectives import BY_NAME, ObjectiveName
from aurora.sim.optimum.options import task_options
from aurora.sim.optimum.plan_model import PlanModel
from aurora.sim.optimum.plans import run_plan
from aurora.sim.optimum.solver import deterministic_solver
from aurora.sim.optimum.weighted_goal import Precision, WeightedGoal
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import PlannedTask

TOLERANCE = 1e-3
"""Relative difference of an objective that counts as none."""
SMALLEST: Mapping[ObjectiveName, float] = {"latency": 1e-6, "qos": 0.5}
"""Difference of an objective that counts as none, in its unit."""
TICKS = 10**7
"""Ticks of a horizon: a plan's times are rounded to them, which leaves more outcomes undecided, and is faster."""
PRECISE = Precision((1,), 1e11, 24)
"""Precision of each objective: finer than the tolerance. A tick of idle power is worth many units."""
TESTED: tuple[ObjectiveName, ...] = ("latency", "cost", "energy", "qos")
"""Objectives that the model of plans has."""

Verdict = Literal["optimal", "dominated", "undecided", "incomplete"]


class ParetoTest(NamedTuple):
    """The result of a test.

    Attributes:
        verdict: `optimal`: proved that no plan lowers an objective without raising another. `dominated`: there is a
            plan that does. `undecided`: neither within the effort. `incomplete`: the outcome leaves tasks undone.
        amounts: Objectives of the outcome: mean seconds, dollars, joules, late tasks.
        better: Objectives of the plan that dominates it; empty: none was found.
        plan: That plan.
    """

    verdict: Verdict
    amounts: Mapping[ObjectiveName, float]
    better: Mapping[ObjectiveName, float] = {}
    plan: tuple[PlannedTask, ...] = ()


def pareto_test(
    encoded: EncodedScenario,
    outcome: Outcome,
    *,
    objectives: Sequence[ObjectiveName] = ("latency", "cost"),
    effort: float = 5.0,
) -> ParetoTest:
    """Test whether a plan has less of an objective than an outcome, and no more of the others.

    Args:
        encoded: A small scenario; see `aurora.sim.optimum.solver.is_small`.
        outcome: Outcome of a policy on it.
        objectives: Objectives that count, of `TESTED`.
        effort: CP-SAT's deterministic time, roughly in seconds.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    tasks = len(encoded.scenario.tasks)
    present = _amounts(outcome, objectives)
    if outcome.summary.completed < tasks:
        return ParetoTest("incomplete", present)
    search = _Search(encoded, {name: value for name, value in present.items() if value > 0}, set(objectives))
    if not search.goals:  # nothing can be lowered
        return ParetoTest("optimal", present)
    search.model.hint(outcome)
    solver = deterministic_solver(effort)
    status = solver.status_name(solver.solve(search.model.model))
    if status in ("OPTIMAL", "FEASIBLE"):
        plan = search.model.plan(solver)
        other = run_plan(encoded, plan)
        if other.summary.completed == tasks and _dominates(_amounts(other, objectives), present):
            return ParetoTest("dominated", present, _amounts(other, objectives), plan)
    proved = status == "INFEASIBLE" or solver.best_objective_bound > search.mark
    return ParetoTest("optimal" if proved else "undecided", present)


class _Search:
    """The model of the plans that are no worse than an outcome in any objective.

    Attributes:
        model: The model, whose objective is the weighted sum of the goals.
        goals: Goal of each objective that is not 0 in the outcome.
        mark: Value of the sum below which a plan would be clearly better in an objective.
    """

    def __init__(
        self, encoded: EncodedScenario, amounts: Mapping[ObjectiveName, float], counted: set[ObjectiveName]
    ) -> None:
        every, tasks = task_options(encoded), len(encoded.scenario.tasks)
        self.model = PlanModel(encoded, every, max_ticks=TICKS)
        self.goals: dict[ObjectiveName, WeightedGoal] = {}
        sums = {name: value * (tasks if name == "latency" else 1) for name, value in amounts.items()}
        for name in sorted(counted):
            self.goals[name] = WeightedGoal(self.model, encoded, every, {name: 1.0}, sums.get(name, 1.0), PRECISE)
        limits = {name: self._most(name, sums.get(name, 0.0)) for name in self.goals}
        for name, most in limits.items():
            self.model.model.add(self.goals[name].total <= most)
        self.goals = {name: goal for name, goal in self.goals.items() if name in sums}
        # Equal shares of the sum, in whole weights.
        counts = {name: max(1.0, goal.units * sums[name]) for name, goal in self.goals.items()}
        weights = {name: max(1, round(max(counts.values()) / count)) for name, count in counts.items()}
        total: Any = sum(weights[name] * goal.total for name, goal in self.goals.items())
        self.model.model.minimize(total)
        slack = min(
            (
                weights[name] * goal.units * _slack(sums[name], name, tasks if name == "latency" else 1)
                for name, goal in self.goals.items()
            ),
            default=0.0,
        )
        self.mark = sum(weights[name] * limits[name] for name in self.goals) - slack

    def _most(self, name: ObjectiveName, amount: float) -> int:
        goal = self.goals[name]
        return math.ceil((amount * (1 + 1e-9) - goal.offset) * goal.units)


def _amounts(outcome: Outcome, objectives: Sequence[ObjectiveName]) -> dict[ObjectiveName, float]:
    return {name: BY_NAME[name].amount(outcome.summary) for name in objectives}


def _slack(amount: float, name: ObjectiveName, tasks: int = 1) -> float:
    return max(TOLERANCE * abs(amount), SMALLEST.get(name, 0.0) * tasks)


def _dominates(plan: Mapping[ObjectiveName, float], outcome: Mapping[ObjectiveName, float]) -> bool:
    """Return whether a plan is no worse in any objective, and clearly better in one."""
    no_worse = all(plan[name] <= value + 1e-9 * max(1.0, value) for name, value in outcome.items())
    return no_worse and any(plan[name] < value - _slack(value, name) for name, value in outcome.items())
