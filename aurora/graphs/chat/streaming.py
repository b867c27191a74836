"""A turn of a conversation as typed events, such as a page in a browser shows while they come.

`lookup`s and `sentence`s come as they happen; the last event is `done`, `approval` or `error`. Whoever stops reading
stops the turn, unless it carries out what was approved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, Literal

from pydantic import Field

from aurora.agents.operator.answer import Answer, Mode, Sentence
from aurora.errors import AuroraError
from aurora.graphs.chat.conversation import GLANCE, Conversation, Running
from aurora.tools.harness import Evidence, EvidenceOutcome
from aurora.types import Frozen


class SentenceEvent(Frozen):
    """A sentence is complete and was checked."""

    type: Literal["sentence"] = "sentence"
    sentence: Sentence = Field(description="the sentence; `struck` says why it does not hold, empty if it does")


class LookupEvent(Frozen):
    """A tool is called, or has its result."""

    type: Literal["lookup"] = "lookup"
    id: str = Field(description="number of the call, such as E3")
    tool: str = Field(description="the tool")
    arguments: Any = Field(description="its arguments as called")
    outcome: EvidenceOutcome | Literal["running"] = Field(description="kind of result; running: there is none yet")
    seconds: float = Field(default=0.0, description="run time")


class ApprovalEvent(Frozen):
    """A person is asked; the turn goes on with their decision."""

    type: Literal["approval"] = "approval"
    request: dict[str, Any] = Field(description="question in the form of LangChain's human in the loop")


class DoneEvent(Frozen):
    """The turn has ended."""

    type: Literal["done"] = "done"
    answer: Answer = Field(description="the whole answer, with the sentences that came before")


class ErrorEvent(Frozen):
    """The turn failed."""

    type: Literal["error"] = "error"
    kind: str = Field(description="class of the error")
    message: str = Field(description="what happened, and what to do")


ChatEvent = SentenceEvent | LookupEvent | ApprovalEvent | DoneEvent | ErrorEvent


def ask_events(talk: Conversation, question: str, *, mode: Mode | None = None) -> Iterator[ChatEvent]:
    """Ask a question, and yield what comes of it.

    Closing the iterator stops the turn: what was shown stays in the conversation, marked as stopped.

    Args:
        talk: The conversation.
        question: The question.
        mode: What the conversation may do from now on; None: as before.
    """
    yield from _events(talk, lambda **told: talk.start(question, mode=mode, **told))


def decide_events(talk: Conversation, decision: dict[str, Any]) -> Iterator[ChatEvent]:
    """Answer the question to a person, and yield what comes of it.

    Args:
        talk: The conversation.
        decision: Such as `{"type": "approve"}`, `{"type": "reject", "message": "..."}`, or an edit.
    """
    yield from _events(talk, lambda **told: talk.start_decision(decision, **told))


def telling(put: Callable[[ChatEvent], None]) -> dict[str, Callable[..., None]]:
    """Return the arguments of `Conversation.start` and its like that tell what happens in a turn as events.

    Args:
        put: Receives each event, in the thread of the turn.
    """
    return {
        "begin": lambda number, tool, arguments: put(_begun(number, tool, arguments)),
        "watch": lambda evidence: put(_looked_up(evidence)),
        "show": lambda sentence: put(SentenceEvent(sentence=sentence)),
    }


def last_events(talk: Conversation, running: Running) -> Iterator[ChatEvent]:
    """Yield what is left to tell of a turn that has ended; the last one is `done`, `approval` or `error`.

    Args:
        talk: The conversation.
        running: The turn.
    """
    try:
        step = talk.finish(running)
    except AuroraError as error:
        yield ErrorEvent(kind=type(error).__name__, message=str(error))
        return
    if step.answer is None:
        yield ApprovalEvent(request=step.request or {})
        return
    for sentence in step.answer.sentences:
        if sentence not in step.shown:
            yield SentenceEvent(sentence=sentence)
    yield DoneEvent(answer=step.answer)


def _events(talk: Conversation, start: Callable[..., Running]) -> Iterator[ChatEvent]:
    events: SimpleQueue[ChatEvent] = SimpleQueue()
    running = start(**telling(events.put))
    running.begin()
    try:
        while not running.ended.is_set():
            try:
                yield events.get(timeout=GLANCE)
            except Empty:
                continue
    finally:
        talk.leave(running)
        if running.stopped.is_set():
            talk.stop()
    while not events.empty():
        yield events.get()
    yield from last_events(talk, running)


def _begun(number: int, tool: str, arguments: Any) -> LookupEvent:
    return LookupEvent(id=f"E{number}", tool=tool, arguments=arguments, outcome="running")


def _looked_up(evidence: Evidence) -> LookupEvent:
    return LookupEvent(
        id=f"E{evidence.number}",
        tool=evidence.tool,
        arguments=evidence.arguments,
        outcome=evidence.outcome,
        seconds=evidence.seconds,
    )
