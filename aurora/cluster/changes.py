"""Changes of a system: what each is, the snapshot after it, and the changes that undo it.

    after = apply_changes(snapshot, [Cordon(node_id="a"), Move(task_id="shop/web-1", node_id="b")])
    undo = inverses(snapshot, [...])

A plan may hold the changes of `PlanChange`; those of `WhatIf` only happen to a system, and are for questions. No change
asks whether its task fits its node: `aurora.cluster.plans.validation` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from aurora.cluster import change_effects as effects
from aurora.cluster.change_effects import Draft
from aurora.cluster.resources import amount_text
from aurora.cluster.snapshot import Name, Snapshot
from aurora.errors import InputError
from aurora.types import Frozen, NonNegative, Positive
from aurora.validation import explain_validation

TargetAmounts = Annotated[
    dict[str, Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)] | None],
    Field(default_factory=dict, description="resource to its new amount; null removes it, others stay"),
]


class Place(Frozen):
    """A pending task is put on a node."""

    kind: Literal["place"] = "place"
    task_id: Name = Field(description="pending task")
    node_id: Name = Field(description="node that it is put on")


class Move(Frozen):
    """A running task goes to another node; it is stopped and started again."""

    kind: Literal["move"] = "move"
    task_id: Name = Field(description="running task")
    node_id: Name = Field(description="node that it goes to")
    is_pinned: bool = Field(
        default=False, description="also bind its workload to the node; only for workloads with one task"
    )


class Evict(Frozen):
    """A task is stopped; what made it makes it again, and it waits for a node."""

    kind: Literal["evict"] = "evict"
    task_id: Name = Field(description="task on a node")


class Drain(Frozen):
    """A node is cordoned and emptied of all tasks but daemons and static ones."""

    kind: Literal["drain"] = "drain"
    node_id: Name = Field(description="node to empty")
    onto: dict[str, str] = Field(
        default_factory=dict, description="task to the node that it moves to; tasks not named are evicted"
    )


class Cordon(Frozen):
    """New tasks are kept away from a node."""

    kind: Literal["cordon"] = "cordon"
    node_id: Name = Field(description="node to cordon")


class Uncordon(Frozen):
    """New tasks may go to a node again."""

    kind: Literal["uncordon"] = "uncordon"
    node_id: Name = Field(description="node to open")


class Scale(Frozen):
    """A workload gets another number of tasks."""

    kind: Literal["scale"] = "scale"
    workload_id: Name = Field(description="workload, NAMESPACE/KIND/NAME")
    replicas: int = Field(ge=0, le=100_000, description="tasks wanted")


class Resize(Frozen):
    """A container of a workload gets other requests or limits."""

    kind: Literal["resize"] = "resize"
    workload_id: Name = Field(description="workload, NAMESPACE/KIND/NAME")
    container: Name = Field(description="container of its tasks")
    requests: TargetAmounts
    limits: TargetAmounts


class NodeFails(Frozen):
    """A node fails with everything on it."""

    kind: Literal["node_fails"] = "node_fails"
    node_id: Name = Field(description="node that fails")


class AddNodes(Frozen):
    """Empty nodes are added."""

    kind: Literal["add_nodes"] = "add_nodes"
    like: Name = Field(description="node that they are like")
    count: int = Field(default=1, ge=1, le=10_000, description="nodes to add")


class RemoveNode(Frozen):
    """A node is taken away."""

    kind: Literal["remove_node"] = "remove_node"
    node_id: Name = Field(description="node to remove")


class Load(Frozen):
    """Tasks ask for or use more or less."""

    kind: Literal["load"] = "load"
    factor: Positive = Field(le=1000, description="factor, such as 1.2 for 20 % more")
    workload_id: Name | None = Field(default=None, description="workload concerned; null: every task")
    of: Literal["requests", "use", "both"] = Field(default="both", description="amounts that change")


class Price(Frozen):
    """The price of nodes changes."""

    kind: Literal["price"] = "price"
    factor: NonNegative = Field(le=1000, description="factor, such as 1.1 for 10 % more")
    node_id: Name | None = Field(default=None, description="node concerned; null: every node with a price")


PlanChange = Annotated[Place | Move | Evict | Drain | Cordon | Uncordon | Scale | Resize, Field(discriminator="kind")]
"""A change that a plan may hold."""
WhatIf = Annotated[NodeFails | AddNodes | RemoveNode | Load | Price, Field(discriminator="kind")]
"""A change that happens to a system; no plan may hold it."""
Change = Annotated[
    Place
    | Move
    | Evict
    | Drain
    | Cordon
    | Uncordon
    | Scale
    | Resize
    | NodeFails
    | AddNodes
    | RemoveNode
    | Load
    | Price,
    Field(discriminator="kind"),
]
"""Any change."""

_ADAPTER: TypeAdapter[Change] = TypeAdapter(Change)
_PLAN_ADAPTER: TypeAdapter[PlanChange] = TypeAdapter(PlanChange)
_WHAT_IFS = get_args(get_args(WhatIf)[0])


def parse_change(data: object) -> Change:
    """Validate `data` (parsed JSON) as a change.

    Raises:
        InputError: Names the fields at fault and what each should be.
    """
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise InputError(explain_validation(error), parameter="change") from None


def parse_plan_change(data: object) -> PlanChange:
    """Validate `data` (parsed JSON) as a change that a plan may hold.

    Raises:
        InputError: Names the fields at fault and what each should be; a what-if is refused too.
    """
    try:
        return _PLAN_ADAPTER.validate_python(data)
    except ValidationError as error:
        raise InputError(explain_validation(error), parameter="change") from None


def is_what_if(change: Change) -> bool:
    """Return whether no plan may hold a change."""
    return isinstance(change, _WHAT_IFS)


def apply_change(snapshot: Snapshot, change: Change) -> Snapshot:
    """Return the snapshot after a change; see `apply_changes`."""
    return apply_changes(snapshot, [change])


def apply_changes(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Return the snapshot after changes, each made to the outcome of those before.

    A task that is stopped is pending without a node; one without a workload in Kubernetes has failed instead, because
    nothing makes it again.

    Raises:
        InputError: A node, task, workload or container is not there (with the nearest names), or is not in the state
            that the change is for.
    """
    draft = Draft(snapshot)
    for change in changes:
        apply_to_draft(draft, change)
    return draft.snapshot()


