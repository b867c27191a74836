"""Tools that write plans, show them, and check them on the open cluster. A plan changes nothing by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from aurora.cluster.changes import Resize, Scale, change_text
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans import folder
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.making import Proposal, Proposals, make_plan
from aurora.cluster.plans.moves import propose_away, propose_move, propose_remedy
from aurora.cluster.plans.plan import ID_DIGITS, Estimate, Plan, diff_of
from aurora.cluster.plans.proposals import propose_drain, propose_placements
from aurora.cluster.plans.provenance import record
from aurora.cluster.plans.validation import Violation, validate
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.sim.policies.policy import Policy
from aurora.tools.desk import Desk
from aurora.tools.plan_id import PlanId
from aurora.tools.rightsizing import SizeRow, size_rows
from aurora.types import Frozen

MAX_ROWS = 40
"""Most changes, risks or plans listed."""

Goal = Literal["place_waiting", "scale", "resize", "drain", "move", "remedy"]


class NewPlanArguments(Frozen):
    """What a plan is for."""

    goal: Goal = Field(
        description="place_waiting: nodes for waiting tasks; scale: replicas; resize: requests and limits by measured "
        "use; drain: empty nodes; move: tasks to other nodes; remedy: as why_task_waits says"
    )
    task_ids: tuple[str, ...] = Field(
        default=(),
        max_length=200,
        description="place_waiting: these only; empty: all; move: the tasks; empty: all of node_ids leave; remedy: one",
    )
    workload_ids: tuple[str, ...] = Field(
        default=(), max_length=40, description="scale: the workloads; resize: these only; empty: all that are oversized"
    )
    replicas: int | None = Field(default=None, ge=0, le=100_000, description="scale: tasks wanted")
    node_ids: tuple[str, ...] = Field(
        default=(),
        max_length=200,
        description="drain: the nodes; move: one for all tasks, or one for each; empty: a policy chooses other nodes; "
        "remedy: the node; empty: the easiest",
    )
    policy_id: str = Field(default=DEFAULT_POLICY.policy_id, description="policy that chooses nodes")


class PlanArguments(Frozen):
    """A plan of the conversation's folder."""

    plan_id: PlanId = Field(min_length=6, max_length=64, description="id of the plan, or its beginning")


class NoPlanArguments(Frozen):
    """Nothing to choose."""


class ChangeRow(Frozen):
    """A change of a plan."""

    number: int
    change: str
    now_proposed: tuple[str, ...] = Field(description="subject: field now -> proposed")
    reason: str
    carried_out: str = Field(description="what the system does for it; empty: what the change says")


class MeasureRow(Frozen):
    """A measure before and after, expected, with the ends of the interval."""

    measure: str
    unit: str
    before: Estimate
    after: Estimate


class ViolationRow(Frozen):
    """A constraint that a plan breaks."""

    code: str
    change: int = Field(description="number of the change; 0: the plan as a whole")
    message: str


class MadeRow(Frozen):
    """How a plan was made."""

    policy_id: str | None = Field(description="policy that chose nodes; null: none was asked")
    seed: int | None = Field(description="seed of the simulated effect; null: not simulated")
    snapshot_sha256: str
    command: str = Field(description="command line, or tool with its arguments")


class PlanShown(Frozen):
    """A plan: what it changes, its simulated effect, risks and money."""

    plan_id: str
    sha256: str
    snapshot_id: str
    status: str = Field(description="new, approved, replaced, expired, in progress, stopped, applied or rolled back")
    expires_at: str = Field(description="UTC")
    change_count: int
    changes: tuple[ChangeRow, ...]
    effect: tuple[MeasureRow, ...] = Field(
        description="simulated; empty: it was not; its cost_per_hour is of all nodes, with work or without"
    )
    effect_share: float | None = Field(description="share of outcomes that the intervals hold")
    effect_method: str
    risks: tuple[str, ...]
    price_per_hour_now: float | None = Field(description="dollars, of nodes that hold work; null: not known")
    price_per_hour_proposed: float | None = Field(description="dollars, of nodes that would hold work; null: not known")
    emptied: tuple[str, ...] = Field(description="nodes without work afterwards")
    remarks: tuple[str, ...] = Field(description="what was left out of the plan, and why")
    violations: tuple[ViolationRow, ...] = Field(description="why it can't be applied as it is; empty: it can")
    made_with: MadeRow | None = Field(description="null: not recorded")
    replaces: str | None = Field(description="id of the plan that it was edited from; null: none")
    replaced_by: str | None = Field(description="id of the plan that was edited from it; null: none")


