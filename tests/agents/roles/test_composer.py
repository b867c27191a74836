"""The composer: what a model proposes is checked, measured and learned from; bad proposals are sent back."""

import json

import pytest

from aurora.agents.roles.composer import MOST_PROPOSED, composer, limits_in_words, reward_in_words
from aurora.errors import AnswerError
from aurora.learning.composition.searching.search import search
from aurora.prompts.loader import load_prompt
from tests.agents.scripted_model import scripted
from tests.learning.composition.made_up_search import made_up_problem

PROBLEM, TABLE = made_up_problem()
PROMPT = load_prompt("composer")
ORDER = sorted(PROBLEM.space, key=lambda p: PROBLEM.worth(TABLE[p]))
BEST, WORST, SECOND = ORDER[-1], ORDER[0], ORDER[-2]


def answer(*pipelines):
    return json.dumps({"pipelines": [{"pipeline": str(p), "why": f"{p} looks good"} for p in pipelines]})


def searched(*replies, budget=5):
    model = scripted(*replies)
    remarks = []
    made = composer(model, PROMPT, "made up", budget, remarks.append)
    return search(PROBLEM, TABLE.__getitem__, budget=budget, agent=made), model.inner.sent, remarks


def test_what_is_proposed_is_measured_in_its_order_until_nothing_is_proposed():
    result, sent, remarks = searched(answer(WORST, SECOND), answer(BEST), answer())
    assert [step.pipeline for step in result.steps] == [WORST, SECOND, BEST]
    assert result.choice == BEST
    assert remarks == [f"{p}: {p} looks good" for p in (WORST, SECOND, BEST)]
    assert len(sent) == 3
    second = sent[1][1].text
    assert second.index(str(SECOND)) < second.index(str(WORST)), "the best is shown first"
    assert f"{TABLE[SECOND].accuracy:.4f}" in second
    assert "3 measurements are left" in second


def test_the_budget_ends_the_search_within_an_answer():
    result, sent, _ = searched(answer(WORST, SECOND), budget=1)
    assert len(result.steps) == 1
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("no pipeline >", "expected"),
        ("invented + m0", "invented is none of the listed chains"),
        (str(WORST), "is measured already"),
    ],
)
def test_a_bad_proposal_is_sent_back_with_the_reason(bad, reason):
    result, sent, _ = searched(answer(WORST), answer(bad), answer(SECOND), answer())
    assert [step.pipeline for step in result.steps] == [WORST, SECOND]
    assert reason in sent[2][-1].text


def test_a_model_that_never_answers_well_is_an_error():
    with pytest.raises(AnswerError):
        searched(*[answer("invented")] * 9)


def test_more_than_a_few_proposals_are_sent_back():
    many = [p for p in ORDER if p not in (BEST, WORST)][: MOST_PROPOSED + 1]
    _, sent, _ = searched(answer(*many), answer(BEST), answer())
    assert "at most 3" in sent[1][-1].text


def test_the_reward_is_told_with_its_scales_and_without_terms_of_no_weight():
    assert reward_in_words(PROBLEM).startswith("1 x accuracy - 0.2 x latency / ")
    only, _ = made_up_problem(latency=0.0, cost=0.0)
    assert reward_in_words(only) == "1 x accuracy"
    assert "at most 2 stages" in limits_in_words(PROBLEM)
