"""The operator by rules says nothing that the check strikes, and asks nothing back where the full name is given.

Every kind of question is asked about objects of the samples: about a few by default, about all of them when slow.
"""

from __future__ import annotations

import random
from functools import cache

import pytest

from aurora.agents.operator.checking import check_answer
from aurora.agents.operator.rules import RulesOperator
from aurora.graphs.chat.opening import open_desk
from aurora.tools.harness import Harness
from aurora.tools.registry import ROWS

SAMPLES = ("web-shop", "gpu-cluster", "hpc-queue")
FEW = 2
"""Objects of each sort that each kind is asked about by default."""
ALONE = (
    "what if load grows by 30 %?",
    "what if load doubles?",
    "what if load falls by half?",
    "what if prices rise by 20 %?",
    "which nodes are the fullest?",
    "which nodes are the emptiest?",
    "which nodes cost the most?",
    "what do you recommend?",
    "what is oversized?",
    "what is waiting?",
    "how full is the cluster?",
    "make a plan to place what waits",
    "which policy is best here?",
    "compare best_fit and least_allocated",
    "is anything about to run out of memory?",
    "is anything about to run out of memory?",
    "which pods are wasting the most money?",
    "hi, what can you do?",
    "help",
)


@cache
def desk_of(sample, folder):
    return open_desk(f"sample:{sample}", plans=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plans")


def questions(cluster, few=None):
    """Yield every kind of question about the objects of a cluster, of each sort only a few where that is given."""
    draw = random.Random(7)

    def some(objects, most=None):
        most = min(len(objects), few or most or len(objects))
        return draw.sample(objects, most)

    nodes = [n.node_id for n in cluster.nodes]
    waiting = [t.task_id for t in cluster.tasks if t.state == "pending"]
    running = [t.task_id for t in cluster.tasks if t.state == "running"]
    ended = [t.task_id for t in cluster.tasks if t.state not in ("pending", "running")]
    workloads = sorted({t.workload_id for t in cluster.tasks if t.workload_id})
    yield from ALONE
    yield from (f"why is {t} not on {n}?" for t in some(waiting, 12) for n in some(nodes))
    yield from (f"why is {t} not on {n}?" for t in some(running, 20) for n in some(nodes, 4))
    yield from (f"why is {t} waiting?" for t in (*some(waiting), *some(running, 8), *some(ended)))
    yield from (f"why is {t} on its node?" for t in (*some(running, 20), *some(ended)))
    yield from (f"show {t}" for t in (*some(running), *some(waiting), *some(ended)))
    for ask in ("show {}", "what if {} fails?", "what if I remove {}?", "drain {}", "what if I add 2 nodes like {}?"):
        yield from (ask.format(n) for n in some(nodes))
    for ask in (
        "show {}",
        "is {} oversized?",
        "how much will {} need in the next hour?",
        "how much memory does {} really use vs request?",
        "is {} about to run out of memory?",
        "how much should I reserve for {} to be 97.5 % sure?",
        "how much should I reserve for {} to be 92 % sure?",
        "what if the load of {} grows by 30 %?",
        "what if the load of {} grows by 250 %?",
    ):
        yield from (ask.format(w) for w in some(workloads))
    yield from (f"{ask} {w}" for w in workloads if "nightly-export" in w for ask in ("show", "resize"))


def faults(sample, folder, few=None):
    desk, operator = desk_of(sample, folder), RulesOperator()
    for question in questions(desk.cluster, few):
        harness = Harness(desk, list(ROWS), may_plan=True)
        answer = check_answer(operator.answer(question, harness, (), "plan"), harness.journal, desk)
        if answer.asks_back and not any(s.cites for s in answer.sentences):
            yield question, "asks back", answer.sentences[-1].text
        yield from ((question, s.text, s.struck) for s in answer.sentences if s.struck)


@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_is_struck_nor_asked_back_about_a_few_objects(sample, folder) -> None:
    assert list(faults(sample, folder, FEW)) == []


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_is_struck_nor_asked_back_about_all_objects(sample, folder) -> None:
    assert list(faults(sample, folder)) == []


@pytest.mark.parametrize(
    ("sample", "question", "says"),
    [
        ("web-shop", "hi, what can you do?", "You can ask about"),
        ("web-shop", "hello there", "Hello."),
        ("web-shop", "how much memory does checkout really use vs request", "use 1.028 cores and 2.09 GiB together"),
        ("web-shop", "which pods are wasting the most money", "costs $0.10 an hour"),
        ("web-shop", "is anything about to run out of memory", "kill for memory within a week is 58.2 %"),
        ("hpc-queue", "is anything about to run out of memory", "I don't know"),
        ("web-shop", "show batch/Job/nightly-export", "has ended"),
        ("web-shop", "why is nightly-export waiting?", "has ended"),
        ("web-shop", "how much should I reserve for api to be 92.5 % sure?", "95 % is the next one above"),
        ("web-shop", "is shop/Deployment/api oversized?", "Fits: cpu of api"),
        (
            "hpc-queue",
            "why is 81523 not on gn03?",
            "It asks for 8 nvidia.com/gpu, and gn03 has 4 nvidia.com/gpu in all.",
        ),
        ("hpc-queue", "why is 81440 waiting?", "81440 does not wait: it is running on gn02."),
        ("hpc-queue", "show cn01", "6.5 % of memory on cn01 is requested (16 GiB of 248 GiB)."),
    ],
)
def test_what_was_struck_is_said(sample, question, says, folder) -> None:
    desk = desk_of(sample, folder)
    harness = Harness(desk, list(ROWS), may_plan=True)
    answer = check_answer(RulesOperator().answer(question, harness, (), "plan"), harness.journal, desk)
    assert any(says in s.text and not s.struck for s in answer.sentences)


@pytest.mark.parametrize(
    ("sample", "question", "true", "false"),
    [
        ("hpc-queue", "why is 81440 waiting?", "it is running on gn02", "it is running on gn01"),
        ("hpc-queue", "why is 81510 not on cn14?", "does not fit: is cordoned", "does not fit: is not cordoned"),
        ("gpu-cluster", "show serving/reranker-f33ae7eb-a547d", "1 nvidia.com/mig-1g", "3 nvidia.com/mig-1g"),
        ("hpc-queue", "show cn01", "6.5 %", "7.5 %"),
        ("hpc-queue", "why is 81523 not on gn03?", "gn03 has 4", "gn03 has 6"),
        ("web-shop", "is shop/Deployment/api oversized?", "requests 0.75 cores", "requests 0.95 cores"),
        ("web-shop", "show batch/Job/nightly-export", "is finished", "is failed"),
        ("web-shop", "is anything about to run out of memory", "58.2 %", "28.2 %"),
        ("web-shop", "which pods are wasting the most money", "$0.10 an hour", "$0.30 an hour"),
        ("web-shop", "how much memory does checkout really use vs request", "2.09 GiB", "3.09 GiB"),
    ],
)
def test_false_ones_of_these_stay_struck(sample, question, true, false, folder) -> None:
    desk = desk_of(sample, folder)
    harness = Harness(desk, list(ROWS), may_plan=True)
    answer = RulesOperator().answer(question, harness, (), "plan")
    changed = [s.model_copy(update={"text": s.text.replace(true, false)}) for s in answer.sentences if true in s.text]
    assert changed
    checked = check_answer(answer.model_copy(update={"sentences": tuple(changed)}), harness.journal, desk)
    assert all(s.struck for s in checked.sentences)


def test_questions_back_name_plans_that_exist_or_none(folder) -> None:
    desk = desk_of("web-shop", folder / "plans-of-this-test")
    harness = Harness(desk, list(ROWS), may_plan=True)
    answer = RulesOperator().answer("undo it", harness, (), "plan")
    assert answer.asks_back
    assert not any("plan " in question for question in answer.asks_back)
    RulesOperator().answer("drain node-b2", harness, (), "plan")
    plan = next(iter(desk.plans.glob("*.json"))).stem
    answer = RulesOperator().answer("what do you know about plans", harness, (), "plan")
    assert f"is plan {plan} still valid?" in answer.asks_back
