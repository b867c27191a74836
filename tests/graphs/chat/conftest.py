"""A conversation about the web shop, with an operator of our own and plans in a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from aurora.agents.operator.answer import Answer, Approval, Sentence
from aurora.cluster.changes import Cordon, Scale
from aurora.cluster.plans import folder
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.plan import Plan
from aurora.cluster.samples.load import load_sample
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.desk import Desk

WEB_SHOP = load_sample("web-shop")


class Says:
    """An operator that does as told; see `aurora.agents.operator.answer.Operator`."""

    name = "openai:test"

    def __init__(self, reply: Callable[[str, Any, Any, str], Answer]) -> None:
        self.reply = reply

    def answer(self, question: str, harness: Any, history: Any, mode: Any, audience: Any = None) -> Answer:
        return self.reply(question, harness, history, mode)


def overview(question: str, harness: Any, history: Any, mode: str) -> Answer:
    """Look at the cluster, say something true and something false, and want a plan that the question names."""
    harness.call("cluster_overview", {})
    cites = (f"E{harness.journal[-1].number}",)
    wanted = None
    word, _, plan_id = question.partition(" ")
    if word in ("apply", "rollback"):
        plan = folder.load(harness.desk.plans, plan_id)
        wanted = Approval(plan_id=plan.plan_id, sha256=plan.sha256, action=word)
    return Answer(
        question=question,
        by="openai:test",
        sentences=(
            Sentence(text="82 pods run and 3 wait.", cites=cites),
            Sentence(text="The cluster has 14 nodes.", cites=cites),
        ),
        approval=wanted,
    )


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    return tmp_path / "plans"


@pytest.fixture
def plan(plans: Path) -> Plan:
    """Two changes that files can make."""
    made = make_plan(
        WEB_SHOP,
        [
            Proposal(Scale(workload_id="shop/Deployment/checkout", replicas=3), "less load"),
            Proposal(Cordon(node_id="node-a1"), "to be looked at"),
        ],
        at=datetime.now(UTC),
    )
    folder.save(plans, made, WEB_SHOP)
    return made


@pytest.fixture
def talk(plans: Path) -> Callable[..., Conversation]:
    """Return what opens a conversation."""

    def open_one(reply: Any = overview, **settings: Any) -> Conversation:
        operator = reply if hasattr(reply, "answer") else Says(reply)
        desk = settings.pop("desk", None) or Desk([], snapshot=WEB_SHOP, plans=plans)
        return Conversation(Surroundings(desk, operator, **settings), "t", InMemorySaver())

    return open_one


def text_of(step: Any) -> str:
    """Return the told text of a step."""
    assert step.answer is not None, step
    return step.answer.text
