"""`/plan edit` in a conversation: any plan becomes another one, which needs its own approval."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aurora.agents.operator.rules import RulesOperator
from aurora.cli.chat.talk import COMMANDS, Talk
from aurora.cluster.changes import Cordon, Scale
from aurora.cluster.plans import folder
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.samples.load import load_sample
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.sessions import Sessions
from aurora.graphs.chat.surroundings import Surroundings
from aurora.tools.desk import Desk

WEB_SHOP = load_sample("web-shop")


@pytest.fixture
def plan(tmp_path):
    changes = [Proposal(Scale(workload_id="shop/Deployment/checkout", replicas=3)), Proposal(Cordon(node_id="node-a1"))]
    made = make_plan(WEB_SHOP, changes, at=datetime.now(UTC))
    folder.save(tmp_path / "plans", made, WEB_SHOP)
    return made


@pytest.fixture
def talk(tmp_path):
    with Sessions(tmp_path / "sessions.sqlite") as sessions:
        row = sessions.new("sample:web-shop")
        desk = Desk([], snapshot=WEB_SHOP, plans=tmp_path / "plans")
        conversation = Conversation(Surroundings(desk, RulesOperator()), row.session_id, sessions.saver)
        yield Talk(conversation, sessions, lambda name: None, "apply")


def plans_of(talk):
    return [p.plan for p in folder.list_plans(talk.conversation.surroundings.desk.plans, datetime.now(UTC))]


def subjects(plan):
    return [c.subject for c in plan.changes]


def test_a_plan_that_nobody_asks_about_is_edited(talk, plan, capsys) -> None:
    talk.say("/mode plan")
    talk.say(f"/plan edit {plan.plan_id} 2")
    (made,) = [p for p in plans_of(talk) if p.plan_id != plan.plan_id]
    assert subjects(made) == ["shop/Deployment/checkout"]
    assert f"To apply it: /mode apply, then /apply {made.plan_id}." in capsys.readouterr().out


def test_the_plan_that_is_asked_about_is_edited_and_asked_about_anew(talk, plan, capsys) -> None:
    talk.say(f"/apply {plan.plan_id}")
    talk.say("/plan edit --drop 2 --cordon node-b2")
    (made,) = [p for p in plans_of(talk) if p.plan_id != plan.plan_id]
    assert subjects(made) == ["shop/Deployment/checkout", "node-b2"]
    assert talk.conversation.request["action_requests"][0]["args"]["sha256"] == made.sha256
    talk.say("/plan edit 1")
    newest = talk.conversation.request["action_requests"][0]["args"]
    assert newest["plan_id"] not in (plan.plan_id, made.plan_id)
    assert "Apply plan" in capsys.readouterr().out
    assert not folder.approvals(talk.conversation.surroundings.desk.plans)


def test_a_conversation_that_only_reads_writes_no_plan(talk, plan, capsys) -> None:
    talk.say("/mode read")
    talk.say("/plan edit 2")
    assert len(plans_of(talk)) == 1
    assert "/mode plan" in capsys.readouterr().err


@pytest.mark.parametrize("rest", ["9", "--scale x", "--move web", "--cordon node-none"])
def test_what_the_options_refuse_is_told_and_the_conversation_goes_on(talk, plan, capsys, rest) -> None:
    talk.say(f"/plan edit {rest}")
    assert "aurora:" in capsys.readouterr().err
    assert len(plans_of(talk)) == 1


def test_every_command_is_listed_beside_its_kin() -> None:
    names = list(COMMANDS)
    assert names.index("/plan edit") == names.index("/plan") + 1
    assert all(c.usage.startswith(name) for name, c in COMMANDS.items())
