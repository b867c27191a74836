"""A conversation as a program holds it: ask, decide, go on after a kill; the graph and its checkpointer are inside."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.pregel import Pregel
from langgraph.types import Command

from aurora.agents.operator.answer import Answer, Mode, Sentence, Turn
from aurora.graphs.chat.graph import GRAPH, Held, chat_graph
from aurora.graphs.chat.sessions import config_of
from aurora.graphs.chat.state import evidence_of, mode_of, question_of, turns_of
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.harness import Evidence

Watch = Callable[[Evidence], None]
Begin = Callable[[int, str, Any], None]
Show = Callable[[Sentence], None]
GLANCE = 0.1
"""Seconds between looks at whether a turn has ended, in which a person may stop it."""
WHOLE = ("act", "tell")
"""Steps that are never stopped: what was approved is carried out and told."""


@dataclass(frozen=True, slots=True)
class Step:
    """What has come of a question or a decision.

    Attributes:
        answer: The answer that was told; None while a person is asked.
        request: Question to a person, in the form of LangChain's human in the loop; None: there is none.
        shown: Sentences of the answer that were shown while it was written.
    """

    answer: Answer | None
    request: dict[str, Any] | None = None
    shown: tuple[Sentence, ...] = ()


def _unwatched(*event: Any) -> None:
    del event


class _Stopped(Exception):  # noqa: N818  # no error: a person's wish
    """Ends the thread of a turn that a person stopped."""


@dataclass
class Running:
    """A turn at work in a thread of its own.

    Attributes:
        before: Turns that were told before it.
        told: Turns that were told in all, once it was finished.
        first: First question of the conversation, likewise.
        thread: The thread.
        stopped: Set once a person has stopped it.
        acting: Set once it carries out what was approved, which nobody stops.
        ended: Set once it has ended.
        failures: What ended it.
        telling: Held while something is shown.
    """

    before: int
    told: int = 0
    first: str = ""
    thread: threading.Thread | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    acting: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)
    telling: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """Start the thread, once."""
        if self.thread is not None and self.thread.ident is None:
            self.thread.start()


class Conversation:
    """A conversation.

    A turn runs in a thread of its own, so that a person can stop it while a model or a tool is still at work. What that
    returns later is dropped.

    Args:
        surroundings: What it is held in.
        session_id: Its id; one that the checkpointer knows goes on.
        kept: Keeps its state: a checkpointer, or a graph of `chat_graph` with one, which many conversations share.
    """

    def __init__(
        self, surroundings: Surroundings, session_id: str, kept: BaseCheckpointSaver[Any] | Pregel[Any, Any, Any, Any]
    ) -> None:
        self.surroundings = surroundings
        self.session_id = session_id
        self._config = config_of(session_id)
        self._graph: Any = kept if isinstance(kept, Pregel) else chat_graph(checkpointer=kept)
        self._left: list[threading.Event] = []  # ends of stopped turns; joining their threads would break on Ctrl-C
        self._shown: list[Sentence] = []
        self._seen: list[Evidence] = []

    @property
    def is_at_work(self) -> bool:
        """Whether the thread of a stopped turn still waits for a model or a tool."""
        return not all(ended.is_set() for ended in self._left)

    def replace(self, surroundings: Surroundings) -> None:
        """Go on in other surroundings, such as with another model."""
        self.surroundings = surroundings

    @property
    def state(self) -> Any:
        """State of the graph; see `aurora.graphs.chat.state.ChatState`."""
        return self._graph.get_state(self._config).values

    @property
    def mode(self) -> Mode:
        """What the conversation may do."""
        return mode_of(self.state)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Turns that were told."""
        return turns_of(self.state)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Tool calls with their results, those of the archive included."""
        carried = evidence_of(self.state)
        archive = self.surroundings.archive
        first = carried[0].number if carried else 0
        return (*(e for e in (archive.all() if archive else []) if e.number < first), *carried)

    @property
    def draft(self) -> Answer | None:
        """Answer as far as it is, of a turn that waits for a person or was not ended; None: there is none."""
        found = self.state.get("answer")
        return None if found is None else Answer.model_validate(found)

    @property
    def request(self) -> dict[str, Any] | None:
        """Question to a person that waits for a decision; None: there is none."""
        interrupts = self._graph.get_state(self._config).interrupts
        return interrupts[0].value if interrupts else None

    @property
    def unfinished(self) -> str:
        """Question of a turn that its process did not live to end; "" if there is none."""
        snapshot = self._graph.get_state(self._config)
        return question_of(snapshot.values) if snapshot.next and not snapshot.interrupts else ""

    def ask(
        self,
        question: str,
        *,
        mode: Mode | None = None,
        watch: Watch = _unwatched,
        begin: Begin = _unwatched,
        show: Show | None = None,
    ) -> Step:
        """Ask a question. A plan that waits for approval is let go, and said to be so.

        Args:
            question: The question.
            mode: What the conversation may do from now on; None: as before.
            watch: Receives each tool call when it has its result.
            begin: Receives number, tool and arguments of each tool call before it runs.
            show: Receives each sentence of the answer when it is complete and checked; None: the answer comes at once.
        """
        self._forget()
        return self._run(_given(question, mode), watch, begin, show)

    def decide(
        self,
        decision: dict[str, Any],
        *,
        watch: Watch = _unwatched,
        begin: Begin = _unwatched,
        show: Show | None = None,
    ) -> Step:
        """Answer the question to a person.

        Args:
            decision: Such as `{"type": "approve"}`, `{"type": "reject", "message": "..."}`, or an edit.
            watch: See `ask`.
            begin: Likewise.
            show: Likewise.
        """
        return self._run(_decided(decision), watch, begin, show)

    def go_on(self, *, watch: Watch = _unwatched, begin: Begin = _unwatched, show: Show | None = None) -> Step:
        """Go on with a turn that its process did not live to end."""
        self._forget()
        return self._run(None, watch, begin, show)

    def start(
        self,
        question: str,
        *,
        mode: Mode | None = None,
        watch: Watch = _unwatched,
        begin: Begin = _unwatched,
        show: Show | None = None,
        state: Any = None,
    ) -> Running:
        """Ask a question, and return at once; see `ask`.

        Args:
            question: The question.
            mode: See `ask`.
            watch: Likewise.
            begin: Likewise.
            show: Likewise.
            state: State as it was just read; None: it is read.
        """
        self._forget()
        return self._start(_given(question, mode), watch, begin, show, state)

    def start_decision(
        self,
        decision: dict[str, Any],
        *,
        watch: Watch = _unwatched,
        begin: Begin = _unwatched,
        show: Show | None = None,
    ) -> Running:
        """Answer the question to a person, and return at once; see `decide`."""
        return self._start(_decided(decision), watch, begin, show)

    def start_again(self, *, watch: Watch = _unwatched, begin: Begin = _unwatched, show: Show | None = None) -> Running:
        """Go on with a turn that its process did not live to end, and return at once; see `go_on`."""
        self._forget()
        return self._start(None, watch, begin, show)

    def stop(self) -> Answer:
        """End a turn that a person stopped, and return its answer: the sentences that were shown, and that it stopped.

        What was looked up until then is kept with them.
        """
        state = self.state
        stopped = Sentence(text="Stopped; nothing was changed.")
        by = self.surroundings.operator.name if self._shown else GRAPH
        answer = Answer(question=question_of(state), by=by, sentences=(*self._shown, stopped))
        told = AIMessage(answer.text, name="operator")
        carried = evidence_of(state)
        known = {e.number for e in carried}
        evidence = sorted([*carried, *(e for e in self._seen if e.number not in known)], key=lambda e: e.number)
        until = evidence[-1].number if evidence else 0
        turn = Turn(question=answer.question, answer=answer, evidence_until=until).model_dump(mode="json")
        update = {"messages": [told], "turns": [turn], "answer": None, "approved": ""}
        if len(evidence) > len(carried):
            update["evidence"] = [e._asdict() for e in evidence]
        self._graph.update_state(self._config, update, as_node="tell")
        return answer

    def _forget(self) -> None:
        """Forget what was shown of the turn before."""
        self._shown, self._seen = [], []

    def _run(self, given: Any, watch: Watch = _unwatched, begin: Begin = _unwatched, show: Show | None = None) -> Step:
        return self._wait(self._start(given, watch, begin, show))

    def _start(self, given: Any, watch: Watch, begin: Begin, show: Show | None, state: Any = None) -> Running:
        running = Running(len((self.state if state is None else state).get("turns") or []))

        def around(name: str, step: Callable[[], Any]) -> Any:
            if name in WHOLE:
                running.acting.set()
            elif running.stopped.is_set():
                raise _Stopped
            result = step()
            if running.stopped.is_set() and name not in WHOLE:
                raise _Stopped
            return result

        def run() -> None:
            surroundings = self.surroundings
            if show is not None:
                surroundings = replace(surroundings, has_left=running.stopped.is_set)
            held = Held(surroundings, around)
            modes = ["custom", "updates"]
            stream = self._graph.stream
            try:
                for kind, chunk in stream(given, self._config, context=held, stream_mode=modes, durability="sync"):
                    with running.telling:
                        if kind != "custom" or running.stopped.is_set():
                            continue
                        if "begun" in chunk:
                            begin(*chunk["begun"])
                        elif "evidence" in chunk:
                            self._seen.append(Evidence(**chunk["evidence"]))
                            watch(self._seen[-1])
                        elif show is not None:
                            self._shown.append(Sentence(**chunk["sentence"]))
                            show(self._shown[-1])
            except BaseException as error:  # it is raised again where the turn was asked for
                running.failures.append(error)
            finally:
                running.ended.set()

        running.thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
        return running

    def leave(self, running: Running) -> None:
        """Stop a turn; what was approved is carried out and told all the same."""
        with running.telling:  # so that nothing is shown after this
            if running.ended.is_set() or running.acting.is_set():
                return
            running.stopped.set()
        self._left = [*(e for e in self._left if not e.is_set()), running.ended]

    def finish(self, running: Running) -> Step:
        """Return what came of a turn that has ended.

        Raises:
            Exception: What ended the turn.
        """
        if running.failures:
            raise running.failures[0]
        snapshot = self._graph.get_state(self._config)
        request = snapshot.interrupts[0].value if snapshot.interrupts else None
        turns = snapshot.values.get("turns") or []
        running.told, running.first = len(turns), turns[0]["question"] if turns else ""
        answer = Turn.model_validate(turns[-1]).answer if request is None and len(turns) > running.before else None
        return Step(answer, request, tuple(self._shown))

    def _wait(self, running: Running) -> Step:
        """Wait for a turn; a person's Ctrl-C stops it, unless it carries out what was approved."""
        while True:
            try:
                running.begin()
                while not running.ended.wait(GLANCE):
                    pass
                break
            except KeyboardInterrupt:
                self.leave(running)
                if running.stopped.is_set():
                    raise
        return self.finish(running)


def _given(question: str, mode: Mode | None) -> dict[str, Any]:
    given: dict[str, Any] = {"messages": [HumanMessage(question)]}
    return given if mode is None else {**given, "mode": mode}


def _decided(decision: dict[str, Any]) -> Command[Any]:
    return Command(resume={"decisions": [decision]})
