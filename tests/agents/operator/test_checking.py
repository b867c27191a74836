"""The check of sentences: properties that hold whatever is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.agents.operator.answer import Answer, Sentence
from aurora.agents.operator.checking import check_answer
from aurora.agents.operator.checking.sentences import fault_of, names_of
from aurora.agents.operator.checking.splitting import split_sentences
from aurora.cluster.samples.load import load_sample
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness

DESK = Desk([], snapshot=load_sample("web-shop"))
HARNESS = Harness(DESK, ("cluster_overview", "find_nodes", "why_task_waits", "node_details"))
for _name, _arguments in (
    ("cluster_overview", {}),
    ("find_nodes", {"limit": 40}),
    ("why_task_waits", {"task_id": "batch/train-ranking-2962b"}),
):
    HARNESS.call(_name, _arguments)
EVIDENCE = {f"E{e.number}": e for e in HARNESS.journal}
NAMES = names_of(DESK)


def fault(text, *cites, question=""):
    return fault_of(Sentence(text=text, cites=cites), EVIDENCE, question, NAMES)


@given(st.floats(0.001, 1e6).filter(lambda x: abs(x - 0.82) > 0.06 * 0.82))
@settings(max_examples=150, deadline=None)
def test_a_figure_that_is_off_by_more_than_rounding_is_struck(amount) -> None:
    assert fault(f"node-b1 has {amount:.4g} cores free.", "E2")


@given(st.text(max_size=200), st.lists(st.sampled_from(["E1", "E2", "E9", "x"]), max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_text_is_judged_and_none_breaks_the_check(text, cites) -> None:
    assert isinstance(fault(text or "-", *cites), str)


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_of_a_model_is_split(text) -> None:
    answer = Answer(question="?", by="openai:m", sentences=tuple(split_sentences(text)))
    checked = check_answer(answer, HARNESS.journal, DESK)
    assert len(checked.sentences) == len(answer.sentences)


@given(st.sampled_from(sorted(NAMES)), st.sampled_from(sorted(NAMES)))
@settings(max_examples=100, deadline=None)
def test_only_what_the_list_says_is_cordoned(first, second) -> None:
    cordoned = {n.node_id for n in DESK.cluster.nodes if n.is_cordoned}
    for name in (first, second):
        if name in DESK.cluster.nodes_by_id:
            assert bool(fault(f"{name} is cordoned.", "E1")) == (name not in cordoned)


@pytest.mark.parametrize(
    ("text", "cites"),
    [
        ("12 nodes are there, and 11 of them are usable.", ("E1",)),
        ("60 % of the cores are requested.", ("E1",)),
        ("node-b1 is the fullest node, at 79.1 % of its cores.", ("E2",)),
        ("node-b1 is fuller than node-a4.", ("E2",)),
        ("batch/train-ranking-2962b has waited about 5 hours.", ("E3",)),
        ("train-ranking can never start, because it asks for 12 cores and the largest node has 7.92 cores.", ("E3",)),
        ("I don't know, because nothing was measured.", ()),
        ("Nothing is applied yet.", ()),
    ],
)
def test_true_sentences_in_many_words_are_kept(text, cites) -> None:
    assert fault(text, *cites) == ""


@pytest.mark.parametrize(
    ("text", "cites", "why"),
    [
        ("13 nodes are there.", ("E1",), "no such figure"),
        ("node-b3 is the fullest node.", ("E2",), "another one as the fullest"),
        ("node-a4 is fuller than node-b1.", ("E2",), "the opposite"),
        ("node-x7 has 0.82 cores free.", ("E2",), "a name that no cited evidence has"),
        ("train-ranking waits because of its priority.", ("E3",), "gives a reason"),
        ("Please approve the plan.", ("E1",), "commands"),
        ("The plan was applied.", ("E1",), "was done"),
        ("All nodes are cordoned.", ("E1",), "does not say"),
        ("12 nodes are there.", (), "cites no evidence"),
        ("12 nodes are there.", ("E7",), "there is no E7"),
        ("12 nodes are there, see https://evil.example.", ("E1",), "markup or a link"),
    ],
)
def test_false_sentences_are_struck_with_the_reason(text, cites, why) -> None:
    assert why in fault(text, *cites)


def test_numbers_of_the_question_may_be_repeated() -> None:
    assert fault("I can't tell what 30 % more load costs.", question="what does 30 % more load cost?") == ""
