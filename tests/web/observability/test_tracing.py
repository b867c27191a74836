"""Spans: a turn and its tool calls belong to the request that asked, also when it has ended."""

from __future__ import annotations

import time

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aurora.web.observability.tracing import Tracing


@pytest.fixture
def exporter(monkeypatch) -> InMemorySpanExporter:
    """Return where the spans of an application go that is opened after it."""
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr("aurora.web.observability.adding.start_tracing", lambda: Tracing(provider))
    return kept


def asked(browser, question: str) -> None:
    """Ask in a new conversation, and read its events to the end."""
    session = browser.post("/api/chat/sessions").json()["session_id"]
    assert browser.post(f"/api/chat/sessions/{session}/turns", json={"question": question}).status_code == 200


def spans_of(exporter: InMemorySpanExporter, turns: int) -> list:
    """Return the spans, once so many turns have ended: a span is told a moment after its event."""
    for _ in range(200):
        found = exporter.get_finished_spans()
        if sum(s.name == "turn" for s in found) >= turns:
            return list(found)
        time.sleep(0.02)
    raise AssertionError([s.name for s in exporter.get_finished_spans()])


def test_turns_and_tool_calls_are_children_of_the_request(exporter, open_api) -> None:
    with open_api() as browser:
        browser.headers["X-CSRF-Token"] = browser.get("/api/csrf").json()["csrf_token"]
        asked(browser, "how full is the cluster?")
        asked(browser, "which pods wait?")
        spans = spans_of(exporter, 2)
    route = "POST /api/chat/sessions/{session_id}/turns"
    requests = {s.context.span_id: s for s in spans if s.name == route}
    turns = {s.context.span_id: s for s in spans if s.name == "turn"}
    tools = [s for s in spans if s.name.startswith("tool ")]
    assert len(requests) == len(turns) == 2
    assert {t.parent.span_id for t in turns.values()} == set(requests)
    assert tools
    assert {t.parent.span_id for t in tools} == set(turns)
    for request in requests.values():
        own = [s for s in spans if s.context.trace_id == request.context.trace_id]
        assert sum(s.name == "turn" for s in own) == 1
    for turn in turns.values():
        assert turn.attributes["end"] == "answered"
        assert turn.start_time <= min(t.start_time for t in tools if t.parent.span_id == turn.context.span_id)


def test_a_request_leaves_no_span_to_the_next_one(exporter, open_api) -> None:
    with open_api() as browser:
        browser.get("/api/csrf")
        browser.get("/healthz")
    roots = [s for s in exporter.get_finished_spans() if s.name.startswith("GET")]
    assert len(roots) == 2
    assert all(s.parent is None for s in roots)
