"""A plan of the conversation's folder is explained by claims that were recomputed."""

from datetime import timedelta
from pathlib import Path

from aurora.cluster.plans import folder
from aurora.cluster.plans.making import make_plan
from aurora.cluster.plans.proposals import propose_drain
from aurora.cluster.samples import load_sample, sample_history
from aurora.tools.desk import Desk
from aurora.tools.plan_explanation import ExplainPlanArguments, explain_plan


def test_the_tool_returns_claims_and_compares_with_the_open_cluster(tmp_path: Path) -> None:
    shop = load_sample("web-shop")
    plan = make_plan(shop, propose_drain(shop, "node-a1").proposals)
    folder.save(tmp_path, plan, shop)
    history = sample_history("web-shop").series
    arguments = ExplainPlanArguments(plan_id=plan.plan_id)
    at_once = explain_plan(Desk([], snapshot=shop, series=history, plans=tmp_path), arguments)
    assert at_once.left_out == ()
    kinds = {c.kind for c in at_once.claims}
    assert {"group", "avoided", "room", "forecast", "expected"} <= kinds
    assert "came" not in kinds
    group = next(c for c in at_once.claims if c.kind == "group")
    assert group.fields["nodes"]
    assert group.text
    later = shop.model_copy(update={"taken_at": shop.taken_at + timedelta(minutes=5)})
    came = explain_plan(Desk([], snapshot=later, plans=tmp_path), arguments)
    assert "0 of 3 tasks where planned" in came.text
