"""Every noun over HTTP: the keys of the command line, pages, work that takes longer, and refusals."""

from __future__ import annotations

import json
import time

import pytest

from aurora.sim.formats import FORMATS
from tests.web.turns.conftest import plan, plans

__all__ = ["plan", "plans"]
SCENARIO = json.loads(FORMATS["scenario"].example)
TASKS = SCENARIO["workload_definition"]["tasks"]
POLICY = json.loads(FORMATS["policy"].example)


def read(api, path: str, **params):
    answer = api.get(f"/api{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask(api, path: str, body, status: int = 200):
    """Return what a request comes to, polling its job where it takes longer."""
    answer = api.post(f"/api{path}", json=body)
    if answer.status_code == 202 and "/jobs/" in answer.headers.get("location", ""):
        deadline = time.monotonic() + 120
        while (job := api.get(answer.headers["location"]).json())["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert job["problem"] is None, job
        return job["result"]
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer, status: int, word: str) -> None:
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["status"], word in problem["detail"]) == (status, True), problem


def test_the_cluster_in_sum_and_in_parts(api) -> None:
    overview = read(api, "/snapshot")
    assert (overview["snapshot_id"], overview["tasks"]["pending"]) == ("web-shop", 3)
    nodes = read(api, "/snapshot/nodes", limit=5)
    assert (len(nodes["items"]), nodes["total"]) == (5, 12)
    more = read(api, "/snapshot/nodes", limit=200, cursor=nodes["next_cursor"])
    assert (len(more["items"]), more["next_cursor"]) == (7, None)
    node = read(api, "/snapshot/nodes/node-a1")
    assert len(node["tasks"]) == node["state"]["tasks"]
    assert read(api, "/snapshot/nodes", search="node-a")["total"] < 12
    waiting = read(api, "/snapshot/tasks", state="pending")
    assert waiting["total"] == 3
    task = waiting["items"][0]["task_id"]
    why = read(api, "/snapshot/waiting", task_id=task)
    assert (why["task_id"], len(why["nodes"])) == (task, 12)
    assert read(api, "/snapshot/problems")["snapshot_id"] == "web-shop"
    refused(api.get("/api/snapshot/nodes/nowhere"), 404, "no such node")
    refused(api.get("/api/snapshot/waiting?task_id=none"), 404, "no such task")
    running = read(api, "/snapshot/tasks", state="running", limit=1)["items"][0]["task_id"]
    refused(api.get("/api/snapshot/waiting", params={"task_id": running}), 422, "does not wait")


def test_the_cluster_is_read_anew_and_compared(api) -> None:
    refused(api.get("/api/snapshot/difference"), 404, "refresh it first")
    assert ask(api, "/snapshot/refresh", None)["snapshot_id"] == "web-shop"
    assert read(api, "/snapshot/difference")["is_empty"]


def test_what_if_a_node_fails(api) -> None:
    found = ask(api, "/snapshot/what-if", {"changes": [{"kind": "node_fails", "node_id": "node-b1"}]})
    assert found["displaced"]
    assert len(found["after"]["waiting"]) >= len(found["before"]["waiting"])
    absent = {"changes": [{"kind": "node_fails", "node_id": "nowhere"}]}
    refused(api.post("/api/snapshot/what-if", json=absent), 422, "nowhere")
    huge = {"changes": [{"kind": "add_nodes", "like": "node-a1", "count": 10_000}]}
    refused(api.post("/api/snapshot/what-if", json={"changes": huge["changes"] * 50}), 413, "fewer")
    refused(api.post("/api/snapshot/what-if", json={"changes": []}), 422, "body.changes")


def test_a_simulation_has_the_keys_of_the_command_line(api) -> None:
    from aurora.champions.named import load_policy
    from aurora.sim.report import report_simulation
    from aurora.sim.scenarios.scenario import parse_scenario

    found = ask(api, "/simulate", {"scenario": SCENARIO, "policy": "best_fit", "trace": True})
    own = report_simulation(parse_scenario(SCENARIO), load_policy("best_fit"), trace=True).to_json()
    assert found == json.loads(json.dumps(own))
    assert ask(api, "/simulate", {"policy": POLICY})["scenario_id"].startswith("web-shop")
    changed = {"scenario": SCENARIO, "policy": "best_fit", "changes": [{"kind": "load_changes", "factor": 1.3}]}
    assert ask(api, "/simulate", changed)["changes"][0]["text"]
    refused(api.post("/api/simulate", json={**changed, "trace": True}), 422, "leave out changes")


