"""Turns of all conversations of a server: started, read, stopped, resumed after a kill."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from aurora.agents.models.budget import Spent
from aurora.agents.operator.answer import Mode
from aurora.errors import InputError
from aurora.files import locked
from aurora.graphs.chat.approval import decision_of
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.graph import chat_graph
from aurora.graphs.chat.sessions import SessionRow
from aurora.graphs.chat.state import least_mode, question_of
from aurora.web.refusals import AbsentError, BusyError, ConflictError, ForbiddenError, TooLargeError, not_allowed
from aurora.web.turns.events import Cause, TurnEvent
from aurora.web.turns.live import Live, Start
from aurora.web.turns.log import TurnLog, Watch
from aurora.web.turns.opening import Opening, Room
from aurora.web.turns.register import Register, TurnAtWork

AT_ONCE = 32
"""Most turns that run at once; more wait for their place."""
MOST_WAITING = 512
"""Most turns that wait; more are refused."""
MOST_OPEN = 256
"""Conversations that stay open in memory; of more, those at rest are closed, the one used longest ago first."""
MOST_SESSIONS = 10_000
"""Most conversations of an owner."""
MAX_QUESTION = 10_000
"""Most characters of a question."""
PATIENCE = 20.0
"""Seconds for which turns may go on at the end of the server; they are resumed with the next one."""


class Turns:
    """The live conversations of a server.

    A turn runs in a thread, whether anybody reads or not. Its events are kept until the next turn of the conversation.
    A turn whose process was killed goes on as soon as there are `Turns` again.

    Args:
        room: The server; see `aurora.web.context.WebContext`.
        at_once: Most turns that run at once.
        waiting: Most turns that wait.

    Attributes:
        watch: Returns what receives the events of a conversation; None: nothing does.

    Raises:
        ConflictError: Another server holds the same conversations.
        FileError: The file of conversations can't be opened.
        StoreError: It is damaged or held by another process.
    """

    def __init__(self, room: Room, *, at_once: int = AT_ONCE, waiting: int = MOST_WAITING) -> None:
        self.watch: Callable[[], Watch] | None = None
        self._room = room
        self._sessions = room.sessions
        self._opening = Opening(room)
        self._graph = chat_graph(checkpointer=room.sessions.saver)
        self._lives: OrderedDict[str, Live] = OrderedDict()
        self._lock = threading.RLock()
        self._places = threading.Semaphore(at_once)
        self._most = at_once + waiting
        self._threads: dict[str, threading.Thread] = {}
        self._is_over = False
        self._is_closed = False
        self._held = ExitStack()
        lock = room.sessions.path.with_name(f"{room.sessions.path.name}.server.lock")
        busy = "serves these conversations already; give another file of conversations, or end it"
        self._held.enter_context(locked(lock, busy=busy, error=ConflictError))
        self._register = Register(room.sessions)
        for turn in self._register.at_work():
            self._resume(turn)

    # Conversations

    def new(self, *, owner: str = "") -> SessionRow:
        """Begin a conversation.

        Args:
            owner: Whose it is; "": whoever works at this machine.

        Raises:
            BusyError: The owner has as many as may be.
            FileError: The file of conversations can't be opened.
            StoreError: It is damaged or held by another process.
        """
        if self._register.owned(owner) >= MOST_SESSIONS:
            raise BusyError(f"there are {MOST_SESSIONS:,} conversations; delete some first", retry_after=3600)
        settings = self._room.settings
        row = self._sessions.new(settings.snapshot, history=str(settings.history or ""), model=settings.model)
        self._register.claim(row.session_id, owner)
        return row

    def list(self, *, owner: str = "") -> tuple[SessionRow, ...]:
        """Return the conversations of an owner, the one used last first.

        Raises:
            FileError: The file of conversations can't be opened.
            StoreError: It is damaged or held by another process.
        """
        return self._register.of_owner(owner)

    def row(self, session_id: str, *, owner: str | None = None) -> SessionRow:
        """Return a conversation by its whole id.

        Args:
            session_id: The id.
            owner: Whose it must be; None: anybody's.

        Raises:
            AbsentError: There is none, or it belongs to someone else.
            FileError: The file of conversations can't be opened.
            StoreError: It is damaged or held by another process.
        """
        found = self._register.find(session_id, owner)
        if found is None:
            raise AbsentError(f"there is no conversation {session_id[:40]!r}; list them, or begin a new one")
        return found

    def delete(self, session_id: str) -> None:
        """Delete a conversation; a turn of it is stopped. Plans stay in their folder.

        Raises:
            AbsentError: There is no such conversation.
            ConflictError: It carries out what was approved.
            FileError: The file of conversations can't be opened.
            StoreError: It is damaged or held by another process.
        """
        self.row(session_id)
        with self._lock:
            live = self._lives.get(session_id)
            thread = self._threads.get(session_id)
        if live is not None and live.is_busy:
            if live.is_acting:
                raise ConflictError("it carries out what was approved; delete it when that has ended")
            live.stop()
            if thread is not None:
                thread.join(PATIENCE)
        with self._lock:
            self._lives.pop(session_id, None)
        self._sessions.delete(session_id)
        self._register.forget(session_id)

    def conversation(self, session_id: str) -> Conversation:
        """Return the conversation itself.

        Raises:
            AbsentError: There is no such conversation.
            InputError: It is about a sample that there is no more.
            FileError: A file that it is about can't be read.
            DataError: A file is none of a snapshot, or of series.
            StoreError: The file of conversations is damaged or held by another process.
        """
        return self._live(session_id).talk

    def mode(self, session_id: str) -> Mode:
        """Return what a conversation may do, or a new one will.

        Raises:
            AbsentError: There is no such conversation.
            InputError: It is about a sample that there is no more.
            FileError: A file that it is about can't be read.
            DataError: A file is none of a snapshot, or of series.
            StoreError: The file of conversations is damaged or held by another process.
        """
        state = self._live(session_id).talk.state
        settings = self._room.settings
        return least_mode(state.get("mode") or settings.first_mode, settings.mode)

    def is_busy(self, session_id: str) -> bool:
        """Return whether a turn of a conversation is at work or waits for its place."""
        with self._lock:
            live = self._lives.get(session_id)
        return live is not None and live.is_busy

    @property
    def at_work(self) -> int:
        """Turns that are at work or wait for their place."""
        with self._lock:
            return len(self._threads)

    def spent(self) -> Mapping[str, tuple[Spent, bool]]:
        """Return what each model has used since the start, and whether its price is known."""
        return self._opening.spent()

    # Turns

    def start(self, session_id: str, question: str, *, mode: Mode | None = None) -> None:
        """Ask a question; the turn runs on, whether anybody reads its events or not.

        Args:
            session_id: The conversation.
            question: The question.
            mode: What the conversation may do from now on; None: as before, or as the server says for a new one.

        Raises:
            AbsentError: There is no such conversation.
            InputError: The question is empty, or the conversation is about a sample that there is no more.
            ForbiddenError: The server does not allow the mode.
            TooLargeError: The question is too long.
            ConflictError: A turn of the conversation is at work.
            BusyError: As many turns wait as may.
            FileError: A file that the conversation is about can't be read.
            DataError: A file is none of a snapshot, or of series.
            StoreError: The file of conversations is damaged or held by another process.
        """
        if not question.strip():
            raise InputError("the question is empty", parameter="question")
        if len(question) > MAX_QUESTION:
            raise TooLargeError(f"a question has at most {MAX_QUESTION:,} characters", parameter="question")
        live = self._live(session_id)
        if mode is not None and least_mode(mode, self._room.settings.mode) != mode:
            raise ForbiddenError(not_allowed(self._room.settings.mode), parameter="mode", value=mode)
        self._begin(live, "question", question, mode, partial(live.talk.start, question))

    def decide(self, session_id: str, decision: dict[str, Any]) -> None:
        """Answer the question to a person; the turn goes on.

        Args:
            session_id: The conversation.
            decision: Such as `{"type": "approve", "sha256": "..."}`, `{"type": "reject", "message": "..."}`, or an
                edit. The hash, where it is given, must be that of the plan that the person was asked about.

        Raises:
            AbsentError: There is no such conversation.
            InputError: It is no decision, or the conversation is about a sample that there is no more.
            ConflictError: Nothing waits for a decision, another plan does, or a turn is at work.
            BusyError: As many turns wait as may.
            FileError: A file that the conversation is about can't be read.
            DataError: A file is none of a snapshot, or of series.
            StoreError: The file of conversations is damaged or held by another process.
        """
        decision_of(decision)
        live = self._live(session_id)
        request = None if live.is_busy else live.talk.request
        if request is None:
            raise ConflictError("nothing waits for a decision in this conversation")
        asked = str(request["action_requests"][0]["args"]["sha256"])
        if decision.get("sha256", asked) != asked:
            raise ConflictError(f"another plan waits for a decision, with the hash {asked}; look at it, decide again")
        question = question_of(live.talk.state)
        self._begin(live, "decision", question, None, partial(live.talk.start_decision, decision))

    def go_on(self, session_id: str) -> None:
        """Go on with a turn that another process did not live to end.

        Raises:
            AbsentError: There is no such conversation.
            ConflictError: There is no such turn, or a turn is at work.
            BusyError: As many turns wait as may.
            InputError: The conversation is about a sample that there is no more.
            FileError: A file that the conversation is about can't be read.
            DataError: A file is none of a snapshot, or of series.
            StoreError: The file of conversations is damaged or held by another process.
        """
        live = self._live(session_id)
        question = "" if live.is_busy else live.talk.unfinished
        if not question:
            raise ConflictError("no turn of this conversation was interrupted")
        self._begin(live, "resumed", question, None, live.talk.start_again)

    def stop(self, session_id: str) -> None:
        """Stop the turn at work, if there is one; what was approved is carried out and told all the same.

        Raises:
            AbsentError: There is no such conversation.
            FileError: The file of conversations can't be opened.
            StoreError: It is damaged or held by another process.
        """
        self.row(session_id)
        with self._lock:
            live = self._lives.get(session_id)
        if live is not None and live.is_busy:
            live.stop()

    def log(self, session_id: str) -> TurnLog | None:
        """Return the events of the last turn; None: the server has run none of this conversation.

        Raises:
            AbsentError: There is no such conversation.
            FileError: The file of conversations can't be opened.
            StoreError: It is damaged or held by another process.
        """
        self.row(session_id)
        with self._lock:
            live = self._lives.get(session_id)
        return None if live is None else live.log

    def events(self, session_id: str, after: int = 0) -> Iterator[tuple[int, TurnEvent]]:
        """Yield the events of the last turn with their numbers: what came, then what comes, until it ends or waits.

        Numbers grow from turn to turn, and from one process to the next.

        Args:
            session_id: The conversation.
            after: Number of the last event that the reader has; 0: all are wanted.

        Raises:
            AbsentError: There is no such conversation.
            FileError: The file of conversations can't be opened.
            StoreError: It is damaged or held by another process.
        """
        log = self.log(session_id)
        if log is not None:
            yield from log.read(after)

    def close(self, patience: float = PATIENCE) -> None:
        """Take no more turns, and wait for those at work; what has not ended then goes on with the next server.

        Args:
            patience: Seconds to wait; what was approved is carried out in any case.
        """
        with self._lock:
            self._is_over = True
            threads = dict(self._threads)
            lives = dict(self._lives)
        deadline = time.monotonic() + patience
        for session_id, thread in threads.items():
            thread.join(max(0.0, deadline - time.monotonic()))
            if lives[session_id].is_acting:
                thread.join()
        self._is_closed = True
        for live in lives.values():
            if live.log is not None:
                live.log.close()
        self._held.close()

    def _live(self, session_id: str) -> Live:
        with self._lock:
            live = self._lives.get(session_id)
            if live is not None:
                self._lives.move_to_end(session_id)
                return live
        row = self.row(session_id)
        talk = Conversation(self._opening.surroundings(row), session_id, self._graph)
        with self._lock:
            live = self._lives.setdefault(session_id, Live(talk, None if self.watch is None else self.watch()))
            self._let_go()
            return live

    def _let_go(self) -> None:
        """Close conversations at rest, so that memory stays as it is."""
        for session_id in list(self._lives)[: max(0, len(self._lives) - MOST_OPEN)]:
            live = self._lives[session_id]
            if not live.is_busy and (live.log is None or not live.log.readers):
                del self._lives[session_id]

    def _begin(self, live: Live, cause: Cause, question: str, mode: Mode | None, start: Start) -> None:
        session_id = live.talk.session_id
        live.take()
        try:
            with self._lock:
                if self._is_over:
                    raise BusyError("the server is about to end; ask again when it is back")
                if len(self._threads) >= self._most:
                    raise BusyError(f"{len(self._threads)} turns are at work or wait; ask again later")
                asked = question if cause == "question" else ""
                state = live.talk.state
                if cause == "question":
                    mode = self._room.settings.first_mode if mode is None and not state else mode
                    start = partial(start, mode=mode, state=state)
                self._register.begin(TurnAtWork(session_id, asked, mode, messages_in(state)))
                if cause == "question" and not state:
                    self._sessions.touch(session_id, 0, question)  # so that the list names it at once
                live.announce(cause, question)
                work = partial(contextvars.copy_context().run, self._work, live, start)
                thread = threading.Thread(target=work, name=f"turn {session_id}", daemon=True)
                self._threads[session_id] = thread
        except BaseException:
            live.release()
            raise
        thread.start()

    def _work(self, live: Live, start: Start) -> None:
        session_id = live.talk.session_id
        last: list[TurnEvent] = []
        try:
            with self._places:
                last = live.run(start, self._sessions)
            if not self._is_closed:  # else the next server goes on with it
                self._register.end(session_id)
        finally:
            with self._lock:
                self._threads.pop(session_id, None)
            live.end(last)

    def _resume(self, turn: TurnAtWork) -> None:
        """Go on with a turn that was at work when the server was killed."""
        try:
            live = self._live(turn.session_id)
        except AbsentError:  # it was deleted
            self._register.forget(turn.session_id)
            return
        talk = live.talk
        unfinished = talk.unfinished
        if unfinished:
            self._begin(live, "resumed", unfinished, None, talk.start_again)
        elif turn.question and messages_in(talk.state) == turn.messages:
            self._begin(live, "question", turn.question, turn.mode, partial(talk.start, turn.question))
        else:
            self._register.end(turn.session_id)


def messages_in(state: Any) -> int:
    """Return how many messages a conversation has.

    Args:
        state: Its state.
    """
    return len(state.get("messages") or [])