def inverse(snapshot: Snapshot, change: Change) -> tuple[PlanChange, ...]:
    """Return the changes that undo a change.

    None where it changes nothing, and for a Kubernetes pod without a workload: what is evicted of it is lost.

    Args:
        snapshot: The system before the change.
        change: The change.

    Raises:
        InputError: It is a what-if, or does not fit the snapshot.
    """
    return inverses(snapshot, [change])


def inverses(snapshot: Snapshot, changes: Sequence[Change]) -> tuple[PlanChange, ...]:
    """Return the changes that undo changes which are made one after the other, last first.

    Raises:
        InputError: See `inverse`.
    """
    draft = Draft(snapshot)
    undo: list[tuple[PlanChange, ...]] = []
    for change in changes:
        undo.append(inverse_in_draft(draft, change))
        apply_to_draft(draft, change)
    return tuple(c for part in reversed(undo) for c in part)


def expand(snapshot: Snapshot, change: Change) -> tuple[Change, ...]:
    """Return a drain as a cordon, moves and evictions; any other change as it is.

    Raises:
        InputError: The node is not there, or `onto` names a task that is not to leave it.
    """
    return expand_in_draft(Draft(snapshot), change) if isinstance(change, Drain) else (change,)


def expand_in_draft(draft: Draft, drain: Drain) -> tuple[Cordon | Move | Evict, ...]:
    """Return the parts of a drain; see `expand`.

    Raises:
        InputError: See `expand`.
    """
    node = draft.node(drain.node_id)
    leaving = draft.leaving(drain.node_id)
    strange = next((name for name in drain.onto if name not in {t.task_id for t in leaving}), None)
    if strange is not None:
        raise InputError(f"{strange!r} does not leave {drain.node_id} in a drain", parameter="onto")
    steps: list[Cordon | Move | Evict] = [] if node.is_cordoned else [Cordon(node_id=drain.node_id)]
    for task in leaving:
        onto = drain.onto.get(task.task_id)
        is_move = onto is not None and task.state == "running"
        steps.append(Move(task_id=task.task_id, node_id=onto) if is_move and onto else Evict(task_id=task.task_id))
    return tuple(steps)


