"""The operator without a model: what it understands, and that what it says is borne out."""

import pytest

from aurora.agents.operator.answer import Turn
from aurora.agents.operator.checking import check_answer
from aurora.agents.operator.rules import RulesOperator
from aurora.agents.operator.understanding.meaning import understand
from aurora.graphs.chat.opening import open_desk
from aurora.tools.harness import Harness
from aurora.tools.registry import ROWS

QUESTIONS = {
    "web-shop": (
        "why is the database on node c3?",
        "why is web on a2",
        "why is network-agent on node-b1",
        "why is fraud scoring pending",
        "why isn't train-ranking running",
        "what is waiting",
        "why isn't postgres-0 on node a1",
        "what if load grows by 30 %",
        "what if web doubles",
        "what if load drops 20 percent",
        "what if b2 dies",
        "what would happen if zone b goes dark",
        "what if I add two nodes like a3",
        "add two nodes",
        "what if prices rise by 20 %",
        "can we do without c4",
        "how full is the cluster",
        "fullest nodes",
        "dearest nodes",
        "emptiest nodes",
        "show b2",
        "show postgres-0",
        "show checkout",
        "help",
        "forecast web for the next hour",
        "how much memory will postgres need in 30 minutes",
        "forecast grafana for the next hour",
        "how many cores should I reserve for web to be 95 % sure",
        "how much should I reserve",
        "what is oversized",
        "is images oversized",
        "is the recommender sized right",
        "is grafana oversized",
        "what do you recommend",
        "which policy is best here",
        "compare best_fit and least_allocated",
        "make a plan to place what waits",
        "scale web to 14",
        "resize images",
        "drain node b2",
        "drain c2",
        "is the plan still valid",
        "apply the plan",
        "undo the plan",
        "is plan 3f2a9c1b04de valid",
    ),
    "gpu-cluster": (
        "what is waiting",
        "why is distil waiting",
        "why is chat canary pending",
        "why is chat large not on h100-1",
        "why is the notebook on t4-1",
        "what if h100-2 dies",
        "what if load grows by 30 %",
        "emptiest nodes",
        "show t4-3",
        "show mig-1",
        "show embeddings",
        "status",
        "what do you recommend",
        "which policy is best",
        "make a plan to place what waits",
        "drain h100-1",
        "what is oversized",
        "forecast embeddings",
        "compare fgd and best fit",
    ),
    "hpc-queue": (
        "what is waiting",
        "why is 81500 waiting",
        "why is 81512 waiting",
        "why is 81455_5 still queued",
        "why is job 81523 pending",
        "why isn't 81544 on gv01",
        "what if cn03 dies",
        "what if prices double",
        "add two nodes",
        "show cn14",
        "show job 81204",
        "status",
        "what do you recommend",
        "which policy is best",
        "make a plan to place what waits",
        "drain cn03",
        "how much should I reserve",
        "compare fcfs and sjf+easy",
    ),
}
CASES = [(sample, question) for sample, questions in QUESTIONS.items() for question in questions]


@pytest.fixture(scope="module")
def desks(tmp_path_factory):
    return {name: open_desk(f"sample:{name}", plans=tmp_path_factory.mktemp(name)) for name in QUESTIONS}


@pytest.fixture(scope="module")
def operator():
    return RulesOperator()


def ask(operator, desk, question, history=(), mode="plan"):
    harness = Harness(desk, list(ROWS), may_plan=mode != "read")
    return check_answer(operator.answer(question, harness, history, mode), harness.journal, desk)


@pytest.mark.parametrize(("sample", "question"), CASES, ids=[f"{s}: {q}" for s, q in CASES])
def test_every_sentence_is_borne_out(operator, desks, sample, question):
    answer = ask(operator, desks[sample], question)
    assert [(s.text, s.struck) for s in answer.sentences if s.struck] == []
    assert len(answer.sentences) > 1
    assert not answer.asks_back


