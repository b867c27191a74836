"""What the API, the pages and the MCP server share: the open cluster, conversations, and who works here."""

from __future__ import annotations

import threading
from functools import cached_property

from aurora.agents.operator.answer import Mode
from aurora.cluster.snapshot import Snapshot
from aurora.graphs.chat.opening import open_desk
from aurora.graphs.chat.sessions import Sessions
from aurora.graphs.chat.state import least_mode
from aurora.graphs.run_control import RunControl
from aurora.people import user
from aurora.tools.desk import Desk
from aurora.web.refusals import ForbiddenError, not_allowed
from aurora.web.settings import WebSettings
from aurora.web.turns import Turns


class WebContext:
    """What all rooms of the web desk share.

    Attributes:
        settings: The settings.
        desk: Open data, for look-ups that change nothing.
        sessions: Conversations.
        who: Name under which plans are approved, as the journal has it.
        previous: The snapshot before the last refresh; None: there was none.

    Args:
        settings: The settings.

    Raises:
        InputError: There is no such sample, or plans are to change a cluster that is not live.
        FileError: A file can't be read or made.
        DataError: A file is none of a snapshot, or of series.
        StoreError: The file of conversations can't be used.
    """

    def __init__(self, settings: WebSettings) -> None:
        self.settings = settings
        self.desk: Desk = open_desk(
            settings.snapshot, history=settings.history, plans=settings.plans, applies_live=settings.applies_live
        )
        self.sessions = Sessions(settings.sessions)
        self.who = user()
        self.previous: Snapshot | None = None
        self._reading = threading.Lock()
        self._is_closed = False

    @cached_property
    def turns(self) -> Turns:
        """Live conversations; those whose server was killed go on with the first use.

        Raises:
            ConflictError: Another server holds the same conversations.
        """
        return Turns(self)

    @cached_property
    def control(self) -> RunControl:
        """Starts, pauses and resumes runs of self-play, for pages and the API together."""
        return RunControl(self.settings.runs)

    def require(self, mode: Mode) -> None:
        """Refuse what the server does not allow.

        Args:
            mode: Least mode in which it is allowed.

        Raises:
            ForbiddenError: The server allows less.
        """
        if least_mode(mode, self.settings.mode) != mode:
            raise ForbiddenError(not_allowed(self.settings.mode))

    def refresh(self) -> Snapshot:
        """Read the cluster anew and return it; the one before is kept as `previous`.

        Raises:
            FileError: A file can't be read.
            DataError: The cluster can't be reached, or a file is none of a snapshot.
        """
        with self._reading:
            before = self.desk.cluster
            after = self.desk.refresh()
            self.previous = before
            return after

    def close(self) -> None:
        """Stop conversations in order, and close their file; once."""
        if self._is_closed:
            return
        self._is_closed = True
        if "turns" in self.__dict__:
            self.turns.close()
        self.sessions.close()