def apply_to_draft(draft: Draft, change: Change) -> None:
    """Make a change in a draft; see `apply_changes`."""
    match change:
        case Place():
            effects.place(draft, change.task_id, change.node_id)
        case Move():
            effects.move(draft, change.task_id, change.node_id)
        case Evict():
            effects.evict(draft, change.task_id)
        case Drain():
            for step in expand_in_draft(draft, change):
                apply_to_draft(draft, step)
        case Cordon() | Uncordon():
            effects.cordon(draft, change.node_id, isinstance(change, Cordon))
        case Scale():
            effects.scale(draft, change.workload_id, change.replicas)
        case Resize():
            effects.resize(draft, change.workload_id, change.container, change.requests, change.limits)
        case NodeFails():
            effects.fail_node(draft, change.node_id)
        case AddNodes():
            effects.add_nodes(draft, change.like, change.count)
        case RemoveNode():
            effects.remove_node(draft, change.node_id)
        case Load():
            effects.load(draft, change.factor, change.workload_id, change.of)
        case Price():
            effects.price(draft, change.factor, change.node_id)


def inverse_in_draft(draft: Draft, change: Change) -> tuple[PlanChange, ...]:
    """Return the changes that undo a change of a draft before it is made; see `inverse`.

    Raises:
        InputError: See `inverse`.
    """
    match change:
        case Place():
            return (Evict(task_id=change.task_id),)
        case Move():
            node = draft.task(change.task_id).node_id
            return () if node is None else (Move(task_id=change.task_id, node_id=node, is_pinned=change.is_pinned),)
        case Evict():
            node = draft.task(change.task_id).node_id
            is_made_again = draft.is_made_again(draft.task(change.task_id))
            return (Place(task_id=change.task_id, node_id=node),) if node is not None and is_made_again else ()
        case Drain():
            after, undo = Draft(draft.snapshot()), []
            for step in expand_in_draft(after, change):
                undo.append(inverse_in_draft(after, step))
                apply_to_draft(after, step)
            return tuple(c for part in reversed(undo) for c in part)
        case Cordon():
            return () if draft.node(change.node_id).is_cordoned else (Uncordon(node_id=change.node_id),)
        case Uncordon():
            return (Cordon(node_id=change.node_id),) if draft.node(change.node_id).is_cordoned else ()
        case Scale():
            before = draft.replicas(change.workload_id)
            return () if before == change.replicas else (Scale(workload_id=change.workload_id, replicas=before),)
        case Resize():
            container = draft.container(change.workload_id, change.container)
            return (
                Resize(
                    workload_id=change.workload_id,
                    container=change.container,
                    requests={r: container.requests.get(r) for r in change.requests},
                    limits={r: container.limits.get(r) for r in change.limits},
                ),
            )
        case _:
            raise InputError(f"{change.kind} is a what-if, which no plan may hold", parameter="change")


def change_text(change: Change) -> str:
    """Return a change in words, such as `move shop/web-1 to b`.

    >>> change_text(Resize(workload_id="shop/Deployment/web", container="web", requests={"cpu": 0.5}, limits={}))
    'resize web of shop/Deployment/web: requests cpu 0.5 cores'
    """
    match change:
        case Place() | Move():
            pin = " and bind its workload to it" if isinstance(change, Move) and change.is_pinned else ""
            return f"{change.kind} {change.task_id} {'on' if change.kind == 'place' else 'to'} {change.node_id}{pin}"
        case Evict():
            return f"evict {change.task_id}"
        case Drain() | Cordon() | Uncordon():
            return f"{change.kind} {change.node_id}"
        case Scale():
            return f"scale {change.workload_id} to {change.replicas}"
        case Resize():
            parts = [
                f"{field} {resource} {'none' if value is None else amount_text(resource, value)}"
                for field, amounts in (("requests", change.requests), ("limits", change.limits))
                for resource, value in amounts.items()
            ]
            return f"resize {change.container} of {change.workload_id}: {', '.join(parts) or 'nothing'}"
        case NodeFails():
            return f"{change.node_id} fails"
        case AddNodes():
            return f"add {change.count} {'node' if change.count == 1 else 'nodes'} like {change.like}"
        case RemoveNode():
            return f"remove {change.node_id}"
        case Load():
            what = {"requests": "requests", "use": "use", "both": "requests and use"}[change.of]
            return f"{what} of {change.workload_id or 'every task'} times {change.factor:g}"
        case Price():
            return f"price of {change.node_id or 'every node'} times {change.factor:g}"
