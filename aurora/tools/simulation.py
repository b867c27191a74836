"""Tools that simulate: one policy, several, a changed scenario; check a plan; bound and explain results."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model

from aurora.errors import ScenarioError
from aurora.sim.explain.decision import cause, last_decision, terms, traced
from aurora.sim.explain.flip import flips
from aurora.sim.explain.history import History, history
from aurora.sim.explain.waiting_claims import attempt_claims, infeasible_claims, number_of, status_claim, wait_claims
from aurora.sim.kernel import encode, run
from aurora.sim.objectives import OBJECTIVES, SHARES, WITH_TARGET, Objective
from aurora.sim.optimum.bounds import best_reward, bounds
from aurora.sim.optimum.constraints import violations
from aurora.sim.optimum.witness import witness
from aurora.sim.outcome import Outcome
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import PlannedTask
from aurora.sim.policies.references import REFERENCES
from aurora.sim.report import placements
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.whatif import LoadChanges, NodeFails, NodeRemoved, PriceChanges, changed
from aurora.tools.desk import Desk
from aurora.types import Frozen

SHORT_SUMS = frozenset(("completed", "unplaced", "bounded_slowdown", *(o.field for o in OBJECTIVES)))
"""Fields of `Summary` in a short result."""


TASKS_NAMED = 3
"""Number of ids that the answer to an unknown one names."""
MAX_TASKS_COMPARED = 1000
"""Most tasks among which near names of an unknown one are looked for; more take seconds."""


class OneOnOne(Frozen):
    """A policy on a scenario."""

    scenario_id: str = Field(description="id of a scenario")
    policy_id: str = Field(description="id of a policy: a reference, an archived one or a draft")


class SimulateArguments(OneOnOne):
    """Simulation to run, with the detail of its result."""

    full: bool = Field(default=False, description="whether to list every task")


class TaskResult(Frozen):
    """Result of a task."""

    task_id: str
    status: str
    node_id: str | None
    start: float | None
    latency: float | None
    sla_met: bool
    reason: str | None = Field(default=None, description="why it did not complete")


class Simulated(Frozen):
    """Result of a simulation."""

    value: float = Field(description="value of the policy, higher is better")
    sums: dict[str, float] = Field(description="tasks, seconds, dollars and joules")
    tasks: tuple[TaskResult, ...] = ()


def simulate_policy(desk: Desk, arguments: SimulateArguments) -> Simulated:
    """Simulate a policy on a scenario: its value and sums, with `full` every task as well."""
    outcome = desk.outcome(arguments.scenario_id, arguments.policy_id)
    scenario = desk.scenario(arguments.scenario_id).scenario
    told = TaskResult.model_fields
    found = placements(scenario, outcome) if arguments.full else ()
    tasks = tuple(TaskResult.model_validate({k: v for k, v in p._asdict().items() if k in told}) for p in found)
    return Simulated(value=desk.value(scenario, outcome), sums=_sums(outcome, scenario), tasks=tasks)


def _sums(outcome: Outcome, scenario: Scenario) -> dict[str, float]:
    """Return the sums of a short result, without amounts that the scenario doesn't count."""
    sums = outcome.summary.to_json(scenario.counted)
    return {name: float(value) for name, value in sums.items() if name in SHORT_SUMS}


class CompareArguments(Frozen):
    """Policies and scenarios to compare."""

    scenario_ids: tuple[str, ...] = Field(default=(), max_length=20, description="empty: all that are open")
    policy_ids: tuple[str, ...] = Field(min_length=1, max_length=20, description="ids of policies")


class Compared(Frozen):
    """Policies compared on the same scenarios."""

    values: dict[str, dict[str, float]] = Field(description="policy -> scenario -> value, higher is better")
    mean: dict[str, float] = Field(description="policy -> mean value, best first")


def compare_policies(desk: Desk, arguments: CompareArguments) -> Compared:
    """Values of several policies on the same scenarios, beside each other."""
    scenarios = arguments.scenario_ids or desk.scenario_ids
    values = {p: {s: desk.worth(s, p) for s in scenarios} for p in dict.fromkeys(arguments.policy_ids)}
    means = {p: sum(v.values()) / len(v) for p, v in values.items()}
    order = sorted(means, key=lambda p: (-means[p], p))
    return Compared(values={p: values[p] for p in order}, mean={p: means[p] for p in order})


class WhatIfArguments(OneOnOne):
    """A policy on a scenario with something changed."""

    change: LoadChanges | NodeFails | NodeRemoved | PriceChanges = Field(description="what is otherwise")


