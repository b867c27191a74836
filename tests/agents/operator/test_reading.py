"""Answers say how the question was read, where it may be read in another way."""

import pytest

from aurora.agents.operator.answering.reading import read_as
from aurora.agents.operator.questions import KINDS
from aurora.agents.operator.rules import RulesOperator
from aurora.cluster.samples import load_sample
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.tools.registry import ROWS

SLOTS = {"task": ["a", "b"], "node": "n", "zone": ["x", "y"], "workload": "all", "factor": 1.3, "count": 2, "like": "n",
         "policies": ["p", "q"], "plan": "1a2b3c4d5e6f", "goal": "scale", "replicas": 3, "order": "fullest",
         "horizon": 7200.0, "confidence": 0.95}  # fmt: skip


@pytest.fixture(scope="module")
def desk():
    return Desk([], snapshot=load_sample("web-shop"))


def ask(desk, question):
    return RulesOperator().answer(question, Harness(desk, list(ROWS)), (), "read")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_reading(kind):
    text = read_as(kind, SLOTS)
    assert text and "{" not in text and "'" not in text


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        ("what if the load goes up by 30 percent", "what if the load of every workload rises by 30 %?"),
        ("what if a3 and b3 die", "what if node-a3 and node-b3 fail?"),
        ("scale the web to 14", ""),
        ("what if b2 dies", ""),
        ("how much will the order worker need in 2 hours",
         "how much will shop/Deployment/orders-worker need in the next 2 hours?"),
    ],
)  # fmt: skip
def test_the_reading_is_said_where_names_were_inferred(desk, question, reading):
    answer = ask(desk, question)
    assert answer.read_as == reading
    assert not answer.asks_back
    assert answer.reading.startswith(f"Read as: {reading}") if reading else answer.reading == ""


def test_two_questions_are_both_read(desk):
    answer = ask(desk, "what if a3 and b3 die, and what if prices rise by 20 %?")
    assert answer.read_as == "what if node-a3 and node-b3 fail? what if the prices of all nodes rise by 20 %?"
