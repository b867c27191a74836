"""Shadow mode writes down what a policy would have done, and the report says what that is worth."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aurora.cluster.scheduler.cluster import LiveCluster
from aurora.cluster.scheduler.replay import Arrival, replay_scenario, run_arrivals
from aurora.cluster.scheduler.report import report_shadow
from aurora.cluster.scheduler.shadow import Shadow, ShadowLog
from aurora.cluster.scheduler.state import ClusterState
from aurora.cluster.snapshot import Affinity
from aurora.errors import DataError, FileError, InputError
from aurora.sim.kernel import simulate
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from tests.cluster.clusters import WEB, node, snapshot, task
from tests.cluster.scheduler.test_scores import random_scenario


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def replayed(path: Path, scenario: Scenario, cluster: str, policy: str) -> Shadow:
    with ShadowLog(path) as log:
        return replay_scenario(scenario, REFERENCES[cluster], REFERENCES[policy], log)


def test_what_happens_is_written_with_what_would_have(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    start = snapshot(node("a"), node("b", allocatable={"cpu": 8.0}), task("old", "a", 1.0))
    with ShadowLog(path) as log:
        shadow = Shadow(LiveCluster(start, REFERENCES["best_fit"]), log, source="test")
        shadow.update(task("new"))
        shadow.update(task("new", "b"))
        shadow.update(task("other", "a"))
        shadow.update(task("daemon", "b", kind="daemon"))
        shadow.set_up("b", False)
        shadow.remove("shop/new")
        shadow.stop()
    kinds = [r["kind"] for r in records(path)]
    assert kinds == ["start", "wait", "bind", "bind", "hold", "node", "end", "stop"]
    first, second = (r for r in records(path) if r["kind"] == "bind")
    assert (first["cluster"], first["policy"]) == ("b", "a")
    assert first["scores"]["policy"] > first["scores"]["cluster"]
    assert (second["cluster"], second["policy"]) == ("a", "a")
    assert (shadow.decisions, shadow.same) == (2, 1)


def test_the_shadow_keeps_to_constraints_between_tasks(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    apart = (Affinity(topology_key="kubernetes.io/hostname", selector=WEB, is_anti=True),)
    web = {"labels": {"app": "web"}, "affinities": apart}
    start = snapshot(node("a"), node("b", allocatable={"cpu": 8.0}), task("one", "a", **web))
    with ShadowLog(path) as log:
        shadow = Shadow(LiveCluster(start, REFERENCES["best_fit"]), log, source="test")
        shadow.update(task("two", "b", **web))
    (bind,) = (r for r in records(path) if r["kind"] == "bind")
    assert bind["policy"] == "b"
    (nodes,) = (r for r in records(path) if r["kind"] == "nodes")
    assert nodes["names"] == ["b"]


def test_a_policy_in_its_own_shadow_agrees_with_itself(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    scenario = random_scenario(3)
    shadow = replayed(path, scenario, "best_fit", "best_fit")
    assert shadow.same == shadow.decisions > 50
    report = report_shadow(path)
    assert report.same == report.decisions
    for row in report.differences:
        assert row.difference in (None, 0.0), row


def test_a_replay_without_waiting_is_the_kernels_run() -> None:
    scenario = random_scenario(5, nodes=40)
    outcome = simulate(scenario, REFERENCES["fgd"])
    state = ClusterState(scenario.nodes, REFERENCES["fgd"], scenario=scenario)
    arrivals = [Arrival(t, t.duration) for t in scenario.tasks]
    run = run_arrivals(state, arrivals, until=1e9)
    assert run.node.tolist() == outcome.tasks.node.tolist()
    assert np.array_equal(run.start, outcome.tasks.start)


def test_tasks_wait_for_room_the_most_urgent_first() -> None:
    def job(name: str, at: float, priority: int = 3) -> Task:
        return Task(task_id=name, arrival_time=at, cpu_required=4.0, duration=10.0, priority=priority)

    nodes = (Node(node_id="n", cpu=4.0),)
    jobs = [job("a", 0.0), job("b", 1.0), job("c", 2.0, 5), job("d", 3.0)]
    state = ClusterState(nodes, REFERENCES["first_fit"])
    run = run_arrivals(state, [Arrival(j, j.duration) for j in jobs], until=25.0)
    assert run.start[:3].tolist() == [0.0, 20.0, 10.0]
    assert np.isnan(run.start[3])


def test_the_report_finds_what_a_better_policy_saves(tmp_path: Path) -> None:
    nodes = tuple(Node(node_id=f"n{k}", cpu=8.0, price_per_hour=1.0) for k in range(8))
    rng = np.random.default_rng(0)
    jobs = tuple(
        Task(task_id=f"t{k}", arrival_time=float(k), cpu_required=float(rng.choice([1, 2, 3])), duration=12.0)
        for k in range(200)
    )
    scenario = Scenario(
        scenario_id="jobs", domain="cloud", nodes=nodes, workload_definition=Workload(tasks=jobs, time_horizon=200)
    )
    path = tmp_path / "s.jsonl"
    replayed(path, scenario, "least_allocated", "best_fit")
    report = report_shadow(path)
    rows = {d.measure: d for d in report.differences}
    price = rows["price in use"]
    assert price.policy is not None and price.cluster is not None
    assert price.policy < price.cluster
    assert price.high is not None and price.high < 0
    assert rows["unplaced"].difference == 0.0
    assert not any("price" in u for u in report.unknown)
    back = replayed(tmp_path / "back.jsonl", scenario, "best_fit", "least_allocated")
    other = {d.measure: d for d in report_shadow(tmp_path / "back.jsonl").differences}["price in use"]
    assert other.difference == pytest.approx(-price.difference)
    assert back.decisions == report.decisions


def test_a_torn_line_is_cut_off_and_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    replayed(path, random_scenario(1), "first_fit", "best_fit")
    whole = path.read_bytes()
    for cut in (1, 17, 200):
        path.write_bytes(whole[:-cut])
        before = report_shadow(path)
        with ShadowLog(path) as log:
            log.write({"kind": "stop", "at": 80.0})
        assert path.read_bytes().endswith(b"}\n")
        assert report_shadow(path).decisions == before.decisions


KILLED = """
import sys
from pathlib import Path
from aurora.cluster.scheduler.shadow import ShadowLog
with ShadowLog(Path(sys.argv[1])) as log:
    for k in range(10**9):
        log.write({"kind": "end", "at": float(k), "task": "x" * 500})
        if k == 200:
            print("ready", flush=True)
