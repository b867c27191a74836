"""A file is opened by what stands in it, whatever its name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from aurora.cluster.files import write_snapshot
from aurora.cluster.opening import kind_of, open_snapshot
from aurora.cluster.readers.tables import template
from aurora.cluster.samples import load_sample
from aurora.cluster.scenario import to_scenario
from aurora.errors import DataError, FileError, InputError
from aurora.sim.scenarios.sampling import generate
from tests.cluster.readers import slurm_files

POD_LIST = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "n1", "labels": {"node.kubernetes.io/instance-type": "m5.large"}},
            "status": {"allocatable": {"cpu": "2", "memory": "8Gi"}, "capacity": {"cpu": "2", "memory": "8Gi"}},
        }
    ],
}


@pytest.fixture
def files(tmp_path):
    write_snapshot(load_sample("web-shop"), tmp_path / "snapshot")
    (tmp_path / "kubernetes").write_text(json.dumps(POD_LIST))
    (tmp_path / "slurm").write_text(slurm_files.NODES)
    (tmp_path / "jobs").write_text(json.dumps(slurm_files.JSON_JOBS))
    nodes, tasks = template()
    (tmp_path / "csv").write_text(nodes)
    (tmp_path / "tasks").write_text(tasks)
    (tmp_path / "aurora").write_text(generate("batch", level=1, seed=1).model_dump_json())
    return tmp_path


@pytest.mark.parametrize("kind", ["snapshot", "kubernetes", "slurm", "csv", "aurora"])
def test_the_kind_is_found_in_the_content(files, kind):
    assert kind_of(files / kind) == kind
    snapshot = open_snapshot(files / kind)
    assert snapshot.system == ("kubernetes" if kind == "snapshot" else kind)


def test_several_files_of_one_system_are_one_snapshot(files):
    assert len(open_snapshot(files / "slurm", files / "jobs").tasks) == 6
    assert len(open_snapshot(files / "csv", files / "tasks").tasks) == 3


def test_a_folder_is_read_as_what_its_files_are(files, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "README").write_text("of Monday\n")
    (folder / "nodes.txt").write_text(slurm_files.NODES)
    (folder / "jobs.json").write_text(json.dumps(slurm_files.JSON_JOBS))
    assert (open_snapshot(folder).system, len(open_snapshot(folder).tasks)) == ("slurm", 6)
    (folder / "list.json").write_text(json.dumps(POD_LIST))
    with pytest.raises(DataError, match=r"several kinds: jobs\.json \(slurm\), list\.json \(kubernetes\)"):
        open_snapshot(folder)
    for name in ("nodes.txt", "jobs.json"):
        (folder / name).unlink()
    assert open_snapshot(folder).system == "kubernetes"
    (folder / "list.json").unlink()
    with pytest.raises(FileError, match="no JSON or YAML file"):
        open_snapshot(folder)


def test_a_folder_of_tables_or_with_a_snapshot_is_read(files, tmp_path):
    for name, content in (("tables", template()), ("one", [(files / "snapshot").read_text()])):
        (tmp_path / name).mkdir()
        for k, text in enumerate(content):
            (tmp_path / name / f"{k}.x").write_text(text)
    assert open_snapshot(tmp_path / "tables").system == "csv"
    assert len(open_snapshot(tmp_path / "tables").tasks) == 3
    assert open_snapshot(tmp_path / "one") == open_snapshot(files / "snapshot")


def test_a_time_zone_is_for_times_that_name_none(files):
    (local,) = open_snapshot(files / "csv", files / "tasks", time_zone="Asia/Tokyo").tasks[:1]
    (utc,) = open_snapshot(files / "csv", files / "tasks").tasks[:1]
    assert utc.started_at - local.started_at == timedelta(hours=9)
    for name in ("kubernetes", "snapshot", "aurora"):
        with pytest.raises(InputError, match="time_zone: times have a zone already"):
            open_snapshot(files / name, time_zone="Asia/Tokyo")


def test_prices_by_type_are_given_to_nodes_without_one(files):
    snapshot = open_snapshot(files / "kubernetes", prices={"m5.large": 0.096})
    assert snapshot.nodes[0].price_per_hour == 0.096


def test_a_guess_of_headings_is_refused_unless_it_is_confirmed(files):
    (files / "own").write_text("Host,vCPU\na,4\n")
    with pytest.raises(InputError, match="guessed and not confirmed"):
        open_snapshot(files / "own")
    asked = []
    assert open_snapshot(files / "own", confirm=lambda g: bool(asked.append(g)) or True).nodes[0].node_id == "a"
    assert asked[0][0].columns[0].field == "node_id"
    assert open_snapshot(files / "own", mapping={"Host": "node_id", "vCPU": "cpu"}).nodes[0].node_id == "a"


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("hello", "no file of a known kind"), ('{"snapshot_id": "x"', "is not JSON"), ("{}", "no ")],
)
def test_what_is_none_of_these_is_refused(tmp_path, text, message):
    (tmp_path / "f").write_text(text)
    with pytest.raises(DataError, match=message):
        open_snapshot(tmp_path / "f")


def test_arguments_that_make_no_sense_are_refused(files):
    with pytest.raises(InputError, match="give a snapshot"):
        open_snapshot()
    with pytest.raises(InputError, match="give one snapshot"):
        open_snapshot("sample:web-shop", files / "snapshot")
    with pytest.raises(InputError, match="kind='k8s'"):
        open_snapshot(files / "kubernetes", kind="k8s")
    with pytest.raises(FileError):
        open_snapshot(files / "absent")


def test_a_snapshot_from_the_future_keeps_its_time_and_says_so(tmp_path):
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    snapshot = load_sample("hpc-queue").model_copy(update={"taken_at": ahead, "notes": ()})
    write_snapshot(snapshot, tmp_path / "s.json")
    opened = open_snapshot(tmp_path / "s.json")
    assert opened.taken_at == ahead
    assert [n.code for n in opened.notes] == ["from-the-future"]


def test_a_scenario_becomes_a_snapshot_and_a_scenario_again(files):
    scenario = generate("batch", level=1, seed=1)
    snapshot = open_snapshot(files / "aurora")
    again = to_scenario(snapshot).scenario
    assert [n.cpu for n in again.nodes] == [n.cpu for n in scenario.nodes]
    assert sum(t.cpu_required for t in again.tasks) == pytest.approx(sum(t.cpu_required for t in scenario.tasks))
