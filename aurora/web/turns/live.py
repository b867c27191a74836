"""One live conversation: at most one turn at work, with its events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from aurora.errors import AuroraError
from aurora.graphs.chat.conversation import GLANCE, Conversation, Running
from aurora.graphs.chat.sessions import Sessions
from aurora.graphs.chat.streaming import DoneEvent, ErrorEvent, SentenceEvent, last_events, telling
from aurora.web.refusals import ConflictError
from aurora.web.turns.events import Cause, StartedEvent, TurnEvent
from aurora.web.turns.log import TurnLog, Watch, first_number

logger = logging.getLogger(__name__)

Start = Callable[..., Running]
"""Starts a turn; takes the arguments of `telling`."""


class Live:
    """A conversation that the server holds open.

    Args:
        talk: The conversation.
        watch: Receives each event of its turns.
    """

    def __init__(self, talk: Conversation, watch: Watch | None = None) -> None:
        self.talk = talk
        self._watch = watch
        self.log: TurnLog | None = None
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._is_busy = False
        self._is_unwanted = threading.Event()

    @property
    def is_busy(self) -> bool:
        """Whether a turn is at work or waits for its place."""
        return self._is_busy

    @property
    def is_acting(self) -> bool:
        """Whether what was approved is being carried out, which nobody stops."""
        running = self._running
        return running is not None and running.acting.is_set()

    def take(self) -> None:
        """Reserve the conversation for a turn.

        Raises:
            ConflictError: A turn is at work.
        """
        with self._lock:
            if self._is_busy:
                raise ConflictError(
                    "a turn of this conversation is at work; read its events, wait for its end, or stop it"
                )
            self._is_busy = True
            self._is_unwanted.clear()

    def release(self) -> None:
        """Give the reservation back, as nothing was begun."""
        with self._lock:
            self._is_busy = False

    def end(self, last: Sequence[TurnEvent]) -> None:
        """Tell the last events of a turn; whoever reads them may ask again at once."""
        assert self.log is not None  # `announce` came before
        with self._lock:
            self._is_busy = False
            self._running = None
            for event in last:
                self.log.put(event)
            self.log.close()

    def announce(self, cause: Cause, question: str) -> None:
        """Begin the events of a turn, or go on with those of the one that a decision continues."""
        log = self.log
        if cause == "decision" and log is not None:
            log.reopen()
        else:
            log = TurnLog(first_number(0 if log is None else log.last), self._watch)
        log.put(StartedEvent(cause=cause, question=question))
        self.log = log

    def run(self, start: Start, sessions: Sessions) -> list[TurnEvent]:
        """Run a turn to its end, a person's stop, or a failure; return what is left to tell of it.

        Args:
            start: Starts it.
            sessions: File that notes that it was told.
        """
        assert self.log is not None  # `announce` came before
        try:
            if self._is_unwanted.is_set():
                return [ErrorEvent(kind="Stopped", message="stopped before it began; nothing was looked up")]
            self._running = running = start(**telling(self.log.put))
            running.begin()
            while not running.ended.wait(GLANCE) and not running.stopped.is_set():
                if self._is_unwanted.is_set():
                    self.talk.leave(running)
            last = self._stopped() if running.stopped.is_set() else list(last_events(self.talk, running))
            told, first = running.told, running.first
            if not told:  # it was stopped, or failed
                turns = self.talk.turns
                told, first = len(turns), turns[0].question if turns else ""
            sessions.touch(self.talk.session_id, told, first)
        except AuroraError as error:
            return [ErrorEvent(kind=type(error).__name__, message=str(error))]
        except Exception as error:  # whoever waits for this turn must learn that it failed
            logger.exception("a turn of %s failed", self.talk.session_id)
            text = f"the turn failed ({type(error).__name__}); the server's log has more. Ask again, or otherwise"
            return [ErrorEvent(kind=type(error).__name__, message=text)]
        return list(last)

    def _stopped(self) -> list[TurnEvent]:
        answer = self.talk.stop()
        return [SentenceEvent(sentence=answer.sentences[-1]), DoneEvent(answer=answer)]

    def stop(self) -> None:
        """Have the turn stopped; what was approved is carried out and told all the same."""
        self._is_unwanted.set()
