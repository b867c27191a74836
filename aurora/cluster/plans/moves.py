"""Proposes moves: tasks to named nodes, away from where they are, and what makes room for a task."""

from __future__ import annotations

from collections.abc import Collection

from aurora.cluster.change_effects import BOUND_KINDS, Draft, unknown
from aurora.cluster.changes import Move, PlanChange, Uncordon, parse_plan_change
from aurora.cluster.clear_placement import choices_of, place_in_turn
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.making import Proposal, Proposals
from aurora.cluster.plans.proposals import ASKED_FOR
from aurora.cluster.snapshot import Snapshot, Task
from aurora.cluster.waiting import Remedy, Step, known_task, remedies_of, why_not
from aurora.errors import InputError
from aurora.sim.policies.policy import Policy


def propose_move(snapshot: Snapshot, task_id: str, node_id: str) -> Proposal:
    """Propose a node for a task: one that waits is placed there, one that runs moves.

    Raises:
        InputError: A name is not valid.
    """
    task = snapshot.tasks_by_id.get(task_id)
    waits = task is not None and task.state == "pending" and task.node_id is None
    return Proposal(
        parse_plan_change({"kind": "place" if waits else "move", "task_id": task_id, "node_id": node_id}), ASKED_FOR
    )


def propose_away(snapshot: Snapshot, names: Collection[str], policy: Policy = DEFAULT_POLICY) -> Proposals:
    """Propose to move tasks away from their nodes, each to the node that a policy chooses; the nodes stay open.

    Args:
        snapshot: The system.
        names: Tasks that run, or nodes, which stand for the tasks that a drain takes off them.
        policy: Policy that chooses nodes.

    Raises:
        InputError: A name is none, or a task does not run or stays with its node.
        PolicyError: An expression of the policy is not valid.
    """
    draft = Draft(snapshot)
    leaving = list(dict.fromkeys(t.task_id for name in names for t in _leaving(draft, name)))
    if not leaving:
        raise InputError("no task can leave there", parameter="move_away", value=", ".join(names))
    sources = {task_id: str(draft.tasks[task_id].node_id) for task_id in leaving}
    for task_id in leaving:
        draft.put(draft.tasks[task_id], state="pending", node_id=None)
    for node_id in sources.values():
        draft.nodes[node_id] = draft.nodes[node_id].model_copy(update={"is_cordoned": True})
    choices = choices_of(place_in_turn(draft.snapshot(), policy, tasks=leaving))
    moves = tuple(
        Proposal(
            Move(task_id=c.task_id, node_id=c.node_id),
            f"away from {sources[c.task_id]}, to the best node by {policy.policy_id}",
        )
        for c in choices
        if c.node_id is not None
    )
    return Proposals(
        moves, tuple(f"{c.task_id} stays on {sources[c.task_id]}: {c.reason}" for c in choices if c.node_id is None)
    )


def _leaving(draft: Draft, name: str) -> list[Task]:
    if name in draft.nodes:
        return [t for t in draft.leaving(name) if t.state == "running"]
    task = draft.tasks.get(name)
    if task is None:
        raise unknown("task or node", name, [*draft.tasks, *draft.nodes], "move_away")
    if task.state != "running" or task.kind in BOUND_KINDS:
        why = f"it is {task.state}" if task.state != "running" else f"it is {task.kind} and stays with its node"
        raise InputError(f"{why}; only a running task can be moved away", parameter="move_away", value=name)
    return [task]


def propose_remedy(snapshot: Snapshot, task_id: str, node_id: str = "", policy: Policy = DEFAULT_POLICY) -> Proposals:
    """Propose the smallest changes that let a node take a task, and put the task there.

    Args:
        snapshot: The system.
        task_id: A task that waits, or that runs on another node.
        node_id: The node; empty: the one with the fewest changes.
        policy: Policy that chooses among nodes that fit already.

    Raises:
        InputError: A name is none, the task is on that node, or no plan can do what is needed.
        PolicyError: An expression of the policy is not valid.
    """
    task = known_task(snapshot, task_id)
    if not node_id and task.holds_resources:
        raise InputError(f"{task_id} is on {task.node_id}; name the node that is to take it", parameter="remedy")
    remedies = [why_not(snapshot, task_id, node_id)] if node_id else remedies_of(snapshot, task_id)
    fitting = [r.node_id for r in remedies if not r.steps]
    if fitting and not node_id:
        chosen = choices_of(place_in_turn(snapshot, policy, tasks=[task_id]))[0].node_id
        remedies = [r for r in remedies if r.node_id == (chosen or fitting[0])]
    for remedy in remedies:
        changes = _changes_of(remedy)
        if changes is not None:
            steps = tuple(Proposal(c, f"makes {remedy.node_id} fit {task_id}") for c in changes)
            return Proposals((*steps, propose_move(snapshot, task_id, remedy.node_id)))
    needs = "; ".join(s.text for s in remedies[0].steps) if remedies else "a node"
    raise InputError(f"no plan can do what {task_id} needs: {needs}", parameter="remedy")


def _changes_of(remedy: Remedy) -> list[PlanChange] | None:
    """Return the changes that carry out a remedy; None where a plan can't."""
    changes = [_change_of(remedy.node_id, step) for step in remedy.steps]
    return None if None in changes else [c for c in changes if c is not None]


def _change_of(node_id: str, step: Step) -> PlanChange | None:
    if step.kind == "move":
        return Move(task_id=step.task_id, node_id=step.to_node)
    return Uncordon(node_id=node_id) if step.reason.kind == "cordoned" else None
