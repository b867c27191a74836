"""Places tasks on nodes that stay clear of maintenance, and on others only where no such node fits.

Nodes are asked in turn: those without maintenance to come; those whose maintenance begins after the task's end, or not
within the time for which a task of unknown length is taken to run; those whose maintenance begins before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from aurora.cluster.clearances import CLEARANCES, Clearance
from aurora.cluster.placement import DEFAULT_POLICY, Choice, Choices, place
from aurora.cluster.snapshot import Snapshot
from aurora.sim.policies.policy import Policy


class Turn(NamedTuple):
    """One turn of placing.

    Attributes:
        clearance: What was asked of nodes.
        before: The system with the placements of earlier turns.
        choices: Nodes for the tasks that were left.
    """

    clearance: Clearance
    before: Snapshot
    choices: Choices


def place_in_turn(
    snapshot: Snapshot,
    policy: Policy = DEFAULT_POLICY,
    *,
    tasks: Collection[str] | None = None,
    clearances: Sequence[Clearance] = CLEARANCES,
) -> tuple[Turn, ...]:
    """Choose nodes for waiting tasks, each turn for those that the turns before left without one.

    Args:
        snapshot: The system.
        policy: Policy that orders the tasks and scores the nodes.
        tasks: Ids of the waiting tasks to place; None: all.
        clearances: What is asked of nodes, in turn. Without maintenance to come, only the last is.

    Raises:
        InputError: A task is not in the snapshot, or does not wait.
        DataError: There is nothing to place.
        PolicyError: An expression of the policy is not valid.
    """
    asked = clearances if any(n.maintenance for n in snapshot.nodes) else clearances[-1:]
    turns: list[Turn] = []
    for clearance in asked:
        choices = place(snapshot, policy, tasks=tasks, clearance=clearance)
        turns.append(Turn(clearance, snapshot, choices))
        nodes = {c.task_id: c.node_id for c in choices.placed}
        tasks = [c.task_id for c in choices.choices if c.node_id is None]
        if not tasks:
            break
        snapshot = snapshot.model_copy(
            update={
                "tasks": tuple(
                    t.model_copy(update={"state": "running", "node_id": nodes[t.task_id]}) if t.task_id in nodes else t
                    for t in snapshot.tasks
                )
            }
        )
    return tuple(turns)


def choices_of(turns: Sequence[Turn]) -> tuple[Choice, ...]:
    """Return the choices of all turns: tasks with a node in the order of their placement, then those without one."""
    last = turns[-1].choices.choices
    return (*(c for t in turns for c in t.choices.placed), *(c for c in last if c.node_id is None))
