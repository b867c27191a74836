"""A conversation as it is shown, told and while it comes."""

from __future__ import annotations

import json

from aurora.agents.operator.answer import Answer, Sentence, Table, Turn
from aurora.agents.operator.answering.talk import INTRODUCTION
from aurora.graphs.chat.streaming import ApprovalEvent, DoneEvent, ErrorEvent, LookupEvent, SentenceEvent
from aurora.tools.harness import Evidence
from aurora.web.views.chat.turns import (
    answered_by,
    question_shown,
    turn_asked,
    turn_begun,
    turns_shown,
    with_event,
)

HOLDS = Sentence(text="12 nodes are there.", cites=("E1",))
STRUCK = Sentence(text="14 nodes are there.", cites=("E1",), struck="14 is no such figure in the cited evidence")


def evidence(number: int, tool: str = "cluster_overview", text: str = "{}") -> Evidence:
    return Evidence(number, tool, {"node_id": "node-a1"}, "ok", text, 0.3)


def turn(question: str, *sentences: Sentence, until: int | None = None, **answer) -> Turn:
    told = Answer(question=question, by="rules", sentences=sentences, **answer)
    return Turn(question=question, answer=told, evidence_until=until)


def test_each_turn_has_its_own_lookups_the_uncited_ones_too() -> None:
    turns = (turn("a?", HOLDS, until=2), turn("b?", until=2), turn("c?", until=4))
    shown = turns_shown(turns, [evidence(n) for n in range(1, 5)])
    assert [[s.id for s in t.steps] for t in shown] == [["E1", "E2"], [], ["E3", "E4"]]


def test_turns_of_older_files_have_the_lookups_up_to_their_last_citation() -> None:
    late = Sentence(text="x", cites=("E3",))
    shown = turns_shown((turn("a?", HOLDS), turn("b?", late)), [evidence(n) for n in (1, 2, 3)])
    assert [[s.id for s in t.steps] for t in shown] == [["E1"], ["E2", "E3"]]


def test_who_answers_is_said_in_words_and_not_twice() -> None:
    (shown,) = turns_shown((turn("a?", Sentence(text=INTRODUCTION), HOLDS, until=1),), [evidence(1)])
    assert shown.by == "Rules, without a language model"
    assert shown.sentences == (HOLDS,)
    assert answered_by("openai:gpt-4o") == "openai:gpt-4o, each sentence checked"
    assert answered_by("aurora") == ""


def test_struck_sentences_are_kept_and_counted() -> None:
    (shown,) = turns_shown((turn("a?", HOLDS, STRUCK, until=1),), [evidence(1)])
    assert shown.sentences == (HOLDS, STRUCK)
    assert shown.struck_text == "1 of 2 sentences was not supported and struck."
    assert not shown.is_unknown
    (alone,) = turns_shown((turn("a?", STRUCK, until=1),), [evidence(1)])
    assert alone.is_unknown


def test_a_plan_that_a_turn_made_is_named() -> None:
    made = evidence(1, "make_plan", json.dumps({"plan_id": "0123456789ab"}))
    (shown,) = turns_shown((turn("drain node-a1", until=1),), [made])
    assert shown.plans == ("0123456789ab",)


def test_words_to_the_conversation_are_shown_as_what_they_mean() -> None:
    assert question_shown("/mode apply") == ("Mode: apply", True)
    assert question_shown("/rollback 41f9ce384692") == ("Undo plan 41f9ce384692", True)
    assert question_shown("what does /mode do?") == ("what does /mode do?", False)


def test_a_turn_that_comes_grows_by_its_events() -> None:
    call = {"id": "E1", "tool": "why_task_waits", "arguments": {"task_id": "shop/web-1"}}
    shown = turn_begun("why?")
    shown = with_event(shown, LookupEvent(**call, outcome="running"))
    assert (shown.steps[0].title, shown.steps[0].subject) == ("Why a task waits", "shop/web-1")
    assert (shown.steps[0].state, shown.steps[0].seconds) == ("running", "")
    shown = with_event(shown, LookupEvent(**call, outcome="timeout", seconds=60.0))
    assert (len(shown.steps), shown.steps[0].state, shown.steps[0].outcome) == (1, "failed", "took too long")
    shown = with_event(with_event(shown, SentenceEvent(sentence=HOLDS)), SentenceEvent(sentence=STRUCK))
    assert (shown.state, shown.sentences) == ("running", (HOLDS, STRUCK))
    table = Table(title="t", columns=("a",), rows=(("1",),))
    answer = Answer(question="why?", by="rules", sentences=(HOLDS, STRUCK), tables=(table,))
    shown = with_event(shown, DoneEvent(answer=answer))
    assert (shown.state, shown.tables, len(shown.steps)) == ("told", (table,), 1)


def test_a_turn_may_end_with_a_question_to_a_person_or_an_error() -> None:
    begun = turn_begun("apply it")
    assert with_event(begun, ApprovalEvent(request={})).state == "asked"
    failed = with_event(begun, ErrorEvent(kind="ModelError", message="the provider is away; ask again"))
    assert (failed.state, failed.error) == ("failed", "the provider is away; ask again")


def test_the_turn_that_waits_has_the_lookups_after_the_told_ones() -> None:
    answer = Answer(question="/apply 0123456789ab", by="aurora")
    shown = turn_asked(answer, (turn("a?", until=1),), [evidence(1), evidence(2)])
    assert (shown.question, shown.state, [s.id for s in shown.steps]) == ("Apply plan 0123456789ab", "asked", ["E2"])
