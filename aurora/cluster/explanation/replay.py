"""The plan's placements decided again: the state of the cluster before them, and each decision of the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from aurora.cluster.change_effects import Draft
from aurora.cluster.changes import Move, Place, PlanChange, apply_changes, apply_to_draft
from aurora.cluster.clear_placement import place_in_turn
from aurora.cluster.clearances import CLEAR_NOW, CLEARANCES, Clearance
from aurora.cluster.plans.effect import RUNS, simulate_effect
from aurora.cluster.plans.plan import Effect, Plan
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
        clearance: How long the nodes among which it was decided are clear of maintenance.
    """

    task_id: str
    node_id: str
    chosen: str | None
    decision: Decision | None
    clearance: Clearance = CLEAR_NOW


class Replay(NamedTuple):
    """The plan's placements decided again.

    Attributes:
        asked: The cluster before the placements: other changes are made, and tasks that move wait.
        placements: The placements, in the order of the plan.
    """

    asked: Snapshot
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

        Nodes with maintenance to come are asked after the others if the plan agrees better with the policy then.
        """
        asked = _asked(self.snapshot, self.changes)
        if not self.planned:
            return Replay(asked, ())
        first = _decided(asked, self.planned, self.policy, (CLEAR_NOW,))
        if first.agreeing == len(first.placements) or not any(n.maintenance for n in self.snapshot.nodes):
            return first
        second = _decided(asked, self.planned, self.policy, CLEARANCES)
        return second if second.agreeing > first.agreeing else first

    @cached_property
    def effect(self) -> Effect:
        """The simulated effect, computed anew, with as many simulations as the plan's own."""
        runs = RUNS if self.plan.effect is None else self.plan.effect.runs
        made = self.plan.provenance
        seed = made.seed if made is not None and made.seed is not None else 0
        return simulate_effect(self.snapshot, self.changes, self.policy, history=self.history, runs=runs, seed=seed)


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


def _decided(asked: Snapshot, planned: Mapping[str, str], policy: Policy, clearances: Sequence[Clearance]) -> Replay:
    turns = place_in_turn(asked, policy, tasks=planned, clearances=clearances)
    decided: dict[str, Placement] = {}
    for turn in turns:
        converted = turn.choices.converted
        run = run_of(converted.scenario, policy)
        short = {name: s for s, name in converted.task_ids.items()}
        for choice in turn.choices.placed:
            decision = last_decision(converted.scenario, policy, run.outcome, short[choice.task_id])
            decided[choice.task_id] = Placement(
                choice.task_id,
                planned[choice.task_id],
                choice.node_id,
                _named(decision, converted.node_ids),
                turn.clearance,
            )
    last = turns[-1].clearance
    return Replay(asked, tuple(decided.get(t, Placement(t, n, None, None, last)) for t, n in planned.items()))


def _named(decision: Decision | None, node_ids: Mapping[str, str]) -> Decision | None:
    """Give the options of a decision the names of the snapshot's nodes."""
    if decision is None:
        return None
    return decision._replace(options=tuple(o._replace(name=node_ids.get(o.name, o.name)) for o in decision.options))
