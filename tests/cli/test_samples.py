"""Sample data that the other commands read."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.learning.experiments.measurements import read_rows
from aurora.learning.series.read import read_panel


def aurora(*arguments: object) -> Result:
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def test_a_sample_series_is_read_with_its_unit_and_its_gap(tmp_path: Path) -> None:
    path, again = tmp_path / "cpu.csv", tmp_path / "again.csv"
    for out in (path, again):
        aurora("data", "sample", "--out", out, "--days", "3")
    assert path.read_bytes() == again.read_bytes()
    panel = read_panel([path])
    assert [s.unique_id for s in panel.series] == ["web", "api", "search"]
    assert all(len(s) == 3 * 288 and s.labels["unit"] == "cores" and s.y.min() > 0 for s in panel.series)
    assert [int((~s.observed).sum()) for s in panel.series] == [0, 6, 0]


def test_data_reads_a_file_without_a_subcommand(tmp_path: Path) -> None:
    path = tmp_path / "cpu.csv"
    aurora("data", "sample", "--out", path, "--days", "1", "--series", "1")
    (one,) = json.loads(aurora("data", path, "--json", "--no-detect").stdout)["series"]
    assert one == json.loads(aurora("data", "read", path, "--json", "--no-detect").stdout)["series"][0]


def test_an_experiment_runs_from_start_to_end_on_samples(tmp_path: Path) -> None:
    june, july, trial = tmp_path / "june.csv", tmp_path / "july.csv", tmp_path / "trial"
    aurora("experiment", "sample", "--out", june)
    rules = ("--metric", "cost", "--guardrail", "latency", "--start", "2026-07-01", "--effect", "5%")
    aurora("experiment", "new", trial, "--before", june, *rules)
    aurora("experiment", "sample", "--of", trial, "--days", "14", "--out", july)
    told = json.loads(aurora("experiment", "status", trial, "--add", july, "--json").stdout)
    assert told["decision"] == "stop_benefit"
    rows = read_rows(july, ("cost", "latency"))
    assert {r.received for r in rows} == {True, False} and len(rows) == 64 * 14
