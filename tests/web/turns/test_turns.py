"""Conversations of a server: turns that run on, readers that come back, many at once, stopping, deleting."""

from __future__ import annotations

import threading
import time

import pytest

from aurora.agents.operator.answer import Answer, Sentence
from aurora.cluster.plans import folder
from aurora.errors import InputError
from aurora.web.refusals import AbsentError, BusyError, ConflictError, ForbiddenError, TooLargeError
from aurora.web.turns import Turns
from tests.web.turns.conftest import answering, overview, room


def kinds(events) -> list[str]:
    return [e.type for _, e in events]


def gated(gate: threading.Event, begun: threading.Event | None = None):
    """Return an operator's reply that waits for a gate after a lookup."""

    def reply(question, harness, history, mode):
        found = overview(question, harness, history, mode)
        if begun is not None:
            begun.set()
        assert gate.wait(20)
        return found

    return reply


def ended(turns: Turns, session_id: str) -> None:
    deadline = time.monotonic() + 20
    while turns.is_busy(session_id):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_turn_is_told_by_events_with_numbers_that_grow(turns) -> None:
    session = turns.new().session_id
    turns.start(session, "how are things?")
    first = list(turns.events(session))
    assert kinds(first) == ["started", "lookup", "lookup", "sentence", "sentence", "done"]
    numbers = [n for n, _ in first]
    assert numbers == list(range(numbers[0], numbers[0] + 6))
    turns.start(session, "and now?")
    second = list(turns.events(session, after=numbers[-1]))
    assert second[0][0] > numbers[-1]
    assert second[0][1].question == "and now?"
    assert turns.row(session).turns == 2
    assert turns.row(session).title == "how are things?"


def test_a_turn_runs_on_without_a_reader_and_one_that_comes_back_gets_all(turns) -> None:
    gate, begun = threading.Event(), threading.Event()
    answering(turns, gated(gate, begun))
    session = turns.new().session_id
    turns.start(session, "how are things?")
    reader = turns.events(session)
    seen = [next(reader), next(reader)]
    reader.close()  # the page is left
    assert begun.wait(10)
    assert turns.row(session).title == "how are things?"
    rest = turns.events(session, after=seen[-1][0])
    assert next(rest)[1].outcome == "ok"
    gate.set()
    assert kinds(rest) == ["sentence", "sentence", "done"]
    assert kinds(turns.events(session)) == ["started", "lookup", "lookup", "sentence", "sentence", "done"]
    last = list(turns.events(session))[-1][0]
    assert list(turns.events(session, after=last)) == []


def test_two_readers_get_the_same(turns) -> None:
    gate = threading.Event()
    answering(turns, gated(gate))
    session = turns.new().session_id
    turns.start(session, "how are things?")
    got: list[list] = [[], []]
    readers = [threading.Thread(target=lambda k=k: got[k].extend(turns.events(session))) for k in range(2)]
    for reader in readers:
        reader.start()
    gate.set()
    for reader in readers:
        reader.join(10)
    assert got[0] == got[1]
    assert kinds(got[0])[-1] == "done"


def test_one_turn_of_a_conversation_at_once(turns) -> None:
    gate = threading.Event()
    answering(turns, gated(gate))
    session = turns.new().session_id
    turns.start(session, "how are things?")
    with pytest.raises(ConflictError, match="is at work"):
        turns.start(session, "and now?")
    with pytest.raises(ConflictError, match="nothing waits"):
        turns.decide(session, {"type": "approve"})
    gate.set()
    ended(turns, session)
    turns.start(session, "and now?")
    assert kinds(turns.events(session))[-1] == "done"


def test_many_conversations_at_once_lose_and_cross_nothing(tmp_path, plans) -> None:
    def canary(question, harness, history, mode):
        harness.call("cluster_overview", {})
        earlier = [t.question for t in history]
        return Answer(question=question, by="openai:test", sentences=(Sentence(text=f"{question} after {earlier}."),))

    turns = Turns(room(tmp_path, plans), at_once=4)
    answering(turns, canary)
    sessions = [turns.new().session_id for _ in range(12)]
    for turn in range(3):
        for session in sessions:
            turns.start(session, f"canary {session} {turn}")
        for session in sessions:
            events = list(turns.events(session))
            assert events[0][1].question == f"canary {session} {turn}"
            assert kinds(events)[-1] == "done"
            ended(turns, session)
    for session in sessions:
        asked = [t.question for t in turns.conversation(session).turns]
        assert asked == [f"canary {session} {turn}" for turn in range(3)]
    assert turns.at_work == 0
    turns.close()


def test_turns_wait_for_their_place_and_too_many_are_refused(tmp_path, plans) -> None:
    gate = threading.Event()
    turns = Turns(room(tmp_path, plans), at_once=1, waiting=1)
    answering(turns, gated(gate))
    first, second, third = (turns.new().session_id for _ in range(3))
    turns.start(first, "how are things?")
    turns.start(second, "how are things?")
    with pytest.raises(BusyError, match="2 turns"):
        turns.start(third, "how are things?")
    assert not turns.is_busy(third)
    turns.stop(second)
    gate.set()
    last = list(turns.events(second))[-1][1]
    assert (last.type, last.kind) == ("error", "Stopped")
    assert kinds(turns.events(first))[-1] == "done"
    turns.close()


