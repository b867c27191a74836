"""Tool that makes another plan from a plan. The plan itself stays, marked as replaced; no approval passes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from pydantic import Field

from aurora.cluster.changes import Cordon, Resize, Scale, TargetAmounts, Uncordon
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans import folder
from aurora.cluster.plans.asks import Ask, changes_of
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.making import Proposal
from aurora.cluster.plans.moves import propose_move
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.proposals import ASKED_FOR, only_container
from aurora.cluster.plans.provenance import record
from aurora.cluster.plans.report import edit_in_folder
from aurora.cluster.snapshot import Snapshot
from aurora.tools.desk import Desk
from aurora.tools.plan_id import PlanId
from aurora.tools.plans import PlanShown, shown
from aurora.types import Frozen


class TaskNode(Frozen):
    """A task and its new node."""

    task_id: str = Field(description="NAMESPACE/NAME of a pod, or the id of a job")
    node_id: str = Field(description="node that it goes to")


class Replicas(Frozen):
    """A workload and how many tasks it is to have."""

    workload_id: str = Field(description="NAMESPACE/KIND/NAME")
    replicas: int = Field(ge=0, le=100_000, description="tasks wanted")


class Sizes(Frozen):
    """A container's new requests and limits, in cores and GiB."""

    workload_id: str = Field(description="NAMESPACE/KIND/NAME")
    container: str = Field(default="", description="empty: the only one of the workload")
    requests: TargetAmounts
    limits: TargetAmounts


class EditPlanArguments(Frozen):
    """A plan and what is to be otherwise."""

    plan_id: PlanId = Field(min_length=6, max_length=64, description="id of the plan")
    leave_out: tuple[int, ...] = Field(default=(), max_length=2_000, description="numbers of changes to leave out")
    moves: tuple[TaskNode, ...] = Field(default=(), max_length=200, description="tasks that go to another node")
    replicas: tuple[Replicas, ...] = Field(default=(), max_length=40, description="workloads with other replicas")
    sizes: tuple[Sizes, ...] = Field(default=(), max_length=40, description="containers with other sizes")
    cordon: tuple[str, ...] = Field(default=(), max_length=20, description="nodes to close to new tasks")
    uncordon: tuple[str, ...] = Field(default=(), max_length=20, description="nodes to open again")


def edit_plan(desk: Desk, arguments: EditPlanArguments) -> PlanShown:
    """Make another plan from a plan: leave changes out, alter them, or add some. It needs its own approval."""
    plan = folder.load(desk.plans, arguments.plan_id)
    changes = _changes(arguments, folder.snapshot_of(desk.plans, plan))
    command = f"edit_plan {arguments.model_dump_json(exclude_defaults=True)}"
    return shown(desk, edited(desk, plan.plan_id, without=arguments.leave_out, changes=changes, command=command))


def edited(
    desk: Desk,
    plan_id: str,
    *,
    without: Collection[int] = (),
    changes: Iterable[Proposal] = (),
    command: str = "",
    at: datetime | None = None,
) -> Plan:
    """Write a plan that is edited from another one, its effect simulated anew with the desk's measured use.

    Args:
        desk: Data that is open.
        plan_id: The plan that is edited.
        without: Numbers of changes to leave out, from 1.
        changes: Changes in place of its own ones of the same matter, or at the end.
        command: How it is made, for the record.
        at: When; default: now.

    Raises:
        InputError: See `aurora.cluster.plans.report.edit_in_folder`.
        PlanError: See there.
        PolicyError: The policy of the plan is not known here.
        FileError: A file can't be read or written.
        DataError: A file was altered or is damaged.
    """
    made = folder.load(desk.plans, plan_id).provenance
    policy = desk.policy(DEFAULT_POLICY.policy_id if made is None or made.policy_id is None else made.policy_id)
    history = [desk.series(name) for name in desk.series_ids]
    return edit_in_folder(
        plan_id,
        desk.plans,
        without=without,
        changes=changes,
        at=at,
        effect_of=lambda snapshot, wanted: simulate_effect(snapshot, wanted, policy, history=history),
        provenance=record(policy, seed=0, command=command),
    ).plan


def edited_as_asked(
    desk: Desk, plan_id: str, *, without: Collection[int] = (), asks: Iterable[Ask] = (), command: str = ""
) -> Plan:
    """Write a plan that is edited from another one as a person asks, in a form or in the language of edits.

    Args:
        desk: Data that is open.
        plan_id: The plan that is edited.
        without: Numbers of changes to leave out, from 1.
        asks: What is asked for in place of its own changes of the same matter, or at the end.
        command: How it is made, for the record.

    Raises:
        InputError: A name or an amount is not valid, or see `edited`.
        PlanError: See `edited`.
        PolicyError: See `edited`.
        FileError: A file can't be read or written.
        DataError: A file was altered or is damaged.
    """
    plan = folder.load(desk.plans, plan_id)
    changes = changes_of(asks, folder.snapshot_of(desk.plans, plan))
    return edited(desk, plan.plan_id, without=without, changes=changes, command=command)


def _changes(arguments: EditPlanArguments, snapshot: Snapshot) -> list[Proposal]:
    sizes = [
        Resize(
            workload_id=s.workload_id,
            container=s.container or only_container(snapshot, s.workload_id),
            requests=s.requests,
            limits=s.limits,
        )
        for s in arguments.sizes
    ]
    return [
        *(Proposal(Cordon(node_id=n), ASKED_FOR) for n in arguments.cordon),
        *(Proposal(Uncordon(node_id=n), ASKED_FOR) for n in arguments.uncordon),
        *(Proposal(Scale(workload_id=r.workload_id, replicas=r.replicas), ASKED_FOR) for r in arguments.replicas),
        *(Proposal(s, ASKED_FOR) for s in sizes),
        *(propose_move(snapshot, m.task_id, m.node_id) for m in arguments.moves),
    ]
