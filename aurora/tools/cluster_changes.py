"""Tools that ask what would happen to an open cluster: changes, policies, and where a task would go."""

from __future__ import annotations

from pydantic import Field

from aurora.champions.champion import PREFIX
from aurora.champions.named import policy_names
from aurora.champions.shipped import shipped_champion
from aurora.cluster.changes import Change
from aurora.cluster.feasibility import summary
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.ranking import rank_policies
from aurora.cluster.scenario import to_scenario
from aurora.cluster.waiting import known_task
from aurora.cluster.what_if import HOT, ClusterOutlook, what_if
from aurora.errors import InputError
from aurora.sim.kernel import encode
from aurora.tools.desk import Desk
from aurora.tools.simulation import ExplainArguments, ExplainedDecision, explain_decision
from aurora.types import Frozen

MAX_ROWS = 20
"""Most tasks, nodes or policies listed."""


class ClusterWhatIfArguments(Frozen):
    """Changes of the open cluster."""

    changes: tuple[Change, ...] = Field(min_length=1, max_length=20, description="changes, made one after the other")
    policy_id: str = Field(default=DEFAULT_POLICY.policy_id, description="policy that places tasks without a node")


class PlacedRow(Frozen):
    """A task and the node that was found for it."""

    task_id: str
    node_id: str


class WaitingRow(Frozen):
    """A task without a node."""

    task_id: str
    reason: str = Field(description="how many nodes fit, and what the others lack")


class HotRow(Frozen):
    """A node above 80 % of its cores or memory."""

    node_id: str
    resource: str
    requested_share: float
    used_share: float | None = Field(description="measured; null: not measured")


class OutlookRow(Frozen):
    """The cluster after tasks without a node were placed where they fit."""

    nodes: int
    waiting: int = Field(description="tasks without a node")
    price_per_hour: float | None = Field(description="dollars, all nodes; null: not known")
    requested_share: dict[str, float] = Field(description="resource to the requested share, over all nodes")
    hot_nodes: int = Field(description="nodes above 80 % of cores or memory")
    overfull_nodes: int = Field(description="nodes of which more is requested or used than they have")
    fullest: tuple[HotRow, ...]


class ClusterWhatIfFound(Frozen):
    """The open cluster before and after changes."""

    changes: tuple[str, ...]
    policy_id: str
    before: OutlookRow
    after: OutlookRow
    hot_share: float = Field(description="share of cores or memory, requested or used, from which a node is called hot")
    displaced: int = Field(description="tasks that lose their node")
    placed_again: tuple[PlacedRow, ...] = Field(description="of those, where they go")
    newly_waiting: tuple[WaitingRow, ...] = Field(description="tasks without a node that had one or could have had one")
    newly_placed: tuple[PlacedRow, ...] = Field(description="tasks that had no node and get one")


def cluster_what_if(desk: Desk, arguments: ClusterWhatIfArguments) -> ClusterWhatIfFound:
    """What changes would do to the open cluster: tasks that lose or get a node, cost an hour, nodes that get full."""
    result = what_if(desk.cluster, arguments.changes, desk.policy(arguments.policy_id))
    displaced, waited = set(result.displaced), {c.task_id for c in result.before.waiting}
    placed = [PlacedRow(task_id=c.task_id, node_id=str(c.node_id)) for c in result.after.placed]
    return ClusterWhatIfFound(
        changes=result.changes,
        policy_id=result.policy_id,
        before=_outlook(result.before),
        after=_outlook(result.after),
        hot_share=HOT,
        displaced=len(displaced),
        placed_again=tuple(p for p in placed if p.task_id in displaced)[:MAX_ROWS],
        newly_waiting=tuple(WaitingRow(task_id=c.task_id, reason=c.reason) for c in result.newly_waiting)[:MAX_ROWS],
        newly_placed=tuple(p for p in placed if p.task_id in waited)[:MAX_ROWS],
    )


def _outlook(state: ClusterOutlook) -> OutlookRow:
    return OutlookRow(
        nodes=state.nodes,
        waiting=len(state.waiting),
        price_per_hour=state.price_per_hour,
        requested_share={r: f.requested_share for r, f in state.resources.items() if f.requested},
        hot_nodes=len(state.hot),
        overfull_nodes=len(state.overfull),
        fullest=tuple(
            HotRow(node_id=h.node_id, resource=h.resource, requested_share=h.requested, used_share=h.used)
            for h in state.hot[:5]
        ),
    )


class RankArguments(Frozen):
    """Policies to rank on the open cluster."""

    policy_ids: tuple[str, ...] = Field(
        default=(), max_length=40, description="empty: all references, and shipped champions without fixed weights"
    )
    limit: int = Field(default=5, ge=1, le=MAX_ROWS, description="most policies listed")


class RankedRow(Frozen):
    """What a policy makes of the cluster's tasks."""

    policy_id: str
    reward: float = Field(description="by the cluster's objectives, 0 to 1, higher is better")
    unplaced: int = Field(description="tasks without a node")
    nodes_used: int
    price_per_hour: float = Field(description="dollars an hour of the nodes in use")
    wait: float = Field(description="mean wait of tasks that are placed, seconds")


