"""Conversations over HTTP: a turn as server-sent events, read again, decided, stopped, deleted; strangers see none."""

from __future__ import annotations

import threading

import pytest

from tests.web.api.conftest import events_in
from tests.web.turns.conftest import answering, plan, plans
from tests.web.turns.test_turns import gated

__all__ = ["plan", "plans"]
CHAT = "/api/chat/sessions"


@pytest.fixture
def says(context):
    return answering(context.turns)


def begin(api, **given) -> str:
    answer = api.post(CHAT, json=given)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{CHAT}/{answer.json()['session_id']}"
    return answer.json()["session_id"]


def test_rules_answer_a_question_about_the_cluster(api) -> None:
    session = begin(api, title="Monday")
    answer = api.post(f"{CHAT}/{session}/turns", json={"question": "why are pods pending?"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_in(answer.text)
    assert [e for _, e, _ in events[:2]] == ["started", "lookup"]
    assert events[-1][1] == "done"
    read = api.get(f"{CHAT}/{session}").json()
    assert read["turns"][0]["answer"] == events[-1][2]["answer"]
    assert (read["session"]["title"], read["session"]["turns"], read["mode"]) == ("Monday", 1, "plan")
    assert (read["approval"], read["draft"], read["unfinished"]) == (None, None, "")
    cited = next(c for s in read["turns"][0]["answer"]["sentences"] for c in s["cites"])
    looked_up = api.get(f"{CHAT}/{session}/evidence/{cited}").json()
    assert looked_up in api.get(f"{CHAT}/{session}/evidence").json()["items"]
    assert api.get(f"{CHAT}/{session}/evidence/E99").status_code == 404


def test_events_are_read_again_from_the_last_one_that_came(api, says) -> None:
    session = begin(api)
    assert api.get(f"{CHAT}/{session}/events").status_code == 204
    events = events_in(api.post(f"{CHAT}/{session}/turns", json={"question": "?"}).text)
    again = events_in(api.get(f"{CHAT}/{session}/events").text)
    assert again == events
    third = str(events[2][0])
    assert events_in(api.get(f"{CHAT}/{session}/events", headers={"Last-Event-ID": third}).text) == events[3:]
    assert events_in(api.get(f"{CHAT}/{session}/events?after={third}").text) == events[3:]
    last = str(events[-1][0])
    assert api.get(f"{CHAT}/{session}/events", headers={"Last-Event-ID": last}).status_code == 204


def test_a_program_may_leave_the_events_for_later(api, context) -> None:
    gate = threading.Event()
    answering(context.turns, gated(gate))
    session = begin(api)
    json_only = {"Accept": "application/json"}
    answer = api.post(f"{CHAT}/{session}/turns", json={"question": "?"}, headers=json_only)
    assert (answer.status_code, answer.json()["events"]) == (202, f"{CHAT}/{session}/events")
    assert api.get(f"{CHAT}/{session}").json()["session"]["is_busy"]
    refused = api.post(f"{CHAT}/{session}/turns", json={"question": "?"})
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json()["type"] == "urn:aurora:problem:conflict"
    gate.set()
    assert events_in(api.get(answer.json()["events"]).text)[-1][1] == "done"


def test_a_turn_is_stopped(api, context) -> None:
    gate, begun = threading.Event(), threading.Event()
    answering(context.turns, gated(gate, begun))
    session = begin(api)
    api.post(f"{CHAT}/{session}/turns", json={"question": "?"}, headers={"Accept": "application/json"})
    assert begun.wait(10)
    assert api.post(f"{CHAT}/{session}/stop").status_code == 202
    events = events_in(api.get(f"{CHAT}/{session}/events").text)
    gate.set()
    assert events[-1][2]["answer"]["sentences"][-1]["text"] == "Stopped; nothing was changed."


def test_a_plan_is_approved_by_the_hash_that_was_shown(api, says, plan) -> None:
    session = begin(api)
    question = {"question": f"apply {plan.plan_id}", "mode": "apply"}
    asked = events_in(api.post(f"{CHAT}/{session}/turns", json=question).text)
    assert asked[-1][1] == "approval"
    waits = api.get(f"{CHAT}/{session}").json()
    assert waits["approval"] == asked[-1][2]["request"]
    assert waits["draft"]["sentences"][0]["text"] == "82 pods run and 3 wait."
    shown = waits["approval"]["action_requests"][0]["args"]["sha256"]
    decide = f"{CHAT}/{session}/decision"
    assert api.post(decide, json={"type": "approve"}).status_code == 422
    assert api.post(decide, json={"type": "approve", "sha256": "0" * 64}).status_code == 409
    edited = events_in(api.post(decide, json={"type": "edit", "sha256": shown, "without": [2]}).text)
    assert edited[0][2]["cause"] == "decision"
    other = edited[-1][2]["request"]["action_requests"][0]["args"]["sha256"]
    assert other != shown
    assert api.post(decide, json={"type": "approve", "sha256": shown}).status_code == 409
    told = events_in(api.post(decide, json={"type": "approve", "sha256": other}).text)
    assert "is applied" in told[-1][2]["answer"]["sentences"][-2]["text"]
    assert api.post(decide, json={"type": "approve", "sha256": other}).status_code == 409


def test_conversations_come_in_pages(api) -> None:
    made = [begin(api) for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(CHAT, params={"limit": 2, "cursor": cursor}).json()
        assert page["total"] == 5
        seen += [s["session_id"] for s in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted(made)
    for cursor in ("x", "!", "LTE6eA==", "ä"):
        assert api.get(CHAT, params={"cursor": cursor}).status_code == 422


def test_a_conversation_is_renamed_and_deleted(api) -> None:
    session = begin(api)
    assert api.patch(f"{CHAT}/{session}", json={"title": "Tuesday"}).json()["title"] == "Tuesday"
    assert api.patch(f"{CHAT}/{session}", json={"title": "  "}).status_code == 422
    assert api.delete(f"{CHAT}/{session}").status_code == 204
    assert api.get(f"{CHAT}/{session}").status_code == 404
    assert api.delete(f"{CHAT}/{session}").status_code == 404


SESSION_ROUTES = [
    ("GET", "", None),
    ("PATCH", "", {"title": "x"}),
    ("DELETE", "", None),
    ("GET", "/turns", None),
    ("POST", "/turns", {"question": "?"}),
    ("POST", "/decision", {"type": "reject", "sha256": "0" * 64}),
    ("POST", "/resume", None),
    ("GET", "/events", None),
    ("POST", "/stop", None),
    ("GET", "/evidence", None),
    ("GET", "/evidence/E1", None),
]


@pytest.mark.parametrize(("method", "path", "body"), SESSION_ROUTES)
def test_the_conversation_of_another_is_not_there(api, context, method, path, body) -> None:
    session = context.turns.new(owner="somebody else").session_id
    answer = api.request(method, f"{CHAT}/{session}{path}", json=body)
    absent = api.request(method, f"{CHAT}/00000000{path}", json=body)
    assert answer.status_code == absent.status_code == 404
    assert answer.json()["detail"].replace(session, "00000000") == absent.json()["detail"]
    assert context.turns.row(session).turns == 0
    assert not context.turns.is_busy(session)


def test_problems_name_the_field_and_the_remedy(api) -> None:
    answer = api.post(f"{CHAT}/{begin(api)}/turns", json={"question": "x" * 20_000, "mode": "all"})
    problem = answer.json()
    assert answer.status_code == problem["status"] == 422
    assert {f["field"] for f in problem["faults"]} == {"body.question", "body.mode"}
    assert problem["field"] in problem["detail"]
    absent = api.get("/api/nothing").json()
    assert (absent["status"], absent["title"]) == (404, "Not Found")
    odd = api.get("/api/runs/a%0Ab/events")
    assert (odd.status_code, odd.headers["content-type"]) == (404, "application/problem+json")
    refused = api.put(CHAT)
    assert (refused.status_code, refused.json()["status"]) == (405, 405)
    assert "GET" in refused.headers["allow"]


def test_a_fault_of_ours_does_not_tell_what_it_was_about(api, context, monkeypatch) -> None:
    def broken(owner=""):
        raise RuntimeError("secret of the server")

    monkeypatch.setattr(context.turns, "list", broken)
    answer = api.get(CHAT)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:aurora:problem:bug")
    assert "secret" not in answer.text
