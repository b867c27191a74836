"""Ten turns with a model: looked up, planned, checked, edited, approved, applied to files, and rolled back."""

from __future__ import annotations

import json
import re

from aurora.agents.roles.operator import ModelOperator
from aurora.cluster.plans import folder
from aurora.prompts.loader import load_prompt
from tests.agents.scripted_model import calls, scripted
from tests.graphs.chat.conftest import text_of

TWO = {"goal": "scale", "workload_ids": ["shop/Deployment/checkout", "shop/Deployment/orders-worker"], "replicas": 3}


def result(messages, tool):
    """Return the newest result of a tool that a model has read."""
    shown = next(m.text for m in reversed(messages) if m.type == "tool" and m.name == tool)
    return json.loads(shown[shown.index("{") :].split("\n")[0])


def cited(messages, text):
    """Return a sentence that cites the newest evidence."""
    number = max(int(n) for m in messages if m.type == "tool" for n in re.findall(r"^\[E(\d+)\]", m.text))
    return " ".join(f"{part} [E{number}]." for part in text.split(". "))


def says(text, tool=""):
    """Return a reply that fills a text from the newest result of a tool."""
    return lambda messages: cited(messages, text.format(**result(messages, tool)) if tool else text)


def test_a_plan_is_made_edited_approved_applied_and_rolled_back(talk, plans) -> None:
    known: dict[str, str] = {}

    def apply(messages):
        return calls(("apply_plan", {"plan_id": known["id"], "sha256": known["sha256"]}))

    def undo(messages):
        return calls(("roll_back_plan", {"plan_id": known["id"]}))

    model = scripted(
        calls(("cluster_overview", {})),
        says("12 nodes are there, and 3 pods wait"),
        calls(("find_nodes", {"limit": 3})),
        says("node-b1 is the fullest node. It has 0.82 cores free"),
        calls(("cluster_what_if", {"changes": [{"kind": "node_fails", "node_id": "node-a1"}]})),
        says("If node-a1 fails, 3 tasks lose their node"),
        calls(("make_plan", TWO)),
        says("I can't write a plan in this mode"),
        calls(("make_plan", TWO)),
        says("Plan {plan_id} has {change_count} changes", "make_plan"),
        lambda messages: calls(("check_plan", {"plan_id": known["id"]})),
        says("Plan {plan_id} breaks no constraint", "check_plan"),
        apply,
        calls(("list_plans", {})),
        lambda messages: cited(messages, f"Plan {known['id']} is applied"),
        undo,
    )
    one = talk(ModelOperator(model, load_prompt("operator")))
    assert "3 pods wait" in text_of(one.ask("how full is it?"))
    assert "0.82 cores" in text_of(one.ask("which node is fullest?"))
    assert "3 tasks lose" in text_of(one.ask("what if node-a1 fails?"))
    assert "can't write a plan" in text_of(one.ask("scale checkout and orders-worker to three"))
    assert not plans.exists()
    one.ask("/mode plan")
    made = text_of(one.ask("now scale them"))
    plan = folder.list_plans(plans, one.surroundings.clock())[0].plan
    known.update(id=plan.plan_id, sha256=plan.sha256)
    assert f"Plan {plan.plan_id} has 2 changes." in made
    one.ask("is it valid?")
    one.ask("/mode apply")
    step = one.ask("apply it")
    edited = {"name": "apply_plan", "args": {**step.request["action_requests"][0]["args"], "without": [2]}}
    step = one.decide({"type": "edit", "edited_action": edited})
    known["id"] = step.request["action_requests"][0]["args"]["plan_id"]
    assert known["id"] != plan.plan_id
    assert f"Plan {known['id']} is applied" in text_of(one.decide({"type": "approve"}))
    assert f"Plan {known['id']} is applied" in text_of(one.ask("what was done?"))
    step = one.ask("roll it back")
    assert step.request["action_requests"][0]["name"] == "roll_back_plan"
    assert "is rolled back" in text_of(one.decide({"type": "approve"}))
    assert len(one.turns) == 11
    assert folder.progress_of(plans, folder.load(plans, known["id"])).state == "rolled back"
    assert folder.progress_of(plans, plan).state == "not started"
    assert not [p for p in (plans / f"{known['id']}-files").rglob("*") if p.is_file()]
