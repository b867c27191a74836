"""Answers that are shown while they come: real clients, both wires, a server that streams slowly or brokenly."""

from __future__ import annotations

import threading
import time

import pytest

from aurora.agents.models.budget import Budget
from aurora.agents.models.metered import metered
from aurora.agents.models.model import model_name
from aurora.agents.roles.operator import ModelOperator
from aurora.graphs.chat.streaming import ask_events, decide_events
from aurora.prompts.loader import load_prompt
from aurora.tools.recording import Recording
from tests.agents.streaming_server import USAGE, Streamed, streaming

WIRES = ("openai:gpt-4o", "anthropic:claude-sonnet-4-5")
LOOKUP = Streamed(["Let me look. "], [("cluster_overview", {})])
FIRST, FALSE, SECOND = "12 nodes are there [E1].", "14 nodes are there [E1].", "82 pods run and 3 wait [E1]."
QUESTION = "how full is it?"


@pytest.fixture(params=WIRES)
def wire(request, monkeypatch):
    """Return what opens a model's operator at an address."""

    def at(url: str, **settings) -> ModelOperator:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
        model = metered(model_name(request.param), in_prose=True, first_wait=0.001, **settings)
        model.longest_wait = 0.01
        return ModelOperator(model, load_prompt("operator"))

    return at


def pieces(text: str, size: int = 7) -> list[str]:
    return [text[k : k + size] for k in range(0, len(text), size)]


def sentences(events) -> list[tuple[str, bool]]:
    return [(e.sentence.text, bool(e.sentence.struck)) for e in events if e.type == "sentence"]


def test_the_first_sentence_is_shown_before_the_last_is_written(talk, wire) -> None:
    gate = threading.Event()
    slow = Streamed([*pieces(f"{FIRST} An"), gate, *pieces(f"d then {SECOND}")])
    with streaming(LOOKUP, slow) as served:
        events = ask_events(talk(wire(served.url)), QUESTION)
        seen = [next(events)]
        while seen[-1].type != "sentence":
            seen.append(next(events))
        assert seen[-1].sentence.text == "12 nodes are there."
        assert not gate.is_set()
        assert all(body["stream"] for body in served.requests)
        gate.set()
        seen += events
    kinds = [e.type for e in seen]
    assert kinds == ["lookup", "lookup", "sentence", "sentence", "done"]
    assert [e.outcome for e in seen[:2]] == ["running", "ok"]
    assert seen[-1].answer.sentences == tuple(e.sentence for e in seen if e.type == "sentence")


def test_time_to_the_first_sentence_is_that_of_writing_it(talk, wire) -> None:
    class Slowly(threading.Event):
        def wait(self, timeout=None) -> bool:
            time.sleep(0.15)
            return True

    written = " ".join([FIRST, SECOND, "It has 12 nodes [E1].", "3 pods wait [E1]."])
    texts = [part for piece in pieces(written, 20) for part in (piece, Slowly())]
    with streaming(LOOKUP, Streamed(texts)) as served:
        began = time.monotonic()
        at = {}
        for event in ask_events(talk(wire(served.url)), QUESTION):
            at.setdefault(event.type, time.monotonic() - began)
    print(f"first sentence after {at['sentence']:.2f} s, whole answer after {at['done']:.2f} s")
    assert at["done"] - at["sentence"] > 0.15 * 2


def test_a_sentence_that_does_not_hold_is_shown_struck_and_replaced_once(talk, wire) -> None:
    with streaming(LOOKUP, Streamed(pieces(f"{FALSE} {SECOND}")), Streamed(pieces(f"{FIRST} {SECOND}"))) as served:
        events = list(ask_events(talk(wire(served.url)), QUESTION))
    assert sentences(events) == [
        ("14 nodes are there.", True),
        ("82 pods run and 3 wait.", False),
        ("12 nodes are there.", False),
    ]
    assert "The person has read the others" in str(served.requests[-1]["messages"][-1])
    assert events[-1].answer.text == "82 pods run and 3 wait. [E1] 12 nodes are there. [E1]"


@pytest.mark.parametrize("end", ["reset", "half an event", "no reason", "an error"])
def test_a_stream_that_breaks_before_anything_was_shown_is_tried_again(talk, wire, end) -> None:
    with streaming(LOOKUP, Streamed(pieces("12 nodes a"), end=end), Streamed(pieces(FIRST))) as served:
        operator = wire(served.url)
        events = list(ask_events(talk(operator), QUESTION))
        assert len(served.requests) == 3
    assert sentences(events) == [("12 nodes are there.", False)]
    spent = operator.model.purse.spent
    assert (spent.calls, spent.requests, spent.retries) == (2, 3, 1)
    assert 2 * USAGE[1] <= spent.tokens_out <= 2 * USAGE[1] + 10


@pytest.mark.parametrize("end", ["reset", "half an event", "no reason", "an error"])
def test_a_stream_that_breaks_after_a_sentence_was_shown_is_told_and_not_paid_again(talk, wire, end) -> None:
    broken = Streamed(pieces(f"{FIRST} 82 pods ru"), end=end)
    with streaming(LOOKUP, broken, Streamed(pieces(SECOND))) as served:
        operator = wire(served.url)
        events = list(ask_events(talk(operator), QUESTION))
        assert len(served.requests) == 2
    assert sentences(events) == [("12 nodes are there.", False), ("(the rest of the answer)", True)]
    assert "it did not come" in events[-1].answer.sentences[-1].struck
    spent = operator.model.purse.spent
    assert (spent.calls, spent.requests) == (2, 2)
    assert spent.tokens_out >= USAGE[1] + len(f"{FIRST} 82 pods ru") // 4


