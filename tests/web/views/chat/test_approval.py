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
from aurora.cluster.plans.plan import Effect, Estimate, Measure, Plan
from aurora.cluster.samples.load import load_sample
from aurora.graphs.chat.approval import request
from aurora.web.views.chat.approval import MeasureShown, approval_shown

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
def plans(tmp_path: Path, plan: Plan) -> Path:
    folder.save(tmp_path, plan, WEB_SHOP)
    return tmp_path


def asked(plan: Plan, action="apply", **more) -> dict:
    return request(Approval(plan_id=plan.plan_id, sha256=plan.sha256, action=action), plan, **more)


def test_the_card_has_diff_effect_money_risks_and_expiry(plans: Path, plan: Plan) -> None:
    shown = approval_shown(asked(plan), plans, at=plan.created_at + timedelta(minutes=1))
    assert (shown.title, shown.sha256, shown.may_edit) == (f"Apply plan {plan.plan_id}?", plan.sha256, True)
    assert [(f.name, f.now, f.proposed) for f in shown.changes[0].fields] == [("cordoned", "no", "yes")]
    assert [(c.editable, c.value) for c in shown.changes] == [("", ""), ("node", "node-a2"), ("replicas", "3")]
    assert [m.name for m in shown.effect][:2] == ["tasks that wait", "cost of all nodes"]
    assert shown.effect[1].before == "$2.81/h"
    assert shown.money[0].startswith("Nodes with work cost $2.81/h now")
    assert "stateful" in [kind for kind, _ in shown.risks]
    assert shown.expires.endswith("h.")
    assert not shown.is_expired


def test_an_expired_plan_says_so_and_what_to_do(plans: Path, plan: Plan) -> None:
    shown = approval_shown(asked(plan), plans, at=plan.expires_at + timedelta(minutes=5))
    assert shown.is_expired
    assert shown.expires.startswith("Expired at")


def test_undoing_shows_the_inverse_and_offers_no_edit(plans: Path, plan: Plan) -> None:
    shown = approval_shown(asked(plan, "rollback"), plans)
    assert (shown.action, shown.may_edit, shown.effect) == ("rollback", False, ())
    assert shown.changes[0].title.startswith("scale shop/Deployment/checkout")


def test_a_plan_that_is_gone_or_another_one_is_not_shown_as_if_it_were(plans: Path, plan: Plan) -> None:
    gone = approval_shown(asked(plan), plans / "elsewhere")
    assert "no folder" in gone.warning
    other = asked(plan)
    other["action_requests"][0]["args"]["sha256"] = "0" * 64
    assert "another hash" in approval_shown(other, plans).warning


def test_intervals_stand_beside_estimates(plan: Plan, plans: Path) -> None:
    sides = {"before": Estimate(expected=0.5, low=0.5, high=0.5), "after": Estimate(expected=0.5, low=0.4, high=0.7)}
    effect = Effect(measures=(Measure(name="fullest_node_cpu", unit="share", **sides),), runs=500, method="by hand")
    other = Plan.model_validate({**plan.model_dump(), "effect": effect})
    folder.save(plans, other, WEB_SHOP)
    shown = approval_shown(asked(other), plans)
    assert shown.effect == (MeasureShown("cores in use on the fullest node", "50 %", "50 % (40 % to 70 %)"),)
    assert shown.effect_note == "Simulated 500 times: by hand. In brackets: where 80% of the simulations lie."


def test_an_answer_that_was_no_decision_is_named(plans: Path, plan: Plan) -> None:
    shown = approval_shown(asked(plan, problem="That was no decision: a decision is one of approve."), plans)
    assert shown.problem.startswith("That was no decision")
