"""Tools that make and edit plans on the open cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.samples import load_sample
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.tools.plan_edits import EditPlanArguments, edit_plan
from aurora.tools.plans import NewPlanArguments, PlanShown, new_plan

WEB_SHOP = load_sample("web-shop")
WAITS = "shop/fraud-scoring-7903f034-b2996"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk([], snapshot=WEB_SHOP, plans=tmp_path)


def _made(desk: Desk, **arguments: Any) -> PlanShown:
    return new_plan(desk, NewPlanArguments.model_validate(arguments))


def _texts(shown: PlanShown) -> list[str]:
    return [c.change for c in shown.changes]


def test_named_tasks_move_to_named_nodes(desk: Desk) -> None:
    tasks = ["shop/redis-0", "shop/web-84b75d05-4fc76"]
    shown = _made(desk, goal="move", task_ids=tasks, node_ids=["node-a2", "node-a3"])
    assert _texts(shown)[1:-1] == [f"move {tasks[0]} to node-a2", f"move {tasks[1]} to node-a3"]
    assert not shown.violations
    away = _made(desk, goal="move", node_ids=["node-a1"])
    assert len(_texts(away)) == 5  # three moves, the node closed meanwhile
    harness = Harness(desk, ["make_plan"], may_plan=True)
    harness.call("make_plan", {"goal": "move", "task_ids": tasks, "node_ids": ["node-a2"] * 3})
    assert "one node for all tasks" in harness.journal[-1].text


def test_a_remedy_is_taken_whole(desk: Desk) -> None:
    harness = Harness(desk, ["why_task_waits", "make_plan"], may_plan=True)
    harness.call("why_task_waits", {"task_id": WAITS})
    assert f"aurora plan new SNAPSHOT --remedy {WAITS}=node-a1" in harness.journal[-1].text
    shown = _made(desk, goal="remedy", task_ids=[WAITS])
    assert _texts(shown)[-1] == f"place {WAITS} on node-a1"
    assert not shown.violations


def test_an_edit_is_another_plan_and_both_say_so(desk: Desk) -> None:
    old = _made(desk, goal="drain", node_ids=["node-a1"])
    edit = {
        "plan_id": old.plan_id,
        "leave_out": [2],
        "moves": [{"task_id": "shop/web-84b75d05-4fc76", "node_id": "node-a3"}],
        "replicas": [{"workload_id": "shop/Deployment/checkout", "replicas": 5}],
        "sizes": [{"workload_id": "shop/Deployment/checkout", "requests": {"cpu": 0.2}}],
    }
    shown = edit_plan(desk, EditPlanArguments.model_validate(edit))
    assert _texts(shown) == [
        "cordon node-a1",
        "move shop/images-aed35411-a1832 to node-a3",
        "move shop/web-84b75d05-4fc76 to node-a3",
        "scale shop/Deployment/checkout to 5",
        "resize checkout of shop/Deployment/checkout: requests cpu 0.2 cores",
    ]
    assert (shown.replaces, shown.status) == (old.plan_id, "new")
    assert shown.made_with is not None
    assert shown.made_with.command.startswith('edit_plan {"plan_id":')
    harness = Harness(desk, ["show_plan"])
    harness.call("show_plan", {"plan_id": old.plan_id})
    assert '"status":"replaced"' in harness.journal[-1].text.replace(" ", "")


def test_what_a_plan_breaks_is_shown_when_it_is_made(desk: Desk) -> None:
    shown = _made(desk, goal="scale", workload_ids=["shop/Deployment/checkout"], replicas=900)
    assert [v.code for v in shown.violations] == ["does not fit"]


def test_no_plan_is_edited_in_mode_read(desk: Desk) -> None:
    old = _made(desk, goal="drain", node_ids=["node-a1"])
    harness = Harness(desk, ["edit_plan"], may_plan=False)
    harness.call("edit_plan", {"plan_id": old.plan_id, "leave_out": [1]})
    assert harness.journal[-1].outcome == "refused"
