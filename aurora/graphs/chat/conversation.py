"""A conversation as a program holds it: ask, decide, go on after a kill; the graph and its checkpointer are inside."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Command

from aurora.agents.operator.answer import Answer, Mode, Sentence, Turn
from aurora.graphs.chat.graph import GRAPH, chat_graph
from aurora.graphs.chat.sessions import config_of
from aurora.graphs.chat.state import evidence_of, mode_of, question_of, turns_of
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.harness import Evidence

Watch = Callable[[Evidence], None]
Begin = Callable[[int, str, Any], None]
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
    """

    answer: Answer | None
    request: dict[str, Any] | None = None


def _unwatched(*event: Any) -> None:
    del event


class _Stopped(Exception):  # noqa: N818  # no error: a person's wish
    """Ends the thread of a turn that a person stopped."""


class Conversation:
    """A conversation.

    A turn runs in a thread of its own, so that a person can stop it while a model or a tool is still at work. What that
    returns later is dropped.

    Args:
        surroundings: What it is held in.
        session_id: Its id; one that the checkpointer knows goes on.
        checkpointer: Keeps its state.
    """

    def __init__(self, surroundings: Surroundings, session_id: str, checkpointer: BaseCheckpointSaver[Any]) -> None:
        self.surroundings = surroundings
        self.session_id = session_id
        self._checkpointer = checkpointer
        self._config = config_of(session_id)
        self._graph = chat_graph(surroundings, checkpointer)
        self._left: list[threading.Event] = []  # ends of stopped turns; joining their threads would break on Ctrl-C

    @property
    def is_at_work(self) -> bool:
        """Whether the thread of a stopped turn still waits for a model or a tool."""
        return not all(ended.is_set() for ended in self._left)

    def replace(self, surroundings: Surroundings) -> None:
        """Go on in other surroundings, such as with another model."""
        self.surroundings = surroundings
        self._graph = chat_graph(surroundings, self._checkpointer)

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
        self, question: str, *, mode: Mode | None = None, watch: Watch = _unwatched, begin: Begin = _unwatched
    ) -> Step:
        """Ask a question. A plan that waits for approval is let go, and said to be so.

        Args:
            question: The question.
            mode: What the conversation may do from now on; None: as before.
            watch: Receives each tool call when it has its result.
            begin: Receives number, tool and arguments of each tool call before it runs.
        """
        given: dict[str, Any] = {"messages": [HumanMessage(question)]}
        if mode is not None:
            given["mode"] = mode
        return self._run(given, watch, begin)

    def decide(self, decision: dict[str, Any], *, watch: Watch = _unwatched, begin: Begin = _unwatched) -> Step:
        """Answer the question to a person.

        Args:
            decision: Such as `{"type": "approve"}`, `{"type": "reject", "message": "..."}`, or an edit.
            watch: See `ask`.
            begin: Likewise.
        """
        return self._run(Command(resume={"decisions": [decision]}), watch, begin)

    def go_on(self, *, watch: Watch = _unwatched, begin: Begin = _unwatched) -> Step:
        """Go on with a turn that its process did not live to end."""
        return self._run(None, watch, begin)

    def stop(self) -> None:
        """End a turn that a person stopped; what it looked up is kept as far as its step was ended."""
        state = self.state
        answer = Answer(
            question=question_of(state), by=GRAPH, sentences=(Sentence(text="Stopped; nothing was changed."),)
        )
        turn = Turn(question=answer.question, answer=answer).model_dump(mode="json")
        told = AIMessage(answer.text, name="operator")
        update = {"messages": [told], "turns": [turn], "answer": None, "approved": ""}
        self._graph.update_state(self._config, update, as_node="tell")

    def _run(self, given: Any, watch: Watch, begin: Begin = _unwatched) -> Step:
        before = len(self.turns)
        stopped, acting, ended = threading.Event(), threading.Event(), threading.Event()
        failures = list[BaseException]()

        def around(name: str, step: Callable[[], Any]) -> Any:
            if name in WHOLE:
                acting.set()
            elif stopped.is_set():
                raise _Stopped
            result = step()
            if stopped.is_set() and name not in WHOLE:
                raise _Stopped
            return result

        def run() -> None:
            graph = chat_graph(self.surroundings, self._checkpointer, around=around)
            modes = ["custom", "updates"]
            try:
                for kind, chunk in graph.stream(given, self._config, stream_mode=modes, durability="sync"):
                    if kind != "custom" or stopped.is_set():
                        continue
                    if "begun" in chunk:
                        begin(*chunk["begun"])
                    elif "evidence" in chunk:
                        watch(Evidence(**chunk["evidence"]))
            except BaseException as error:  # it is raised again where the turn was asked for
                failures.append(error)
            finally:
                ended.set()

        thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
        self._wait(thread, stopped, acting, ended)
        if failures:
            raise failures[0]
        request = self.request
        turns = self.turns
        return Step(turns[-1].answer if request is None and len(turns) > before else None, request)

    def _wait(
        self, thread: threading.Thread, stopped: threading.Event, acting: threading.Event, ended: threading.Event
    ) -> None:
        """Wait for a turn; a person's Ctrl-C stops it, unless it carries out what was approved."""
        while True:
            try:
                if thread.ident is None:
                    thread.start()
                while not ended.wait(GLANCE):
                    pass
                return
            except KeyboardInterrupt:
                if acting.is_set():
                    continue
                stopped.set()
                self._left = [*(e for e in self._left if not e.is_set()), ended]
                raise
