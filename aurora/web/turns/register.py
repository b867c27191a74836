"""What outlives the process beside the conversations themselves: whose each is, and which turns were at work."""

from __future__ import annotations

from typing import NamedTuple

from aurora.agents.operator.answer import Mode
from aurora.graphs.chat.sessions import Sessions

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS owners (session_id TEXT PRIMARY KEY, owner TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS turns_at_work (session_id TEXT PRIMARY KEY, question TEXT NOT NULL, mode TEXT, "
    "messages INTEGER NOT NULL)",
)


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

    def owners(self) -> dict[str, str]:
        """Return whose each conversation is; those that no server made are not in it."""
        with self._sessions.transaction() as connection:
            return dict(connection.execute("SELECT session_id, owner FROM owners").fetchall())

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