def test_no_plan_is_made_in_mode_read(operator, desks):
    answer = ask(operator, desks["web-shop"], "scale web to 14", mode="read")
    assert "/mode plan" in answer.text
    answer = ask(operator, desks["web-shop"], "drain node b2", mode="read")
    assert "4 tasks" in answer.text and "/mode plan" in answer.text


def test_a_plan_is_applied_by_approval_in_mode_apply_only(operator, desks):
    desk = desks["web-shop"]
    ask(operator, desk, "drain node b2")
    plan_id = operator.names(desk).plan_ids[0]
    told = ask(operator, desk, f"apply plan {plan_id}")
    assert told.approval is None and f"/apply {plan_id}" in told.text
    asked = ask(operator, desk, f"apply plan {plan_id}", mode="apply")
    assert (asked.approval.plan_id, asked.approval.action) == (plan_id, "apply")


def test_first_answer_says_that_it_is_by_rules_and_how_to_connect_a_model(operator, desks):
    first = ask(operator, desks["web-shop"], "status")
    assert "fixed rules" in first.sentences[0].text and "--model" in first.sentences[0].text
    second = ask(operator, desks["web-shop"], "status", (Turn(question="status", answer=first),))
    assert "fixed rules" not in second.text


@pytest.mark.parametrize(
    "question",
    ["what is the weather", "foo bar", "why is distil waiting", "who won the match", "why", "", "?", "bake me a cake"],
)
def test_what_is_not_understood_is_asked_back(operator, desks, question):
    answer = ask(operator, desks["web-shop"], question)
    assert answer.asks_back
    assert not answer.tables


def test_two_questions_at_once_are_answered_in_turn(operator, desks):
    answer = ask(operator, desks["web-shop"], "why is fraud-scoring pending and what does the cluster cost per hour?")
    assert not answer.asks_back and not [s for s in answer.sentences if s.struck]
    texts = [s.text for s in answer.sentences]
    first, second = (
        texts.index(t) for t in ("First: why is fraud-scoring pending?", "Second: what does the cluster cost per hour?")
    )
    assert any("fraud-scoring" in t for t in texts[first + 1 : second])
    assert any("an hour" in t for t in texts[second + 1 :])


def test_of_four_questions_three_are_answered_and_the_rest_is_said(operator, desks):
    question = "show b2; what is waiting; which policy is best; drain b3"
    answer = ask(operator, desks["web-shop"], question)
    texts = [s.text for s in answer.sentences]
    assert "Third: which policy is best?" in texts and not any("b3" in t for t in texts)
    assert "3 questions at a time" in texts[-1]


def test_what_follows_from_a_change_is_part_of_its_question(operator, desks):
    meaning = understand("what if b2 dies, and which pods are waiting then?", operator.names(desks["web-shop"]))
    assert (meaning.kind, meaning.several) == ("what_if_node_fails", ())


def test_it_refers_to_what_an_earlier_clause_names(operator, desks):
    names = operator.names(desks["web-shop"])
    meaning = understand("fraud-scoring has been there since this morning. what exactly is it waiting for?", names)
    assert (meaning.kind, meaning.slots) == ("why_waiting", {"task": "shop/fraud-scoring-7903f034-b2996"})


def test_it_refers_to_what_was_asked_before(operator, desks):
    desk = desks["web-shop"]
    first = ask(operator, desk, "show node b2")
    history = (Turn(question="show node b2", answer=first),)
    meaning = understand("what if it dies?", operator.names(desk), history)
    assert (meaning.kind, meaning.slots) == ("what_if_node_fails", {"node": "node-b2"})


def test_the_second_one_is_the_second_row(operator, desks):
    desk = desks["web-shop"]
    first = ask(operator, desk, "dearest nodes")
    history = (Turn(question="dearest nodes", answer=first),)
    meaning = understand("what if the second one fails?", operator.names(desk), history)
    assert (meaning.kind, meaning.slots) == ("what_if_node_fails", {"node": first.tables[0].rows[1][0]})
