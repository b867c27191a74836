"""The command `aurora scenarios read openb|swf`: pods of a cluster and jobs of a machine become tasks."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import aurora

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn-1,8000,16384,2,T4\nn-2,4000,8192,0,\n"
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
    "late,1000,1024,1,500,T4,LS,Running,400,900,450\n"
    "early,2000,2048,0,0,,LS,Succeeded,100,160,\n"
)
LOG = "; MaxProcs: 16\n" + "".join(
    f"{i} {60 * i} 0 {run} {wide} -1 -1 {wide} {run * 2} -1 1 1 1 1 1 -1 -1 -1\n"
    for i, run, wide in ((1, 600, 8), (2, 0, 4), (3, 300, 16), (4, 100, 2))
)


@pytest.fixture
def openb(tmp_path: Path) -> tuple[str, str]:
    nodes, pods = tmp_path / "nodes.csv", tmp_path / "pods.csv"
    nodes.write_text(NODES)
    pods.write_text(PODS)
    return str(nodes), str(pods)


def tasks_of(text: str) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = json.loads(text)["workload_definition"]["tasks"]
    return tasks


def test_pods_arrive_and_leave_as_listed(openb: tuple[str, str], tmp_path: Path) -> None:
    early, late = tasks_of(aurora("scenarios", "read", "openb", *openb).stdout)
    assert (early["task_id"], early["arrival_time"], early["duration"]) == ("early", 0, 60)
    assert (late["arrival_time"], late["duration"], late["accelerator_share"]) == (300, 450, 0.5)
    one = tmp_path / "one.json"
    aurora("scenarios", "read", "openb", *openb, "--first", "1", "--count", "1", "--out", str(one))
    assert json.loads(aurora("simulate", str(one), "fgd", "--json").stdout)["tasks"][0]["node_id"] == "n-1"


def test_a_load_samples_the_published_experiment(openb: tuple[str, str]) -> None:
    drawn = tasks_of(aurora("scenarios", "read", "openb", *openb, "--load", "0.5", "--seed", "3").stdout)
    assert sum(t.get("accelerators", 0) * t.get("accelerator_share", 1) for t in drawn) == pytest.approx(1.0)
    assert [t["arrival_time"] for t in drawn] == list(range(len(drawn)))


def test_lists_without_valid_times_are_refused(openb: tuple[str, str], tmp_path: Path) -> None:
    bare = tmp_path / "bare.csv"
    bare.write_text("name,cpu_milli,memory_mib,num_gpu,gpu_milli\np,1000,1024,1,500\n")
    assert "give a load, to draw arrivals" in aurora("scenarios", "read", "openb", openb[0], str(bare), code=6).stderr
    bare.write_text(PODS.replace("100,160,", "100,60,"))
    assert "line 3, deletion_time" in aurora("scenarios", "read", "openb", openb[0], str(bare), code=6).stderr
    assert "has 2 pods" in aurora("scenarios", "read", "openb", *openb, "--first", "2", code=6).stderr


def test_jobs_of_a_log_start_on_an_empty_machine(tmp_path: Path) -> None:
    log, scenario = tmp_path / "log.swf", tmp_path / "s.json"
    log.write_text(LOG)
    done = aurora("scenarios", "read", "swf", str(log), "--first", "1", "--out", str(scenario))
    assert "1 lines are no jobs to schedule" in done.stderr
    data = json.loads(scenario.read_text())
    assert data["nodes"][0]["cpu"] == 16
    assert [(t["task_id"], t["arrival_time"]) for t in tasks_of(scenario.read_text())] == [("3", 0), ("4", 60)]
    result = json.loads(aurora("simulate", str(scenario), "fcfs", "--json").stdout)
    assert result["tasks"][1]["wait"] == 240  # the first job takes the whole machine for 300 s
    assert "needs" in aurora("scenarios", "read", "swf", str(log), "--processors", "4", code=6).stderr
    assert "has 3 jobs" in aurora("scenarios", "read", "swf", str(log), "--first", "3", code=6).stderr


OWN_NODES = "node_id;cpu;memory;price_per_hour;accelerator_model\nnode-a;8;32;0.4;\nnode-b;4;16;0.15;\n"
OWN_TASKS = (
    "task_id,arrival_time,duration,cpu_required,dependencies,allowed_nodes\n"
    "web,0,3600,2,,\nlog,5,60,1,,node-a\nend,9,60,4,web|log,node-a|node-b\n"
)


def test_two_tables_become_a_scenario(tmp_path: Path) -> None:
    nodes, tasks, scenario = tmp_path / "nodes.csv", tmp_path / "tasks.csv", tmp_path / "s.json"
    nodes.write_text(OWN_NODES)
    tasks.write_text(OWN_TASKS)
    aurora("scenarios", "read", "csv", str(nodes), str(tasks), "--out", str(scenario))
    assert tasks_of(scenario.read_text())[2]["dependencies"] == ["web", "log"]
    allowed = [t.get("allowed_nodes") for t in tasks_of(scenario.read_text())]
    assert allowed == [None, ["node-a"], ["node-a", "node-b"]]
    result = json.loads(aurora("simulate", str(scenario), "cheapest", "--json").stdout)
    assert [(t["node_id"], t["start"]) for t in result["tasks"]] == [("node-b", 0), ("node-a", 5), ("node-b", 3600)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "web,0,3600,2,",
            "web,0,3600,200m,",
            "line 2: cpu_required: '200m' is not a number; give cores as a number: 0.2",
        ),
        ("cpu_required", "cpus_required", "'cpus_required' is no field of a task; did you mean cpu_required"),
        ("web|log", "web|logs", "unknown dependency 'logs'"),
        ("log,5", "web,5", "'web' is used twice"),
        ("task_id,", "name,", "no column 'task_id'"),
    ],
)
def test_an_invalid_cell_or_column_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    nodes, tasks = tmp_path / "nodes.csv", tmp_path / "tasks.csv"
    nodes.write_text(OWN_NODES)
    tasks.write_text(OWN_TASKS.replace(old, new))
    assert said in aurora("scenarios", "read", "csv", str(nodes), str(tasks), code=6).stderr
