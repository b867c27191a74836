"""Understanding of questions, measured on our own wordings; those of the benchmark are not used here."""

import time
from pathlib import Path

import pytest

from aurora.agents.operator.answering.talk import POLICY_IDS
from aurora.agents.operator.lists import entries
from aurora.agents.operator.questions import KINDS, QUESTIONS
from aurora.agents.operator.rules import _ANSWERS
from aurora.agents.operator.understanding.meaning import understand
from aurora.agents.operator.understanding.names import Names
from aurora.agents.operator.understanding.similarity import examples
from aurora.cluster.samples import load_sample
from aurora.evals.understanding import bench_understanding, same_slots
from aurora.tools.desk import Desk
from aurora.tools.registry import TOOLS

OWN = Path(__file__).parent / "questions.jsonl"


@pytest.fixture(scope="module")
def names():
    return Names(Desk([], snapshot=load_sample("web-shop")), (), POLICY_IDS)


def test_every_kind_has_examples_an_answer_and_tools_that_exist():
    assert set(QUESTIONS) == set(KINDS) == set(_ANSWERS)
    for kind, row in QUESTIONS.items():
        assert len(entries(f"examples/{kind}")) >= 20, kind
        assert set(row.tools) <= set(TOOLS), kind


def test_own_questions_are_understood_and_few_are_taken_for_others():
    result = bench_understanding(OWN)
    assert result["right"]["share"] > 0.85
    assert result["wrong"]["share"] < 0.02


@pytest.mark.parametrize(
    ("question", "kind", "slots"),
    [
        ("why is shop/postgres-0 on node-c3?", "why_here", {"task": "shop/postgres-0"}),
        ("why is the database on node c3", "why_here", {"task": "shop/postgres-0"}),
        ("why is the databse on c3", None, {}),
        ("what if load grows by 30 %", "what_if_load", {"factor": 1.3, "workload": "all"}),
        ("what if load drops by half", "what_if_load", {"factor": 0.5, "workload": "all"}),
        ("what if web's traffic triples", "what_if_load", {"factor": 3.0, "workload": "shop/Deployment/web"}),
        ("what if node b2 and node b3 fail", "what_if_node_fails", {"node": ["node-b2", "node-b3"]}),
        ("what if prices fall 20 percent", "what_if_price", {"factor": 0.8, "node": "all"}),
        ("compare best-fit with worst_fit", "compare_policies", {"policies": ["best_fit", "worst_fit"]}),
        (
            "scale checkout to six",
            "make_plan",
            {"goal": "scale", "workload": "shop/Deployment/checkout", "replicas": 6},
        ),
    ],
)
def test_slots_are_found(names, question, kind, slots):
    meaning = understand(question, names)
    assert meaning.kind == kind
    assert same_slots(slots, meaning.slots)


@pytest.mark.parametrize(
    "question",
    [
        "don't drain node-b2",
        "do not apply 3f2a9c1b04de",
        "what if node-z9 fails",
        "drain node x7",
        "delete shop/postgres-0",
        "x" * 5000,
        "why is " * 400,
        "\x00\x1b[31m",
        "?" * 100,
        "' OR 1=1 --",
    ],
)
def test_nothing_is_guessed(names, question):
    assert understand(question, names).kind is None


def test_understanding_takes_milliseconds(names):
    examples()
    started = time.perf_counter()
    for _ in range(20):
        understand("how many cores should I reserve for web to be 95 % sure over the next hour?", names)
    assert (time.perf_counter() - started) / 20 < 0.1
