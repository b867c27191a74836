"""`aurora snapshot`: shows samples and files, plain where stdout is no terminal."""

from __future__ import annotations

import json
import os

from tests.cli.command import aurora
from tests.cluster.readers import slurm_files
from tests.cluster.readers.kubernetes_objects import node, pod, write
from tests.learning.series.prometheus_server import fake_prometheus


def test_a_sample_is_shown_as_plain_columns_where_stdout_is_no_terminal():
    lines = aurora("snapshot", "show", "sample:web-shop").stdout.splitlines()
    assert lines[0].startswith("web-shop (kubernetes), taken 2026-06-15 13:20 UTC")
    header = lines[lines.index("# nodes") + 1].split("\t")
    row = dict(zip(header, lines[lines.index("# nodes") + 2].split("\t"), strict=True))
    assert row["node"] == "node-a1"
    assert float(row["cpu_requested"]) == 3.0
    assert any(line.startswith("batch/train-ranking") for line in lines)


def test_json_has_the_waiting_tasks_with_reasons():
    data = json.loads(aurora("snapshot", "show", "sample:hpc-queue", "--json").stdout)
    assert data["system"] == "slurm"
    assert {w["reason"] for w in data["waiting"]} >= {"Resources", "Priority", "Dependency"}


def test_an_unknown_sample_is_refused_with_the_nearest():
    assert "did you mean web-shop" in aurora("snapshot", "show", "sample:web-shopp", code=6).stderr


def test_the_schema_has_every_field_with_a_description():
    schema = json.loads(aurora("snapshot", "schema").stdout)
    fields = [f for d in (schema, *schema["$defs"].values()) for f in d.get("properties", {}).values()]
    assert len(fields) > 80 and all("description" in f for f in fields)


def test_samples_are_listed():
    assert "sample:gpu-cluster" in aurora("snapshot", "samples").stdout


def test_files_are_read_and_written_as_a_snapshot(tmp_path):
    (tmp_path / "n.txt").write_text(slurm_files.NODES)
    (tmp_path / "j.txt").write_text(slurm_files.SEPARATED)
    out = tmp_path / "s.json"
    done = aurora("snapshot", str(tmp_path / "n.txt"), str(tmp_path / "j.txt"), "--out", str(out))
    assert "nodes: 6; tasks: 3 running, 8 pending" in done.stderr
    assert "assumed: times have no zone" in done.stderr
    assert "81512" in aurora("snapshot", "show", str(out)).stdout
    assert (
        json.loads(aurora("snapshot", "read", "slurm", str(tmp_path / "n.txt"), "--json").stdout)["system"] == "slurm"
    )


def test_guessed_headings_are_shown_and_need_yes(tmp_path):
    (tmp_path / "n.csv").write_text("Host,vCPU,RAM (MB)\na,4,8192\n")
    refused = aurora("snapshot", "read", "csv", str(tmp_path / "n.csv"), code=2)
    assert "RAM (MB)  memory in MB, such as 8192" in refused.stderr
    assert "--yes" in refused.stderr
    shown = aurora("snapshot", str(tmp_path / "n.csv"), "--yes").stdout
    assert "nodes: 1" in shown
    mapped = ("--map", "Host=node_id", "--map", "vCPU=cpu", "--map", "RAM (MB)=")
    assert "a\t-\t-\t0" in aurora("snapshot", str(tmp_path / "n.csv"), *mapped).stdout
    assert "HEADING=FIELD" in aurora("snapshot", str(tmp_path / "n.csv"), "--map", "x", code=2).stderr


def test_check_fails_where_something_is_wrong(tmp_path):
    assert "never-placeable" in aurora("snapshot", "check", "sample:web-shop", code=1).stdout
    data = json.loads(aurora("snapshot", "check", "sample:hpc-queue", "--json", code=1).stdout)
    assert not data["is_sound"]
    aurora("snapshot", "template", "--nodes", str(tmp_path / "n.csv"), "--tasks", str(tmp_path / "t.csv"))
    aurora("snapshot", str(tmp_path / "n.csv"), str(tmp_path / "t.csv"), "--out", str(tmp_path / "s.json"))
    assert "nothing is wrong" in aurora("snapshot", "check", str(tmp_path / "s.json")).stdout
    assert "exists" in aurora("snapshot", "template", "--nodes", str(tmp_path / "n.csv"), code=6).stderr


def test_diff_anonymise_and_to_scenario(tmp_path):
    assert "nothing differs" in aurora("snapshot", "diff", "sample:web-shop", "sample:web-shop").stdout
    out = str(tmp_path / "a.json")
    variables = {**os.environ, "AURORA_ACCOUNT_KEY": "a key of 16 characters"}
    aurora("snapshot", "anonymise", "sample:web-shop", "--out", out, environment=variables)
    data = json.loads(aurora("snapshot", "diff", "sample:web-shop", out, "--json").stdout)
    assert len(data["nodes_new"]) == 12
    aurora("snapshot", "to-scenario", "sample:hpc-queue", "--out", str(tmp_path / "x.json"))
    assert "nodes: 23" in aurora("snapshot", str(tmp_path / "x.json")).stdout


def test_live_and_files_exclude_each_other(tmp_path):
    assert "--live" in aurora("snapshot", "read", "x", "--live", code=2).stderr
    assert "--live" in aurora("snapshot", "read", "x", "--context", "c", code=2).stderr
    assert "FILES" in aurora("snapshot", "read", code=2).stderr


def test_use_is_added_from_prometheus(tmp_path):
    objects = [node("a"), pod("web", "a")]
    write(tmp_path / "c.json", *objects)
    use = [({"namespace": "shop", "pod": "web", "container": "app"}, lambda t: 0.25)]
    with fake_prometheus() as server:
        server.by_query = lambda query: use if "container_cpu_usage_seconds_total{container" in query else []
        out = tmp_path / "s.json"
        aurora("snapshot", str(tmp_path / "c.json"), "--prometheus", server.url, "--out", str(out))
    assert json.loads(out.read_text())["tasks"][0]["used"] == {"cpu": 0.25}


def test_the_files_of_one_system_are_shown_and_checked_together(tmp_path):
    nodes, jobs = tmp_path / "nodes.txt", tmp_path / "jobs.txt"
    nodes.write_text(slurm_files.NODES)
    jobs.write_text(slurm_files.SEPARATED)
    assert "running" in aurora("snapshot", "show", str(nodes), str(jobs)).stdout
    assert "give one snapshot" in aurora("snapshot", "check", "sample:web-shop", "sample:hpc-queue", code=6).stderr
