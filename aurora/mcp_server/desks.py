"""Lends each call a desk of its own, since a desk's room is no place for two calls at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from aurora.cluster.snapshot import Snapshot
from aurora.tools.desk import Desk

KEPT = 4
"""Most desks kept for later calls; each has the room of its cluster's nodes worked out."""


class Desks:
    """Desks with the same open data.

    Args:
        desk: Desk whose data is lent.
        refresh: Reads its cluster anew; None: `desk.refresh`.
    """

    def __init__(self, desk: Desk, refresh: Callable[[], Snapshot] | None = None) -> None:
        self._desk = desk
        self._refresh = desk.refresh if refresh is None else refresh
        self._free: list[Desk] = []
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    @property
    def desk(self) -> Desk:
        """The desk whose data is lent; for looks at what is open only."""
        return self._desk

    def take(self) -> Desk:
        """Return a desk that nobody else has."""
        with self._lock:
            self._free = [d for d in self._free if d.cluster is self._desk.cluster]
            return self._free.pop() if self._free else self._desk.copy()

    def give_back(self, desk: Desk) -> None:
        """Take back a desk that nothing works on any more."""
        with self._lock:
            if len(self._free) < KEPT:
                self._free.append(desk)

    def refresh(self) -> Snapshot:
        """Read the cluster anew and return it; desks that are lent keep the one before.

        Raises:
            InputError: It can't be read anew.
            FileError: A file can't be read.
            DataError: The cluster can't be reached, or a file is none of a snapshot.
        """
        with self._reading:
            return self._refresh()
