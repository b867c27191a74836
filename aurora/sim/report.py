"""Reports of simulations: sums, scores, the placement of every task, and the constraints that a plan breaks.

`report_simulation` is `aurora simulate`, `report_what_if` the same with changes; `to_json` has the keys of `--json`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from aurora.sim.explain.unplaced import reasons
from aurora.sim.kernel import encode, simulate
from aurora.sim.optimum.bounds import Bounds, best_reward
from aurora.sim.optimum.constraints import Violation, violations
from aurora.sim.optimum.options import down_times
from aurora.sim.optimum.solver import tightest_bounds
from aurora.sim.outcome import Outcome, Status
from aurora.sim.policies.features import FEATURES
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import Scores, score
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.whatif import Change, all_changed, described
from aurora.types import Progress, no_progress

SECONDS_PER_HOUR = 3600.0


class Placement(NamedTuple):
    """Where and when a task ran, and how it ended.

    Attributes:
        task_id: Id of the task.
        status: completed, unplaced, dropped, failed or unplaceable.
        node_id: Node of the last attempt; None if it has none.
        path: Links of the last attempt; None if it has none.
        arrival: Time of arrival, seconds.
        start: Time of the last start, seconds; None if it never started.
        wait: Time from arrival to the last start, seconds; None if it never started.
        finish: Time of completion, seconds; None unless completed.
        latency: Waiting and network time, seconds; None unless completed.
        limit: Latency that its SLA allows, seconds; None without an SLA.
        attempts: Number of starts.
        sla_met: Whether it completed, and within its SLA where it has one.
        cost: Cost of all attempts, dollars.
        reason: Why it did not complete; None if it did.
    """

    task_id: str
    status: str
    node_id: str | None
    path: tuple[str, ...] | None
    arrival: float
    start: float | None
    wait: float | None
    finish: float | None
    latency: float | None
    limit: float | None
    attempts: int
    sla_met: bool
    cost: float
    reason: str | None

    @property
    def is_late(self) -> bool:
        """True if it completed, but later than its SLA."""
        return self.finish is not None and not self.sla_met


class Candidate(NamedTuple):
    """A candidate of a decision: its node and path, its score, and the value of every feature by name."""

    node_id: str | None
    path: tuple[str, ...] | None
    score: float
    features: dict[str, float]


class DecisionRecord(NamedTuple):
    """A decision to place a task.

    Attributes:
        time: Time of the decision, seconds.
        task_id: Id of the task.
        rule: Index of the policy's rule that applied.
        feasible: Number of candidates with room for the task.
        candidates: The best candidates, best first; the first was chosen.
    """

    time: float
    task_id: str
    rule: int
    feasible: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """Result of a policy on a scenario.

    Attributes:
        scenario: The scenario.
        outcome: The kernel's outcome.
        scores: The score of each objective, and the reward.
        bill: Price of all nodes from 0 to the makespan while they are up, empty ones included; dollars.
        placements: One for each task, in the scenario's order.
        violations: Constraints that an explicit plan breaks; empty for every other policy.
        bounds: Lower bounds for plans that complete every task; None if not computed.
    """

    scenario: Scenario
    outcome: Outcome
    scores: Scores
    bill: float
    placements: tuple[Placement, ...]
    violations: tuple[Violation, ...] = ()
    bounds: Bounds | None = None

    @property
    def best_reward(self) -> float | None:
        """Highest reward that the bounds allow a plan which completes every task; None without bounds."""
        return None if self.bounds is None else best_reward(self.bounds, self.scenario)

    @property
    def not_completed(self) -> tuple[Placement, ...]:
        """Placements of the tasks that did not complete."""
        return tuple(p for p in self.placements if p.reason is not None)

    @property
    def decisions(self) -> tuple[DecisionRecord, ...]:
        """All decisions in order; empty without a trace."""
        return _decisions(self.scenario, self.outcome)

    def with_bounds(self, progress: Progress = no_progress) -> SimulationReport:
        """Return the report with the tightest bounds; this takes over a minute for 500 tasks.

        Args:
            progress: Receives the steps done.

        Raises:
            ScenarioError: A task fits on nothing even when everything is free.
        """
        return replace(self, bounds=tightest_bounds(encode(self.scenario), progress))

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora simulate --json`; numbers that are not finite are null."""
        result: dict[str, Any] = {
            "scenario_id": self.scenario.scenario_id,
            "policy_id": self.outcome.policy_id,
            "reward": self.scores.reward,
            "scores": dict(self.scores.objectives),
            "summary": self.outcome.summary.to_json(self.scenario.counted),
            "bill": self.bill,
            "tasks": [p._asdict() for p in self.placements],
            "violations": [v._asdict() for v in self.violations],
        }
        if self.outcome.trace is not None:
            result["decisions"] = [
                {**d._asdict(), "candidates": [c._asdict() for c in d.candidates]} for d in self.decisions
            ]
        if self.bounds is not None:
            result["bounds"] = {**self.bounds.to_json(self.scenario.counted), "reward": self.best_reward}
        return {key: _finite(value) for key, value in result.items()}


