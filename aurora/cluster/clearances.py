"""How long a node must be clear of maintenance to take a task."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from aurora.cluster.snapshot import Snapshot, Task

HORIZON = 3600.0
"""Seconds for which a task of unknown length is taken to run."""
FOREVER = 100 * 366 * 86_400.0
"""Seconds within which every known maintenance begins."""


class Clearance(NamedTuple):
    """How long a node must be clear of maintenance to take a task. A window that is on now keeps every task away.

    Attributes:
        ahead: Seconds within which no window may begin.
        until_end: Whether instead no window may begin before the end of a task, where that is known.
    """

    ahead: float = 0.0
    until_end: bool = False


CLEAR_NOW = Clearance()
"""No maintenance is on now."""
HEALTHY = Clearance(ahead=FOREVER)
"""No maintenance is to come."""
LATER = Clearance(ahead=HORIZON, until_end=True)
"""Maintenance begins after the task's end."""
CLEARANCES = (HEALTHY, LATER, CLEAR_NOW)
"""What is asked of nodes, in turn; the last takes nodes near maintenance too."""


def end_of(task: Task, at: datetime) -> datetime | None:
    """Return when a task ends at the latest if it starts on a node at a time; None if that is not known."""
    return task.ends_at if task.time_limit is None else at + timedelta(seconds=task.time_limit)


def maintenance_before_end(snapshot: Snapshot, task: Task, node_id: str) -> tuple[datetime, str] | None:
    """Return start and reason of the first maintenance that a node has before a task that starts there now ends.

    A task of unknown length is taken to run for an hour. None if there is no such maintenance.
    """
    now = snapshot.taken_at
    end = end_of(task, now) or now + timedelta(seconds=HORIZON)
    windows = snapshot.nodes_by_id[node_id].maintenance
    return min(((start, why) for start, stop, why in windows if start < end and stop > now), default=None)
