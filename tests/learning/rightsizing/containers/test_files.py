"""Files of container histories."""

import gzip
import json

import numpy as np
import pytest

from aurora.errors import DataError, FileError, InputError
from aurora.learning.rightsizing.containers import Autoscaler, OomEvent, Size, advise, made_up_containers
from aurora.learning.rightsizing.containers.files import cores, gibibytes, read_containers, write_containers

LINE = {
    "workload": "shop/deployment/web",
    "container": "app",
    "cpu_request": "500m",
    "cpu_limit": 2,
    "memory_request": "512Mi",
    "memory_limit": "1073741824",
    "replicas": 2,
    "throttled": 0.1,
    "ooms": [{"time": "2026-06-01T00:10:00Z", "limit": "1Gi"}],
    "starts": [1780272000],
    "autoscaler": {"resource": "cpu", "target": 0.7},
    "pods": [
        {"pod": "web-1", "start": 1780272000, "step": 300, "cpu": [0.1, 0.2, None, 0.3], "memory": [1, 1, 1, 1.5]},
        {"pod": "web-2", "start": "2026-06-01T00:00:00Z", "step": 300, "memory_bytes": [2**30, 2**29, 2**30]},
    ],
}


def read(tmp_path, *lines, name="c.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return read_containers(path)


def test_a_line_is_a_container_with_its_pods(tmp_path):
    (use,), findings = read(tmp_path, LINE)
    assert (use.workload, use.container, use.replicas, use.throttled) == ("shop/deployment/web", "app", 2, 0.1)
    assert use.cpu_size == Size(0.5, 2.0)
    assert use.memory_size == Size(0.5, 1.0)
    assert use.ooms == (OomEvent(1780272600, 1.0),)
    assert use.starts == (1780272000,)
    assert use.autoscaler == Autoscaler("cpu", 0.7)
    assert [s.unique_id for s in use.memory] == [
        "shop/deployment/web/app/web-1/memory",
        "shop/deployment/web/app/web-2/memory",
    ]
    assert use.memory[1].y.tolist() == [1.0, 0.5, 1.0]
    assert use.cpu[0].observed.tolist() == [True, True, False, True]
    assert [f.defect for f in findings] == ["gap"]


def test_a_counter_becomes_a_rate_with_its_resets(tmp_path):
    pod = {"start": 0, "step": 100, "cpu_seconds": [10, 60, 110, 20, 70]}
    (use,), findings = read(tmp_path, {"workload": "w", "container": "c", "pods": [pod]})
    assert use.cpu[0].y.tolist() == pytest.approx([0.5, 0.5, 0.2, 0.5])
    assert any(f.defect == "reset" for f in findings)


def test_memory_that_rises_and_restarts_is_no_counter(tmp_path):
    values = [float(k % 50) for k in range(1, 500)]
    pod = {"start": 0, "step": 100, "memory": values}
    (use,), _ = read(tmp_path, {"workload": "w", "container": "c", "pods": [pod]})
    assert use.memory[0].y.tolist() == values


def test_a_pod_with_one_value_is_left_out_and_said(tmp_path):
    pod = {"pod": "short", "start": 0, "step": 300, "cpu": [1.0, None]}
    (use,), (finding,) = read(tmp_path, {"workload": "w", "container": "c", "pods": [pod]})
    assert use.cpu == () and "at least two" in finding.message and "short" in finding.unique_id


@pytest.mark.parametrize(
    ("text", "value"), [("100m", 0.1), ("2", 2.0), ("1.5", 1.5), ("1e3", 1000.0), ("250000n", 2.5e-4), (0.3, 0.3)]
)
def test_quantities_of_cpu(text, value):
    assert cores(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1Gi", 1.0), ("512Mi", 0.5), ("1e9", 1e9 / 2**30), ("500M", 5e8 / 2**30), (1.5, 1.5), ("1.5Gi", 1.5)],
)
def test_quantities_of_memory(text, value):
    assert gibibytes(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cpu_request": "much"}, "line 1: cpu_request"),
        ({"cpu_request": -1}, "cpu_request"),
        ({"memory_limit": "1Qi"}, "memory_limit"),
        ({"workload": ""}, "workload"),
        ({"replicas": 1.5}, "replicas"),
        ({"surprise": 1}, "surprise"),
        ({"autoscaler": {"resource": "gpu", "target": 1}}, "autoscaler.resource"),
        ({"ooms": [{"time": "yesterday"}]}, "ooms.0.time"),
        ({"pods": [{"start": 0, "step": 0, "cpu": [1, 2]}]}, "pods.0.step"),
        ({"pods": [{"start": 0, "step": 60, "cpu": [1, -2]}]}, "below 0"),
        ({"pods": [{"start": 0, "step": 60, "cpu": [1, "x"]}]}, "pods.0.cpu.1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, words):
    with pytest.raises(DataError, match=words):
        read(tmp_path, LINE | change)


def test_other_faults_of_a_file(tmp_path):
    with pytest.raises(DataError, match="line 2"):
        read(tmp_path, LINE, '{"workload": ')
    with pytest.raises(DataError, match="no container"):
        read(tmp_path, "")
    with pytest.raises(DataError, match="two containers are called"):
        read(tmp_path, LINE, LINE)
    with pytest.raises(InputError, match="ends with"):
        read(tmp_path, LINE, name="c.txt")
    with pytest.raises(FileError):
        read_containers(tmp_path / "absent.jsonl")
    with pytest.raises(InputError, match="jsonl"):
        write_containers((), tmp_path / "c.csv")


def test_what_is_written_is_read_again(tmp_path):
    made = made_up_containers(3)
    path = tmp_path / "shop.jsonl"
    write_containers(made, path)
    again = read_containers(path)
    assert again.findings == ()
    assert advise(again.uses).to_json() == advise(made).to_json()


CSV = """workload,container,pod,time,cpu,memory,cpu_request,memory_limit,oom
w,c,a,2026-06-01T00:00:00Z,0.1,1,0.5,2,
w,c,a,2026-06-01T00:05:00Z,0.2,1,0.5,2,
w,c,b,2026-06-01T00:05:00Z,0.4,1,0.5,2,
w,c,a,2026-06-01T00:10:00Z,0.3,1.9,0.75,2,1
w,c,b,2026-06-01T00:10:00Z,0.4,1,0.75,2,
v,d,x,2026-06-01T00:00:00Z,1,,,,
v,d,x,2026-06-01T00:05:00Z,1,,,,
"""


@pytest.mark.parametrize("name", ["c.csv", "c.csv.gz"])
def test_csv_has_a_row_for_each_pod_and_time(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(CSV.encode()) if name.endswith("gz") else CSV.encode())
    (first, second), _ = read_containers(path)
    assert first.name == "w/c" and len(first.cpu) == 2 and first.replicas == 2
    assert first.cpu[0].y.tolist() == [0.1, 0.2, 0.3]
    assert first.cpu_size == Size(0.75) and first.memory_size == Size(None, 2.0)
    assert first.ooms == (OomEvent(1780272600, 2.0),)
    assert second.memory == () and second.cpu_size == Size()


@pytest.mark.parametrize(
    "text",
    [
        "workload,container,pod,cpu\nw,c,p,1\n",
        "workload,container,pod,time\nw,c,p,1\n",
        "workload,container,pod,time,cpu,colour\nw,c,p,1,1,red\n",
        CSV.replace("0.1", "much"),
        CSV.replace("0.1", "-1"),
        CSV.replace("2026-06-01T00:00:00Z", "soon"),
    ],
)
def test_csv_that_is_not_right_is_refused(tmp_path, text):
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(DataError):
        read_containers(path)


def test_values_survive_numbers_of_any_size(tmp_path):
    pod = {"start": 0, "step": 300, "cpu": np.geomspace(1e-9, 1e6, 50).tolist()}
    (use,), _ = read(tmp_path, {"workload": "w", "container": "c", "pods": [pod]})
    assert use.cpu[0].y[-1] == 1e6