def test_a_turn_that_is_stopped_keeps_what_was_looked_up(turns) -> None:
    gate, begun = threading.Event(), threading.Event()
    answering(turns, gated(gate, begun))
    session = turns.new().session_id
    turns.start(session, "how are things?")
    assert begun.wait(10)
    turns.stop(session)
    events = list(turns.events(session))
    assert kinds(events) == ["started", "lookup", "lookup", "sentence", "done"]
    assert events[-1][1].answer.text == "Stopped; nothing was changed."
    gate.set()
    assert [e.number for e in turns.conversation(session).evidence] == [1]


def test_a_plan_is_approved_by_its_hash_and_the_events_go_on(turns, plan, plans) -> None:
    session = turns.new().session_id
    turns.start(session, f"apply {plan.plan_id}", mode="apply")
    asked = list(turns.events(session))
    assert kinds(asked)[-1] == "approval"
    ended(turns, session)
    with pytest.raises(ConflictError, match=plan.sha256):
        turns.decide(session, {"type": "approve", "sha256": "0" * 64})
    with pytest.raises(InputError, match="one of approve"):
        turns.decide(session, {"type": "yes"})
    turns.decide(session, {"type": "approve", "sha256": plan.sha256})
    told = list(turns.events(session, after=asked[-1][0]))
    assert (told[0][1].cause, told[-1][1].type) == ("decision", "done")
    assert "is applied" in told[-1][1].answer.text
    assert len(list(turns.events(session))) == len(asked) + len(told)
    assert folder.approvals(plans)[0].who == "Ann"
    with pytest.raises(ConflictError, match="nothing waits"):
        turns.decide(session, {"type": "approve", "sha256": plan.sha256})


def test_a_failure_of_ours_is_told_and_the_conversation_goes_on(turns, caplog) -> None:
    def broken(question, harness, history, mode):
        raise RuntimeError("secret of the server")

    answering(turns, broken)
    session = turns.new().session_id
    turns.start(session, "how are things?")
    last = list(turns.events(session))[-1][1]
    assert (last.type, last.kind) == ("error", "RuntimeError")
    assert "secret" not in last.message
    assert "secret" in caplog.text
    ended(turns, session)
    answering(turns)
    turns.start(session, "how are things?")
    assert kinds(turns.events(session))[-1] == "done"


def test_conversations_belong_to_their_owner(turns) -> None:
    mine, other = turns.new(owner="a").session_id, turns.new(owner="b").session_id
    assert [r.session_id for r in turns.list(owner="a")] == [mine]
    assert turns.row(mine, owner="a").session_id == mine
    for session in (other, mine[:6], "last", ""):
        with pytest.raises(AbsentError, match="no conversation"):
            turns.row(session, owner="a")


def test_a_conversation_is_deleted_in_the_middle_of_a_turn(turns) -> None:
    gate, begun = threading.Event(), threading.Event()
    answering(turns, gated(gate, begun))
    session = turns.new().session_id
    turns.start(session, "how are things?")
    assert begun.wait(10)
    turns.delete(session)
    gate.set()
    with pytest.raises(AbsentError):
        turns.start(session, "how are things?")
    assert turns.list() == ()


def test_questions_have_limits(turns) -> None:
    session = turns.new().session_id
    with pytest.raises(InputError, match="empty"):
        turns.start(session, "  ")
    with pytest.raises(TooLargeError, match="10,000"):
        turns.start(session, "x" * 10_001)


def test_a_new_conversation_begins_with_plans_and_keeps_the_mode_that_is_chosen(tmp_path, plans) -> None:
    modes = []

    def reply(question, harness, history, mode):
        modes.append(mode)
        return overview(question, harness, history, mode)

    turns = Turns(room(tmp_path, plans, mode="apply"))
    answering(turns, reply)
    session = turns.new().session_id
    assert turns.mode(session) == "plan"
    turns.start(session, "a")
    list(turns.events(session))
    ended(turns, session)
    turns.start(session, "b", mode="read")
    list(turns.events(session))
    ended(turns, session)
    turns.start(session, "c")
    list(turns.events(session))
    assert modes == ["plan", "read", "read"]
    turns.close()


def test_the_mode_of_the_server_is_the_most_that_a_conversation_may_do(tmp_path, plans) -> None:
    """Neither a request, nor a word, nor what an earlier server allowed goes beyond it."""
    modes = []

    def reply(question, harness, history, mode):
        modes.append(mode)
        return overview(question, harness, history, mode)

    def told(turns: Turns, session: str, question: str) -> str:
        turns.start(session, question)
        last = list(turns.events(session))[-1][1]
        ended(turns, session)
        return last.answer.text

    turns = Turns(room(tmp_path, plans, mode="apply"))
    answering(turns, reply)
    session = turns.new().session_id
    turns.start(session, "a", mode="apply")
    list(turns.events(session))
    turns.close()

    turns = Turns(room(tmp_path, plans, mode="read"))
    answering(turns, reply)
    assert turns.mode(session) == "read"
    with pytest.raises(ForbiddenError, match="up to mode read"):
        turns.start(session, "b", mode="plan")
    assert "up to mode read" in told(turns, session, "/mode apply")
    told(turns, session, "c")
    assert modes == ["apply", "read"]
    turns.close()


def test_conversations_at_rest_are_closed_and_opened_again(turns, monkeypatch) -> None:
    monkeypatch.setattr("aurora.web.turns.turns.MOST_OPEN", 2)
    sessions = [turns.new().session_id for _ in range(4)]
    for session in sessions:
        turns.start(session, "how are things?")
        list(turns.events(session))
        ended(turns, session)
    assert len(turns._lives) == 2
    assert len(turns.conversation(sessions[0]).turns) == 1


def test_two_servers_do_not_hold_the_same_conversations(turns) -> None:
    with pytest.raises(ConflictError, match="serves these conversations already"):
        Turns(turns._room)
