"""Conversations: begun, listed, asked, decided, stopped, deleted; turns as server-sent events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from aurora.agents.operator.answer import Turn
from aurora.graphs.chat.sessions import SessionRow
from aurora.web.api.answers import USUAL_PAGE, Cursor, Limit, OrjsonResponse, Page, page_of
from aurora.web.api.chat_types import (
    SHOWN_TURNS,
    Decision,
    LookUp,
    NewSession,
    Question,
    Rename,
    Session,
    SessionDetail,
    Started,
    Stopped,
)
from aurora.web.api.event_stream import MEDIA_TYPE, Readers
from aurora.web.api.owners import Owner
from aurora.web.context import WebContext
from aurora.web.refusals import AbsentError

LARGEST_NUMBER = 2**53 - 1
"""Largest number that JSON and JavaScript carry whole."""
EXAMPLE = (
    'id: 7\nevent: sentence\ndata: {"type":"sentence","sentence":'
    '{"text":"3 pods wait.","cites":["E1"],"struck":""}}\n\n'
)
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events of the turn: `started`, `lookup`, `sentence`, then `done`, `approval` or `error`. Each "
        "has a number, for `Last-Event-ID`.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": EXAMPLE}},
    }
}
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"description": "The turn runs; read its events at `events`.", "model": Started}
}
NOTHING: dict[int | str, dict[str, Any]] = {204: {"description": "There is nothing to read, and nothing will come."}}

SessionId = Annotated[str, Path(min_length=1, max_length=64, description="id of the conversation")]
EvidenceId = Annotated[str, Path(min_length=1, max_length=12, description="number of the call, such as E3")]
After = Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="number of the last event that the reader has")]
LastEventId = Annotated[str, Header(max_length=20, description="as `after`, sent by browsers; it counts before it")]
Accept = Annotated[str, Header(include_in_schema=False)]


def router(context: WebContext) -> APIRouter:  # one place for the routes of a noun
    """Return the routes of conversations.

    Args:
        context: What the server shares.
    """
    turns = context.turns
    readers = Readers()
    routes = APIRouter(prefix="/chat/sessions", tags=["chat"])

    def described(row: SessionRow) -> Session:
        return Session(**row._asdict(), is_busy=turns.is_busy(row.session_id))

    def last_event(session_id: str) -> int:
        log = turns.log(session_id)
        return 0 if log is None else log.last

    def begun(session_id: str, accept: str, after: int) -> Response:
        log = turns.log(session_id)
        if log is None or (MEDIA_TYPE not in accept and "application/json" in accept):
            started = Started(session_id=session_id, events=f"/api/chat/sessions/{session_id}/events")
            return OrjsonResponse(started.model_dump(), 202)
        return readers.response(log, after)

    @routes.post("", status_code=201, response_model=Session)
    def begin_session(owner: Owner, response: Response, given: NewSession | None = None) -> Session:
        """Begin a conversation about the server's cluster."""
        row = turns.new(owner=owner)
        if given is not None and given.title.strip():
            context.sessions.rename(row.session_id, given.title)
        response.headers["Location"] = f"/api/chat/sessions/{row.session_id}"
        return described(turns.row(row.session_id))

    @routes.get("", response_model=Page[Session])
    def list_sessions(owner: Owner, limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List your conversations, the one used last first."""
        page = page_of(turns.list(owner=owner), lambda r: r.session_id, limit, cursor)
        return {**page, "items": [described(r) for r in page["items"]]}

    @routes.get("/{session_id}", response_model=SessionDetail)
    def read_session(session_id: SessionId, owner: Owner) -> SessionDetail:
        """Read a conversation: its newest turns, and what waits for a person."""
        row = turns.row(session_id, owner=owner)
        talk = turns.conversation(session_id)
        is_busy = turns.is_busy(session_id)
        return SessionDetail(
            session=described(row),
            mode=turns.mode(session_id),
            turns=list(talk.turns[-SHOWN_TURNS:]),
            draft=talk.draft,
            approval=None if is_busy else talk.request,
            unfinished="" if is_busy else talk.unfinished,
        )

    @routes.patch("/{session_id}", response_model=Session)
    def rename_session(session_id: SessionId, owner: Owner, given: Rename) -> Session:
        """Give a conversation another name."""
        turns.row(session_id, owner=owner)
        context.sessions.rename(session_id, given.title)
        return described(turns.row(session_id))

    @routes.delete("/{session_id}", status_code=204)
    def delete_session(session_id: SessionId, owner: Owner) -> None:
        """Delete a conversation with all that it said; a turn of it is stopped. Plans stay."""
        turns.row(session_id, owner=owner)
        turns.delete(session_id)

    @routes.get("/{session_id}/turns", response_model=Page[Turn])
    def list_turns(session_id: SessionId, owner: Owner, limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List the turns of a conversation, oldest first."""
        turns.row(session_id, owner=owner)
        numbered = list(enumerate(turns.conversation(session_id).turns))
        page = page_of(numbered, lambda entry: str(entry[0]), limit, cursor)
        return {**page, "items": [turn for _, turn in page["items"]]}

    @routes.post("/{session_id}/turns", response_class=Response, responses={**EVENTS, **ACCEPTED})
    def ask(session_id: SessionId, owner: Owner, given: Question, accept: Accept = MEDIA_TYPE) -> Response:
        """Ask a question. The turn runs on when the reader leaves; a plan that waited for approval is let go."""
        turns.row(session_id, owner=owner)
        after = last_event(session_id)
        turns.start(session_id, given.question, mode=given.mode)
        return begun(session_id, accept, after)

    @routes.post("/{session_id}/decision", response_class=Response, responses={**EVENTS, **ACCEPTED})
    def decide(session_id: SessionId, owner: Owner, given: Decision, accept: Accept = MEDIA_TYPE) -> Response:
        """Decide about the plan that waits, by the hash that was shown. What is approved is carried out."""
        turns.row(session_id, owner=owner)
        after = last_event(session_id)
        turns.decide(session_id, given.as_resumption())
        return begun(session_id, accept, after)

    @routes.post("/{session_id}/resume", response_class=Response, responses={**EVENTS, **ACCEPTED})
    def resume(session_id: SessionId, owner: Owner, accept: Accept = MEDIA_TYPE) -> Response:
        """Go on with a turn that another process did not live to end."""
        turns.row(session_id, owner=owner)
        after = last_event(session_id)
        turns.go_on(session_id)
        return begun(session_id, accept, after)

    @routes.get("/{session_id}/events", response_class=Response, responses={**EVENTS, **NOTHING})
    def read_events(session_id: SessionId, owner: Owner, after: After = 0, last_event_id: LastEventId = "") -> Response:
        """Read the events of the last turn again, then those that come, until it ends or waits for a person."""
        turns.row(session_id, owner=owner)
        log = turns.log(session_id)
        if last_event_id.isascii() and last_event_id.isdigit():
            after = int(last_event_id)
        if log is None or (not log.is_open and after >= log.last):
            return Response(status_code=204)
        return readers.response(log, after)

    @routes.post("/{session_id}/stop", status_code=202, response_model=Stopped)
    def stop(session_id: SessionId, owner: Owner) -> Stopped:
        """Stop the turn at work, if there is one. What was approved is carried out all the same."""
        turns.row(session_id, owner=owner)
        turns.stop(session_id)
        return Stopped(is_busy=turns.is_busy(session_id))

    @routes.get("/{session_id}/evidence", response_model=Page[LookUp])
    def list_evidence(session_id: SessionId, owner: Owner, limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List what was looked up, oldest first."""
        turns.row(session_id, owner=owner)
        page = page_of(turns.conversation(session_id).evidence, lambda e: str(e.number), limit, cursor)
        return {**page, "items": [LookUp.of(e) for e in page["items"]]}

    @routes.get("/{session_id}/evidence/{evidence_id}", response_model=LookUp)
    def read_evidence(session_id: SessionId, owner: Owner, evidence_id: EvidenceId) -> LookUp:
        """Read what a sentence rests on."""
        turns.row(session_id, owner=owner)
        wanted = evidence_id.upper()
        found = next((e for e in turns.conversation(session_id).evidence if f"E{e.number}" == wanted), None)
        if found is None:
            raise AbsentError("there is no such evidence in this conversation; list it", parameter="evidence_id")
        return LookUp.of(found)

    return routes
