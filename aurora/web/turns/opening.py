"""Opens what a conversation of the server is held in: the server's own cluster, or the one that it began with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from aurora.agents.models.budget import Spent
from aurora.agents.operator.answer import Answer, Audience, Mode, Operator, Turn
from aurora.graphs.chat.opening import open_desk, open_operator
from aurora.graphs.chat.sessions import SessionRow, Sessions
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.web.settings import WebSettings

MAX_DESKS = 4
"""Most other clusters that are kept open."""


class Room(Protocol):
    """What conversations need of the server; see `aurora.web.context.WebContext`."""

    settings: WebSettings
    desk: Desk
    sessions: Sessions
    who: str


class OpensLate:
    """An operator that is opened with its first question, so that a conversation is read without it.

    Args:
        name: `PROVIDER:MODEL`, or `rules`.
        opener: Opens it.
    """

    def __init__(self, name: str, opener: Callable[[], Operator]) -> None:
        self.name = name
        self._open = opener

    def answer(
        self,
        question: str,
        harness: Harness,
        history: tuple[Turn, ...],
        mode: Mode,
        audience: Audience | None = None,
    ) -> Answer:
        """See `aurora.agents.operator.answer.Operator`.

        Raises:
            ModelError: The operator can't be opened, or its provider failed.
        """
        return self._open().answer(question, harness, history, mode, audience)


class Opening:
    """Opens surroundings of conversations; clusters and models are shared by those that have the same.

    Args:
        room: The server.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._desks: dict[tuple[str, str], Desk] = {}
        self._operators: dict[str, Operator] = {}
        self._lock = threading.Lock()

    def surroundings(self, row: SessionRow) -> Surroundings:
        """Return what a conversation is held in.

        Raises:
            InputError: There is no such sample.
            FileError: A file can't be read.
            DataError: A file is none of a snapshot, or of series.
        """
        return Surroundings(
            self._desk(row).copy(),
            OpensLate(row.model or "rules", lambda: self._operator(row.model)),
            who=self._room.who,
            archive=self._room.sessions.archive(row.session_id),
            most=self._room.settings.mode,
        )

    def _desk(self, row: SessionRow) -> Desk:
        settings = self._room.settings
        key = (row.snapshot, row.history)
        if key == (settings.snapshot, str(settings.history or "")):
            return self._room.desk
        with self._lock:
            if key not in self._desks:
                if len(self._desks) >= MAX_DESKS:
                    self._desks.pop(next(iter(self._desks)))
                history = Path(row.history) if row.history else None
                self._desks[key] = open_desk(row.snapshot, history=history, plans=settings.plans)
            return self._desks[key]

    def _operator(self, model: str) -> Operator:
        with self._lock:
            if model not in self._operators:
                self._operators[model] = open_operator(model)
            return self._operators[model]

    def spent(self) -> Mapping[str, tuple[Spent, bool]]:
        """Return what each model has used since the start, and whether its price is known."""
        with self._lock:
            operators = dict(self._operators)
        models = {name: getattr(operator, "model", None) for name, operator in operators.items()}
        return {name: (m.purse.spent, m.price is not None) for name, m in models.items() if m is not None}
