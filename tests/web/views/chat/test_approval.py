"""A plan that waits for a decision, as a card."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aurora.agents.operator.answer import Approval
from aurora.cluster.changes import Cordon, Move, Scale
from aurora.cluster.plans import folder
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.plan import Plan
from aurora.cluster.samples.load import load_sample
from aurora.graphs.chat.approval import request
from aurora.tools.desk import Desk
from aurora.web.views.chat.approval import approval_shown

WEB_SHOP = load_sample("web-shop")


@pytest.fixture(scope="module")
def plan() -> Plan:
    changes = [
        Cordon(node_id="node-c1"),
        Move(task_id="shop/redis-2", node_id="node-a2"),
        Scale(workload_id="shop/Deployment/checkout", replicas=3),
    ]
    proposals = [Proposal(c, "asked for") for c in changes]
    return make_plan(WEB_SHOP, proposals, source="test", at=WEB_SHOP.taken_at, effect_of=simulate_effect)


@pytest.fixture
def desk(tmp_path: Path, plan: Plan) -> Desk:
    folder.save(tmp_path, plan, WEB_SHOP)
    return Desk([], snapshot=WEB_SHOP, plans=tmp_path)


def asked(plan: Plan, action="apply", **more) -> dict:
    return request(Approval(plan_id=plan.plan_id, sha256=plan.sha256, action=action), plan, **more)


def test_the_card_has_diff_effect_money_risks_and_expiry(desk: Desk, plan: Plan) -> None:
    shown = approval_shown(asked(plan), desk, at=plan.created_at + timedelta(minutes=1))
    assert (shown.title, shown.sha256, shown.may_edit) == (f"Apply plan {plan.plan_id}?", plan.sha256, True)
    assert [(f.name, f.before, f.after) for f in shown.changes[0].fields] == [("cordoned", "no", "yes")]
    assert shown.plan.effect[0].name == "Tasks that wait"
    assert shown.plan.money[0].startswith("Nodes with work cost $2.81")
    assert "stateful" in [kind for kind, _ in shown.plan.risks]
    assert shown.expires.startswith("May be applied until 2026-")
    assert shown.warning == ""


def test_nodes_of_tasks_and_replicas_may_be_chosen_otherwise(desk: Desk, plan: Plan) -> None:
    choices = approval_shown(asked(plan), desk, at=plan.created_at).choices
    assert [(c.editable, c.value) for c in choices] == [("", ""), ("node", "node-a2"), ("replicas", "3")]
    assert choices[2].change.subject == "shop/Deployment/checkout"


def test_an_expired_plan_says_so_and_what_to_do(desk: Desk, plan: Plan) -> None:
    shown = approval_shown(asked(plan), desk, at=plan.expires_at + timedelta(minutes=5))
    assert shown.warning == "It has expired. Reject it, and ask for a new plan."
    assert shown.expires.startswith("Expired at")


def test_a_plan_that_breaks_a_constraint_says_which(desk: Desk, plan: Plan) -> None:
    move = Proposal(Move(task_id="shop/redis-2", node_id="node-a4"), "asked for")
    other = make_plan(WEB_SHOP, [move], source="test", at=plan.created_at)
    folder.save(desk.plans, other, WEB_SHOP)
    assert "can't be applied as it is" in approval_shown(asked(other), desk, at=plan.created_at).warning


def test_undoing_shows_the_inverse_and_offers_no_edit(desk: Desk, plan: Plan) -> None:
    shown = approval_shown(asked(plan, "rollback"), desk, at=plan.created_at)
    assert (shown.action, shown.may_edit, shown.expires) == ("rollback", False, "")
    assert shown.changes[0].text.startswith("scale shop/Deployment/checkout")


def test_a_plan_that_is_gone_or_another_one_is_not_shown_as_if_it_were(desk: Desk, plan: Plan, tmp_path: Path) -> None:
    empty = Desk([], snapshot=WEB_SHOP, plans=tmp_path / "elsewhere")
    assert "no folder" in approval_shown(asked(plan), empty).warning
    other = asked(plan)
    other["action_requests"][0]["args"]["sha256"] = "0" * 64
    assert "another hash" in approval_shown(other, desk).warning


def test_an_answer_that_was_no_decision_is_named(desk: Desk, plan: Plan) -> None:
    shown = approval_shown(asked(plan, problem="That was no decision: a decision is one of approve."), desk)
    assert shown.problem.startswith("That was no decision")
