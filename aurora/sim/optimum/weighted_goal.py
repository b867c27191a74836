"""A weighted sum of objectives as the goal of the CP-SAT model of plans: a bound of it, and a plan that is good by it.

Every coefficient is rounded down, so the least value of the model is a lower bound. A start counts in whole units, as
times are long and waits are short. Idle power is paid while a node is busy: with few tasks that is the horizon less
stretches that no task overlaps, else at least the length of every task, and what each resource needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aurora.sim.kernel import EncodedScenario
from aurora.sim.objectives import ObjectiveName
from aurora.sim.optimum.options import RESOURCES, TaskOptions, shares
from aurora.sim.optimum.plan_model import PlanModel
from aurora.sim.optimum.plans import run_plan
from aurora.sim.optimum.solver import deterministic_solver, is_small
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import PlannedTask

TICKS = 10**6
"""Ticks of a horizon."""
LARGEST_GOAL = 1e14
"""Largest value of a goal, in units."""
SHARE_PARTS = 1000
"""Parts in which shares of a node are counted."""


class Precision(NamedTuple):
    """How exactly a goal is counted; with larger numbers CP-SAT is slower.

    Attributes:
        units_of_start: Units of a tick's wait; the first counts with which the goal is not too large.
        units: Units of the goal of a known plan, where latency does not count.
        few_tasks: Number of tasks up to which the busy time of a node is exact.
    """

    units_of_start: tuple[int, ...]
    units: float
    few_tasks: int


FINE = Precision((10_000, 1000, 100, 10, 1), 1e9, 8)
"""Precision for one goal alone."""


class WeightedPlan(NamedTuple):
    """The result of the solver.

    Attributes:
        bound: Lower bound of the weighted sum of plans that complete every task.
        outcome: Outcome of the plan it found, as the kernel runs it; None without one.
        plan: That plan.
    """

    bound: float
    outcome: Outcome | None
    plan: tuple[PlannedTask, ...]


def can_be_weighed(encoded: EncodedScenario, most_tasks: int) -> bool:
    """Return whether a scenario has at most so many tasks, and its plans are all in the model.

    A task that is started again after a failure has no patience left in the kernel, but has it in the model.
    """
    scenario = encoded.scenario
    lost = bool(scenario.environmental_conditions.node_failures) or any(n.battery for n in scenario.nodes)
    patient = all(t.patience is None for t in scenario.tasks)
    return len(scenario.tasks) <= most_tasks and is_small(encoded) and (patient or not lost)


def least_weighted(
    encoded: EncodedScenario,
    every: Sequence[TaskOptions],
    rates: Mapping[ObjectiveName, float],
    *,
    aim: float,
    hint: Outcome | None,
    effort: float,
) -> WeightedPlan:
    """Search for the plan that completes every task with the least weighted sum of objectives.

    Args:
        encoded: A small scenario; see `can_be_weighed`.
        every: Options of each task.
        rates: Weight of a unit of each objective, of latency and qos for each task; others count nothing.
        aim: Weighted sum of a known plan.
        hint: Its outcome; None without one.
        effort: CP-SAT's deterministic time, roughly in seconds.
    """
    model = PlanModel(encoded, every, max_ticks=TICKS)
    goal = WeightedGoal(model, encoded, every, rates, aim)
    model.model.minimize(goal.total)
    if hint is not None:
        model.hint(hint)
    solver = deterministic_solver(effort, strategies=1)
    status = solver.status_name(solver.solve(model.model))
    if status == "INFEASIBLE":
        return WeightedPlan(math.inf, None, ())
    bound = solver.best_objective_bound / goal.units + goal.offset
    if status not in ("OPTIMAL", "FEASIBLE"):
        return WeightedPlan(bound, None, ())
    plan = model.plan(solver)
    return WeightedPlan(bound, run_plan(encoded, plan), plan)


class WeightedGoal:
    """The weighted sum in whole units: `total / units + offset` is no more than the sum of any plan.

    Attributes:
        total: Linear expression of CP-SAT.
        units: Units of 1.
        offset: What is to be added.

    Args:
        model: Model whose variables it reads.
        encoded: The scenario.
        every: Options of each task.
        rates: Weight of a unit of each objective, of latency and qos for each task; others count nothing.
        aim: Weighted sum of a known plan.
        precision: Units of the goal, and up to how many tasks energy is exact.
    """

    def __init__(
        self,
        model: PlanModel,
        encoded: EncodedScenario,
        every: Sequence[TaskOptions],
        rates: Mapping[ObjectiveName, float],
        aim: float,
        precision: Precision = FINE,
    ) -> None:
        self._model, self._encoded, self._rates, self._few_tasks = model, encoded, rates, precision.few_tasks
        a_tick = rates.get("latency", 0.0) * model.tick
        most = LARGEST_GOAL / max(aim, 1e-9)
        start_units = next((u for u in precision.units_of_start if a_tick > 0 and u / a_tick <= most), 0)
        self.units = start_units / a_tick if start_units else precision.units / max(aim, 1e-9)
        self.offset = 0.0
        self.total: Any = 0
        if start_units:
            self.total += start_units * sum(model.start)
            self.offset -= rates["latency"] * sum(e.arrival for e in every)
        self.total += self._placements(with_latency=bool(start_units))
        if rates.get("qos", 0.0) > 0:
            self.total += self._whole(rates["qos"]) * sum(self._late(t, e) for t, e in enumerate(every))
        if rates.get("energy", 0.0) > 0:
            for n, node in enumerate(encoded.scenario.nodes):
                if node.idle_power:
                    self.total += self._idle(n)

    def _whole(self, amount: float) -> int:
        return math.floor(amount * self.units)

    def _placements(self, *, with_latency: bool) -> Any:
        """Return what the chosen options cost in network latency, dollars and joules above idle power."""
        scenario, rates = self._encoded.scenario, self._rates
        terms = []
        for task, chosen, choices in zip(scenario.tasks, self._model.chosen, self._model.choices, strict=True):
            for is_chosen, choice in zip(chosen, choices, strict=True):
                o = choice.option
                amount = rates.get("cost", 0.0) * o.cost
                if with_latency:
                    amount += rates["latency"] * o.network
                if o.node >= 0:
                    node = scenario.nodes[o.node]
                    above = (node.full_power - node.idle_power) * shares(task, node)[0]
                    amount += rates.get("energy", 0.0) * above * o.hold
                terms.append(self._whole(amount) * is_chosen)
        return sum(terms)

    def _late(self, t: int, options: TaskOptions) -> Any:
        """Return a variable that is 1 if a task misses its SLA, and may be 0 only if it does not."""
        sla = self._encoded.scenario.tasks[t].sla_latency_ms
        if sla is None:
            return 0
        late = self._model.model.new_bool_var("")
        for chosen, choice in zip(self._model.chosen[t], self._model.choices[t], strict=True):
            last = options.arrival + sla / 1000 + 2e-6 - choice.option.network
            latest = math.floor(last / self._model.tick) + 1
            self._model.model.add(self._model.start[t] <= latest).only_enforce_if(chosen, ~late)
        return late

    def _idle(self, n: int) -> Any:
        """Return what the idle power of a node costs while it is busy."""
        model, scenario = self._model, self._encoded.scenario
        on = [
            (t, chosen, choice.option)
            for t, (row, choices) in enumerate(zip(model.chosen, model.choices, strict=True))
            for chosen, choice in zip(row, choices, strict=True)
            if choice.option.node == n
        ]
        node = scenario.nodes[n]
        tick_cost = self._whole(self._rates["energy"] * node.idle_power * model.tick)
        if not on or not tick_cost:
            return 0
        busy = model.model.new_int_var(0, model.horizon, "")
        for r in range(RESOURCES):
            parts = [
                (math.floor(SHARE_PARTS * shares(scenario.tasks[t], node)[r]) * model.ticks(o.hold), chosen)
                for t, chosen, o in on
            ]
            model.model.add(SHARE_PARTS * busy >= sum(p * chosen for p, chosen in parts))
        for _, chosen, o in on:
            model.model.add(busy >= model.ticks(o.hold)).only_enforce_if(chosen)
        tasks = len({t for t, _, _ in on})
        if len(scenario.tasks) <= self._few_tasks:
            self._cover(busy, on, tasks)
        # Rounding starts down to ticks lengthens what they cover by less than a tick for each task.
        self.offset -= tick_cost * tasks / self.units
        return tick_cost * busy

    def _cover(self, busy: Any, on: Sequence[tuple[int, Any, Any]], tasks: int) -> None:
        """Require that a node is busy but for stretches that no task on it overlaps."""
        model = self._model.model
        intervals = [
            model.new_optional_fixed_size_interval_var(self._model.start[t], self._model.ticks(o.hold), chosen, "")
            for t, chosen, o in on
        ]
        end = 2 * self._model.horizon
        amounts, sizes, before = [1] * len(on), [], None
        for _ in range(tasks + 1):
            begin, size, stop = (model.new_int_var(0, end, "") for _ in range(3))
            intervals.append(model.new_interval_var(begin, size, stop, ""))
            amounts.append(tasks)
            sizes.append(size)
            if before is not None:
                model.add(begin >= before)
            before = stop
        model.add_cumulative(intervals, amounts, tasks)
        model.add(busy >= end - sum(sizes))