class WhatIf(Frozen):
    """Before and after a change."""

    before: Simulated
    after: Simulated


def what_if(desk: Desk, arguments: WhatIfArguments) -> WhatIf:
    """Simulate a policy on a scenario with a change: another load, a node that fails or is absent, other prices."""
    scenario = changed(desk.scenario(arguments.scenario_id).scenario, arguments.change)
    outcome = run(encode(scenario), compile_policy(desk.policy(arguments.policy_id)), policy_id=arguments.policy_id)
    before = simulate_policy(desk, SimulateArguments(scenario_id=arguments.scenario_id, policy_id=arguments.policy_id))
    after = Simulated(value=desk.value(scenario, outcome), sums=_sums(outcome, scenario))
    return WhatIf(before=before, after=after)


class ConstraintArguments(Frozen):
    """A plan to check."""

    scenario_id: str = Field(description="id of a scenario")
    plan: tuple[PlannedTask, ...] = Field(min_length=1, max_length=2000, description="a line for every task")


class BrokenConstraint(Frozen):
    """A hard constraint that a plan breaks."""

    constraint: str
    time: float = Field(description="seconds; when it is first broken")
    amount: float = Field(description="by how much: seconds, cores, GiB, devices or Gbit/s")
    message: str


class Constraints(Frozen):
    """Every hard constraint that a plan breaks."""

    violations: tuple[BrokenConstraint, ...]


def check_constraints(desk: Desk, arguments: ConstraintArguments) -> Constraints:
    """All hard constraints that a plan breaks, each with the amount; SLAs are goals and not among them."""
    found = violations(desk.scenario(arguments.scenario_id), arguments.plan)
    return Constraints(
        violations=tuple(
            BrokenConstraint(constraint=v.constraint, time=v.time, amount=min(v.amount, 1e15), message=v.message)
            for v in found
        )
    )


class ScenarioArguments(Frozen):
    """A scenario."""

    scenario_id: str = Field(description="id of a scenario")


class Solvable(Frozen):
    """Solvability of a scenario: a plan that completes every task, or the reason for none."""

    is_solvable: bool
    by: str = Field(description="who found a plan: a reference policy or the solver")
    plan: tuple[PlannedTask, ...]
    reason: str = Field(description="why there is none")


def is_solvable(desk: Desk, arguments: ScenarioArguments) -> Solvable:
    """Whether there is a plan under which every task completes, with that plan as the witness."""
    found = witness(desk.scenario(arguments.scenario_id), REFERENCES)
    return Solvable(is_solvable=found.is_solvable, by=found.by, plan=found.plan, reason=found.reason)


def _bound_field(objective: Objective) -> tuple[object, object]:
    """Return the type and the field of an objective's bound; absent where a scenario doesn't count the objective."""
    kind = int if objective.unit == "tasks" else float
    if not objective.needs:
        return kind, Field(description=objective.bound_meaning)
    return kind | None, Field(default=None, exclude_if=lambda v: v is None, description=objective.bound_meaning)


if TYPE_CHECKING:
    ObjectiveBounds = Frozen
else:
    ObjectiveBounds = create_model(
        "ObjectiveBounds",
        __base__=Frozen,
        __doc__="Lower bounds on the objectives of every plan that completes every task.",
        **{o.bound: _bound_field(o) for o in (*WITH_TARGET, *SHARES) if o.bound},
        reward=(float, Field(description="each objective at its own bound; rarely reachable all at once")),
    )


def objective_bounds(desk: Desk, arguments: ScenarioArguments) -> ObjectiveBounds:
    """Lower bounds on latency, cost, energy and violations of a scenario, and the reward they would give."""
    encoded = desk.scenario(arguments.scenario_id)
    least = bounds(encoded)
    return ObjectiveBounds.model_validate(
        {**least.to_json(encoded.scenario.counted), "reward": best_reward(least, encoded.scenario)}
    )


class ExplainArguments(OneOnOne):
    """A task to explain."""

    task_id: str = Field(description="id of the task")


class TermShare(Frozen):
    """A summand of the score for the winner and the runner-up."""

    term: str
    winner: float
    runner_up: float


class AttemptMade(Frozen):
    """A start of a task."""

    where: str = Field(description="node, or sites along the path")
    start: float = Field(description="seconds")
    end: float = Field(description="seconds")
    ending: str = Field(description="completed, node_failed or battery_empty")


