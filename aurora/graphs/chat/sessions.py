"""Conversations that outlive their process: listed, resumed, renamed, deleted; one SQLite file holds them.

A checkpoint is on disk before the next step of a turn begins. After a turn only its last checkpoint is kept, because
each holds the whole conversation.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from langgraph.checkpoint.sqlite import SqliteSaver

from aurora.errors import FileError, InputError, StoreError
from aurora.files import writing
from aurora.graphs.chat import archive

SESSIONS = Path("runs/chat/sessions.sqlite")
"""The file where none is given."""
MAX_TITLE = 80
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    session_id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    history TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    used_at TEXT NOT NULL,
    turns INTEGER NOT NULL DEFAULT 0
)
"""


class SessionRow(NamedTuple):
    """A conversation.

    Attributes:
        session_id: Its id.
        title: Its name: the first question, until a person gives another.
        snapshot: What was opened: a path or a sample.
        history: File of measured series; "" if none.
        model: `PROVIDER:MODEL` that answers; "" for rules.
        created_at, used_at: When it began, and when it was last used, UTC.
        turns: Turns that were told.
    """

    session_id: str
    title: str
    snapshot: str
    history: str
    model: str
    created_at: str
    used_at: str
    turns: int


class Sessions:
    """The conversations of a file.

    Args:
        path: SQLite file; created where there is none.

    Raises:
        FileError: The folder can't be made.
        StoreError: The file can't be used.
    """

    def __init__(self, path: Path = SESSIONS) -> None:
        self.path = path
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        with _reported(path):
            self._connection = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
            try:
                self._connection.execute("PRAGMA synchronous=FULL")
                self._connection.execute(_SCHEMA)
                self._connection.execute(archive.SCHEMA)
                self._connection.commit()
                self.saver = SqliteSaver(self._connection)
                self.saver.setup()
            except sqlite3.Error:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        """Return the sessions."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(sqlite3.Error), self.saver.lock:  # a turn that was left may still write
            self._connection.close()

    def new(self, snapshot: str, *, history: str = "", model: str = "") -> SessionRow:
        """Begin a conversation.

        Args:
            snapshot: What is opened: a path or a sample.
            history: File of measured series.
            model: `PROVIDER:MODEL` that answers; "" for rules.

        Raises:
            FileError: The file can't be opened.
            StoreError: The file is damaged or held by another process.
        """
        at = _now()
        row = SessionRow(secrets.token_hex(4), "", snapshot, history, model, at, at, 0)
        with self.transaction() as connection:
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return row

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection of the file to this thread alone, and commit what is done with it.

        Raises:
            FileError: The file can't be opened.
            StoreError: The file is damaged or held by another process.
        """
        with _reported(self.path), self.saver.lock, self._connection:
            yield self._connection

    def archive(self, session_id: str) -> archive.SqliteArchive:
        """Return where a conversation keeps the evidence that its state no longer carries."""
        return archive.SqliteArchive(self._connection, self.saver.lock, session_id)

    def list(self) -> tuple[SessionRow, ...]:
        """Return the conversations, the one used last first.

        Raises:
            FileError: The file can't be opened.
            StoreError: The file is damaged or held by another process.
        """
        with self.transaction() as connection, closing(connection.cursor()) as cursor:
            rows = cursor.execute("SELECT * FROM sessions ORDER BY used_at DESC, session_id").fetchall()
        return tuple(SessionRow(*r) for r in rows)

    def find(self, name: str) -> SessionRow:
        """Return a conversation by its id, the beginning of its id, its title, or `last`.

        Raises:
            InputError: There is none, or more than one.
        """
        rows = self.list()
        if name == "last" and rows:
            return rows[0]
        found = [r for r in rows if name in (r.session_id, r.title)]
        found = found or [r for r in rows if name and r.session_id.startswith(name)]
        if len(found) != 1:
            have = ", ".join(f"{r.session_id} ({r.title or 'no question yet'})" for r in rows[:5]) or "none"
            problem = "several conversations match" if found else "no such conversation"
            raise InputError(f"{problem}; there are {have}", parameter="resume", value=name)
        return found[0]

    def rename(self, session_id: str, title: str) -> None:
        """Give a conversation a name.

        Raises:
            InputError: The name is empty.
            FileError: The file can't be opened.
            StoreError: The file is damaged or held by another process.
        """
        shown = " ".join(title.split())[:MAX_TITLE]
        if not shown:
            raise InputError("give the conversation a name", parameter="title", value=title)
        self._update(session_id, "title = ?", shown)

    def set_model(self, session_id: str, model: str) -> None:
        """Note who answers from now on.

        Raises:
            FileError: The file can't be opened.
            StoreError: The file is damaged or held by another process.
        """
        self._update(session_id, "model = ?", model)

    def touch(self, session_id: str, turns: int, question: str = "") -> None:
        """Note that a turn was told, and the first question as the title; keep only the last checkpoint.

        Raises:
            FileError: The file can't be opened.
            StoreError: The file is damaged or held by another process.
        """
        self._update(session_id, "used_at = ?, turns = ?", _now(), turns)
        title = " ".join(question.split())[:MAX_TITLE]
        with self.transaction() as connection:
            connection.execute("UPDATE sessions SET title = ? WHERE session_id = ? AND title = ''", (title, session_id))
            last = "(SELECT MAX(checkpoint_id) FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = '')"
            for table in ("checkpoints", "writes"):
                connection.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < {last}",
                    (session_id, session_id),
                )

    def delete(self, session_id: str) -> None:
        """Delete a conversation with all that it said. Plans stay in their folder.

        Raises:
            FileError: The file can't be opened.
            StoreError: The file is damaged or held by another process.
        """
        with _reported(self.path):
            self.saver.delete_thread(session_id)
        with self.transaction() as connection:
            for table in ("sessions", "evidence"):
                connection.execute(f"DELETE FROM {table} WHERE session_id = ?", (session_id,))
            connection.commit()
            with contextlib.suppress(sqlite3.OperationalError):  # another process holds the file: it shrinks later
                connection.execute("VACUUM")

    def _update(self, session_id: str, fields: str, *values: Any) -> None:
        with self.transaction() as connection:
            connection.execute(f"UPDATE sessions SET {fields} WHERE session_id = ?", (*values, session_id))


def config_of(session_id: str) -> dict[str, Any]:
    """Return the configuration under which LangGraph keeps a conversation."""
    return {"configurable": {"thread_id": session_id}}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextlib.contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Report errors of the file as ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "unable to open" in text:
            raise FileError(f"can't open {path}: {text}; give another file for conversations") from None
        hint = "another process holds it; wait for it" if "locked" in text else "move it away to begin anew"
        raise StoreError(f"conversations in {path}: {text}; {hint}") from None
