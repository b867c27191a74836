"""The CP-SAT model of the plans of a scenario: who runs where from when, and the goals that a plan may have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from aurora.sim.kernel import EncodedScenario
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import share_of
from aurora.sim.optimum.options import Option, TaskOptions, down_times
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import PlannedTask
from aurora.sim.scenarios.scenario import Scenario, Task

Goal = Literal["makespan", "cost", "latency", "weighted_latency"]

SHORTEST_TICK = 1e-5
"""Least length of a tick, seconds."""
MAX_TICKS = 10**8
"""Largest number of ticks of a horizon."""
THOUSANDTHS = 1000
LARGEST_CAPACITY = 1e9
"""Capacity up to which requests are counted in thousandths; a larger one is divided into as many parts as this."""
UNITS_PER_DOLLAR = 10**9
"""Units of cost in a dollar, unless the sum would be too large for them."""
UNITS_OF_LIMIT, SMALLEST_LIMIT = 1e6, 1e-9
"""Units in which a limit on cost is counted, and the least such limit, dollars. Large coefficients slow CP-SAT down."""
LARGEST_COST = 10**15
"""Largest sum of costs, in units."""


class _Choice(NamedTuple):
    """An option that starts under one state of congestion of its path.

    Attributes:
        option: The option with times and cost under that congestion.
        begin, end: Bounds of its start, seconds.
    """

    option: Option
    begin: float
    end: float


def _choices(encoded: EncodedScenario, option: Option) -> list[_Choice]:
    """Split an option by the congestion of its path, which determines its network latency."""
    conditions = encoded.scenario.environmental_conditions
    links = {encoded.scenario.links[l].link_id for l in encoded.paths[option.path]} if option.path >= 0 else set()
    felt = [c for c in conditions.network_congestion if links and (c.link_id is None or c.link_id in links)]
    edges = sorted({0.0, *(c.start for c in felt), *(c.start + c.duration for c in felt)})
    choices = []
    for begin, end in pairwise([*edges, math.inf]):
        factor = max([1.0, *(c.factor for c in felt if c.start <= begin < c.start + c.duration)])
        network = option.network * factor
        hold = option.hold - option.network + network
        longer = hold / option.hold if option.hold and not conditions.dynamic_pricing else 1.0
        choices.append(_Choice(option._replace(network=network, hold=hold, cost=option.cost * longer), begin, end))
    return choices


class _Scaled(NamedTuple):
    """A goal in whole numbers.

    Attributes:
        expression: Linear expression of CP-SAT.
        unit: Seconds or dollars of one unit of the expression.
        offset: Seconds or dollars to add.
        rounding: Most by which rounding lowers the value, seconds or dollars.
    """

    expression: Any
    unit: float
    offset: float
    rounding: float


class PlanModel:
    """The CP-SAT model of a scenario: an optional interval for every choice of every task.

    Attributes:
        model: The model.
        tick: Length of a tick, seconds.
        horizon: Last tick at which a task may start.
        start: Variable of the start of each task, ticks.
        choices: Choices of each task.
        chosen: Variables that say which of them is taken.
    """

    def __init__(self, encoded: EncodedScenario, every: Sequence[TaskOptions], *, max_ticks: int = MAX_TICKS) -> None:
        from ortools.sat.python import cp_model  # noqa: PLC0415  # half a second, used here only

        self.model = cp_model.CpModel()
        self._encoded = encoded
        self._every = every
        self.choices = [[c for o in e.options for c in _choices(encoded, o)] for e in every]
        tasks = encoded.scenario.tasks
        downs = down_times(encoded.scenario)
        ends = [end for _, _, end in downs] + [c.begin for row in self.choices for c in row]
        last = max([e.ready for e in every] + [end for end in ends if math.isfinite(end)])
        end = last + sum(max(c.option.hold for c in row) for row in self.choices)
        self.tick = max(SHORTEST_TICK, end / max_ticks)
        self.horizon = self.ticks(end) + len(tasks)
        self.start = [self._start_of(task, options) for task, options in zip(tasks, every, strict=True)]
        self.chosen = [[self.model.new_bool_var("") for _ in row] for row in self.choices]
        self._finish: list[Any] = []
        self._place_all(downs)
        self._respect_dependencies()

    def ticks(self, seconds: float) -> int:
        """Return whole ticks, rounded down."""
        return math.floor(seconds / self.tick * (1 + 1e-12))

    def _start_of(self, task: Task, options: TaskOptions) -> Any:
        first = self.ticks(options.ready)
        if task.patience is None:
            latest = self.horizon
        elif task.patience == 0:
            latest = first
        else:  # a task that has not started when its patience ends has left
            latest = math.ceil((task.arrival_time + task.patience) / self.tick) - 1
        return self.model.new_int_var(first, max(first, latest), "")

    def _place_all(self, downs: Sequence[tuple[int, float, float]]) -> None:
        """Require one option for each task, no capacity exceeded, and no task on a node that is down."""
        model, scenario = self.model, self._encoded.scenario
        loads: dict[tuple[str, int], list[tuple[Any, int]]] = {}
        for t, task in enumerate(scenario.tasks):
            model.add_exactly_one(self.chosen[t])
            holds = [self.ticks(c.option.hold) for c in self.choices[t]]
            length = model.new_int_var(min(holds), max(holds), "")
            model.add(length == sum(c * h for c, h in zip(self.chosen[t], holds, strict=True)))
            self._finish.append(self.start[t] + length)
            for chosen, hold, choice in zip(self.chosen[t], holds, self.choices[t], strict=True):
                interval = model.new_optional_fixed_size_interval_var(self.start[t], hold, chosen, "")
                if choice.begin > 0:
                    model.add(self.start[t] >= self.ticks(choice.begin)).only_enforce_if(chosen)
                if math.isfinite(choice.end):
                    model.add(self.start[t] <= self.ticks(choice.end)).only_enforce_if(chosen)
                for what, amount in _demands(task, choice.option, self._encoded):
                    loads.setdefault(what, []).append((interval, amount))
        for (kind, index), users in loads.items():
            intervals = [u for u, _ in users]
            amounts = [a for _, a in users]
            capacity = _capacity(scenario, kind, index)
            for n, begin, end in downs:
                if kind != "bandwidth" and n == index:
                    first = math.ceil(begin / self.tick)
                    size = (self.horizon if math.isinf(end) else self.ticks(end)) - first
                    if size > 0:
                        intervals.append(model.new_fixed_size_interval_var(first, size, ""))
                        amounts.append(capacity)
            model.add_cumulative(intervals, amounts, capacity)

    def _respect_dependencies(self) -> None:
        tasks = self._encoded.scenario.tasks
        numbers = {task.task_id: t for t, task in enumerate(tasks)}
        for t, task in enumerate(tasks):
            for parent in task.dependencies:
                self.model.add(self.start[t] >= self._finish[numbers[parent]])

    def minimise(self, goal: Goal) -> None:
        """Set the objective; `unscaled` converts its value."""
        self._scaled = self._scaled_goal(goal)
        self.model.minimize(self._scaled.expression)

    def limit(self, goal: Goal, value: float) -> None:
        """Require that a goal is at most a value, up to its rounding, so that no plan within the value is lost."""
        scaled = self._scaled_goal(goal, UNITS_OF_LIMIT / max(value, SMALLEST_LIMIT))
        self.model.add(scaled.expression <= math.floor((value + scaled.rounding - scaled.offset) / scaled.unit))

    @property
    def rounding(self) -> float:
        """Return the most by which rounding lowers the value of the objective, seconds or dollars."""
        return self._scaled.rounding

    def _scaled_goal(self, goal: Goal, units_per_dollar: float = UNITS_PER_DOLLAR) -> _Scaled:
        tasks = self._encoded.scenario.tasks
        if goal == "makespan":
            last = self.model.new_int_var(0, 2 * self.horizon, "")
            self.model.add_max_equality(last, self._finish)
            return _Scaled(last, self.tick, 0.0, self.tick)
        if goal == "cost":
            dearest = sum(max(c.option.cost for c in row) for row in self.choices)
            units = min(float(units_per_dollar), LARGEST_COST / max(dearest, 1.0))
            paid = self._sum_of_chosen(lambda t, option: math.floor(option.cost * units))
            return _Scaled(paid, 1 / units, 0.0, len(tasks) / units)
        weights = [1 if goal == "latency" else t.priority for t in tasks]
        waits = sum(w * s for w, s in zip(weights, self.start, strict=True))
        networks = self._sum_of_chosen(lambda t, o: weights[t] * self.ticks(o.network))
        arrived = sum(w * e.arrival for w, e in zip(weights, self._every, strict=True))
        return _Scaled(waits + networks, self.tick / sum(weights), -arrived / sum(weights), 3 * self.tick)

    def _sum_of_chosen(self, amount: Callable[[int, Option], int]) -> Any:
        return sum(
            chosen * amount(t, choice.option)
            for t, (row, choices) in enumerate(zip(self.chosen, self.choices, strict=True))
            for chosen, choice in zip(row, choices, strict=True)
        )

    def unscaled(self, objective: float) -> float:
        """Convert the value of the objective to seconds or dollars."""
        return max(0.0, self._scaled.unit * objective + self._scaled.offset)

    def hint(self, outcome: Outcome) -> None:
        """Begin the search at a known schedule."""
        for t, choices in enumerate(self.choices):
            start = float(outcome.tasks.start[t])
            self.model.add_hint(self.start[t], self.ticks(start))
            place = (int(outcome.tasks.node[t]), int(outcome.tasks.path[t]))
            for chosen, (option, begin, end) in zip(self.chosen[t], choices, strict=True):
                self.model.add_hint(chosen, (option.node, option.path) == place and begin <= start < end)

    def plan(self, solver: Any) -> tuple[PlannedTask, ...]:
        """Return the plan that the solver has found."""
        scenario = self._encoded.scenario
        lines = []
        for t, task in enumerate(scenario.tasks):
            option, begin, _ = next(
                choice
                for chosen, choice in zip(self.chosen[t], self.choices[t], strict=True)
                if solver.boolean_value(chosen)
            )
            path = self._encoded.paths[option.path] if option.path >= 0 else ()
            lines.append(
                PlannedTask(
                    task_id=task.task_id,
                    node_id=scenario.nodes[option.node].node_id if option.node >= 0 else None,
                    path=tuple(scenario.links[l].link_id for l in path),
                    start=max(task.arrival_time, begin, solver.value(self.start[t]) * self.tick),
                )
            )
        return tuple(lines)


def _demands(task: Task, option: Option, encoded: EncodedScenario) -> list[tuple[tuple[str, int], int]]:
    """Return what an option holds: ((resource, index of node or link), amount in the units of `_capacity`)."""
    scenario = encoded.scenario
    demands: list[tuple[tuple[str, int], int]] = []
    if option.node >= 0:
        node = scenario.nodes[option.node]
        demands += [
            (("cpu", option.node), _down(task.cpu_required, node.cpu)),
            (("memory", option.node), _down(task.memory_required, node.memory)),
            (("devices", option.node), task.accelerators * share_of(task.accelerator_share)),
        ]
    if option.path >= 0:
        demands += [
            (("bandwidth", link), _down(task.bandwidth, scenario.links[link].bandwidth))
            for link in encoded.paths[option.path]
        ]
    return [(what, amount) for what, amount in demands if amount]


def _capacity(scenario: Scenario, kind: str, index: int) -> int:
    if kind == "bandwidth":
        return _up(scenario.links[index].bandwidth)
    node = scenario.nodes[index]
    return {"cpu": _up(node.cpu), "memory": _up(node.memory), "devices": at.DEVICE * node.accelerators}[kind]


def _parts(capacity: float) -> float:
    """Return the number of parts that one unit of a resource is counted in."""
    return THOUSANDTHS * min(1.0, LARGEST_CAPACITY / capacity) if capacity else THOUSANDTHS


def _down(amount: float, capacity: float) -> int:
    return math.floor(amount * _parts(capacity) + 1e-6)


def _up(capacity: float) -> int:
    return math.ceil(capacity * _parts(capacity) - 1e-6)
