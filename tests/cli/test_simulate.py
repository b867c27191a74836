"""The commands `aurora simulate` and `aurora compare`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import aurora

TASKS = [
    {"task_id": "web", "arrival_time": 0, "duration": 60, "cpu_required": 3},
    {"task_id": "db", "arrival_time": 10, "duration": 60, "cpu_required": 2, "sla_latency_ms": 1000},
]


def written(path: Path, tasks: list[dict[str, Any]] = TASKS, name: str = "small") -> Path:
    data = {
        "scenario_id": name,
        "domain": "cloud",
        "nodes": [{"node_id": "node-a", "cpu": 4, "price_per_hour": 60}],
        "workload_definition": {"time_horizon": 60, "tasks": tasks},
    }
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return written(tmp_path / "small.json")


def test_simulate_shows_the_allocation_with_units(small: Path) -> None:
    lines = aurora("simulate", str(small), "first_fit").stdout.splitlines()
    assert "web\tnode-a\t0 s\t0 s\t0 s\t1 min\tno limit" in lines
    assert "db\tnode-a\t10 s\t1 min\t50 s\t2 min\tlate by 49 s" in lines
    assert "bill, all nodes that are up\t$2.00" in lines
    assert "cost, paid by tasks\t$1.25" in lines
    assert any(line.startswith("qos\t0.5000\t25 %") for line in lines)


def test_a_task_that_fits_nowhere_is_named_on_stderr_and_in_json(tmp_path: Path) -> None:
    huge = written(tmp_path / "huge.json", [*TASKS, {**TASKS[0], "task_id": "huge", "cpu_required": 512}])
    done = aurora("simulate", str(huge), "first_fit", "--json")
    assert "1 of 3 tasks can never be placed: huge (asks for 512 cores, the largest node has 4)" in done.stderr
    task = json.loads(done.stdout)["tasks"][2]
    assert (task["status"], task["reason"]) == ("unplaceable", "asks for 512 cores, the largest node has 4")
    assert "huge\tunplaceable\tasks for 512 cores" in aurora("simulate", str(huge), "first_fit").stdout


@pytest.fixture
def limited(tmp_path: Path) -> Path:
    """Return a file of two nodes, whose tasks may use the first only."""
    path = written(tmp_path / "limited.json", [{**t, "allowed_nodes": ["node-a"]} for t in TASKS])
    data = json.loads(path.read_text())
    data["nodes"].append({"node_id": "node-b", "cpu": 64})
    data["workload_definition"]["tasks"].append(
        {**TASKS[0], "task_id": "big", "cpu_required": 8} | {"allowed_nodes": ["node-a"]}
    )
    path.write_text(json.dumps(data))
    return path


def test_tasks_wait_for_the_nodes_that_they_may_use(limited: Path) -> None:
    done = aurora("simulate", str(limited), "cheapest", "--json")
    web, db, big = json.loads(done.stdout)["tasks"]
    assert (web["node_id"], db["node_id"], db["start"]) == ("node-a", "node-a", 60)
    assert big["reason"] == "asks for 8 cores, its only allowed node, node-a, has 4"
    explained = aurora("explain", str(limited), "cheapest", "--task", "db").stdout
    assert "It waited 50 s: until web ended no allowed node had 2 free cores (node-a: 1)." in explained
    never = aurora("explain", str(limited), "cheapest", "--task", "big").stdout
    assert "Task big can never be placed: it asks for 8 cores, its only allowed node has 4." in never
    why = aurora("explain", str(limited), "cheapest", "--task", "db", "--why-not", "node-b", "--json").stdout
    assert json.loads(why)["why_not"]["because"] == "not_allowed"
    assert "Not on node-b: the task may use only node-a." in json.loads(why)["why_not"]["text"]


def test_an_unknown_or_indispensable_node_of_allowed_nodes_is_an_error(limited: Path) -> None:
    refused = aurora("simulate", str(limited), "cheapest", "--remove", "node-a", code=3).stderr
    assert "node 'node-a' can't be removed: task web may use no other" in refused
    limited.write_text(limited.read_text().replace('["node-a"]', '["node-x"]', 1))
    assert (
        "task web: allowed_nodes: unknown node 'node-x'" in aurora("simulate", str(limited), "cheapest", code=3).stderr
    )


def test_twenty_tasks_are_shown_by_default_and_all_on_request(tmp_path: Path) -> None:
    many = written(tmp_path / "many.json", [{**TASKS[0], "task_id": f"t{i}"} for i in range(30)])
    done = aurora("simulate", str(many), "first_fit", "--trace")
    assert "20 of 30 tasks that were placed are shown; --all shows every one" in done.stderr
    assert "t19\t" in done.stdout
    assert "t20\t" not in done.stdout
    assert "t29\tnode-a\t" in aurora("simulate", str(many), "first_fit", "--all").stdout


def test_trace_without_json_prints_the_decisions(small: Path) -> None:
    out = aurora("simulate", str(small), "first_fit", "--trace").stdout
    assert "time\ttask\tgoes to\tscore\tcandidates\trunner-up\tits score" in out
    assert "1 min\tdb\tnode-a\t0\t1\tnone\t-" in out


def test_bounds_are_shown_with_the_measures(small: Path) -> None:
    out = aurora("simulate", str(small), "first_fit", "--bounds").stdout
    row = next(line for line in out.splitlines() if line.startswith("cost, paid by tasks"))
    assert row == "cost, paid by tasks\t$1.25\t$1.25\t1 ×"


def test_what_ifs_print_before_and_after(small: Path) -> None:
    changes = ("--price", "x2", "--fail", "node-a@30/60", "--load", "db=x0.5")
    out = aurora("simulate", str(small), "first_fit", *changes).stdout
    assert "bill, all nodes that are up\t$2.00\t$3.00\t+$1.00\t+50 %" in out
    assert "db\tnode-a\t1 min\tnode-a\t1 min 30 s" in out
    found = json.loads(aurora("simulate", str(small), "first_fit", *changes, "--json").stdout)
    assert [c["kind"] for c in found["changes"]] == ["load_changes", "node_fails", "price_changes"]
    assert found["after"]["summary"]["cost"] > found["before"]["summary"]["cost"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--load", "lots"), "for example +30% for every task"),
        (("--fail", "node-a"), "for example node-b@100"),
        (("--price", "node-a="), "for example x2"),
        (("--carbon", "30%"), "for example x2"),
        (("--load", "+30%", "--bounds"), "it goes with a simulation as it is"),
    ],
)
def test_a_malformed_what_if_is_a_usage_error(small: Path, options: tuple[str, ...], said: str) -> None:
    assert said in " ".join(aurora("simulate", str(small), "first_fit", *options, code=2).stderr.split())


def test_a_what_if_of_an_unknown_node_lists_the_nodes(small: Path) -> None:
    assert "did you mean node-a?" in aurora("simulate", str(small), "first_fit", "--remove", "node-b", code=3).stderr


def test_violated_constraints_of_a_plan_are_reported_and_refused_with_strict(small: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    lines = [{"task_id": t["task_id"], "node_id": "node-a", "start": t["arrival_time"]} for t in TASKS]
    rules = {"decision_rules": [{"score": "1"}]}
    plan.write_text(json.dumps({"policy_id": "plan", "allocation_strategy": rules, "allocation_plan": lines}))
    done = aurora("simulate", str(small), str(plan), "--json")
    assert "the plan breaks a constraint (cpu): node-a would hold 5 cores at 10 s and has 4" in done.stderr
    assert [v["constraint"] for v in json.loads(done.stdout)["violations"]] == ["cpu"]
    refused = aurora("simulate", str(small), str(plan), "--json", "--strict", code=5)
    assert json.loads(refused.stdout)["violations"]
    assert "the plan breaks 1 constraint" in refused.stderr


def test_compare_names_the_winner_and_the_reason(small: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.json", TASKS[::-1], name="other")
    policy = tmp_path / "mine.json"
    mine = {"policy_id": "mine", "allocation_strategy": {"order": "-task.cpu", "decision_rules": [{"score": "1"}]}}
    policy.write_text(json.dumps(mine))
    done = aurora("compare", str(small), str(other), "--policies", f"first_fit,{policy}")
    assert "policy\treward\tbehind the best [95 %]\tlatency\tcost\tenergy\tmisses\tnot completed" in done.stdout
    assert "are equal, with a mean reward of" in done.stderr
    found = json.loads(aurora("compare", str(small), "--policies", f"first_fit,{policy}", "--json").stdout)
    assert {"scenarios", "winner", "why", "policies"} <= set(found)
    assert {p["policy_id"] for p in found["policies"]} == {"first_fit", "mine"}


def test_compare_refuses_duplicate_and_unknown_policies(small: Path) -> None:
    assert "named twice" in aurora("compare", str(small), "--policies", "fgd,fgd", code=4).stderr
    assert "same scenario_id" in aurora("compare", str(small), str(small), code=3).stderr
    assert "has an empty name" in aurora("compare", str(small), "--policies", "fgd,,", code=2).stderr
