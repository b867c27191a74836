"""`aurora snapshot`: shows samples and files, plain where stdout is no terminal."""

from __future__ import annotations

import json

from tests.cli.command import aurora


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


def test_samples_are_listed():
    assert "sample:gpu-cluster" in aurora("snapshot", "samples").stdout
