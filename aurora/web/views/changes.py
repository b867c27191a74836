"""What changed between two readings of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aurora.cluster.differences import Change, SnapshotDifference, compare_snapshots
from aurora.cluster.snapshot import Snapshot
from aurora.quantities import count, dollars


class ChangesView(NamedTuple):
    """What changed between two readings.

    Attributes:
        before, after: Names and times of the readings.
        lines: Kind of each change, what it is about, and what it was and is.
        left_out: Changes beyond those listed.
    """

    before: str
    after: str
    lines: tuple[tuple[str, str, str], ...]
    left_out: int


MOST_CHANGES = 200
"""Most changes that are listed."""


def changes_view(before: Snapshot, after: Snapshot) -> ChangesView:
    """Return what changed between two readings of a system."""
    found = compare_snapshots(before, after)
    lines = tuple(_changes(found))
    return ChangesView(found.before, found.after, lines[:MOST_CHANGES], max(0, len(lines) - MOST_CHANGES))


def _changes(found: SnapshotDifference) -> Iterator[tuple[str, str, str]]:
    yield from (("node gone", n, "") for n in found.nodes_gone)
    yield from (("new node", n, "") for n in found.nodes_new)
    yield from (("node", *_change(c)) for c in found.nodes)
    yield from (("moved", m.task_id, f"{m.before or 'no node'} → {m.after or 'no node'}") for m in found.moved)
    yield from (("state", *_change(c)) for c in found.states)
    yield from (("tasks gone", w, count(n)) for w, n in found.tasks_gone.items())
    yield from (("new tasks", w, count(n)) for w, n in found.tasks_new.items())
    yield from (("task", *_change(c)) for c in found.tasks)
    yield from (("workload", *_change(c)) for c in found.workloads)
    before, after = found.price
    if before != after:
        shown = ["no price" if p is None else f"{dollars(p)}/h" for p in (before, after)]
        yield "money", "all nodes", " → ".join(shown)


def _change(change: Change) -> tuple[str, str]:
    return change.subject, f"{change.field}: {change.before} → {change.after}"
