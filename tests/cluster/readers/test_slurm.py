"""What Slurm's commands print is read whole: sizes, places, reasons, arrays, gangs; what is left out is noted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aurora.cluster.feasibility import Room
from aurora.cluster.readers.slurm import is_slurm, read_slurm
from aurora.errors import DataError, InputError
from tests.cluster.readers import slurm_files as files

AT = datetime(2026, 6, 15, 13, 20, tzinfo=UTC)


@pytest.fixture
def read(tmp_path: Path):
    def read_texts(*texts: object):
        paths = []
        for k, text in enumerate(texts):
            path = tmp_path / f"{k}.txt"
            path.write_text(text if isinstance(text, str) else json.dumps(text))
            paths.append(path)
        return read_slurm(paths, taken_at=AT)

    return read_texts


def codes(snapshot) -> set[str]:
    return {n.code for n in snapshot.notes}


def test_nodes_have_what_jobs_may_ask_for(read):
    nodes = read(files.NODES).nodes_by_id
    cn, gn = nodes["cn001"], nodes["gn01"]
    assert cn.capacity == {"cpu": 64, "memory": pytest.approx(250.98, abs=0.01)}
    assert cn.allocatable["cpu"] == 62
    assert cn.labels == {
        "partition.slurm/compute": "true",
        "partition.slurm/debug": "true",
        "feature.slurm/zen3": "true",
        "feature.slurm/ib": "true",
    }
    assert cn.used["cpu"] == 47.31
    assert gn.capacity["nvidia.com/gpu"] == 4 and gn.capacity["gres/shard"] == 16
    assert gn.accelerator_model == "a100"


def test_drained_and_silent_nodes_are_closed_with_their_reason(read):
    nodes = read(files.NODES).nodes_by_id
    assert nodes["cn003"].is_ready and nodes["cn003"].is_cordoned
    assert nodes["cn003"].conditions == ("drained: bad DIMM B2, see ticket=17",)
    assert not nodes["cn004"].is_ready
    assert nodes["cn004"].conditions == ("down: Not responding",)
    assert nodes["gn02"].is_ready and not nodes["gn02"].is_cordoned  # powered off until a job needs it
    assert "powered-off" in codes(read(files.NODES))


def test_nodes_on_several_lines_are_read_too(read):
    snapshot = read(files.NODES_ON_SEVERAL_LINES)
    assert [n.node_id for n in snapshot.nodes] == ["cn001", "cn002"]
    assert snapshot.nodes[1].allocatable["cpu"] == 64


def test_reservations_are_times_at_which_nodes_are_not_to_be_used(read):
    snapshot = read(files.NODES, files.RESERVATIONS)
    (start, end, why), *_ = snapshot.nodes_by_id["cn002"].maintenance
    assert (start.hour, end.hour, why) == (18, 23, "reservation file-server: maintenance")
    assert snapshot.nodes_by_id["gn02"].maintenance[0][2] == "reservation course for physics"
    assert "reservation-holders" in codes(snapshot)


def test_a_job_of_two_nodes_is_a_gang_of_two_tasks(read):
    tasks = read(files.NODES, files.SEPARATED).tasks_by_id
    first, second = tasks["81204.n0"], tasks["81204.n1"]
    assert (first.node_id, second.node_id) == ("cn001", "cn002")
    assert first.requests == {"cpu": 48, "memory": 128}
    assert first.gang == second.gang == "81204"
    assert first.workload_id == "ines/Job/81204"
    assert first.time_limit == 3 * 86_400
    assert first.ends_at == datetime(2026, 6, 17, 6, 8, tzinfo=UTC)


def test_memory_for_each_core_and_devices_of_a_model(read):
    task = read(files.NODES, files.SEPARATED).tasks_by_id["81390"]
    assert task.requests == {"cpu": 16, "memory": 96, "nvidia.com/gpu": 2}
    assert task.accelerator_models == ("a100",)
    assert [[r.key for r in term] for term in task.node_affinity] == [["partition.slurm/gpu", "feature.slurm/a100"]]


def test_the_waiting_rest_of_an_array_is_single_tasks(read):
    snapshot = read(files.NODES, files.SEPARATED)
    rest = [t for t in snapshot.tasks if t.workload_id == "lena/Array/81455"]
    assert [t.task_id for t in rest] == ["81455_5", "81455_6", "81455_7", "81455_8"]
    assert {t.pending_reason for t in rest} == {"JobArrayTaskLimit"}
    assert rest[0].requests == {"cpu": 16, "memory": 3}
    assert "array-limit" in codes(snapshot)


def test_dependencies_are_the_tasks_of_jobs_that_are_there(read):
    tasks = read(files.NODES, files.SEPARATED).tasks_by_id
    assert tasks["81512"].dependencies == ("81204.n0", "81204.n1")
    assert tasks["81530"].dependencies == ()  # that job has finished


def test_alternatives_of_partitions_and_features(read):
    tasks = read(files.NODES, files.SEPARATED).tasks_by_id
    terms = {tuple(r.key.partition("/")[2] for r in term) for term in tasks["81512"].node_affinity}
    assert terms == {("compute", "ib", "zen3"), ("compute", "ib", "icelake")}
    assert [term[0].key for term in tasks["81530"].node_affinity] == ["partition.slurm/compute", "partition.slurm/gpu"]


def test_the_default_columns_give_running_jobs_their_share_of_what_nodes_have_allocated(read):
    snapshot = read(files.NODES, files.DEFAULT_COLUMNS)
    tasks = snapshot.tasks_by_id
    assert tasks["81204.n0"].requests == {"cpu": 48, "memory": 192}
    assert tasks["81390"].requests == {"cpu": 32, "memory": 240, "nvidia.com/gpu": 3}
    assert tasks["81390"].started_at == datetime(2026, 6, 14, 16, 50, tzinfo=UTC)
    assert tasks["81533"].pending_reason == "ReqNodeNotAvail, Reserved for maintenance"
    assert tasks["81533"].labels["name"] == "my prog"
    assert "size-not-given" in codes(snapshot)


def test_the_long_form_cuts_headings_and_states_off_and_says_when_it_was_made(tmp_path):
    (tmp_path / "n").write_text(files.NODES)
    (tmp_path / "j").write_text(files.LONG_COLUMNS)
    snapshot = read_slurm([tmp_path / "n", tmp_path / "j"])
    assert snapshot.taken_at == AT
    tasks = snapshot.tasks_by_id
    assert (tasks["81567"].state, tasks["81567"].time_limit) == ("running", 3600)
    assert tasks["81584"].time_limit is None
    assert tasks["81210_5"].pending_reason == "Resources"


def test_json_of_new_and_old_versions(read):
    snapshot = read(files.NODES, files.JSON_JOBS)
    tasks = snapshot.tasks_by_id
    assert snapshot.snapshot_id == "hal"
    assert [tasks[f"81204.n{k}"].requests for k in (0, 1)] == [
        {"cpu": 49, "memory": 128},
        {"cpu": 48, "memory": 128},
    ]
    assert tasks["81520.n1"].requests == {"cpu": 16, "memory": 96, "nvidia.com/gpu": 4}
    assert tasks["81520.n0"].time_limit is None
    assert tasks["81520.n0"].accelerator_models == ("a100",)
    assert tasks["81455_8"].requests == {"cpu": 16, "memory": 48}
    assert tasks["81455_8"].pending_reason == "QOSMaxCpuPerUserLimit"
    assert tasks["81520.n0"].priority == 6100


def test_devices_that_the_cluster_does_not_count_are_those_asked_for(read):
    job = files.JSON_JOBS["jobs"][1] | {"tres_req_str": "cpu=32,mem=192G,node=2,billing=32"}
    tasks = read(files.NODES, {"jobs": [job]}).tasks_by_id
    assert tasks["81520.n0"].requests == {"cpu": 16, "memory": 96, "nvidia.com/gpu": 4}
    assert tasks["81520.n0"].accelerator_models == ("a100",)


def test_json_says_when_it_was_made(tmp_path):
    (tmp_path / "n").write_text(files.NODES)
    (tmp_path / "j").write_text(json.dumps(files.JSON_JOBS))
    assert read_slurm([tmp_path / "n", tmp_path / "j"]).taken_at == datetime(2026, 6, 15, 13, 20, tzinfo=UTC)


def test_sacct_adds_ended_jobs_with_their_use(read):
    snapshot = read(files.NODES, files.SEPARATED, files.SACCT)
    done = snapshot.tasks_by_id["81100"]
    assert (done.state, done.used) == ("finished", {"cpu": 6.0, "memory": 8.0})
    assert snapshot.tasks_by_id["81101"].state == "failed"
    assert snapshot.tasks_by_id["81102"].requests == {"cpu": 4, "memory": 16}
    assert len([t for t in snapshot.tasks if t.task_id.startswith("81204")]) == 2


def test_scontrol_show_job(read):
    tasks = read(files.NODES, files.SCONTROL_JOBS).tasks_by_id
    assert tasks["81390"].requests == {"cpu": 16, "memory": 96, "nvidia.com/gpu": 2}
    assert tasks["81390"].labels["user"] == "yuki" and tasks["81390"].restarts == 1
    assert tasks["81390"].node_affinity[0][-1].values == ("gn02",)
    assert tasks["81455_6"].requests == {"cpu": 16, "memory": 48}


def test_what_fits_follows_from_partitions_features_and_room(read):
    snapshot = read(files.NODES, files.SEPARATED)
    room = Room(snapshot)
    assert room.fitting(snapshot.tasks_by_id["81520.n0"]) == ["gn02"]
    assert room.fitting(snapshot.tasks_by_id["81455_5"]) == ["cn002"]  # 14 cores are free on cn001, 16 on cn002
    assert "allocation-differs" in codes(snapshot)  # the node says that it has allocated all of its 64


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ((files.SEPARATED,), "no file has nodes"),
        (("",), "is empty"),
        (("hello world",), "no output of Slurm"),
        ((files.NODES.replace("CPUTot=64", "CPUTot=x", 1),), "line 1: node cn001: CPUTot: 'x' is no number"),
        ((files.NODES, files.SEPARATED.replace("|RUNNING|", "|JOGGING|")), "line 2: 'JOGGING' is no state"),
        ((files.NODES, files.SEPARATED.replace("cn[001-002]", "cn[001-")), "a bracket is not closed"),
        ((files.NODES, files.SEPARATED.replace("gn01", "other7").replace("cn[001-002]", "x1,x2")), "two clusters"),
        ((files.NODES, files.JSON_JOBS, "CLUSTER: other\n" + files.SEPARATED), "of 2 clusters"),
        ((files.NODES, files.SEPARATED.replace("cn[001-002]", "(null)")), "add %R or NODELIST"),
        ((files.NODES, files.SEPARATED.replace("81455_[5-8%2]", "81455_[5-999999999]")), "more than 100,000 members"),
        ((files.NODES, files.NODES), "node_id 'cn001' occurs twice"),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_place(read, texts, message):
    with pytest.raises(DataError, match=message.replace("(", r"\(")):
        read(*texts)


def test_no_file_is_refused():
    with pytest.raises(InputError, match="scontrol show node"):
        read_slurm([])


def test_jobs_on_nodes_that_no_file_lists_are_noted(read):
    snapshot = read(files.NODES, files.SEPARATED.replace("|gn01|", "|far1|"))
    assert "81390" not in snapshot.tasks_by_id
    assert "unknown-nodes" in codes(snapshot)


def test_other_texts_are_not_taken_for_slurm():
    assert not is_slurm('{"apiVersion": "v1", "kind": "List", "items": []}')
    assert not is_slurm("name,cpu\na,4\n")
    assert is_slurm(files.DEFAULT_COLUMNS) and is_slurm(json.dumps(files.JSON_JOBS))


def test_a_state_that_is_not_known_a_cut_file_and_a_list_without_jobs_are_noted(read):
    node = "NodeName=n1 CPUTot=4 RealMemory=1024 State={} Partitions=all\n"
    jobs = {"jobs": []}
    assert not {"unknown-state", "no-line-end"} & codes(read(node.format("MIXED+PLANNED*"), jobs))
    assert "unknown-state" in codes(read(node.format("IDEL"), jobs))
    assert "no-line-end" in codes(read(node.format("IDLE")[:-10], jobs))
