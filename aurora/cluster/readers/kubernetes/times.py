"""When a snapshot was taken: the newest time in what was read, because a list does not say when it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aurora.cluster.readers.kubernetes.fields import Object, mapping, nested, objects, time
from aurora.cluster.readers.kubernetes.inventory import Inventory
from aurora.cluster.readers.notes import Notes

CLOCK_SKEW = timedelta(minutes=5)
"""Difference between clocks that is not worth a note."""


def taken_at(inventory: Inventory, now: datetime | None, notes: Notes) -> datetime:
    """Return when the objects were read from their cluster, never after now.

    Kubelets report their nodes every five minutes, so the newest time is rarely older than that.

    Args:
        inventory: The objects.
        now: Time of reading; None for the clock's.
        notes: Receives what was repaired or assumed.

    Raises:
        DataError: A time is not one.
    """
    now = (datetime.now(UTC) if now is None else now).astimezone(UTC)
    newest = None
    for kind in ("Node", "Pod"):
        for name, item in inventory.all(kind).items():
            with inventory.place(kind, name):
                latest = _latest(item)
            if latest is not None and (newest is None or latest > newest):
                newest = latest
    if newest is None:
        notes.assumed("no-times", "the objects have no times: the snapshot counts as taken when it was read")
        return now
    if newest > now + CLOCK_SKEW:
        notes.repaired(
            "in-the-future",
            f"the newest time in it, {newest:%Y-%m-%dT%H:%M:%SZ}, is after now: the snapshot counts as taken now; "
            "is a clock wrong?",
        )
    return min(newest, now)


def _latest(item: Object) -> datetime | None:
    status = mapping(item, "status")
    times = [time(mapping(item, "metadata"), "creationTimestamp"), time(status, "startTime")]
    for condition in objects(status, "conditions"):
        times += [time(condition, "lastHeartbeatTime"), time(condition, "lastTransitionTime")]
    for container in objects(status, "containerStatuses"):
        times.append(time(nested(container, "state", "running"), "startedAt"))
        times.append(time(nested(container, "state", "terminated"), "finishedAt"))
    return max((t for t in times if t is not None), default=None)
