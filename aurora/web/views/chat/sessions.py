"""The list of conversations as it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aurora.graphs.chat.sessions import SessionRow

UNTITLED = "New conversation"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class SessionShown:
    """A conversation in the list.

    Attributes:
        session_id: Its id.
        title: Its name, or that it is new.
        detail: Turns, who answers, and when it was last used.
        path: Path of its page.
    """

    session_id: str
    title: str
    detail: str
    path: str


def sessions_shown(rows: Sequence[SessionRow], search: str = "", *, at: datetime | None = None) -> list[SessionShown]:
    """Return the conversations that match a search, the one used last first.

    Args:
        rows: The conversations.
        search: Words that name, snapshot or id must have; "": all.
        at: Time now; None: the clock's.
    """
    now = at or datetime.now(UTC)
    words = search.casefold().split()
    return [_shown(r, now) for r in rows if all(w in _searched(r) for w in words)]


def _searched(row: SessionRow) -> str:
    return f"{row.title or UNTITLED} {row.snapshot} {row.session_id} {row.model or 'rules'}".casefold()


def _shown(row: SessionRow, now: datetime) -> SessionShown:
    turns = "1 turn" if row.turns == 1 else f"{row.turns} turns"
    by = row.model or "rules"
    return SessionShown(
        session_id=row.session_id,
        title=row.title or UNTITLED,
        detail=f"{turns} · {by} · {ago(now, datetime.fromisoformat(row.used_at))}",
        path=f"/chat/{row.session_id}",
    )


def ago(now: datetime, then: datetime) -> str:
    """Return how long ago a time was, as it is shown.

    >>> ago(datetime(2026, 1, 2, 12, tzinfo=UTC), datetime(2026, 1, 2, 9, tzinfo=UTC))
    '3 h ago'
    """
    seconds = max(0.0, (now - then).total_seconds())
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    return f"{then:%Y-%m-%d}"
