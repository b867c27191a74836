"""JSON of sinfo, sacct and scontrol, and the time zone of text, in snapshots of Slurm."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from aurora.cluster.opening import open_snapshot
from aurora.cluster.readers.slurm import is_slurm, read_slurm
from aurora.errors import DataError, InputError
from tests.cluster.readers import slurm_files, slurm_json_files
from tests.cluster.readers.slurm_json_files import RESERVATIONS, SACCT, SCONTROL_NODES, SINFO
from tests.cluster.readers.test_slurm import AT, codes, read

__all__ = ["read"]  # a fixture


def test_nodes_of_scontrol(read):
    nodes = read(SCONTROL_NODES).nodes_by_id
    assert nodes["cn001"].allocatable["cpu"] == 62
    assert nodes["cn001"].used == {"cpu": 47.31, "memory": pytest.approx((257000 - 61000) / 1024)}
    assert set(nodes["cn001"].labels) >= {"partition.slurm/debug", "feature.slurm/ib"}
    assert nodes["gn01"].is_cordoned and nodes["gn01"].conditions == ("drained: bad DIMM",)
    assert nodes["gn01"].capacity["nvidia.com/gpu"] == 4 and nodes["gn01"].used == {}


def test_groups_of_sinfo_are_single_nodes_with_all_their_partitions(read):
    snapshot = read(SINFO)
    nodes = snapshot.nodes_by_id
    assert list(nodes) == ["cn001", "cn002", "gn01"]
    assert nodes["cn001"].capacity == {"cpu": 64, "memory": 250}
    assert {k for k in nodes["cn002"].labels if "partition" in k} == {
        "partition.slurm/compute",
        "partition.slurm/debug",
    }
    assert "feature.slurm/zen3" in nodes["cn002"].labels and "feature.slurm/ib" not in nodes["cn002"].labels
    assert nodes["cn001"].used == {"cpu": 1.5, "memory": 1.0}
    assert nodes["gn01"].accelerator_model == "a100" and nodes["gn01"].conditions == ("drained: bad DIMM",)
    (note,) = [n for n in snapshot.notes if n.code == "group-of-nodes"]
    assert note.subjects == ("cn001", "cn002")


def test_jobs_of_sacct(read):
    tasks = read(slurm_files.NODES, SACCT).tasks_by_id
    ended = tasks["81100"]
    assert (ended.state, ended.requests, ended.used) == (
        "finished",
        {"cpu": 8, "memory": 16},
        {"cpu": 6.0, "memory": 8.0},
    )
    assert ended.ends_at == datetime(2026, 6, 15, 3, 10, tzinfo=UTC) and ended.time_limit == 7200
    assert tasks["81204.n1"].requests == {"cpu": 48, "memory": 128, "nvidia.com/gpu": 2}
    assert tasks["81204.n1"].accelerator_models == ("a100",) and tasks["81204.n1"].node_id == "cn002"
    assert tasks["81455_8"].pending_reason == "Resources" and tasks["81455_8"].requests["memory"] == 48
    assert (tasks["81101_2"].state, tasks["81101_2"].labels["user"]) == ("failed", "ines")
    assert tasks["81299+1"].time_limit is None and tasks["81299+1"].node_id == "gn01"


def test_sacct_in_json_and_in_text_are_the_same_job(read):
    fields = {"state", "requests", "used", "node_id", "created_at", "started_at", "ends_at", "time_limit"}
    texts, entries = slurm_files.SACCT, {"jobs": SACCT["jobs"][:1]}
    jobs = [read(slurm_files.NODES, of).tasks_by_id["81100"].model_dump(include=fields) for of in (texts, entries)]
    assert jobs[0] == jobs[1]


def test_reservations_of_scontrol(read):
    snapshot = read(slurm_files.NODES, RESERVATIONS)
    start, end, why = snapshot.nodes_by_id["cn002"].maintenance[0]
    assert (start.hour, end.hour, why) == (18, 23, "reservation file-server: maintenance")
    assert "time-zone" not in codes(snapshot)


def test_other_json_of_slurm_is_refused_as_such(read, tmp_path):
    with pytest.raises(DataError, match="Slurm's JSON without nodes, jobs, sinfo, reservations"):
        read(slurm_json_files.PARTITIONS)
    (tmp_path / "p.json").write_text(json.dumps(slurm_json_files.PARTITIONS))
    with pytest.raises(DataError, match="Slurm's JSON"):
        open_snapshot(tmp_path / "p.json")


@pytest.mark.parametrize("form", [SCONTROL_NODES, SINFO, SACCT, RESERVATIONS, slurm_json_files.PARTITIONS])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_of_slurm_is_recognised(form, indent):
    assert is_slurm(json.dumps(form, indent=indent))


def test_a_group_that_does_not_name_its_nodes_is_refused(read):
    group = SINFO["sinfo"][0] | {"nodes": {"total": 2}}
    with pytest.raises(DataError, match=r"sinfo\[0\]: a group of nodes names none"):
        read(SINFO | {"sinfo": [group]})


def test_times_of_text_are_of_the_time_zone_that_is_named(tmp_path):
    files = {"n": slurm_files.NODES, "j": slurm_files.SEPARATED, "r": slurm_files.RESERVATIONS}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    snapshot = read_slurm([tmp_path / name for name in files], taken_at=AT, time_zone="Europe/Berlin")
    assert snapshot.tasks_by_id["81204.n0"].started_at == datetime(2026, 6, 14, 4, 8, tzinfo=UTC)
    assert snapshot.nodes_by_id["cn002"].maintenance[0][0] == datetime(2026, 6, 15, 16, tzinfo=UTC)
    assert any("taken as Europe/Berlin" in n.message for n in snapshot.notes)
    with pytest.raises(InputError, match="time_zone='Mars'"):
        read_slurm([tmp_path / "n"], time_zone="Mars")


def test_the_time_of_a_long_list_is_of_the_time_zone_too(tmp_path):
    (tmp_path / "n").write_text(slurm_files.NODES)
    (tmp_path / "j").write_text(slurm_files.LONG_COLUMNS)
    snapshot = read_slurm([tmp_path / "n", tmp_path / "j"], time_zone="America/New_York")
    assert snapshot.taken_at == datetime(2026, 6, 15, 17, 20, tzinfo=UTC)


def test_times_of_json_need_no_time_zone(read, tmp_path):
    for name, content in (("n", SCONTROL_NODES), ("j", slurm_files.JSON_JOBS)):
        (tmp_path / name).write_text(json.dumps(content))
    snapshots = [read_slurm([tmp_path / "n", tmp_path / "j"], time_zone=z) for z in ("UTC", "Asia/Tokyo")]
    assert snapshots[0].tasks == snapshots[1].tasks
    assert "time-zone" not in codes(snapshots[1])
