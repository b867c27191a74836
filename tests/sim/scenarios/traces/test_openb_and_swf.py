import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora.errors import DataError, FileError, InputError
from aurora.sim.scenarios.traces.openb import OpenbSpec, expand_openb, inflate, openb_scenario, read_nodes, read_pods
from aurora.sim.scenarios.traces.swf import SwfSpec, expand_swf, read_jobs, sequence_scenario
from tests.examples import examples

NODES = "sn,cpu_milli,memory_mib,gpu,model\na,64000,262144,2,P100\nb,96000,262144,8,V100\n"
PODS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\np,1000,1024,1,500,\nq,2000,1024,2,1000,V100|P100\n"
JOB = "{n} {submit} -1 {run} 2 -1 -1 2 {requested} -1 1 1 1 1 1 -1 -1 -1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "no column"),
        (NODES + "c,1,2\n", "line 4"),
        (NODES + "a,1,2,3,X\n", "used twice"),
        (NODES + "c,-1,2,3,X\n", "cpu_milli"),
        (NODES + "c,nan,2,3,X\n", "cpu_milli"),
        (NODES + "c,1e999,2,3,X\n", "cpu_milli"),
        (NODES + "c,x,2,3,X\n", "not a number"),
        (NODES + "c,1,2,1.5,X\n", "whole number"),
        (NODES + "c,1,2,999,X\n", "whole number"),
        (NODES.splitlines()[0] + "\n", "no nodes"),
    ],
)
def test_a_malformed_node_list_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_nodes(path)


@pytest.mark.parametrize(
    "row", ["r,1,1,2,500,", "r,1,1,1,0,", "r,1,1,1,1001,", "p,1,1,0,0,", ",1,1,0,0,", "r,1,1,1,500"]
)
def test_a_malformed_pod_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "pods.csv"
    path.write_text(PODS + row + "\n")
    with pytest.raises(DataError, match="line 4"):
        read_pods(path)


def test_truncated_gzip_binary_junk_and_absent_files_are_refused(tmp_path: Path) -> None:
    packed = gzip.compress(NODES.encode() * 50)
    for name, content in (("a.csv.gz", packed[:-20]), ("b.csv.gz", b"junk"), ("c.csv", b"\xff\xfe\x00\x80")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError):
            read_nodes(path)
    with pytest.raises(FileError, match="can't read"):
        read_nodes(tmp_path / "absent.csv")


@given(st.binary(max_size=300))
@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_trace_or_a_data_error(tmp_path: Path, content: bytes) -> None:
    for name, read in (("x.csv", read_pods), ("x.swf", read_jobs)):
        path = tmp_path / name
        path.write_bytes((PODS.encode() if name == "x.csv" else b"") + content)
        try:
            read(path)
        except DataError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize(
    "line",
    [
        "1 2 3",
        JOB.format(n=1, submit=-5, run=1, requested=1),
        JOB.format(n=1, submit="x", run=1, requested=1),
        JOB.format(n=1, submit="inf", run=1, requested=1),
        "1 0 -1 5 -1 -1 -1 -1 5 -1 1 1 1 1 1 -1 -1 -1",
        "; only a comment",
    ],
)
def test_a_malformed_job_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log.swf"
    path.write_text(line + "\n")
    with pytest.raises(DataError):
        read_jobs(path)


def test_jobs_follow_the_published_rules(tmp_path: Path) -> None:
    path = tmp_path / "log.swf"
    rows = [(2, 10, -1, -1), (1, 5, 7, -1), (3, 12, 0, 4), (4, 13, 9, 20)]
    path.write_text("; header\n" + "\n".join(JOB.format(n=n, submit=s, run=r, requested=q) for n, s, r, q in rows))
    jobs = read_jobs(path)
    assert [(j.number, j.run, j.requested) for j in jobs] == [(1, 7, 7), (2, 10, 0), (4, 9, 20)]
    with pytest.raises(DataError, match="the log has 3"):
        sequence_scenario(jobs, 4, start=1, length=5)
    with pytest.raises(InputError, match="processors"):
        sequence_scenario(jobs, 1, start=0, length=2)


def small(tmp_path: Path) -> tuple[tuple, tuple]:  # type: ignore[type-arg]
    (tmp_path / "n.csv").write_text(NODES)
    (tmp_path / "p.csv").write_text(PODS)
    return read_nodes(tmp_path / "n.csv"), read_pods(tmp_path / "p.csv")


def test_arrivals_stop_before_the_target_is_passed(tmp_path: Path) -> None:
    nodes, pods = small(tmp_path)
    for seed in range(20):
        arrivals = inflate(pods, 10_000, 1.3, np.random.default_rng(seed))
        assert 13_000 - 2_000 < sum(p.requested_milli for p in arrivals) <= 13_000
    assert sum(p.requested_milli for p in inflate(pods, 1_000, 1.0, np.random.default_rng(0))) <= 1_000
    assert openb_scenario(nodes, pods, seed=1) == openb_scenario(nodes, pods, seed=1)


def test_variants_are_deterministic_and_follow_their_weights(tmp_path: Path) -> None:
    nodes, pods = small(tmp_path)
    spec = OpenbSpec(spec_id="v", fractional_weight=0, seed=3)
    scenario = expand_openb(spec, nodes, pods)
    assert scenario == expand_openb(spec, nodes, pods)
    assert {t.accelerators for t in scenario.tasks} == {2}


def test_a_log_variant_scales_the_gaps(tmp_path: Path) -> None:
    path = tmp_path / "log.swf"
    path.write_text("\n".join(JOB.format(n=i, submit=10 * i, run=5, requested=6) for i in range(1, 40)))
    jobs = read_jobs(path)
    spec = SwfSpec(spec_id="v", first=3, last=30, length=16, block=8, gap_factor=0.5, seed=1)
    scenario = expand_swf(spec, jobs, 4)
    assert scenario == expand_swf(spec, jobs, 4)
    arrivals = np.array([t.arrival_time for t in scenario.tasks])
    assert len(arrivals) == 16
    assert set(np.round(np.diff(arrivals), 9)) <= {5.0, 0.0}
    with pytest.raises(DataError, match="two are needed"):
        expand_swf(SwfSpec(spec_id="v", first=500, last=600), jobs, 4)


def test_a_node_of_impossible_size_is_reported_with_its_line(tmp_path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text("sn,cpu_milli,memory_mib,gpu,model\na,1000,1024,0,\nb,1000,0.000000001,0,\n")
    with pytest.raises(DataError, match=r"nodes\.csv, line 3"):
        read_nodes(path)
