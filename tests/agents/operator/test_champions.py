"""Champions in an operator's answers: what they do is told and quoted, and only what the evidence has passes."""

import pytest

from aurora.agents.operator.answer import Answer
from aurora.agents.operator.checking import check_answer
from aurora.agents.operator.checking.splitting import split_sentences
from aurora.agents.operator.rules import RulesOperator
from aurora.champions.shipped import shipped_champion
from aurora.graphs.chat.opening import open_desk
from aurora.tools.harness import Harness
from aurora.tools.registry import ROWS

QUESTION = "what does champion:gpu do that fgd doesn't?"
FIRST_CLAUSE = shipped_champion("gpu").purpose.removesuffix(".")
WITH_A_NUMBER = shipped_champion("gpu-four-lists").purpose.removesuffix(".")
SIMULATIONS = shipped_champion("gpu").provenance.simulations


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return open_desk("sample:gpu-cluster", plans=tmp_path_factory.mktemp("plans"))


@pytest.fixture(scope="module")
def harness(desk):
    made = Harness(desk, list(ROWS))
    made.call("rank_cluster_policies", {"policy_ids": ["champion:gpu", "champion:gpu-four-lists", "fgd"]})
    return made


def struck(text, harness, desk):
    answer = Answer(question=QUESTION, by="openai:m", sentences=tuple(split_sentences(text)))
    return [s.struck for s in check_answer(answer, harness.journal, desk).sentences if s.struck]


def test_without_a_model_it_is_said_what_a_champion_does(desk) -> None:
    made = Harness(desk, list(ROWS))
    answer = check_answer(RulesOperator().answer(QUESTION, made, (), "read"), made.journal, desk)
    assert [(s.text, s.struck) for s in answer.sentences if s.struck] == []
    assert FIRST_CLAUSE in answer.text


@pytest.mark.parametrize(
    "text",
    [
        f'About champion:gpu: "{FIRST_CLAUSE}" [E1].',
        'About fgd: "least growth of fragmentation" [E1].',
        f'About champion:gpu-four-lists: "{WITH_A_NUMBER}" [E1].',  # "four" is read as 4
        f"champion:gpu was trained with {SIMULATIONS:,} simulations [E1].",
        "The source of champion:gpu is openb [E1].",
    ],
)
def test_a_model_may_quote_what_a_policy_does_and_tell_its_training(text, harness, desk) -> None:
    assert struck(text, harness, desk) == []


@pytest.mark.parametrize(
    "text",
    [
        'About champion:gpu: "Never leaves a device idle" [E1].',
        'About fgd: "the best policy there is" [E1].',
        "champion:gpu fragments devices [E1].",
        f"champion:gpu was trained with {SIMULATIONS + 1000:,} simulations [E1].",
        "The source of champion:gpu is swf [E1].",
        f"fgd was trained with {SIMULATIONS:,} simulations [E1].",
    ],
)
def test_what_the_evidence_does_not_say_of_a_policy_is_struck(text, harness, desk) -> None:
    assert struck(text, harness, desk)