@dataclass(frozen=True, slots=True)
class WhatIfReport:
    """A policy on a scenario before and after changes.

    Attributes:
        changes: The changes, in the order in which they were made.
        before: Result on the scenario as it is.
        after: Result on the changed scenario.
    """

    changes: tuple[Change, ...]
    before: SimulationReport
    after: SimulationReport

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora simulate --json` with `--load`, `--fail` and the other changes."""
        return {
            "scenario_id": self.before.scenario.scenario_id,
            "policy_id": self.before.outcome.policy_id,
            "changes": [{**c.model_dump(mode="json"), "text": described(c)} for c in self.changes],
            "before": self.before.to_json(),
            "after": self.after.to_json(),
        }


def report_simulation(scenario: Scenario, policy: Policy, *, trace: bool = False) -> SimulationReport:
    """Simulate a policy on a scenario and report the result.

    Args:
        scenario: Tasks, nodes, links and conditions.
        policy: The policy; where it has an explicit plan, the plan is run.
        trace: Whether to keep every decision with its best candidates.

    Raises:
        PolicyError: An expression of the policy is not valid.
        ConstraintError: The policy's plan names what the scenario doesn't have.
        ScenarioError: The scenario can't be encoded.
    """
    return report_outcome(scenario, policy, simulate(scenario, policy, trace=trace))


def report_outcome(scenario: Scenario, policy: Policy, outcome: Outcome) -> SimulationReport:
    """Report an outcome that was simulated already.

    Args:
        scenario: Scenario of the outcome.
        policy: Policy of the outcome.
        outcome: The outcome.

    Raises:
        ConstraintError: The policy's plan names what the scenario doesn't have.
        ScenarioError: The scenario can't be encoded.
    """
    plan = policy.allocation_plan
    return SimulationReport(
        scenario=scenario,
        outcome=outcome,
        scores=score(outcome.summary, scenario),
        bill=bill(scenario, outcome.summary.makespan),
        placements=placements(scenario, outcome),
        violations=() if plan is None else tuple(violations(encode(scenario), plan)),
    )


def report_what_if(scenario: Scenario, policy: Policy, changes: Sequence[Change]) -> WhatIfReport:
    """Simulate a policy on a scenario before and after changes.

    Args:
        scenario: The scenario as it is.
        policy: The policy.
        changes: Changes of load, nodes, prices or carbon intensities, made in this order.

    Raises:
        PolicyError: An expression of the policy is not valid.
        ConstraintError: The policy's plan names what the scenario doesn't have.
        ScenarioError: A change names a node or a task that the scenario doesn't have, or the scenario can't be encoded.
    """
    before = report_simulation(scenario, policy)
    return WhatIfReport(tuple(changes), before, report_simulation(all_changed(scenario, changes), policy))


def bill(scenario: Scenario, until: float) -> float:
    """Return the price of all nodes from 0 to a time, whether or not they host a task, in dollars.

    A node costs its price times the factor of the latest price change while it is not down by a failure. A node whose
    battery ran out still counts; links do not. `Summary.cost` is what the tasks pay, by their shares of nodes.

    Args:
        scenario: Nodes, failures and prices.
        until: End of the time, seconds.
    """
    conditions = scenario.environmental_conditions
    down: dict[int, list[tuple[float, float]]] = {}
    for index, start, end in down_times(scenario):
        down.setdefault(index, []).append((start, end))
    total = 0.0
    for index, node in enumerate(scenario.nodes):
        changes = sorted(
            ((c.time, c.factor) for c in conditions.dynamic_pricing if c.node_id in (None, node.node_id)),
            key=lambda change: change[0],
        )
        steps = [(0.0, 1.0), *changes, (until, 0.0)]
        for (start, factor), (end, _) in itertools.pairwise(steps):
            begin, stop = min(start, until), min(end, until)
            off = sum(max(0.0, min(stop, e) - max(begin, s)) for s, e in down.get(index, ()))
            total += node.price_per_hour * factor * (stop - begin - off) / SECONDS_PER_HOUR
    return total


def _finite(value: Any) -> Any:
    """Return a value with None for infinite numbers and NaN, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _place(scenario: Scenario, outcome: Outcome, node: int, path: int) -> tuple[str | None, tuple[str, ...] | None]:
    return (
        None if node < 0 else scenario.nodes[node].node_id,
        None if path < 0 else tuple(scenario.links[l].link_id for l in outcome.paths[path]),
    )


def placements(scenario: Scenario, outcome: Outcome) -> tuple[Placement, ...]:
    """Return the placement of every task, in the scenario's order."""
    t = outcome.tasks
    rows = []
    for i, (task, reason) in enumerate(zip(scenario.tasks, reasons(scenario, outcome), strict=True)):
        node_id, path = _place(scenario, outcome, int(t.node[i]), int(t.path[i]))
        start = _number(t.start[i])
        rows.append(
            Placement(
                task_id=task.task_id,
                status=Status(int(t.status[i])).name.lower(),
                node_id=node_id,
                path=path,
                arrival=task.arrival_time,
                start=start,
                wait=None if start is None else start - task.arrival_time,
                finish=_number(t.finish[i]),
                latency=_number(t.latency[i]),
                limit=None if task.sla_latency_ms is None else task.sla_latency_ms / 1000,
                attempts=int(t.attempts[i]),
                sla_met=bool(t.sla_met[i]),
                cost=float(t.cost[i]),
                reason=reason,
            )
        )
    return tuple(rows)


def _decisions(scenario: Scenario, outcome: Outcome) -> tuple[DecisionRecord, ...]:
    t = outcome.trace
    if t is None:
        return ()
    return tuple(
        DecisionRecord(
            time=float(t.time[k]),
            task_id=scenario.tasks[t.task[k]].task_id,
            rule=int(t.rule[k]),
            feasible=int(t.feasible[k]),
            candidates=tuple(
                Candidate(
                    *_place(scenario, outcome, int(t.nodes[k, c]), int(t.paths[k, c])),
                    score=float(t.scores[k, c]),
                    features={f.name: float(t.features[k, c, i]) for i, f in enumerate(FEATURES)},
                )
                for c in range(t.scores.shape[1])
                if t.candidates[k, c] >= 0
            ),
        )
        for k in range(len(t.time))
    )
