"""What outlives the process beside the conversations themselves: whose each is, and which turns were at work."""

from __future__ import annotations

from typing import NamedTuple

from aurora.agents.operator.answer import Mode
from aurora.graphs.chat.sessions import SessionRow, Sessions

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS owners (session_id TEXT PRIMARY KEY, owner TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS owners_by_owner ON owners (owner)",
    "CREATE TABLE IF NOT EXISTS turns_at_work (session_id TEXT PRIMARY KEY, question TEXT NOT NULL, mode TEXT, "
    "messages INTEGER NOT NULL)",
)
_OWNED = "SELECT sessions.* FROM sessions LEFT JOIN owners USING (session_id)"
"""Conversations with their owners; NULL where no server made one."""


class TurnAtWork(NamedTuple):
    """A turn that was accepted and has not ended.

    Attributes:
        session_id: Its conversation.
        question: Its question; "" where a decision or an interrupted turn goes on.
        mode: What the conversation may do from now on; None: as before.
        messages: Messages of the conversation before it; as many after a kill: the turn had not begun.
    """

    session_id: str
    question: str
    mode: Mode | None
    messages: int


class Register:
    """The tables of the server in the file of conversations.

    Args:
        sessions: The file.

    Raises:
        FileError: The file can't be opened.
        StoreError: The file is damaged or held by another process.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        with sessions.transaction() as connection:
            for statement in _SCHEMA:
                connection.execute(statement)

    def claim(self, session_id: str, owner: str) -> None:
        """Note whose a conversation is."""
        with self._sessions.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO owners VALUES (?, ?)", (session_id, owner))

    def owned(self, owner: str) -> int:
        """Return how many conversations an owner has claimed."""
        with self._sessions.transaction() as connection:
            (count,) = connection.execute("SELECT COUNT(*) FROM owners WHERE owner = ?", (owner,)).fetchone()
        return int(count)

    def of_owner(self, owner: str) -> tuple[SessionRow, ...]:
        """Return the conversations of an owner, the one used last first; those that no server made are of ""."""
        query = f"{_OWNED} WHERE COALESCE(owner, '') = ? ORDER BY used_at DESC, session_id"
        with self._sessions.transaction() as connection:
            rows = connection.execute(query, (owner,)).fetchall()
        return tuple(SessionRow(*row) for row in rows)

    def find(self, session_id: str, owner: str | None) -> SessionRow | None:
        """Return a conversation; None: there is none, or it belongs to someone else.

        Args:
            session_id: Its whole id.
            owner: Whose it must be; None: anybody's.
        """
        query = f"{_OWNED} WHERE session_id = ? AND (? IS NULL OR COALESCE(owner, '') = ?)"
        with self._sessions.transaction() as connection:
            row = connection.execute(query, (session_id, owner, owner)).fetchone()
        return None if row is None else SessionRow(*row)

    def begin(self, turn: TurnAtWork) -> None:
        """Note that a turn was accepted."""
        with self._sessions.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO turns_at_work VALUES (?, ?, ?, ?)", turn)

    def end(self, session_id: str) -> None:
        """Note that a turn has ended."""
        with self._sessions.transaction() as connection:
            connection.execute("DELETE FROM turns_at_work WHERE session_id = ?", (session_id,))

    def at_work(self) -> list[TurnAtWork]:
        """Return the turns that have not ended."""
        with self._sessions.transaction() as connection:
            rows = connection.execute("SELECT session_id, question, mode, messages FROM turns_at_work").fetchall()
        return [TurnAtWork(*row) for row in rows]

    def forget(self, session_id: str) -> None:
        """Delete what is known of a conversation."""
        with self._sessions.transaction() as connection:
            for table in ("owners", "turns_at_work"):
                connection.execute(f"DELETE FROM {table} WHERE session_id = ?", (session_id,))
