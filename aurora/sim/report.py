"""A simulation as a result to show: sums, scores, where every task went, and what a plan broke.

`simulated` runs it; `aurora simulate`, `aurora compare` and the what-ifs print what it returns, and `to_json` has the
keys of `aurora simulate --json`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from aurora.sim.explain.unplaced import reasons
from aurora.sim.kernel import encode, simulate
from aurora.sim.optimum.bounds import Bounds, best_reward
from aurora.sim.optimum.constraints import Violation, violations
from aurora.sim.optimum.options import down_times
from aurora.sim.outcome import Outcome, Status
from aurora.sim.policies.features import FEATURES
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import Scores, score
from aurora.sim.scenarios.scenario import Scenario

SECONDS_PER_HOUR = 3600.0


class Placement(NamedTuple):
    """What became of a task.

    Attributes:
        task_id: The task.
        status: How it ended: completed, unplaced, dropped, failed or unplaceable.
        node_id: Node of the last attempt; None if it has none.
        path: Links of the last attempt; None if it has none.
        arrival: Seconds.
        start: Seconds, of the last attempt; None if it never started.
        wait: Seconds from arrival to the last start; None if it never started.
        finish: Seconds; None unless completed.
        latency: Seconds of waiting and network; None unless completed.
        limit: Seconds of latency that its SLA allows; None without one.
        attempts: How often it was started.
        sla_met: Whether it completed, and within its SLA where it has one.
        cost: Dollars, over all attempts.
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
        """Whether it completed, but later than its SLA."""
        return self.finish is not None and not self.sla_met


class Candidate(NamedTuple):
    """A candidate of a decision, with its score and the values of all features."""

    node_id: str | None
    path: tuple[str, ...] | None
    score: float
    features: dict[str, float]


class Decided(NamedTuple):
    """A placement that was decided, with the best candidates it was chosen from, best first."""

    time: float
    task_id: str
    rule: int
    feasible: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a policy on a scenario.

    Attributes:
        scenario: The scenario.
        outcome: As the kernel gives it.
        scores: Of each objective, and the reward.
        bill: Dollars that all nodes cost from 0 to the makespan while they are up, empty ones included.
        placements: One a task, in the scenario's order.
        violations: Constraints that an explicit plan breaks; empty for every other policy.
        bounds: What no plan that completes every task can beat; None where nobody asked.
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
        """The reward that no plan which completes every task exceeds; None without bounds."""
        return None if self.bounds is None else best_reward(self.bounds, self.scenario)

    @property
    def not_completed(self) -> tuple[Placement, ...]:
        """The tasks that did not complete."""
        return tuple(p for p in self.placements if p.reason is not None)

    @property
    def decisions(self) -> tuple[Decided, ...]:
        """Every decision; empty without a trace."""
        return _decisions(self.scenario, self.outcome)

    def with_bounds(self, bounds: Bounds) -> Report:
        """Return the same with bounds beside it."""
        return replace(self, bounds=bounds)

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora simulate --json`; what is not finite is null."""
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


def simulated(scenario: Scenario, policy: Policy, *, trace: bool = False) -> Report:
    """Simulate a policy on a scenario and report what came of it.

    Args:
        scenario: Tasks, nodes, links and conditions.
        policy: Its program, or its explicit plan where it has one.
        trace: Whether to keep every decision with its best candidates.

    Raises:
        PolicyError: An expression of the policy is not valid.
        ConstraintError: The policy's plan names what the scenario doesn't have.
        ScenarioError: The scenario can't be encoded.
    """
    outcome = simulate(scenario, policy, trace=trace)
    plan = policy.allocation_plan
    return Report(
        scenario=scenario,
        outcome=outcome,
        scores=score(outcome.summary, scenario),
        bill=bill(scenario, outcome.summary.makespan),
        placements=placements(scenario, outcome),
        violations=() if plan is None else tuple(violations(encode(scenario), plan)),
    )


def bill(scenario: Scenario, until: float) -> float:
    """Return the dollars that all nodes cost from 0 to a time, whether or not they host a task.

    A node costs its price times the factor of the latest price change while it is not down by a failure; a node whose
    battery ran out is counted on, and links are not. `Summary.cost` is what the tasks pay, by their shares of nodes.

    Args:
        scenario: Its nodes, failures and prices.
        until: Seconds.
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
    """Return the same with None for what JSON can't say: scores and amounts may be infinite."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _place(scenario: Scenario, outcome: Outcome, node: int, path: int) -> tuple[str | None, tuple[str, ...] | None]:
    return (
        None if node < 0 else scenario.nodes[node].node_id,
        None if path < 0 else tuple(scenario.links[l].link_id for l in outcome.paths[path]),
    )


def placements(scenario: Scenario, outcome: Outcome) -> tuple[Placement, ...]:
    """Return what became of every task, in the scenario's order."""
    t = outcome.tasks
    found = []
    for i, (task, reason) in enumerate(zip(scenario.tasks, reasons(scenario, outcome), strict=True)):
        node_id, path = _place(scenario, outcome, int(t.node[i]), int(t.path[i]))
        start = _number(t.start[i])
        found.append(
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
    return tuple(found)


def _decisions(scenario: Scenario, outcome: Outcome) -> tuple[Decided, ...]:
    t = outcome.trace
    if t is None:
        return ()
    return tuple(
        Decided(
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