"""


def test_a_killed_process_loses_no_line_that_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    with pytest.raises(FileError, match="another process"):
        ShadowLog(path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    ShadowLog(path).close()
    times = [r["at"] for r in records(path)]
    assert len(times) > 200
    assert times == [float(k) for k in range(len(times))]


def test_several_starts_are_parts_of_one_report(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    for seed in (1, 2):
        replayed(path, random_scenario(seed), "first_fit", "best_fit")
    report = report_shadow(path)
    assert report.parts == 2
    assert report.tasks == 160
    assert any("2 times" in u for u in report.unknown)
    replayed(path, random_scenario(3), "first_fit", "fgd")
    with pytest.raises(DataError, match="several policies"):
        report_shadow(path)


def test_a_task_that_comes_again_under_its_name_is_another(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    now = [0.0]
    start = snapshot(node("a"), node("b"), task("db-0", "a"))
    with ShadowLog(path) as log:
        live = LiveCluster(start, REFERENCES["best_fit"], clock=lambda: now[0])
        shadow = Shadow(live, log, source="test")
        for k in range(3):
            now[0] += 10
            shadow.remove("shop/db-0")
            now[0] += 1
            shadow.update(task("db-0"))
            now[0] += 4
            shadow.update(task("db-0", "b" if k % 2 else "a"))
        shadow.stop()
    report = report_shadow(path)
    assert (report.tasks, report.decisions) == (3, 3)
    wait = next(d for d in report.differences if d.measure == "wait")
    assert wait.cluster == pytest.approx(4.0)
    assert wait.policy == 0.0
    assert any("waited for 4 s or less" in u for u in report.unknown)


@pytest.mark.parametrize(
    "text", ["", "{}\n", "[]\n", '{"kind": "start", "format": 2}\n', '{"kind": "end", "at": 1, "task": "x"}\n', "\0\n"]
)
def test_what_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=r"s\.jsonl"):
        report_shadow(path)


@pytest.mark.parametrize("field", ["cluster", "policy", "work", "created", "at", "task"])
def test_a_record_with_a_wrong_field_is_refused_or_read(tmp_path: Path, field: str) -> None:
    path = tmp_path / "s.jsonl"
    replayed(path, random_scenario(1), "first_fit", "best_fit")
    lines = path.read_text().splitlines()
    place = next(k for k, line in enumerate(lines) if '"bind"' in line)
    for value in (None, [], {}, "strange", -1e300):
        record = json.loads(lines[place])
        record[field] = value
        path.write_text("\n".join([*lines[:place], json.dumps(record), *lines[place + 1 :]]) + "\n")
        try:
            report_shadow(path)
        except DataError as error:
            assert "s.jsonl" in str(error)


def test_a_log_that_is_absent_or_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no log"):
        report_shadow(tmp_path / "none.jsonl")
    with pytest.raises(FileError):
        ShadowLog(tmp_path)


def test_flows_are_no_pods(tmp_path: Path) -> None:
    late = Task(task_id="b", arrival_time=0.0, cpu_required=1.0, duration=1.0, dependencies=("a",))
    first = Task(task_id="a", arrival_time=0.0, cpu_required=1.0, duration=1.0)
    scenario = Scenario(
        scenario_id="x", domain="cloud", nodes=(Node(node_id="n", cpu=4.0),),
        workload_definition=Workload(tasks=(first, late), time_horizon=1.0),
    )  # fmt: skip
    with pytest.raises(InputError):
        replayed(tmp_path / "s.jsonl", scenario, "first_fit", "fgd")