def test_no_file_of_the_server_is_read_as_a_policy(api, tmp_path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    for name in (str(path), "/etc/passwd", "../../etc/passwd", "~/x.json"):
        refused(api.post("/api/simulate", json={"scenario": SCENARIO, "policy": name}), 422, "no policy")


def test_a_simulation_that_would_take_minutes_is_refused(api) -> None:
    task = TASKS[0]
    tasks = [{**task, "task_id": f"t{k}"} for k in range(5000)]
    nodes = [{**SCENARIO["nodes"][0], "node_id": f"n{k}"} for k in range(5000)]
    many = {**SCENARIO, "nodes": nodes, "workload_definition": {"time_horizon": 3600, "tasks": tasks}}
    many["environmental_conditions"] = {}
    refused(api.post("/api/simulate", json={"scenario": many, "policy": "best_fit"}), 413, "command line")


def test_policies_are_compared_and_an_outcome_is_explained(api) -> None:
    compared = ask(api, "/compare", {"scenarios": [SCENARIO], "policies": ["best_fit", "cheapest"]})
    assert {p["policy_id"] for p in compared["policies"]} == {"best_fit", "cheapest"}
    twice = {"scenarios": [SCENARIO, SCENARIO], "policies": []}
    refused(api.post("/api/compare", json=twice), 422, "occurs twice")
    whole = ask(api, "/explain", {"scenario": SCENARIO, "policy": "best_fit"})
    assert whole["text"] and whole["claims"]
    task = TASKS[0]["task_id"]
    one = {"scenario": SCENARIO, "policy": "best_fit", "task_id": task, "why_not": SCENARIO["nodes"][1]["node_id"]}
    assert ask(api, "/explain", one)["why_not"]["because"]
    refused(api.post("/api/explain", json={**one, "task_id": None}), 422, "name it in task_id")
    refused(api.post("/api/explain", json={**one, "task_id": "none"}), 422, "not in the scenario")


def test_policies_and_champions_are_listed_and_shown(api) -> None:
    names = [p["policy_id"] for p in read(api, "/policies", limit=200)["items"]]
    assert "best_fit" in names and "champion:general" in names
    assert read(api, "/policies/champion:general")["champion"]["policy_id"] == "champion:general"
    assert read(api, "/policies/best_fit")["champion"] is None
    refused(api.get("/api/policies/none"), 404, "no such policy")


def test_forecasts_and_futures(api) -> None:
    series = read(api, "/series")
    name = series["items"][0]["unique_id"]
    found = ask(api, "/forecast", {"series_ids": [name], "horizon": 3})
    assert len(found["forecasts"][0]["quantiles"]) == 3
    own = {"unique_id": "own", "start": 0, "step": 300, "y": [1.0 + k % 12 for k in range(200)]}
    assert ask(api, "/forecast", {"series": [own], "horizon": 2})["forecasts"][0]["unique_id"] == "own"
    futures = ask(api, "/futures", {"series": [own], "horizon": 3, "futures": 20})
    assert futures["tiers"] and futures["best"]
    refused(api.post("/api/forecast", json={"series_ids": ["none"]}), 422, "no series")
    refused(api.post("/api/forecast", json={"series": [{**own, "y": [1.0]}]}), 422, "")
    refused(api.post("/api/forecast", json={"series": [own, own]}), 422, "twice")
    refused(api.post("/api/futures", json={"series": [own], "what_ifs": ["nonsense"]}), 422, "nonsense")


def test_containers_are_sized(api) -> None:
    found = ask(api, "/recommend/containers", {})
    assert found["containers"][0]["cpu"]["finding"]
    refused(api.post("/api/recommend/containers", json={"strategy": "none"}), 422, "none")


def test_a_plan_from_its_making_to_its_undoing(api) -> None:
    made = ask(api, "/plans", {"drains": ["node-a1"], "seed": None}, 201)["plan"]
    path, shown = f"/plans/{made['plan_id']}", {"sha256": made["sha256"]}
    assert read(api, "/plans")["items"][0]["status"] == "new"
    assert read(api, path)["plan"]["changes"]
    assert read(api, f"{path}/diff")["diff"]
    refused(api.post(f"/api{path}/application", json=shown), 409, "not approved")
    refused(api.post(f"/api{path}/approval", json={"sha256": "0" * 64}), 409, made["sha256"])
    refused(api.post(f"/api{path}/rollback", json=shown), 409, "nothing was done")
    approval = ask(api, f"{path}/approval", shown, 201)
    assert approval["plan_sha256"] == made["sha256"] and approval["who"]
    assert ask(api, f"{path}/application", shown, 202)["plan_id"] == made["plan_id"]
    assert ended(api, path)["progress"]["state"] == "applied"
    assert read(api, f"{path}/journal")["total"] > 2
    ask(api, f"{path}/rollback", shown, 202)
    assert ended(api, path)["progress"]["state"] == "rolled back"
    refused(api.get("/api/plans/abcdef"), 404, "no plan")


def ended(api, path: str):
    deadline = time.monotonic() + 30
    while (found := read(api, f"{path}/application"))["is_running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not found["problem"]
    return found


def test_a_plan_is_edited_into_another(api, plan) -> None:
    path = f"/plans/{plan.plan_id}"
    other = ask(api, f"{path}/edit", {"sha256": plan.sha256, "without": [2]}, 201)["plan"]
    assert other["plan_id"] != plan.plan_id and len(other["changes"]) == 1
    refused(api.post(f"/api{path}/edit", json={"sha256": plan.sha256}), 422, "left out")
    refused(api.post(f"/api{path}/edit", json={"sha256": plan.sha256, "without": [9]}), 422, "9")
    refused(api.post("/api/plans", json={}), 422, "what is to change")


@pytest.mark.parametrize("path", ["", "/events", "/policies", "/champion"])
def test_a_run_that_is_not_there(api, path) -> None:
    for name in ("none", "..~..~etc", "~"):
        refused(api.get(f"/api/runs/{name}{path}"), 404, "")
    assert read(api, "/runs")["total"] == 0


def test_a_run_is_read_while_it_goes_on(api, context) -> None:
    from aurora import selfplay
    from tests.graphs.test_proposers import SMALL

    selfplay(context.settings.runs / "study" / "one", SMALL, iterations=1)
    run = read(api, "/runs")["items"][0]
    assert (run["run_id"], run["iterations"]) == ("study~one", 1)
    assert read(api, "/runs/study~one")["settings"]["seed"] == SMALL.seed
    events = read(api, "/runs/study~one/events", limit=1)
    rest = read(api, "/runs/study~one/events", after=events["next_after"])
    assert len(rest["events"]) == rest["total"] - 1
    assert read(api, "/runs/study~one/policies", limit=3)["items"][0]["elo"]
    assert read(api, "/runs/study~one/champion")["readable"]


def test_work_that_takes_longer_is_a_job(api) -> None:
    jobs = next(r for r in api.app.routes if getattr(r, "path", "") == "/api").app.state.jobs
    jobs.patience = 0.0
    answer = api.post("/api/simulate", json={"scenario": SCENARIO, "policy": "best_fit"})
    assert (answer.status_code, answer.headers["location"]) == (202, f"/api/jobs/{answer.json()['job_id']}")
    assert ask(api, "/simulate", {"scenario": SCENARIO, "policy": "best_fit"})["reward"]
    assert read(api, "/jobs")["total"] == 2
    failed = api.post("/api/simulate", json={"scenario": SCENARIO, "policy": "none"}).headers["location"]
    deadline = time.monotonic() + 30
    while (job := api.get(failed).json())["state"] in ("waiting", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (job["state"], "no policy" in job["problem"], job["result"]) == ("failed", True, None)
    stranger = {"Cookie": "aurora_visitor=" + "x" * 30}
    api.cookies.clear()
    refused(api.get(failed, headers=stranger), 404, "no such job")


def test_jobs_belong_to_who_asked(api) -> None:
    assert read(api, "/jobs")["total"] == 0
    refused(api.get("/api/jobs/none"), 404, "no such job")
    refused(api.delete("/api/jobs/none"), 404, "no such job")