class Waited(Frozen):
    """A stretch of time in which a task waited."""

    reason: str = Field(description="dependency, room, queue (behind the head) or policy")
    start: float = Field(description="seconds")
    end: float | None = Field(description="seconds; null: never ended")
    on: tuple[str, ...] = Field(description="tasks waited for: dependencies, those whose end made room, or heads")
    returned: tuple[str, ...] = Field(description="nodes that came back and so made room")


class Lacking(Frozen):
    """Resource that candidates lacked for a task."""

    time: float | None = Field(description="seconds; null: with everything free")
    resource: str
    lacking: int = Field(description="number of candidates that lack it")
    candidates: int
    asked: float
    most: float = Field(description="the most that one of those has free")


class ExplainedDecision(Frozen):
    """Explanation of a task: its placement, its waits, or the reason for which it was never placed."""

    status: str = Field(description="completed, late, unplaced, dropped, failed or unplaceable")
    late: float = Field(description="seconds beyond its SLA")
    attempts: tuple[AttemptMade, ...]
    waits: tuple[Waited, ...]
    lacking: tuple[Lacking, ...] = Field(description="at the start of each wait for room")
    time: float | None = Field(description="seconds, of the last decision; null: never placed")
    winner: str | None
    runner_up: str | None
    candidates: int = Field(description="number of candidates with room")
    scores: dict[str, float] = Field(description="of the best candidates")
    terms: tuple[TermShare, ...]
    because_of: tuple[str, ...] = Field(description="the smallest set of features that decided; empty: a draw")
    flip: str = Field(description="the smallest change that would have made the runner-up win")


def explain_decision(desk: Desk, arguments: ExplainArguments) -> ExplainedDecision:
    """Why a policy placed a task where it did, what the task waited for, or why it was never placed."""
    encoded, policy = desk.scenario(arguments.scenario_id), desk.policy(arguments.policy_id)
    _check_task(encoded.scenario, arguments.task_id)
    outcome = traced(encoded, compile_policy(policy), policy.policy_id)
    decision = last_decision(encoded.scenario, policy, outcome, arguments.task_id)
    run = history(encoded, policy, outcome)
    task = number_of(run, arguments.task_id)
    assert task is not None
    other = None if decision is None else decision.runner_up
    nearest = () if decision is None or other is None else flips(decision, other)
    told = ""
    if nearest:
        told = f"{nearest[0].feature} {'below' if nearest[0].is_below else 'above'} {nearest[0].threshold:.6g}"
    shares = () if decision is None or other is None else terms(decision, other)
    return ExplainedDecision(
        **_way(run, task),
        time=None if decision is None else decision.time,
        winner=None if decision is None else decision.chosen.name,
        runner_up=None if other is None else other.name,
        candidates=0 if decision is None else decision.feasible,
        scores={} if decision is None else {o.name: o.score for o in decision.options[:5]},
        terms=tuple(TermShare(term=t.text, winner=t.chosen, runner_up=t.other) for t in shares),
        because_of=() if decision is None or other is None else cause(decision, other),
        flip=told,
    )


def _check_task(scenario: Scenario, task_id: str) -> None:
    """Raise a `ScenarioError` that names near or some tasks if a scenario has none of this id."""
    ids = [t.task_id for t in scenario.tasks]
    if task_id not in ids:
        near = get_close_matches(task_id, ids, n=TASKS_NAMED) if len(ids) <= MAX_TASKS_COMPARED else []
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(ids[:TASKS_NAMED])} and so on"
        raise ScenarioError(f"task {task_id!r} is not in the scenario {scenario.scenario_id}; {hint}")


def _way(run: History, task: int) -> dict[str, Any]:
    """Return a task's status, attempts, waits, and lacking resources."""
    became, waits = status_claim(run, task), wait_claims(run, task)
    times: list[float | None] = [w.start for w in waits if w.reason == "room"]
    if became.status == "unplaceable":
        times = [None]
    lacks = [claim for time in times for claim in infeasible_claims(run, task, time)]
    return {
        "status": became.status,
        "late": became.late,
        "attempts": tuple(
            AttemptMade(where=a.where, start=a.start, end=a.end, ending=a.ending) for a in attempt_claims(run, task)
        ),
        "waits": tuple(Waited(reason=w.reason, start=w.start, end=w.end, on=w.on, returned=w.returned) for w in waits),
        "lacking": tuple(
            Lacking(
                time=c.time,
                resource=c.resource,
                lacking=c.lacking,
                candidates=c.candidates,
                asked=c.asked,
                most=c.most,
            )
            for c in lacks
        ),
    }