@pytest.mark.parametrize("end", ["no usage", "reset after the reason"])
def test_an_answer_that_lacks_only_its_count_is_whole_and_its_tokens_are_estimated(talk, wire, end) -> None:
    with streaming(LOOKUP, Streamed(pieces(FIRST), end=end)) as served:
        operator = wire(served.url)
        events = list(ask_events(talk(operator), QUESTION))
        assert len(served.requests) == 2
    assert sentences(events) == [("12 nodes are there.", False)]
    assert operator.model.purse.spent.tokens_out > USAGE[1]


def test_whoever_stops_reading_stops_the_stream_and_what_was_shown_is_kept(talk, wire) -> None:
    gate = threading.Event()
    slow = Streamed([*pieces(f"{FIRST} And"), gate, *[f" more {k}" for k in range(20_000)]])
    with streaming(LOOKUP, slow) as served:
        one = talk(wire(served.url))
        events = ask_events(one, QUESTION)
        while next(events).type != "sentence":
            pass
        events.close()
        gate.set()
        assert served.broken.wait(10)
    (turn,) = one.turns
    assert turn.answer.text == "12 nodes are there. [E1] Stopped; nothing was changed."
    assert [e.number for e in one.evidence] == [1]
    deadline = time.monotonic() + 10
    while one.is_at_work:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with streaming(Streamed(pieces("12 nodes are there [E1]."))) as served:
        (last,) = [e for e in ask_events(talk(wire(served.url)), QUESTION) if e.type == "done"]
    assert last.answer.sentences[0].struck == "there is no E1"


def test_a_recorded_conversation_replays_equal(talk, wire, tmp_path) -> None:
    def reduced(events):
        return [e.model_dump(exclude={"seconds"}) for e in events]

    for number, end in enumerate(["whole", "reset"]):
        path = tmp_path / f"{number}.jsonl"
        false = Streamed(pieces(f"{FIRST} {FALSE} 82 p"), end=end)
        with streaming(LOOKUP, false, Streamed(pieces(SECOND))) as served:
            live = reduced(ask_events(talk(wire(served.url, recording=Recording(path))), QUESTION))
        replayed = wire("http://127.0.0.1:9", recording=Recording(path, replaying=True))
        again = reduced(ask_events(talk(replayed), QUESTION))
        assert again == live
        assert replayed.model.purse.spent.requests == len(served.requests)


def test_without_a_reader_nothing_is_streamed(talk, wire) -> None:
    with streaming(LOOKUP, Streamed([FIRST])) as served:
        step = talk(wire(served.url)).ask(QUESTION)
        assert not any("stream" in body and body["stream"] for body in served.requests)
    assert step.answer is not None


def test_a_person_is_asked_by_an_event_and_their_decision_goes_on_as_events(talk, wire, plan) -> None:
    wanted = ("apply_plan", {"plan_id": plan.plan_id, "sha256": plan.sha256})
    with streaming(LOOKUP, Streamed(pieces(f"{FIRST} Now I ask. "), [wanted])) as served:
        one = talk(wire(served.url))
        asked = list(ask_events(one, "apply it", mode="apply"))
        assert [e.type for e in asked if e.type != "lookup"] == ["sentence", "approval"]
        assert asked[-1].request["action_requests"][0]["args"]["sha256"] == plan.sha256
        told = list(decide_events(one, {"type": "approve"}))
        assert len(served.requests) == 2
    assert [e.tool for e in told if e.type == "lookup"] == ["apply_plan", "apply_plan"]
    assert "12 nodes are there." not in [text for text, _ in sentences(told)]
    assert told[-1].answer.text.startswith("12 nodes are there. [E1]")
    assert f"Plan {plan.plan_id} is applied" in told[-1].answer.text


def test_rules_tell_the_same_events(talk) -> None:
    from aurora.agents.operator.rules import RulesOperator

    events = list(ask_events(talk(RulesOperator()), QUESTION))
    assert events[-1].type == "done"
    assert [e.sentence for e in events if e.type == "sentence"] == list(events[-1].answer.sentences)


def test_a_model_that_can_not_be_reached_is_told(talk, wire) -> None:
    operator = wire("http://127.0.0.1:9")
    events = list(ask_events(talk(operator), QUESTION))
    assert [e.type for e in events] == ["sentence", "done"]
    assert "can't be reached" in events[-1].answer.text


def test_a_budget_that_ends_in_the_middle_keeps_what_was_shown(talk, wire) -> None:
    """The tokens of the stream count: there are none left to have the struck sentence replaced."""
    budget = Budget(tokens=2 * sum(USAGE))
    with streaming(LOOKUP, Streamed(pieces(f"{FIRST} {FALSE}")), Streamed(pieces(SECOND))) as served:
        events = list(ask_events(talk(wire(served.url, budget=budget)), QUESTION))
        assert len(served.requests) == 2
    assert sentences(events)[0] == ("12 nodes are there.", False)
    assert "budget" in events[-1].answer.sentences[-1].struck


@pytest.mark.parametrize(
    "refusal",
    [
        "Your organization must be verified to stream this model.",
        "Unrecognized request argument supplied: stream_options",
        "streaming is not supported",
    ],
)
def test_a_server_that_does_not_stream_is_asked_for_whole_answers(talk, wire, refusal) -> None:
    with streaming(LOOKUP, Streamed(pieces(FIRST))) as served:
        served.refusals.append(refusal)
        operator = wire(served.url)
        events = list(ask_events(talk(operator), QUESTION))
    assert sentences(events) == [("12 nodes are there.", False)]
    assert operator.model.left_out == {"stream_options" if "options" in refusal else "stream"}
