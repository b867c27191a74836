"""Two tables with any headings become a snapshot; headings and units are guessed, and the guess is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora.cluster.readers.tables import guess_tables, read_tables, template
from aurora.errors import DataError, InputError

NODES = "Hostname,vCPU,Memory (GB),Location,Hourly cost,owner\nn1,8,32,a,0.40,ops\nn2,16,64,b,0.80,ops\n"
TASKS = "name;status;host;cpu_request;mem_mb;cpu used\nweb-1;running;n1;500m;2048;0,3\njob-1;queued;;4;16384;\n"


@pytest.fixture
def files(tmp_path: Path):
    def write(nodes: str = NODES, tasks: str = TASKS) -> tuple[Path, Path]:
        (tmp_path / "nodes.csv").write_text(nodes)
        (tmp_path / "tasks.csv").write_text(tasks)
        return tmp_path / "nodes.csv", tmp_path / "tasks.csv"

    return write


def test_headings_and_units_are_guessed(files):
    nodes, tasks = guess_tables(*files())
    assert {c.heading: (c.field, c.shown_unit) for c in nodes.columns} == {
        "Hostname": ("node_id", ""),
        "vCPU": ("cpu", "cores"),
        "Memory (GB)": ("memory", "GB"),
        "Location": ("zone", ""),
        "Hourly cost": ("price_per_hour", "$/h"),
        "owner": ("", ""),
    }
    assert not nodes.is_sure
    by_heading = {c.heading: (c.field, c.shown_unit, c.example) for c in tasks.columns}
    assert by_heading["cpu_request"] == ("cpu", "as in the cells", "500m")
    assert by_heading["mem_mb"] == ("memory", "MB", "2048")
    assert by_heading["cpu used"][0] == "used_cpu"


def test_cells_are_read_in_their_units(files):
    snapshot = read_tables(*files())
    web, job = snapshot.tasks
    assert snapshot.nodes[0].allocatable == {"cpu": 8, "memory": pytest.approx(32e9 / 2**30)}
    assert snapshot.nodes[1].price_per_hour == 0.8
    assert web.requests == {"cpu": 0.5, "memory": pytest.approx(2048e6 / 2**30)}
    assert (web.state, web.node_id, web.used) == ("running", "n1", {"cpu": 0.3})
    assert (job.state, job.node_id) == ("pending", None)
    assert [(n.code, n.subjects) for n in snapshot.notes if n.code == "column"] == [("column", ("owner",))]


def test_the_template_is_read_without_a_guess(files):
    paths = files(*template())
    assert all(g.is_sure for g in guess_tables(*paths))
    snapshot = read_tables(*paths)
    assert [t.state for t in snapshot.tasks] == ["running", "running", "pending"]
    assert snapshot.nodes_by_id["b1"].taints[0].key == "gpu"
    assert snapshot.tasks[2].time_limit == 6 * 3600
    assert snapshot.workloads[0].replicas == 2
    assert [n.code for n in snapshot.notes] == ["time-zone", "time-of-file"]


def test_a_column_is_mapped_by_hand(files):
    paths = files(nodes="box,power,mem\nn1,8,32Gi\n", tasks="name,host,cpu\nt,n1,1\n")
    with pytest.raises(DataError, match="no column looks like node_id; map one to it"):
        guess_tables(*paths)
    snapshot = read_tables(*paths, mapping={"box": "node_id", "power": "cpu"})
    assert snapshot.nodes[0].allocatable == {"cpu": 8, "memory": 32}


def test_memory_without_a_unit_is_taken_for_mebibytes_where_it_is_large(files):
    paths = files(nodes="node,cpu,memory\nn1,8,32768\n", tasks="name,host,cpu\nt,n1,1\n")
    snapshot = read_tables(*paths)
    assert snapshot.nodes[0].allocatable["memory"] == 32
    assert "look like MiB" in next(n.message for n in snapshot.notes if n.code == "unit")


@pytest.mark.parametrize(
    ("nodes", "tasks", "message"),
    [
        (NODES.replace("n2,16", "n2,many"), TASKS, "nodes.csv, line 3, column 'vCPU': 'many' is no number of cores"),
        (NODES.replace("n2,", "n1,"), TASKS, "line 3, column 'Hostname': node 'n1' occurs twice"),
        (NODES, TASKS.replace(";n1;", ";n11;"), "line 2, column 'host': the table of nodes has no node 'n11'; did you"),
        (NODES, TASKS.replace(";queued;", ";happy;"), "tasks.csv, line 3: 'happy' is no state"),
        (NODES, TASKS.replace("cpu used", "mem_gb"), "'mem_mb' and 'mem_gb' both look like memory"),
        ("", TASKS, "nodes.csv is empty"),
        ("node,cpu\n", TASKS, "has a header and no rows"),
        (NODES, TASKS.replace(";queued;;", ";running;;"), "runs, but on no node"),
        ("a,a,cpu\nx,y,1\n", TASKS, "two columns 'a'"),
    ],
)
def test_errors_name_file_line_and_column(files, nodes, tasks, message):
    with pytest.raises(DataError, match=message):
        read_tables(*files(nodes, tasks))


@pytest.mark.parametrize(
    ("mapping", "message"),
    [({"nope": "cpu"}, "no table has the column 'nope'"), ({"owner": "cpus"}, "did you mean cpu?")],
)
def test_a_wrong_mapping_is_refused(files, mapping, message):
    with pytest.raises(InputError, match=message):
        guess_tables(*files(), mapping=mapping)


def test_nodes_without_a_number_of_cores_are_noted(files):
    snapshot = read_tables(*files(nodes=NODES.replace("n2,16,", "n2,nan,")))
    assert {n.code: n.subjects for n in snapshot.notes}["no-cores"] == ("n2",)
