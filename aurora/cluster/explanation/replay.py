"""The plan's placements decided again: the state of the cluster before them, and each decision of the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from aurora.cluster.change_effects import Draft
from aurora.cluster.changes import Move, Place, PlanChange, apply_changes, apply_to_draft
from aurora.cluster.feasibility import Room
from aurora.cluster.placement import place
from aurora.cluster.plans.effect import RUNS, simulate_effect
from aurora.cluster.plans.plan import Effect, Plan
from aurora.cluster.scenario import HORIZON
from aurora.cluster.snapshot import Snapshot
from aurora.learning.series.series import Series
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.decision import Decision, last_decision
from aurora.sim.policies.policy import Policy


class Placement(NamedTuple):
    """A task that the plan puts on a node, decided again.

    Attributes:
        task_id: The task.
        node_id: Its planned node.
        chosen: Node that the policy chooses; None if it finds none.
        decision: The policy's decision, with names of the snapshot; None without one.
    """

    task_id: str
    node_id: str
    chosen: str | None
    decision: Decision | None


class Replay(NamedTuple):
    """The plan's placements decided again.

    Attributes:
        asked: The cluster before the placements: other changes are made, and tasks that move wait.
        ahead: Seconds ahead in which nodes with a maintenance window were left out.
        placements: The placements, in the order of the plan.
    """

    asked: Snapshot
    ahead: float
    placements: tuple[Placement, ...]

    @property
    def agreeing(self) -> int:
        """Placements for which the policy chooses the planned node."""
        return sum(p.chosen == p.node_id for p in self.placements)


@dataclass(frozen=True)
class PlanCase:
    """What the explanation of a plan is recomputed from.

    Attributes:
        plan: The plan.
        snapshot: The snapshot that it was made from.
        policy: Policy that is asked for its decisions.
        history: Measured use of workloads.
        later: The same system later; None: not known.
    """

    plan: Plan
    snapshot: Snapshot
    policy: Policy
    history: tuple[Series, ...] = ()
    later: Snapshot | None = None

    @property
    def changes(self) -> tuple[PlanChange, ...]:
        """The plan's changes."""
        return tuple(c.change for c in self.plan.changes)

    @cached_property
    def planned(self) -> Mapping[str, str]:
        """Task to planned node, of tasks that are placed or moved; the last change of a task counts."""
        return {c.task_id: c.node_id for c in self.changes if isinstance(c, Place | Move)}

    @cached_property
    def after(self) -> Snapshot:
        """The snapshot with the plan's changes made."""
        return apply_changes(self.snapshot, self.changes)

    @cached_property
    def replay(self) -> Replay:
        """The placements decided again.

        Nodes whose maintenance begins within the hour are left out if the plan agrees better with the policy then.
        """
        asked = _asked(self.snapshot, self.changes)
        if not self.planned:
            return Replay(asked, 0.0, ())
        first = _decided(asked, self.planned, self.policy, 0.0)
        if first.agreeing == len(first.placements) or not _is_maintenance_near(self.snapshot):
            return first
        second = _decided(asked, self.planned, self.policy, HORIZON)
        return second if second.agreeing > first.agreeing else first

    @cached_property
    def effect(self) -> Effect:
        """The simulated effect, computed anew, with as many simulations as the plan's own."""
        runs = RUNS if self.plan.effect is None else self.plan.effect.runs
        return simulate_effect(self.snapshot, self.changes, self.policy, history=self.history, runs=runs)

    def room(self) -> Room:
        """Return the room before the placements."""
        return Room(self.replay.asked, ahead=self.replay.ahead)


def _is_maintenance_near(snapshot: Snapshot) -> bool:
    now = snapshot.taken_at
    return any(now < start <= now + timedelta(seconds=HORIZON) for n in snapshot.nodes for start, _, _ in n.maintenance)


def _asked(snapshot: Snapshot, changes: Sequence[PlanChange]) -> Snapshot:
    """Return the cluster before the placements; a node that tasks leave is closed to them where the plan closed it."""
    draft, closed = Draft(snapshot), set[str]()
    for change in changes:
        if isinstance(change, Move):
            task = draft.task(change.task_id)
            if task.node_id is not None and draft.node(task.node_id).is_cordoned:
                closed.add(task.node_id)
            draft.put(task, state="pending", node_id=None)
        elif not isinstance(change, Place):
            apply_to_draft(draft, change)
    after = draft.snapshot()
    nodes = tuple(n.model_copy(update={"is_cordoned": True}) if n.node_id in closed else n for n in after.nodes)
    return after.model_copy(update={"nodes": nodes})


def _decided(asked: Snapshot, planned: Mapping[str, str], policy: Policy, ahead: float) -> Replay:
    choices = place(asked, policy, tasks=planned, ahead=ahead)
    chosen = {c.task_id: c.node_id for c in choices.choices}
    converted = choices.converted
    run = run_of(converted.scenario, policy)
    short = {name: s for s, name in converted.task_ids.items()}
    placements = []
    for task_id, node_id in planned.items():
        decision = None
        if chosen.get(task_id) is not None:
            decision = last_decision(converted.scenario, policy, run.outcome, short[task_id])
        placements.append(Placement(task_id, node_id, chosen.get(task_id), _named(decision, converted.node_ids)))
    return Replay(asked, ahead, tuple(placements))


def _named(decision: Decision | None, node_ids: Mapping[str, str]) -> Decision | None:
    """Give the options of a decision the names of the snapshot's nodes."""
    if decision is None:
        return None
    return decision._replace(options=tuple(o._replace(name=node_ids.get(o.name, o.name)) for o in decision.options))