class ShippedRow(Frozen):
    """A listed policy that ships with AURORA, and how it was found."""

    policy_id: str
    source: str = Field(description="scenarios that it was trained on")
    simulations: int = Field(description="simulations that found it")
    trained_on: tuple[str, ...] = Field(description="families of scenarios there")


class PoliciesRanked(Frozen):
    """Policies on the open cluster, the best first."""

    tasks: int = Field(description="running tasks that were placed anew")
    objectives: tuple[str, ...] = Field(description="what the reward weighs")
    compared: int
    policies: tuple[RankedRow, ...]
    champions: tuple[ShippedRow, ...] = Field(default=(), description="those of the listed policies that were trained")
    about: dict[str, str] = Field(default={}, description="what the listed policies do, in words")


def rank_cluster_policies(desk: Desk, arguments: RankArguments) -> PoliciesRanked:
    """Which policy would place the open cluster's tasks best if all were placed anew, and what each comes to."""
    names = arguments.policy_ids or policy_names(with_fronts=False)
    ranking = rank_policies(desk.cluster, {name: desk.policy(name) for name in names})
    listed = ranking.rows[: arguments.limit]
    return PoliciesRanked(
        tasks=ranking.tasks,
        objectives=ranking.objectives,
        compared=len(ranking.rows),
        policies=tuple(RankedRow.model_validate(r._asdict()) for r in listed),
        champions=tuple(_shipped(r.policy_id) for r in listed if r.policy_id.startswith(PREFIX)),
        about={r.policy_id: about for r in listed if (about := _about(desk, r.policy_id))},
    )


def _about(desk: Desk, policy_id: str) -> str:
    """Return what a policy does in one sentence, which can be quoted; "" if its author did not say."""
    if policy_id.startswith(PREFIX):
        champion = shipped_champion(policy_id)
        text = f"{champion.purpose} {champion.idea}"
    else:
        text = desk.policy(policy_id).policy_description
    first, *others = text.strip().removesuffix(".").split(". ")
    return "; ".join([first, *(part if part[:2].isupper() else part[:1].lower() + part[1:] for part in others)])


def _shipped(policy_id: str) -> ShippedRow:
    origin = shipped_champion(policy_id).provenance
    return ShippedRow(
        policy_id=policy_id,
        source=origin.source,
        simulations=origin.simulations,
        trained_on=origin.training_families,
    )


class WhyHereArguments(Frozen):
    """A task on a node of the open cluster."""

    task_id: str = Field(description="NAMESPACE/NAME of a pod, or the id of a job")
    policy_id: str = Field(default=DEFAULT_POLICY.policy_id, description="policy that is asked where it would go")


class WhyHereFound(Frozen):
    """Where a task is, where else it would fit, and where a policy would put it."""

    task_id: str
    node_id: str
    running_minutes: float | None = Field(description="when the snapshot was taken; null: not known")
    bound: str = Field(description="daemon or static: it belongs to its node; empty: it could be elsewhere")
    fitting: tuple[str, ...] = Field(description="nodes that would take it now, its own included")
    summary: str = Field(description="how many nodes fit, and what the others lack")
    policy_id: str
    policy_chooses: str | None = Field(description="node that the policy would choose now; null: none")
    decision: ExplainedDecision | None = Field(description="why the policy would choose it; null: nothing to choose")


def why_task_is_here(desk: Desk, arguments: WhyHereArguments) -> WhyHereFound:
    """Why a task is on its node: which nodes would take it, what excludes the others, and a policy's own choice.

    The cluster's scheduler does not say why it chose; what is told here is what can be checked.
    """
    cluster, room = desk.cluster, desk.room()
    task = known_task(cluster, arguments.task_id)
    if not task.holds_resources:
        raise InputError(f"{task.task_id!r} is on no node: it is {task.state}", parameter="task_id")
    node_id = room.give_back(task)
    try:
        reasons = list(room.all_reasons(task))
        fitting = tuple(n for n, why in reasons if not why)
        found, chosen = None, None
        bound = task.kind if task.kind in ("daemon", "static") else ""
        if fitting and not bound:
            alone = task.model_copy(update={"state": "pending", "node_id": None})
            others = tuple(t for t in cluster.tasks if t.holds_resources and t.task_id != task.task_id)
            asked = cluster.model_copy(update={"tasks": (*others, alone), "snapshot_id": f"why {task.task_id}"[:128]})
            converted = to_scenario(asked, allowed={task.task_id: fitting})
            short = next(s for s, name in converted.task_ids.items() if name == task.task_id)
            desk.open_scenario(encode(converted.scenario))
            found = explain_decision(
                desk,
                ExplainArguments(
                    scenario_id=converted.scenario.scenario_id, policy_id=arguments.policy_id, task_id=short
                ),
            )
            chosen = None if found.winner is None else converted.node_ids.get(found.winner, found.winner)
    finally:
        room.take(task, node_id)
    seconds = None if task.started_at is None else (cluster.taken_at - task.started_at).total_seconds()
    return WhyHereFound(
        task_id=task.task_id,
        node_id=node_id,
        running_minutes=None if seconds is None else seconds / 60,
        bound=bound,
        fitting=fitting[:MAX_ROWS],
        summary=summary(reasons),
        policy_id=arguments.policy_id,
        policy_chooses=chosen,
        decision=found,
    )
