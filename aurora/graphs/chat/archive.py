"""Evidence that a long conversation no longer carries in its state: found by its number, within limits."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from aurora.tools.harness import Evidence

KEPT = 40
"""Newest results that the state carries, which is written after every step; a turn has at most 24."""
MOST_RESULTS = 5_000
"""Most results of a conversation in the archive; the oldest are dropped beyond it."""
MOST_CHARACTERS = 64 << 20
"""Most characters of a conversation's results in the archive; likewise."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS evidence (
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
)
"""


class Archive(Protocol):
    """Older evidence of a conversation."""

    def keep(self, evidence: Sequence[Evidence]) -> None:
        """Add results; those that are there already are replaced."""

    def find(self, numbers: Iterable[int]) -> list[Evidence]:
        """Return the results of these numbers that are there, in order."""

    def all(self) -> list[Evidence]:
        """Return all results, in order."""


class SqliteArchive:
    """The archive of one conversation in the file of conversations; see `Archive`.

    Args:
        connection: The file, with the table of `SCHEMA`.
        lock: Held while the connection is used; other threads use it too.
        session_id: The conversation.
    """

    def __init__(self, connection: sqlite3.Connection, lock: AbstractContextManager[object], session_id: str) -> None:
        self._connection = connection
        self._lock = lock
        self._session_id = session_id

    def keep(self, evidence: Sequence[Evidence]) -> None:
        """See `Archive`."""
        rows = [(self._session_id, e.number, json.dumps(e)) for e in evidence]
        with self._lock, self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?)", rows)
            self._connection.execute(
                "DELETE FROM evidence WHERE session_id = ?1 AND number <= (SELECT MAX(number) FROM ("
                "SELECT number, ROW_NUMBER() OVER newest AS place, SUM(LENGTH(body)) OVER newest AS characters "
                "FROM evidence WHERE session_id = ?1 WINDOW newest AS (ORDER BY number DESC)"
                ") WHERE place > ?2 OR characters > ?3)",
                (self._session_id, MOST_RESULTS, MOST_CHARACTERS),
            )

    def find(self, numbers: Iterable[int]) -> list[Evidence]:
        """See `Archive`."""
        return [e for n in sorted(set(numbers)) for e in self._rows("AND number = ?", n)]

    def all(self) -> list[Evidence]:
        """See `Archive`."""
        return self._rows("ORDER BY number")

    def _rows(self, condition: str, *values: int) -> list[Evidence]:
        with self._lock:
            rows = self._connection.execute(
                f"SELECT body FROM evidence WHERE session_id = ? {condition}", (self._session_id, *values)
            ).fetchall()
        return [Evidence(*json.loads(body)) for (body,) in rows]
