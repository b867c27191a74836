"""Irregular traces: valid variants are read, and others are refused with the line of the fault."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.errors import DataError, InputError
from aurora.evals.published.openb import bench_openb
from aurora.evals.published.swf import bench_swf
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.traces.flows import gravity_scenario
from aurora.sim.scenarios.traces.openb import read_nodes, read_pods
from aurora.sim.scenarios.traces.swf import read_log
from aurora.sim.scenarios.traces.topology import UNKNOWN_GBPS, read_gml
from tests.examples import examples

JOB = "{n} {submit} 3 {run} {allocated} -1 -1 {asked} 60 -1 {status} 1 1 1 1 -1 -1 -1"


def job(n: int, submit: float = 0, run: float = 30, allocated: int = 2, asked: int = 2, status: int = 1) -> str:
    return JOB.format(n=n, submit=submit, run=run, allocated=allocated, asked=asked, status=status)


def put(folder: Path, text: str | bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_jobs_that_never_ran_and_partial_jobs_are_skipped_and_counted(tmp_path: Path) -> None:
    lines = [
        "; MaxProcs: 96",
        job(1),
        job(2, run=-1, allocated=-1, asked=-1, status=5),
        job(3, run=-1, allocated=0, asked=0, status=0),
        job(4, run=-1, allocated=-1, asked=8, status=5),  # the published protocol schedules it, for 10 s
        job(5, run=10, status=2),
        job(5, run=20, status=4),
        job(5, run=30, status=1),
    ]
    log = read_log(put(tmp_path, "\n".join(lines), "log.swf"))
    assert [(j.number, j.run, j.processors) for j in log.jobs] == [(1, 30, 2), (4, 10, 8), (5, 30, 2)]
    assert (log.left_out, log.processors) == (4, 96)
    with pytest.raises(DataError, match=r"lists no jobs that ran \(1 did not\)"):
        read_log(put(tmp_path, lines[2], "none.swf"))


@pytest.mark.parametrize(
    "form",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace(" ", "\t").encode(),
        lambda text: text.replace(" -1\n", "\n").encode(),  # 17 fields
        lambda text: "\n".join(reversed(text.splitlines())).encode(),
        lambda text: ("; Installation: Universität\n" + text).encode("latin-1"),
        lambda text: text.encode("utf-16"),
        lambda text: ("\ufeff" + text).encode(),
    ],
    ids=["crlf", "cr", "tabs", "17", "order", "latin-1", "utf-16", "mark"],
)
def test_irregular_but_valid_logs_are_read_like_the_plain_one(tmp_path: Path, form) -> None:  # type: ignore[no-untyped-def]
    text = "".join(job(n, submit=7 * n) + "\n" for n in range(1, 30))
    plain = read_log(put(tmp_path, text, "plain.swf"))
    assert read_log(put(tmp_path, form(text), "odd.swf")).jobs == plain.jobs


def test_the_load_of_a_short_log_is_measured_on_its_own_jobs(tmp_path: Path) -> None:
    log = put(tmp_path, "".join(job(n, submit=9 * n) + "\n" for n in range(1, 41)), "own.swf")
    result = bench_swf(log, 8, REFERENCES["fcfs"], backfill="none", jobs=1)
    assert [s["start"] for s in result["sequences"]] == [0]
    assert (result["sequence_length"], result["jobs"], result["published_protocol"]) == (40, 40, False)
    assert [
        s["start"]
        for s in bench_swf(log, 8, REFERENCES["fcfs"], backfill="none", starts=(3, 9, 30), length=20)["sequences"]
    ] == [3, 9]
    said = CliRunner().invoke(app, ["bench", "swf", "--log", str(log), "--processors", "8", "--policy", "fcfs"])
    assert said.exit_code == 0 and "too few for the published protocol" in said.stderr
    with pytest.raises(DataError, match="has 3 jobs; this benchmark needs at least 16"):
        bench_swf(
            put(tmp_path, "".join(job(n) + "\n" for n in (1, 2, 3)), "tiny.swf"), 8, REFERENCES["fcfs"], backfill="none"
        )
    with pytest.raises(InputError, match="give at least 2"):
        bench_swf(log, 1, REFERENCES["fcfs"], backfill="none", jobs=1)


NODES = "sn,cpu_milli,memory_mib,gpu,model\na,64000,262144,2,P100\nb,96000,262144,8,V100\n"
PODS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\np,1000,1024,1,500,\nq,2000,1024,2,1000,V100|P100\n"


@pytest.mark.parametrize(
    "form",
    [
        lambda text: ("\ufeff" + text).encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace(",", " , ").replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\n,,,,\n" if "sn" in text else "\n,,,,,\n").encode(),
    ],
    ids=["mark", "utf-16", "semicolons", "tabs", "cr", "blanks", "empty rows"],
)
def test_irregular_but_valid_lists_of_nodes_and_pods_are_read_like_the_plain_ones(tmp_path: Path, form) -> None:  # type: ignore[no-untyped-def]
    for text, read in ((NODES, read_nodes), (PODS, read_pods)):
        assert read(put(tmp_path, form(text), "odd.csv")) == read(put(tmp_path, text, "plain.csv"))  # type: ignore[operator]


def test_lists_unsuitable_for_an_experiment_are_refused(tmp_path: Path) -> None:
    pods = put(tmp_path, PODS, "pods.csv")
    with pytest.raises(DataError, match="lists no node with a device"):
        bench_openb(
            put(tmp_path, "sn,cpu_milli,memory_mib,gpu,model\na,1,1,0,\n", "n.csv"), pods, REFERENCES["fgd"], seeds=[1]
        )
    with pytest.raises(DataError, match="two columns 'gpu'"):
        read_nodes(put(tmp_path, "sn,cpu_milli,memory_mib,gpu,model,gpu\na,1,1,0,,1\n", "n.csv"))
    with pytest.raises(DataError, match="line 2, cpu_milli: '1e300' must be"):
        read_nodes(put(tmp_path, "sn,cpu_milli,memory_mib,gpu,model\na,1e300,1,0,\n", "n.csv"))
    with pytest.raises(DataError, match="zip archive"):
        read_nodes(put(tmp_path, b"PK\x03\x04rest", "n.csv"))


def gml(nodes: str, edges: str, head: str = "") -> str:
    return f"graph [ {head}\n{nodes}\n{edges}\n]\n"


def test_names_of_sites_never_collide(tmp_path: Path) -> None:
    nodes = 'node [ id 5 label "x" ] node [ id 6 label "x" ] node [ id 7 label "x (5)" ] node [ id 8 label "x (6)\'" ]'
    edges = " ".join(f"edge [ source {a} target {b} ]" for a, b in ((5, 6), (5, 7), (6, 7), (7, 8)))
    network = read_gml(put(tmp_path, gml(nodes, edges), "net.gml"))
    assert len(set(network.sites)) == 4 and network.sites[2] == "x (5)"
    assert len({frozenset((l.source, l.target)) for l in network.links}) == 4
    assert all(l.source != l.target for l in network.links)
    long = " ".join(f'node [ id {k} label "{"y" * 200}{k}" ]' for k in range(3))
    assert len(set(read_gml(put(tmp_path, gml(long, "edge [ source 0 target 1 ]"), "long.gml")).sites)) == 3


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a", "a (0)", "a (1)", "a (0)'", "b", ""]), min_size=2, max_size=6))
def test_every_node_is_a_site_of_its_own_whatever_the_labels(tmp_path: Path, labels: list[str]) -> None:
    nodes = " ".join(f'node [ id {k} label "{label}" ]' for k, label in enumerate(labels))
    network = read_gml(put(tmp_path, gml(nodes, "edge [ source 0 target 1 ]"), "net.gml"))
    assert len(set(network.sites)) == len(labels)


def test_opposite_directed_links_become_one_link(tmp_path: Path) -> None:
    nodes = 'node [ id 0 label "a" ] node [ id 1 label "b" ] node [ id 2 label "c" ]'
    ends = ((0, 1, 1e9), (1, 0, 4e9), (0, 1, 2e9), (2, 1, 3e9))
    edges = " ".join(f"edge [ source {a} target {b} LinkSpeedRaw {speed:.0f} ]" for a, b, speed in ends)
    network = read_gml(put(tmp_path, gml(nodes, edges, "directed 1"), "net.gml"))
    assert sorted((l.source, l.target, l.bandwidth) for l in network.links) == [
        ("a", "b", 1.0),
        ("a", "b", 4.0),
        ("b", "c", 3.0),
    ]
    undirected = read_gml(put(tmp_path, gml(nodes, edges), "net.gml"))
    assert len(undirected.links) == 4  # parallel links


def test_usual_topology_files_are_read(tmp_path: Path) -> None:
    text = (
        'Creator "a graph [ tool ]"\nVersion 1\n# a note [ with brackets\n'
        'graph [ multigraph 0 Network "x"\n'
        ' node [ id 0 label "M&#252;nchen" graphics [ x 1.0 y -2.5e1 ] ]\n'
        ' node [ id 1 ]\n node [ id "two" label "K\u00f6ln" Latitude "50.9" Longitude 6.95 ]\n'
        ' edge [ source 0 target 1 LinkSpeedRaw "2000000000" ]\n edge [ source 0 target 1 ]\n'
        ' edge [ source 1 target "two" ]\n edge [ source 1 target 1 ]\n]\n'
    )
    for encoding in ("utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le"):
        network = read_gml(put(tmp_path, text.encode(encoding), "net.gml"))
        assert network.sites == ("M\u00fcnchen", "1", "K\u00f6ln"), encoding
        assert [l.bandwidth for l in network.links] == [2.0, UNKNOWN_GBPS, UNKNOWN_GBPS]
        assert network.assumed == 2
    assert len(gravity_scenario(network, flows=5, load=0.5, seed=1).tasks) == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("graph [\n node [ id", "line 2: .*'id' has no value"),
        ("graph [\n node [ id 0 ]\n", "line 3: .*ends early"),
        ("graph [ node [ id 0 label ] ]", "'label' has no value"),
        ("graph [ node [ id 0 ]\n edge [ source 0 target 3 ] ]", "line 2: .*target is 3"),
        ("graph [ node [ id 0 ]\n edge [ source 0 ] ]", "line 2: .*target is None"),
        ("graph [ node [ id 0 ] node [ id 0 ] ]", "two nodes have the id 0"),
        ("<?xml version='1.0'?><graphml/>", "XML, such as GraphML"),
        ('Creator "x"\n', "it has no graph"),
        ("graph [ x [ " + "a [ " * 200 + "] " * 201 + "]", "brackets within each other"),
        ("graph [ " + "node [ id 1 ] " * 5001 + "]", "more than 5000 nodes"),
    ],
)
def test_a_bad_topology_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_gml(put(tmp_path, text, "net.gml"))


def test_assumptions_about_a_topology_are_reported(tmp_path: Path) -> None:
    path = put(tmp_path, gml("node [ id 0 ] node [ id 1 ]", "edge [ source 0 target 1 ]"), "net.gml")
    said = CliRunner().invoke(app, ["scenarios", "read", "gml", str(path), "--count", "3"])
    assert said.exit_code == 0 and "1 of 1 links state no LinkSpeedRaw: 10 Gbit/s is assumed" in said.stderr
    assert len(json.loads(said.stdout)["links"]) == 1


def test_links_in_other_notations_are_read_or_reported(tmp_path: Path) -> None:
    nodes = 'node [ id 0 label "a" Latitude NAN Longitude NAN ] node [ id 1 label "b" Latitude 1.0 Longitude 2.0 ]'

    def read(*edges: str, head: str = ""):  # type: ignore[no-untyped-def]
        text = gml(nodes, " ".join(f"edge [ source {e} ]" for e in edges), head)
        return read_gml(put(tmp_path, text, "net.gml"))

    for speed, unit, gbps in (
        ("155", '"M"', 0.155),
        ('"10"', '"G"', 10.0),
        ("2.5", '"Gbps"', 2.5),
        ("64", '"K"', 64e-6),
    ):
        network = read(f"0 target 1 LinkSpeed {speed} LinkSpeedUnits {unit}")
        assert (network.links[0].bandwidth, network.assumed) == (pytest.approx(gbps), 0)
    assert read("0 target 1 LinkSpeed 1 LinkSpeedUnits G LinkSpeedRaw 4000000000").links[0].bandwidth == 4.0
    for fields, name in (("bw 10", "bw"), ("capacity 40.0", "capacity"), ("LinkSpeed 7", "LinkSpeed")):
        (remark,) = read(f"0 target 1 {fields}").remarks
        assert remark.endswith(f"is assumed (not read, as its unit is not certain: {name})")
    (slow,) = read("0 target 1 LinkSpeedRaw 40").remarks
    assert "40 bit/s; LinkSpeedRaw is in bit/s" in slow
    assert len(read("0 target 1", "1 target 0", head='directed "1"').links) == 1


def test_irregular_lines_of_a_log_are_skipped_or_reported(tmp_path: Path) -> None:
    unknown = " ".join(["9", *["-1"] * 17])
    cancelled = job(2, run=-1, allocated=-1, asked=2, status=5)
    lines = ["; MaxProcs: 1,024 (of 2,048)", job(1), unknown, cancelled, *(job(n, submit=n) for n in range(20, 40))]
    path = put(tmp_path, "\n".join(lines), "log.swf")
    log = read_log(path)
    assert (log.processors, log.left_out, log.assumed) == (1024, 1, 1)
    for command in (
        ["bench", "swf", "--log", str(path), "--processors", "8", "--policy", "fcfs"],
        ["scenarios", "read", "swf", str(path)],
    ):
        assert "1 jobs" in (said := CliRunner().invoke(app, command)).stderr and "state no run time" in said.stderr
    with pytest.raises(DataError, match=r"line 1, field 2 .* correct it, or leave the line out"):
        read_log(put(tmp_path, job(1, submit=-1), "bad.swf"))
    with pytest.raises(DataError, match="of a job that ran; write them"):
        read_log(put(tmp_path, job(1, allocated=0, asked=-1), "bad.swf"))


def test_pods_that_no_node_can_serve_are_reported(tmp_path: Path) -> None:
    nodes, pods = put(tmp_path, NODES, "n.csv"), put(tmp_path, PODS.replace("V100|P100", "v100"), "p.csv")
    said = CliRunner().invoke(
        app, ["bench", "openb", "--nodes", str(nodes), "--pods", str(pods), "--policy", "fgd", "--seeds", "1"]
    )
    assert said.exit_code == 0 and "1 pods of p.csv request models that no node has" in said.stderr
    with pytest.raises(DataError, match="line 2, gpu_milli: 500 with num_gpu 0"):
        read_pods(put(tmp_path, PODS.replace("1,500", "0,500"), "p.csv"))


def test_own_tables_may_have_decimal_commas_and_a_separator_at_the_end(tmp_path: Path) -> None:
    nodes = "node_id,cpu,memory,price_per_hour\n007,8,32,0.5\n7,4,16,0.25\n"
    tasks = "task_id,arrival_time,duration,cpu_required\na,0,3600,2.5\n"

    def read(form):  # type: ignore[no-untyped-def]
        files = [str(put(tmp_path, form(text), name)) for text, name in ((nodes, "n.csv"), (tasks, "t.csv"))]
        said = CliRunner().invoke(app, ["scenarios", "read", "csv", *files])
        assert said.exit_code == 0, said.stderr
        return json.loads(said.stdout)

    plain = read(str)
    assert [n["node_id"] for n in plain["nodes"]] == ["007", "7"]
    assert read(lambda text: text.replace("\n", ",\n")) == plain
    assert read(lambda text: text.replace(",", ";").replace(".", ",")) == plain
    path = put(tmp_path, nodes.replace("\n", ",\n").replace("0.5,", "0.5,x"), "n.csv")
    said = CliRunner().invoke(app, ["scenarios", "read", "csv", str(path), str(tmp_path / "t.csv")])
    assert said.exit_code != 0 and "Traceback" not in said.stderr
