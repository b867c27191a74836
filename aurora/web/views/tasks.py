"""Tasks of a snapshot as the page Cluster shows them: found by name, and why they wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aurora.cluster.feasibility import Room
from aurora.cluster.snapshot import Snapshot, Task
from aurora.cluster.waiting import why_waiting
from aurora.quantities import duration

LEAST_SOUGHT = 2
"""Least characters of a search for tasks."""
MOST_MATCHES = 8
"""Most tasks that a search lists."""
MOST_ALIKE = 4
"""Most nodes that are named where the same changes do for many."""


class TaskMatch(NamedTuple):
    """A task that a search finds: its id, where it is or that it waits, and its node; empty: it has none."""

    task_id: str
    text: str
    node_id: str


class TaskMatches(NamedTuple):
    """Tasks that a search finds: how many, and the first of them."""

    title: str
    rows: tuple[TaskMatch, ...]


def task_matches(snapshot: Snapshot, words: str, most: int = MOST_MATCHES) -> TaskMatches:
    """Return the tasks whose names hold all words, waiting ones first.

    Args:
        snapshot: The system.
        words: What is searched; none where it is shorter than two characters.
        most: Most tasks that are listed.
    """
    terms = words.lower().split()
    if sum(map(len, terms)) < LEAST_SOUGHT:
        return TaskMatches("", ())
    found = [t for t in snapshot.tasks if all(term in t.task_id.lower() for term in terms)]
    found.sort(key=lambda t: (not is_waiting(t), t.task_id))
    rows = tuple(
        TaskMatch(t.task_id, f"{t.task_id}, {'waits' if is_waiting(t) else f'on {t.node_id}'}", t.node_id or "")
        for t in found[:most]
        if is_waiting(t) or t.node_id
    )
    count = "1 task" if len(found) == 1 else f"{len(found):,} tasks"
    return TaskMatches(f"{count}, the first {most}:" if len(found) > most else f"{count}:", rows)


class RemedyRow(NamedTuple):
    """Changes that would place a task.

    Attributes:
        node_id: The node.
        likewise: Other nodes for which the same changes do the same; the steps then name none of them.
        steps: The changes in words.
        command: Command that makes a plan of them for the node; empty: no plan can.
    """

    node_id: str
    likewise: tuple[str, ...]
    steps: tuple[str, ...]
    command: str

    @property
    def title(self) -> str:
        """Where the changes are made."""
        listed = [self.node_id, *self.likewise]
        more = len(listed) - MOST_ALIKE
        if more > 0:
            listed[MOST_ALIKE:] = [f"{more:,} more like them"]
        *first, last = listed
        return f"On {', '.join(first)} or {last}" if first else f"On {last}"


class WhyView(NamedTuple):
    """Why a task waits.

    Attributes:
        task_id: The task.
        summary: How many nodes fit, and what the others lack.
        system_reason: The words of its own system; empty if there are none.
        waits: How long it waits.
        never: Why no node could ever take it; empty if one could.
        fits_now: Nodes that fit now.
        remedies: The smallest changes that would place it.
        needs: What it needs that no node has, where that is all that the changes say; empty: they differ.
        nodes: Each node with its reasons; empty where it fits.
    """

    task_id: str
    summary: str
    system_reason: str
    waits: str
    never: str
    fits_now: tuple[str, ...]
    remedies: tuple[RemedyRow, ...]
    needs: str
    nodes: tuple[tuple[str, str], ...]


def why_view(snapshot: Snapshot, task_id: str) -> WhyView:
    """Return why a task waits.

    Raises:
        InputError: The snapshot has no such task, or it does not wait.
    """
    why = why_waiting(snapshot, task_id, room=Room(snapshot))
    remedies = tuple(
        RemedyRow(
            r.node_id, r.likewise, r.sense if r.likewise else tuple(s.text for s in r.steps), r.command(task_id) or ""
        )
        for r in why.remedies
    )
    return WhyView(
        task_id,
        why.summary,
        why.system_reason,
        "not known" if why.seconds is None else duration(why.seconds),
        why.never,
        why.fits_now,
        remedies,
        _needs(remedies) if why.never else "",
        tuple((node, "; ".join(r.text for r in reasons)) for node, reasons in why.nodes),
    )


def _needs(remedies: Sequence[RemedyRow]) -> str:
    """Return what every remedy says that a node must have, in the same words for each node; empty: they differ."""
    wanted = {tuple(step.partition(": ")[0] for step in r.steps) for r in remedies if not r.command}
    if len(wanted) != 1 or any(r.command for r in remedies):
        return ""
    return " and ".join(wanted.pop())


def is_waiting(task: Task) -> bool:
    """Return whether a task waits for a node."""
    return task.state == "pending" and task.node_id is None
