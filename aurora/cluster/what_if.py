"""Simulates changes of a cluster: the state before and after, with displaced tasks placed by a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aurora.cluster.changes import Change, apply_changes, change_text
from aurora.cluster.overview import Filled, NodeState, node_states, overview
from aurora.cluster.placement import DEFAULT_POLICY, Choice, place
from aurora.cluster.resources import CPU, MEMORY
from aurora.cluster.snapshot import Snapshot
from aurora.sim.policies.policy import Policy

HOT = 0.8
"""Share of a node's cores or memory, requested or used, from which it is called hot."""


class HotNode(NamedTuple):
    """A node of which much is requested or used.

    Attributes:
        node_id: The node.
        resource: Its fullest resource.
        requested, used: Shares of what is allocatable; `used` is None where it is not measured.
    """

    node_id: str
    resource: str
    requested: float
    used: float | None

    @property
    def share(self) -> float:
        """The larger of both shares."""
        return max(self.requested, self.used or 0.0)


@dataclass(frozen=True, slots=True)
class ClusterOutlook:
    """A cluster after its waiting tasks were placed where they fit.

    Attributes:
        nodes: Nodes, in all.
        placed: Waiting tasks for which a node was found, with it.
        waiting: Tasks for which there is none, with the reason.
        price_per_hour: Dollars an hour of all nodes; None where none has a price.
        resources: Each resource over all nodes.
        hot: Nodes above 80 % of cores or memory, the fullest first.
    """

    nodes: int
    placed: tuple[Choice, ...]
    waiting: tuple[Choice, ...]
    price_per_hour: float | None
    resources: dict[str, Filled]
    hot: tuple[HotNode, ...]

    @property
    def overfull(self) -> tuple[HotNode, ...]:
        """Nodes of which more is requested or used than they have."""
        return tuple(h for h in self.hot if h.share > 1)

    def to_json(self) -> dict[str, Any]:
        """Return the outlook as JSON values."""
        return {
            "nodes": self.nodes,
            "placed": [c._asdict() for c in self.placed],
            "waiting": [c._asdict() for c in self.waiting],
            "price_per_hour": self.price_per_hour,
            "resources": {r: f._asdict() for r, f in self.resources.items()},
            "hot": [h._asdict() for h in self.hot],
        }


@dataclass(frozen=True, slots=True)
class ClusterWhatIf:
    """A cluster before and after changes.

    Attributes:
        changes: The changes in words.
        policy_id: Policy that places waiting tasks on both sides.
        before, after: The cluster on both sides.
        displaced: Tasks that ran before and have to be placed anew.
        snapshot: The changed cluster, its placed tasks running.
    """

    changes: tuple[str, ...]
    policy_id: str
    before: ClusterOutlook
    after: ClusterOutlook
    displaced: tuple[str, ...]
    snapshot: Snapshot

    @property
    def newly_waiting(self) -> tuple[Choice, ...]:
        """Tasks that have no node after the changes and had one, or could have had one, before."""
        known = {c.task_id for c in self.before.waiting}
        return tuple(c for c in self.after.waiting if c.task_id not in known)

    def to_json(self) -> dict[str, Any]:
        """Return both sides as JSON values."""
        return {
            "changes": list(self.changes),
            "policy_id": self.policy_id,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "displaced": list(self.displaced),
            "newly_waiting": [c.task_id for c in self.newly_waiting],
        }


def what_if(snapshot: Snapshot, changes: Sequence[Change], policy: Policy = DEFAULT_POLICY) -> ClusterWhatIf:
    """Simulate changes of a cluster.

    Tasks keep their nodes unless a change takes them away; those without a node are placed by the policy, on both
    sides alike, so that only the changes differ.

    Args:
        snapshot: The cluster.
        changes: Changes, made one after the other.
        policy: Policy that places waiting tasks.

    Raises:
        InputError: A change names something that is not there.
        PolicyError: An expression of the policy is not valid.
    """
    changed = apply_changes(snapshot, changes)
    before, _ = outlook(snapshot, policy)
    after, placed = outlook(changed, policy)
    running = {t.task_id for t in snapshot.tasks if t.state == "running"}
    displaced = tuple(t.task_id for t in changed.tasks if t.task_id in running and t.state == "pending")
    return ClusterWhatIf(tuple(change_text(c) for c in changes), policy.policy_id, before, after, displaced, placed)


def outlook(snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> tuple[ClusterOutlook, Snapshot]:
    """Place a cluster's waiting tasks; return how it stands then, and the snapshot with the placed ones running."""
    waiting = [t for t in snapshot.tasks if t.state == "pending" and t.node_id is None]
    choices: tuple[Choice, ...] = ()
    if waiting and snapshot.nodes:
        choices = place(snapshot, policy).choices
    elif waiting:
        choices = tuple(Choice(t.task_id, None, "there is no node") for t in waiting)
    nodes = {c.task_id: c.node_id for c in choices if c.node_id is not None}
    after = snapshot.model_copy(
        update={
            "tasks": tuple(
                t.model_copy(update={"state": "running", "node_id": nodes[t.task_id]}) if t.task_id in nodes else t
                for t in snapshot.tasks
            )
        }
    )
    state = overview(after)
    hot = sorted((h for s in node_states(after) if (h := _hottest(s)).share >= HOT), key=lambda h: -h.share)
    return (
        ClusterOutlook(
            nodes=state.nodes,
            placed=tuple(c for c in choices if c.node_id is not None),
            waiting=tuple(c for c in choices if c.node_id is None),
            price_per_hour=state.price_per_hour,
            resources=state.resources,
            hot=tuple(hot),
        ),
        after,
    )


def _hottest(state: NodeState) -> HotNode:
    """Return the fullest of a node's cores and memory."""
    rows = [
        HotNode(
            state.node.node_id,
            resource,
            filled.requested_share,
            None if filled.used is None or not filled.allocatable else filled.used / filled.allocatable,
        )
        for resource in (CPU, MEMORY)
        if (filled := state.resources.get(resource)) is not None
    ]
    return max(rows, key=lambda h: h.share, default=HotNode(state.node.node_id, CPU, 0.0, None))
