"""Sentences that are shown while a text grows: none that the rest of the text would change, and none twice."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from aurora.agents.operator import telling
from aurora.agents.operator.telling import MAX_SENTENCES, Telling, sentences_in, settled

TEXTS = (
    "node-b1 has 0.82 cores free [E2]. The cluster has 12 nodes. [E1] It is e.g. fuller (E3) than before. I can't say.",
    "Facts:\n- shop/a waits [E4].\n- shop/b waits\n- c waits\n\n[E5]\nDone [E1].",
    "1. One is full [E1].\n2. Two is not.\n\n(E2, E3)\n\n**Risk:** a drain [E4]. **More** of it [E5].",
    "| node | cores |\n|---|---|\n| a | 3 |\n| b | 4 [E4] |\n\nSo 1.5 cores (of 3) are left [E2, E3]. (E3) Yes. [E9]",
    "# Answer\nIt holds [E1]. (A remark.) And “so” on [E2].\r\nAnother line. (E3-E5)",
)


class Reads:
    has_left = False

    def __init__(self) -> None:
        self.shown = []

    def show(self, sentence) -> None:
        self.shown.append(sentence)


def told(text, cuts):
    read = Telling(Reads(), lambda s: s)
    places = [0, *sorted(cuts), len(text)]
    early = 0
    for start, end in pairwise(places):
        read.add(text[start:end])
        early = len(read.shown)
    read.end(text)
    return read.shown, early


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_settled_stays(text) -> None:
    before = ()
    for end in range(len(text) + 1):
        now = settled(text[:end])
        assert now[: len(before)] == before, text[:end]
        before = now
    assert before == sentences_in(text)[: len(before)]


@pytest.mark.parametrize("text", TEXTS)
def test_however_a_text_is_cut_its_sentences_are_shown_once_and_in_order(text) -> None:
    rng = random.Random(7)
    for _ in range(10):
        shown, early = told(text, rng.sample(range(1, len(text)), 12))
        assert shown == list(sentences_in(text))
        assert early


@pytest.mark.parametrize(
    "text",
    [
        "<think>It is full [E1]. So [E2]. </think>12 nodes are there [E1]. 3 wait [E2].",
        "<|channel|>analysis<|message|>Full [E1]. So [E2]. <|end|><|channel|>final<|message|>12 nodes are there [E1]. "
        "3 wait [E2].",
        "Let me think. Well. </think>12 nodes are there [E1]. 3 wait [E2].",
    ],
)
def test_thoughts_are_not_shown(text) -> None:
    shown, early = told(text, range(1, len(text)))
    assert [s.text for s in shown] == ["12 nodes are there.", "3 wait."]
    assert early == 1


def test_what_a_model_says_before_it_looks_something_up_is_shown_only_with_evidence() -> None:
    telling = Telling(Reads(), lambda s: s)
    for part in ("12 nodes are ", "there [E1]. Let me look ", "at more. And more."):
        telling.add(part)
    telling.end("12 nodes are there [E1]. Let me look at more. And more.", goes_on=True)
    telling.end("3 wait [E2]. 12 nodes are there [E1].")
    assert [s.text for s in telling.shown] == ["12 nodes are there.", "3 wait."]


def test_no_more_of_an_answer_that_came_at_once_is_looked_at_than_sentences_are_read(monkeypatch) -> None:
    looks = []
    monkeypatch.setattr(telling, "settled", lambda text, known: looks.append(text) or settled(text, known))
    text = "\n".join(f"{k} is {k} [E1]." for k in range(10 * MAX_SENTENCES))
    read = Telling(Reads(), lambda s: s)
    read.end(text)
    assert read.shown == list(sentences_in(text))
    assert len(looks) <= 3 * MAX_SENTENCES


def test_a_fault_of_the_check_is_raised_where_the_message_ends() -> None:
    def check(sentence):
        raise RuntimeError("a fault")

    telling = Telling(Reads(), check)
    telling.add("12 nodes are there [E1]. And")
    with pytest.raises(RuntimeError, match="a fault"):
        telling.end("12 nodes are there [E1].")