class PlanChecked(Frozen):
    """A plan on the open cluster as it is now."""

    plan_id: str
    status: str
    is_valid: bool
    expires_at: str = Field(description="UTC")
    change_count: int
    violations: tuple[ViolationRow, ...]
    risks: tuple[str, ...]


class ListedRow(Frozen):
    """A plan of the folder."""

    plan_id: str
    status: str
    changes: int
    created_at: str = Field(description="UTC")
    source: str


class PlansListed(Frozen):
    """Plans of the folder, the newest first."""

    count: int
    plans: tuple[ListedRow, ...]


def new_plan(desk: Desk, arguments: NewPlanArguments) -> PlanShown:
    """Write a plan for the open cluster: nodes for what waits, replicas, sizes by measured use, or a drain."""
    cluster = desk.cluster
    proposals = _proposals(desk, arguments)
    if not proposals.proposals:
        why = f": {'; '.join(proposals.remarks[:3])}" if proposals.remarks else ""
        raise InputError(f"there is nothing to change{why}", parameter="goal", value=arguments.goal)
    history = [desk.series(name) for name in desk.series_ids]
    policy = desk.policy(arguments.policy_id)
    plan = make_plan(
        cluster,
        proposals.proposals,
        source=f"conversation: {arguments.goal}",
        effect_of=lambda snapshot, changes: simulate_effect(snapshot, changes, policy, history=history),
        provenance=record(policy, seed=0, command=f"make_plan {arguments.model_dump_json(exclude_defaults=True)}"),
    )
    folder.save(desk.plans, plan, cluster)
    return shown(desk, plan, proposals.remarks)


def _proposals(desk: Desk, arguments: NewPlanArguments) -> Proposals:
    cluster, policy = desk.cluster, desk.policy(arguments.policy_id)
    match arguments.goal:
        case "place_waiting":
            found = propose_placements(cluster, policy)
            wanted = set(arguments.task_ids)
            if not wanted:
                return found
            kept = tuple(p for p in found.proposals if getattr(p.change, "task_id", "") in wanted)
            return Proposals(kept, tuple(r for r in found.remarks if r.partition(" ")[0] in wanted))
        case "scale":
            replicas = arguments.replicas
            if replicas is None or not arguments.workload_ids:
                raise InputError("name workloads and how many replicas each is to have", parameter="replicas")
            return Proposals(
                tuple(
                    Proposal(Scale(workload_id=w, replicas=replicas), f"{replicas} replicas were asked for")
                    for w in arguments.workload_ids
                )
            )
        case "resize":
            return _sizes(size_rows(desk, arguments.workload_ids))
        case "drain":
            parts = [propose_drain(cluster, node, policy) for node in arguments.node_ids]
            if not parts:
                raise InputError("name the nodes to drain", parameter="node_ids")
            return Proposals(tuple(p for part in parts for p in part.proposals),
                             tuple(r for part in parts for r in part.remarks))  # fmt: skip
        case "move":
            return _moves(cluster, arguments, policy)
        case "remedy":
            if len(arguments.task_ids) != 1 or len(arguments.node_ids) > 1:
                raise InputError("name one task, and at most one node", parameter="task_ids")
            return propose_remedy(cluster, arguments.task_ids[0], "".join(arguments.node_ids), policy)


def _moves(cluster: Snapshot, arguments: NewPlanArguments, policy: Policy) -> Proposals:
    """Propose to move tasks to named nodes, or away from where they are."""
    tasks, nodes = arguments.task_ids, arguments.node_ids
    if not tasks or not nodes:
        return propose_away(cluster, tasks or nodes, policy)
    if len(nodes) not in (1, len(tasks)):
        raise InputError("name one node for all tasks, or one for each", parameter="node_ids")
    pairs = zip(tasks, nodes * len(tasks) if len(nodes) == 1 else nodes, strict=True)
    return Proposals(tuple(propose_move(cluster, task, node) for task, node in pairs))


def _sizes(rows: list[SizeRow]) -> Proposals:
    """Propose the sizes of all containers that are found over or under."""
    proposals, remarks = [], []
    by_container: dict[tuple[str, str], list[SizeRow]] = {}
    for row in rows:
        by_container.setdefault((row.workload_id, row.container), []).append(row)
    for (workload_id, container), parts in by_container.items():
        changed = [p for p in parts if p.finding in ("over", "under")]
        remarks += [f"{workload_id} {p.resource} stays: {p.finding}" for p in parts if p.finding == "too_little"]
        requests = {p.resource: p.request_proposed for p in changed if p.request_proposed != p.request_now}
        limits = {p.resource: p.limit_proposed for p in changed if p.limit_proposed != p.limit_now}
        if requests or limits:
            why = "; ".join(f"{p.resource}: {p.reasons[0]}" for p in changed if p.reasons)
            change = Resize(workload_id=workload_id, container=container, requests=requests, limits=limits)
            proposals.append(Proposal(change, why))
    return Proposals(tuple(proposals), tuple(remarks))


def show_plan(desk: Desk, arguments: PlanArguments) -> PlanShown:
    """Show a plan: its changes, simulated effect, risks, money, and how far it is."""
    return shown(desk, folder.load(desk.plans, arguments.plan_id))


def check_plan(desk: Desk, arguments: PlanArguments) -> PlanChecked:
    """Check a plan on the open cluster: every constraint that it breaks, and whether it has expired."""
    plan = folder.load(desk.plans, arguments.plan_id)
    broken = validate(plan, desk.cluster, at=datetime.now(UTC))
    return PlanChecked(
        plan_id=plan.plan_id,
        status=listed_as(desk, plan).status,
        is_valid=not broken,
        expires_at=f"{plan.expires_at:%Y-%m-%d %H:%M}",
        change_count=len(plan.changes),
        violations=violation_rows(broken),
        risks=tuple(f"{r.code}: {r.message}" for r in plan.risks[:MAX_ROWS]),
    )


def list_plans(desk: Desk, arguments: NoPlanArguments) -> PlansListed:
    """List the plans of the conversation's folder, the newest first, and how far each is."""
    del arguments
    listed = folder.list_plans(desk.plans, datetime.now(UTC))
    return PlansListed(
        count=len(listed),
        plans=tuple(
            ListedRow(
                plan_id=p.plan.plan_id,
                status=p.status,
                changes=len(p.plan.changes),
                created_at=f"{p.plan.created_at:%Y-%m-%d %H:%M}",
                source=p.plan.source,
            )
            for p in listed[:MAX_ROWS]
        ),
    )


def listed_as(desk: Desk, plan: Plan) -> folder.ListedPlan:
    """Return how far a plan of the folder is."""
    listed = folder.list_plans(desk.plans, datetime.now(UTC))
    return next((p for p in listed if p.plan.sha256 == plan.sha256), folder.ListedPlan(plan, "new"))


def shown(desk: Desk, plan: Plan, remarks: tuple[str, ...] = ()) -> PlanShown:
    """Return a plan of the folder as tools show it."""
    effect, money, made = plan.effect, plan.money, plan.provenance
    listed = listed_as(desk, plan)
    broken = validate(plan, folder.snapshot_of(desk.plans, plan), at=datetime.now(UTC))
    return PlanShown(
        plan_id=plan.plan_id,
        sha256=plan.sha256,
        snapshot_id=plan.snapshot_id,
        status=listed.status,
        expires_at=f"{plan.expires_at:%Y-%m-%d %H:%M}",
        change_count=len(plan.changes),
        changes=tuple(
            ChangeRow(
                number=k,
                change=change_text(c.change),
                now_proposed=tuple(diff_of(c)),
                reason=c.reason,
                carried_out=c.carried_out,
            )
            for k, c in enumerate(plan.changes[:MAX_ROWS], 1)
        ),
        effect=()
        if effect is None
        else tuple(MeasureRow(measure=m.name, unit=m.unit, before=m.before, after=m.after) for m in effect.measures),
        effect_share=None if effect is None else effect.level,
        effect_method="" if effect is None else effect.method,
        risks=tuple(f"{r.code}: {r.message}" for r in plan.risks[:MAX_ROWS]),
        price_per_hour_now=None if money is None else money.per_hour_now,
        price_per_hour_proposed=None if money is None else money.per_hour_proposed,
        emptied=() if money is None else money.emptied,
        remarks=remarks[:MAX_ROWS],
        violations=violation_rows(broken),
        made_with=None
        if made is None
        else MadeRow(
            policy_id=made.policy_id, seed=made.seed, snapshot_sha256=plan.snapshot_sha256, command=made.command
        ),
        replaces=None if made is None or made.edited_from is None else made.edited_from[:ID_DIGITS],
        replaced_by=listed.replaced_by or None,
    )


def violation_rows(broken: Sequence[Violation]) -> tuple[ViolationRow, ...]:
    """Return violations as tools show them."""
    return tuple(ViolationRow(code=v.code, change=v.change, message=v.message) for v in broken[:MAX_ROWS])
